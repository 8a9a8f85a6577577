//! Changes: whether they may be made, which modules they reload, and refused changes.
//!
//! This folder knows nothing of files and generations: it is given what was read and what is served.

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
