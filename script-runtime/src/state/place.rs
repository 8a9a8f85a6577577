//! Where in a script something was done.

use std::fmt;

use rhai::{NativeCallContext, Position};

/// A place in a script, as the running code knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScriptPlace {
    /// What Rhai says is running. Code of modules is called by its file and the number of its instance, `cart.rhai#17`.
    pub(crate) source: Option<String>,
    pub(crate) position: Position,
}

impl ScriptPlace {
    /// Where the native function was called that runs now.
    pub(super) fn of(context: &NativeCallContext<'_>) -> Self {
        Self { source: context.call_source().map(ToOwned::to_owned), position: context.call_position() }
    }
}

impl fmt::Display for ScriptPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = self.source.as_deref().unwrap_or("script");
        let file = match source.rsplit_once('#') {
            Some((file, instance)) if instance.bytes().all(|byte| byte.is_ascii_digit()) => file,
            _ => source,
        };
        match (self.position.line(), self.position.position()) {
            (Some(line), Some(column)) => write!(f, "{file}:{line}:{column}"),
            (Some(line), None) => write!(f, "{file}:{line}"),
            _ => f.write_str(file),
        }
    }
}
