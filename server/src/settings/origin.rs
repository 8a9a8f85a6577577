//! Where a setting stands, for messages.

use samovar_config::{Origin, Setting};

/// `file:line` of a setting.
pub(crate) fn origin(line: &Setting) -> String {
    match line.origin() {
        Origin::Default => format!("the default of {}", line.directive()),
        Origin::Line { file, line, .. } => format!("{file}:{line}"),
    }
}
