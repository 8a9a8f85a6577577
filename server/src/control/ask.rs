//! The client side: one request, one answer.

use std::{
    io::{self, BufRead, BufReader, Write},
    os::unix::{fs::MetadataExt, net::UnixStream},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::net::{self, AddressFamily, SocketAddrUnix, SocketType};
use serde_json::Value;

use super::{address::ControlSocket, protocol::VERSION};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// No server is running.
    #[error("no server is running for this site: none answers at {}", .looked.iter().map(|it| it.display().to_string()).collect::<Vec<_>>().join(" or "))]
    NoServer {
        /// The sockets that were tried.
        looked: Vec<PathBuf>,
    },
    /// Several servers are running, and root has not chosen one.
    #[error("servers of several users are running for this site: they answer at {}", .sockets.iter().map(|it| it.display().to_string()).collect::<Vec<_>>().join(" and "))]
    Several {
        /// The sockets at which they answer.
        sockets: Vec<PathBuf>,
    },
    /// The connection failed, or the answer is not valid.
    #[error("{}: {reason}", .socket.display())]
    Connection {
        /// The socket.
        socket: PathBuf,
        /// What went wrong.
        reason: io::Error,
    },
    /// The server reports an error.
    #[error("{0}")]
    Refused(String),
}

/// An answer, and where it comes from.
#[derive(Debug)]
pub struct Answered {
    /// The answer.
    pub answer: Value,
    /// The server's socket.
    pub socket: PathBuf,
    /// The user that runs the server, if it is another one; only root can ask such a server.
    pub other_user: Option<u32>,
}

/// Sends a request, an object with `command` in it, to the server of a site. Waits for the answer, at most for
/// `patience`.
///
/// # Errors
/// See [`AskError`].
pub fn ask(address: &ControlSocket, mut request: Value, patience: Option<Duration>) -> Result<Answered, AskError> {
    let Connected { socket, stream, other_user } = connect(address, patience)?;
    let failed = |reason| AskError::Connection { socket: socket.clone(), reason };
    request["samovar"] = VERSION.into();
    let line = exchange(stream, &request, patience).map_err(failed)?;
    let mut answer: Value = serde_json::from_str(&line).map_err(|error| failed(error.into()))?;
    match answer["error"].as_str() {
        Some(error) => Err(AskError::Refused(error.to_owned())),
        None => Ok(Answered { answer: answer["answer"].take(), socket, other_user }),
    }
}

struct Connected {
    socket: PathBuf,
    stream: UnixStream,
    other_user: Option<u32>,
}

fn connect(address: &ControlSocket, patience: Option<Duration>) -> Result<Connected, AskError> {
    if let Some((socket, stream)) = connect_at(address, patience)? {
        return Ok(Connected { socket, stream, other_user: None });
    }
    let others = address.of_others();
    let mut found = Vec::new();
    for other in &others {
        // A socket that fails is not the server of this site.
        if let Ok(Some((socket, stream))) = connect_at(other, patience) {
            let user = socket.parent().and_then(|directory| directory.metadata().ok()).map(|metadata| metadata.uid());
            found.push(Connected { socket, stream, other_user: user });
        }
    }
    let looked = || std::iter::once(address).chain(&others).flat_map(ControlSocket::names).map(PathBuf::from).collect();
    match found.len() {
        0 => Err(AskError::NoServer { looked: looked() }),
        1 => found.pop().ok_or_else(|| AskError::NoServer { looked: looked() }),
        _ => Err(AskError::Several { sockets: found.into_iter().map(|it| it.socket).collect() }),
    }
}

fn connect_at(address: &ControlSocket, patience: Option<Duration>) -> Result<Option<(PathBuf, UnixStream)>, AskError> {
    for socket in address.names() {
        match connect_to(socket, patience) {
            Ok(stream) => return Ok(Some((socket.to_path_buf(), stream))),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {}
            Err(reason) => return Err(AskError::Connection { socket: socket.to_path_buf(), reason }),
        }
    }
    Ok(None)
}

/// Connects within `patience`: the queue of a server that is stopped may be full.
fn connect_to(socket: &Path, patience: Option<Duration>) -> io::Result<UnixStream> {
    let (address, stream) = (SocketAddrUnix::new(socket)?, net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?);
    rustix::io::fcntl_setfd(&stream, rustix::io::FdFlags::CLOEXEC)?;
    let stream = UnixStream::from(stream);
    stream.set_write_timeout(patience)?;
    stream.set_read_timeout(patience)?;
    net::connect(&stream, &address)?;
    Ok(stream)
}

fn exchange(mut stream: UnixStream, request: &Value, patience: Option<Duration>) -> io::Result<String> {
    let mut line = String::new();
    let asked = stream.write_all(format!("{request}\n").as_bytes());
    match asked.and_then(|()| BufReader::new(stream).read_line(&mut line)) {
        Ok(_) if line.ends_with('\n') => Ok(line),
        Ok(_) => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server ended before it answered")),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
            let seconds = patience.unwrap_or_default().as_secs();
            Err(io::Error::new(io::ErrorKind::TimedOut, format!("the server did not answer within {seconds} s")))
        }
        Err(error) => Err(error),
    }
}
