//! Arrays and maps, gone through part by part without recursion: a script nests them as deeply as it likes.

use std::{collections::btree_map, vec};

use rhai::{Array, Dynamic, Identifier, Map};

use crate::thread::drop_flat;

/// What is left of an array or a map that is gone through.
enum Rest {
    Array(vec::IntoIter<Dynamic>, usize),
    Map(btree_map::IntoIter<Identifier, Dynamic>),
}

/// A value that is gone through.
#[derive(Default)]
pub(crate) struct Parts {
    open: Vec<Rest>,
    /// Where the part that came last stands, from the outermost to the innermost that is open.
    way: Vec<At>,
}

/// Where a part stands in the array or map around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Index(usize),
    Key(Identifier),
}

/// What comes next.
pub(crate) enum Part {
    /// An array begins.
    Array,
    /// A map begins.
    Map,
    /// Anything else.
    Leaf(Dynamic),
    /// The array that began last ends.
    EndOfArray,
    /// The map that began last ends.
    EndOfMap,
}

impl Parts {
    /// Goes into the value, or returns it if there is nothing to go into.
    pub(crate) fn enter(&mut self, value: Dynamic) -> Part {
        match value.flatten().try_cast_result::<Array>() {
            Ok(array) => {
                self.open.push(Rest::Array(array.into_iter(), 0));
                Part::Array
            }
            Err(value) => match value.try_cast_result::<Map>() {
                Ok(map) => {
                    self.open.push(Rest::Map(map.into_iter()));
                    Part::Map
                }
                Err(leaf) => Part::Leaf(leaf),
            },
        }
    }

    /// The next part; `None` when all that was entered has ended.
    pub(crate) fn next(&mut self) -> Option<Part> {
        let depth = self.open.len();
        let (at, value) = match self.open.last_mut()? {
            Rest::Array(items, index) => match items.next() {
                Some(item) => {
                    *index += 1;
                    (At::Index(*index - 1), item)
                }
                None => return Some(self.leave(Part::EndOfArray)),
            },
            Rest::Map(entries) => match entries.next() {
                Some((key, value)) => (At::Key(key), value),
                None => return Some(self.leave(Part::EndOfMap)),
            },
        };
        self.way.truncate(depth - 1);
        self.way.push(at);
        Some(self.enter(value))
    }

    fn leave(&mut self, end: Part) -> Part {
        self.open.pop();
        self.way.truncate(self.open.len());
        end
    }

    /// Where the part that came last stands in the array or map around it.
    pub(crate) fn at(&self) -> Option<&At> {
        self.way.last()
    }

    /// The way to the part that came last, as a script would write it.
    pub(crate) fn way(&self) -> impl Iterator<Item = &At> {
        self.way.iter()
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        for rest in self.open.drain(..) {
            match rest {
                Rest::Array(items, _) => drop_flat(items),
                Rest::Map(entries) => drop_flat(entries.map(|(_, value)| value)),
            }
        }
    }
}
