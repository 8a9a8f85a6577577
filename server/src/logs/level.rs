//! The log level while a script runs for a request. It is stored for the thread, and the filter of the log asks for it.

use std::cell::Cell;

use tracing::level_filters::LevelFilter;

thread_local! {
    static OF_REQUEST: Cell<Option<LevelFilter>> = const { Cell::new(None) };
}

/// The log level of the request that this thread runs a script for. Without one, the level of the site holds, see
/// [`Site::log_level`](crate::Site::log_level).
#[must_use]
pub fn level_of_request() -> Option<LevelFilter> {
    OF_REQUEST.get()
}

/// Runs code for a request whose log level this is.
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
