//! Reading from the disk.

use std::fs;
use std::io::ErrorKind;

use std::io;
use std::path::Path;

use samovar_config::{DiskFiles, Entry, Files, MemoryFiles, ReadLimits};

use crate::site::{MARK, ask, reader};

#[test]
fn a_tree_on_the_disk_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("conf.d")).expect("a folder");
    fs::write(folder.path().join("site.conf"), "Include conf.d/*.conf\nMark end").expect("a file");
    fs::write(folder.path().join("conf.d/b.conf"), "Mark b").expect("a file");
    fs::write(folder.path().join("conf.d/a.conf"), "Mark a").expect("a file");
    let loaded = reader().read(&DiskFiles, folder.path().join("site.conf")).expect("loads");
    assert_eq!(ask(&loaded.config, "/").get(MARK).collect::<Vec<_>>(), ["a", "b", "end"]);
}

#[test]
fn what_is_no_regular_file_is_refused_without_waiting() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs");
    assert!(made.success());
    for path in [pipe, folder.path().to_owned(), "/dev/zero".into()] {
        let error = DiskFiles.read(&path, 10).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{}", path.display());
    }
}

#[test]
fn what_is_too_large_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("large");
    fs::write(&path, "# 4567890").expect("a file");
    assert!(DiskFiles.read(&path, 9).is_ok());
    assert_eq!(DiskFiles.read(&path, 8).expect_err("refused").kind(), ErrorKind::FileTooLarge);
}

#[test]
fn a_directory_that_leads_back_to_itself_ends_at_the_limit() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("loop")).expect("a folder");
    std::os::unix::fs::symlink(folder.path().join("loop"), folder.path().join("loop/again")).expect("a link");
    std::os::unix::fs::symlink(folder.path().join("loop"), folder.path().join("loop/more")).expect("a link");
    fs::write(folder.path().join("site.conf"), "Include loop").expect("a file");
    let limits = ReadLimits { files: 50, ..ReadLimits::default() };
    let report = reader().limits(limits).read(&DiskFiles, folder.path().join("site.conf")).expect_err("refused");
    assert!(report.findings().iter().any(|found| found.code.slug() == "too-many-files"), "{report}");
}

/// Files of which one directory is there and cannot be read.
struct Locked(MemoryFiles);

impl Files for Locked {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        self.0.read(path, limit)
    }

    fn list(&self, path: &Path) -> io::Result<Option<Vec<Entry>>> {
        if path == Path::new("/etc/locked") { Err(ErrorKind::PermissionDenied.into()) } else { self.0.list(path) }
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

#[test]
fn a_directory_that_cannot_be_read_is_never_taken_for_an_empty_one() {
    for include in ["Include", "IncludeOptional"] {
        let files = MemoryFiles::new().file("/etc/site.conf", format!("{include} locked/*.conf\n"));
        let report = reader().read(&Locked(files), "/etc/site.conf").expect_err("refused");
        let slugs: Vec<_> = report.findings().iter().map(|found| found.code.slug()).collect();
        assert_eq!(slugs.first(), Some(&"include-unreadable"), "{report}");
    }
}

#[test]
fn it_is_known_what_was_looked_for() {
    let files = MemoryFiles::new()
        .file("/etc/site.conf", "IncludeOptional none.conf\nIncludeOptional conf.d/*.conf\nInclude a.conf\n")
        .file("/etc/a.conf", "");
    let loaded = reader().read(&files, "/etc/site.conf").expect("loads");
    let asked: Vec<_> = loaded.report.sources().asked().map(|path| path.display().to_string()).collect();
    assert_eq!(asked, ["/etc/a.conf", "/etc/conf.d", "/etc/none.conf", "/etc/site.conf"]);
}
