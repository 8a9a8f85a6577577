//! Files that are found first and opened for reading later. Every check therefore concerns the very file that is read.

pub(crate) use system::Descriptor;

#[cfg(target_os = "linux")]
mod system {
    //! Linux: `O_PATH` opens anything without side effects (a FIFO does not block, a device does not act), and
    //! `/proc/self/fd` names and reopens exactly that file.

    use std::{
        ffi::OsString,
        fs::File,
        io,
        os::{
            fd::{AsRawFd, OwnedFd},
            unix::ffi::{OsStrExt, OsStringExt},
        },
        path::{Path, PathBuf},
    };

    use rustix::fs::{CWD, FileType, Mode, OFlags};

    use crate::text::stamp::Stamp;

    pub(crate) struct Descriptor(OwnedFd);

    /// The suffix that the system adds to the path of a file that no longer has a name.
    const DELETED: &[u8] = b" (deleted)";

    impl Descriptor {
        pub(crate) fn open(path: &Path) -> io::Result<Self> {
            Ok(Self(rustix::fs::openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?))
        }

        /// Finds the file at a path relative to this directory.
        pub(crate) fn open_in(&self, path: &Path) -> io::Result<Self> {
            Ok(Self(rustix::fs::openat(&self.0, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?))
        }

        pub(crate) fn look(&self) -> io::Result<(Option<&'static str>, Stamp)> {
            let stat = rustix::fs::fstat(&self.0)?;
            let other = match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => None,
                FileType::Directory => Some("directory"),
                FileType::Fifo => Some("FIFO"),
                FileType::Socket => Some("socket"),
                _ => Some("device"),
            };
            #[allow(clippy::unnecessary_cast, reason = "the types of these fields differ between targets")]
            let stamp = Stamp {
                len: stat.st_size as u64,
                modified: i128::from(stat.st_mtime) * 1_000_000_000 + stat.st_mtime_nsec as i128,
                changed: i128::from(stat.st_ctime) * 1_000_000_000 + stat.st_ctime_nsec as i128,
                file: (stat.st_dev as u64, stat.st_ino as u64),
            };
            Ok((other, stamp))
        }

        fn proc(&self) -> PathBuf {
            format!("/proc/self/fd/{}", self.0.as_raw_fd()).into()
        }

        /// Returns the path with all links followed. For a file that has been replaced, the path that it had.
        pub(crate) fn real_path(&self) -> io::Result<PathBuf> {
            let path = std::fs::read_link(self.proc())?;
            match path.as_os_str().as_bytes().strip_suffix(DELETED) {
                Some(had) if rustix::fs::fstat(&self.0)?.st_nlink == 0 => Ok(OsString::from_vec(had.to_vec()).into()),
                _ => Ok(path),
            }
        }

        pub(crate) fn reopen(&self) -> io::Result<File> {
            File::open(self.proc())
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    //! Other systems have no way to open a file without side effects and to ask where it lies. The path is resolved
    //! first, and a link that is switched at that moment may be missed until the next look.

    use std::{
        fs::{File, Metadata},
        io,
        path::{Path, PathBuf},
        time::UNIX_EPOCH,
    };

    use crate::text::stamp::Stamp;

    pub(crate) struct Descriptor(PathBuf, Metadata);

    impl Descriptor {
        pub(crate) fn open(path: &Path) -> io::Result<Self> {
            let real = path.canonicalize()?;
            let metadata = real.metadata()?;
            Ok(Self(real, metadata))
        }

        pub(crate) fn open_in(&self, path: &Path) -> io::Result<Self> {
            Self::open(&self.0.join(path))
        }

        pub(crate) fn look(&self) -> io::Result<(Option<&'static str>, Stamp)> {
            let other = match () {
                () if self.1.is_file() => None,
                () if self.1.is_dir() => Some("directory"),
                () => Some("device"),
            };
            let modified = self.1.modified()?.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i128);
            Ok((other, Stamp { len: self.1.len(), modified, ..Stamp::default() }))
        }

        pub(crate) fn real_path(&self) -> io::Result<PathBuf> {
            Ok(self.0.clone())
        }

        pub(crate) fn reopen(&self) -> io::Result<File> {
            File::open(&self.0)
        }
    }
}
