//! What is said once, for the whole server.

use std::time::Duration;

use samovar_config::{Address, Config, Line};

use super::directives::{DEBUG, LISTEN};

/// How long a client may take where no `Timeout` can say it; the same as the directive's default.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// Where the configuration says that connections are accepted.
pub(crate) fn listens(config: &Config) -> Vec<Address> {
    config.main().settings().get(LISTEN).cloned().collect()
}

/// Is there a place whose clients see what is wrong with a change, in place of what was served before?
pub(crate) fn shows_refusals(config: &Config) -> bool {
    config.lines(DEBUG).any(Line::value)
}
