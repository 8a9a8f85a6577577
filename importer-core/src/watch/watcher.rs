//! Where signals come from: a trait with one implementation for this machine's file events.

use std::path::{Path, PathBuf};

use notify::{
    Config, ErrorKind, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, CreateKind, ModifyKind, RenameMode},
};

use super::signal::Signal;

/// Takes signals; called from a thread of the watcher's.
pub type Sink = Box<dyn Fn(Signal) + Send + Sync>;

/// Tells that files may have changed. Missing something is allowed, it only takes longer then.
pub trait Watcher: Send {
    /// Begins to watch a directory with everything below it, or begins anew if it was watched already.
    ///
    /// # Errors
    /// The system gives no (further) watches: the message says what to do. What could be watched, is.
    fn watch(&mut self, root: &Path) -> Result<(), String>;
}

/// Watches with what the operating system offers.
pub struct NotifyWatcher {
    inner: RecommendedWatcher,
}

impl NotifyWatcher {
    /// Starts without watching anything yet.
    ///
    /// # Errors
    /// The system has no file events to give; changes can be found by looking alone.
    pub fn new(sink: Sink) -> Result<Self, String> {
        let handle = move |event: notify::Result<notify::Event>| match event {
            Ok(event) => signals(&event).into_iter().for_each(&sink),
            Err(error) if matches!(error.kind, ErrorKind::MaxFilesWatch) => sink(Signal::Unwatched(advice(&error))),
            Err(_) => sink(Signal::Lost),
        };
        let inner = RecommendedWatcher::new(handle, Config::default()).map_err(|error| no_instance(&error))?;
        Ok(Self { inner })
    }

    /// As [`watch`](Watcher::watch), without what lies in directories below.
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
        // An old watch may follow a directory that was moved away.
        let _ = self.inner.unwatch(root);
        self.inner.watch(root, RecursiveMode::Recursive).map_err(|error| advice(&error))
    }
}

fn no_instance(error: &notify::Error) -> String {
    format!(
        "the system gives no file events ({error}); raise the limit with `sysctl fs.inotify.max_user_instances=1024`, or \
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
        // Reading is no change; our own reading least of all.
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => each(Signal::Complete),
        EventKind::Access(_) => Vec::new(),
        EventKind::Create(CreateKind::File) => created(event),
        EventKind::Modify(ModifyKind::Data(_)) => each(Signal::Writing),
        // Told once more, together with the other half.
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

/// A new file is about to be written and closed, unless it is a link of either kind: those come complete.
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
        // Reading is none, our own least of all.
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
