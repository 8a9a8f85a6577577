//! An instance: one run of one text, with variables and code that no other instance shares.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, OnceLock, Weak};

use rhai::{
    Dynamic, Engine, EvalAltResult, FnPtr, GlobalRuntimeState, ImmutableString, Module, NativeCallContext, Position,
    Shared,
};

use parking_lot::Mutex;
use samovar_importer::Importer;

use crate::{
    link::{
        instance::{
            bindings::{Bindings, Bound},
            callback,
        },
        scan::{
            Scan,
            error::{Frame, InstanceText},
            name::InstanceId,
        },
    },
    state::{self, StateError},
    thread::at_hand::Variables,
};

/// What the instance's own code needs. Callbacks, and what importers see, hold this; it holds neither.
pub(crate) struct Core {
    id: InstanceId,
    tag: ImmutableString,
    scan: Arc<Scan>,
    /// The module in its role as importer, if the samovar importer loaded it.
    importer: Option<Arc<Importer>>,
    bindings: Bindings,
    /// What `on_purge` registered, in order. These do not hold the instance either.
    cleanups: Mutex<Vec<Dynamic>>,
    code: OnceLock<CompiledCode>,
    /// The state that a call from outside starts with; there is none while the top level runs.
    start: OnceLock<GlobalRuntimeState>,
    /// The same, of a top level that runs and has made a callback: others may call that before loading has ended, and also
    /// when it ended with an error (R61).
    so_far: Mutex<Option<GlobalRuntimeState>>,
}

pub(crate) struct CompiledCode {
    /// All functions under their linked names, without environment: what they name is theirs wherever they run.
    pub(crate) module: Shared<Module>,
    /// The numbers of parameters of each function, closures too, by its linked name.
    pub(crate) arities: HashMap<String, Vec<usize>>,
}

/// The largest number of cleanups: a module that adds more probably adds one on each request.
const MAX_CLEANUPS: usize = 1_000;

/// Every instance that lives. A compiled name has only the number of its instance to go by.
static ALL: LazyLock<papaya::HashMap<InstanceId, Weak<Core>>> = LazyLock::new(papaya::HashMap::new);

/// The live instance of this number.
pub(crate) fn find(id: InstanceId) -> Option<Arc<Core>> {
    ALL.pin().get(&id)?.upgrade()
}

/// Every live instance, in no order.
pub(crate) fn all() -> Vec<Arc<Core>> {
    ALL.pin().values().filter_map(Weak::upgrade).collect()
}

/// The number of the instance whose code Rhai says is running.
pub(crate) fn by_tag(source: &str) -> Option<InstanceId> {
    let (_, id) = source.rsplit_once('#')?;
    Some(InstanceId::from_number(id.parse().ok()?))
}

impl Variables for Core {
    fn variable(&self, slot: usize) -> Option<Dynamic> {
        self.variable(slot)
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        ALL.pin().remove(&self.id);
    }
}

impl Core {
    pub(crate) fn new(
        id: InstanceId,
        scan: Arc<Scan>,
        importer: Option<Arc<Importer>>,
        bindings: Bindings,
    ) -> Arc<Self> {
        let tag = format!("{}#{id}", scan.file()).into();
        let (cleanups, code, start) = (Mutex::default(), OnceLock::new(), OnceLock::new());
        let core =
            Arc::new(Self { id, tag, scan, importer, bindings, cleanups, code, start, so_far: Mutex::default() });
        ALL.pin().insert(id, Arc::downgrade(&core));
        core
    }

    pub(crate) fn id(&self) -> InstanceId {
        self.id
    }

    pub(crate) fn tag(&self) -> &ImmutableString {
        &self.tag
    }

    pub(crate) fn scan(&self) -> &Arc<Scan> {
        &self.scan
    }

    pub(crate) fn importer(&self) -> Option<&Arc<Importer>> {
        self.importer.as_ref()
    }

    /// Notes what the top level, which runs in `global`, has imported by now: it makes a callback.
    pub(crate) fn note_imports(&self, engine: &Engine, global: &GlobalRuntimeState) {
        let state = self.starting(engine, global);
        let mut so_far = self.so_far.lock();
        let _old = match self.start.get() {
            Some(_) => Some(state),
            None => so_far.replace(state),
        };
    }

    /// As [`note_imports`](Self::note_imports), after an import: it matters only to callbacks that there are already.
    pub(crate) fn note_more_imports(&self, engine: &Engine, global: &GlobalRuntimeState) {
        let is_called = self.so_far.lock().is_some();
        if is_called {
            self.note_imports(engine, global);
        }
    }

    /// The state in which code of this instance starts, with the imports of `global`.
    pub(crate) fn starting(&self, engine: &Engine, global: &GlobalRuntimeState) -> GlobalRuntimeState {
        let mut state = engine.new_global_runtime_state();
        self.enter(&mut state);
        for (name, module) in global.scan_imports_raw() {
            state.push_import(name.clone(), module.clone());
        }
        state
    }

    /// The state in which a callback starts: what is published, or what is defined so far. `None` before the top level has
    /// made a callback.
    pub(crate) fn callback_state(&self) -> Option<GlobalRuntimeState> {
        self.start.get().cloned().or_else(|| self.state_so_far())
    }

