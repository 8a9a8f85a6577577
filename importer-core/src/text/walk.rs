//! Directories and links on disk.

use std::{
    collections::{HashSet, VecDeque},
    ffi::OsString,
    fs::Metadata,
    path::{Component, Path, PathBuf},
};

/// The most entries below all roots that are looked at.
const ENTRIES: usize = 200_000;
/// The most links that the system follows.
const LINKS: usize = 40;

/// Returns the files with an extension below directories. Links are followed, and each directory is read once. Names
/// that begin with a dot are left out, since no import means them.
pub(super) fn walk(roots: &[PathBuf], extension: &str) -> Vec<PathBuf> {
    let mut todo: Vec<PathBuf> = roots.to_vec();
    let (mut found, mut seen, mut entries) = (Vec::new(), HashSet::new(), 0);
    while let Some(directory) = todo.pop() {
        let identity = directory.metadata().ok().map(|it| identity(&it)).filter(|it| *it != (0, 0));
        if identity.is_some_and(|identity| !seen.insert(identity)) {
            continue;
        }
        let Ok(listed) = std::fs::read_dir(&directory) else { continue };
        for entry in listed.flatten() {
            entries += 1;
            if entries > ENTRIES {
                return found;
            }
            let path = entry.path();
            let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            match path.metadata() {
                Ok(it) if it.is_dir() && !is_hidden => todo.push(path),
                Ok(it) if it.is_file() && path.extension().is_some_and(|it| it == extension) => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// Returns when a link on the way to a file last changed, in nanoseconds since 1970; `i128::MIN` if there are no links.
pub(super) fn links_changed(path: &Path) -> i128 {
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

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn files_are_found_through_links_once_and_circles_end() {
        let site = tempfile::tempdir().expect("a directory");
        let of = |name: &str| site.path().join(name);
        for name in ["a/x.toy", "a/b/y.toy", "a/.hidden/z.toy", "a/other.txt", "c/w.toy"] {
            std::fs::create_dir_all(of(name).parent().expect("a parent")).expect("made");
            std::fs::write(of(name), "text").expect("written");
        }
        symlink("..", of("a/b/up")).expect("linked");
        symlink(of("c"), of("a/elsewhere")).expect("linked");
        symlink("x.toy", of("a/same.toy")).expect("linked");
        let found = walk(&[of("a")], "toy");
        let names: Vec<_> =
            found.iter().map(|it| it.strip_prefix(of("a")).expect("below").display().to_string()).collect();
        assert_eq!(names, ["b/y.toy", "elsewhere/w.toy", "same.toy", "x.toy"]);
    }

    #[test]
    fn a_link_that_was_switched_is_a_change_of_what_lies_behind_it() {
        let site = tempfile::tempdir().expect("a directory");
        let of = |name: &str| site.path().join(name);
        for name in ["one", "two"] {
            std::fs::create_dir(of(name)).expect("made");
            std::fs::write(of(name).join("x.toy"), name).expect("written");
        }
        symlink("one", of("current")).expect("linked");
        let before = links_changed(&of("current/x.toy"));
        assert!(before > links_changed(&of("one/x.toy")), "no links on the way");
        // File times advance in steps.
        while links_changed(&of("current/x.toy")) == before {
            let _ = std::fs::remove_file(of("current"));
            symlink("two", of("current")).expect("linked");
        }
        assert!(links_changed(&of("current/x.toy")) > before);
        symlink("loop", of("loop")).expect("linked");
        links_changed(&of("loop/x.toy"));
    }
}
