//! The directives a program knows: the one thing that this crate is told.

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

/// The place of a directive in its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct DirectiveId(u16);

impl DirectiveId {
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// All directives that a program knows; see [`directives!`](crate::directives).
///
/// Three names mean something to the language itself, if they are declared: `ServerRoot` (relative includes and
/// directories start there), `ServerName` and `ServerAlias` (they choose the virtual host).
#[derive(Debug, Clone)]
pub struct Schema {
    directives: Vec<Directive>,
    by_name: NameTable,
    /// Directives of other programs, each with what to write instead.
    absent: &'static [(&'static str, &'static str)],
}

impl Schema {
    /// Declares the directives.
    ///
    /// # Panics
    /// If the declaration is wrong in itself: a name twice, a default that its own directive does not take, more than
    /// 30,000 directives. This is a mistake of the program, and shows at its first start.
    #[must_use]
    pub fn new(directives: impl IntoIterator<Item = Directive>) -> Self {
        let directives: Vec<Directive> = directives.into_iter().map(Directive::with_default_read).collect();
        let by_name = NameTable::new(&directives);
        Self { directives, by_name, absent: &[] }
    }

    /// With names of directives, and `<Name>` of sections, that other programs have and this one has not, each with what
    /// to write instead. A name that ends with `*` stands for all that begin so and are not named themselves.
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

    /// All directives, in the order of their declaration.
    pub fn iter(&self) -> impl Iterator<Item = &Directive> {
        self.directives.iter()
    }

    /// The directive of this name; upper and lower case are the same.
    pub(crate) fn id(&self, name: &str) -> Option<DirectiveId> {
        // Texts that are read may be made to have the number of a name.
        self.by_name.find(hash(name)).filter(|id| self.directive(*id).name.eq_ignore_ascii_case(name))
    }

    /// The directive of a key.
    ///
    /// # Panics
    /// If the schema was not made with the key.
    #[track_caller]
    pub(crate) fn of<T: Shape>(&self, key: Key<T>) -> DirectiveId {
        let found = self.by_name.find(key.hash()).filter(|id| self.directive(*id).shape == TypeId::of::<T>());
        found.unwrap_or_else(|| panic!("the schema of this configuration does not have the key of `{}`", key.name()))
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

/// Directives by the numbers of their names: found in one step, for keys know theirs when they are compiled.
#[derive(Debug, Clone)]
struct NameTable {
    /// At the place that the number says, or at the next that was free. The length is a power of two, and at least half
    /// of the places are free.
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

    /// Every place, from the one on that the number says.
    fn search(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let mask = self.places.len() - 1;
        // Only the low bits are wanted.
        let start = hash as usize;
        (0..=mask).map(move |step| start.wrapping_add(step) & mask)
    }
}
