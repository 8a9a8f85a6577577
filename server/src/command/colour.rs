//! Decides whether output is coloured: `--color`, and the environment.

use std::{
    ffi::{OsStr, OsString},
    io::IsTerminal,
    sync::OnceLock,
};

use clap::ValueEnum;

/// When to colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub(crate) enum When {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
    #[default]
    Auto,
    Always,
    Never,
}

static CHOSEN: OnceLock<When> = OnceLock::new();

/// Applies the option of the command line, once.
pub(crate) fn choose(when: When) {
    let _ = CHOSEN.set(when);
}

/// Is standard output coloured?
pub(crate) fn of_output() -> bool {
    is_coloured(std::io::stdout().is_terminal())
}

/// Is standard error coloured?
pub(crate) fn of_errors() -> bool {
    is_coloured(std::io::stderr().is_terminal())
}

fn is_coloured(is_terminal: bool) -> bool {
    let when = CHOSEN.get().copied().unwrap_or_default();
    decide(when, is_terminal, |name| std::env::var_os(name))
}

/// `NO_COLOR` applies with any value but the empty one: see no-color.org.
fn decide(when: When, is_terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let is_unwanted = || {
        variable("NO_COLOR").is_some_and(|value| !value.is_empty())
            || variable("TERM").is_some_and(|terminal| terminal == OsStr::new("dumb"))
    };
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto => is_terminal && !is_unwanted(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_decides_then_the_environment_then_the_terminal() {
        let check = |when, is_terminal, set: &[(&str, &str)], expected| {
            let variable = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
            assert_eq!(decide(when, is_terminal, variable), expected, "{when:?} {is_terminal} {set:?}");
        };
        check(When::Auto, true, &[], true);
        check(When::Auto, false, &[], false);
        check(When::Auto, true, &[("TERM", "xterm"), ("NO_COLOR", "")], true);
        check(When::Auto, true, &[("NO_COLOR", "1")], false);
        check(When::Auto, true, &[("NO_COLOR", "0")], false);
        check(When::Auto, true, &[("TERM", "dumb")], false);
        check(When::Always, false, &[("NO_COLOR", "1"), ("TERM", "dumb")], true);
        check(When::Never, true, &[], false);
    }
}
