//! Completes requests in embedding programs whose clients disconnect early.
//!
//! HTTP libraries drop the future of such a request at once. Its script still runs to its end, and the access log, the
//! log and cleanup phases must follow. The connections of this crate keep the future by themselves, see
//! `net/connection.rs`.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::Handle;

/// A future that continues on the runtime when it is dropped before its end.
pub(crate) struct DetachOnDrop<F: Future<Output: Send> + Send + 'static>(Option<Pin<Box<F>>>);

impl<F: Future<Output: Send> + Send> DetachOnDrop<F> {
    pub(crate) fn new(future: F) -> Self {
        Self(Some(Box::pin(future)))
    }
}

impl<F: Future<Output: Send> + Send> Future for DetachOnDrop<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(future) = self.0.as_mut() else { return Poll::Pending };
        let polled = future.as_mut().poll(context);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for DetachOnDrop<F> {
    fn drop(&mut self) {
        // Outside of a runtime it cannot continue.
        if let (Some(future), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(future);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_dropped_goes_on() {
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let (end, ended) = tokio::sync::oneshot::channel();
        let wait = async move {
            let _ = gone.await;
            let _ = end.send("ended");
        };
        let mut future = DetachOnDrop::new(wait);
        let first = std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut future).poll(context))).await;
        assert!(first.is_pending());
        drop(future);
        go.send(()).expect("it waits");
        assert_eq!(ended.await, Ok("ended"));
        assert_eq!(DetachOnDrop::new(async { 5 }).await, 5);
    }
}
