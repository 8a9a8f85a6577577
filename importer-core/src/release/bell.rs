//! Wakes the thread that writes. Ringing never waits for it.

use std::time::Instant;

use parking_lot::{Condvar, Mutex};

#[derive(Default)]
pub(super) struct Bell {
    rung: Mutex<bool>,
    wake: Condvar,
}

impl Bell {
    pub(super) fn ring(&self) {
        *self.rung.lock() = true;
        self.wake.notify_one();
    }

    /// Waits until the bell rings, at most until the moment `until`. Returns immediately if it has rung since the last
    /// wait.
    pub(super) fn wait(&self, until: Option<Instant>) {
        let mut rung = self.rung.lock();
        while !*rung {
            match until {
                None => self.wake.wait(&mut rung),
                Some(until) if self.wake.wait_until(&mut rung, until).timed_out() => break,
                Some(_) => {}
            }
        }
        *rung = false;
    }
}
