//! A failing disk is reported once, and tried again.

use std::{fs, sync::Arc};

use parking_lot::Mutex;

use super::{Bounds, Disk, History, hash, numbers, problems, record, written};

/// Nothing can be written below a file, not even by root.
fn block(disk: &Disk, folder: &str) {
    let path = disk.path().join(folder);
    fs::rename(&path, path.with_extension("away")).expect("it moves");
    fs::write(path, "").expect("a file");
}

fn unblock(disk: &Disk, folder: &str) {
    let path = disk.path().join(folder);
    fs::remove_file(&path).expect("the file");
    fs::rename(path.with_extension("away"), path).expect("it moves back");
}

fn listen(history: &History) -> Arc<Mutex<Vec<String>>> {
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    history.on_problem(move |problem| heard.lock().push(problem.to_string()));
    told
}

#[test]
fn l3_what_cannot_be_written_waits_and_is_told_once() {
    for folder in ["texts", "releases"] {
        let disk = Disk::new();
        let history = disk.open();
        written(&history, &[("/s/a", "one")]);
        let told = listen(&history);
        block(&disk, folder);
        for text in ["two", "three", "four"] {
            record(&history, &[("/s/a", text)]);
            assert!(!history.flush(super::LONG));
        }
        assert_eq!(numbers(&history), [1, 2, 3, 4], "they are known all the same");
        assert_eq!(&*history.text(hash("three")).expect("a text"), "three");
        super::eventually(|| !told.lock().is_empty());
        assert_eq!(told.lock().len(), 1);
        let now = problems(&history);
        assert!(now.len() == 1 && now[0].starts_with("the last 3 releases are not in the history yet: `"), "{now:?}");
        assert!(told.lock()[0].starts_with("the newest release is not in the history yet: `"), "{:?}", told.lock());

        unblock(&disk, folder);
        // It is tried again automatically.
        super::eventually(|| problems(&history).is_empty());
        assert!(history.flush(super::LONG));
        drop(history);
        let history = disk.open();
        assert_eq!(numbers(&history), [1, 2, 3, 4]);
        assert_eq!(&*history.text(hash("three")).expect("a text"), "three");
    }
}

#[test]
fn l3_a_directory_that_cannot_be_made_is_tried_again() {
    let disk = Disk::new();
    fs::write(disk.path(), "a file in its place").expect("a file");
    let history = disk.open();
    assert_eq!(problems(&history).len(), 1);
    assert!(problems(&history)[0].starts_with("the history cannot be kept: `"), "{:?}", problems(&history));
    let release = record(&history, &[("/s/a", "one")]);
    assert!(!history.flush(super::LONG));
    fs::remove_file(disk.path()).expect("the file");
    assert!(history.flush(super::LONG), "{:?}", problems(&history));
    drop(history);
    assert_eq!(disk.open().releases(), [release]);
}

#[test]
fn l3_releases_that_come_to_light_later_are_not_overwritten() {
    let disk = Disk::new();
    written(&disk.open(), &[("/s/a", "one")]);
    let away = disk.path().with_extension("away");
    fs::rename(disk.path(), &away).expect("it moves");
    fs::write(disk.path(), "a file in its place").expect("a file");
    let history = disk.open();
    record(&history, &[("/s/a", "two")]);
    fs::remove_file(disk.path()).expect("the file");
    fs::rename(&away, disk.path()).expect("it moves back");
    assert!(!history.flush(super::LONG));
    assert!(problems(&history)[0].contains("it contains releases that this process does not know"));
    drop(history);
    assert_eq!(&*disk.open().text(hash("one")).expect("a text"), "one");
}

#[test]
fn l3_a_directory_that_is_removed_meanwhile_is_made_again() {
    let disk = Disk::new();
    let history = disk.open();
    written(&history, &[("/s/a", "one"), ("/s/b", "common")]);
    fs::remove_dir_all(disk.path()).expect("the directory");
    written(&history, &[("/s/a", "two"), ("/s/b", "common")]);
    assert_eq!(numbers(&history), [2]);
    drop(history);
    let history = disk.open();
    assert_eq!((numbers(&history), problems(&history)), (vec![2], vec![]));
    assert_eq!(&*history.text(hash("common")).expect("a text"), "common");
}

