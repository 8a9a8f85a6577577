//! LinkedName names: how an identifier says which instance it belongs to.
//!
//! Rhai resolves a free name where it is *executed*; a module expects its names to mean what they meant where they were
//! *written*. So every name that must not be confused carries the number of its instance in the compiled code:
//!
//! | written     | compiled        | meaning                                        |
//! |-------------|-----------------|------------------------------------------------|
//! | `limit`     | `limit__mp17_3` | slot 3 of the variables of instance 17         |
//! | `helper`    | `helper__mp17`  | a function of instance 17, or an import's name |
//! | `x.helper`  | `helper__mp17m` | the same, called in method style               |
//! | `limit.helper` | `helper__mp17f` | the same, which may not change `limit`      |
//! | `"./y"`     | `\u{1}17\u{1}./y` | a path that instance 17 imports              |
//! | `limit.a = 1` | `limit__mp17_3w1` | the root of a write that is one step long       |
//! | `limit` in a closure of the top level that changes it | `limit__mp17_3t` | the same, shared while the module loads |
//! | `m::limit.a = 1` | `limit__mp17i5` | the root of write 5 of instance 17 to another module |
//! | `is_def_var` | `is_def_var__mpq` | a syntax that sees what is in scope           |
//! | `catch (e)` | `e__mpe`        | what holds an account of an error              |
//!
//! They stay plain ASCII identifiers, because Rhai takes a function pointer with any other name for a native function.

use std::fmt::Write as _;

use rhai::FnPtr;

/// What separates the written name from the instance.
const MARK: &str = "__mp";
/// Encloses the instance in an import path. A control character cannot be typed by accident.
const PATH_MARK: char = '\u{1}';

pub(crate) use samovar_importer::InstanceId;

pub(crate) fn variable(name: &str, id: InstanceId, slot: usize) -> String {
    format!("{name}{MARK}{id}_{slot}")
}

/// The name of a variable at the root of a write, which is so many steps long.
pub(crate) fn written(variable: &str, steps: usize) -> String {
    format!("{variable}w{steps}")
}

/// The name of a variable in closures of the top level that change it: while that runs, they share it.
pub(crate) fn shared(variable: &str) -> String {
    format!("{variable}t")
}

/// The name of a function as it was written.
pub(crate) fn of_function(function: &FnPtr) -> String {
    if function.is_anonymous() { "closure".to_owned() } else { unlink(function.fn_name()) }
}

/// The variable that a linked name was written as.
pub(crate) fn as_written(linked: &str) -> &str {
    linked.rsplit_once(MARK).map_or(linked, |(name, _)| name)
}

/// The name of a variable of another module at the root of a write: number `write` of the instance.
pub(crate) fn foreign(name: &str, id: InstanceId, write: usize) -> String {
    format!("{name}{MARK}{id}i{write}")
}

pub(crate) fn function(name: &str, id: InstanceId) -> String {
    format!("{name}{MARK}{id}")
}

pub(crate) fn method(name: &str, id: InstanceId) -> String {
    format!("{name}{MARK}{id}m")
}

/// The name under which the first pass hides a top-level definition, so that references to it show as free.
pub(crate) fn hidden(name: &str) -> String {
    format!("{name}{MARK}d")
}

/// The name of a method that is called on a variable of the module, which it may not change.
pub(crate) fn fixed_method(name: &str, id: InstanceId) -> String {
    format!("{name}{MARK}{id}f")
}

pub(crate) fn path(specifier: &str, id: InstanceId) -> String {
    format!("{PATH_MARK}{id}{PATH_MARK}{specifier}")
}

/// Whether a script may not use this identifier, because linked names look like it.
pub(crate) fn is_reserved(identifier: &str) -> bool {
    identifier
        .match_indices(MARK)
        .any(|(at, _)| identifier.as_bytes().get(at + MARK.len()).is_some_and(u8::is_ascii_alphanumeric))
}

/// What a linked name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkedName {
    Variable {
        id: InstanceId,
        slot: usize,
        /// See [`shared`].
        shared: bool,
        /// See [`written`].
        steps: Option<usize>,
    },
    Function {
        id: InstanceId,
    },
    /// See [`foreign`].
    ForeignWrite {
        id: InstanceId,
        write: usize,
    },
}

/// Reads a linked name from its end. Most names that come by are not linked and are turned away at the last character.
pub(crate) fn parse(name: &str) -> Option<LinkedName> {
    let name = name.as_bytes();
    if let Some(name) = name.strip_suffix(b"t") {
        return variable_of(name, true, None);
    }
    let (rest, last) = trailing_number(name)?;
    if rest.ends_with(MARK.as_bytes()) {
        return Some(LinkedName::Function { id: InstanceId::from_number(last) });
    }
    let last = usize::try_from(last).ok()?;
    match rest.split_last()? {
        (b'_', _) => variable_of(name, false, None),
        (b'w', variable) => match variable.strip_suffix(b"t") {
            Some(variable) => variable_of(variable, true, Some(last)),
            None => variable_of(variable, false, Some(last)),
        },
        (b'i', instance) => {
            let (rest, id) = trailing_number(instance)?;
            let id = InstanceId::from_number(id);
            rest.ends_with(MARK.as_bytes()).then_some(LinkedName::ForeignWrite { id, write: last })
        }
        _ => None,
    }
}

