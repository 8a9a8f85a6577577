//! What looking at files costs: the measure by which it is paced (R60).

use std::time::{Duration, Instant};

/// Begun when looking begins.
pub(crate) struct Cost {
    begun: Instant,
    worked: Option<Duration>,
}

/// A thread that has to wait for a core, since others are busy, looks no more for that. One that waits for a file system
/// that is far away does not work while it waits, and is to leave that alone as well; but not as if it had worked.
const WAITING: u32 = 8;

impl Cost {
    pub(crate) fn begin() -> Self {
        Self { begun: Instant::now(), worked: worked() }
    }

    /// What looking has cost since it began.
    pub(crate) fn so_far(&self) -> Duration {
        let passed = self.begun.elapsed();
        match (self.worked, worked()) {
            (Some(before), Some(now)) => now.saturating_sub(before).max(passed / WAITING),
            _ => passed,
        }
    }
}

/// How long this thread has had a core.
#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "not every system tells")]
fn worked() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?);
    Some(Duration::new(seconds, nanoseconds))
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
