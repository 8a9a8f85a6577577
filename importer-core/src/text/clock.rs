//! The clocks of the system that the standard library does not read.

use std::time::Duration;

/// Reads a clock of Unix systems.
///
/// This calls the system's C library. The same call of rustix finds the kernel's own code for it first, and ends the
/// process where that is hidden, as valgrind does.
#[cfg(unix)]
pub(crate) fn read(clock: libc::clockid_t) -> Option<Duration> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec of this frame, which the call writes to and does not keep.
    #[allow(unsafe_code, reason = "the standard library reads other clocks only")]
    let result = unsafe { libc::clock_gettime(clock, &raw mut time) };
    let (seconds, nanoseconds) = (u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?);
    (result == 0).then(|| Duration::new(seconds, nanoseconds))
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::*;

    #[test]
    fn clocks_that_there_are_run_and_others_are_none() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let read = read(libc::CLOCK_REALTIME).expect("read");
        assert!(read >= now && read < now + Duration::from_secs(10), "{read:?} {now:?}");
        assert_eq!(super::read(-1000), None);
    }
}
