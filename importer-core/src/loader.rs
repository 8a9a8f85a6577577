//! What a script language does for the importer.

use std::{
    any::Any,
    sync::{Arc, Weak},
};

use crate::{
    diagnostic::Diagnostic,
    id::{InstanceId, ModuleId},
    importer::Importer,
    registry::Registry,
    retention::Holder,
    snapshot::{Module, Snapshot},
    tree::Source,
    view::View,
};

/// Turns text into instances. The one place where the importer touches a script language.
///
/// A loader is called on the thread that needs the module: the one that reloads, or that of the first request that
/// asks; [`compile`](Self::compile) also on others, ahead of need. It must not keep a [`View`] beyond the call: views hold whole generations.
pub trait Loader: Send + Sync + Sized + 'static {
    /// A compiled text, for one instance.
    type Unit: Send;
    /// A loaded module.
    type Instance: Send + Sync;
    /// What a clone hook handed over.
    type Carried: Send;

    /// What is appended to names without an extension (R5).
    const EXTENSION: &'static str;

    /// Compiles a text for the instance that will be made from it. Runs nothing of it.
    ///
    /// # Errors
    /// The text does not compile.
    fn compile(&self, source: &Source, importer: &Arc<Importer>) -> Result<Self::Unit, Diagnostic>;

    /// The names in the imports that the text makes for certain when it runs, in their order, as far as the text alone
    /// tells: without one of them it cannot be loaded. They are compiled by other threads meanwhile, and in a reload before
    /// the first hook runs.
    fn imports(&self, unit: &Self::Unit) -> Vec<String> {
        let _ = unit;
        Vec::new()
    }

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

    /// Returns warnings about an instance, which is served all the same. Called once for each instance, when it has been
    /// published. Warnings of several instances that have the same message become one.
    fn warnings(&self, instance: &Self::Instance) -> Vec<Diagnostic> {
        let _ = instance;
        Vec::new()
    }

    /// Calls the clone hook of an instance that is about to be replaced (R43).
    fn carry(&self, old: &Module<Self>, view: &Arc<View<Self>>) -> Carry<Self::Carried>;

    /// Calls the purge hook of an instance that is discarded (R45, R49).
    ///
    /// # Errors
    /// The hook raised; the instance is discarded all the same (R46).
    fn purge(&self, old: &Module<Self>, view: &Arc<View<Self>>) -> Result<(), Diagnostic>;

    /// What lives as long as code of the instance can be called, if that may be longer than the instance itself.
    fn code(&self, instance: &Self::Instance) -> Weak<dyn Any + Send + Sync> {
        let _ = instance;
        Weak::<()>::new()
    }

    /// Lets a replaced instance go of what keeps it alive itself. `code` is what [`code`](Self::code) told of it.
    fn release(&self, code: &(dyn Any + Send + Sync), newest: &Snapshot<Self>) {
        let _ = (code, newest);
    }

    /// Who holds a replaced instance: running calls, and the state of modules (R51).
    fn holders(&self, module: ModuleId, instance: InstanceId, registry: &Arc<Registry<Self>>) -> Vec<Holder> {
        let _ = (module, instance, registry);
        Vec::new()
    }

    /// A module that the host registered under a bare name (R12).
    fn registered(&self, name: &str, importer: &Arc<Importer>) -> Option<Self::Instance> {
        let _ = (name, importer);
        None
    }

    /// Is there one?
    fn is_registered(&self, name: &str) -> bool {
        let _ = name;
        false
    }
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
