//! Warnings about instances that are served: one for each message, with all its places.

use std::collections::HashMap;

use crate::text::{Diagnostic, Place};

/// The most places that a warning names; the others are counted.
const NAMED: usize = 3;

/// Merges diagnostics with the same message into one that names their first places. Keeps their order.
pub(crate) fn gather(diagnostics: impl IntoIterator<Item = Diagnostic>) -> Vec<Diagnostic> {
    let mut gathered: Vec<(Diagnostic, Vec<Place>)> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for diagnostic in diagnostics {
        match known.get(&diagnostic.message) {
            Some(&at) => gathered[at].1.extend(diagnostic.place),
            None => {
                known.insert(diagnostic.message.clone(), gathered.len());
                gathered.push((diagnostic, Vec::new()));
            }
        }
    }
    gathered.into_iter().map(|(first, places)| with_places(first, places)).collect()
}

fn with_places(first: Diagnostic, places: Vec<Place>) -> Diagnostic {
    let all = places.len() + 1;
    let unnamed = all.saturating_sub(NAMED);
    let named = places.into_iter().take(NAMED - 1);
    let diagnostic = named.fold(first, |diagnostic, place| diagnostic.note("the same", Some(place)));
    match unnamed {
        0 => diagnostic,
        1 => diagnostic.note(format!("the same at 1 more place, {all} in all"), None),
        more => diagnostic.note(format!("the same at {more} more places, {all} in all"), None),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn warning(message: &str, line: u32) -> Diagnostic {
        let place = Place { file: Path::new("m.rhai").into(), line, column: 1, text: "".into() };
        Diagnostic::error(message).at(place).help("mend it")
    }

    #[track_caller]
    fn check(warnings: &[(&str, u32)], expected: &[&str]) {
        let gathered = gather(warnings.iter().map(|&(message, line)| warning(message, line)));
        let text = |diagnostic: &Diagnostic| {
            let notes = diagnostic.notes.iter().map(|note| match &note.place {
                Some(place) => format!("; {} at {place}", note.message),
                None => format!("; {}", note.message),
            });
            format!("{diagnostic}{}", notes.collect::<String>())
        };
        assert_eq!(gathered.iter().map(text).collect::<Vec<_>>(), expected);
        assert!(gathered.iter().all(|diagnostic| diagnostic.help == ["mend it"]));
    }

    #[test]
    fn one_warning_for_each_thing_with_a_count_and_the_first_three_places() {
        check(&[], &[]);
        check(&[("no f", 1)], &["m.rhai:1:1: no f"]);
        check(
            &[("no f", 1), ("no g", 2), ("no f", 3), ("no f", 4)],
            &["m.rhai:1:1: no f; the same at m.rhai:3:1; the same at m.rhai:4:1", "m.rhai:2:1: no g"],
        );
        let four =
            "m.rhai:1:1: no f; the same at m.rhai:2:1; the same at m.rhai:3:1; the same at 1 more place, 4 in all";
        check(&[("no f", 1), ("no f", 2), ("no f", 3), ("no f", 4)], &[four]);
        let many: Vec<_> = (1..=17).map(|line| ("no f", line)).collect();
        check(&many, &[&four.replace("1 more place, 4", "14 more places, 17")]);
    }
}
