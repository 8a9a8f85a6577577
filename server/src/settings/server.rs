//! Settings of the whole server.

use std::time::Duration;

use samovar_config::{Address, Config, Line};

use super::directives::{DEBUG, LISTEN};

/// How long a client may take where there is no `Timeout` directive; the same as its default.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// The addresses at which connections are accepted.
pub(crate) fn listens(config: &Config) -> Vec<Address> {
    config.main().settings().get(LISTEN).cloned().collect()
}

/// Is `RhaiDebug` on anywhere, so that clients see why a change was refused?
pub(crate) fn shows_refusals(config: &Config) -> bool {
    config.lines(DEBUG).any(Line::value)
}
