//! How a change is recognised: the content hash decides, the stamp avoids reading.

use std::{
    fmt,
    ops::RangeInclusive,
    time::{SystemTime, UNIX_EPOCH},
};

/// The hash of a file's content (BLAKE3). Two texts are equal exactly when their hashes are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// Hashes `content`.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        Self(*blake3::hash(content).as_bytes())
    }

    /// Returns the hash as bytes, for storage.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// Creates a hash from stored bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for ContentHash {
    /// Writes 64 hexadecimal digits.
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

/// What a file system says about a file without reading it. An equal stamp makes a change unlikely. A different one, in
/// any direction, means that the content has to be compared (R25).
///
/// `cp -p`, `touch -d` and `rsync -t` cannot set the change time (`ctime`), so a change of content with equal size and
/// equal modification time is still noticed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Stamp {
    /// Size in bytes.
    pub len: u64,
    /// Modification time in nanoseconds since 1970.
    pub modified: i128,
    /// Time of the last change of the inode in nanoseconds since 1970.
    pub changed: i128,
    /// Device and inode: they differ when another file has the same name.
    pub file: (u64, u64),
}

/// The longest step, in nanoseconds, in which file systems keep times.
const STEP: i128 = 20_000_000;

/// Returns the times that a file may have that was changed right before this call.
pub(crate) fn moment() -> RangeInclusive<i128> {
    match step() {
        Some(step) => step..=step,
        None => since_1970() - STEP..=since_1970(),
    }
}

fn since_1970() -> i128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos().cast_signed())
}

/// Returns the current step of file times: Linux uses its coarse clock for them.
#[cfg(target_os = "linux")]
fn step() -> Option<i128> {
    super::clock::read(libc::CLOCK_REALTIME_COARSE).map(|time| time.as_nanos().cast_signed())
}

#[cfg(not(target_os = "linux"))]
fn step() -> Option<i128> {
    None
}

impl Stamp {
    /// Returns whether the stamp is too young to trust. File systems keep times in steps: a file that is read in the
    /// same step in which it was written may be written again without another stamp.
    #[must_use]
    pub fn is_young(&self) -> bool {
        self.changed >= since_1970() - STEP
    }
}
