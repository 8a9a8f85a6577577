//! The source of signals: a trait, and its implementation for the file events of the operating system.

use std::path::{Path, PathBuf};

use notify::{
    Config, ErrorKind, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode},
};

use super::signal::Signal;

/// Receives signals; called on a thread of the watcher.
pub type Sink = Box<dyn Fn(Signal) + Send + Sync>;

/// Reports that files may have changed. It may miss changes: they are then found later, at the tick.
pub trait Watcher: Send {
    /// Watches a directory with everything below it. If it was watched already, the watch is renewed.
    ///
    /// # Errors
    /// The system grants no (further) watches: the message says what to do. Directories that could be watched stay
    /// watched.
    fn watch(&mut self, root: &Path) -> Result<(), String>;
}

/// Watches with the file events of the operating system.
pub struct NotifyWatcher {
    inner: RecommendedWatcher,
}

impl NotifyWatcher {
    /// Creates a watcher that does not watch anything yet.
    ///
    /// # Errors
    /// The system provides no file events; changes are then found at the tick only.
    pub fn new(sink: Sink) -> Result<Self, String> {
        let handle = move |event: notify::Result<notify::Event>| match event {
            Ok(event) => signals(&event).into_iter().for_each(&sink),
            Err(error) if matches!(error.kind, ErrorKind::MaxFilesWatch) => sink(Signal::Unwatched(advice(&error))),
            Err(_) => sink(Signal::Lost),
        };
        let inner = RecommendedWatcher::new(handle, Config::default()).map_err(|error| no_instance(&error))?;
        Ok(Self { inner })
    }

    /// As [`watch`](Watcher::watch), without the directories below.
    ///
    /// # Errors
    /// As for [`watch`](Watcher::watch).
    pub fn watch_directory(&mut self, directory: &Path) -> Result<(), String> {
        let _ = self.inner.unwatch(directory);
        self.inner.watch(directory, RecursiveMode::NonRecursive).map_err(|error| advice(&error))
    }
}

impl Watcher for NotifyWatcher {
    fn watch(&mut self, root: &Path) -> Result<(), String> {
        // The old watch may follow a directory that was moved away.
        let _ = self.inner.unwatch(root);
        self.inner.watch(root, RecursiveMode::Recursive).map_err(|error| advice(&error))
    }
}

fn no_instance(error: &notify::Error) -> String {
    format!(
        "the system provides no file events ({error}); raise the limit with `sysctl fs.inotify.max_user_instances=1024`, or \
         that of open files"
    )
}

fn advice(error: &notify::Error) -> String {
    match error.kind {
        ErrorKind::MaxFilesWatch => "the limit of watched directories is reached; raise it with \
             `sysctl fs.inotify.max_user_watches=524288`"
            .into(),
        _ => error.to_string(),
    }
}

fn signals(event: &notify::Event) -> Vec<Signal> {
    if event.need_rescan() {
        return vec![Signal::Lost];
    }
    let each = |signal: fn(PathBuf) -> Signal| event.paths.iter().cloned().map(signal).collect();
    match event.kind {
        // Reading is not a change; our own reads cause these events as well.
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => each(Signal::Complete),
        EventKind::Access(_) => Vec::new(),
        EventKind::Create(CreateKind::File) => created(event),
        EventKind::Modify(ModifyKind::Data(_)) => each(Signal::Writing),
        // The two halves of a rename are reported separately, too.
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => Vec::new(),
        _ => event.paths.iter().map(|path| in_place(path)).collect(),
    }
}

fn in_place(path: &Path) -> Signal {
    match path.symlink_metadata() {
        Ok(it) if it.is_symlink() || it.is_dir() => Signal::Moved(path.to_path_buf()),
        _ => Signal::Complete(path.to_path_buf()),
    }
}

/// Returns the signals for new files. A new file is about to be written and closed, unless it is a hard or symbolic
/// link: links are complete when they appear.
fn created(event: &notify::Event) -> Vec<Signal> {
    let signal = |path: &PathBuf| match in_place(path) {
        Signal::Complete(path) if !path.metadata().is_ok_and(|it| is_linked(&it)) => Signal::Writing(path),
        signal => signal,
    };
    event.paths.iter().map(signal).collect()
}

#[cfg(unix)]
fn is_linked(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(metadata) > 1
}

#[cfg(not(unix))]
fn is_linked(_: &std::fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, DataChange, Flag, MetadataKind, RemoveKind};

    use super::*;

    #[track_caller]
    fn check(kind: EventKind, path: &Path, expected: &[Signal]) {
        assert_eq!(signals(&notify::Event::new(kind).add_path(path.to_path_buf())), expected, "{kind:?}");
    }

    #[test]
    fn what_the_system_tells_is_a_signal_or_nothing() {
        let site = tempfile::tempdir().expect("a directory");
        let file = site.path().join("file");
        std::fs::write(&file, "").expect("written");
        let file = &*file;
        let [writing, complete] = [Signal::Writing, Signal::Complete].map(|signal| [signal(file.to_path_buf())]);
        check(EventKind::Access(AccessKind::Close(AccessMode::Write)), file, &complete);
        // Reading is not a change.
        check(EventKind::Access(AccessKind::Close(AccessMode::Read)), file, &[]);
        check(EventKind::Access(AccessKind::Open(AccessMode::Any)), file, &[]);
        check(EventKind::Modify(ModifyKind::Data(DataChange::Any)), file, &writing);
        check(EventKind::Modify(ModifyKind::Name(RenameMode::Both)), file, &[]);
        check(EventKind::Modify(ModifyKind::Name(RenameMode::To)), file, &complete);
        check(EventKind::Modify(ModifyKind::Metadata(MetadataKind::Any)), file, &complete);
        check(
            EventKind::Remove(RemoveKind::File),
            &site.path().join("gone"),
            &[Signal::Complete(site.path().join("gone"))],
        );
        check(EventKind::Create(CreateKind::Folder), site.path(), &[Signal::Moved(site.path().into())]);
        let lost = notify::Event::new(EventKind::Other).set_flag(Flag::Rescan);
        assert_eq!(signals(&lost), [Signal::Lost]);
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_is_about_to_be_written_unless_it_is_a_link() {
        let site = tempfile::tempdir().expect("a directory");
        let of = |name: &str| site.path().join(name);
        std::fs::write(of("file"), "").expect("written");
        let created = EventKind::Create(CreateKind::File);
        check(created, &of("file"), &[Signal::Writing(of("file"))]);
        std::fs::hard_link(of("file"), of("hard")).expect("linked");
        check(created, &of("hard"), &[Signal::Complete(of("hard"))]);
        std::os::unix::fs::symlink("file", of("soft")).expect("linked");
        check(created, &of("soft"), &[Signal::Moved(of("soft"))]);
    }

    #[test]
    fn what_the_system_refuses_is_told_with_a_remedy() {
        let full = notify::Error::new(ErrorKind::MaxFilesWatch);
        assert!(advice(&full).contains("max_user_watches") && no_instance(&full).contains("max_user_instances"));
        assert_eq!(advice(&notify::Error::generic("no")), "no");
    }
}
