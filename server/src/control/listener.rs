//! The server's end of the control socket.

use std::{
    io,
    os::unix::{
        fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink},
        net::UnixStream as Probe,
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::{Semaphore, oneshot},
    task::JoinHandle,
};

use super::{Address, Running, VERSION};

/// A request is short.
const REQUEST_BYTES: u64 = 64 << 10;
/// A client that connects has something to say.
const REQUEST_TIME: Duration = Duration::from_secs(5);
/// So many commands are under way at the same time; others wait.
const AT_ONCE: usize = 8;
/// A reload runs scripts, on the thread of its command. Only what is touched of a stack costs memory.
const STACK: usize = 64 << 20;
/// When the system gives no descriptors, accepting rests so long.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Why a server cannot be controlled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// Another server has this socket.
    #[error("another server is running for this site: it answers at {}", .0.display())]
    Taken(PathBuf),
    /// There can be no socket.
    #[error("no control socket at {}: {reason}", .socket.display())]
    Socket {
        /// Where it was to be.
        socket: PathBuf,
        /// Why not.
        reason: io::Error,
    },
}

/// A control socket that is listened at. Dropping it removes it.
#[derive(Debug)]
pub struct Control {
    files: Vec<Made>,
    accepting: JoinHandle<()>,
}

/// A file that we made, by device and inode: it is not removed if it has become another one.
#[derive(Debug)]
struct Made {
    path: PathBuf,
    identity: (u64, u64),
}

impl Control {
    /// Listens at an address, and answers for a site until it is dropped. What a server that died left there is
    /// replaced.
    ///
    /// # Errors
    /// See [`ControlError`].
    ///
    /// # Panics
    /// Outside of a `tokio` runtime.
    pub fn listen(address: &Address, running: Arc<Running>) -> Result<Self, ControlError> {
        let failed = |reason| ControlError::Socket { socket: address.socket().to_path_buf(), reason };
        address.prepare().map_err(failed)?;
        for name in address.names() {
            clear(name)?;
        }
        let listener = UnixListener::bind(address.socket()).map_err(failed)?;
        let mut files = vec![made(address.socket()).map_err(failed)?];
        std::fs::set_permissions(address.socket(), PermissionsExt::from_mode(0o600)).map_err(failed)?;
        if let Some(alias) = address.alias() {
            symlink(address.socket(), alias).map_err(failed)?;
            files.push(made(alias).map_err(failed)?);
        }
        let accepting = tokio::spawn(accept(listener, running));
        Ok(Self { files, accepting })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.accepting.abort();
        for file in &self.files {
            if made(&file.path).is_ok_and(|now| now.identity == file.identity) {
                let _ = std::fs::remove_file(&file.path);
            }
        }
    }
}

fn made(path: &Path) -> io::Result<Made> {
    let metadata = path.symlink_metadata()?;
    Ok(Made { path: path.to_path_buf(), identity: (metadata.dev(), metadata.ino()) })
}

/// Removes a socket at which nobody listens any more, or a link to one; never anything else.
fn clear(name: &Path) -> Result<(), ControlError> {
    let failed = |reason| ControlError::Socket { socket: name.to_path_buf(), reason };
    let kind = match name.symlink_metadata() {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(reason) => return Err(failed(reason)),
    };
    if !kind.is_socket() && !kind.is_symlink() {
        return Err(failed(io::Error::other("there is something that is not a socket")));
    }
    match Probe::connect(name) {
        Ok(_) => Err(ControlError::Taken(name.to_path_buf())),
        Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) => {
            std::fs::remove_file(name).map_err(failed)
        }
        Err(reason) => Err(failed(reason)),
    }
}

async fn accept(listener: UnixListener, running: Arc<Running>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let running = running.clone();
                tokio::spawn(async move {
                    if let Err(error) = converse(stream, running).await {
                        tracing::debug!("control socket: {error}");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!("control socket: {error}");
                tokio::time::sleep(BACK_OFF).await;
            }
        }
    }
}

