//! Suggestions for names that nothing has.

use crate::suggest::closest;

/// The candidate that was probably meant by `name`, if one is close: what findings suggest, and what a program can suggest for
/// names of its own.
///
/// ```
/// use samovar_config::nearest;
///
/// assert_eq!(nearest("Lisen", ["Listen", "ServerName"]), Some("Listen"));
/// assert_eq!(nearest("Kettle", ["Listen", "ServerName"]), None);
/// ```
#[must_use]
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    closest(name, candidates)
}

/// ``did you mean `X`?``, if a candidate is close.
pub(crate) fn did_you_mean<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<String> {
    nearest(name, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}
