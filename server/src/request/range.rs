//! Which part of a file is asked for.
//!
//! The file service refuses what a server should pass over (RFC 9110, 14.2): units that it does not know, several ranges
//! at once, and ranges of another version of the file; then the whole file is the answer, which every client takes. It
//! also refuses what it should serve: the last hundred bytes of a file that has fewer. So it is given nothing but ranges
//! that lie within the file, or beyond its end.

use http::{HeaderMap, HeaderValue, header};

/// Leaves a `Range` that the file service serves, of a file with `len` bytes, or none. `Some`: it is to be passed over
/// after all unless the file is the version that this names, see [`is_current`].
///
/// Only `GET` has ranges. An empty file has no part that could be sent, so it is sent as a whole.
pub(crate) fn settle(headers: &mut HeaderMap, is_get: bool, len: u64) -> Option<HeaderValue> {
    let condition = headers.remove(header::IF_RANGE);
    let is_alone = headers.get_all(header::RANGE).iter().count() == 1;
    let range = headers.remove(header::RANGE).filter(|_| is_alone && is_get && len > 0)?;
    let range = range.to_str().ok().and_then(|range| within(range, len))?;
    headers.insert(header::RANGE, range);
    condition
}

/// Is the file, of which these are the headers, the very version that an `If-Range` names?
pub(crate) fn is_current(condition: &HeaderValue, file: &HeaderMap) -> bool {
    let validators = [file.get(header::ETAG), file.get(header::LAST_MODIFIED)];
    validators.into_iter().flatten().any(|validator| validator == condition)
}

/// `bytes=first-last`, `bytes=first-` or `bytes=-length`, as the first of these forms.
fn within(range: &str, len: u64) -> Option<HeaderValue> {
    let (unit, range) = range.trim().split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = match range.trim().split_once('-')? {
        // No bytes from the end are none that the file has.
        ("", "0") => (len, len),
        ("", length) => (len.saturating_sub(number(length)?), len - 1),
        (first, "") => (number(first)?, u64::MAX),
        (first, last) => (number(first)?, number(last)?),
    };
    // What begins beyond the end is refused with the length that there is.
    let last = if first < len { last.min(len - 1) } else { last };
    (first <= last).then(|| HeaderValue::from_str(&format!("bytes={first}-{last}")).ok()).flatten()
}

/// A number of any length: what is beyond all files is beyond this one.
fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(range: &'static str, is_get: bool, len: u64, expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_static(range));
        headers.insert(header::IF_RANGE, HeaderValue::from_static("\"a\""));
        let condition = settle(&mut headers, is_get, len);
        let range_left = headers.get(header::RANGE).map(|range| range.to_str().expect("text"));
        assert_eq!((range_left, condition.is_some()), (expected, expected.is_some()), "{range} of {len}");
    }

    #[test]
    fn ranges_lie_within_the_file_or_beyond_it() {
        for (range, expected) in [
            ("bytes=0-0", "bytes=0-0"),
            ("bytes=5-", "bytes=5-999"),
            ("bytes=-5", "bytes=995-999"),
            ("bytes=-1000", "bytes=0-999"),
            ("bytes=-99999", "bytes=0-999"),
            ("bytes=-99999999999999999999", "bytes=0-999"),
            ("bytes=5-99999999999999999999", "bytes=5-999"),
            ("BYTES=999-1000", "bytes=999-999"),
            ("bytes=000-01", "bytes=0-1"),
            ("bytes=1000-", "bytes=1000-18446744073709551615"),
            ("bytes=1000-1000", "bytes=1000-1000"),
            ("bytes=-0", "bytes=1000-1000"),
            ("bytes=99999999999999999999-", "bytes=18446744073709551615-18446744073709551615"),
        ] {
            check(range, true, 1000, Some(expected));
        }
    }

    #[test]
    fn what_is_no_single_range_of_bytes_is_passed_over() {
        for range in [
            "bytes=5-2",
            "bytes=0-1,3-4",
            "bytes=+1-2",
            "bytes=-",
            "bytes=",
            "bytes=--1",
            "bytes=-+1",
            "bytes=1-2-3",
            "bytes=0x1-2",
            "lines=1-2",
            "0-1",
            "",
        ] {
            check(range, true, 1000, None);
        }
    }

    #[test]
    fn an_empty_file_and_other_methods_have_no_ranges() {
        for range in ["bytes=0-0", "bytes=0-", "bytes=-1", "bytes=-0", "bytes=7-"] {
            check(range, true, 0, None);
            check(range, false, 1000, None);
        }
    }
}
