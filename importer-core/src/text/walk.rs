//! Directories and links on disk.

use std::{
    collections::{BTreeSet, VecDeque},
    ffi::OsString,
    fs::Metadata,
    path::{Component, Path, PathBuf},
};

/// The most entries below all roots that are looked at.
const ENTRIES: usize = 200_000;
/// Directories that are nested deeper than this are left out.
const DEPTH: usize = 64;
/// The most links that the system follows.
const LINKS: usize = 40;

/// Returns the files with an extension below directories, by each name that leads to them. Links are followed, but not
/// back to a directory that they lie in. Names that begin with a dot are left out.
pub(super) fn walk(roots: &[PathBuf], extension: &str) -> Vec<PathBuf> {
    // Each directory with those that it lies in, by device and inode.
    let mut todo: Vec<(PathBuf, Vec<(u64, u64)>)> = roots.iter().map(|root| (root.clone(), Vec::new())).collect();
    let (mut found, mut entries) = (BTreeSet::new(), 0);
    while let Some((directory, mut above)) = todo.pop() {
        let Ok(identity) = directory.metadata().map(|it| identity(&it)) else { continue };
        if above.len() >= DEPTH || (identity != (0, 0) && above.contains(&identity)) {
            continue;
        }
        above.push(identity);
        let Ok(listed) = std::fs::read_dir(&directory) else { continue };
        for entry in listed.flatten() {
            entries += 1;
            if entries > ENTRIES {
                return found.into_iter().collect();
            }
            let path = entry.path();
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            match path.metadata() {
                Ok(it) if it.is_dir() && !is_hidden => todo.push((path, above.clone())),
                Ok(it) if it.is_file() && path.extension().is_some_and(|it| it == extension) => {
                    found.insert(path);
                }
                _ => {}
            }
        }
    }
    found.into_iter().collect()
}

/// Returns when a link or a directory on the way to a file last took its place, in nanoseconds since 1970; `i128::MIN` if
/// none is known to have. A directory that was moved has a change time later than its modification time, which is that
/// of its entries.
pub(super) fn way_changed(path: &Path) -> i128 {
    let (mut at, mut latest, mut links) = (PathBuf::new(), i128::MIN, 0);
    let mut rest: VecDeque<OsString> = parts(path).collect();
    while let Some(part) = rest.pop_front() {
        match Path::new(&part).components().next() {
            Some(Component::ParentDir) => {
                at.pop();
                continue;
            }
            Some(Component::CurDir) | None => continue,
            // An absolute part replaces everything before it.
            Some(_) => at.push(&part),
        }
        let Ok(metadata) = at.symlink_metadata() else { return latest };
        if metadata.is_dir() && changed(&metadata) > modified(&metadata) {
            latest = latest.max(changed(&metadata));
        }
        if metadata.is_symlink() && links < LINKS {
            links += 1;
            latest = latest.max(changed(&metadata));
            let Ok(target) = at.read_link() else { return latest };
            at.pop();
            parts(&target).collect::<Vec<_>>().into_iter().rev().for_each(|part| rest.push_front(part));
        }
    }
    latest
}

fn parts(path: &Path) -> impl Iterator<Item = OsString> + '_ {
    path.components().map(|part| part.as_os_str().to_owned())
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> (u64, u64) {
    (0, 0)
}

#[cfg(unix)]
fn changed(metadata: &Metadata) -> i128 {
    use std::os::unix::fs::MetadataExt;
    i128::from(metadata.ctime()) * 1_000_000_000 + i128::from(metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn changed(_: &Metadata) -> i128 {
    i128::MIN
}

#[cfg(unix)]
fn modified(metadata: &Metadata) -> i128 {
    use std::os::unix::fs::MetadataExt;
    i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec())
}

#[cfg(not(unix))]
fn modified(_: &Metadata) -> i128 {
    i128::MIN
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn l2_files_are_found_by_each_name_and_circles_end() {
        let site = tempfile::tempdir().expect("a directory");
        let of = |name: &str| site.path().join(name);
        for name in ["a/x.toy", "a/b/y.toy", "a/.hidden/z.toy", "a/other.txt", "c/w.toy"] {
            std::fs::create_dir_all(of(name).parent().expect("a parent")).expect("made");
            std::fs::write(of(name), "text").expect("written");
        }
        symlink("..", of("a/b/up")).expect("linked");
        symlink(of("c"), of("a/elsewhere")).expect("linked");
        symlink(of("a/b"), of("a/again")).expect("linked");
        symlink("x.toy", of("a/same.toy")).expect("linked");
        let found = walk(&[of("a")], "toy");
        let names: Vec<_> =
            found.iter().map(|it| it.strip_prefix(of("a")).expect("below").display().to_string()).collect();
        assert_eq!(names, ["again/y.toy", "b/y.toy", "elsewhere/w.toy", "same.toy", "x.toy"]);
    }

    #[test]
    fn l2_a_link_that_was_switched_and_a_directory_that_was_moved_change_what_lies_behind_them() {
        let site = tempfile::tempdir().expect("a directory");
        let of = |name: &str| site.path().join(name);
        for name in ["one", "two"] {
            std::fs::create_dir(of(name)).expect("made");
            std::fs::write(of(name).join("x.toy"), name).expect("written");
        }
        symlink("one", of("current")).expect("linked");
        let before = way_changed(&of("current/x.toy"));
        // File times advance in steps.
        while way_changed(&of("current/x.toy")) == before {
            let _ = std::fs::remove_file(of("current"));
            symlink("two", of("current")).expect("linked");
        }
        assert!(way_changed(&of("current/x.toy")) > before);
        // So is a directory that was moved there.
        let before = way_changed(&of("one/x.toy"));
        while way_changed(&of("one/x.toy")) == before {
            for (from, to) in [("one", "other"), ("two", "one"), ("other", "two")] {
                std::fs::rename(of(from), of(to)).expect("renamed");
            }
        }
        assert!(way_changed(&of("one/x.toy")) > before);
        symlink("loop", of("loop")).expect("linked");
        way_changed(&of("loop/x.toy"));
    }
}
