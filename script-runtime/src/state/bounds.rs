//! How large a value may be that outlives its call.

/// How many levels of arrays, maps and captured values a value may have that outlives its call: as many as JSON that is
/// read.
pub(crate) const MAX_DEPTH: usize = 128;

/// How many parts one copy may have.
pub(crate) const MAX_PARTS: usize = 1_000_000;
