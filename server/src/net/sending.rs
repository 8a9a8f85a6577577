//! Closes connections whose clients do not read their answers.
//!
//! As with httpd's `Timeout`, the time starts again with each byte that the client takes. A slow client gets its whole
//! answer; one that reads nothing is cut off, and the memory of its answer is freed.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

/// A connection on which no write waits for longer than `time` without progress.
pub(crate) struct Sending {
    stream: TcpStream,
    time: Duration,
    sent: Sent,
    /// Set while a write waits.
    wait: Option<Wait>,
}

struct Wait {
    end: Pin<Box<Sleep>>,
    /// The number of bytes that the system had not sent when the time began.
    unsent: Option<u64>,
}

impl Sending {
    pub(crate) fn new(stream: TcpStream, time: Duration) -> Self {
        Self { stream, time, sent: Sent::default(), wait: None }
    }

    /// Tells when an answer was sent.
    pub(crate) fn sent(&self) -> Sent {
        self.sent.clone()
    }

    /// Passes on the result of a write, and checks the time if it waits.
    fn watch<T>(&mut self, written: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.wait = None;
            return written;
        }
        let Self { stream, time, wait, .. } = self;
        let wait = wait.get_or_insert_with(|| Wait { end: Box::pin(sleep(*time)), unsent: unsent(stream) });
        while wait.end.as_mut().poll(context).is_ready() {
            // The system accepts more only when a good part of its buffer is free again; the client may have been
            // reading all the while.
            let unsent = unsent(stream);
            if unsent.zip(wait.unsent).is_none_or(|(now, before)| now >= before) {
                // Discards what the system still holds for the client.
                let _ = stream.set_zero_linger();
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read")));
            }
            wait.unsent = unsent;
            wait.end.as_mut().reset(Instant::now() + *time);
        }
        Poll::Pending
    }
}

/// The number of bytes in the system that the other end has not confirmed.
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
fn unsent(stream: &TcpStream) -> Option<u64> {
    use rustix::ioctl::{Getter, Opcode, ioctl};

    /// `SIOCOUTQ`, with the same number on these architectures.
    const UNSENT: Opcode = 0x5411;
    // SAFETY: for this request of a socket, the kernel writes one `int` to the address that it is given, which is what the
    // getter gives it room for; nothing else of this process is touched.
    #[allow(unsafe_code, reason = "rustix has no name for this request")]
    let unsent = unsafe { ioctl(stream, Getter::<UNSENT, std::ffi::c_int>::new()) };
    unsent.ok().and_then(|unsent| u64::try_from(unsent).ok())
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))))]
fn unsent(_: &TcpStream) -> Option<u64> {
    None
}

impl AsyncRead for Sending {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Sending {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        // The HTTP library flushes when it has written all that it had.
        if matches!(flushed, Poll::Ready(Ok(()))) {
            self.sent.tell();
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.sent.close();
    }
}

type Next = Box<dyn FnOnce() + Send>;

/// Work for the moment at which all that was answered so far was handed to the system, or the client has gone.
///
/// The HTTP library drops a body when it has taken all of it, which may be long before that.
#[derive(Clone, Default)]
pub(crate) struct Sent(Arc<Waiting>);

#[derive(Default)]
struct Waiting {
    /// Is there any? Most answers have no work, and need no lock.
    any: AtomicBool,
    next: Mutex<(bool, Vec<Next>)>,
}

impl Sent {
    /// Runs `next` when all that was answered so far is sent; at once if the connection has ended.
    pub(crate) fn then(&self, next: Next) {
        let mut waiting = self.0.next.lock();
        let is_closed = waiting.0;
        if is_closed {
            drop(waiting);
            return next();
        }
        waiting.1.push(next);
        self.0.any.store(true, Ordering::Release);
    }

    fn tell(&self) {
        if self.0.any.swap(false, Ordering::Acquire) {
            let next = std::mem::take(&mut self.0.next.lock().1);
            next.into_iter().for_each(|next| next());
        }
    }

    fn close(&self) {
        let next = {
            let mut waiting = self.0.next.lock();
            waiting.0 = true;
            std::mem::take(&mut waiting.1)
        };
        next.into_iter().for_each(|next| next());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn what_follows_an_answer_happens_once_when_it_is_sent_or_the_client_has_gone() {
        let (sent, done) = (Sent::default(), Arc::new(AtomicUsize::new(0)));
        let follow = || {
            let done = done.clone();
            sent.then(Box::new(move || {
                done.fetch_add(1, Ordering::Relaxed);
            }));
        };
        follow();
        assert_eq!(done.load(Ordering::Relaxed), 0);
        sent.tell();
        sent.tell();
        assert_eq!(done.load(Ordering::Relaxed), 1);
        follow();
        follow();
        sent.close();
        assert_eq!(done.load(Ordering::Relaxed), 3);
        follow();
        assert_eq!(done.load(Ordering::Relaxed), 4);
    }
}
