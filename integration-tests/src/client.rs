//! One connection, and as much of HTTP/1.1 as the tests need.
//!
//! A client of our own, since half of the tests send what no well-behaved client would.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
};

use crate::PATIENCE;

/// A connection that is kept for further requests.
pub struct Client {
    stream: BufReader<TcpStream>,
}

/// An answer.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The header fields in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Client {
    /// Connects. The connection gives up after [`PATIENCE`] without a byte.
    #[track_caller]
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).expect("the program accepts connections");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
        stream.set_nodelay(true).expect("no delay can be set");
        Self { stream: BufReader::new(stream) }
    }

    /// Asks for a target, which is sent as it is given.
    #[track_caller]
    pub fn get(&mut self, target: &str) -> Response {
        self.request("GET", target, &[], b"")
    }

    /// Sends a request, and waits for the answer.
    #[track_caller]
    pub fn request(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        self.send(method, target, headers, body);
        self.receive(method == "HEAD")
    }

    /// Sends a request, and waits for nothing.
    #[track_caller]
    pub fn send(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        let mut bytes = (head + "\r\n").into_bytes();
        bytes.extend(body);
        self.send_raw(&bytes);
    }

    /// Sends bytes, whatever they are. A program that answered early may have closed its end: the answer tells.
    pub fn send_raw(&mut self, bytes: &[u8]) {
        let _ = self.stream.get_mut().write_all(bytes);
    }

    /// Closes its own direction, and still listens.
    #[track_caller]
    pub fn say_no_more(&mut self) {
        self.stream.get_mut().shutdown(Shutdown::Write).expect("the connection is open");
    }

    /// Goes at once, so that the other end is told that nothing more of what it sends is taken.
    #[track_caller]
    pub fn reset(self) {
        let now = Some(std::time::Duration::ZERO);
        rustix::net::sockopt::set_socket_linger(self.stream.get_ref(), now).expect("the connection is open");
    }

    /// The next answer; `head_only` if it is that to a HEAD.
    #[track_caller]
    pub fn receive(&mut self, head_only: bool) -> Response {
        self.try_receive(head_only).expect("an answer")
    }

    /// The next answer, or why none came.
    ///
    /// # Errors
    /// The connection was closed, was silent for too long, or what came is no HTTP.
    pub fn try_receive(&mut self, head_only: bool) -> std::io::Result<Response> {
        let line = self.line()?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| std::io::Error::other(format!("no status line: `{line}`")))?;
        let mut response = Response { status, headers: Vec::new(), body: Vec::new() };
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            response.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        if !head_only && !matches!(status, 100..200 | 204 | 304) {
            response.body = self.body(&response)?;
        }
        Ok(response)
    }

    /// Has the program closed its end, with nothing more to say?
    pub fn is_at_end(&mut self) -> bool {
        matches!(self.stream.fill_buf(), Ok([]) | Err(_))
    }

    fn line(&mut self) -> std::io::Result<String> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line)?;
        match line.strip_suffix(b"\r\n") {
            Some(line) => Ok(String::from_utf8_lossy(line).into_owned()),
            None => Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the connection was closed")),
        }
    }

    fn body(&mut self, response: &Response) -> std::io::Result<Vec<u8>> {
        let mut body = Vec::new();
        if response.header("transfer-encoding") == Some("chunked") {
            loop {
                let line = self.line()?;
                let size = usize::from_str_radix(line.trim(), 16).map_err(std::io::Error::other)?;
                let start = body.len();
                body.resize(start + size, 0);
                self.stream.read_exact(&mut body[start..])?;
                self.line()?;
                if size == 0 {
                    return Ok(body);
                }
            }
        }
        let length = response.header("content-length").and_then(|length| length.parse().ok());
        match length {
            Some(length) => {
                body.resize(length, 0);
                self.stream.read_exact(&mut body)?;
            }
            None => drop(self.stream.read_to_end(&mut body)?),
        }
        Ok(body)
    }
}

impl Response {
    /// The value of a header; the name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// `200 text`, to compare.
    pub fn brief(&self) -> String {
        format!("{} {}", self.status, self.text())
    }
}
