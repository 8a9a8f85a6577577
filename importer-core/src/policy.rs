//! Who decides whether a module may be reloaded: the whole precedence, on this page (R38, R39).
//!
//! Frozen beats everything. A reload that was asked for beats what is written. What the import itself says beats the
//! scope in which it was made. A module that is imported from several places is a candidate while one of them says so.
//! A library module (R14) never is.

use std::sync::{Arc, Weak};

use crate::{
    importer::Importer,
    scope::{ScopeId, Word},
};

/// What one import says about the module that it imports.
pub(crate) fn wish(of_the_call: Option<bool>, of_the_scope: bool) -> bool {
    of_the_call.unwrap_or(of_the_scope)
}

/// What all present imports of one module say together. A module that nobody imports at the moment is kept up to date
/// for whoever comes next.
pub(crate) fn is_candidate(mut wishes: impl Iterator<Item = bool>) -> bool {
    let Some(first) = wishes.next() else { return true };
    first || wishes.any(|wish| wish)
}

/// An import that was not made by a loading module: by a request for its handler, or by a module while a request ran.
/// (What loading modules say stands in the snapshot, on their children.)
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) from: From,
    /// What the import itself says.
    pub(crate) of_the_call: Option<bool>,
    /// What its scope says.
    pub(crate) of_the_scope: Arc<Word>,
    /// The place in the configuration that is behind it.
    pub(crate) origin: Arc<str>,
}

#[derive(Clone, Debug)]
pub(crate) enum From {
    /// A request, or the host: lasts.
    Scope(ScopeId),
    /// A friend's importer: lasts until that instance is gone (R28).
    Friend(Weak<Importer>),
}

impl Wish {
    pub(crate) fn reload(&self) -> bool {
        wish(self.of_the_call, self.of_the_scope.reloads())
    }

    /// Does its scope stand for a configuration that holds no longer? Then it counts until somebody else imports the module.
    pub(crate) fn is_retired(&self) -> bool {
        self.of_the_scope.is_retired()
    }

    pub(crate) fn is_present(&self) -> bool {
        match &self.from {
            From::Scope(_) => true,
            From::Friend(importer) => importer.strong_count() > 0,
        }
    }

    pub(crate) fn is_of(&self, other: &From) -> bool {
        match (&self.from, other) {
            (From::Scope(a), From::Scope(b)) => a == b,
            (From::Friend(a), From::Friend(b)) => Weak::ptr_eq(a, b),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r38_the_call_beats_the_scope() {
        assert!(wish(Some(true), false));
        assert!(!wish(Some(false), true));
        assert!(wish(None, true));
        assert!(!wish(None, false));
    }

    fn of(scope: &crate::Scope, of_the_call: Option<bool>) -> Wish {
        let (of_the_scope, origin) = (scope.word().clone(), scope.origin().clone());
        Wish { from: From::Scope(scope.id()), of_the_call, of_the_scope, origin }
    }

    fn importer() -> Arc<Importer> {
        Arc::new(Importer::new(crate::id::ModuleId(0), std::path::Path::new("/s/m.toy").into(), Vec::new()))
    }

    #[test]
    fn r38_a_wish_lasts_as_long_as_whoever_made_it() {
        let scope = crate::Scope::new("one").autoreload(false);
        let lasting = of(&scope, None);
        assert!(lasting.is_present() && !lasting.is_retired() && !lasting.reload());
        assert!(of(&scope, Some(true)).reload());
        let friend = importer();
        let of_friend = Wish { from: From::Friend(Arc::downgrade(&friend)), ..lasting.clone() };
        assert!(of_friend.is_present());
        drop(friend);
        assert!(!of_friend.is_present());
        // Another configuration says otherwise, for all wishes of the scope that it takes the place of.
        scope.retire(true);
        assert!(lasting.is_retired() && lasting.reload());
    }

    #[test]
    fn r38_a_wish_takes_the_place_of_one_of_the_same() {
        let (one, other) = (crate::Scope::new("one"), crate::Scope::new("other"));
        let (a, b) = (importer(), importer());
        let [from_a, from_b] = [&a, &b].map(|it| From::Friend(Arc::downgrade(it)));
        let friend = Wish { from: from_a.clone(), ..of(&one, None) };
        assert!(of(&one, None).is_of(&From::Scope(one.id())) && !of(&one, None).is_of(&From::Scope(other.id())));
        assert!(friend.is_of(&from_a) && !friend.is_of(&from_b));
        assert!(!friend.is_of(&From::Scope(one.id())) && !of(&one, None).is_of(&from_a));
    }

    #[test]
    fn r39_one_wish_is_enough() {
        assert!(is_candidate([false, true].into_iter()));
        assert!(!is_candidate([false, false].into_iter()));
        assert!(is_candidate([].into_iter()));
    }
}
