//! What holds for a request, whatever answers it.

use std::time::Duration;

use samovar_rhai::Options;
use tracing::level_filters::LevelFilter;

use crate::{logs::file::LogFile, settings::server::DEFAULT_TIMEOUT};

/// What holds for a request, whatever answers it.
#[derive(Clone)]
pub(crate) struct Terms {
    pub(crate) options: Options,
    /// How much of the request is logged; `None`: as much as of everything else.
    pub(crate) level: Option<LevelFilter>,
    /// In bytes.
    pub(crate) body_limit: usize,
    /// How long its body may take to come in.
    pub(crate) timeout: Duration,
    /// Do clients see what is wrong with a script?
    pub(crate) debug: bool,
    /// Where its errors are logged, if not with all others.
    pub(crate) error_log: Option<LogFile>,
}

impl Default for Terms {
    /// The defaults of `LimitRequestBody` and `Timeout`.
    fn default() -> Self {
        let (options, body_limit) = (Options::default(), 1 << 20);
        Self { options, level: None, body_limit, timeout: DEFAULT_TIMEOUT, debug: false, error_log: None }
    }
}
