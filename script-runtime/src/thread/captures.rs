//! The variables that functions captured in the call that runs on this thread.
//!
//! Rhai makes a variable that a closure captures a shared cell. Two things come of that which would end the process, or
//! fill its memory: `let d = c; c = || d;`, again and again, is a chain that is dropped by recursion, deeper than any stack;
//! and `o.get = || o.n` is a cycle that is never freed. So each cell is noted when a function captures it. While it is noted
//! nobody else's drop goes through it; those that only the list holds are let go one by one; and what is left when the
//! call has ended holds nothing but itself, since no captured variable outlives a call (see [`detach`](crate::state::detach)).

use std::cell::RefCell;
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::TryLockError;
use std::sync::atomic::{AtomicU64, Ordering};

use rhai::{AST, ASTNode, Dynamic, EvalAltResult, Locked, Position, Scope, Shared, Stmt};

use crate::thread::drop_flat;

/// How many may be alive at one time. Rhai looks through chains of functions by recursion in a few places, such as
/// `switch`; this many links go well on the stacks that scripts run on.
const MOST: usize = 250_000;

/// The number of noted cells at which unused ones are searched for the first time.
const FIRST_LOOK: usize = 256;

/// Names of which some text captures a variable: one bit for all that have the same [`bit`]. A name without its bit is
/// captured nowhere, which is soon known of nearly every variable that is read.
static NAMES: [AtomicU64; 64] = [const { AtomicU64::new(0) }; 64];

thread_local! {
    static CAPTURED: RefCell<Captured> = RefCell::default();
}

#[derive(Default)]
struct Captured {
    cells: Vec<Cell>,
    known: HashSet<usize, BuildHasherDefault<OfAddress>>,
    /// The number of cells at which unused ones are searched next.
    next_look: usize,
}

enum Cell {
    /// A cell of ours in the place of Rhai's, whose holders can be counted.
    Counted(Shared<Locked<Dynamic>>),
    /// Rhai's own cell of a constant, which cannot be replaced.
    Constant(Dynamic),
}

/// Notes which variables the functions of a text capture.
pub(crate) fn expect(text: &AST) {
    text.walk(&mut |path| {
        if let Some(ASTNode::Stmt(Stmt::Share(variables))) = path.last() {
            for (variable, _) in &***variables {
                let (word, bit) = place(&variable.name);
                NAMES[word].fetch_or(bit, Ordering::Relaxed);
            }
        }
        true
    });
}

/// May a variable of this name be captured?
pub(crate) fn is_expected(name: &str) -> bool {
    let (word, bit) = place(name);
    NAMES[word].load(Ordering::Relaxed) & bit != 0
}

/// Where the bit of a name stands.
fn place(name: &str) -> (usize, u64) {
    let at = |from_end: usize| name.len().checked_sub(from_end).map_or(0, |index| usize::from(name.as_bytes()[index]));
    let hash = name.len() ^ (at(name.len()) << 2) ^ (at(1) << 5) ^ (at(2) << 7);
    (hash / 64 % NAMES.len(), 1 << (hash % 64))
}

/// Notes a variable that is about to be read, if it is one that a function captured.
///
/// # Errors
///
/// Functions have captured too many variables that are still in use.
pub(crate) fn note(scope: &mut Scope<'_>, name: &str) -> Result<(), Box<EvalAltResult>> {
    let Some(address) = scope.get(name).and_then(address) else { return Ok(()) };
    if CAPTURED.with_borrow(|captured| captured.known.contains(&address)) {
        return Ok(());
    }
    // It was captured at this moment: nothing else holds the cell yet, and the function gets it next.
    let Some(cell) = take_over(scope, name) else { return Ok(()) };
    let_go_of_last();
    let is_full = CAPTURED.with_borrow_mut(|captured| {
        captured.known.extend(scope.get(name).and_then(self::address));
        captured.cells.push(cell);
        captured.cells.len() >= captured.next_look.max(FIRST_LOOK)
    });
    match is_full && let_go_of_unheld() >= MOST {
        true => {
            let message =
                format!("functions have captured {MOST} variables that are still in use: keep values in an array");
            Err(EvalAltResult::ErrorRuntime(message.into(), Position::NONE).into())
        }
        false => Ok(()),
    }
}

