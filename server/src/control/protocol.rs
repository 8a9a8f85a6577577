//! The protocol of the control socket, see the page of [`control`](super).

/// The version of the protocol.
pub(super) const VERSION: u64 = 1;
