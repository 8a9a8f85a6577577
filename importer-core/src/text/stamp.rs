//! How a change is recognised: the content hash decides, the stamp avoids reading.

use std::{
    fmt,
    ops::RangeInclusive,
    time::{SystemTime, UNIX_EPOCH},
};

/// Hash of a file's content. Two texts are the same exactly when their hashes are (BLAKE3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// Hashes `content`.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        Self(*blake3::hash(content).as_bytes())
    }

    /// The hash as bytes, to be written down.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// A hash that was written down.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for ContentHash {
    /// 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in &self.0[..6] {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// What a file system says about a file without reading it. A stamp that stayed the same makes a change unlikely; one
/// that moved, in any direction, makes a look at the content worth it (R25).
///
/// The change time (`ctime`) is what `cp -p`, `touch -d` and `rsync -t` cannot set, so that content of equal size and
/// equal modification time is still noticed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Stamp {
    /// Size in bytes.
    pub len: u64,
    /// Modification time in nanoseconds since 1970.
    pub modified: i128,
    /// Time of the last change of the inode in nanoseconds since 1970.
    pub changed: i128,
    /// Device and inode: another file under the same name.
    pub file: (u64, u64),
}

/// File systems keep times in steps; none is longer than this, in nanoseconds.
const STEP: i128 = 20_000_000;

/// Now, on the clock of files: the times that a change may have which was made right before.
pub(super) fn moment() -> RangeInclusive<i128> {
    match step() {
        Some(step) => step..=step,
        None => since_1970() - STEP..=since_1970(),
    }
}

fn since_1970() -> i128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos().cast_signed())
}

/// The step in which file systems are now: Linux gives files the time of its coarse clock.
#[cfg(target_os = "linux")]
#[allow(clippy::unnecessary_wraps, reason = "not every system tells")]
fn step() -> Option<i128> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
    Some(i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec))
}

#[cfg(not(target_os = "linux"))]
fn step() -> Option<i128> {
    None
}

impl Stamp {
    /// File systems keep times in steps. What was written in the very step in which it is read may be written again
    /// without another stamp, so a stamp this young says nothing about what comes later.
    #[must_use]
    pub fn is_young(&self) -> bool {
        self.changed >= since_1970() - STEP
    }
}
