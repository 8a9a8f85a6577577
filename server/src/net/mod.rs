//! Sockets, connections, and the guard in front of the HTTP library.

pub(crate) mod bind;
pub(crate) mod connection;
pub(crate) mod head_guard;
pub(crate) mod listen;
pub(crate) mod peers;
pub(crate) mod sending;
