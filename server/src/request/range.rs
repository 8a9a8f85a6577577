//! `Range` and `If-Range`: which part of a static file a request asks for.
//!
//! The file service rejects what a server should ignore (RFC 9110, 14.2): unknown units, several ranges, and ranges of
//! another version of the file. In these cases the whole file is the answer. It also rejects a valid one: the last
//! hundred bytes of a shorter file. So it only gets ranges that lie within the file, or beyond its end.

use http::{HeaderMap, HeaderValue, header};

/// Replaces `Range` by one that the file service serves for a file with `len` bytes, or removes it. Returns the
/// `If-Range` to compare: unless the file is that version, see [`is_current`], `Range` is to be removed as well.
///
/// Only `GET` has ranges. An empty file is sent whole.
pub(crate) fn settle(headers: &mut HeaderMap, is_get: bool, len: u64) -> Option<HeaderValue> {
    let condition = headers.remove(header::IF_RANGE);
    let is_alone = headers.get_all(header::RANGE).iter().count() == 1;
    let range = headers.remove(header::RANGE).filter(|_| is_alone && is_get && len > 0)?;
    let range = range.to_str().ok().and_then(|range| within(range, len))?;
    headers.insert(header::RANGE, range);
    condition
}

/// Do these headers belong to the version of the file that an `If-Range` names?
pub(crate) fn is_current(condition: &HeaderValue, file: &HeaderMap) -> bool {
    let validators = [file.get(header::ETAG), file.get(header::LAST_MODIFIED)];
    validators.into_iter().flatten().any(|validator| validator == condition)
}

/// Reads `bytes=first-last`, `bytes=first-` or `bytes=-length`; returns the first of these forms.
fn within(range: &str, len: u64) -> Option<HeaderValue> {
    let (unit, range) = range.trim().split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = match range.trim().split_once('-')? {
        // The last 0 bytes lie beyond the end.
        ("", "0") => (len, len),
        ("", length) => (len.saturating_sub(number(length)?), len - 1),
        (first, "") => (number(first)?, u64::MAX),
        (first, last) => (number(first)?, number(last)?),
    };
    // A range beyond the end is rejected with the length of the file.
    let last = if first < len { last.min(len - 1) } else { last };
    (first <= last).then(|| HeaderValue::from_str(&format!("bytes={first}-{last}")).ok()).flatten()
}

/// A number of any length. One that is too large for 64 bits lies beyond every file.
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
