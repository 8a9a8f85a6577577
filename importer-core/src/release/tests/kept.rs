//! Recorded releases are known after a restart.

use std::{os::unix::fs::PermissionsExt, sync::Arc, time::Duration};

use super::{Disk, hash, next, numbers, problems, record, written};
use crate::{
    release::{ReleaseOutcome, TextError},
    text::{ReadError, SourceTree},
};

#[test]
fn l3_a_restart_knows_the_releases_and_their_texts() {
    let disk = Disk::new();
    let history = disk.open();
    assert_eq!((history.latest(), history.next_number()), (None, 1));
    let first = written(&history, &[("/s/a", "one"), ("/s/b", "two")]);
    let second = Arc::new(
        next(&history, &[("/s/a", "three"), ("/s/c", "two")])
            .with_author("maintainer")
            .with_message("Two\nlines, 100 %")
            .with_duration(Duration::from_millis(12))
            .with_outcome(ReleaseOutcome::RolledBack),
    );
    history.record(second.clone(), [(hash("three"), "three".into())]);
    assert!(history.flush(super::LONG));
    let before = history.releases();
    drop(history);

    let history = disk.open();
    assert_eq!(history.releases(), before);
    assert_eq!(history.releases(), [first.clone(), second.clone()]);
    assert_eq!(history.release(1), Some(first));
    assert_eq!(history.latest().as_ref(), Some(&second));
    assert_eq!(history.next_number(), 3);
    let changes = second.changes();
    assert_eq!(changes.changed, [std::path::Path::new("/s/a").into()]);
    assert_eq!(changes.added, [std::path::Path::new("/s/c").into()]);
    assert_eq!(changes.removed, [std::path::Path::new("/s/b").into()]);
    for text in ["one", "two", "three"] {
        assert_eq!(&*history.text(hash(text)).expect("a text"), text);
    }
    assert!(matches!(history.text(hash("four")), Err(TextError::Unknown(_))));
    assert_eq!(problems(&history), [""; 0]);
}

#[test]
fn l3_equal_texts_are_stored_once() {
    let disk = Disk::new();
    let history = disk.open();
    written(&history, &[("/s/a", "same"), ("/s/b", "same")]);
    written(&history, &[("/s/a", "same"), ("/s/b", "other")]);
    let mut expected = [hash("same").to_string(), hash("other").to_string()];
    expected.sort();
    assert_eq!(disk.names("texts"), expected);
    assert_eq!(disk.names("releases"), ["1", "2"]);
}

#[test]
fn l3_a_release_is_known_before_it_is_on_the_disk() {
    let disk = Disk::new();
    let history = disk.open();
    for round in 0..50 {
        let text = format!("text {round}");
        let release = record(&history, &[("/s/a", &text)]);
        assert_eq!(history.latest(), Some(release.clone()));
        assert_eq!(&*history.text(hash(&text)).expect("a text"), text);
        assert_eq!(&*history.tree(release).read("/s/a".as_ref()).expect("a module").text, text);
    }
}

#[test]
fn l3_a_release_takes_the_place_of_the_one_that_had_its_number() {
    let disk = Disk::new();
    let history = disk.open();
    let first = written(&history, &[("/s/a", "one"), ("/s/gone", "gone")]);
    let entries =
        [("/s/a", "one"), ("/s/b", "late")].map(|(path, text)| (std::path::Path::new(path).into(), hash(text)));
    let more = super::Release::new(1, first.time(), first.cause().clone(), entries);
    history.record(Arc::new(more), ["one", "late"].map(|text| (hash(text), text.into())));
    assert!(history.flush(super::LONG));
    drop(history);
    let history = disk.open();
    assert_eq!(numbers(&history), [1]);
    assert_eq!(&*history.text(hash("late")).expect("a text"), "late");
    assert_eq!(disk.names("texts").len(), 2, "the text that nobody names any more is gone");
}

