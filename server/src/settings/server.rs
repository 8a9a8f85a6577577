//! What is said once, for the whole server.

use std::time::Duration;

use samovar_config::{Address, Config};

/// What httpd's manual says of `Timeout`.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// Where the configuration says that connections are accepted.
pub(crate) fn listens(config: &Config) -> Vec<Address> {
    config.main().settings().all("Listen").filter_map(|line| line.arguments().first()?.address().cloned()).collect()
}

/// Is there a place whose clients see what is wrong with a change, in place of what was served before?
pub(crate) fn shows_refusals(config: &Config) -> bool {
    let mut lines = config.settings().filter(|line| line.directive() == "RhaiDebug");
    lines.any(|line| line.text().is_some_and(|word| word.eq_ignore_ascii_case("on")))
}