#[test]
fn l3_what_waits_is_bounded_and_the_newest_is_never_lost() {
    let disk = Disk::new();
    let history = disk.open_with(Bounds { releases: 100, bytes: 50 });
    written(&history, &[("/s/a", "one")]);
    block(&disk, "texts");
    for number in 2..=9 {
        record(&history, &[("/s/a", &format!("twenty bytes, so: {number:2}"))]);
        // This makes sure that none of them is being written while it is lost.
        assert!(!history.flush(super::LONG));
    }
    assert_eq!(numbers(&history), [1, 8, 9]);
    let lost = "6 releases are missing from the history: writing did not keep up";
    assert!(problems(&history).iter().any(|problem| problem == lost), "{:?}", problems(&history));
    unblock(&disk, "texts");
    assert!(history.flush(super::LONG), "{:?}", problems(&history));
    drop(history);
    assert_eq!(numbers(&disk.open()), [1, 8, 9]);

    let history = disk.open_with(Bounds { releases: 2, bytes: u64::MAX });
    block(&disk, "texts");
    for number in 10..=15 {
        record(&history, &[("/s/a", &number.to_string())]);
        assert!(!history.flush(super::LONG));
    }
    assert_eq!(numbers(&history).last_chunk(), Some(&[14, 15]));
    unblock(&disk, "texts");
    assert!(history.flush(super::LONG), "{:?}", problems(&history));
    assert_eq!(numbers(&history), [14, 15]);
}

#[test]
fn l3_a_directory_that_another_process_uses_is_left_alone() {
    let disk = Disk::new();
    let holder = disk.open();
    written(&holder, &[("/s/a", "one")]);
    // The lock belongs to the open file, so a second history in one process is kept out as another process is.
    let other = disk.open();
    let path = disk.path();
    let expected = format!("no history is kept in `{}`: process {} uses it", path.display(), std::process::id());
    assert_eq!(problems(&other), [expected]);
    let told = listen(&other);
    super::eventually(|| told.lock().len() == 1);
    record(&other, &[("/s/a", "two")]);
    assert!(!other.flush(super::LONG));
    assert_eq!((numbers(&other), other.next_number()), (vec![], 2));
    drop(other);
    assert_eq!(disk.names("releases"), ["1"]);
    written(&holder, &[("/s/a", "three")]);
    drop(holder);
    let history = disk.open();
    assert_eq!((numbers(&history), problems(&history)), (vec![1, 2], vec![]));
}

/// A file system of a few pages, where the tests may mount one.
struct Small<'a>(&'a std::path::Path);

impl<'a> Small<'a> {
    fn mount(on: &'a std::path::Path) -> Option<Self> {
        run("mount", &["-t", "tmpfs", "-o", "size=64k", "tmpfs"], on).then_some(Self(on))
    }

    fn remount(&self, how: &str) {
        // A process that another test has just started may hold the lock file open until it runs its program.
        super::eventually(|| run("mount", &["-o", &format!("remount,{how}")], self.0));
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        run("umount", &["-l"], self.0);
    }
}

fn run(program: &str, arguments: &[&str], on: &std::path::Path) -> bool {
    let output = std::process::Command::new(program).args(arguments).arg(on).output();
    output.is_ok_and(|output| output.status.success())
}

#[test]
fn l3_a_read_only_disk_is_a_warning_and_what_is_on_it_is_known() {
    let disk = Disk::new();
    fs::create_dir(disk.path()).expect("a directory");
    let path = disk.path();
    let Some(mounted) = Small::mount(&path) else { return };
    written(&disk.open(), &[("/s/a", "one")]);
    mounted.remount("ro");
    let history = disk.open();
    assert_eq!((numbers(&history), problems(&history)), (vec![1], vec![]));
    assert_eq!(&*history.text(hash("one")).expect("a text"), "one");
    record(&history, &[("/s/a", "two")]);
    assert!(!history.flush(super::LONG));
    assert!(problems(&history)[0].contains("Read-only file system"), "{:?}", problems(&history));
    mounted.remount("rw");
    assert!(history.flush(super::LONG), "{:?}", problems(&history));
    drop(history);
    assert_eq!(numbers(&disk.open()), [1, 2]);
}

#[test]
fn l3_a_full_disk_is_a_warning() {
    let disk = Disk::new();
    fs::create_dir(disk.path()).expect("a directory");
    let path = disk.path();
    // Where nothing can be mounted, the other tests of this file have to suffice.
    let Some(_mounted) = Small::mount(&path) else { return };
    let history = disk.open();
    written(&history, &[("/s/a", "one")]);
    let filler = path.join("filler");
    let full = fs::write(&filler, vec![b'x'; 64 << 10]);
    assert!(full.is_err(), "the disk is full now");
    record(&history, &[("/s/a", &"two".repeat(10_000))]);
    assert!(!history.flush(super::LONG));
    assert!(problems(&history)[0].contains("No space left"), "{:?}", problems(&history));
    assert!(disk.names("texts").iter().all(|name| !name.ends_with(".partial")));
    fs::remove_file(filler).expect("the filler");
    assert!(history.flush(super::LONG), "{:?}", problems(&history));
    assert_eq!(problems(&history), [""; 0]);
    drop(history);
    assert_eq!(numbers(&disk.open()), [1, 2]);
}
