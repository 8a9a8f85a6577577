//! An explanation as data, as JSON and as text.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Value, json};

/// How a URL is answered, and why. Plain data; [`render`](Self::render) makes text of it, [`to_json`](Self::to_json)
/// JSON.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The URL that was asked about.
    pub url: String,
    /// The host that was asked for.
    pub host: Option<String>,
    /// The virtual host that answers: its section; `None` for the main server.
    pub virtual_host: Option<String>,
    /// Where that section is opened, `file:line`.
    pub virtual_host_origin: Option<String>,
    /// The file that the URL leads to, or would lead to.
    pub filename: Option<String>,
    /// The URL path of that file, if it answers for a directory: the settings for that path hold.
    pub index: Option<String>,
    /// The settings of the directory for the phases before the answer; these run before those of the file.
    pub before: BTreeMap<String, Held>,
    /// What answers: `script` and its name, `static`, or `none`.
    pub handler: String,
    /// What `~` means to the scripts.
    pub handler_root: Option<String>,
    /// The interpreter that runs them.
    pub interpreter: Option<String>,
    /// What holds, by directive.
    pub values: BTreeMap<String, Held>,
    /// What holds of `RhaiOption`, by key.
    pub options: BTreeMap<String, Held>,
    /// The sections that were considered, in the order in which they are merged.
    pub sections: Vec<Considered>,
}

/// A value that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Its text.
    pub value: String,
    /// `file:line`, or `default`.
    pub origin: String,
}

/// A section that was considered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    /// As it is written: `<Location /x>`.
    pub section: String,
    /// `file:line`.
    pub origin: String,
    /// Does it hold for the URL?
    pub matched: bool,
}

impl Explanation {
    /// As data for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let held = |values: &BTreeMap<String, Held>| -> Value {
            let pair =
                |(name, held): (&String, &Held)| (name.clone(), json!({ "value": held.value, "origin": held.origin }));
            Value::Object(values.iter().map(pair).collect())
        };
        let section = |it: &Considered| json!({ "section": it.section, "origin": it.origin, "matched": it.matched });
        json!({
            "url": self.url,
            "host": self.host,
            "virtual_host": self.virtual_host,
            "filename": self.filename,
            "index": self.index,
            "before": held(&self.before),
            "handler": self.handler,
            "handler_root": self.handler_root,
            "interpreter": self.interpreter,
            "values": held(&self.values),
            "options": held(&self.options),
            "sections": self.sections.iter().map(section).collect::<Vec<_>>(),
        })
    }

    /// As text for people.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = String::new();
        let head = [
            ("url", Some(self.url.as_str())),
            ("host", self.host.as_deref()),
            ("virtual host", Some(self.virtual_host.as_deref().unwrap_or("the main server"))),
            ("file", self.filename.as_deref()),
            ("as if", self.index.as_deref()),
            ("handler", Some(self.handler.as_str())),
            ("handler root", self.handler_root.as_deref()),
            ("interpreter", self.interpreter.as_deref()),
        ];
        for (name, value) in head.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            let _ = writeln!(out, "{name:<13} {value}");
        }
        table(&mut out, "Before, for the directory", &self.before);
        table(&mut out, "Values", &self.values);
        table(&mut out, "Options", &self.options);
        if !self.sections.is_empty() {
            out.push_str("\nSections, in the order of merging\n");
        }
        for it in &self.sections {
            let mark = if it.matched { "matched" } else { "-" };
            let _ = writeln!(out, "  {mark:<8} {}  ({})", it.section, it.origin);
        }
        out
    }
}

fn table(out: &mut String, title: &str, values: &BTreeMap<String, Held>) {
    if values.is_empty() {
        return;
    }
    let name = values.keys().map(|name| name.chars().count()).max().unwrap_or_default();
    let value = values.values().map(|held| held.value.chars().count()).max().unwrap_or_default().min(40);
    let _ = writeln!(out, "\n{title}");
    for (key, held) in values {
        let _ = writeln!(out, "  {key:<name$}  {:<value$}  {}", held.value, held.origin);
    }
}
