//! A loaded script, as handlers and the importer see it.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rhai::FnPtr;
use samovar_importer::{Place, closest};

use crate::{
    link::{Function, Instance, Linker},
    module::diagnostic::place,
    value::owner,
};

/// A loaded script.
pub(crate) struct Script {
    instance: Arc<Instance>,
    /// Public functions by name, for the way of a request: what Rhai offers is a search through all of them.
    functions: HashMap<Box<str>, Vec<(usize, Function)>>,
    told_of_slip: AtomicBool,
    told_of_html: AtomicBool,
}

impl Script {
    pub(crate) fn new(instance: Arc<Instance>) -> Self {
        let mut functions: HashMap<Box<str>, Vec<_>> = HashMap::new();
        for (name, params) in instance.public_functions() {
            if let Some(function) = instance.function(name, params) {
                functions.entry(name.into()).or_default().push((params, function));
            }
        }
        Self { instance, functions, told_of_slip: AtomicBool::new(false), told_of_html: AtomicBool::new(false) }
    }

    pub(crate) fn instance(&self) -> &Arc<Instance> {
        &self.instance
    }

    /// A public function, without looking through all of them.
    pub(crate) fn function(&self, name: &str, params: usize) -> Option<&Function> {
        self.functions.get(name)?.iter().find(|(arity, _)| *arity == params).map(|(_, function)| function)
    }

    /// A callback that the module keeps in a variable.
    pub(crate) fn callback(&self, name: &str) -> Option<FnPtr> {
        let value = self.instance.variable(name)?;
        owner(&value)?;
        value.try_cast()
    }

    /// Is there a public function, or a callback, of that name?
    pub(crate) fn offers(&self, name: &str) -> bool {
        self.functions.contains_key(name) || self.callback(name).is_some()
    }

    /// A public function whose name differs by a slip.
    pub(crate) fn near(&self, name: &str) -> Option<&str> {
        closest(name, self.functions.keys().map(AsRef::as_ref))
    }

    /// Was a function probably meant to be there that is not? Said once for each load.
    pub(crate) fn is_slip(&self, name: &str) -> bool {
        (self.near(name).is_some() || self.is_private(name)) && !self.told_of_slip.swap(true, Ordering::Relaxed)
    }

    /// Was its answer sent as text, though it looks like HTML, for the first time since it was loaded?
    pub(crate) fn is_first_html_as_text(&self) -> bool {
        !self.told_of_html.swap(true, Ordering::Relaxed)
    }

    /// Was it registered by the host, instead of being made from a text?
    pub(crate) fn is_registered(&self) -> bool {
        self.instance.core().code().is_none()
    }

    /// Is there a function of that name that only the module itself may call?
    pub(crate) fn is_private(&self, name: &str) -> bool {
        self.instance.scan().functions().iter().any(|function| function.name == name && function.private)
    }

    /// Where a function, or a variable, of that name is defined.
    pub(crate) fn place(&self, name: &str) -> Option<Place> {
        place(&self.instance.core().frame(None, self.instance.scan().defined_at(name)?))
    }

    /// Returns where its text writes a map with this key.
    pub(crate) fn map_keys(&self, linker: &Linker, key: &str) -> Vec<Place> {
        let positions = linker.map_keys(self.instance.scan().text(), key);
        positions.into_iter().filter_map(|at| place(&self.instance.core().frame(None, at))).collect()
    }

    /// The numbers of parameters of a public function.
    pub(crate) fn arities(&self, name: &str) -> Vec<usize> {
        self.functions.get(name).into_iter().flatten().map(|(arity, _)| *arity).collect()
    }
}
