//! The interface through which the importer runs a script language.

use std::sync::{Arc, Weak};

use super::{snapshot::Snapshot, view::View};
use crate::{
    module::{Importer, InstanceId, Language, Module, ModuleId},
    report::Holder,
    text::Diagnostic,
};

/// Turns compiled texts into instances. Together with [`Language`], this is the only place where the importer touches a
/// script language.
///
/// A loader is called on the thread that needs the module: the one that reloads, or that of the first request that
/// imports it. [`compile`](Language::compile) is also called on other threads, ahead of need. A loader must not keep a
/// [`View`] beyond the call: views hold whole generations. Three methods are required; the others are for languages
/// whose code may outlive its module.
pub trait Loader: Language {
    /// The state that a clone hook hands over.
    type Carried: Send;

    /// Runs a compiled text as a new instance, which will replace `old`. The imports that it makes go to `view`.
    ///
    /// # Errors
    /// The text raised an error, or exceeded a limit.
    fn load(
        &self,
        unit: Self::Unit,
        importer: &Arc<Importer>,
        old: Option<&Module<Self>>,
        carried: Option<Self::Carried>,
        view: &Arc<View<Self>>,
    ) -> Result<Self::Instance, Diagnostic>;

    /// Calls the clone hook of an instance that is about to be replaced (R43).
    fn carry(&self, old: &Module<Self>, view: &Arc<View<Self>>) -> Carry<Self::Carried>;

    /// Calls the purge hook of an instance that is discarded (R45, R49).
    ///
    /// # Errors
    /// The hook raised an error; the instance is discarded all the same (R46).
    fn purge(&self, old: &Module<Self>, view: &Arc<View<Self>>) -> Result<(), Diagnostic>;

    /// Returns warnings about an instance, which is served all the same. Called once for each instance, after
    /// publication. Warnings of several instances with the same message are merged.
    fn warnings(&self, instance: &Self::Instance) -> Vec<Diagnostic> {
        let _ = instance;
        Vec::new()
    }

    /// Returns the code of an instance, if it may outlive the instance because it can still be called.
    fn code(&self, instance: &Self::Instance) -> Weak<dyn Code<Self>> {
        let _ = instance;
        Weak::<NoCode>::new()
    }

    /// Returns what holds a replaced instance: running calls, and the state of the newest modules (R51).
    fn holders(&self, module: ModuleId, instance: InstanceId, newest: &Snapshot<Self>) -> Vec<Holder> {
        let _ = (module, instance, newest);
        Vec::new()
    }
}

/// Code that may outlive its module.
pub trait Code<L: Language>: Send + Sync {
    /// Releases the references through which the code keeps itself alive, after its instance has been replaced.
    /// `newest` is the generation without it.
    fn release(&self, newest: &Snapshot<L>);
}

/// The code of a language whose code lives as long as its instance.
struct NoCode;

impl<L: Language> Code<L> for NoCode {
    fn release(&self, _: &Snapshot<L>) {}
}

/// The result of calling a clone hook.
#[derive(Debug)]
pub enum Carry<C> {
    /// The instance has no clone hook: the next one starts from fresh state.
    NoHook,
    /// The hook handed over this state.
    Carried(C),
    /// The hook raised an error: the next instance starts from fresh state, and the old one is purged (R45).
    Failed(Diagnostic),
    /// The hook timed out while it waited for a lock: the reload is refused, and tried again a few times (R45).
    Waited(Diagnostic),
}
