//! What a change means: whether it may be made, what it involves, what becomes of one that was refused.
//!
//! Pure: no files, no clock, no generation.

pub(crate) mod found;
pub(crate) mod plan;
pub(crate) mod precedence;
pub(crate) mod refusal;
pub(crate) mod standing;
pub(crate) mod waits;

pub(crate) use found::{Change, ChangeSet, Found};
pub(crate) use plan::{Cause, Plan, plan};
pub(crate) use precedence::{Allowed, Precedence};
pub(crate) use refusal::{Now, NowOf, Reconsidered, Refusal, ServedText, Told, Window, reconsider};
pub(crate) use standing::{Shown, Standing, Withheld};
pub(crate) use waits::Waits;
