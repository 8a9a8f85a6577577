//! How a native function says what it does with its first argument.

use rhai::FuncRegistration;

/// A function that changes its first argument, which therefore must be no constant.
pub(super) fn changing(name: &str) -> FuncRegistration {
    FuncRegistration::new(name).with_purity(false)
}

/// A function that only reads its first argument.
pub(super) fn reading(name: &str) -> FuncRegistration {
    FuncRegistration::new(name).with_purity(true)
}
