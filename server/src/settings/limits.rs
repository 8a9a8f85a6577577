//! `RhaiLimit`: what scripts may use.

use std::time::Duration;

use samovar_config::Resolved;
use samovar_rhai::{Limits, TIME};

use super::directives::LIMIT;

/// The limits of a call where these settings hold.
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

/// The limits of loading a module. A module is loaded for all requests that use it, so the settings of the main server
/// hold.
#[derive(Clone)]
pub(crate) struct Loading {
    pub(crate) limits: Limits,
    /// At least the default, since loading happens once and not with each request.
    pub(crate) time: Duration,
}

impl Loading {
    pub(crate) fn of(main: &Resolved) -> Self {
        Self { limits: of(main), time: time(main).max(TIME) }
    }
}

/// The setting of a limit; 0 means no limit, as in [`Limits`].
fn most(settings: &Resolved, limit: &str) -> Option<u64> {
    settings.at(LIMIT, limit)
}
