//! What can be said of a configuration without serving it: mistakes, explanations, and the page of the guide.

mod below_root;
mod explain;
mod explanation;
mod findings;
mod guide;
mod limits;
mod lines;
pub(crate) mod names;
mod reach;
mod scripts;
mod walk;
mod written;

use std::path::Path;

use samovar_config::Report;

pub use self::{
    explain::explain,
    explanation::{Considered, Explanation, Held},
    guide::guide,
};
use crate::{error::OpenError, settings::read};

/// Checks a directory or a configuration file: reports what the parser finds, and what only the files show. Nothing is
/// served, and no script runs.
///
/// # Errors
/// There is nothing to be read at the path.
pub fn check(path: impl AsRef<Path>, defines: &[String]) -> Result<Report, OpenError> {
    let opened = match read::read(path.as_ref(), defines) {
        Ok(opened) => opened,
        Err(OpenError::Configuration(report)) => return Ok(*report),
        Err(error) => return Err(error),
    };
    let found = written::check(&opened);
    let names = names::check(&opened.loaded.config);
    let in_scripts = scripts::check(&opened);
    let mut report = opened.loaded.report;
    report.extend(names);
    report.extend(found);
    in_scripts.add_to(&mut report);
    Ok(report)
}