/// Reads `name__mp17_3`.
fn variable_of(name: &[u8], shared: bool, steps: Option<usize>) -> Option<LinkedName> {
    let (rest, slot) = trailing_number(name)?;
    let (rest, id) = trailing_number(rest.strip_suffix(b"_")?)?;
    let (id, slot) = (InstanceId::from_number(id), usize::try_from(slot).ok()?);
    rest.ends_with(MARK.as_bytes()).then_some(LinkedName::Variable { id, slot, shared, steps })
}

/// The instance and the written form of a marked import path.
pub(crate) fn parse_path(marked: &str) -> Option<(InstanceId, &str)> {
    let (id, specifier) = marked.strip_prefix(PATH_MARK)?.split_once(PATH_MARK)?;
    Some((InstanceId::from_number(id.parse().ok()?), specifier))
}

fn trailing_number(text: &[u8]) -> Option<(&[u8], u64)> {
    let digits = text.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let (rest, digits) = text.split_at(text.len() - digits);
    let number = digits.iter().try_fold(0_u64, |n, d| n.checked_mul(10)?.checked_add(u64::from(d - b'0')))?;
    Some((rest, number))
}

/// What ends the name of a variable that holds a caught error.
const CAUGHT: &str = "__mpe";

/// The name under which a caught error is compiled.
pub(crate) fn caught(name: &str) -> String {
    format!("{name}{CAUGHT}")
}

/// The word that `is_def_var` is compiled as.
pub(crate) const IS_DEFINED: &str = "is_def_var__mpq";

/// Does the variable hold a caught error?
pub(crate) fn is_caught(name: &str) -> bool {
    name.ends_with(CAUGHT)
}

/// Turns every linked name in a message back into what was written.
pub(crate) fn unlink(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find([PATH_MARK, '_']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let skipped = marked_length(rest);
        if skipped > 0 {
            rest = &rest[skipped..];
        } else {
            let first = rest.chars().next().map_or(0, char::len_utf8);
            out.push_str(&rest[..first]);
            rest = &rest[first..];
        }
    }
    let _ = out.write_str(rest);
    out
}

/// How many bytes at the start of `text` are a mark of ours.
fn marked_length(text: &str) -> usize {
    if let Some((_, specifier)) = parse_path(text) {
        return text.len() - specifier.len();
    }
    let Some(tail) = text.strip_prefix(MARK) else { return 0 };
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let id = digits(tail);
    if id == 0 {
        let hidden = tail.starts_with(['d', 'e', 'q'])
            && !tail[1..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        return if hidden { MARK.len() + 1 } else { 0 };
    }
    let numbered = |at: usize| 1 + digits(&tail[at + 1..]);
    let mut length = id;
    match tail.as_bytes().get(id) {
        Some(b'_' | b'i') if numbered(id) > 1 => length += numbered(id),
        Some(b'm' | b'c' | b'f') => length += 1,
        _ => {}
    }
    if tail.as_bytes().get(id) == Some(&b'_') && length > id {
        length += usize::from(tail.as_bytes().get(length) == Some(&b't'));
        if tail.as_bytes().get(length) == Some(&b'w') && numbered(length) > 1 {
            length += numbered(length);
        }
    }
    MARK.len() + length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linked_names_read_back() {
        let id = InstanceId::from_number(17);
        let limit = variable("limit9", id, 3);
        let read = |shared, steps| Some(LinkedName::Variable { id, slot: 3, shared, steps });
        assert_eq!(parse(&limit), read(false, None));
        assert_eq!(parse(&shared(&limit)), read(true, None));
        assert_eq!(parse(&written(&limit, 2)), read(false, Some(2)));
        assert_eq!(parse(&written(&shared(&limit), 0)), read(true, Some(0)));
        assert_eq!(parse(&foreign("limit9", id, 4)), Some(LinkedName::ForeignWrite { id, write: 4 }));
        assert_eq!(parse(&function("helper_2", id)), Some(LinkedName::Function { id }));
        assert_eq!(parse_path(&path("./y", id)), Some((id, "./y")));
        for name in [
            "x",
            "x1",
            "a_1",
            "count",
            "i7",
            "w2",
            "x__mp17t",
            "x__mp_3w2",
            "tw1",
            "__mp_clone__",
            "__mp",
            "mp17",
            "x__mp99999999999999999999",
        ] {
            assert_eq!(parse(name), None, "{name}");
        }
    }

    #[test]
    fn messages_show_what_was_written() {
        let id = InstanceId::from_number(4);
        let linked = format!("{} and {} in {}", variable("a", id, 0), method("b", id), path("./c_d", id));
        assert_eq!(unlink(&linked), "a and b in ./c_d");
        let a = variable("a", id, 0);
        let names = [shared(&a), written(&a, 12), written(&shared(&a), 1), foreign("a", id, 7)];
        assert_eq!(unlink(&names.join(" ")), "a a a a");
        assert_eq!(unlink(&fixed_method("a", id)), "a");
        assert!(names.iter().all(|name| as_written(name) == "a"));
        assert_eq!(unlink("__mp_clone__ and _x__y stay"), "__mp_clone__ and _x__y stay");
        assert_eq!(unlink(&hidden("x")), "x");
        assert_eq!(unlink(&caught("x")), "x");
    }

    #[test]
    fn only_what_looks_linked_is_reserved() {
        assert!(is_reserved("x__mp1") && is_reserved("x__mpd"));
        assert!(!is_reserved("__mp_clone__") && !is_reserved("__mp_version__"));
    }
}
