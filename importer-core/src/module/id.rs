//! The numbers of modules and instances, and normalised paths.
//!
//! Numbers are small integers, so that a request compares and indexes instead of hashing paths.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    ops::Bound,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// The number of a module within one registry: normalised paths are numbered in the order of first mention (R18).
///
/// The number is the module's slot in every [`Snapshot`](crate::Snapshot). It is never given to another path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ModuleId(pub(crate) u32);

impl ModuleId {
    pub(crate) fn slot(self) -> usize {
        self.0 as usize
    }
}

/// The number of one load of one module. It is unique in the process and never used again, so a name linked to an
/// instance always means that instance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct InstanceId(u64);

impl InstanceId {
    /// Takes the next number.
    #[must_use]
    pub fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Restores an id from a number that [`get`](Self::get) returned, for names that contain it.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number, for names and logs.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Paths and their numbers. Grows with the number of distinct names that were requested, never with reloads.
#[derive(Default)]
pub(crate) struct ModuleIds {
    by_path: HashMap<Arc<Path>, ModuleId>,
    /// The same, sorted, to find everything below a directory.
    in_order: BTreeMap<Arc<Path>, ModuleId>,
    paths: Vec<Arc<Path>>,
}

impl ModuleIds {
    pub(crate) fn intern(&mut self, path: &Path) -> ModuleId {
        if let Some(&id) = self.by_path.get(path) {
            return id;
        }
        let path: Arc<Path> = path.into();
        let id = ModuleId(u32::try_from(self.paths.len()).expect("fewer than 2^32 distinct module paths"));
        self.paths.push(path.clone());
        self.in_order.insert(path.clone(), id);
        self.by_path.insert(path, id);
        id
    }

    pub(crate) fn find(&self, path: &Path) -> Option<ModuleId> {
        self.by_path.get(path).copied()
    }

    /// Returns the module at this path, and those below it if it is a directory.
    pub(crate) fn under<'a>(&'a self, path: &'a Path) -> impl Iterator<Item = ModuleId> + 'a {
        // Paths are ordered by component, so everything below a directory follows it without a gap.
        let following = self.in_order.range::<Path, _>((Bound::Included(path), Bound::Unbounded));
        following.take_while(move |(below, _)| below.starts_with(path)).map(|(_, &id)| id)
    }

    pub(crate) fn path(&self, id: ModuleId) -> Arc<Path> {
        self.paths[id.slot()].clone()
    }
}

/// Removes `.` and resolves `..` lexically: the identity of a module must not depend on where links point (R18, R19).
#[must_use]
pub fn normalize(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_below_a_directory() {
        let mut ids = ModuleIds::default();
        let [_, b, c, ..] =
            ["/a.rhai", "/a/b.rhai", "/a/b/c.rhai", "/ab.rhai", "/b/a.rhai"].map(|it| ids.intern(Path::new(it)));
        assert_eq!(ids.under(Path::new("/a")).collect::<Vec<_>>(), [c, b]);
        assert_eq!(ids.under(Path::new("/a/b.rhai")).collect::<Vec<_>>(), [b]);
    }

    #[test]
    fn r18_one_path_is_one_module() {
        let mut ids = ModuleIds::default();
        let a = ids.intern(&normalize(Path::new("/site/a/../a/m.rhai")));
        assert_eq!(a, ids.intern(Path::new("/site/a/m.rhai")));
        assert_ne!(a, ids.intern(Path::new("/site/b/m.rhai")));
        assert_eq!(&*ids.path(a), Path::new("/site/a/m.rhai"));
    }
}