/// One request, one answer.
async fn converse(mut stream: UnixStream, running: Arc<Running>) -> io::Result<()> {
    let answer = if is_of_this_user(&stream)? {
        let (receiving, _) = stream.split();
        let mut line = String::new();
        let mut receiving = BufReader::new(receiving.take(REQUEST_BYTES));
        tokio::time::timeout(REQUEST_TIME, receiving.read_line(&mut line)).await??;
        if line.is_empty() {
            // Somebody asked only whether somebody listens.
            return Ok(());
        }
        answer(line, running).await
    } else {
        json!({"samovar": VERSION, "error": "only the user that runs the server may ask"})
    };
    stream.write_all(format!("{answer}\n").as_bytes()).await?;
    stream.shutdown().await
}

/// The mode of the socket says the same, but only after a moment in which it had another one.
fn is_of_this_user(stream: &UnixStream) -> io::Result<bool> {
    let user = stream.peer_cred()?.uid();
    Ok(user == rustix::process::geteuid().as_raw() || user == 0)
}

/// Answers on a thread of its own: a reload takes its time, and must not take one from requests.
async fn answer(line: String, running: Arc<Running>) -> Value {
    let (sender, receiver) = oneshot::channel();
    let work = move || drop(sender.send(running.answer_line(&line)));
    let thread = std::thread::Builder::new().name("samovar-control".into()).stack_size(STACK).spawn(work);
    let result = match thread {
        Ok(_) => receiver.await.unwrap_or_else(|_| Err("the command failed, see the server's log".into())),
        Err(error) => Err(format!("the system gives no further thread: {error}")),
    };
    match result {
        Ok(answer) => json!({"samovar": VERSION, "answer": answer}),
        Err(error) => json!({"samovar": VERSION, "error": error}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        path.symlink_metadata().expect("made").permissions().mode() & 0o777
    }

    /// A site that is served at the socket `s` of a directory, inside a runtime.
    fn with_socket(test: impl FnOnce(&Path, Arc<Running>)) {
        let directory = tempfile::tempdir().expect("a directory");
        let site = directory.path().join("site");
        std::fs::create_dir(&site).expect("made");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let _inside = runtime.enter();
        let site = crate::Site::open(&site).expect("a site");
        test(&directory.path().join("s"), Arc::new(Running::new(Arc::new(site), [])));
    }

    #[test]
    fn the_socket_is_for_its_user_alone_and_goes_with_its_server() {
        with_socket(|socket, running| {
            let control = Control::listen(&Address::at(socket), running).expect("listens");
            assert_eq!(mode(socket), 0o600);
            drop(control);
            assert!(!socket.exists());
        });
    }

    #[test]
    fn a_socket_that_is_listened_at_is_taken_and_one_that_is_not_is_replaced() {
        with_socket(|socket, running| {
            let dead = std::os::unix::net::UnixListener::bind(socket).expect("a socket");
            let taken = Control::listen(&Address::at(socket), running.clone()).expect_err("taken");
            assert!(matches!(taken, ControlError::Taken(_)), "{taken}");
            drop(dead);
            let _control = Control::listen(&Address::at(socket), running).expect("replaced");
        });
    }

    #[test]
    fn a_file_that_is_no_socket_is_left_alone() {
        with_socket(|socket, running| {
            std::fs::write(socket, "precious").expect("written");
            let refused = Control::listen(&Address::at(socket), running).expect_err("refused").to_string();
            assert!(refused.contains("not a socket"), "{refused}");
            assert_eq!(std::fs::read_to_string(socket).expect("there"), "precious");
        });
    }

    #[test]
    fn a_socket_that_another_server_made_since_is_left_alone() {
        with_socket(|socket, running| {
            let control = Control::listen(&Address::at(socket), running).expect("listens");
            std::fs::remove_file(socket).expect("removed");
            let _other = std::os::unix::net::UnixListener::bind(socket).expect("another socket");
            drop(control);
            assert!(socket.exists());
        });
    }
}
