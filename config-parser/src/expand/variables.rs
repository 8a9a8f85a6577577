//! `Define`, `UnDefine` and `${NAME}`.

use std::collections::HashMap;

use crate::expand::files::Files;

/// The names that are defined so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables {
    /// A name without a value is defined as well, for `<IfDefine>`.
    values: HashMap<String, Option<String>>,
}

/// A text with its variables replaced.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expanded {
    pub(crate) text: String,
    /// Undefined names, which are left unchanged in the text.
    pub(crate) undefined: Vec<String>,
}

impl Variables {
    pub(crate) fn define(&mut self, name: impl Into<String>, value: Option<String>) {
        self.values.insert(name.into(), value);
    }

    pub(crate) fn undefine(&mut self, name: &str) {
        self.values.remove(name);
    }

    pub(crate) fn is_defined(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Replaces every `${NAME}` once: variables in a value are not replaced.
    pub(crate) fn expand(&self, text: &str, files: &dyn Files) -> Expanded {
        let mut out = Expanded { text: String::with_capacity(text.len()), undefined: Vec::new() };
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let Some(length) = rest[start + 2..].find('}') else { break };
            let (name, after) = (&rest[start + 2..start + 2 + length], start + 3 + length);
            out.text.push_str(&rest[..start]);
            match self.value(name, files) {
                Some(value) => out.text.push_str(&value),
                None => {
                    out.text.push_str(&rest[start..after]);
                    out.undefined.push(name.to_owned());
                }
            }
            rest = &rest[after..];
        }
        out.text.push_str(rest);
        out
    }

    fn value(&self, name: &str, files: &dyn Files) -> Option<String> {
        self.values.get(name).cloned().flatten().or_else(|| files.variable(name))
    }
}
