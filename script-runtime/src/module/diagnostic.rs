//! Script errors as diagnostics: the innermost place with its excerpt, then the way that led there.

use std::path::Path;

use samovar_importer::{Diagnostic, Place};

use crate::link::{Frame, ScriptError};

/// Turns a script's error into what people are shown.
pub(crate) fn diagnostic(error: &ScriptError) -> Diagnostic {
    let mut frames = error.frames().iter();
    let mut diagnostic = match error.refusal() {
        // What is wrong stands in the imported module; the import is only how we came to notice.
        Some(refusal) => {
            let importing = frames.next().and_then(place);
            match (&refusal.place, importing) {
                (None, Some(place)) => refusal.clone().at(place),
                (_, importing) => refusal.clone().note("imported here", importing),
            }
        }
        None => {
            let diagnostic = Diagnostic::error(error.message());
            match frames.next().and_then(place) {
                Some(place) => diagnostic.at(place),
                None => diagnostic,
            }
        }
    };
    for frame in frames {
        let function = frame.function.as_ref().map_or_else(|| "the top level".into(), |name| format!("`{name}`"));
        diagnostic = diagnostic.note(format!("called from {function}"), place(frame));
    }
    // What was refused brings its own.
    match error.help() {
        Some(help) if error.refusal().is_none() => diagnostic.help(help.clone()),
        _ => diagnostic,
    }
}

/// Where a frame is, if that is known.
pub(crate) fn place(frame: &Frame) -> Option<Place> {
    let position = |number: usize| u32::try_from(number).ok().filter(|number| *number > 0);
    Some(Place {
        file: Path::new(&*frame.file).into(),
        line: position(frame.line)?,
        column: position(frame.column).unwrap_or(1),
        text: frame.text.clone().unwrap_or_default(),
    })
}
