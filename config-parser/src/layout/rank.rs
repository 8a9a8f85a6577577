//! The order in which sections are merged.

/// FileRange of a section in the order of merging.
pub(crate) type Rank = u32;