#[test]
fn l3_a_release_can_be_read_as_a_tree() {
    let disk = Disk::new();
    let history = disk.open();
    let files = [("/s/a", "same"), ("/s/b", "same"), ("/s/deep/c", "\u{feff}marked"), ("/s/d", "other")];
    let release = written(&history, &files);
    drop(history);

    let history = disk.open();
    let tree = history.tree(release.clone());
    let [a, b, marked] = ["/s/a", "/s/b", "/s/deep/c"].map(|path| tree.read(path.as_ref()).expect("a module"));
    assert_eq!((&*a.text, &*marked.text), ("same", "marked"));
    assert_eq!(a.hash, hash("same"));
    assert!(a.settled && a.complete && !a.stamp.is_young());
    assert_eq!((a.stamp, a.stamp.len), (b.stamp, 4));
    assert_eq!(a.stamp.file, (0, 0), "equal texts are two modules all the same");
    assert_ne!(a.stamp, tree.stamp("/s/d".as_ref()).expect("a stamp"));
    assert_eq!(tree.stamp("/s/a".as_ref()).expect("a stamp"), a.stamp);
    assert_eq!(tree.names("/s".as_ref()), ["a", "b", "d"]);
    assert_eq!(tree.names("/nowhere".as_ref()), [""; 0]);
    for missing in ["/s/x", "/s"] {
        assert!(matches!(tree.read(missing.as_ref()), Err(ReadError::Missing)), "{missing}");
        assert!(matches!(tree.stamp(missing.as_ref()), Err(ReadError::Missing)), "{missing}");
    }
}

#[test]
fn l3_a_text_that_begins_with_a_byte_order_mark_is_kept_as_its_file_has_it() {
    let disk = Disk::new();
    let history = disk.open();
    let in_file = "\u{feff}let x = 1;";
    let entry = (std::path::Path::new("/s/a").into(), hash(in_file));
    let release = super::Release::new(1, std::time::SystemTime::now(), super::ReleaseCause::Files, [entry]);
    // Modules get it without the byte order mark, under the hash with it.
    history.record(Arc::new(release), [(hash(in_file), "let x = 1;".into())]);
    assert!(history.flush(super::LONG), "{:?}", history.problems());
    let stored = std::fs::read_to_string(disk.path().join("texts").join(hash(in_file).to_string()));
    assert_eq!(stored.expect("a text"), in_file);
    assert_eq!(&*history.text(hash(in_file)).expect("a text"), "let x = 1;");
}

#[test]
fn l3_files_are_for_their_owner_only() {
    let disk = Disk::new();
    let history = disk.open();
    written(&history, &[("/s/a", "secret")]);
    let mode = |path: &str| {
        let found = disk.path().join(path).metadata().expect("it is there");
        found.permissions().mode() & 0o7777
    };
    let text = format!("texts/{}", hash("secret"));
    assert_eq!(["", "texts", "releases"].map(mode), [0o700; 3]);
    assert_eq!(["lock", &text, "releases/1"].map(mode), [0o600; 3]);
}

#[test]
fn l3_names_of_any_bytes_survive() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt, path::Path};

    let disk = Disk::new();
    let history = disk.open();
    let odd: [&[u8]; 6] = [b"/s/a b ", b"/s/new\nline", b"/s/\xff\xfe", "/s/größe".as_bytes(), b"/s/100%41", b" /s/\r"];
    let paths: Vec<Arc<Path>> = odd.iter().map(|bytes| Path::new(OsStr::from_bytes(bytes)).into()).collect();
    let entries = paths.iter().map(|path| (path.clone(), hash("text")));
    let release = super::Release::new(1, std::time::SystemTime::now(), super::ReleaseCause::Files, entries);
    history.record(Arc::new(release.clone()), [(hash("text"), "text".into())]);
    drop(history);
    let history = disk.open();
    let found = history.latest().expect("the release");
    assert_eq!(*found, release);
    assert!(paths.iter().all(|path| found.get(path) == Some(hash("text"))));
    assert_eq!(problems(&history), [""; 0]);
}
