//! Wildcards and regular expressions.
//!
//! Wildcards are translated to regular expressions, so that a whole group of sections is matched in one pass.

use regex::Regex;

/// Whether httpd reads this text as one with wildcards.
pub(crate) fn has_wildcards(text: &str) -> bool {
    let open = text.find('[');
    text.contains(['*', '?']) || open.is_some_and(|open| text[open..].contains(']'))
}

/// A pattern for a whole name or path; `*`, `?` and `[..]` do not match `/`.
pub(crate) fn whole(glob: &str) -> Result<Regex, regex::Error> {
    Regex::new(&format!(r"(?s)\A{}\z", translate(glob, false)))
}

/// A pattern for a whole text in which `/` is a character like any other.
pub(crate) fn any(glob: &str, ignore_case: bool) -> Result<Regex, regex::Error> {
    let flags = if ignore_case { "si" } else { "s" };
    Regex::new(&format!(r"(?{flags})\A{}\z", translate(glob, true)))
}

/// A pattern for a path or a leading directory of it, so that the path ends or goes on with `/` after what it matches.
pub(crate) fn leading(glob: &str) -> Result<Regex, regex::Error> {
    Regex::new(&format!(r"(?s)\A{}(?:/|\z)", translate(glob.trim_end_matches('/'), false)))
}

/// Wildcards as a regular expression; `slash` says whether they match `/`.
fn translate(glob: &str, slash: bool) -> String {
    let mut out = String::with_capacity(glob.len() * 2);
    let mut rest = glob.chars();
    while let Some(character) = rest.next() {
        match character {
            '*' => out.push_str(if slash { ".*" } else { "[^/]*" }),
            '?' => out.push_str(if slash { "." } else { "[^/]" }),
            '\\' => push_literal(&mut out, rest.next().unwrap_or('\\')),
            '[' => match class(rest.as_str(), slash) {
                Some((class, length)) => {
                    out.push_str(&class);
                    rest = rest.as_str()[length..].chars();
                }
                None => push_literal(&mut out, '['),
            },
            other => push_literal(&mut out, other),
        }
    }
    out
}

/// The class that begins after a `[`, and its length with the `]`; `None` if it is not closed.
fn class(text: &str, slash: bool) -> Option<(String, usize)> {
    let negated = text.starts_with(['!', '^']);
    let body = &text[usize::from(negated)..];
    // A `]` that comes first is a member.
    let first = body.chars().next()?.len_utf8();
    let end = first + body[first..].find(']')?;
    let mut out = String::from(if negated { "[[^" } else { "[[" });
    let mut members = body[..end].chars().peekable();
    while let Some(member) = members.next() {
        let range = member != '\\' && members.peek() == Some(&'-') && members.clone().nth(1).is_some();
        push_literal(&mut out, if member == '\\' { members.next().unwrap_or('\\') } else { member });
        if range {
            members.next();
            out.push('-');
            push_literal(&mut out, members.next().unwrap_or('-'));
        }
    }
    out.push_str(if slash { "]]" } else { "]&&[^/]]" });
    Some((out, usize::from(negated) + end + 1))
}

fn push_literal(out: &mut String, character: char) {
    let mut buffer = [0; 4];
    out.push_str(&regex::escape(character.encode_utf8(&mut buffer)));
}

/// Whether a host name matches one with `*` and `?`; upper and lower case are the same, and `*` matches dots too.
pub(crate) fn host_matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut from) = (0, 0);
    // Where the last `*` was, and how much of the name it has taken.
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(&byte) if byte == b'?' || byte.eq_ignore_ascii_case(&name[from]) => {
                at += 1;
                from += 1;
            }
            _ => match star {
                Some((position, taken)) => {
                    star = Some((position, taken + 1));
                    at = position + 1;
                    from = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&byte| byte == b'*')
}

/// The reason why a pattern is invalid: the last line of the message, since those before it draw the place.
pub(crate) fn reason(error: &regex::Error) -> String {
    let reason = error.to_string();
    reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(glob: &str, matching: &[&str], others: &[&str]) {
        let pattern = whole(glob).expect("a valid pattern");
        for text in matching {
            assert!(pattern.is_match(text), "{glob} should match {text}");
        }
        for text in others {
            assert!(!pattern.is_match(text), "{glob} should not match {text}");
        }
    }

    #[test]
    fn wildcards_match_as_in_httpd() {
        check("*.rhai", &["a.rhai", ".rhai"], &["a.rhai.bak", "d/a.rhai"]);
        check("?at", &["cat", "éat"], &["at", "/at", "chat"]);
        check("[abc]x", &["ax", "cx"], &["dx", "x"]);
        check("[adg]x", &["ax", "dx", "gx"], &["bx", "ex"]);
        check("[!abc]x", &["dx"], &["ax", "/x"]);
        check("[^a-c]x", &["dx"], &["bx", "/x"]);
        check("[a-c-]x", &["ax", "cx", "-x"], &["dx"]);
        check("[]]x", &["]x"], &["x", "[x"]);
        check("[.-0]x", &[".x", "0x"], &["/x"]);
        check("[&&~]x", &["&x", "~x"], &["x"]);
        check(r"a\*b", &["a*b"], &["axb"]);
        check("a[b", &["a[b"], &["ab"]);
        check("a.b+c", &["a.b+c"], &["axbbc"]);
    }

    #[test]
    fn host_names_match_with_wildcards() {
        assert!(host_matches("*.example.com", "a.b.EXAMPLE.com"));
        assert!(host_matches("w?w.example.com", "www.example.com"));
        assert!(host_matches("*", "anything"));
        assert!(!host_matches("*.example.com", "example.com"));
        assert!(!host_matches("example.com", "example.com.evil"));
        assert!(!host_matches("", "a"));
    }
}
