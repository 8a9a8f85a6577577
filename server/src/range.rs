//! Which part of a file is asked for, as far as the file service does not judge that itself.
//!
//! It refuses what a server should pass over (RFC 9110, 14.2): units that it does not know, several ranges at once, and
//! ranges of another version of the file. Then the whole file is the answer, which every client takes.

use http::{HeaderMap, HeaderValue, header};

/// Takes a `Range` away that is to be passed over. `Some`: that depends on the file's validators, see [`is_current`].
pub(crate) fn settle(headers: &mut HeaderMap) -> Option<HeaderValue> {
    let condition = headers.remove(header::IF_RANGE);
    let range = headers.get(header::RANGE)?;
    if range.to_str().is_ok_and(is_one_range) && headers.get_all(header::RANGE).iter().count() == 1 {
        return condition;
    }
    headers.remove(header::RANGE);
    None
}

/// Is the file, of which these are the headers, the very version that an `If-Range` names?
pub(crate) fn is_current(condition: &HeaderValue, file: &HeaderMap) -> bool {
    let validators = [file.get(header::ETAG), file.get(header::LAST_MODIFIED)];
    validators.into_iter().flatten().any(|validator| validator == condition)
}

/// `bytes=first-last`, `bytes=first-` or `bytes=-length`.
fn is_one_range(range: &str) -> bool {
    let Some(("bytes", range)) = range.trim().split_once('=') else { return false };
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    match range.trim().split_once('-') {
        Some(("", length)) => number(length).is_some(),
        Some((first, "")) => number(first).is_some(),
        Some((first, last)) => number(first).zip(number(last)).is_some_and(|(first, last)| first <= last),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_single_range_of_bytes_is_passed_over() {
        for (range, heeded) in [
            ("bytes=0-0", true),
            ("bytes=5-", true),
            ("bytes=-5", true),
            ("bytes=999999-", true),
            ("bytes=5-2", false),
            ("bytes=0-1,3-4", false),
            ("bytes=+1-2", false),
            ("bytes=-", false),
            ("bytes=", false),
            ("bytes=99999999999999999999-", false),
            ("lines=1-2", false),
            ("0-1", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, HeaderValue::from_static(range));
            headers.insert(header::IF_RANGE, HeaderValue::from_static("\"a\""));
            let condition = settle(&mut headers);
            assert_eq!((headers.contains_key(header::RANGE), condition.is_some()), (heeded, heeded), "{range}");
        }
    }
}
