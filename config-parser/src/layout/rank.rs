//! The order in which sections are merged.

/// The index of a section in the order of merging.
pub(crate) type Rank = u32;
