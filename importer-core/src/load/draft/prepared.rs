//! A planned module that has been compiled.

use std::sync::Arc;

use super::ahead::CompiledText;
use crate::{
    generation::Loader,
    module::{Reason, Scope},
};

/// A compiled module that waits for its turn.
pub(super) struct Prepared<L: Loader> {
    pub(super) compiled: CompiledText<L>,
    pub(super) scope: Arc<Scope>,
    pub(super) reason: Reason,
    pub(super) log: bool,
}
