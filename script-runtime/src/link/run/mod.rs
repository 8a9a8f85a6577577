//! What runs: engines, the top level, calls, imports, and the natives that know which instance calls them.

pub(crate) mod call;
pub(crate) mod code;
pub(crate) mod engine;
pub(crate) mod engines;
pub(crate) mod import;
pub(crate) mod limits;
pub(crate) mod natives;
pub(crate) mod search_path;
pub(crate) mod top_level;
pub(crate) mod written;
