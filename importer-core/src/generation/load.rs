//! The two kinds of loads.

/// What a draft is for. Freezing forbids reloads, not first loads (R33).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Load {
    First,
    Reload,
}
