//! Clone hooks that timed out waiting for a lock, and when they are called again (R45).

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::module::ModuleId;

/// The schedule by which such hooks are called again.
pub(crate) struct Waits(Mutex<Schedule>);

struct Schedule {
    delays: Vec<Duration>,
    pending: HashMap<ModuleId, Wait>,
}

struct Wait {
    /// How many of the delays have begun.
    begun: usize,
    again: Instant,
}

impl Default for Waits {
    fn default() -> Self {
        let delays = [1, 2, 4].map(Duration::from_secs).to_vec();
        Self(Mutex::new(Schedule { delays, pending: HashMap::new() }))
    }
}

impl Waits {
    pub(crate) fn set_delays(&self, delays: Vec<Duration>) {
        self.0.lock().delays = delays;
    }

    /// Notes that the hook of a module waited in vain from `started` to `ended`. Returns whether it will be called
    /// again.
    pub(crate) fn waited(&self, id: ModuleId, started: Instant, ended: Instant) -> bool {
        let Schedule { delays, pending } = &mut *self.0.lock();
        let begun = match pending.get(&id) {
            None => 0,
            // The file was edited meanwhile, or a reload was requested: such a call uses up no delay.
            Some(wait) if started < wait.again => return true,
            Some(wait) => wait.begun,
        };
        match delays.get(begun) {
            Some(delay) => {
                pending.insert(id, Wait { begun: begun + 1, again: ended + *delay });
                true
            }
            None => {
                pending.remove(&id);
                false
            }
        }
    }

    /// Returns whether one of these hooks is due.
    pub(crate) fn is_due<'a>(&self, ids: impl IntoIterator<Item = &'a ModuleId>, now: Instant) -> bool {
        let schedule = self.0.lock();
        ids.into_iter().any(|id| schedule.pending.get(id).is_some_and(|wait| wait.again <= now))
    }

    /// Removes a module from the schedule: it was reloaded, or there is nothing to reload any more.
    pub(crate) fn forget(&self, id: ModuleId) {
        self.0.lock().pending.remove(&id);
    }

    /// Returns when the next hook is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.0.lock().pending.values().map(|wait| wait.again).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOOK: ModuleId = ModuleId(1);

    #[test]
    fn r45_a_hook_that_waits_is_called_again_after_1_2_and_4_seconds() {
        let (waits, start) = (Waits::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        // Each call takes a second, which it waits.
        for (begin, again) in [(0, 2), (2, 5), (5, 10)] {
            assert!(waits.waited(HOOK, at(begin), at(begin + 1)));
            assert_eq!(waits.next(), Some(at(again)));
            assert!(!waits.is_due(&[HOOK], at(again - 1)) && waits.is_due(&[HOOK], at(again)));
        }
        assert!(!waits.waited(HOOK, at(10), at(11)), "then it counts as raised");
        assert_eq!(waits.next(), None);
    }

    #[test]
    fn r45_an_edit_in_between_costs_no_turn() {
        let (waits, start) = (Waits::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(waits.waited(HOOK, at(0), at(1)));
        for _ in 0..9 {
            assert!(waits.waited(HOOK, at(1), at(2)));
        }
        assert_eq!(waits.next(), Some(at(2)));
        waits.forget(HOOK);
        assert!(!waits.is_due(&[HOOK], at(9)));
    }
}
