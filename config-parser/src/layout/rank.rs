//! The order in which sections are merged.

/// Place of a section in the order of merging.
pub(crate) type Rank = u32;
