//! From a URL to what answers it.
//!
//! Who answers is decided on one page, [`answering`].

pub(crate) mod answering;
pub(crate) mod facts;
pub(crate) mod hidden;
pub(crate) mod holding;
pub(crate) mod private;
pub(crate) mod route;
