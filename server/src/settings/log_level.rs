//! `LogLevel`: how much is logged, of the program and of single requests.
//!
//! A section may set another level for its requests. While a script runs for one, the level is stored for its thread,
//! and the filter of the log asks for it: see [`level_of_request`].

use samovar_config::{Argument, ArgumentFault, Value};
use tracing::level_filters::LevelFilter;

/// The levels of httpd, and the ones that they stand for: nothing is more severe than an error.
const LEVELS: &[(&str, LevelFilter)] = &[
    ("emerg", LevelFilter::ERROR),
    ("alert", LevelFilter::ERROR),
    ("crit", LevelFilter::ERROR),
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("notice", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
];

pub(crate) const EXPECTED: &str =
    "error, warn, info, debug or trace, or one of httpd's other levels, or `module:level`";

/// The modules of httpd's that are meant by `module:level`.
const MODULES: [&str; 3] = ["rhai", "rhai_module", "mod_rhai.c"];

/// The level of the requests for which a line holds.
#[derive(Clone, Copy)]
pub(crate) struct Level(LevelFilter);

impl Value for Level {
    type Given<'v> = LevelFilter;

    fn given(&self) -> LevelFilter {
        self.0
    }
}

/// Reads a line: of its arguments, the last one counts that is meant for this program.
pub(crate) fn read(arguments: &[Argument]) -> Result<Level, ArgumentFault> {
    let own = |text: &str| {
        let (module, level) = text.split_once(':')?;
        level_named(level).filter(|_| MODULES.iter().any(|it| it.eq_ignore_ascii_case(module)))
    };
    let texts = || arguments.iter().map(Argument::text);
    let level = texts().rev().find_map(own).or_else(|| texts().rev().find_map(level_named));
    Ok(Level(level.unwrap_or(LevelFilter::INFO)))
}

/// Is it `level` or `module:level`?
pub(crate) fn is_level(text: &str) -> bool {
    level_named(text.split_once(':').map_or(text, |(_, level)| level)).is_some()
}

fn level_named(name: &str) -> Option<LevelFilter> {
    let name = name.to_ascii_lowercase();
    // httpd counts `trace1` to `trace8`.
    let name = name
        .strip_prefix("trace")
        .filter(|number| matches!(number.as_bytes(), [b'1'..=b'8']))
        .map_or(&*name, |_| "trace");
    LEVELS.iter().find(|(known, _)| *known == name).map(|(_, level)| *level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_levels_are_those_of_httpd() {
        for level in
            ["emerg", "crit", "Error", "warn", "notice", "info", "debug", "trace", "trace1", "trace8", "ssl:warn"]
        {
            assert!(is_level(level), "{level}");
        }
        for wrong in ["", "loud", "trace0", "trace9", "trace11", "ssl:", "ssl:loud"] {
            assert!(!is_level(wrong), "{wrong}");
        }
    }
}
