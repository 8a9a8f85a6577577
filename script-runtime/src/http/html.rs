//! `html(text)`: text that a script says is HTML.
//!
//! A string is plain text, whatever it looks like: if its first character decided, then `?q=<script>` would turn a page
//! that repeats what it was asked into one that runs it. What is joined to HTML with `+` is escaped, unless it is HTML
//! itself.

use rhai::{Dynamic, Engine, EvalAltResult, ImmutableString, NativeCallContext};

use crate::{http::web::escape_html, standard::text_of, value::Html};

/// HTML stays what it is, any other value is text.
fn escaped(value: Dynamic, context: &NativeCallContext<'_>) -> Joined {
    match value.try_cast_result::<Html>() {
        Ok(html) => Ok(html),
        Err(value) => Ok(Html(escape_html(&text_of(context, value)?).into())),
    }
}

/// Rhai bounds the strings that it makes itself; these it does not know.
fn join(one: &Html, other: &Html, context: &NativeCallContext<'_>) -> Joined {
    let most = context.engine().max_string_size();
    if most > 0 && one.0.len() + other.0.len() > most {
        return Err(EvalAltResult::ErrorDataTooLarge("Length of string".to_owned(), context.call_position()).into());
    }
    Ok(Html(format!("{}{}", one.0, other.0).into()))
}

type Joined = Result<Html, Box<EvalAltResult>>;

pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Html>(Html::NAME);
    engine.register_fn("html", |text: ImmutableString| Html(text));
    engine.register_fn("html", |html: Html| html);
    for name in ["to_string", "to_debug"] {
        engine.register_fn(name, |html: &mut Html| html.0.clone());
    }
    type Call<'c> = NativeCallContext<'c>;
    engine.register_fn("+", |call: Call<'_>, html: Html, other: Html| join(&html, &other, &call));
    engine.register_fn("+", |call: Call<'_>, html: Html, other: Dynamic| join(&html, &escaped(other, &call)?, &call));
    engine.register_fn("+", |call: Call<'_>, text: ImmutableString, html: Html| -> Joined {
        join(&escaped(text.into(), &call)?, &html, &call)
    });
    engine.register_fn("+=", |call: Call<'_>, html: &mut Html, other: Html| -> Result<(), Box<EvalAltResult>> {
        *html = join(html, &other, &call)?;
        Ok(())
    });
    engine.register_fn("+=", |call: Call<'_>, html: &mut Html, other: Dynamic| -> Result<(), Box<EvalAltResult>> {
        *html = join(html, &escaped(other, &call)?, &call)?;
        Ok(())
    });
    engine.register_fn("==", |one: Html, other: Html| one == other);
    engine.register_fn("!=", |one: Html, other: Html| one != other);
    engine.register_fn("escape_html", |html: Html| html.0);
}
