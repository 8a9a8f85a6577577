//! How often an update is tried again that others overtook.

use std::time::Instant;

use crate::{state::error::DeadlineReached, thread::call};

/// The attempts of one update.
///
/// There is always one update that wins, so together they get on; but a slow one can lose to quick ones again and
/// again, and one whose function changes the very entry that it updates always loses. Both end at the deadline.
#[derive(Default)]
pub(super) struct Attempts {
    until: Option<Instant>,
}

impl Attempts {
    /// Notes that the attempt was overtaken. Fails if there is no time for another.
    pub(super) fn overtaken(&mut self) -> Result<(), DeadlineReached> {
        let until = *self.until.get_or_insert_with(call::wait_until);
        if Instant::now() >= until {
            return Err(DeadlineReached::new("a turn to update(..) a value that others keep changing"));
        }
        std::thread::yield_now();
        Ok(())
    }
}
