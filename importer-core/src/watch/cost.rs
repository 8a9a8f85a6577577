//! The cost of looking at files, by which looking is paced (R60).

use std::time::{Duration, Instant};

/// A measurement, begun when looking begins.
pub(crate) struct Cost {
    begun: Instant,
    worked: Option<Duration>,
}

/// The elapsed time divided by this is the least cost. A thread that waits for a busy core should not look less often
/// because of that. One that waits for a remote file system does not work meanwhile, but should not load that system
/// either.
const WAITING: u32 = 8;

impl Cost {
    pub(crate) fn begin() -> Self {
        Self { begun: Instant::now(), worked: worked() }
    }

    /// Returns the cost since the beginning.
    pub(crate) fn so_far(&self) -> Duration {
        let passed = self.begun.elapsed();
        match (self.worked, worked()) {
            (Some(before), Some(now)) => now.saturating_sub(before).max(passed / WAITING),
            _ => passed,
        }
    }
}

/// Returns the CPU time of this thread.
#[cfg(unix)]
fn worked() -> Option<Duration> {
    crate::text::clock::read(libc::CLOCK_THREAD_CPUTIME_ID)
}

#[cfg(not(unix))]
fn worked() -> Option<Duration> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn r60_work_counts_and_waiting_counts_for_less() {
        let work = Cost::begin();
        let mut sum = 0_u64;
        while worked().expect("told") < work.worked.expect("told") + Duration::from_millis(30) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        assert!(work.so_far() >= Duration::from_millis(30));
        let wait = Cost::begin();
        std::thread::sleep(Duration::from_millis(80));
        let passed = wait.begun.elapsed();
        assert!(wait.so_far() >= Duration::from_millis(10) && wait.so_far() < passed, "{:?}", wait.so_far());
    }
}
