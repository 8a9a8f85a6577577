//! Finds the control socket of a site by the path of the site.
//!
//! The name of the socket comes from the path as it was typed, made absolute: a site that is served as
//! `/srv/app/current` is still found under that name when the link leads somewhere else. Where links are involved, a
//! second name, a link to the socket, stands for the path with all links resolved.
//!
//! The socket is in `$XDG_RUNTIME_DIR/samovar`, or in `samovar-UID` of the temporary directory if the variable is not
//! set, for example under a service manager. So root looks for the servers of other users in `/run/user/*/samovar` and
//! in `samovar-UID` of the temporary directories.

use std::{
    collections::BTreeSet,
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

use samovar_importer::normalize;

use crate::settings::{
    directives::CONTROL_SOCKET,
    directories::{path_in, server_root},
    read,
};

/// The places at which the socket of a site may be, the best first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ControlSocket {
    /// Where a server listens.
    socket: PathBuf,
    /// Another name for it, if the site's path leads over links.
    alias: Option<PathBuf>,
    /// The directory is ours to make and to check.
    directory: Option<PathBuf>,
}

impl ControlSocket {
    /// The default for the site of this path. While there is nothing at the path, as when a link is being switched, the
    /// path as it was typed is used.
    ///
    /// # Errors
    /// The working directory is gone, or a link leads in a circle.
    pub fn of_site(site: &Path) -> io::Result<Self> {
        let directory = default_directory();
        let typed = typed(site)?;
        let real = match typed.canonicalize() {
            Ok(real) => Some(of_directory(&real)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let typed = of_directory(&typed);
        let alias = real.filter(|real| *real != typed).map(|real| directory.join(file_name(&real)));
        Ok(Self { socket: directory.join(file_name(&typed)), alias, directory: Some(directory) })
    }

    /// As [`of_site`](Self::of_site), unless the configuration has a `ControlSocket`. A configuration that cannot be
    /// read has none: a running server is found while its configuration is edited.
    ///
    /// # Errors
    /// As for [`of_site`](Self::of_site).
    pub fn find(site: &Path, defines: &[String]) -> io::Result<Self> {
        let configured = read::read(site, defines).ok().and_then(|opened| {
            let settings = opened.loaded.config.main().settings();
            let server_root = server_root(&opened.root, &settings);
            settings.get(CONTROL_SOCKET).map(|socket| path_in(&server_root, socket))
        });
        configured.map_or_else(|| Self::of_site(site), |socket| Ok(Self::at(socket)))
    }

    /// A place that was chosen, with `--control` or `ControlSocket`.
    #[must_use]
    pub fn at(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into(), alias: None, directory: None }
    }

    /// Was it chosen?
    #[must_use]
    pub fn is_chosen(&self) -> bool {
        self.directory.is_none()
    }

    /// The socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The link to it, if there is to be one.
    #[must_use]
    pub fn alias(&self) -> Option<&Path> {
        self.alias.as_deref()
    }

    /// Both names, the best first.
    pub fn names(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(&*self.socket).chain(self.alias.as_deref())
    }

    /// The addresses that the servers of other users would have; empty unless this process is root's. Leaves out directories
    /// that others than their owner can enter.
    pub(super) fn of_others(&self) -> Vec<Self> {
        let Some(own) = &self.directory else { return Vec::new() };
        if !rustix::process::geteuid().is_root() {
            return Vec::new();
        }
        let mut directories: Vec<_> = entries(Path::new("/run/user")).map(|user| user.join("samovar")).collect();
        for parent in BTreeSet::from([std::env::temp_dir(), PathBuf::from("/tmp")]) {
            directories.extend(entries(&parent).filter(|path| is_of_a_user(path)));
        }
        directories.retain(|directory| directory != own && is_private(directory));
        directories.iter().map(|directory| self.in_directory(directory)).collect()
    }

    fn in_directory(&self, directory: &Path) -> Self {
        let moved = |path: &Path| path.file_name().map(|name| directory.join(name)).unwrap_or_default();
        let (socket, alias) = (moved(&self.socket), self.alias.as_deref().map(moved));
        Self { socket, alias, directory: Some(directory.to_path_buf()) }
    }

    /// Makes the directory of the default place, or checks that it can be trusted: in a directory that others can write
    /// to, another user could have put a socket.
    ///
    /// # Errors
    /// It cannot be made, belongs to another user, or can be entered by others.
    pub fn prepare(&self) -> io::Result<()> {
        let Some(directory) = &self.directory else { return Ok(()) };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let metadata = directory.symlink_metadata()?;
        let user = rustix::process::geteuid().as_raw();
        let problem = match () {
            () if !metadata.is_dir() => "is not a directory".into(),
            () if metadata.uid() != user => format!("belongs to user {}, not to {user}", metadata.uid()),
            () if metadata.mode() & 0o077 != 0 => "can be entered by others (its mode is not 0700)".into(),
            () => return Ok(()),
        };
        Err(io::Error::other(format!("{} {problem}", directory.display())))
    }
}

fn entries(directory: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(directory).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()))
}

