//! A directory of files to be served, and the ways in which people change them.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

/// A directory that is gone with its test.
pub struct Site(TempDir);

impl Site {
    /// Makes the files of a text in which `=== path` begins each.
    #[track_caller]
    pub fn new(files: &str) -> Self {
        let site = Self(tempfile::tempdir().expect("a directory"));
        for file in files.split("=== ").skip(1) {
            let (name, text) = file.split_once('\n').unwrap_or((file, ""));
            site.write(name.trim(), text);
        }
        site
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Saves a file as editors do: writes another, and renames it into place.
    #[track_caller]
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let file = self.file(name);
        let directory = file.parent().expect("a file is in a directory");
        fs::create_dir_all(directory).expect("the directory is made");
        let new = directory.join(format!(".{}.new", file.file_name().expect("a name").to_string_lossy()));
        fs::write(&new, text).expect("the file is written");
        fs::rename(&new, &file).expect("the file is renamed");
    }

    /// Waits until the clock of the files, which goes on in steps of some milliseconds, shows a later time. What is saved
    /// afterwards is known to be later.
    #[track_caller]
    pub fn next_tick(&self) {
        let now = || {
            self.write("tick", "");
            self.file("tick").metadata().and_then(|it| it.modified()).expect("a time")
        };
        let before = now();
        crate::poll("the next tick", || (now() > before).then_some(()));
    }

    /// Empties a file, or makes an empty one, and leaves it open for writing.
    #[track_caller]
    pub fn open(&self, name: &str) -> File {
        File::create(self.file(name)).expect("the file is opened")
    }

    /// Removes a file.
    #[track_caller]
    pub fn remove(&self, name: &str) {
        fs::remove_file(self.file(name)).expect("the file is removed");
    }

    /// Makes a symbolic link.
    #[track_caller]
    pub fn link(&self, name: &str, target: impl AsRef<Path>) {
        std::os::unix::fs::symlink(target, self.file(name)).expect("the link is made");
    }

    /// Makes a FIFO: who opens it waits for somebody at its other end.
    #[track_caller]
    pub fn fifo(&self, name: &str) {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        mknodat(CWD, self.file(name), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("the FIFO is made");
    }
}
