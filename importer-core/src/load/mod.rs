//! The two ways in which modules come to be served: a change is reloaded, and a module is loaded when it is first asked
//! for.

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
