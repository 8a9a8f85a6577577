//! The two ways in which modules come to be served.

/// What a draft is for. Freezing forbids the one, not the other (R33).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Load {
    First,
    Reload,
}
