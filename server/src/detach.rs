//! Requests whose clients go before they have their answer.
//!
//! The HTTP library drops the future of such a request at once, wherever it is. A script that runs then runs to its end
//! all the same, and what follows its answer is to follow: the lines of the logs, and what cleans up.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::{runtime::Handle, sync::Semaphore};

/// A future that goes on by itself when it is dropped before its end.
pub(crate) struct DetachOnDrop<F: Future<Output: Send> + Send + 'static> {
    future: Option<Pin<Box<F>>>,
    among: Detached,
}

/// The futures that went on by themselves, to wait for.
#[derive(Clone)]
pub(crate) struct Detached(Arc<Semaphore>);

/// More than there can be.
const MOST: u32 = u32::MAX >> 4;

impl Default for Detached {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST as usize)))
    }
}

impl Detached {
    /// Waits until all have come to their end.
    pub(crate) async fn ended(&self) {
        let _ = self.0.acquire_many(MOST).await;
    }
}

impl<F: Future<Output: Send> + Send> DetachOnDrop<F> {
    pub(crate) fn new(future: F, among: &Detached) -> Self {
        Self { future: Some(Box::pin(future)), among: among.clone() }
    }
}

impl<F: Future<Output: Send> + Send> Future for DetachOnDrop<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(future) = self.future.as_mut() else { return Poll::Pending };
        let polled = future.as_mut().poll(context);
        if polled.is_ready() {
            self.future = None;
        }
        polled
    }
}

impl<F: Future<Output: Send> + Send + 'static> Drop for DetachOnDrop<F> {
    fn drop(&mut self) {
        // Outside of a runtime there is nobody who could go on with it.
        if let (Some(future), Ok(runtime)) = (self.future.take(), Handle::try_current()) {
            let noted = self.among.0.clone().try_acquire_owned();
            runtime.spawn(async move {
                // The answer that nobody takes any more is what others wait for.
                drop(future.await);
                drop(noted);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_dropped_goes_on() {
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let (end, mut ended) = tokio::sync::oneshot::channel();
        let detached = Detached::default();
        let wait = async move {
            let _ = gone.await;
            let _ = end.send("ended");
        };
        let mut future = DetachOnDrop::new(wait, &detached);
        let first = std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut future).poll(context))).await;
        assert!(first.is_pending());
        drop(future);
        go.send(()).expect("it waits");
        detached.ended().await;
        assert_eq!(ended.try_recv(), Ok("ended"));
        assert_eq!(DetachOnDrop::new(async { 5 }, &detached).await, 5);
        detached.ended().await;
    }
}
