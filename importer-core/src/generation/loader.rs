//! What a script language does for the importer.

use std::sync::{Arc, Weak};

use super::{snapshot::Snapshot, view::View};
use crate::{
    module::{Importer, InstanceId, Language, Module, ModuleId},
    report::Holder,
    text::Diagnostic,
};

/// Turns compiled texts into instances. With [`Language`] the one place where the importer touches a script language.
///
/// A loader is called on the thread that needs the module: the one that reloads, or that of the first request that
/// asks; [`compile`](Language::compile) also on others, ahead of need. It must not keep a [`View`] beyond the call: views
/// hold whole generations. Three methods make a language; the others are for those whose code outlives its module.
pub trait Loader: Language {
    /// What a clone hook handed over.
    type Carried: Send;

    /// Runs a compiled text as a new instance, which will take the place of `old`. Imports that it makes go to `view`.
    ///
    /// # Errors
    /// The text raised, or exceeded a limit.
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
    /// The hook raised; the instance is discarded all the same (R46).
    fn purge(&self, old: &Module<Self>, view: &Arc<View<Self>>) -> Result<(), Diagnostic>;

    /// Returns warnings about an instance, which is served all the same. Called once for each instance, when it has been
    /// published. Warnings of several instances that have the same message become one.
    fn warnings(&self, instance: &Self::Instance) -> Vec<Diagnostic> {
        let _ = instance;
        Vec::new()
    }

    /// The code of an instance, if it may live longer than the instance itself: as long as somebody can call it.
    fn code(&self, instance: &Self::Instance) -> Weak<dyn Code<Self>> {
        let _ = instance;
        Weak::<NoCode>::new()
    }

    /// Finds who holds a replaced instance: running calls, and the state of the newest modules (R51).
    fn holders(&self, module: ModuleId, instance: InstanceId, newest: &Snapshot<Self>) -> Vec<Holder> {
        let _ = (module, instance, newest);
        Vec::new()
    }
}

/// Code that may outlive its module.
pub trait Code<L: Language>: Send + Sync {
    /// Lets go of what keeps the code alive from within, when its instance has been replaced. `newest` is the generation
    /// without it.
    fn release(&self, newest: &Snapshot<L>);
}

/// That of a language whose code lives as long as its instance.
struct NoCode;

impl<L: Language> Code<L> for NoCode {
    fn release(&self, _: &Snapshot<L>) {}
}

/// What became of a clone hook.
#[derive(Debug)]
pub enum Carry<C> {
    /// The instance has none: the next one starts from fresh state.
    NoHook,
    /// It handed something over.
    Carried(C),
    /// It raised: the next instance starts from fresh state, and the old one is purged (R45).
    Failed(Diagnostic),
    /// Its time ended while it waited for a lock: the reload is refused and tried again, for a while (R45).
    Waited(Diagnostic),
}
