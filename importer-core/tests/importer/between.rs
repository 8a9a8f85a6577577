//! A file that changes between two looks at it.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::toy::Toy;
use samovar_importer::{Event, Hint, ImportOptions, MemoryTree, ReadError, Registry, Scope, Source, SourceTree, Stamp};

const H: &str = "/s/h.toy";

/// Files, one of which is rewritten right after it was read for the n-th time from now.
#[derive(Clone, Default)]
struct Restless {
    tree: MemoryTree,
    reads_left: Arc<AtomicUsize>,
}

impl SourceTree for Restless {
    fn read(&self, path: &Path) -> Result<Source, ReadError> {
        let source = self.tree.read(path);
        let left = self.reads_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left == Ok(1) {
            self.tree.write(H, "version 1");
        }
        source
    }

    fn stamp(&self, path: &Path) -> Result<Stamp, ReadError> {
        self.tree.stamp(path)
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        self.tree.names(directory)
    }
}

/// Editors write another file and rename it: a look caused by the first event may already find the second.
#[test]
fn r32_a_change_that_is_taken_back_during_a_look_is_told() {
    for reads in 1..=4 {
        for hint in [Hint::Everything, Hint::Paths(vec!["/s/.h.toy.new".into()])] {
            let files = Restless::default();
            files.tree.write(H, "version 1");
            let registry = Registry::new("test", Toy::default(), files.clone());
            let scope = Arc::new(Scope::new("test.conf:1").handler_root("/s"));
            registry.pin(&scope).import(None, "~/h", &ImportOptions::default()).expect("loaded");
            let events = registry.subscribe();

            files.tree.write(H, "broken");
            let _ = registry.check(&Hint::Everything, false);
            files.reads_left.store(reads, Ordering::SeqCst);
            for hint in [hint.clone(), hint.clone(), hint.clone(), hint, Hint::Everything] {
                let _ = registry.check(&hint, false);
            }

            let told: Vec<_> = events.try_iter().collect();
            let is_over = |event: &&Event| matches!(event, Event::Mended { .. } | Event::Published { .. });
            assert!(matches!(told.first(), Some(Event::Refused { .. })), "{told:?}");
            assert_eq!(told.iter().filter(is_over).count(), 1, "after {reads} reads: {told:?}");
        }
    }
}

/// Counts what is read.
#[derive(Clone, Default)]
struct Counting {
    tree: MemoryTree,
    reads: Arc<AtomicUsize>,
}

impl SourceTree for Counting {
    fn read(&self, path: &Path) -> Result<Source, ReadError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.tree.read(path)
    }

    fn stamp(&self, path: &Path) -> Result<Stamp, ReadError> {
        self.tree.stamp(path)
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        self.tree.names(directory)
    }
}

/// Thanks to stamps, a look reads nothing.
#[test]
fn r25_what_has_its_stamp_still_is_not_read() {
    let files = Counting::default();
    files.tree.write(H, "version 1");
    let registry = Registry::new("test", Toy::default(), files.clone());
    let scope = Arc::new(Scope::new("test.conf:1").handler_root("/s"));
    registry.pin(&scope).import(None, "~/h", &ImportOptions::default()).expect("loaded");
    let look = |text: Option<&str>| {
        text.into_iter().for_each(|text| files.tree.write(H, text));
        files.reads.store(0, Ordering::SeqCst);
        let _ = registry.check(&Hint::Everything, false);
        files.reads.load(Ordering::SeqCst)
    };
    assert_eq!(look(None), 0);
    // Rewritten with the same text: read once, and trusted again.
    assert_eq!((look(Some("version 1")), look(None)), (1, 0));
    assert_eq!((look(Some("version 2")), look(None)), (1, 0));
}
