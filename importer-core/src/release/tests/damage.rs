//! Damaged files are left out and reported; the rest is usable.

use std::{fs, path::PathBuf};

use super::{Disk, hash, numbers, problems, written};
use crate::{
    release::TextError,
    text::{ReadError, SourceTree},
};

fn text_of(disk: &Disk, text: &str) -> PathBuf {
    disk.path().join("texts").join(hash(text).to_string())
}

fn three(disk: &Disk) {
    let history = disk.open();
    for text in ["one", "two", "three"] {
        written(&history, &[("/s/a", text), ("/s/b", "common")]);
    }
}

#[test]
fn l3_a_damaged_manifest_is_left_out() {
    let manifest = {
        let disk = Disk::new();
        three(&disk);
        fs::read(disk.path().join("releases/2")).expect("a manifest")
    };
    let changed = |at: usize| {
        let mut bytes = manifest.clone();
        bytes[at] ^= 1;
        bytes
    };
    let mut cases: Vec<Vec<u8>> = vec![Vec::new(), b"samovar release 0\n".into(), b"\xff".into()];
    cases.extend([1, manifest.len() / 2, manifest.len() - 1].map(|len| manifest[..len].to_vec()));
    cases.extend([0, 20, manifest.len() / 2, manifest.len() - 2].map(changed));
    cases.push([manifest.as_slice(), b"number 7\n"].concat());
    for damaged in cases {
        let disk = Disk::new();
        three(&disk);
        let path = disk.path().join("releases/2");
        fs::write(&path, &damaged).expect("a manifest");
        let history = disk.open();
        assert_eq!(numbers(&history), [1, 3]);
        let expected = format!("release 2 is missing from the history: `{}` is damaged", path.display());
        assert_eq!(problems(&history), [expected]);
        assert!(history.problems()[0].help[0].text.contains("restore the file"));
        assert!(history.flush(super::LONG));
        assert!(path.exists(), "what may be mended by hand is not removed");
    }
}

#[test]
fn l3_a_manifest_under_the_number_of_another_is_damaged() {
    let disk = Disk::new();
    three(&disk);
    let [copied, strange] = ["9", "009"].map(|name| disk.path().join("releases").join(name));
    fs::copy(disk.path().join("releases/1"), &copied).expect("a copy");
    fs::copy(disk.path().join("releases/1"), strange).expect("a copy");
    let history = disk.open();
    assert_eq!(numbers(&history), [1, 2, 3]);
    assert_eq!(problems(&history).len(), 1);
    assert!(problems(&history)[0].contains("releases/9"), "{:?}", problems(&history));
}

#[test]
fn l3_the_number_of_a_damaged_release_is_not_given_again() {
    let disk = Disk::new();
    three(&disk);
    fs::write(disk.path().join("releases/3"), "samovar release 1\n").expect("a manifest");
    let history = disk.open();
    assert_eq!(numbers(&history), [1, 2]);
    assert_eq!(written(&history, &[("/s/a", "four")]).number(), 4);
    assert_eq!(disk.names("releases"), ["1", "2", "3", "4"]);
}

#[test]
fn l3_a_damaged_text_is_an_error_for_whoever_reads_it_until_it_is_published_again() {
    for damage in [Some("tw0"), Some(""), Some("two and more"), None] {
        let disk = Disk::new();
        three(&disk);
        let path = text_of(&disk, "two");
        match damage {
            Some(text) => fs::write(&path, text).expect("a text"),
            None => fs::remove_file(&path).expect("a text"),
        }
        let history = disk.open();
        assert_eq!(numbers(&history), [1, 2, 3], "what is known of the release is right");
        let state = if damage.is_some() { "damaged" } else { "missing" };
        let expected = format!("a text of the history is lost: `{}` is {state}; release 2 names it", path.display());
        assert_eq!(problems(&history), [expected]);
        assert!(matches!(history.text(hash("two")), Err(TextError::Lost(found)) if found == path));
        let tree = history.tree(history.release(2).expect("the release"));
        for refused in [tree.read("/s/a".as_ref()).err(), tree.stamp("/s/a".as_ref()).err()] {
            assert!(matches!(refused, Some(ReadError::Io(_))), "{refused:?}");
        }
        assert_eq!(&*tree.read("/s/b".as_ref()).expect("a module").text, "common");

        written(&history, &[("/s/c", "two")]);
        assert_eq!(&*history.text(hash("two")).expect("a text"), "two");
        assert_eq!(problems(&history), [""; 0]);
        drop((tree, history));
        assert_eq!(problems(&disk.open()), [""; 0]);
    }
}

