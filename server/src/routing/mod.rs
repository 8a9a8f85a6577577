//! From a URL to a file or a script, and to what conditions may ask of a request.

pub(crate) mod facts;
pub(crate) mod hidden;
pub(crate) mod private;
pub(crate) mod route;
