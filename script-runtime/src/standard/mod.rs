//! Rhai's own functions in versions that end at the deadline of their call, and make nothing larger than may be.
//!
//! Rhai can end a script between two operations, and a native function is one operation. So each that may take long, or
//! that goes on when a function it was given raises, has a version here, which takes the place of Rhai's own. It does the
//! same, unless its description says otherwise.

mod equal;
mod form;
mod list;
mod map;
mod order;
mod print;
mod room;
mod text;

use std::sync::LazyLock;

pub(crate) use print::text_of;

use rhai::{
    Module, Shared,
    packages::{Package, StandardPackage},
};

/// Rhai's functions, and those here: one copy for all engines, the later ones first.
static MODULES: LazyLock<[Shared<Module>; 2]> = LazyLock::new(|| {
    let mut bounded = Module::new();
    order::register(&mut bounded);
    print::register(&mut bounded);
    equal::register(&mut bounded);
    text::register(&mut bounded);
    map::register(&mut bounded);
    list::register(&mut bounded);
    [StandardPackage::new().as_shared_module(), bounded.into()]
});

pub(crate) fn register(engine: &mut rhai::Engine) {
    for module in &*MODULES {
        engine.register_global_module(module.clone());
    }
}
