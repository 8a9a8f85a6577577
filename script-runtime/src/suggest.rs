//! What was probably meant by a name that is none.

/// The candidate that differs from `wanted` by the fewest slips, if it is near enough for a mistake of typing.
pub(crate) fn closest<'c>(wanted: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let slips = candidates.into_iter().map(|candidate| (slips(wanted, candidate), candidate));
    let (slips, candidate) = slips.min_by_key(|(slips, _)| *slips)?;
    (slips <= (wanted.chars().count() / 3).max(1)).then_some(candidate)
}

/// Letters that were swapped, left out, doubled or mistaken. Upper and lower case are one mistake at most.
pub(crate) fn slips(wanted: &str, candidate: &str) -> usize {
    let plain = strsim::osa_distance(&wanted.to_lowercase(), &candidate.to_lowercase());
    plain + usize::from(plain == 0 && wanted != candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_suggested() {
        let known = ["status", "headers", "body"];
        for (wanted, expected) in [
            ("stauts", Some("status")),
            ("Body", Some("body")),
            ("header", Some("headers")),
            ("code", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(closest(wanted, known), expected, "{wanted}");
        }
        assert_eq!(closest("x", []), None);
    }
}
