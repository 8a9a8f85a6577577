//! Rejects request heads that two servers could read in two ways.
//!
//! The HTTP library accepts lines that end without a carriage return, and ignores a `Content-Length` beside a
//! `Transfer-Encoding`. A proxy in front of this server may read such a request differently, which allows request
//! smuggling (RFC 9112, 11.2). So each head is checked before the library sees it. An ambiguous one is replaced by
//! bytes that are not HTTP; the library answers those with 400 and closes the connection. The same happens to heads
//! without a host or with two (RFC 9112, 3.2), and to targets with a fragment, which the library would cut off.
//!
//! Rejects a request head larger than the limit as well, without its end, so that the library answers with 431: the
//! library compares with its own limit only after it has read more than that.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What the library reads in place of an ambiguous head.
const REFUSED: &[u8] = b"\x01\r\n\r\n";
/// The most bytes of a request head. The library has the same limit.
pub(crate) const HEAD: usize = 64 << 10;
/// The most bytes of a line in a chunked body; the library takes no longer ones.
const LINE: usize = 64 << 10;

/// A connection whose request heads are checked.
pub(crate) struct HeadGuard<S> {
    inner: S,
    watch: Watch,
}

impl<S> HeadGuard<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner, watch: Watch::default() }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HeadGuard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        match self.watch.look(&buffer.filled()[before..]) {
            Look::Good => {}
            // What came before the ambiguous head is passed on; the bytes that are not HTTP follow, as far as there is
            // room.
            Look::Ambiguous(at) => {
                buffer.set_filled(before + at);
                let room = buffer.remaining().min(REFUSED.len());
                buffer.put_slice(&REFUSED[..room]);
            }
            Look::TooLarge(at) => buffer.filled_mut()[before + at..].fill(b'x'),
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HeadGuard<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

/// The position in the stream of requests.
#[derive(Default)]
struct Watch {
    at: Place,
    /// The line so far, of a head or of a chunk's size.
    line: Vec<u8>,
    /// The bytes of the head so far, up to its last whole line.
    head: usize,
    /// Must the head have a host? HTTP/1.0 does not ask for one.
    names_host: bool,
    hosts: usize,
    length: Option<u64>,
    chunked: bool,
    encoded: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    /// Before the first byte of a request, or in its request line.
    #[default]
    Start,
    Fields,
    /// In a body: the number of bytes to come.
    Body(u64),
    ChunkSize,
    /// In a chunk: the number of bytes to come, its line end included.
    Chunk(u64),
    Trailers,
    /// In a head that is too large: its end is withheld.
    Endless,
    /// Rejected, or no longer HTTP: nothing more is checked.
    Over,
}

/// What happens to the bytes that came.
#[derive(Debug, PartialEq, Eq)]
enum Look {
    Good,
    /// They are not passed on from this index on.
    Ambiguous(usize),
    /// They must not end the head from this index on.
    TooLarge(usize),
}

/// The head is ambiguous.
struct Ambiguous;

impl Watch {
    /// Checks bytes that came.
    fn look(&mut self, bytes: &[u8]) -> Look {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            at += match self.at {
                Place::Over => return Look::Good,
                Place::Endless => return Look::TooLarge(at),
                Place::Body(left) => self.skip(rest, left, Place::Body, Place::Start),
                Place::Chunk(left) => self.skip(rest, left, Place::Chunk, Place::ChunkSize),
                Place::Start | Place::Fields | Place::ChunkSize | Place::Trailers => match self.line(rest) {
                    Ok(taken) => taken,
                    Err(Ambiguous) => {
                        self.at = Place::Over;
                        return Look::Ambiguous(at);
                    }
                },
            };
        }
        Look::Good
    }

    fn skip(&mut self, rest: &[u8], left: u64, stay: fn(u64) -> Place, then: Place) -> usize {
        let taken = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
        let left = left - taken as u64;
        self.at = if left == 0 { then } else { stay(left) };
        taken
    }

