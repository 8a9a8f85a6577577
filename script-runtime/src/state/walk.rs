//! Looking at everything that a value holds, also through handles.

use std::collections::{HashMap, HashSet, VecDeque};

use rhai::{Array, Dynamic, FnPtr, Map};

use crate::{
    state::{
        Cache, Cell, Counter, Lock, Queue, Table,
        bounds::MAX_DEPTH,
        builtin::is_builtin,
        handle::Handle,
        holds::OnlyPlain,
        missed::{Missed, MissedKind},
        path::{Path, Step},
    },
    value::Html,
};

/// How many steps a walk goes from the value that it was given.
pub(crate) const MAX_PATH: usize = 256;

/// Calls `visit` with each leaf of `value` and the way to it.
///
/// Arrays, maps, tables, caches, cells and queues are entered; all else is a leaf. A function is a leaf whose captured
/// values are visited after it. Each handle and each callback is entered once, so those that hold each
/// other are no endless loop; what other threads change meanwhile may be seen or not. Nearer leaves come first where
/// handles or callbacks are involved.
///
/// # Errors
///
/// Everything else was visited, but the [`Missed`] part, and maybe others, could not be entered: it is more than
/// [`MAX_DEPTH`] levels deep or [`MAX_PATH`] steps away, or it is being written.
#[cfg(test)]
pub(crate) fn walk(value: &Dynamic, visit: impl FnMut(&Path, &Dynamic)) -> Result<(), Missed> {
    Walk::new(visit, true).run(value)
}

/// As [`walk`], without looking into handles that only ever held plain values: whatever it misses is neither a function
/// nor of a type that is unknown here.
pub(crate) fn find_code(value: &Dynamic, visit: impl FnMut(&Path, &Dynamic)) -> Result<(), Missed> {
    Walk::new(visit, false).run(value)
}

/// The handles in `value` that may hold functions, by address.
pub(crate) fn holders(value: &Dynamic) -> HashMap<usize, Container> {
    let mut walk = Walk::new(|_: &Path, _: &Dynamic| (), false);
    // What could not be entered is no handle that anybody could do something about.
    let _ = walk.run(value);
    walk.entered
}

/// Is it a handle that holds no values of any kind?
pub(super) fn holds_nothing(value: &Dynamic) -> bool {
    value.is::<Counter>() || value.is::<Lock>()
}

/// The address of a handle's state; `None` for what is no handle.
pub(super) fn handle_address(value: &Dynamic) -> Option<usize> {
    fn address<H: Handle>(value: &Dynamic) -> Option<usize> {
        value.read_lock::<H>().map(|handle| handle.address())
    }
    // Nearly all values are no handles: one comparison says so.
    if !value.is_variant() {
        return None;
    }
    address::<Table>(value)
        .or_else(|| address::<Cell>(value))
        .or_else(|| address::<Counter>(value))
        .or_else(|| address::<Lock>(value))
        .or_else(|| address::<Cache>(value))
        .or_else(|| address::<Queue>(value))
}

/// Does a value, apart from the values in it, belong to no module and hold no code?
pub(crate) fn is_neutral_leaf(value: &Dynamic) -> bool {
    (is_builtin(value) && !value.is_fnptr()) || handle_address(value).is_some()
}

/// What scripts call the type of a value. Types of the host's keep the name that they have in Rust.
pub(crate) fn type_name(value: &Dynamic) -> &'static str {
    fn name<H: Handle>(value: &Dynamic) -> Option<&'static str> {
        value.is::<H>().then_some(H::NAME)
    }
    let handle = name::<Table>(value)
        .or_else(|| name::<Cell>(value))
        .or_else(|| name::<Counter>(value))
        .or_else(|| name::<Lock>(value))
        .or_else(|| name::<Cache>(value))
        .or_else(|| name::<Queue>(value));
    handle.unwrap_or_else(|| match () {
        () if value.is::<Html>() => Html::NAME,
        () if is_builtin(value) && value.is_variant() => "range",
        () => value.type_name(),
    })
}

/// A handle that holds values.
#[derive(Clone)]
pub(crate) enum Container {
    Table(Table),
    Cache(Cache),
    Cell(Cell),
    Queue(Queue),
}

impl Container {
    fn of(value: &Dynamic) -> Option<Self> {
        if !value.is_variant() {
            return None;
        }
        let table = value.read_lock::<Table>().map(|table| Self::Table(table.clone()));
        table
            .or_else(|| value.read_lock::<Cache>().map(|cache| Self::Cache(cache.clone())))
            .or_else(|| value.read_lock::<Cell>().map(|cell| Self::Cell(cell.clone())))
            .or_else(|| value.read_lock::<Queue>().map(|queue| Self::Queue(queue.clone())))
    }

    fn address(&self) -> usize {
        match self {
            Self::Table(table) => table.address(),
            Self::Cache(cache) => cache.address(),
            Self::Cell(cell) => cell.address(),
            Self::Queue(queue) => queue.address(),
        }
    }

    fn only_plain(&self) -> &OnlyPlain {
        match self {
            Self::Table(table) => table.only_plain(),
            Self::Cache(cache) => cache.only_plain(),
            Self::Cell(cell) => cell.only_plain(),
            Self::Queue(queue) => queue.only_plain(),
        }
    }