/// Lets go of everything, when the call from outside has ended.
pub(crate) fn let_go() {
    let cells = CAPTURED.with_borrow_mut(|captured| {
        if captured.cells.is_empty() {
            return Vec::new();
        }
        captured.known.clear();
        captured.next_look = 0;
        std::mem::take(&mut captured.cells)
    });
    // They may hold each other, so each is emptied, not dropped.
    drop_flat(cells.iter().map(Cell::take));
}

/// Drops the unused cells at the end of the list: in a loop that makes functions, all of them.
fn let_go_of_last() {
    let pop = || {
        CAPTURED.with_borrow_mut(|captured| {
            let unheld = captured.cells.pop_if(|cell| cell.is_unheld())?;
            unheld.address().map(|address| captured.known.remove(&address));
            Some(unheld)
        })
    };
    while let Some(cell) = pop() {
        drop_flat([cell.take()]);
    }
}

/// Drops all unused cells. Returns how many are left.
fn let_go_of_unheld() -> usize {
    let mut cells = CAPTURED.with_borrow_mut(|captured| std::mem::take(&mut captured.cells));
    let mut held = Vec::new();
    // The last first: what captures a variable was made after it.
    while let Some(cell) = cells.pop() {
        match cell.is_unheld() {
            true => {
                CAPTURED.with_borrow_mut(|captured| cell.address().map(|address| captured.known.remove(&address)));
                drop_flat([cell.take()]);
            }
            false => held.push(cell),
        }
    }
    held.reverse();
    CAPTURED.with_borrow_mut(|captured| {
        // Dropping runs no script, so none were noted meanwhile.
        captured.cells = held;
        captured.next_look = (2 * captured.cells.len()).min(MOST);
        captured.cells.len()
    })
}

/// Puts a cell whose holders can be counted in the place of the one that Rhai made.
fn take_over(scope: &mut Scope<'_>, name: &str) -> Option<Cell> {
    if let Some(variable) = scope.get_mut(name) {
        let tag = variable.tag();
        let cell = Shared::new(Locked::new(variable.take().flatten()));
        *variable = cell.clone().into();
        variable.set_tag(tag);
        return Some(Cell::Counted(cell));
    }
    Some(Cell::Constant(scope.get(name)?.clone()))
}

/// Of what a captured variable holds; `None` for any other value.
fn address(value: &Dynamic) -> Option<usize> {
    let held = value.is_shared().then(|| value.read_lock::<Dynamic>())??;
    Some(std::ptr::from_ref::<Dynamic>(&held) as usize)
}

impl Cell {
    fn is_unheld(&self) -> bool {
        matches!(self, Self::Counted(cell) if Shared::strong_count(cell) == 1)
    }

    fn address(&self) -> Option<usize> {
        match self {
            Self::Counted(cell) => cell.try_read().ok().map(|held| std::ptr::from_ref::<Dynamic>(&held) as usize),
            Self::Constant(value) => address(value),
        }
    }

    /// What it holds. A cell that is in use, as it can be after a panic only, keeps it.
    fn take(&self) -> Dynamic {
        match self {
            Self::Counted(cell) => match cell.try_write() {
                Ok(mut held) => std::mem::take(&mut held),
                Err(TryLockError::Poisoned(held)) => std::mem::take(&mut held.into_inner()),
                Err(TryLockError::WouldBlock) => Dynamic::UNIT,
            },
            Self::Constant(value) => {
                value.clone().write_lock::<Dynamic>().map(|mut held| std::mem::take(&mut *held)).unwrap_or_default()
            }
        }
    }
}

/// Addresses are spread well enough by one multiplication.
#[derive(Default)]
struct OfAddress(u64);

impl Hasher for OfAddress {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_usize(usize::from(*byte)));
    }

    fn write_usize(&mut self, address: usize) {
        self.0 = (self.0 ^ address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32);
    }
}
