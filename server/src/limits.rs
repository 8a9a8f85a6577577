//! `RhaiLimit`: what scripts may use up.

use std::{sync::Arc, time::Duration};

use samovar_config::{Argument, ArgumentFault, Code, Config, Diagnostic, Resolved, Scope, Setting};
use samovar_rhai::{Limits, TIME};

use crate::judge::span;

/// A limit that holds nothing, because an outer one is smaller.
pub(crate) const LIMIT_LOOSENED: Code = Code::new("W107", "limit-loosened");

/// The limits that there are.
pub(crate) const NAMES: &[&str] = &["operations", "depth", "string", "array", "map", "time"];

/// What people ask for that cannot be counted, and what does its work.
pub(crate) const ABSENT: &[(&str, &str)] = &[(
    "memory",
    "memory is not counted; `string`, `array` and `map` bound single values, `operations` and `time` their number",
)];

/// Native stacks are made for so many nested calls.
const DEEPEST: u64 = 64;

/// What a call may use up where these settings hold.
pub(crate) fn of(settings: &Resolved) -> Limits {
    let size = |key: &str, default: usize| {
        most(settings, key).map_or(default, |most| usize::try_from(most).unwrap_or(usize::MAX))
    };
    let default = Limits::default();
    Limits {
        operations: most(settings, "operations").unwrap_or(default.operations),
        call_depth: size("depth", default.call_depth),
        string_bytes: size("string", default.string_bytes),
        array_items: size("array", default.array_items),
        map_entries: size("map", default.map_entries),
        ..default
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

fn most(settings: &Resolved, key: &str) -> Option<u64> {
    settings.key("RhaiLimit", key).map(number)
}

/// What a line allows.
pub(crate) fn number(line: &Setting) -> u64 {
    line.arguments().get(1).and_then(Argument::integer).unwrap_or(u64::MAX)
}

/// Judges the arguments of a line together.
pub(crate) fn in_range(arguments: &[&str]) -> Result<(), ArgumentFault> {
    let most = arguments.get(1).and_then(|text| text.parse::<u64>().ok());
    match arguments.first() {
        Some(what) if what.eq_ignore_ascii_case("depth") && most > Some(DEEPEST) => Err(ArgumentFault {
            argument: 1,
            message: "calls cannot be nested so deep".to_owned(),
            expected: format!("expected a whole number from 1 to {DEEPEST}"),
        }),
        _ => Ok(()),
    }
}

/// Warns of limits that are larger than one around them.
pub(crate) fn judge(config: &Config, found: &mut Vec<Diagnostic>) {
    let lines: Vec<&Arc<Setting>> = config.settings().filter(|line| line.directive() == "RhaiLimit").collect();
    for line in &lines {
        let Some(scope) = line.origin().scope() else { continue };
        let around = std::iter::successors(scope.parent(), |scope| scope.parent());
        let is_around = |other: &Setting| around.clone().any(|scope| stands_in(other, scope));
        let outer = lines.iter().filter(|other| other.text() == line.text() && is_around(other));
        if let Some(outer) = outer.min_by_key(|outer| number(outer)).filter(|outer| number(outer) < number(line)) {
            let key = line.text().unwrap_or_default();
            let message = format!("the limit of `{key}` is {} here as well", number(outer));
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
