//! Writes to module variables in functions: they raise, whatever their form, unless a handle takes them.
//!
//! What a linked name stands for is a copy, and Rhai guards only a part of it: a new key of a map, a character of a string, a bit
//! of an integer or a byte of a blob would be written to the copy, and lost. So a name at the root of a write is compiled with the
//! length of the path behind it, and what it stands for here takes no write that long: where the path would end in a plain
//! value, there is something that can only refuse.

use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, Map, Position};

/// In place of a plain value that would be written to: raises whatever is asked of it.
#[derive(Clone)]
struct Refusing {
    /// The root of the write, as it is compiled.
    root: ImmutableString,
    at: Position,
}

type RhaiResult<T> = Result<T, Box<EvalAltResult>>;

pub(crate) fn register(engine: &mut Engine) {
    fn refuse<T>(it: &Refusing) -> RhaiResult<T> {
        Err(constant(&it.root, it.at))
    }
    engine.register_type_with_name::<Refusing>("constant");
    engine.register_indexer_get(|it: &mut Refusing, _: Dynamic| refuse::<Dynamic>(it));
    rhai::FuncRegistration::new_index_setter()
        .with_purity(true)
        .register_into_engine(engine, |it: &mut Refusing, _: Dynamic, _: Dynamic| refuse::<()>(it));
}

/// The error of Rhai for an assignment to a constant.
pub(crate) fn constant(root: &str, at: Position) -> Box<EvalAltResult> {
    EvalAltResult::ErrorAssignmentToConstant(root.to_owned(), at).into()
}

/// What a write gets for the variable at its root: `steps` is how many properties and indices follow. `at` is where it stands, if
/// Rhai would name another place.
pub(crate) fn target(root: &str, mut value: Dynamic, steps: usize, at: Position) -> RhaiResult<Dynamic> {
    let refusing = Refusing { root: root.into(), at };
    if steps > 0 && refuse_within(&mut value, steps - 1, &refusing) {
        return Ok(value);
    }
    Err(constant(root, at))
}

/// Replaces the plain values within `steps` by ones that refuse writes. Returns whether others are left, which decide about
/// writes themselves. It recurses no deeper than the script's expression has steps.
fn refuse_within(value: &mut Dynamic, steps: usize, refusing: &Refusing) -> bool {
    if !is_plain(value) {
        return true;
    }
    let mut found = false;
    if steps > 0 {
        if let Some(mut array) = value.write_lock::<rhai::Array>() {
            array.iter_mut().for_each(|item| found |= refuse_within(item, steps - 1, refusing));
            return found;
        }
        if let Some(mut map) = value.write_lock::<Map>() {
            map.values_mut().for_each(|item| found |= refuse_within(item, steps - 1, refusing));
            return found;
        }
    }
    *value = Dynamic::from(refusing.clone());
    found
}

/// Whether a value is Rhai's own, which is copied: all others may stand for something shared, and decide about writes themselves.
pub(crate) fn is_plain(value: &Dynamic) -> bool {
    value.is_unit()
        || value.is_bool()
        || value.is_int()
        || value.is_float()
        || value.is_char()
        || value.is_string()
        || value.is_array()
        || value.is_map()
        || value.is_blob()
        || value.is_fnptr()
        || value.is::<std::ops::Range<rhai::INT>>()
        || value.is::<std::ops::RangeInclusive<rhai::INT>>()
}

/// Whether two values are the same in all that Rhai lets a write change of a constant: keys of maps, strings, numbers and bytes. Not
/// deeper than the value, which Rhai itself copies by recursion.
pub(crate) fn same(one: &Dynamic, other: &Dynamic) -> bool {
    if let (Some(one), Some(other)) = (one.read_lock::<Map>(), other.read_lock::<Map>()) {
        return one.len() == other.len()
            && one.iter().zip(other.iter()).all(|((key, one), (name, other))| key == name && same(one, other));
    }
    if let (Some(one), Some(other)) = (one.read_lock::<rhai::Array>(), other.read_lock::<rhai::Array>()) {
        return one.len() == other.len() && one.iter().zip(other.iter()).all(|(one, other)| same(one, other));
    }
    if let (Some(one), Some(other)) = (one.read_lock::<rhai::Blob>(), other.read_lock::<rhai::Blob>()) {
        return *one == *other;
    }
    match (one.as_immutable_string_ref(), other.as_immutable_string_ref()) {
        (Ok(one), Ok(other)) => *one == *other,
        _ => one.type_id() == other.type_id() && one.as_int().ok() == other.as_int().ok(),
    }
}
