//! `RhaiLimit`: what scripts may use up.

use std::{sync::Arc, time::Duration};

use samovar_config::{Argument, ArgumentFault, Code, Config, Diagnostic, Resolved, Scope, Setting};
use samovar_rhai::{Limits, TIME};

use crate::judge::span;

/// A limit that holds nothing, because an outer one is smaller.
pub(crate) const LIMIT_LOOSENED: Code = Code::new("W107", "limit-loosened");

/// The limits that there are.
pub(crate) const NAMES: &[&str] =
    &["operations", "depth", "expression", "string", "array", "map", "modules", "variables", "functions", "time"];

/// Those that are counted when a text is compiled.
const OF_LOADING: &[&str] = &["expression", "functions"];

/// The word for no limit.
pub(crate) const NONE: &str = "none";

/// A limit that holds nothing, because it is one of loading and stands where none is loaded.
pub(crate) const LIMIT_OF_LOADING: Code = Code::new("W115", "limit-of-loading");

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

/// Warns of limits that are larger than one around them, and of those that hold nothing where they stand.
pub(crate) fn judge(config: &Config, found: &mut Vec<Diagnostic>) {
    let lines: Vec<&Arc<Setting>> = config.settings().filter(|line| line.directive() == "RhaiLimit").collect();
    for line in &lines {
        let is_inside = line.origin().scope().is_some_and(|scope| scope.parent().is_some());
        if let Some(key) = line.text().filter(|key| is_inside && OF_LOADING.contains(key)) {
            let message = format!("the limit of `{key}` holds when a text is compiled, which is done for all sections");
            let help = "put the line outside of all sections";
            found.push(Diagnostic::new(LIMIT_OF_LOADING, span(line, 0), message).help(help.to_owned()));
        }
    }
    for line in &lines {
        let Some(scope) = line.origin().scope() else { continue };
        let around = std::iter::successors(scope.parent(), |scope| scope.parent());
        let is_around = |other: &Setting| around.clone().any(|scope| stands_in(other, scope));
        let outer = lines.iter().filter(|other| other.text() == line.text() && is_around(other));
        if let Some(outer) = outer.min_by_key(|outer| number(outer)).filter(|outer| number(outer) < number(line)) {
            let key = line.text().unwrap_or_default();
            let most = outer.texts().nth(1).unwrap_or_default();
            let message = format!("the limit of `{key}` is {most} here as well");
            let mut wrong = Diagnostic::new(LIMIT_LOOSENED, span(line, 1), message);
            if let Some(place) = span(outer, 1) {
                wrong = wrong.related(place, "this one holds");
            }
            let help = "leave it out, or allow more outside and less in the other sections";
            found.push(wrong.expected("an inner section can tighten, not loosen").help(help.to_owned()));
        }
    }
}

fn stands_in(line: &Setting, scope: &Arc<Scope>) -> bool {
    line.origin().scope().is_some_and(|of| Arc::ptr_eq(of, scope))
}
