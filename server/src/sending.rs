//! A connection whose client must take what it is sent.
//!
//! As httpd's `Timeout` has it, the time begins anew with each byte that is taken: a slow client is served to the end,
//! one that reads nothing is cut off, with all that was kept for it.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

/// A connection of which no write waits for longer than `time` without progress.
pub(crate) struct Sending {
    stream: TcpStream,
    time: Duration,
    /// Since a write waits.
    wait: Option<Wait>,
}

struct Wait {
    end: Pin<Box<Sleep>>,
    /// What the system had not sent yet when the time began.
    unsent: Option<u64>,
}

impl Sending {
    pub(crate) fn new(stream: TcpStream, time: Duration) -> Self {
        Self { stream, time, wait: None }
    }

    /// Passes on what became of a write, and looks at the time if it waits.
    fn watch<T>(&mut self, written: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.wait = None;
            return written;
        }
        let Self { stream, time, wait } = self;
        let wait = wait.get_or_insert_with(|| Wait { end: Box::pin(sleep(*time)), unsent: unsent(stream) });
        while wait.end.as_mut().poll(context).is_ready() {
            // The system takes more only when a good part of its buffer is free again; until then a client may have read
            // for long.
            let unsent = unsent(stream);
            if unsent.zip(wait.unsent).is_none_or(|(now, before)| now >= before) {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read")));
            }
            wait.unsent = unsent;
            wait.end.as_mut().reset(Instant::now() + *time);
        }
        Poll::Pending
    }
}

/// How many bytes the system holds that the other end has not confirmed.
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
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
