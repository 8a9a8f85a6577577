//! The control socket of a running server: a Unix socket that only its user can reach, for status, reloads and
//! freezing.
//!
//! A connection carries one request and one answer, each a line of JSON. Requests:
//!
//! ```json
//! {"samovar": 1, "command": "status"}
//! {"samovar": 1, "command": "reload"}
//! {"samovar": 1, "command": "graph", "interpreter": "main", "verbose": true}
//! {"samovar": 1, "command": "freeze", "interpreter": "main"}
//! ```
//!
//! `samovar` is the version of the protocol. Without `interpreter`, a command means all of them; with `"colour": true`, what is
//! rendered for people is coloured. The answer is
//! `{"samovar": 1, "answer": {..}}`, or `{"samovar": 1, "error": "why"}`. [`Control`] is the server's end; the client's is
//! `samovar status` and the other commands that ask. [`ControlSocket`] says where both meet.

pub(crate) mod address;
pub(crate) mod ask;
mod clients;
mod listener;
mod problems;
mod protocol;
mod report;
mod running;

pub use address::ControlSocket;
pub use listener::{Control, ControlError};
pub use running::Running;
