//! How much is told while a script runs for a request: its thread knows, and whoever filters the log asks for it.

use std::cell::Cell;

use tracing::level_filters::LevelFilter;

thread_local! {
    static OF_REQUEST: Cell<Option<LevelFilter>> = const { Cell::new(None) };
}

/// The level for what is told on this thread now, if that is about a request. Otherwise that of the site holds, see
/// [`Site::log_level`](crate::Site::log_level).
#[must_use]
pub fn level_of_request() -> Option<LevelFilter> {
    OF_REQUEST.get()
}

/// Runs what belongs to a request that is told of at this level.
pub(crate) fn at<R>(level: Option<LevelFilter>, run: impl FnOnce() -> R) -> R {
    struct Back(Option<LevelFilter>);
    impl Drop for Back {
        fn drop(&mut self) {
            OF_REQUEST.set(self.0);
        }
    }
    let _back = Back(OF_REQUEST.replace(level));
    run()
}
