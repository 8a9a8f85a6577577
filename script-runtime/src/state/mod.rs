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
//! the deadline of its call.
//!
//! A handle's state is freed with its last handle, wherever that is. Handles that hold each other are therefore never
//! freed: remove one from the other first.
//!
//! The number of entries of a table is not limited, nor is the number of handles; what one read returns is checked
//! against the engine's limits on data sizes.
//!
//! A host makes handles as scripts do, and hands them to functions; both sides see the same state:
//!
//! ```
//! use samovar_rhai::{Interpreter, importer::MemoryTree, state::Table};
//!
//! let tree = MemoryTree::default();
//! tree.write("/site/hits.rhai", r#"fn note(hits, page) { hits.incr(page) }"#);
//! let note = Interpreter::builder("site").build_on(tree, Some("/site".as_ref())).handler("hits::note")?;
//! let hits = Table::new();
//! note.call::<i64>((hits.clone(), "/about"))?;
//! assert_eq!(note.call::<i64>((hits.clone(), "/about"))?, 2);
//! assert_eq!(hits.keys(), ["/about"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bounds;
mod builtin;
mod cache;
mod cell;
mod copy;
mod counter;
mod error;
mod extent;
mod handle;
mod holds;
mod lock;
mod missed;
mod path;
mod place;
mod queue;
mod retry;
mod table;
mod table_script;
mod value;
mod walk;

#[cfg(test)]
mod tests;

pub use cache::Cache;
pub use cell::Cell;
pub(crate) use copy::detach;
pub use counter::Counter;
pub use error::{DeadlineReached, StateError};
pub use lock::{Lock, LockGuard};
pub(crate) use path::{Path, Step};
pub use queue::Queue;
pub use table::Table;
pub(crate) use walk::{find_code, holders, is_neutral_leaf, type_name};

/// Makes all state types known to `engine`.
///
/// `lock.with(..)` needs [`unreserve`] besides, since Rhai reserves the word.
pub(crate) fn register_all(engine: &mut rhai::Engine) {
    lock::register(engine);
    table_script::register(engine);
    cache::register(engine);
    counter::register(engine);
    cell::register(engine);
    queue::register(engine);
}

/// Makes the reserved word `with` an identifier, and passes on every other token: for `Engine::on_parse_token`, of which an
/// engine has one.
pub(crate) fn unreserve(token: rhai::Token) -> rhai::Token {
    match token {
        rhai::Token::Reserved(word) if *word == "with" => rhai::Token::Identifier(word),
        other => other,
    }
}
