//! `RhaiLimit`: what scripts may use up.

use std::time::Duration;

use samovar_config::{Argument, ArgumentFault, Resolved, Setting};
use samovar_rhai::{Limits, TIME};

/// The limits that there are.
pub(crate) const NAMES: &[&str] =
    &["operations", "depth", "expression", "string", "array", "map", "modules", "variables", "functions", "time"];

/// The word for no limit.
pub(crate) const NONE: &str = "none";

/// What people ask for that cannot be counted, and what does its work.
pub(crate) const ABSENT: &[(&str, &str)] = &[(
    "memory",
    "memory is not counted; `string`, `array` and `map` bound single values, `operations` and `time` their number",
)];

/// What a call may use up where these settings hold.
pub(crate) fn of(settings: &Resolved) -> Limits {
    let size = |key: &str, default: usize| {
        most(settings, key).map_or(default, |most| usize::try_from(most).unwrap_or(usize::MAX))
    };
    let default = Limits::default();
    Limits {
        operations: most(settings, "operations").unwrap_or(default.operations),
        call_depth: size("depth", default.call_depth),
        expression_depth: size("expression", default.expression_depth),
        string_bytes: size("string", default.string_bytes),
        array_items: size("array", default.array_items),
        map_entries: size("map", default.map_entries),
        modules: size("modules", default.modules),
        variables: size("variables", default.variables),
        functions: size("functions", default.functions),
    }
}

/// How long a call may take.
pub(crate) fn time(settings: &Resolved) -> Duration {
    most(settings, "time").map_or(TIME, Duration::from_millis)
}

/// What loading a module may use up: it runs in nobody's scope, so the main server says it.
#[derive(Clone)]
pub(crate) struct Loading {
    pub(crate) limits: Limits,
    /// No less than usual, since it happens once and not with each request.
    pub(crate) time: Duration,
}

impl Loading {
    pub(crate) fn of(main: &Resolved) -> Self {
        Self { limits: of(main), time: time(main).max(TIME) }
    }
}

/// What is set for a limit; 0 for none, as in [`Limits`].
fn most(settings: &Resolved, key: &str) -> Option<u64> {
    let line = settings.key("RhaiLimit", key)?;
    Some(line.arguments().get(1).and_then(Argument::integer).unwrap_or(0))
}

/// How much a line allows: the more, the looser.
pub(crate) fn number(line: &Setting) -> u64 {
    line.arguments().get(1).and_then(Argument::integer).unwrap_or(u64::MAX)
}

/// Judges the arguments of a line together.
pub(crate) fn in_range(arguments: &[&str]) -> Result<(), ArgumentFault> {
    match arguments {
        [what, most] if what.eq_ignore_ascii_case("time") && most.eq_ignore_ascii_case(NONE) => Err(ArgumentFault {
            argument: 1,
            message: "every call has to end".to_owned(),
            expected: "expected a whole number from 1, in milliseconds".to_owned(),
        }),
        _ => Ok(()),
    }
}