/// Is the name `samovar-UID`?
fn is_of_a_user(directory: &Path) -> bool {
    let name = directory.file_name().and_then(|name| name.to_str());
    let user = name.and_then(|name| name.strip_prefix("samovar-"));
    user.is_some_and(|user| !user.is_empty() && user.bytes().all(|digit| digit.is_ascii_digit()))
}

fn is_private(directory: &Path) -> bool {
    directory.symlink_metadata().is_ok_and(|metadata| metadata.is_dir() && metadata.mode() & 0o077 == 0)
}

/// `$XDG_RUNTIME_DIR/samovar`, or a directory of this user in the temporary directory.
fn default_directory() -> PathBuf {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    match runtime.filter(|path| path.is_dir()) {
        Some(runtime) => runtime.join("samovar"),
        None => std::env::temp_dir().join(format!("samovar-{}", rustix::process::geteuid().as_raw())),
    }
}

/// The path of a site as the user sees it, made absolute: where the shell came over a link, `.` is the link's name and
/// not its end.
///
/// # Errors
/// The working directory is gone.
pub fn typed(site: &Path) -> io::Result<PathBuf> {
    if site.is_relative()
        && let Some(logical) = std::env::var_os("PWD").map(PathBuf::from).filter(|path| path.is_absolute())
        && logical.canonicalize().ok() == std::env::current_dir().ok()
    {
        return Ok(normalize(&logical.join(site)));
    }
    Ok(normalize(&std::path::absolute(site)?))
}

/// A directory and the `samovar.conf` in it are one site.
fn of_directory(site: &Path) -> PathBuf {
    match (site.file_name(), site.parent()) {
        (Some(name), Some(directory)) if name == "samovar.conf" => directory.to_path_buf(),
        _ => site.to_path_buf(),
    }
}

/// A readable name that is different for each path.
fn file_name(site: &Path) -> String {
    let stem = site.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let readable: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).take(24).collect();
    format!("{readable}-{:016x}.sock", fnv(site.as_os_str().as_encoded_bytes()))
}

/// FNV-1a: the same in every version of the program, so that any finds the socket of any.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_and_its_configuration_are_one_site() {
        let site = tempfile::tempdir().expect("a directory");
        std::fs::write(site.path().join("samovar.conf"), "").expect("written");
        std::fs::write(site.path().join("other.conf"), "").expect("written");
        let of = |name: &str| ControlSocket::of_site(&site.path().join(name)).expect("an address");
        assert_eq!(of(""), of("samovar.conf"));
        assert_ne!(of(""), of("other.conf"));
    }

    #[test]
    fn a_site_behind_a_link_keeps_its_address_when_the_link_is_switched() {
        let site = tempfile::tempdir().expect("a directory");
        let at = |name: &str| site.path().join(name);
        let switch = |to: &str| {
            std::fs::create_dir_all(at(to)).expect("made");
            std::os::unix::fs::symlink(at(to), at("next")).expect("linked");
            std::fs::rename(at("next"), at("current")).expect("renamed");
            ControlSocket::of_site(&at("current")).expect("an address")
        };
        let (one, two) = (switch("1"), switch("2"));
        assert_eq!(one.socket(), two.socket());
        assert_ne!(one.alias(), two.alias());
        assert_eq!(two.alias(), Some(ControlSocket::of_site(&at("2")).expect("an address").socket()));
    }

    #[test]
    fn a_directory_that_others_can_enter_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().expect("a directory");
        let directory = parent.path().join("samovar");
        let address = ControlSocket { socket: directory.join("s"), alias: None, directory: Some(directory.clone()) };
        address.prepare().expect("made");
        assert_eq!(directory.metadata().expect("made").permissions().mode() & 0o777, 0o700);
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).expect("changed");
        let refused = address.prepare().expect_err("refused").to_string();
        assert!(refused.contains("can be entered by others"), "{refused}");
    }

    #[test]
    fn only_private_directories_of_users_are_looked_at() {
        let parent = tempfile::tempdir().expect("a directory");
        for (name, mode, expected) in [
            ("samovar-33", 0o700, true),
            ("samovar-33x", 0o700, false),
            ("samovar-", 0o700, false),
            ("samovar-34", 0o755, false),
        ] {
            use std::os::unix::fs::PermissionsExt;
            let directory = parent.path().join(name);
            std::fs::create_dir(&directory).expect("made");
            std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(mode)).expect("changed");
            assert_eq!(is_of_a_user(&directory) && is_private(&directory), expected, "{name}");
        }
        let link = parent.path().join("samovar-35");
        std::os::unix::fs::symlink(parent.path().join("samovar-33"), &link).expect("linked");
        assert!(is_of_a_user(&link) && !is_private(&link));
        let (socket, alias) = (Path::new("/own/a.sock"), Path::new("/own/b.sock"));
        let address =
            ControlSocket { socket: socket.into(), alias: Some(alias.into()), directory: Some("/own".into()) };
        assert_eq!(
            address.in_directory(Path::new("/of")).names().collect::<Vec<_>>(),
            ["/of/a.sock", "/of/b.sock"].map(Path::new)
        );
    }

    #[test]
    fn names_are_short_and_readable() {
        let name = file_name(Path::new("/srv/Grüße an alle, die das hier lesen/my site.conf"));
        assert!(name.starts_with("my-site-") && name.ends_with(".sock") && name.len() < 64, "{name}");
    }
}
