//! The account of an error that Rhai gives to `catch`, in the words of the script: without linked names, and with files
//! in place of instances.
//!
//! Nobody is asked when Rhai makes it. So the variable is compiled under a name by which it is known when it is read.

use rhai::{Dynamic, ImmutableString, Map, Position, Scope};

use super::token::{Kind, Seen};
use super::{instance, message, name, sites::is_closure};

/// The variable that a `catch` names, there and wherever its block uses it, from what follows the keyword.
pub(super) fn places(after: &[Seen]) -> Vec<(Position, String)> {
    let [start, Seen { kind: Kind::Identifier(name), .. }, _, open, block @ ..] = after else { return Vec::new() };
    if start.kind != Kind::Call {
        return Vec::new();
    }
    let end = block.iter().position(|token| token.kind == Kind::CloseBrace && token.depth == open.depth + 1);
    let all = &after[..end.map_or(after.len(), |end| end + 4)];
    let is_variable = |index: usize| {
        let before = index.checked_sub(1).map(|before| &all[before].kind);
        let next = all.get(index + 1).map(|next| &next.kind);
        all[index].kind == Kind::Identifier(name.clone())
            && !matches!(before, Some(Kind::Period | Kind::As | Kind::DoubleColon))
            && !matches!(next, Some(Kind::Call | Kind::Colon | Kind::DoubleColon))
    };
    (0..all.len()).filter(|index| is_variable(*index)).map(|index| (all[index].at, name.clone())).collect()
}

/// Puts right what a variable holds that is about to be read, if it is such an account and was not put right before.
pub(crate) fn show_as_written(scope: &mut Scope<'_>, variable: &str) {
    let Some(value) = scope.get_mut(variable) else { return };
    let Some(mut account) = value.write_lock::<Map>() else { return };
    // A script may have thrown a map that has anything under these names.
    let text =
        |key: &str| account.get(key).and_then(|part| part.clone().try_cast::<ImmutableString>()).unwrap_or_default();
    let is_account = text("error").starts_with("Error");
    let source = text("source");
    if is_account && instance::by_tag(&source).is_some() {
        account.values_mut().filter(|part| part.is_string()).for_each(|part| {
            *part = Dynamic::from(written(&part.to_string()));
        });
    }
}

/// Rhai quotes some names, and begins others.
fn written(text: &str) -> String {
    let text = name::unlink(&message::types(text));
    let parts: Vec<_> = text.split('\'').map(plain).collect();
    parts.join("'")
}

fn plain(part: &str) -> String {
    let words: Vec<_> = part.split(' ').map(|word| if is_closure(word) { "closure" } else { word }).collect();
    let part = words.join(" ");
    match part.rsplit_once('#') {
        Some((file, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            file.to_owned()
        }
        _ => part,
    }
}
