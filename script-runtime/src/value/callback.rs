//! Callbacks among values: the instance of a callback, and what it captured.
//!
//! Rhai's own function pointers are names. A callback is one whose name has a number that stands for the rest.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Weak};

use rhai::{Array, Dynamic, FnPtr, Map};
use samovar_importer::InstanceId;

use crate::thread::drop_flat;

/// A script's function, ready to be called from anywhere while its instance lives.
pub(crate) struct Callback {
    id: InstanceId,
    name: String,
    function: FnPtr,
    /// How many arguments it takes beyond the curried ones.
    arities: Vec<usize>,
}

/// Every callback that lives. A pointer's own content cannot be asked, its name can.
static ALL: LazyLock<papaya::HashMap<u64, Weak<Callback>>> = LazyLock::new(papaya::HashMap::new);

impl Callback {
    /// A new one of this function of an instance. `base` is what its name begins with.
    pub(crate) fn new(id: InstanceId, base: &str, function: FnPtr, arities: Vec<usize>) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let serial = NEXT.fetch_add(1, Ordering::Relaxed);
        let callback = Arc::new(Self { id, name: format!("{base}__mp{serial}c"), function, arities });
        ALL.pin().insert(serial, Arc::downgrade(&callback));
        callback
    }

    /// The callback behind a function value, if it is one.
    pub(crate) fn behind(pointer: &FnPtr) -> Option<Arc<Self>> {
        let serial = serial(pointer.fn_name())?;
        ALL.pin().get(&serial)?.upgrade()
    }

    /// The instance whose function it is.
    pub(crate) fn instance(&self) -> InstanceId {
        self.id
    }

    /// The name of a function value that stands for it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn function(&self) -> &FnPtr {
        &self.function
    }

    pub(crate) fn arities(&self) -> &[usize] {
        &self.arities
    }
}

impl Drop for Callback {
    fn drop(&mut self) {
        // It may have captured a callback that captured a callback, and so on.
        drop_flat(self.function.iter_curry_mut().map(std::mem::take));
        if let Some(serial) = serial(&self.name) {
            ALL.pin().remove(&serial);
        }
    }
}

fn serial(name: &str) -> Option<u64> {
    let (_, serial) = name.strip_suffix('c')?.rsplit_once("__mp")?;
    serial.parse().ok()
}

/// The instance that a callback keeps alive, if the value is a callback.
pub(crate) fn owner(value: &Dynamic) -> Option<InstanceId> {
    let pointer = value.read_lock::<FnPtr>()?;
    Callback::behind(&pointer).map(|callback| callback.id)
}

/// What a callback captured, which does not show on the pointer itself, and an address that it shares with its copies.
pub(crate) fn captured(pointer: &FnPtr) -> Option<(usize, Vec<Dynamic>)> {
    let callback = Callback::behind(pointer)?;
    Some((Arc::as_ptr(&callback) as usize, callback.function.curry().to_vec()))
}

/// Calls `visit` on every function value inside, also curried ones. What is kept is not deep, see [`MAX_DEPTH`](crate::state::bounds::MAX_DEPTH).
pub(crate) fn each_pointer(value: &mut Dynamic, visit: &mut dyn FnMut(&mut FnPtr)) {
    if let Some(mut array) = value.write_lock::<Array>() {
        array.iter_mut().for_each(|item| each_pointer(item, visit));
    } else if let Some(mut map) = value.write_lock::<Map>() {
        map.values_mut().for_each(|item| each_pointer(item, visit));
    } else if let Some(mut pointer) = value.write_lock::<FnPtr>() {
        visit(&mut pointer);
        pointer.iter_curry_mut().for_each(|item| each_pointer(item, visit));
    }
}
