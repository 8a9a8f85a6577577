//! Waiting publications are merged and limited.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use super::{Bounds, hash};
use crate::release::{
    ReleaseCause,
    publication::{Edit, Inbox, Publication},
};

fn publication(release: u64, cause: ReleaseCause, texts: &[(&str, &str)]) -> Publication {
    let load = |(path, text): &(&str, &str)| Edit::Load(Path::new(path).into(), hash(text), Arc::from(*text));
    let edits = texts.iter().map(load).collect();
    Publication { release, cause, time: UNIX_EPOCH, took: Duration::ZERO, anew: false, edits }
}

/// The waiting publications: the number of each release, and its edits.
fn taken(inbox: &mut Inbox) -> (Vec<String>, u64) {
    let (publications, lost) = inbox.take();
    let edit = |edit: &Edit| match edit {
        Edit::Drop(path) => format!("-{}", path.display()),
        Edit::Load(path, _, text) => format!("{}={text}", path.display()),
    };
    let line = |publication: Publication| {
        format!("{}: {}", publication.release, publication.edits.iter().map(edit).collect::<Vec<_>>().join(" "))
    };
    (publications.into_iter().map(line).collect(), lost)
}

#[test]
fn l3_first_loads_of_a_release_are_one_publication() {
    let mut inbox = Inbox::new(Bounds::default());
    assert!(inbox.is_empty() && !inbox.has_news());
    inbox.push(publication(1, ReleaseCause::Load, &[("/a", "one")]));
    inbox.push(publication(1, ReleaseCause::Load, &[("/b", "two")]));
    assert!(!inbox.is_empty() && !inbox.has_news(), "they are in no hurry");
    inbox.push(publication(2, ReleaseCause::Files, &[("/a", "three")]));
    inbox.push(publication(2, ReleaseCause::Load, &[("/c", "four")]));
    assert!(inbox.has_news());
    assert_eq!(taken(&mut inbox), (vec!["1: /a=one /b=two".into(), "2: /a=three /c=four".into()], 0));
    assert!(inbox.is_empty());
}

#[test]
fn l3_too_many_publications_lose_releases_and_no_texts() {
    let mut inbox = Inbox::new(Bounds { releases: 2, bytes: u64::MAX });
    for release in 1..=5 {
        inbox.push(publication(
            release,
            ReleaseCause::Files,
            &[("/a", &release.to_string()), (&format!("/{release}"), "own")],
        ));
    }
    let expected = ["4: /1=own /2=own /3=own /a=4 /4=own", "5: /a=5 /5=own"];
    assert_eq!(taken(&mut inbox), (expected.map(String::from).to_vec(), 3));
    assert_eq!(taken(&mut inbox), (Vec::new(), 0));
}

#[test]
fn l3_publications_have_a_bound_in_bytes() {
    let mut inbox = Inbox::new(Bounds { releases: 100, bytes: 10 });
    for release in 1..=5 {
        inbox.push(publication(release, ReleaseCause::Files, &[("/a", "1234")]));
    }
    // There is room for the newest two.
    assert_eq!(taken(&mut inbox), (vec!["4: /a=1234".into(), "5: /a=1234".into()], 3));
    // Taken publications do not count any more, and the newest is accepted whatever its size.
    inbox.push(publication(6, ReleaseCause::Files, &[("/a", "12345678901234567890")]));
    assert_eq!(taken(&mut inbox).0.len(), 1);
}
