//! Keeps answers until slow clients have taken them.
//!
//! A script's answer is made whole, and a client may take an hour to read it. So that slow clients cannot use up the
//! server's memory, the total of such answers in memory is limited. Beyond it, they are kept in temporary files without
//! names, whose total is limited too.

use std::{
    fs::File,
    io::{self, Seek, Write},
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering},
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Response, StatusCode, header};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use samovar_importer::Diagnostic;
use samovar_rhai::status_page;
use tokio::io::{AsyncRead, ReadBuf};

use super::body::{self, Body};
use crate::logs::repeated;

/// Smaller answers go to the system's own buffers at once, and are not counted.
const SMALL: usize = 32 << 10;
/// The size of the pieces in which a file is read.
const PIECE: usize = 64 << 10;

/// The most bytes that all connections of this process keep in memory.
static MEMORY: Room = Room::of(64 << 20);
/// The most bytes that they keep in files.
static FILES: Room = Room::of(2 << 30);

/// An amount of bytes that several users share.
struct Room {
    most: usize,
    taken: AtomicUsize,
}

/// A share of a room, given back when it is dropped.
struct Taken {
    from: &'static Room,
    bytes: usize,
}

impl Room {
    const fn of(most: usize) -> Self {
        Self { most, taken: AtomicUsize::new(0) }
    }

    fn take(&'static self, bytes: usize) -> Option<Taken> {
        let more = |taken: usize| taken.checked_add(bytes).filter(|taken| *taken <= self.most);
        self.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Taken { from: self, bytes })
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.from.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Keeps an answer until its client has taken it. May write a file, so it is called on a script thread. If there is no
/// room at all, the answer is 503.
pub(crate) fn keep(response: Response<Bytes>, path: &str) -> Response<Body> {
    let len = response.body().len();
    if len <= SMALL {
        return body::whole(response);
    }
    if let Some(taken) = MEMORY.take(len) {
        return body::whole(response.map(|bytes| Bytes::from_owner(Counted { bytes, _taken: taken })));
    }
    let (head, bytes) = response.into_parts();
    let spooled = FILES.take(len).map(|taken| Spooled::new(&bytes, taken));
    drop(bytes);
    match spooled {
        Some(Ok(spooled)) => Response::from_parts(head, spooled.boxed_unsync()),
        Some(Err(error)) => busy(path, &format!("an answer cannot be kept in a temporary file: {error}")),
        None => busy(path, "too much waits for slow clients"),
    }
}

fn busy(path: &str, why: &str) -> Response<Body> {
    let help = format!("answers that clients take slowly are kept in {}", std::env::temp_dir().display());
    repeated::tell(None, path, &Diagnostic::error(why).help(help));
    let mut response = status_page(StatusCode::SERVICE_UNAVAILABLE, None);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    body::whole(response)
}

/// Bytes in memory. The HTTP library takes them out of the body at once, so the bytes are counted, not the body.
struct Counted {
    bytes: Bytes,
    _taken: Taken,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// A body in a file.
struct Spooled {
    file: tokio::fs::File,
    left: u64,
    buffer: BytesMut,
    _taken: Taken,
}

impl Spooled {
    fn new(bytes: &Bytes, taken: Taken) -> io::Result<Self> {
        let mut file: File = tempfile::tempfile()?;
        file.write_all(bytes)?;
        file.rewind()?;
        Ok(Self { file: file.into(), left: bytes.len() as u64, buffer: BytesMut::new(), _taken: taken })
    }
}

impl http_body::Body for Spooled {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let Self { file, left, buffer, .. } = &mut *self;
        buffer.resize(PIECE, 0);
        let mut piece = ReadBuf::new(buffer);
        ready!(Pin::new(file).poll_read(context, &mut piece))?;
        let read = piece.filled().len();
        if read == 0 {
            return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
        }
        *left = left.saturating_sub(read as u64);
        Poll::Ready(Some(Ok(Frame::data(buffer.split_to(read).freeze()))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_given_back() {
        static ROOM: Room = Room::of(10);
        let six = ROOM.take(6).expect("there is room");
        assert!(ROOM.take(5).is_none() && ROOM.take(usize::MAX).is_none());
        let four = ROOM.take(4).expect("there is room");
        drop(six);
        assert!(ROOM.take(7).is_none());
        drop(four);
        drop(ROOM.take(10).expect("all of it"));
    }

    #[test]
    fn what_is_kept_in_a_file_is_sent_as_it_was() {
        static ROOM: Room = Room::of(1 << 20);
        let bytes: Bytes = (0..200_000_u32).map(|number| number.to_le_bytes()[0]).collect::<Vec<_>>().into();
        let spooled = Spooled::new(&bytes, ROOM.take(bytes.len()).expect("room")).expect("kept");
        assert_eq!(http_body::Body::size_hint(&spooled).exact(), Some(200_000));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let sent = runtime.block_on(spooled.collect()).expect("read").to_bytes();
        assert!(sent == bytes);
        drop(sent);
        assert_eq!(ROOM.taken.load(Ordering::Relaxed), 0);
    }
}
