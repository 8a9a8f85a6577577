//! The account of an error that Rhai gives to `catch`, in the words of the script: without linked names, and with files
//! in place of instances.
//!
//! Rhai has no hook for making it, so it is corrected when the variable that holds it is read.

use rhai::{Dynamic, ImmutableString, Map, Scope};

use crate::link::{
    instance,
    message::words as message,
    scan::{name, uses::is_closure},
};

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
