//! The client's end: one question, one answer.

use std::{
    io::{self, BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::PathBuf,
};

use serde_json::Value;

use super::{Address, VERSION};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// Nobody listens.
    #[error("no server is running for this site: nobody answers at {}", .looked.iter().map(|it| it.display().to_string()).collect::<Vec<_>>().join(" or "))]
    NoServer {
        /// The sockets that were looked at.
        looked: Vec<PathBuf>,
    },
    /// The connection failed, or the answer is none.
    #[error("{}: {reason}", .socket.display())]
    Connection {
        /// The socket.
        socket: PathBuf,
        /// What went wrong.
        reason: io::Error,
    },
    /// The server says no.
    #[error("{0}")]
    Refused(String),
}

/// Asks the server of a site: `request` is an object with `command` in it. Waits until the server is done.
///
/// # Errors
/// See [`AskError`].
pub fn ask(address: &Address, mut request: Value) -> Result<Value, AskError> {
    let (socket, stream) = connect(address)?;
    let failed = |reason| AskError::Connection { socket: socket.clone(), reason };
    request["samovar"] = VERSION.into();
    let line = exchange(stream, &request).map_err(failed)?;
    let mut answer: Value = serde_json::from_str(&line).map_err(|error| failed(error.into()))?;
    match answer["error"].as_str() {
        Some(error) => Err(AskError::Refused(error.to_owned())),
        None => Ok(answer["answer"].take()),
    }
}

fn connect(address: &Address) -> Result<(PathBuf, UnixStream), AskError> {
    for socket in address.names() {
        match UnixStream::connect(socket) {
            Ok(stream) => return Ok((socket.to_path_buf(), stream)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {}
            Err(reason) => return Err(AskError::Connection { socket: socket.to_path_buf(), reason }),
        }
    }
    Err(AskError::NoServer { looked: address.names().map(PathBuf::from).collect() })
}

fn exchange(mut stream: UnixStream, request: &Value) -> io::Result<String> {
    stream.write_all(format!("{request}\n").as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    match line.ends_with('\n') {
        true => Ok(line),
        false => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server ended before it answered")),
    }
}
