//! What a thread knows of the script that it runs.

pub mod call;
pub(crate) mod captures;
pub(crate) mod changing;
mod drop_flat;
pub(crate) mod ending;
pub(crate) mod stack;
pub(crate) mod tick;

pub(crate) use drop_flat::{drop_flat, may_hold_values};
pub(crate) use ending::{Meter, out_of_time};
