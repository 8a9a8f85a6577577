//! Rhai on the samovar importer: fresh instances, hooks, state that outlives code.

#[allow(dead_code, reason = "what the loader, hooks and state types build on")]
mod link;

pub use link::{
    Frame, Function, ImportOptions, Importing, Instance, InstanceId, Kind, Limits, Linker, Output, Printed, Scan,
    ScriptError, deadline, with_deadline, with_importing,
};
