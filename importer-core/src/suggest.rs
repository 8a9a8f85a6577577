//! Suggestions: the existing name that was probably meant by an unknown one.
//!
//! `importer-core` and `config-parser` suggest names by the same rule, and must not depend on each other. Each of them
//! therefore has a copy of this file, and a test compares the two.

/// The longest name, in bytes, that gets a suggestion: a longer one is no typing error, and the time for comparing
/// grows with the square of the length.
const LONGEST: usize = 40;

/// Returns the candidate that was probably meant by `wanted`, if one is close.
///
/// A shortened name of at least four letters means the only candidate that begins with it. Otherwise the candidate with
/// the fewest [`slips`] is meant, and of equal ones the first in alphabetical order. One slip is allowed for each three
/// letters of the candidate, one in a shorter candidate, and always fewer than `wanted` has letters.
pub fn closest<'c>(wanted: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if wanted.len() > LONGEST {
        return None;
    }
    let mut candidates: Vec<&str> = candidates.into_iter().collect();
    candidates.sort_unstable();
    candidates.dedup();
    let (lower, letters) = (wanted.to_lowercase(), wanted.chars().count());
    let mut longer = candidates.iter().filter(|candidate| letters > 3 && candidate.to_lowercase().starts_with(&lower));
    if let (Some(only), None) = (longer.next(), longer.next()) {
        return Some(only);
    }
    let slips = candidates.into_iter().map(|candidate| (slips(wanted, candidate), candidate));
    let close = slips.filter(|(slips, candidate)| *slips <= (candidate.chars().count() / 3).max(1) && *slips < letters);
    close.min_by_key(|(slips, _)| *slips).map(|(_, candidate)| candidate)
}

/// Returns how many letters were swapped, left out, added or mistaken. Differences between upper and lower case count
/// as at most one slip.
pub fn slips(wanted: &str, candidate: &str) -> usize {
    let slips = strsim::osa_distance(&wanted.to_lowercase(), &candidate.to_lowercase());
    slips + usize::from(slips == 0 && wanted != candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_close_is_meant() {
        let known = ["status", "headers", "body", "Listen", "ServerName", "B"];
        for (wanted, expected) in [
            ("stauts", Some("status")),
            ("STATUS", Some("status")),
            ("Body", Some("body")),
            ("boyd", Some("body")),
            ("bdoy", Some("body")),
            ("header", Some("headers")),
            ("lisen", Some("Listen")),
            ("Serv", Some("ServerName")),
            ("Ser", None),
            ("bxxy", None),
            ("code", None),
            ("Locomotive", None),
            ("x", None),
            ("A", None),
            ("", None),
        ] {
            assert_eq!(closest(wanted, known), expected, "{wanted}");
        }
        assert_eq!(closest("x", []), None);
        let long = "long".repeat(11);
        assert_eq!(closest(&long[1..], [&*long]), None);
    }

    #[test]
    fn the_order_of_the_candidates_does_not_matter() {
        for known in [["cat", "car"], ["car", "cat"]] {
            assert_eq!(closest("cas", known), Some("car"));
        }
        assert_eq!(closest("note", ["notebook", "notebook"]), Some("notebook"));
        assert_eq!(closest("note", ["notebook", "notes"]), Some("notes"));
    }
}