#[test]
fn l3_a_text_that_is_damaged_later_is_never_read() {
    let disk = Disk::new();
    let history = disk.open();
    written(&history, &[("/s/a", "one")]);
    let told = std::sync::Arc::new(parking_lot::Mutex::new(Vec::new()));
    let heard = told.clone();
    history.on_problem(move |problem| heard.lock().push(problem.to_string()));
    fs::write(text_of(&disk, "one"), "0ne").expect("a text");
    for _ in 0..3 {
        assert!(matches!(history.text(hash("one")), Err(TextError::Lost(_))));
    }
    super::eventually(|| !told.lock().is_empty());
    assert_eq!(*told.lock(), problems(&history), "told once");
    fs::write(text_of(&disk, "one"), b"\xff\xff").expect("a text");
    written(&history, &[("/s/a", "one")]);
    assert_eq!(&*history.text(hash("one")).expect("a text"), "one");
}

#[test]
fn l3_very_many_damaged_files_are_told_of_in_a_few_lines() {
    let disk = Disk::new();
    let history = disk.open();
    for round in 0..30 {
        super::record(&history, &[("/s/a", &round.to_string())]);
    }
    assert!(history.flush(super::LONG));
    drop(history);
    for number in 1..=30 {
        fs::write(disk.path().join("releases").join(number.to_string()), "?").expect("a manifest");
    }
    let history = disk.open();
    let problems = problems(&history);
    assert_eq!(problems.len(), 11, "{problems:?}");
    assert_eq!(problems.last().map(String::as_str), Some("20 more files of the history cannot be used"));
    assert_eq!(history.next_number(), 31);
}

#[test]
fn l3_a_history_of_a_later_version_is_left_alone() {
    let disk = Disk::new();
    three(&disk);
    fs::write(disk.path().join("releases/4"), "samovar release 2\nwho knows\n").expect("a manifest");
    let history = disk.open();
    let path = disk.path();
    let expected = format!(
        "no history is kept in `{}`: a later version of Samovar wrote `{}`",
        path.display(),
        path.join("releases/4").display()
    );
    assert_eq!(problems(&history), [expected]);
    super::record(&history, &[("/s/a", "four")]);
    assert!(!history.flush(super::LONG));
    assert_eq!(disk.names("releases"), ["1", "2", "3", "4"]);
    assert_eq!(disk.names("texts").len(), 4);
}

#[test]
fn l3_what_was_left_half_written_is_removed_and_what_is_not_ours_stays() {
    let disk = Disk::new();
    three(&disk);
    let orphan = hash("nobody names it").to_string();
    for (name, text) in [
        ("releases/4.partial", "samovar rel"),
        ("texts/abc.partial", "on"),
        ("texts/README", "mine"),
        ("releases/notes", "mine"),
        (&format!("texts/{orphan}"), "nobody names it"),
        (&format!("texts/{}", hash("nor this")), "and it is damaged"),
    ] {
        fs::write(disk.path().join(name), text).expect("a file");
    }
    let history = disk.open();
    assert!(history.flush(super::LONG), "{:?}", problems(&history));
    assert_eq!(disk.names("releases"), ["1", "2", "3", "notes"]);
    let texts = disk.names("texts");
    assert_eq!(texts.len(), 5, "{texts:?}");
    assert!(texts.contains(&"README".to_owned()));
    assert_eq!((problems(&history), history.next_number()), (vec![], 4));
}

#[test]
fn l3_texts_are_not_collected_while_a_manifest_cannot_be_read() {
    let disk = Disk::new();
    three(&disk);
    // A directory stands for a file that the system cannot read now.
    let [manifest, away] = ["releases/2", "away"].map(|name| disk.path().join(name));
    fs::rename(&manifest, &away).expect("it moves");
    fs::create_dir(&manifest).expect("a directory");
    let history = disk.open();
    let expected =
        format!("release 2 is missing from the history: `{}` cannot be read: not a regular file", manifest.display());
    assert_eq!(problems(&history), [expected]);
    written(&history, &[("/s/a", "four")]);
    drop(history);
    fs::remove_dir(&manifest).expect("the directory");
    fs::rename(&away, &manifest).expect("it moves back");
    let history = disk.open();
    assert_eq!(numbers(&history), [1, 2, 3, 4]);
    assert_eq!(&*history.text(hash("two")).expect("a text"), "two");
}
