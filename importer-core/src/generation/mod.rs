//! Generations: what they contain, how the newest one is replaced, and what is kept beside it.
//!
//! This folder knows nothing of how modules are loaded.

pub(crate) mod agreement;
pub(crate) mod failures;
pub(crate) mod flight;
pub(crate) mod load;
pub(crate) mod loader;
pub(crate) mod publish;
pub(crate) mod registry_id;
pub(crate) mod releases;
pub(crate) mod retention;
pub(crate) mod rooms;
pub(crate) mod snapshot;
pub(crate) mod store;
pub(crate) mod texts;
pub(crate) mod view;

pub(crate) use agreement::Disagreement;
pub(crate) use flight::{Boarding, DraftId};
pub(crate) use load::Load;
pub use loader::{Carry, Code, Loader};
pub(crate) use publish::{Proposal, Published, Unpublished};
pub use registry_id::RegistryId;
pub(crate) use rooms::Rooms;
pub use snapshot::Snapshot;
pub(crate) use texts::Texts;
pub(crate) use view::Modules;
pub use view::View;
