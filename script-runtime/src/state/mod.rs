//! State that scripts share: between requests, between threads, and between an old and a new instance of a module.
//!
//! Rhai's own shared values are try-locks that give up, or panic, when many threads want them. So a script never keeps
//! its state in one: it keeps it in one of the six types here, each a handle. Cloning a handle (also by assigning it,
//! passing it on, or carrying it over a reload) shares what it stands for; two handles are equal if they stand for the
//! same thing.
//!
//! | in a script | type | for |
//! |---|---|---|
//! | `lock()` | [`Lock`] | steps that must not run at the same time |
//! | `table()` | [`Table`] | values by key |
//! | `cache(capacity, seconds)` | [`Cache`] | values by key that may be forgotten |
//! | `counter()`, `counter(n)` | [`Counter`] | a total |
//! | `cell(v)` | [`Cell`] | one value |
//! | `queue(capacity)` | [`Queue`] | values that others take, first in first out |
//!
//! What goes in is copied: no handle holds a Rhai shared value, so no reader can meet another's half-written value.
//! What comes out is a copy too. Only handles inside values stay shared.
//!
//! All work in constants: `const HITS = table();` and then `HITS["a"] = 1` or `HITS.incr("a")` in any function.
//!
//! No internal lock is held while script code runs, and what waits (a [`Lock`], [`Cache::get_or`]) waits no longer than
//! the deadline of its call: see [`call`].
//!
//! A handle's state is freed with its last handle, wherever that is. Handles that hold each other are therefore never
//! freed: remove one from the other first.
//!
//! The number of entries of a table is not limited, nor is the number of handles; what one read returns is checked
//! against the engine's limits on data sizes.
//!
//! ```
//! use samovar_rhai::state;
//!
//! let mut engine = rhai::Engine::new();
//! state::register_all(&mut engine);
//! let total: rhai::INT = engine.eval(
//!     r#"
//!         const HITS = table();
//!         HITS.incr("/");
//!         HITS.incr("/about", 2);
//!         HITS["/"] + HITS["/about"]
//!     "#,
//! )?;
//! assert_eq!(total, 3);
//! # Ok::<(), Box<rhai::EvalAltResult>>(())
//! ```

mod cache;
mod cell;
mod copy;
mod counter;
mod error;
mod extent;
mod handle;
mod holds;
mod lock;
mod path;
mod place;
mod queue;
mod retry;
mod table;
mod value;
mod walk;

#[cfg(test)]
mod tests;

pub use crate::thread::call::{self, CallScope};
pub use cache::Cache;
pub use cell::Cell;
pub use copy::{Foreign, ForeignKind, MAX_DEPTH, MAX_PARTS, detach, neutral};
pub use counter::Counter;
pub use error::{DeadlineReached, StateError};
pub use lock::{Lock, LockGuard};
pub use path::{Path, Step};
pub use queue::Queue;
pub use table::Table;
pub(crate) use value::is_neutral_leaf;
pub use walk::{MAX_PATH, walk};
pub(crate) use walk::{find_code, holders, type_name};

/// Makes all state types known to `engine`.
///
/// `lock.with(..)` needs [`unreserve`] besides, since Rhai reserves the word.
pub fn register_all(engine: &mut rhai::Engine) {
    lock::register(engine);
    table::register(engine);
    cache::register(engine);
    counter::register(engine);
    cell::register(engine);
    queue::register(engine);
}

/// Makes the reserved word `with` an identifier, and passes on every other token: for `Engine::on_parse_token`.
///
/// An engine has one such callback, therefore this is a function for it to call and not a registration.
///
/// ```
/// use samovar_rhai::state;
///
/// let mut engine = rhai::Engine::new();
/// state::register_all(&mut engine);
/// #[allow(deprecated)] // Rhai's way of saying that it may change
/// engine.on_parse_token(|token, _, _| state::unreserve(token));
/// let answer: rhai::INT = engine.eval("const LOCK = lock(); LOCK.with(|| 42)")?;
/// assert_eq!(answer, 42);
/// # Ok::<(), Box<rhai::EvalAltResult>>(())
/// ```
#[must_use]
pub fn unreserve(token: rhai::Token) -> rhai::Token {
    match token {
        rhai::Token::Reserved(word) if *word == "with" => rhai::Token::Identifier(word),
        other => other,
    }
}
