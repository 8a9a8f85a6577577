//! A text that a script says is HTML.

use rhai::ImmutableString;

/// HTML, as a value of scripts. A copy shares the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Html(pub(crate) ImmutableString);

impl Html {
    /// What scripts call the type.
    pub(crate) const NAME: &'static str = "html";
}
