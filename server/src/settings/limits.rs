//! `RhaiLimit`: what scripts may use up.

use std::time::Duration;

use samovar_config::Resolved;
use samovar_rhai::{Limits, TIME};

use super::directives::LIMIT;

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
fn most(settings: &Resolved, limit: &str) -> Option<u64> {
    settings.at(LIMIT, limit)
}