    /// Takes the bytes up to the end of the line; returns how many.
    fn line(&mut self, rest: &[u8]) -> Result<usize, Ambiguous> {
        let end = rest.iter().position(|&byte| byte == b'\n');
        let in_head = matches!(self.at, Place::Start | Place::Fields);
        if in_head && self.head + self.line.len() + end.unwrap_or(rest.len()) >= HEAD {
            self.at = Place::Endless;
            return Ok(0);
        }
        let Some(end) = end else {
            self.line.extend_from_slice(rest);
            if self.line.len() > LINE {
                self.at = Place::Over;
            }
            return Ok(rest.len());
        };
        self.line.extend_from_slice(&rest[..end]);
        if in_head {
            self.head += self.line.len() + 1;
        }
        let mut line = std::mem::take(&mut self.line);
        if line.pop() != Some(b'\r') {
            return Err(Ambiguous);
        }
        let checked = self.whole_line(&line);
        line.clear();
        // Uses the memory again.
        self.line = line;
        checked.map(|()| end + 1)
    }

    fn whole_line(&mut self, line: &[u8]) -> Result<(), Ambiguous> {
        match (self.at, line) {
            // Empty lines before a request are to be ignored.
            (Place::Start, []) => self.head = 0,
            (Place::Start, line) if has_fragment(line) => return Err(Ambiguous),
            (Place::Start, line) => {
                (self.length, self.chunked, self.encoded) = (None, false, false);
                (self.names_host, self.hosts) = (line.ends_with(b" HTTP/1.1"), 0);
                self.at = Place::Fields;
            }
            (Place::Fields, []) => self.end_of_head()?,
            (Place::Fields, line) => self.field(line)?,
            (Place::ChunkSize, line) => {
                let digits = line.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
                let size = std::str::from_utf8(digits).ok().and_then(|text| u64::from_str_radix(text, 16).ok());
                self.at = match size {
                    Some(0) => Place::Trailers,
                    Some(size) => Place::Chunk(size.saturating_add(2)),
                    // The library refuses it.
                    None => Place::Over,
                };
            }
            (Place::Trailers, []) => self.at = Place::Start,
            (Place::Trailers | Place::Body(_) | Place::Chunk(_) | Place::Endless | Place::Over, _) => {}
        }
        Ok(())
    }

    fn field(&mut self, line: &[u8]) -> Result<(), Ambiguous> {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { return Ok(()) };
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            let length = length.and_then(|text| text.parse().ok()).ok_or(Ambiguous)?;
            if self.length.replace(length).is_some() {
                return Err(Ambiguous);
            }
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if self.encoded {
                return Err(Ambiguous);
            }
            self.encoded = true;
            self.chunked = value.eq_ignore_ascii_case(b"chunked");
        } else if name.eq_ignore_ascii_case(b"host") {
            self.hosts += 1;
        }
        Ok(())
    }

    fn end_of_head(&mut self) -> Result<(), Ambiguous> {
        self.head = 0;
        if self.hosts > 1 || (self.names_host && self.hosts == 0) {
            return Err(Ambiguous);
        }
        self.at = match (self.encoded, self.length) {
            (true, Some(_)) => return Err(Ambiguous),
            // An encoding that only resembles `chunked`.
            (true, None) if !self.chunked => return Err(Ambiguous),
            (true, None) => Place::ChunkSize,
            (false, None | Some(0)) => Place::Start,
            (false, Some(length)) => Place::Body(length),
        };
        Ok(())
    }
}

