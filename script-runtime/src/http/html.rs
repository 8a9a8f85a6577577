//! `html(text)`: text that a script says is HTML.
//!
//! A string is plain text, whatever it looks like: if its first character decided, then `?q=<script>` would turn a page
//! that repeats what it was asked into one that runs it. What is joined to HTML with `+` is escaped, unless it is HTML
//! itself.

use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, NativeCallContext};

use super::web::escape_html;
use crate::standard::text_of;

/// HTML, as a value of scripts. A copy shares the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Html(pub(crate) ImmutableString);

/// What scripts call the type.
pub(crate) const NAME: &str = "html";

impl Html {
    /// HTML stays what it is, any other value is text.
    fn of(value: Dynamic, context: &NativeCallContext<'_>) -> Joined {
        match value.try_cast_result::<Self>() {
            Ok(html) => Ok(html),
            Err(value) => Ok(Self(escape_html(&text_of(context, value)?).into())),
        }
    }

    /// Rhai bounds the strings that it makes itself; these it does not know.
    fn join(&self, other: &Self, context: &NativeCallContext<'_>) -> Joined {
        let most = context.engine().max_string_size();
        if most > 0 && self.0.len() + other.0.len() > most {
            return Err(EvalAltResult::ErrorDataTooLarge("Length of string".to_owned(), context.call_position()).into());
        }
        Ok(Self(format!("{}{}", self.0, other.0).into()))
    }
}

type Joined = Result<Html, Box<EvalAltResult>>;

pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Html>(NAME);
    engine.register_fn("html", |text: ImmutableString| Html(text));
    engine.register_fn("html", |html: Html| html);
    for name in ["to_string", "to_debug"] {
        engine.register_fn(name, |html: &mut Html| html.0.clone());
    }
    type Call<'c> = NativeCallContext<'c>;
    engine.register_fn("+", |call: Call<'_>, html: Html, other: Html| html.join(&other, &call));
    engine.register_fn("+", |call: Call<'_>, html: Html, other: Dynamic| html.join(&Html::of(other, &call)?, &call));
    engine.register_fn("+", |call: Call<'_>, text: ImmutableString, html: Html| -> Joined {
        Html::of(text.into(), &call)?.join(&html, &call)
    });
    engine.register_fn("+=", |call: Call<'_>, html: &mut Html, other: Html| -> Result<(), Box<EvalAltResult>> {
        *html = html.join(&other, &call)?;
        Ok(())
    });
    engine.register_fn("+=", |call: Call<'_>, html: &mut Html, other: Dynamic| -> Result<(), Box<EvalAltResult>> {
        *html = html.join(&Html::of(other, &call)?, &call)?;
        Ok(())
    });
    engine.register_fn("==", |one: Html, other: Html| one == other);
    engine.register_fn("!=", |one: Html, other: Html| one != other);
    engine.register_fn("escape_html", |html: Html| html.0);
}
