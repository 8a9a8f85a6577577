//! The directives of a program.

pub(crate) mod address;
pub(crate) mod directive;
pub(crate) mod key;
pub(crate) mod lines;
mod macros;
pub(crate) mod merge;
pub(crate) mod parameter;
pub(crate) mod setting;
pub(crate) mod shape;
pub(crate) mod value;

use std::any::TypeId;

use crate::schema::directive::Directive;
use crate::schema::key::{Key, hash};
use crate::schema::shape::Shape;

/// The index of a directive in its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct DirectiveId(u16);

impl DirectiveId {
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// All directives of a program. [`directives!`](crate::directives) declares it.
///
/// Three names have a meaning for the language itself, if they are declared: `ServerRoot` (relative includes and directories
/// are joined to it), `ServerName` and `ServerAlias` (they choose the virtual host).
#[derive(Debug, Clone)]
pub struct Schema {
    directives: Vec<Directive>,
    by_name: NameTable,
    /// Directives of other programs, each with what to write instead.
    absent: &'static [(&'static str, &'static str)],
}

impl Schema {
    /// Makes a schema of these directives.
    ///
    /// # Panics
    /// If a name is declared twice, if a directive does not take its own default, or if there are more than 30,000
    /// directives. Such a bug shows when the program is first started.
    #[must_use]
    pub fn new(directives: impl IntoIterator<Item = Directive>) -> Self {
        let directives: Vec<Directive> = directives.into_iter().map(Directive::with_default_read).collect();
        let by_name = NameTable::new(&directives);
        Self { directives, by_name, absent: &[] }
    }

    /// Adds names of directives, and `<Name>` of sections, that only other programs have, each with advice on what to write
    /// instead. A name that ends with `*` stands for all names that begin with it and are not listed themselves.
    #[must_use]
    pub fn absences(self, absent: &'static [(&'static str, &'static str)]) -> Self {
        Self { absent, ..self }
    }

    pub(crate) fn absent(&self, name: &str) -> Option<&'static str> {
        let begins = |absent: &str| {
            let (start, begun) = (absent.strip_suffix('*'), |start: &str| name.get(..start.len()));
            start.is_some_and(|start| begun(start).is_some_and(|begun| begun.eq_ignore_ascii_case(start)))
        };
        let exact = self.absent.iter().find(|(absent, _)| absent.eq_ignore_ascii_case(name));
        exact.or_else(|| self.absent.iter().find(|(absent, _)| begins(absent))).map(|(_, advice)| *advice)
    }

    /// Returns all directives, in the order of their declaration.
    pub fn iter(&self) -> impl Iterator<Item = &Directive> {
        self.directives.iter()
    }

    /// The directive of this name; upper and lower case are the same.
    pub(crate) fn id(&self, name: &str) -> Option<DirectiveId> {
        // A text can be made up that has the hash of a name.
        self.by_name.find(hash(name)).filter(|id| self.directive(*id).name.eq_ignore_ascii_case(name))
    }

    /// The directive of a key.
    ///
    /// # Panics
    /// If the key is not in the schema.
    #[track_caller]
    pub(crate) fn of<T: Shape>(&self, key: Key<T>) -> DirectiveId {
        let found = self.by_name.find(key.hash()).filter(|id| self.directive(*id).shape == TypeId::of::<T>());
        // No closure: the panic is to name the line of the caller.
        let Some(found) = found else {
            panic!("the key of `{}` is not in the schema of this configuration", key.name())
        };
        found
    }

    pub(crate) fn directive(&self, id: DirectiveId) -> &Directive {
        &self.directives[id.index()]
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = (DirectiveId, &Directive)> {
        (0..).map(DirectiveId).zip(&self.directives)
    }

    pub(crate) fn len(&self) -> usize {
        self.directives.len()
    }
}

/// Directives by the hashes of their names. Keys have theirs since they were compiled, so finding one takes a step or two.
#[derive(Debug, Clone)]
struct NameTable {
    /// Each entry is at the index that its hash says, or at the next that was free. The length is a power of two, and at
    /// least half of the entries are free.
    places: Vec<Option<(u64, DirectiveId)>>,
}

impl NameTable {
    fn new(directives: &[Directive]) -> Self {
        assert!(directives.len() <= 30_000, "at most 30,000 directives");
        let mut table = Self { places: vec![None; (directives.len() * 2).next_power_of_two()] };
        for (id, directive) in (0..).map(DirectiveId).zip(directives) {
            let known = table.find(directive.hash).map(|known| directives[known.index()].name);
            assert!(
                known.is_none(),
                "directive {} is declared twice, as {}",
                directive.name,
                known.unwrap_or_default()
            );
            if let Some(place) = table.search(directive.hash).find(|place| table.places[*place].is_none()) {
                table.places[place] = Some((directive.hash, id));
            }
        }
        table
    }

    fn find(&self, hash: u64) -> Option<DirectiveId> {
        let mut filled = self.search(hash).map_while(|place| self.places[place]);
        filled.find(|(known, _)| *known == hash).map(|(_, id)| id)
    }

    /// All indices, beginning with the one that the hash says.
    fn search(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let mask = self.places.len() - 1;
        // Only the low bits are wanted.
        let start = hash as usize;
        (0..=mask).map(move |step| start.wrapping_add(step) & mask)
    }
}