    /// Returns the state for a reader that found no start. There may be one by now: the lock decides.
    fn state_so_far(&self) -> Option<GlobalRuntimeState> {
        let so_far = self.so_far.lock();
        self.start.get().or(so_far.as_ref()).cloned()
    }

    /// Does a reader that found the module loading, and reads on when it has ended, find a variable and the imports?
    #[cfg(test)]
    pub(crate) fn is_seen_by_late_readers(&self, variable: &str) -> bool {
        let found = self.bindings.slots().get(variable).is_some_and(|slot| self.bindings.has_so_far(*slot));
        found && self.state_so_far().is_some_and(|state| state.scan_imports_raw().next().is_some())
    }

    /// Ends the loading for those who call callbacks.
    pub(crate) fn close(&self, start: GlobalRuntimeState) {
        let mut so_far = self.so_far.lock();
        self.start.get_or_init(|| start);
        let old = so_far.take();
        drop(so_far);
        // Modules that were imported may end with it, and that may run anything.
        drop(old);
    }

    /// The value of a variable while the top level still runs.
    pub(crate) fn variable_so_far(&self, name: &str) -> Option<Dynamic> {
        match self.start.get() {
            Some(_) => None,
            None => self.variable(*self.bindings.slots().get(name)?),
        }
    }

    /// Adds a callback that is called when the module is purged. False: there are too many.
    pub(crate) fn add_cleanup(&self, callback: FnPtr) -> bool {
        let mut callback = Dynamic::from(callback);
        callback::weaken(&mut callback, self.id);
        let mut cleanups = self.cleanups.lock();
        let room = cleanups.len() < MAX_CLEANUPS;
        if room {
            cleanups.push(callback);
        }
        room
    }

    /// The callbacks to call when the module is purged, in the order in which they were added; each is given out once.
    pub(crate) fn take_cleanups(&self) -> Vec<FnPtr> {
        let cleanups = std::mem::take(&mut *self.cleanups.lock());
        cleanups.into_iter().filter_map(Dynamic::try_cast).collect()
    }

    pub(crate) fn bindings(&self) -> &Bindings {
        &self.bindings
    }

    pub(crate) fn place(&self) -> InstanceText {
        InstanceText { id: self.id, file: self.scan.file().clone(), text: self.scan.text().clone() }
    }

    /// A place in the text.
    pub(crate) fn frame(&self, function: Option<String>, at: Position) -> Frame {
        let InstanceText { id, file, text } = self.place();
        Frame::new(function, file, Some(id), Some(&text), at)
    }

    /// Where the body of a function begins, by its linked name.
    pub(crate) fn definition(&self, linked: &str, params: usize) -> Option<Position> {
        let definition = self.code.get()?.module.get_script_fn(linked, params)?;
        Some(definition.body.start_position())
    }

    pub(crate) fn set_code(&self, code: CompiledCode) {
        self.code.get_or_init(|| code);
    }

    pub(crate) fn code(&self) -> Option<&CompiledCode> {
        self.code.get()
    }

    /// The value of the variable in this slot, if it has one by now.
    pub(crate) fn variable(&self, slot: usize) -> Option<Dynamic> {
        let Bound { mut value, holds_own_callback } = self.bindings.get(slot)?;
        if holds_own_callback && let Some(me) = find(self.id) {
            callback::strengthen(&mut value, &me);
        }
        Some(value)
    }

    /// Takes a value that the top level computed for a variable.
    ///
    /// # Errors
    ///
    /// As for all that outlives a call: the value is too deep or too large, or contains itself.
    pub(crate) fn store(&self, slot: usize, value: &Dynamic) -> Result<(), StateError> {
        let mut value = state::detach(value.clone())?;
        let holds_own_callback = callback::weaken(&mut value, self.id);
        self.bindings.store(slot, Bound { value, holds_own_callback });
        Ok(())
    }

    /// The numbers of parameters of a function, by its linked name.
    pub(crate) fn arities(&self, linked: &str) -> impl Iterator<Item = usize> {
        self.code.get().and_then(|code| code.arities.get(linked)).into_iter().flatten().copied()
    }

    pub(crate) fn makes_closure(&self, name: &str) -> bool {
        self.arities(name).next().is_some()
    }

    /// The state in which code of this instance starts, over what `global` has imported.
    pub(crate) fn enter(&self, global: &mut GlobalRuntimeState) {
        global.lib.clear();
        global.lib.extend(self.code.get().map(|code| code.module.clone()));
        global.source = Some(self.tag.clone());
    }

    /// Calls a function of this instance from a native function that any module may have called.
    pub(crate) fn call_nested(
        &self,
        context: &NativeCallContext<'_>,
        function: &FnPtr,
        this: Option<&mut Dynamic>,
        args: Vec<Dynamic>,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let caller = context.global_runtime_state();
        let mut global = self.callback_state().unwrap_or_else(|| {
            let mut global = caller.clone();
            self.enter(&mut global);
            global
        });
        global.level = caller.level + 1;
        global.num_operations = caller.num_operations();
        let position = context.call_position();
        let inner =
            NativeCallContext::new_with_all_fields(context.engine(), context.fn_name(), None, &global, position);
        function.call_raw(&inner, this, args)
    }

    pub(crate) fn start(&self) -> Option<&GlobalRuntimeState> {
        self.start.get()
    }
}
