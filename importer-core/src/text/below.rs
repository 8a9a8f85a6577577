//! Static files, opened like modules: found first, then checked, then read, all through one descriptor.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use super::{descriptor::Descriptor, source::ReadError};

/// A regular file below a root, open for reading. It lies below the root even after links have been followed.
///
/// ```
/// use samovar_importer::Below;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let site = tempfile::tempdir()?;
/// std::fs::write(site.path().join("style.css"), "p { color: red }")?;
/// let style = Below::open(site.path(), "style.css".as_ref())?;
/// assert_eq!(style.path(), "style.css");
/// assert!(Below::open(site.path(), "../elsewhere".as_ref()).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Below {
    file: File,
    real: PathBuf,
    /// The real path, relative to the root.
    path: PathBuf,
}

impl Below {
    /// Opens the file at `path`, relative to `root`. Only regular files are opened for reading: opening a FIFO would
    /// wait for its other end.
    ///
    /// # Errors
    /// [`ReadError::Missing`], [`ReadError::Outside`], [`ReadError::NotAFile`], and errors of the system.
    pub fn open(root: &Path, path: &Path) -> Result<Self, ReadError> {
        match Self::open_once(root, path) {
            // The root may be a link that was switched at this moment, with links in it that lead through the root
            // again.
            Err(ReadError::Outside(_)) => Self::open_once(root, path),
            other => other,
        }
    }

    fn open_once(root: &Path, path: &Path) -> Result<Self, ReadError> {
        let root = Descriptor::open(root)?;
        let found = root.open_in(path)?;
        let (real, root) = (found.real_path()?, root.real_path()?);
        let Ok(path) = real.strip_prefix(root).map(Path::to_path_buf) else { return Err(ReadError::Outside(real)) };
        if let (Some(kind), _) = found.look()? {
            return Err(ReadError::NotAFile(kind));
        }
        Ok(Self { file: found.reopen()?, real, path })
    }

    /// Returns the path relative to the root, with all links followed.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the absolute path, with all links followed.
    #[must_use]
    pub fn real_path(&self) -> &Path {
        &self.real
    }

    /// Returns the open file.
    #[must_use]
    pub fn into_file(self) -> File {
        self.file
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn site() -> tempfile::TempDir {
        let site = tempfile::tempdir().expect("a directory");
        for name in ["root/a/f.txt", "other/a/f.txt"] {
            let path = site.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, name).expect("written");
        }
        site
    }

    #[track_caller]
    fn check(site: &tempfile::TempDir, path: &str, expected: &str) {
        let found = match Below::open(&site.path().join("root"), path.as_ref()) {
            Ok(below) => {
                let path = below.path().display().to_string();
                format!("{path}: {}", std::io::read_to_string(below.into_file()).expect("read"))
            }
            Err(ReadError::Outside(_)) => "outside".to_owned(),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, expected, "{path}");
    }

    #[test]
    fn links_are_followed_and_must_not_lead_out() {
        let site = site();
        let root = site.path().join("root");
        symlink("a", root.join("inside")).expect("linked");
        symlink(root.join("a/f.txt"), root.join("whole.txt")).expect("linked");
        symlink("../other", root.join("outside")).expect("linked");
        symlink("nothing", root.join("dangling")).expect("linked");
        symlink("loop", root.join("loop")).expect("linked");
        check(&site, "a/f.txt", "a/f.txt: root/a/f.txt");
        check(&site, "inside/f.txt", "a/f.txt: root/a/f.txt");
        check(&site, "whole.txt", "a/f.txt: root/a/f.txt");
        check(&site, "outside/a/f.txt", "outside");
        check(&site, "../other/a/f.txt", "outside");
        check(&site, "../root/a/f.txt", "a/f.txt: root/a/f.txt");
        check(&site, "/etc/hostname", "outside");
        check(&site, "dangling", "no such file");
        check(&site, "a", "is a directory, not a regular file");
        assert!(matches!(Below::open(&root, "loop".as_ref()), Err(ReadError::Io(_))));
    }

    /// The root is the directory that was opened, even if its name leads elsewhere in the meantime.
    #[test]
    fn a_root_may_be_a_link_that_is_switched() {
        let site = site();
        let link = site.path().join("current");
        symlink("root", &link).expect("linked");
        assert_eq!(Below::open(&link, "a/f.txt".as_ref()).expect("found").path(), Path::new("a/f.txt"));
        std::fs::remove_file(&link).expect("removed");
        symlink("other", &link).expect("linked");
        let other = Below::open(&link, "a/f.txt".as_ref()).expect("found").into_file();
        assert_eq!(std::io::read_to_string(other).expect("read"), "other/a/f.txt");
    }

    #[test]
    fn a_file_that_is_replaced_is_found_under_the_name_that_it_had() {
        let site = site();
        let path = site.path().join("root/a/f.txt");
        let found = Descriptor::open(&path).expect("found");
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(found.real_path().expect("known"), path.canonicalize().unwrap_or(path.clone()));
        let named = site.path().join("root/a/x (deleted)");
        std::fs::write(&named, "").expect("written");
        assert_eq!(Descriptor::open(&named).expect("found").real_path().expect("known"), named);
    }
}
