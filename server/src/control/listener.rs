//! The server's end of the control socket.

use std::{
    fs::Metadata,
    io,
    os::unix::{
        fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink},
        net::UnixStream as Probe,
    },
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{net::UnixListener, task::JoinHandle};

use super::{address::ControlSocket, clients::Clients, running::Running};

/// How long accepting rests when the system gives no descriptors.
const BACK_OFF: Duration = Duration::from_millis(100);

/// Why a server cannot be controlled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// Another server has this socket.
    #[error("another server is running for this site: it answers at {}", .0.display())]
    Taken(PathBuf),
    /// The socket cannot be made.
    #[error("no control socket at {}: {reason}", .socket.display())]
    Socket {
        /// Its path.
        socket: PathBuf,
        /// Why not.
        reason: io::Error,
    },
}

/// An open control socket. Dropping it removes it.
#[derive(Debug)]
pub struct Control {
    socket: Made,
    alias: Option<Made>,
    accepting: JoinHandle<()>,
}

/// A file that this process made: it is removed only if it is still the same one.
#[derive(Debug)]
struct Made {
    path: PathBuf,
    identity: Identity,
}

/// Device and inode. A socket keeps them while it is open.
type Identity = (u64, u64);

impl Control {
    /// Opens a control socket, and answers for a site until it is dropped. Replaces what a crashed server left there.
    ///
    /// # Errors
    /// See [`ControlError`].
    ///
    /// # Panics
    /// Outside of a `tokio` runtime.
    pub fn listen(address: &ControlSocket, running: Arc<Running>) -> Result<Self, ControlError> {
        Self::listen_beside(address, running, &[])
    }

    /// Moves to another address, or to another second name. If the socket stays where it is, clients notice nothing.
    ///
    /// # Errors
    /// See [`ControlError`]; it is found where it was before.
    ///
    /// # Panics
    /// Outside of a `tokio` runtime.
    pub fn follow(&mut self, address: &ControlSocket, running: Arc<Running>) -> Result<(), ControlError> {
        let here = address.socket().metadata().ok().map(|metadata| identity(&metadata));
        if here != Some(self.socket.identity) {
            *self = Self::listen_beside(address, running, &[self.socket.identity])?;
            return Ok(());
        }
        if self.alias.as_ref().map(|alias| &*alias.path) != address.alias() {
            let alias = make_alias(address, &[self.socket.identity])?;
            if let Some(former) = std::mem::replace(&mut self.alias, alias) {
                former.remove();
            }
        }
        Ok(())
    }

    /// `own` are the open sockets of this process.
    fn listen_beside(address: &ControlSocket, running: Arc<Running>, own: &[Identity]) -> Result<Self, ControlError> {
        let failed = |reason| ControlError::Socket { socket: address.socket().to_path_buf(), reason };
        address.prepare().map_err(failed)?;
        clear(address.socket(), own)?;
        // Comes before the socket is made: if another server has this name, nothing is left behind.
        address.alias().map_or(Ok(()), |alias| clear(alias, own))?;
        let listener = UnixListener::bind(address.socket()).map_err(failed)?;
        let socket = made(address.socket()).map_err(failed)?;
        let accepting = tokio::spawn(accept(listener, running));
        // Every failure from here on removes the socket again.
        let mut control = Self { socket, alias: None, accepting };
        std::fs::set_permissions(address.socket(), PermissionsExt::from_mode(0o600)).map_err(failed)?;
        control.alias = make_alias(address, own)?;
        Ok(control)
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.accepting.abort();
        self.socket.remove();
        self.alias.iter().for_each(Made::remove);
    }
}

impl Made {
    fn remove(&self) {
        if made(&self.path).is_ok_and(|now| now.identity == self.identity) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn made(path: &Path) -> io::Result<Made> {
    Ok(Made { path: path.to_path_buf(), identity: identity(&path.symlink_metadata()?) })
}

fn identity(metadata: &Metadata) -> Identity {
    (metadata.dev(), metadata.ino())
}

/// Makes the second name of a socket, if it has one.
fn make_alias(address: &ControlSocket, own: &[Identity]) -> Result<Option<Made>, ControlError> {
    let Some(alias) = address.alias() else { return Ok(None) };
    clear(alias, own)?;
    let failed = |reason| ControlError::Socket { socket: alias.to_path_buf(), reason };
    symlink(address.socket(), alias).map_err(failed)?;
    made(alias).map(Some).map_err(failed)
}

/// Removes a socket that no other process has open, or a link to one; never anything else.
fn clear(name: &Path, own: &[Identity]) -> Result<(), ControlError> {
    let failed = |reason| ControlError::Socket { socket: name.to_path_buf(), reason };
    let kind = match name.symlink_metadata() {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(reason) => return Err(failed(reason)),
    };
    if !kind.is_socket() && !kind.is_symlink() {
        return Err(failed(io::Error::other("there is something that is not a socket")));
    }
    if name.metadata().is_ok_and(|end| own.contains(&identity(&end))) {
        return std::fs::remove_file(name).map_err(failed);
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
    let clients = Clients::new(running);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => clients.admit(stream).await,
            Err(error) => {
                tracing::warn!("control socket: {error}");
                tokio::time::sleep(BACK_OFF).await;
            }
        }
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
        let site = crate::site::Site::open(&site).expect("a site");
        test(&directory.path().join("s"), Arc::new(Running::new(Arc::new(site), [])));
    }

    #[test]
    fn the_socket_is_for_its_user_alone_and_goes_with_its_server() {
        with_socket(|socket, running| {
            let control = Control::listen(&ControlSocket::at(socket), running).expect("listens");
            assert_eq!(mode(socket), 0o600);
            drop(control);
            assert!(!socket.exists());
        });
    }

    #[test]
    fn a_socket_that_is_listened_at_is_taken_and_one_that_is_not_is_replaced() {
        with_socket(|socket, running| {
            let dead = std::os::unix::net::UnixListener::bind(socket).expect("a socket");
            let taken = Control::listen(&ControlSocket::at(socket), running.clone()).expect_err("taken");
            assert!(matches!(taken, ControlError::Taken(_)), "{taken}");
            drop(dead);
            let _control = Control::listen(&ControlSocket::at(socket), running).expect("replaced");
        });
    }

    #[test]
    fn a_file_that_is_no_socket_is_left_alone() {
        with_socket(|socket, running| {
            std::fs::write(socket, "precious").expect("written");
            let refused = Control::listen(&ControlSocket::at(socket), running).expect_err("refused").to_string();
            assert!(refused.contains("not a socket"), "{refused}");
            assert_eq!(std::fs::read_to_string(socket).expect("there"), "precious");
        });
    }

    #[test]
    fn a_socket_that_another_server_made_since_is_left_alone() {
        with_socket(|socket, running| {
            let control = Control::listen(&ControlSocket::at(socket), running).expect("listens");
            std::fs::remove_file(socket).expect("removed");
            let _other = std::os::unix::net::UnixListener::bind(socket).expect("another socket");
            drop(control);
            assert!(socket.exists());
        });
    }
}