    /// Puts what `change` makes of each value in its place, where it says that it made something else.
    pub(crate) fn rewrite(&self, change: &mut dyn FnMut(&mut Dynamic) -> bool) {
        match self {
            Self::Table(table) => table.rewrite(change),
            Self::Cache(cache) => cache.rewrite(change),
            Self::Cell(cell) => cell.rewrite(change),
            Self::Queue(queue) => queue.rewrite(change),
        }
    }

    fn held(&self) -> Vec<(Step, Dynamic)> {
        let by_key = |entries: Vec<_>| entries.into_iter().map(|(key, value)| (Step::Key(key), value)).collect();
        match self {
            Self::Table(table) => by_key(table.entries()),
            Self::Cache(cache) => by_key(cache.entries()),
            Self::Cell(cell) => vec![(Step::Value, cell.get())],
            Self::Queue(queue) => {
                queue.waiting().into_iter().enumerate().map(|(index, value)| (Step::Index(index), value)).collect()
            }
        }
    }
}

/// What is entered when all that is nearer has been visited.
enum Entered {
    Handle(Container),
    /// What a callback captured, and how many values stand before these.
    Callback(Vec<Dynamic>, usize),
}

struct Walk<V> {
    visit: V,
    /// Also into handles that hold nothing but plain values?
    everywhere: bool,
    path: Path,
    to_enter: VecDeque<(Path, Entered)>,
    /// Nothing but plain values was met in the handle that is looked at.
    is_plain: bool,
    entered: HashMap<usize, Container>,
    seen: HashSet<usize>,
    missed: Option<Missed>,
}

impl<V: FnMut(&Path, &Dynamic)> Walk<V> {
    fn new(visit: V, everywhere: bool) -> Self {
        let (path, to_enter) = (Path::default(), VecDeque::new());
        let (entered, seen) = (HashMap::new(), HashSet::new());
        Self { visit, everywhere, path, to_enter, is_plain: true, entered, seen, missed: None }
    }

    fn run(&mut self, value: &Dynamic) -> Result<(), Missed> {
        self.look_at(value, 0);
        // Handles and callbacks wait in a list instead of being entered on the spot: a chain of them may be longer than the stack.
        while let Some((path, entered)) = self.to_enter.pop_front() {
            self.path = path;
            match entered {
                Entered::Handle(handle) => self.look_into(&handle),
                Entered::Callback(captured, first) => {
                    for (index, part) in captured.iter().enumerate() {
                        self.inside(Step::Captured(first + index), part, 0);
                    }
                }
            }
        }
        self.missed.take().map_or(Ok(()), Err)
    }

    fn look_into(&mut self, handle: &Container) {
        self.is_plain = true;
        let counted = handle.only_plain().counted();
        for (step, part) in handle.held() {
            self.inside(step, &part, 0);
        }
        if self.is_plain {
            handle.only_plain().settle(counted);
        }
    }

    fn inside(&mut self, step: Step, part: &Dynamic, depth: usize) {
        self.path.push(step);
        self.look_at(part, depth);
        self.path.pop();
    }

    fn look_at(&mut self, value: &Dynamic, depth: usize) {
        if depth > MAX_DEPTH || self.path.steps().len() > MAX_PATH {
            self.miss(MissedKind::TooDeep);
        } else if value.is_shared() {
            self.look_at_shared(value, depth);
        } else if let Some(holder) = Container::of(value) {
            self.is_plain = false;
            if (self.everywhere || !holder.only_plain().get()) && self.seen.insert(holder.address()) {
                self.entered.insert(holder.address(), holder.clone());
                self.to_enter.push_back((self.path.clone(), Entered::Handle(holder)));
            }
        } else if let Some(array) = value.read_lock::<Array>() {
            for (index, part) in array.iter().enumerate() {
                self.inside(Step::Index(index), part, depth + 1);
            }
        } else if let Some(map) = value.read_lock::<Map>() {
            for (key, part) in map.iter() {
                self.inside(Step::Key(key.as_str().into()), part, depth + 1);
            }
        } else {
            self.is_plain &= is_neutral_leaf(value);
            (self.visit)(&self.path, value);
            if let Some(function) = value.read_lock::<FnPtr>() {
                for (index, part) in function.iter_curry().enumerate() {
                    self.inside(Step::Captured(index), part, depth + 1);
                }
                self.look_at_captured(&function);
            }
        }
    }

    /// What a callback captured does not show on the function value. Callbacks may hold each other without end, as
    /// handles may.
    fn look_at_captured(&mut self, function: &FnPtr) {
        let Some((address, captured)) = crate::value::captured(function) else { return };
        if self.seen.insert(address) {
            self.to_enter.push_back((self.path.clone(), Entered::Callback(captured, function.curry().len())));
        }
    }

    /// Looks at the value of a captured variable, once.
    fn look_at_shared(&mut self, value: &Dynamic, depth: usize) {
        let Some(shared) = value.read_lock::<Dynamic>() else { return self.miss(MissedKind::InUse) };
        // The address of what is shared, like that of a handle, is the same for all who share it.
        if self.seen.insert(std::ptr::from_ref::<Dynamic>(&shared) as usize) {
            let copy = Dynamic::clone(&shared);
            drop(shared);
            self.look_at(&copy, depth + 1);
        }
    }

    fn miss(&mut self, kind: MissedKind) {
        self.is_plain = false;
        let path = &self.path;
        self.missed.get_or_insert_with(|| Missed { path: path.clone(), kind });
    }
}
