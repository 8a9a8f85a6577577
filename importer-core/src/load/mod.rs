//! Loading: first loads, reloads, and the views that requests pin. `reload.rs` decides a reload.
//!
//! This folder knows nothing of when to look for changes, nor of any script language.

mod draft;
pub(crate) mod dry_run;
mod first_load;
pub(crate) mod freshness;
mod inside;
mod look;
pub(crate) mod pinned;
pub(crate) mod reload;
pub(crate) mod retire;

pub use dry_run::DryRun;
pub use reload::Outcome;
