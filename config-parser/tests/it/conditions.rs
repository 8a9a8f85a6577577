//! `<If>`: what httpd 2.4 says to each of these, with the one request and the other.

use std::borrow::Cow;
use std::net::SocketAddr;

use samovar_config::{Facts, MemoryFiles, Query, Resolved};

use crate::site::{MARK, reader};

struct Request {
    variables: &'static [(&'static str, &'static str)],
    headers: &'static [(&'static str, &'static str)],
}

impl Facts for Request {
    fn variable(&self, name: &str) -> Option<Cow<'_, str>> {
        self.variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into())
    }

    fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| (*value).into())
    }
}

const ONE: Request = Request {
    variables: &[
        ("REQUEST_METHOD", "GET"),
        ("REQUEST_URI", "/a/x.txt"),
        ("QUERY_STRING", "q=1&b=Two"),
        ("HTTP_HOST", "h.test:8097"),
        ("HTTP_USER_AGENT", "curl"),
        ("REMOTE_ADDR", "127.0.0.1"),
    ],
    headers: &[("X-A", "One")],
};
const OTHER: Request = Request {
    variables: &[
        ("REQUEST_METHOD", "GET"),
        ("REQUEST_URI", "/y.html"),
        ("HTTP_HOST", "other"),
        ("REMOTE_ADDR", "127.0.0.1"),
    ],
    headers: &[],
};

fn marks(resolved: &Resolved) -> String {
    resolved.get(MARK).collect::<Vec<_>>().join(" ")
}

fn holds(expression: &str, request: &Request) -> bool {
    let text = format!("Mark no\n<If {expression}>\nMark yes\n</If>\n");
    let files = MemoryFiles::new().file("/etc/site.conf", text);
    let loaded = reader().read(&files, "/etc/site.conf").unwrap_or_else(|report| panic!("{}", report.render(false)));
    let address = SocketAddr::from(([127, 0, 0, 1], 80));
    let query = Query { address, host: None, path: "/", filename: None, exact: false };
    marks(&loaded.config.resolve_for(&query, request)).ends_with("yes")
}

