//! A release as a file: readable lines, and a checksum over them.
//!
//! ```text
//! samovar release 1
//! number 42
//! time 1764035533123 2025-11-25T01:52:13.123Z
//! cause files
//! outcome published
//! milliseconds 12
//! message Raise the tax
//! digest 5f..
//! changed /site/cart.rhai
//! text 0a.. /site/cart.rhai
//! text 7c.. /site/shop.rhai
//! check 91..
//! ```
//!
//! A line is a word, a space, and a value up to the end of the line. In values, control characters, `%` and bytes that
//! are not UTF-8 are written as `%` and two hexadecimal digits, so that every path and message survives. Unknown words
//! are skipped, since a later version may add some. The meaning of the lines changes only with the number in the first
//! line.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use super::record::{Digest, Release, ReleaseCause, ReleaseOutcome};
use crate::{report::rfc3339, text::ContentHash};

const FIRST_LINE: &str = "samovar release ";
const VERSION: u64 = 1;

/// Why a manifest cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// A later version of Samovar wrote it.
    Newer,
    /// The file is damaged.
    Damaged,
}

/// Writes a release as a manifest.
pub(super) fn write(release: &Release) -> String {
    let mut lines = format!("{FIRST_LINE}{VERSION}\n");
    let mut line = |word: &str, value: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(lines, "{word} {value}");
    };
    let since_1970 = release.time.duration_since(UNIX_EPOCH).unwrap_or_default();
    line("number", &release.number.to_string());
    line("time", &format!("{} {}", since_1970.as_millis(), rfc3339(release.time)));
    line("cause", &write_cause(&release.cause));
    line("outcome", word_of(release.outcome));
    line("milliseconds", &release.duration.as_millis().to_string());
    for (word, value) in [("author", release.author()), ("message", release.message())] {
        if let Some(value) = value {
            line(word, &escape(value.as_bytes()));
        }
    }
    line("digest", &release.digest().to_string());
    let changes = &release.changes;
    for (word, paths) in [("changed", &changes.changed), ("added", &changes.added), ("removed", &changes.removed)] {
        paths.iter().for_each(|path| line(word, &escape_path(path)));
    }
    for (path, hash) in release.entries() {
        line("text", &format!("{hash} {}", escape_path(path)));
    }
    let check = ContentHash::of(lines.as_bytes());
    let _ = writeln!(lines, "check {check}");
    lines
}

/// Reads a release from a manifest.
pub(super) fn read(manifest: &[u8]) -> Result<Release, Unusable> {
    let text = std::str::from_utf8(manifest).map_err(|_| Unusable::Damaged)?;
    let version = text.lines().next().and_then(|line| line.strip_prefix(FIRST_LINE)?.parse::<u64>().ok());
    match version {
        Some(VERSION) => read_lines(text).ok_or(Unusable::Damaged),
        Some(later) if later > VERSION => Err(Unusable::Newer),
        _ => Err(Unusable::Damaged),
    }
}

fn read_lines(text: &str) -> Option<Release> {
    let lines = checked(text)?;
    let (mut number, mut time, mut cause, mut digest) = (None, None, None, None);
    let (mut outcome, mut duration) = (None, None);
    let (mut author, mut message) = (None, None);
    let (mut changed, mut added, mut removed) = (Vec::new(), Vec::new(), Vec::new());
    let mut entries = Vec::new();
    for line in lines.split_terminator('\n').skip(1) {
        let (word, value) = line.split_once(' ')?;
        match word {
            "number" => number = Some(value.parse().ok()?),
            "time" => time = Some(Duration::from_millis(value.split(' ').next()?.parse().ok()?)),
            "cause" => cause = Some(read_cause(value)?),
            "outcome" => outcome = Some(outcome_of(value)?),
            "milliseconds" => duration = Some(Duration::from_millis(value.parse().ok()?)),
            "author" => author = Some(read_text(value)?),
            "message" => message = Some(read_text(value)?),
            "digest" => digest = Some(read_hash(value)?),
            "changed" => changed.push(read_path(value)?),
            "added" => added.push(read_path(value)?),
            "removed" => removed.push(read_path(value)?),
            "text" => {
                let (hash, path) = value.split_once(' ')?;
                entries.push((read_path(path)?, read_hash(hash)?));
            }
            _ => {}
        }
    }
    let mut release = Release::new(number?, UNIX_EPOCH.checked_add(time?)?, cause?, entries);
    release.outcome = outcome?;
    release.duration = duration?;
    release.author = author;
    release.message = message;
    release.changes = super::record::ReleaseChanges { changed, added, removed };
    (release.digest() == Digest(digest?)).then_some(release)
}