/// Is there a `#` in the target of a request line?
fn has_fragment(line: &[u8]) -> bool {
    let after_method = line.iter().position(|&byte| byte == b' ').map_or(line, |space| &line[space..]);
    after_method.contains(&b'#')
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "Host: a\r\n";

    /// What is left of a stream when it comes in pieces of every size.
    #[track_caller]
    fn check(stream: &str, passed: Option<&str>) {
        for size in [1, 2, 3, 7, 64, 4096] {
            let mut watch = Watch::default();
            let (mut found, mut stopped) = (String::new(), false);
            for piece in stream.as_bytes().chunks(size) {
                let end = match watch.look(piece) {
                    Look::Good => None,
                    Look::Ambiguous(at) => Some(at),
                    Look::TooLarge(at) => panic!("{stream:?} in pieces of {size}: too large at {at}"),
                };
                found += &String::from_utf8_lossy(&piece[..end.unwrap_or(piece.len())]);
                if end.is_some() {
                    stopped = true;
                    break;
                }
            }
            assert_eq!(stopped, passed.is_some(), "{stream:?} in pieces of {size}: {found:?}");
            if let Some(passed) = passed {
                assert!(found.starts_with(passed), "{stream:?} in pieces of {size}: {found:?}");
            }
        }
    }

    #[test]
    fn what_can_be_read_in_one_way_is_passed() {
        let get = format!("GET / HTTP/1.1\r\n{HOST}\r\n");
        let post = format!("POST / HTTP/1.1\r\n{HOST}");
        for stream in [
            get.clone(),
            format!("\r\n{get}{get}"),
            "GET / HTTP/1.0\r\n\r\n".into(),
            format!("G#T / HTTP/1.1\r\n{HOST}A: #\r\n\r\n"),
            format!("{post}Content-Length: 5\r\n\r\na\nb\n\n{get}"),
            format!("{post}Transfer-Encoding: chunked\r\n\r\n3;x=y\r\n\n\n\n\r\n0\r\nA: b\r\n\r\n{get}"),
            format!("{post}Content-Length: 0\r\n\r\n{get}"),
        ] {
            check(&stream, None);
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_not() {
        let post = format!("POST / HTTP/1.1\r\n{HOST}");
        for head in [
            "GET / HTTP/1.1\nHost: a\n\n".into(),
            "GET / HTTP/1.1\r\nHost: a\n\r\n".into(),
            "GET / HTTP/1.1\r\nHost: a\r\n\n".into(),
            "GET / HTTP/1.1\r\nA: b\r\n\r\n".into(),
            "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n".into(),
            "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n".into(),
            "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n".into(),
            format!("{post}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
            format!("{post}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
            format!("{post}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
            format!("{post}Content-Length: 3, 3\r\n\r\nabc"),
            format!("{post}Content-Length: +3\r\n\r\nabc"),
            format!("{post}Transfer-Encoding: xchunked\r\n\r\n"),
            format!("{post}Transfer-Encoding: gzip, chunked\r\n\r\n"),
        ] {
            check(&head, Some(""));
            let first = format!("{post}Content-Length: 4\r\n\r\na\n\nb");
            check(&format!("{first}{head}"), Some(&first));
        }
    }

    /// Once a head is too large, none of its bytes ends it, in one line or in many, in pieces of every size.
    #[test]
    fn a_head_that_is_too_large_has_no_end() {
        let first = format!("GET / HTTP/1.1\r\n{HOST}\r\n");
        for fields in [format!("A: {}\r\n", "a".repeat(HEAD)), "A: b\r\n".repeat(HEAD / 4)] {
            let stream = format!("{first}GET / HTTP/1.1\r\n{fields}\r\n");
            for size in [7, 4096, stream.len()] {
                let mut watch = Watch::default();
                let (mut good, mut endless) = (0, false);
                for piece in stream.as_bytes().chunks(size) {
                    match watch.look(piece) {
                        Look::Good => assert!(!endless, "pieces of {size}"),
                        Look::Ambiguous(at) => panic!("pieces of {size}: ambiguous at {at}"),
                        Look::TooLarge(at) => {
                            assert!(!endless || at == 0, "pieces of {size}: all of it");
                            endless = true;
                            good += at;
                            continue;
                        }
                    }
                    good += piece.len();
                }
                assert!(endless && good <= first.len() + HEAD, "pieces of {size}: {good} bytes");
            }
        }
    }
}
