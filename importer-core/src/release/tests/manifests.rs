//! A release survives writing and reading, whatever it contains.

use std::{
    ffi::OsString,
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use proptest::prelude::*;

use crate::{
    release::{
        Release, ReleaseCause, ReleaseOutcome,
        manifest::{Unusable, read, write},
    },
    text::ContentHash,
};

fn path() -> impl Strategy<Value = Arc<Path>> {
    let bytes = prop_oneof![
        proptest::collection::vec(1u8..=255, 1..12),
        "[a%41 \n\u{85}\u{2028}/ä]{1,12}".prop_map(String::into_bytes),
    ];
    bytes.prop_map(|bytes| PathBuf::from(OsString::from_vec(bytes)).into())
}

fn cause() -> impl Strategy<Value = ReleaseCause> {
    prop_oneof![
        Just(ReleaseCause::Load),
        Just(ReleaseCause::Files),
        Just(ReleaseCause::Command),
        any::<u64>().prop_map(ReleaseCause::Rollback),
        "push [%\n -~]{0,9}".prop_map(|text| ReleaseCause::Other(text.into())),
    ]
}

fn outcome() -> impl Strategy<Value = ReleaseOutcome> {
    use ReleaseOutcome::{Published, Refused, Reverted, RolledBack};

    proptest::sample::select(vec![Published, Refused, RolledBack, Reverted])
}

prop_compose! {
    fn release()(
        number in any::<u64>(),
        // Up to the year 9999.
        time in 0u64..253_402_300_799_999,
        cause in cause(),
        outcome in outcome(),
        texts in proptest::option::of((any::<String>(), any::<String>())),
        milliseconds in any::<u64>(),
        before in proptest::collection::vec((path(), any::<[u8; 32]>()), 0..6),
        after in proptest::collection::vec((path(), any::<[u8; 32]>()), 0..6),
        common in 0usize..6,
    ) -> Release {
        let hashed = |(path, hash): (Arc<Path>, [u8; 32])| (path, ContentHash::from_bytes(hash));
        let before: Vec<_> = before.into_iter().map(hashed).collect();
        let after = before.iter().take(common).cloned().chain(after.into_iter().map(hashed)).collect::<Vec<_>>();
        let before = Release::new(0, UNIX_EPOCH, ReleaseCause::Load, before);
        let release = Release::new(number, UNIX_EPOCH + Duration::from_millis(time), cause, after)
            .with_changes_since(&before)
            .with_outcome(outcome)
            .with_duration(Duration::from_millis(milliseconds));
        match texts {
            Some((author, message)) => release.with_author(author).with_message(message),
            None => release,
        }
    }
}

proptest! {
    #[test]
    fn l3_a_release_survives_being_written_down(release in release()) {
        let manifest = write(&release);
        prop_assert_eq!(read(manifest.as_bytes()), Ok(release));
        prop_assert!(manifest.lines().all(|line| !line.contains(char::is_control)));
    }

    #[test]
    fn l3_a_manifest_that_was_changed_is_damaged(release in release(), at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut manifest = write(&release).into_bytes();
        let length = manifest.len();
        manifest[at.index(length)] ^= 1u8 << bit;
        // A change may have made the version number a higher one.
        prop_assert!(matches!(read(&manifest), Err(Unusable::Damaged | Unusable::Newer)));
        prop_assert!(matches!(read(&manifest[..at.index(length)]), Err(Unusable::Damaged | Unusable::Newer)));
    }
}

fn sample() -> Release {
    let entries = [("/s/shop.rhai", "shop"), ("/s/cart \n.rhai", "cart")];
    let entries = entries.map(|(path, text)| (Path::new(path).into(), ContentHash::of(text.as_bytes())));
    Release::new(42, UNIX_EPOCH + Duration::from_millis(1_764_035_533_123), ReleaseCause::Rollback(7), entries)
        .with_author("maintainer")
        .with_message("Raise the tax\nby 1 %")
        .with_duration(Duration::from_micros(12_900))
}

#[test]
fn l3_a_manifest_can_be_read_by_people() {
    let expected = "\
samovar release 1
number 42
time 1764035533123 2025-11-25T01:52:13.123Z
cause rollback 7
outcome published
milliseconds 12
author maintainer
message Raise the tax%0Aby 1 %25
digest DIGEST
added /s/cart %0A.rhai
added /s/shop.rhai
text CART /s/cart %0A.rhai
text SHOP /s/shop.rhai
";
    let expected = expected
        .replace("DIGEST", &sample().digest().to_string())
        .replace("CART", &ContentHash::of(b"cart").to_string())
        .replace("SHOP", &ContentHash::of(b"shop").to_string());
    let check = ContentHash::of(expected.as_bytes());
    assert_eq!(write(&sample()), format!("{expected}check {check}\n"));
}

/// A manifest as a later version may write it, with a correct checksum.
fn sealed(lines: &str) -> String {
    format!("{lines}check {}\n", ContentHash::of(lines.as_bytes()))
}

#[test]
fn l3_a_later_version_may_say_more() {
    let manifest = write(&sample());
    let (lines, _) = manifest.rsplit_once("check ").expect("a check sum");
    let more = sealed(&format!("{lines}signature 00 who knows\n"));
    assert_eq!(read(more.as_bytes()), Ok(sample()));
    let newer = lines.replacen("release 1", "release 2", 1);
    assert_eq!(read(sealed(&newer).as_bytes()), Err(Unusable::Newer));
    for (line, wrong) in [
        ("number 42\n", ""),
        ("number 42\n", "number\n"),
        ("number 42\n", "number -1\n"),
        ("milliseconds 12\n", "milliseconds soon\n"),
        ("outcome published\n", "outcome unknown\n"),
        ("time 1764035533123 ", "time 18446744073709551615999 "),
        ("%25\n", "%2\n"),
        ("%25\n", "%+5\n"),
        ("message Raise", "message %ff"),
        ("added /s/shop.rhai\n", "added \n"),
        ("text ", "text 00"),
        ("text ", "text A"),
    ] {
        assert!(lines.contains(line), "{line}");
        assert_eq!(read(sealed(&lines.replacen(line, wrong, 1)).as_bytes()), Err(Unusable::Damaged), "{wrong}");
    }
    let other_text = sealed(&lines.replacen(" /s/shop.rhai\ncheck", " /s/ship.rhai\ncheck", 1));
    assert_eq!(read(other_text.as_bytes()), Ok(sample()));
    let other_text =
        sealed(&lines.replace("text ", "text  ").replace("text  ", "text ").replace("/s/shop.rhai", "/s/ship.rhai"));
    assert_eq!(read(other_text.as_bytes()), Err(Unusable::Damaged), "the digest is of other paths");
}

#[test]
fn l3_the_digest_is_of_paths_and_texts_alone() {
    let [a, b] = [Path::new("/s/a"), Path::new("/s/b")].map(Arc::<Path>::from);
    let [one, two] = [ContentHash::of(b"one"), ContentHash::of(b"two")];
    let digest = |number, entries: Vec<(Arc<Path>, ContentHash)>| {
        Release::new(number, UNIX_EPOCH + Duration::from_secs(number), ReleaseCause::Files, entries).digest()
    };
    let expected = digest(1, vec![(a.clone(), one), (b.clone(), two)]);
    assert_eq!(digest(2, vec![(b.clone(), two), (a.clone(), one)]), expected, "the order does not matter");
    assert_eq!(digest(2, vec![(a.clone(), two), (b.clone(), two), (a.clone(), one)]), expected, "the last one holds");
    assert_ne!(digest(1, vec![(a.clone(), two), (b.clone(), one)]), expected);
    assert_ne!(digest(1, vec![(a, one)]), expected);
}
