//! How a value looks in a message: as much of it as a person reads, whatever it is.

use std::fmt::Write as _;

use rhai::{Array, Dynamic, FnPtr, ImmutableString, Map};

use crate::{link::scan::name, state::type_name};

/// What is nested more deeply is left out.
const LEVELS: usize = 8;

/// The text of a value, and whether some of it was left out: it ends after `most` bytes or a few more, and a value may
/// contain itself. A string stands as it is, strings in arrays and maps in quotes.
pub(crate) fn show(value: &Dynamic, most: usize) -> (String, bool) {
    let mut shown = Shown { text: String::new(), most, is_cut: false };
    match value.read_lock::<ImmutableString>() {
        Some(text) => shown.push(&text),
        None => shown.value(value, 0),
    }
    (shown.text, shown.is_cut)
}

struct Shown {
    text: String,
    most: usize,
    is_cut: bool,
}

impl Shown {
    fn push(&mut self, text: &str) {
        let left = self.most.saturating_sub(self.text.len());
        match text.len() <= left {
            true => self.text.push_str(text),
            false => {
                self.text.push_str(&text[..text.floor_char_boundary(left)]);
                self.is_cut = true;
            }
        }
    }

    fn value(&mut self, value: &Dynamic, level: usize) {
        if level > LEVELS {
            self.is_cut = true;
            return self.text.push_str("..");
        }
        if value.is_shared() {
            match value.read_lock::<Dynamic>() {
                Some(held) => self.value(&held, level + 1),
                None => self.push("a value that is in use"),
            }
        } else if let Some(array) = value.read_lock::<Array>() {
            self.push("[");
            self.parts(array.iter(), |shown, item| shown.value(item, level + 1));
            self.push("]");
        } else if let Some(map) = value.read_lock::<Map>() {
            self.push("#{");
            self.parts(map.iter(), |shown, (key, value)| {
                shown.leaf(|text| write!(text, "{:?}: ", key.as_str()));
                shown.value(value, level + 1);
            });
            self.push("}");
        } else if let Some(function) = value.read_lock::<FnPtr>() {
            self.push(&format!("Fn({})", name::of_function(&function)));
        } else if value.is_variant() {
            self.push(type_name(value));
        } else {
            self.leaf(|text| write!(text, "{value:?}"));
        }
    }

    fn parts<T>(&mut self, parts: impl Iterator<Item = T>, mut show: impl FnMut(&mut Self, T)) {
        for (index, part) in parts.enumerate() {
            if self.text.len() >= self.most {
                self.is_cut = true;
                return;
            }
            if index > 0 {
                self.push(", ");
            }
            show(self, part);
        }
    }

    /// Strings and blobs may be long, but are held in memory as they are.
    fn leaf(&mut self, write: impl FnOnce(&mut String) -> std::fmt::Result) {
        let mut text = String::new();
        if write(&mut text).is_ok() {
            self.push(&text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_as_they_are_written() {
        let list: Array = vec!["x".into(), Dynamic::from_float(1.5), Dynamic::UNIT];
        let map = Map::from([("a".into(), Dynamic::from_int(1)), ("b".into(), list.into())]);
        assert_eq!(show(&map.into(), 100), (r#"#{"a": 1, "b": ["x", 1.5, ()]}"#.to_owned(), false));
        assert_eq!(show(&"a\nb".into(), 100), ("a\nb".to_owned(), false));
    }

    #[test]
    fn r58_a_value_that_contains_itself_or_is_large_is_shown_in_part() {
        let mut itself = Dynamic::from(Array::new()).into_shared();
        let inner = itself.clone();
        itself.write_lock::<Array>().expect("not in use").extend([1_i64.into(), inner]);
        assert_eq!(show(&itself, 100), ("[1, [1, [1, [1, ..]]]]".to_owned(), true));
        itself.write_lock::<Array>().expect("not in use").clear();
        let (text, is_cut) = show(&vec![Dynamic::from("äöü"); 1000].into(), 10);
        assert_eq!((text.as_str(), is_cut), (r#"["äöü","#, true));
    }
}
