//! What all state types have in common in a script: a name, identity, and how they print.

use rhai::{Dynamic, Engine, EvalAltResult};

/// A type that stands for shared state. Clones share it.
pub(super) trait Handle: Clone + Send + Sync + 'static {
    /// The name of the type in scripts.
    const NAME: &'static str;

    /// The address of the state: equal for clones, and for nothing else as long as one of them lives.
    fn address(&self) -> usize;

    /// The text that printing it gives. It does not contain what the handle holds: that may be long, or the handle itself.
    fn describe(&self) -> String;
}

/// Registers what is common.
pub(super) fn register<H: Handle>(engine: &mut Engine) {
    engine
        .register_type_with_name::<H>(H::NAME)
        .register_fn("to_string", |handle: &mut H| handle.describe())
        .register_fn("to_debug", |handle: &mut H| handle.describe())
        .register_fn("==", |one: H, other: H| one.address() == other.address())
        .register_fn("!=", |one: H, other: H| one.address() != other.address());
}

/// Checks what a read is about to return against the engine's limits on data sizes.
pub(super) fn within_limits(engine: &Engine, value: Dynamic) -> Result<Dynamic, Box<EvalAltResult>> {
    engine.ensure_data_size_within_limits(&value)?;
    Ok(value)
}

/// Refuses a list of `len` values before it is built, if the engine does not allow one as long.
pub(super) fn room_for(engine: &Engine, len: usize) -> Result<(), Box<EvalAltResult>> {
    let most = engine.max_array_size();
    if most > 0 && len > most {
        let what = format!("Size of array/BLOB ({len} entries, at most {most})");
        return Err(EvalAltResult::ErrorDataTooLarge(what, rhai::Position::NONE).into());
    }
    Ok(())
}

/// The parts of the Rust types that read the same in each: identity and printing, from their [`Handle`].
macro_rules! rust_traits {
    ($type:ty) => {
        impl PartialEq for $type {
            /// True for clones of one handle.
            fn eq(&self, other: &Self) -> bool {
                self.address() == other.address()
            }
        }

        impl Eq for $type {}

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.describe())
            }
        }
    };
}
pub(super) use rust_traits;
