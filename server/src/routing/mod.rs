//! From a URL to what answers it.
//!
//! [`answering`] decides what answers, on one page.

pub(crate) mod answering;
pub(crate) mod facts;
pub(crate) mod hidden;
pub(crate) mod holding;
pub(crate) mod private;
pub(crate) mod route;
