//! The way of one request, once it is decided what answers.

pub(crate) mod aftermath;
pub(crate) mod authority;
pub(crate) mod body;
pub(crate) mod course;
pub(crate) mod detach;
pub(crate) mod files;
pub(crate) mod pages;
pub(crate) mod pool;
pub(crate) mod range;
pub(crate) mod spool;
pub(crate) mod terms;
pub(crate) mod way;
