//! How words are compared: every operator between two words.

use super::condition::Comparison;
use crate::section::pattern::{any, whole};

/// Makes a pattern of a text with wildcards.
pub(super) type Glob = fn(&str) -> Result<regex::Regex, regex::Error>;

/// Patterns with wildcards.
pub(super) const GLOBS: &[(&str, Glob)] =
    &[("-strmatch", |glob| any(glob, false)), ("-strcmatch", |glob| any(glob, true)), ("-fnmatch", whole)];

const fn comparison(numbers: bool, less: bool, equal: bool, greater: bool) -> Comparison {
    Comparison { numbers, less, equal, greater }
}

/// Longer symbols first, so that none is taken for the beginning of another.
pub(super) const COMPARISONS: &[(&str, Comparison)] = &[
    ("==", comparison(false, false, true, false)),
    ("=", comparison(false, false, true, false)),
    ("!=", comparison(false, true, false, true)),
    ("<=", comparison(false, true, true, false)),
    (">=", comparison(false, false, true, true)),
    ("<", comparison(false, true, false, false)),
    (">", comparison(false, false, false, true)),
    ("-eq", comparison(true, false, true, false)),
    ("-ne", comparison(true, true, false, true)),
    ("-le", comparison(true, true, true, false)),
    ("-ge", comparison(true, false, true, true)),
    ("-lt", comparison(true, true, false, false)),
    ("-gt", comparison(true, false, false, true)),
];
