//! The name that was probably meant.

/// The candidate that differs least from `name`, if it is close: at most a third of its letters differ.
#[must_use]
pub fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // A name of this length is no slip of the fingers, and comparing takes time with the square of it.
    if name.len() > 40 {
        return None;
    }
    let name = name.to_lowercase();
    let candidates: Vec<_> = candidates.into_iter().collect();
    // A name that was cut short, if only one begins like it.
    let mut longer =
        candidates.iter().filter(|candidate| name.len() > 3 && candidate.to_lowercase().starts_with(&name));
    if let (Some(longer), None) = (longer.next(), longer.next()) {
        return Some(longer);
    }
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&name, &candidate.to_lowercase()), candidate))
        // Of a name of one letter, or of none, nothing is close.
        .filter(|(distance, candidate)| {
            *distance <= (candidate.chars().count() / 3).max(1) && *distance < name.chars().count()
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// ``did you mean `X`?``, if something is close.
pub(crate) fn did_you_mean<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<String> {
    nearest(name, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_close_is_meant() {
        let names = ["Listen", "ServerName", "B"];
        for (name, expected) in
            [("lisen", Some("Listen")), ("ServerNam", Some("ServerName")), ("Serv", Some("ServerName"))]
        {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
        for far in ["", "A", "Locomotive"] {
            assert_eq!(nearest(far, names), None, "{far}");
        }
    }
}
