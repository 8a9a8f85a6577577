//! The bounds of a history.

use super::{Bounds, Disk, hash, numbers, problems, record, written};
use crate::release::TextError;

#[test]
fn l3_the_last_releases_are_kept() {
    let disk = Disk::new();
    let history = disk.open_with(Bounds { releases: 3, bytes: u64::MAX });
    for text in ["one", "two", "three", "four", "five"] {
        written(&history, &[("/s/a", text), ("/s/b", "common")]);
    }
    assert_eq!(numbers(&history), [3, 4, 5]);
    assert_eq!(disk.names("releases"), ["3", "4", "5"]);
    assert_eq!(disk.names("texts").len(), 4);
    assert!(matches!(history.text(hash("two")), Err(TextError::Unknown(_))));
    assert_eq!(&*history.text(hash("common")).expect("a text"), "common");
    history.set_bounds(Bounds { releases: 1, bytes: u64::MAX });
    assert!(history.flush(super::LONG));
    assert_eq!(disk.names("releases"), ["5"]);
    drop(history);
    let history = disk.open();
    assert_eq!((numbers(&history), history.next_number()), (vec![5], 6));
}

#[test]
fn l3_texts_take_so_many_bytes_and_each_counts_once() {
    let disk = Disk::new();
    let bounds = Bounds { releases: 100, bytes: 30 };
    let history = disk.open_with(bounds);
    // Ten bytes each, and ten bytes that all have in common.
    for text in ["1234567890", "abcdefghij", "ABCDEFGHIJ"] {
        written(&history, &[("/s/a", text), ("/s/b", "..........")]);
    }
    assert_eq!(numbers(&history), [2, 3]);
    drop(history);
    assert_eq!(numbers(&disk.open_with(bounds)), [2, 3]);
    let history = disk.open_with(Bounds { releases: 100, bytes: 29 });
    assert!(history.flush(super::LONG));
    assert_eq!(numbers(&history), [3], "a restart with smaller bounds drops what is too much");
    assert_eq!(disk.names("texts").len(), 2);
}

#[test]
fn l3_the_newest_release_is_kept_whatever_the_bounds_are() {
    let disk = Disk::new();
    let history = disk.open_with(Bounds { releases: 0, bytes: 0 });
    for text in ["one", "two"] {
        let release = written(&history, &[("/s/a", text)]);
        assert_eq!(history.releases(), [release]);
        assert_eq!(&*history.text(hash(text)).expect("a text"), text);
    }
    assert_eq!(problems(&history), [""; 0]);
    assert_eq!(disk.names("texts").len(), 1);
}

#[test]
fn l3_a_damaged_manifest_goes_with_the_releases_of_its_age() {
    let disk = Disk::new();
    let history = disk.open();
    for text in ["one", "two", "three"] {
        written(&history, &[("/s/a", text)]);
    }
    drop(history);
    std::fs::write(disk.path().join("releases/2"), "?").expect("a manifest");
    let history = disk.open_with(Bounds { releases: 2, bytes: u64::MAX });
    assert!(history.flush(super::LONG));
    assert_eq!((disk.names("releases"), problems(&history).len()), (vec!["1".into(), "2".into(), "3".into()], 1));
    written(&history, &[("/s/a", "four")]);
    assert_eq!((disk.names("releases"), problems(&history)), (vec!["3".into(), "4".into()], vec![]));
}

#[test]
fn l3_a_text_that_comes_back_while_it_is_let_go_of_is_kept() {
    let disk = Disk::new();
    let history = disk.open_with(Bounds { releases: 1, bytes: u64::MAX });
    for _ in 0..50 {
        record(&history, &[("/s/a", "one")]);
        record(&history, &[("/s/a", "two")]);
    }
    let last = record(&history, &[("/s/a", "one")]);
    assert!(history.flush(super::LONG), "{:?}", problems(&history));
    drop(history);
    let history = disk.open();
    assert_eq!(history.releases(), [last]);
    assert_eq!(&*history.text(hash("one")).expect("a text"), "one");
    assert_eq!(disk.names("texts").len(), 1);
}
