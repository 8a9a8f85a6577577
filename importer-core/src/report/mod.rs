//! Reports, as data: events, status, warnings, graphs.
//!
//! This folder decides nothing, and knows nothing of generations.

pub(crate) mod dot;
pub(crate) mod event;
pub(crate) mod moment;
pub(crate) mod outbox;
pub(crate) mod retained;
pub(crate) mod status;
pub(crate) mod tally;
pub(crate) mod warnings;

pub use dot::{dot, dot_all};
pub use event::Event;
pub use moment::rfc3339;
pub(crate) use outbox::Outbox;
pub use retained::{Holder, Retained};
pub use status::{ModuleStatus, State, Status};
pub use tally::{Counts, Latest, Watch};
pub(crate) use warnings::gather;