#[test]
fn conditions_hold_as_in_httpd() {
    for (expression, expected) in [
        (r#""%{REQUEST_URI} =~ m#^/a#""#, (true, false)),
        (r#""%{REQUEST_URI} !~ m#^/a#""#, (false, true)),
        (r#""%{REQUEST_URI} == '/y.html'""#, (false, true)),
        (r#""%{REQUEST_URI} = '/y.html'""#, (false, true)),
        (r#""%{REQUEST_URI} == \"/y.html\"""#, (false, true)),
        (r#""%{HTTP_HOST} == 'other' || %{QUERY_STRING} == 'q=1&b=Two'""#, (true, true)),
        (r#""! %{HTTP_HOST} == 'other'""#, (true, false)),
        (r#""true && false || true""#, (true, true)),
        (r#""true || true && false""#, (true, true)),
        (r#""(true || true) && false""#, (false, false)),
        (r#""%{REQUEST_METHOD} in {'POST','GET'}""#, (true, true)),
        (r#""req('X-A') == 'One'""#, (true, false)),
        (r#""%{HTTP:X-A} =~ /^one$/i""#, (true, false)),
        (r#""%{req:X-A} == 'One'""#, (true, false)),
        (r#""http('x-a') -strmatch 'O*'""#, (true, false)),
        (r#""tolower(%{HTTP:X-A}) == 'one'""#, (true, false)),
        (r#""%{REMOTE_ADDR} -ipmatch '127.0.0.0/8'""#, (true, true)),
        (r#""-R '127.0.0.1'""#, (true, true)),
        (r#""-R '10.0.0.0/8'""#, (false, false)),
        (r#""-z %{QUERY_STRING}""#, (false, true)),
        (r#""-n %{QUERY_STRING}""#, (true, false)),
        (r#""5 -gt 10""#, (false, false)),
        (r#""5 > 10""#, (true, true)),
        (r#""'5' -lt '10' && %{REQUEST_URI} -fnmatch '/*.html'""#, (false, true)),
        (r#""%{REQUEST_URI} -fnmatch '/*'""#, (false, true)),
        (r#""%{REQUEST_URI} -strmatch '/*.txt'""#, (true, false)),
        (r#""%{HTTP_USER_AGENT} -strcmatch 'CURL*'""#, (true, false)),
        (r#""%{HTTP_HOST} . 'x' == 'otherx'""#, (false, true)),
        (r#""'%{HTTP_HOST}x' == 'otherx'""#, (false, true)),
        (r#""'a' eq 'b'""#, (true, true)),
        (r#""'10' -eq '010'""#, (true, true)),
        (r#""true and false""#, (false, false)),
        (r#""true or false""#, (true, true)),
        (r#""not true""#, (false, false)),
        (r#""-T 'off'""#, (false, false)),
        (r#""-T %{HTTP_HOST}""#, (true, true)),
        (r#""toupper('abc') == 'ABC'""#, (true, true)),
        (r#""%{toupper:abc} == 'ABC'""#, (true, true)),
        (r#""%{HTTP_HOST} in { 'other' } && ! -z %{HTTP_HOST}""#, (false, true)),
        ("true", (true, true)),
    ] {
        assert_eq!((holds(expression, &ONE), holds(expression, &OTHER)), expected, "{expression}");
    }
}

#[test]
fn what_is_no_expression_is_told_with_its_place() {
    for (expression, place, expected) in [
        ("", 1, "takes one argument"),
        ("%{REQUEST_URI} == '/y.html'", 20, "no more arguments"),
        (r#""%{NOPE} == ''""#, 8, "expected a variable"),
        (r#""%{REQUEST_URL} == ''""#, 8, "did you mean `%{REQUEST_URI}`?"),
        (r#""nope('x') == ''""#, 6, "expected one of: req, http"),
        (r#""env('x') == ''""#, 6, "environment variables are not available"),
        (r#""%{REQUEST_URI}""#, 20, "expected a comparison"),
        (r#""%{REQUEST_URI} == ""#, 24, "expected a word"),
        (r#""abc == 'abc'""#, 6, "a text is written in quotes"),
        (r#""true == 'true'""#, 11, "expected `&&`, `||` or the end"),
        (r#""%{REQUEST_URI} =~ '^/a'""#, 24, "expected `/regex/`"),
        (r#""%{REQUEST_URI} =~ /[/""#, 24, "unclosed character class"),
        (r#""%{REQUEST_URI} =~ /a/q""#, 24, "found `q`"),
        (r#""(true""#, 11, "expected `)`"),
        (r#""'a' == 'b""#, 13, "expected the same quote"),
        (r#""%{REMOTE_ADDR} -ipmatch '10.0.0.0/99'""#, 30, "expected `address`"),
        (r#""-f '/etc/passwd'""#, 6, "expected `-z`"),
        (r#""true && $1 == 'a'""#, 14, "groups of a match are not available"),
    ] {
        let files = MemoryFiles::new().file("/etc/site.conf", format!("<If {expression}>\n</If>\n"));
        let report = reader().read(&files, "/etc/site.conf").expect_err(expression);
        let said = report.render(false);
        assert!(said.contains(expected), "{expression}: {said}");
        assert!(said.contains(&format!("site.conf:1:{place}\n")), "{expression}: {place}: {said}");
    }
}

#[test]
fn one_of_a_chain_holds() {
    let text = "\
<If \"%{REQUEST_URI} == '/a'\">
    Mark if
</If>
Mark between
<ElseIf \"%{REQUEST_URI} =~ m#^/[ab]#\">
    Mark else-if
</ElseIf>
<Else>
    Mark else
</Else>
<If \"%{REQUEST_URI} == '/b'\">
    Mark second
</If>
<Else>
    Mark second-else
</Else>
";
    let config =
        reader().read(&MemoryFiles::new().file("/etc/site.conf", text), "/etc/site.conf").expect("it is right");
    let address = SocketAddr::from(([127, 0, 0, 1], 80));
    let asked = |path| marks(&config.config.resolve(&Query { address, host: None, path, filename: None, exact: true }));
    assert_eq!(asked("/a"), "between if second-else");
    assert_eq!(asked("/b"), "between else-if second");
    assert_eq!(asked("/c"), "between else second-else");
}

#[test]
fn conditions_are_merged_last_in_the_order_of_what_they_stand_in() {
    let text = "\
<Location /a>
    <If \"true\">
        Mark in-location
    </If>
    Mark location
</Location>
<If \"true\">
    Mark server
</If>
<Files x>
    <If \"true\">
        Mark in-files
    </If>
</Files>
<Directory /srv>
    <If \"true\">
        Mark in-directory
    </If>
    <Files x>
        <If \"%{REQUEST_FILENAME} == '/srv/x'\">
            Mark nested
        </If>
    </Files>
</Directory>
<VirtualHost *>
    <If \"true\">
        Mark host
    </If>
</VirtualHost>
";
    let files = MemoryFiles::new().file("/etc/site.conf", text);
    let config = reader().read(&files, "/etc/site.conf").expect("it is right").config;
    let address = SocketAddr::from(([127, 0, 0, 1], 80));
    let asked = |path, filename| marks(&config.resolve(&Query { address, host: None, path, filename, exact: true }));
    assert_eq!(asked("/a/x", Some("/srv/x")), "location server host in-directory in-files nested in-location");
    assert_eq!(asked("/b", Some("/opt/b")), "server host");
}

#[test]
fn a_query_by_itself_says_the_host_the_path_and_the_file() {
    let holds = |expression: &str| {
        let text = format!("Mark no\n<If \"{expression}\">\nMark yes\n</If>\n");
        let loaded = reader().read(&MemoryFiles::new().file("/etc/site.conf", text), "/etc/site.conf").expect("loads");
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        let query = Query { address, host: Some("h.test"), path: "/a", filename: Some("/srv/a"), exact: true };
        marks(&loaded.config.resolve(&query)).ends_with("yes")
    };
    for (expression, expected) in [
        ("req('Host') == 'h.test'", true),
        ("req('HOST') == 'h.test'", true),
        ("-n req('Host')", true),
        ("-z req('Accept')", true),
        ("req('Accept') == 'h.test'", false),
        ("%{HTTP_HOST} == 'h.test'", true),
        ("%{REQUEST_URI} == '/a'", true),
        ("%{REQUEST_FILENAME} == '/srv/a'", true),
        ("%{SCRIPT_FILENAME} == '/srv/a'", true),
        ("-z %{QUERY_STRING}", true),
        ("-z %{REQUEST_METHOD}", true),
    ] {
        assert_eq!(holds(expression), expected, "{expression}");
    }
}

#[test]
fn numbers_are_read_as_in_c_and_texts_are_compared_as_texts() {
    for (expression, expected) in [
        ("'5' -eq '5'", true),
        ("'5' -eq '6'", false),
        ("'5' -ne '6'", true),
        ("'5' -ne '5'", false),
        ("'5' -lt '6'", true),
        ("'5' -lt '5'", false),
        ("'6' -lt '5'", false),
        ("'5' -le '5'", true),
        ("'6' -le '5'", false),
        ("'4' -le '5'", true),
        ("'6' -gt '5'", true),
        ("'5' -gt '5'", false),
        ("'4' -gt '5'", false),
        ("'5' -ge '5'", true),
        ("'4' -ge '5'", false),
        ("'6' -ge '5'", true),
        ("' 5x' -eq '5'", true),
        ("'5 6' -eq '5'", true),
        ("'-3' -lt '2'", true),
        ("'-3' -eq '-3'", true),
        ("'-3' -eq '3'", false),
        ("'+3' -eq '3'", true),
        ("'-' -eq '0'", true),
        ("'abc' -eq '0'", true),
        ("'' -eq '0'", true),
        ("'99999999999999999999' -gt '9223372036854775806'", true),
        ("'-99999999999999999999' -lt '-9223372036854775807'", true),
        ("'a' == 'a'", true),
        ("'a' != 'a'", false),
        ("'a' != 'b'", true),
        ("'a' < 'b'", true),
        ("'b' < 'a'", false),
        ("'a' < 'a'", false),
        ("'a' <= 'a'", true),
        ("'b' <= 'a'", false),
        ("'b' > 'a'", true),
        ("'a' > 'a'", false),
        ("'a' >= 'a'", true),
        ("'a' >= 'b'", false),
        ("'10' < '9'", true),
        ("-T ''", false),
        ("-T '0'", false),
        ("-T 'OFF'", false),
        ("-T 'False'", false),
        ("-T 'no'", false),
        ("-T 'yes'", true),
        ("-T '00'", true),
        ("toupper('aB') == 'AB'", true),
        ("tolower('aB') == 'ab'", true),
        ("'a' in { 'b', 'a' }", true),
        ("'a' in { 'b', 'c' }", false),
        ("'10.1.2.3' -ipmatch '10.0.0.0/8'", true),
        ("'11.1.2.3' -ipmatch '10.0.0.0/8'", false),
        ("'none' -ipmatch '10.0.0.0/8'", false),
    ] {
        assert_eq!(holds(&format!("\"{expression}\""), &ONE), expected, "{expression}");
    }
}

#[test]
fn it_is_known_what_a_variable_is_compared_with() {
    let compared = |expression: &str, variable: &str| {
        let text = format!("<If \"{expression}\">\nMark yes\n</If>\n");
        let loaded = reader().read(&MemoryFiles::new().file("/etc/site.conf", text), "/etc/site.conf").expect("loads");
        let sections = loaded.config.main().sections().map(|(section, _)| section.clone()).collect::<Vec<_>>();
        sections.iter().flat_map(|section| section.compared_with(variable)).collect::<Vec<_>>().join(" ")
    };
    for (expression, expected) in [
        ("%{HTTP_HOST} == 'a'", "a"),
        ("'a' == %{HTTP_HOST}", "a"),
        ("%{HTTP_HOST} != 'a'", "a"),
        ("%{HTTP_HOST} < 'a'", ""),
        ("%{HTTP_HOST} >= 'a'", ""),
        ("%{HTTP_HOST} <= 'a'", ""),
        ("%{SERVER_NAME} == 'a'", ""),
        ("req('host') == 'a'", "a"),
        ("req('Accept') == 'a'", ""),
        ("tolower(%{HTTP_HOST}) == 'a' && toupper(req('Host')) == 'B'", "a B"),
        ("! (%{HTTP_HOST} in { 'a', 'b' } || %{HTTP_HOST} == 'c')", "a b c"),
        ("%{SERVER_NAME} in { 'a' }", ""),
        ("%{HTTP_HOST} == %{SERVER_NAME}", ""),
        ("'a' == 'a'", ""),
        ("%{HTTP_HOST} =~ /a/ || -z %{HTTP_HOST} || -T %{HTTP_HOST} || %{HTTP_HOST} . 'x' == 'a'", ""),
    ] {
        assert_eq!(compared(expression, "HTTP_HOST"), expected, "{expression}");
    }
    assert_eq!(compared("%{HTTP_USER_AGENT} == 'a' || req('User-Agent') == 'b'", "HTTP_USER_AGENT"), "a b");
}