/// Returns the lines above the last one, if their checksum is correct.
fn checked(text: &str) -> Option<&str> {
    let (above, last) = text.strip_suffix('\n')?.rsplit_once('\n')?;
    let lines = text.get(..=above.len())?;
    let check = read_hash(last.strip_prefix("check ")?)?;
    (ContentHash::of(lines.as_bytes()) == check).then_some(lines)
}

fn write_cause(cause: &ReleaseCause) -> String {
    match cause {
        ReleaseCause::Load => "load".into(),
        ReleaseCause::Files => "files".into(),
        ReleaseCause::Command => "command".into(),
        ReleaseCause::Rollback(number) => format!("rollback {number}"),
        ReleaseCause::Other(text) => escape(text.as_bytes()),
    }
}

fn read_cause(value: &str) -> Option<ReleaseCause> {
    Some(match value {
        "load" => ReleaseCause::Load,
        "files" => ReleaseCause::Files,
        "command" => ReleaseCause::Command,
        _ => match value.strip_prefix("rollback ").and_then(|number| number.parse().ok()) {
            Some(number) => ReleaseCause::Rollback(number),
            None => ReleaseCause::Other(read_text(value)?),
        },
    })
}

const OUTCOMES: [(ReleaseOutcome, &str); 4] = [
    (ReleaseOutcome::Published, "published"),
    (ReleaseOutcome::Refused, "refused"),
    (ReleaseOutcome::RolledBack, "rolled-back"),
    (ReleaseOutcome::Reverted, "reverted"),
];

fn word_of(outcome: ReleaseOutcome) -> &'static str {
    OUTCOMES.iter().find(|(known, _)| *known == outcome).map_or("published", |(_, word)| word)
}

fn outcome_of(word: &str) -> Option<ReleaseOutcome> {
    OUTCOMES.iter().find(|(_, known)| *known == word).map(|(outcome, _)| *outcome)
}

/// Writes bytes as text in one line. Only control characters, `%` and invalid UTF-8 are escaped.
fn escape(bytes: &[u8]) -> String {
    let mut escaped = String::with_capacity(bytes.len());
    let write_bytes = |escaped: &mut String, bytes: &[u8]| {
        for byte in bytes {
            let _ = write!(escaped, "%{byte:02X}");
        }
    };
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character.is_control() || character == '%' {
                true => write_bytes(&mut escaped, character.encode_utf8(&mut [0; 4]).as_bytes()),
                false => escaped.push(character),
            }
        }
        write_bytes(&mut escaped, chunk.invalid());
    }
    escaped
}

fn unescape(value: &str) -> Option<Vec<u8>> {
    let mut parts = value.as_bytes().split(|byte| *byte == b'%');
    let mut bytes = parts.next()?.to_vec();
    for part in parts {
        let (digits, as_it_is) = part.split_at_checked(2)?;
        bytes.push(read_byte(digits)?);
        bytes.extend_from_slice(as_it_is);
    }
    Some(bytes)
}

fn escape_path(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}

fn read_text(value: &str) -> Option<Arc<str>> {
    Some(String::from_utf8(unescape(value)?).ok()?.into())
}

#[cfg(unix)]
fn read_path(value: &str) -> Option<Arc<Path>> {
    use std::os::unix::ffi::OsStringExt;

    let path = std::ffi::OsString::from_vec(unescape(value)?);
    (!path.is_empty()).then(|| PathBuf::from(path).into())
}

#[cfg(not(unix))]
fn read_path(value: &str) -> Option<Arc<Path>> {
    let path = String::from_utf8(unescape(value)?).ok()?;
    (!path.is_empty()).then(|| PathBuf::from(path).into())
}

/// Reads a hash, written as 64 lower-case hexadecimal digits.
pub(super) fn read_hash(text: &str) -> Option<ContentHash> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let pairs: &[[u8; 2]; 32] = pairs.try_into().ok()?;
    let is_written_so = rest.is_empty() && !text.contains(|digit: char| digit.is_ascii_uppercase());
    let mut bytes = [0; 32];
    for (byte, digits) in bytes.iter_mut().zip(pairs) {
        *byte = read_byte(digits)?;
    }
    is_written_so.then(|| ContentHash::from_bytes(bytes))
}

fn read_byte(digits: &[u8]) -> Option<u8> {
    // `from_str_radix` would accept a sign, too.
    let all_digits = digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit);
    u8::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| all_digits)?, 16).ok()
}
