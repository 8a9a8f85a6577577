//! Values of scripts, whatever holds them: what they are, and how to go through them without recursion, since a script
//! nests them as deeply as it likes.

mod callback;
mod html;
pub(crate) mod parts;
mod sort;

pub(crate) use callback::{Callback, captured, each_pointer, owner};
pub(crate) use html::Html;
pub(crate) use sort::merge_sort;
