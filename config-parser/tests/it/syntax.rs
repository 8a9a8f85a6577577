//! How lines, words and sections are read.

use std::time::Duration;

use samovar_config::{Key, List, Loaded, MemoryFiles, Reader, SERVER, Schema};

use crate::site::{
    LIMIT_REQUEST_BODY, LISTEN, LOG_LEVEL, Level, MARK, SCRIPT_RELOAD, TIMEOUT, ask, load, load_files, reader,
};

const WORDS: Key<List<Vec<String>>> = Key::texts("Words", "word").list().contexts(SERVER);

/// The arguments of every `Words` line of a text, each as `[one][two]`.
#[track_caller]
fn words(text: &str) -> Vec<String> {
    let files =
        MemoryFiles::new().file("/a.conf", text).environment("HOME", "/root").environment("NAME", "environment");
    let loaded =
        Reader::new(Schema::new([WORDS.into()])).define("FLAG").define("GIVEN=on the line").read(&files, "/a.conf");
    let loaded = loaded.unwrap_or_else(|report| panic!("should load:\n{report}"));
    let settings = loaded.config.main().settings();
    settings.get(WORDS).map(|words| words.iter().map(|text| format!("[{text}]")).collect()).collect()
}

#[track_caller]
fn check(rows: &[(&str, &str)]) {
    for (line, expected) in rows {
        assert_eq!(words(line).join("\n"), *expected, "{line:?}");
    }
}

#[test]
fn names_of_directives_have_no_case() {
    check(&[("words a", "[a]"), ("WORDS a", "[a]"), ("  \t Words\ta", "[a]"), ("\"Words\" a", "[a]")]);
}

#[test]
fn a_backslash_at_the_very_end_continues_the_line() {
    check(&[
        ("Words a \\\n b", "[a][b]"),
        ("Words a\\\nb", "[ab]"),
        ("Words a\\\r\nb", "[ab]"),
        ("Words \"a\\\nb c\"", "[ab c]"),
        ("Wo\\\nrds a", "[a]"),
        ("Words a\\ \nWords b", "[a\\]\n[b]"),
        ("# comment \\\nWords hidden\nWords b", "[b]"),
        ("\\\nWords a", "[a]"),
        ("Words a \\", "[a][\\]"),
        ("Words \"a\\\\\n\" b", "[a\" b]"),
    ]);
}

#[test]
fn a_comment_stands_only_at_the_start_of_a_line() {
    check(&[
        ("# Words a\nWords b", "[b]"),
        ("   # Words a\nWords b", "[b]"),
        ("Words a \"#\" '#b'", "[a][#][#b]"),
        ("Words a#b", "[a#b]"),
        ("#\n\nWords b", "[b]"),
    ]);
    for text in ["Words a # b", "Words a #b", "Words #", "Timeout 1 # a"] {
        let files = MemoryFiles::new().file("/a.conf", text);
        let report = Reader::new(Schema::new([WORDS.into(), Key::seconds("Timeout", "seconds").into()]))
            .read(&files, "/a.conf")
            .expect_err(text);
        assert_eq!(report.findings().iter().map(|found| found.code.slug()).collect::<Vec<_>>(), ["extra-argument"]);
    }
}

#[test]
fn words_are_split_at_white_space_outside_quotes() {
    check(&[
        ("Words a b\tc", "[a][b][c]"),
        ("Words \"a b\" 'c d'", "[a b][c d]"),
        (r#"Words "a \"b\" c""#, r#"[a "b" c]"#),
        (r"Words 'a \'b\' c'", "[a 'b' c]"),
        (r#"Words "it's" 'say "x"'"#, r#"[it's][say "x"]"#),
        (r#"Words "a\\b" a\\b"#, r"[a\b][a\b]"),
        (r#"Words "a\nb" a\nb"#, r"[a\nb][a\nb]"),
        (r#"Words "a"b"#, "[a][b]"),
        (r#"Words a"b c""#, r#"[a"b][c"]"#),
        ("Words \"\" ''", "[][]"),
        ("Words \"open", "[open]"),
        ("Words é\u{2003}ü", "[é\u{2003}ü]"),
        ("Words a\r\nWords b\r\n", "[a]\n[b]"),
        ("\u{feff}Words a", "[a]"),
        ("Words a", "[a]"),
    ]);
}

#[test]
fn variables_are_replaced_in_every_word_once() {
    check(&[
        ("Define A one\nWords ${A} x${A}y", "[one][xoney]"),
        ("Define A 'one two'\nWords ${A}", "[one two]"),
        ("Define A '${B}'\nDefine B two\nWords ${A}", "[${B}]"),
        ("Define A 1\nDefine B ${A}2\nWords ${B}", "[12]"),
        ("Words ${HOME}", "[/root]"),
        ("Define NAME defined\nWords ${NAME}", "[defined]"),
        ("Define NAME defined\nUnDefine NAME\nWords ${NAME}", "[environment]"),
        ("Define A 1\nDefine A 2\nWords ${A}", "[2]"),
        ("Words ${A}\nDefine A 1", "[${A}]"),
        ("Words ${GIVEN}", "[on the line]"),
        ("Words ${FLAG}", "[${FLAG}]"),
        ("Words ${A $A {A} ${}", "[${A][$A][{A}][${}]"),
        ("Define W Words\n${W} a", "[a]"),
    ]);
}

#[test]
fn if_define_keeps_or_leaves_out() {
    check(&[
        ("<IfDefine FLAG>\nWords a\n</IfDefine>", "[a]"),
        ("<IfDefine !FLAG>\nWords a\n</IfDefine>", ""),
        ("<IfDefine OTHER>\nWords a\n</IfDefine>", ""),
        ("<IfDefine !OTHER>\nWords a\n</IfDefine>", "[a]"),
        ("Define OTHER\n<ifdefine OTHER>\nWords a\n</IFDEFINE>", "[a]"),
        ("<IfDefine OTHER>\nDefine MORE\n</IfDefine>\n<IfDefine MORE>\nWords a\n</IfDefine>", ""),
        ("UnDefine FLAG\n<IfDefine FLAG>\nWords a\n</IfDefine>", ""),
        ("<IfDefine FLAG>\n<IfDefine OTHER>\nWords a\n</IfDefine>\nWords b\n</IfDefine>", "[b]"),
        ("<IfDefine OTHER>\nUnknown a\n<Strange>\nNonsense\n</Strange>\nInclude nowhere\n</IfDefine>\nWords b", "[b]"),
    ]);
}

#[test]
fn if_module_skips_what_only_another_server_knows() {
    let loaded = load(
        "<IfModule mod_rewrite.c>\nRewriteEngine On\n</IfModule>\n<IfModule !script_module>\nMark not\n</IfModule>\n\
         <IfModule script_module>\nMark yes\n</IfModule>",
    );
    assert_eq!(marks(&loaded), "yes");
}

#[test]
fn conditions_stand_inside_and_around_sections() {
    let loaded = load(
        "<IfModule script_module>\n<Location />\n<IfModule script_module>\nMark in\n</IfModule>\n</Location>\n</IfModule>",
    );
    assert_eq!(marks(&loaded), "in");
}

#[test]
fn heads_of_sections_end_at_the_last_angle() {
    let rows = [
        ("<Location /a>\nMark x\n</Location>", "x"),
        ("<Location \"/a\">\nMark x\n</Location>", "x"),
        ("<Location /a >\nMark x\n</Location >", "x"),
        ("<Location '/a'   >   \nMark x\n   </Location>   ", "x"),
        ("<Locat\\\nion /a>\nMark x\n</Location>", "x"),
        ("<location /a>\nMark x\n</LOCATION>", "x"),
        ("<LocationMatch ^/(?<name>a)$>\nMark x\n</LocationMatch>", "x"),
        ("<Location ~ ^/a>\nMark x\n</Location>", "x"),
        ("<Location /> trailing\nMark x\n</Location>", "x"),
        ("<Location \"/>\nMark x\n</Location>", "x"),
        ("<Location />>\nMark x\n</Location>", ""),
        ("Define P /a\n<Location ${P}>\nMark x\n</Location>", "x"),
    ];
    for (text, expected) in rows {
        let loaded = load(text);
        assert_eq!(ask(&loaded.config, "/a").get(MARK).collect::<Vec<_>>().join(" "), expected, "{text}");
    }
}

#[test]
fn values_are_read_by_their_kind() {
    let text = "Timeout 1min\nLimitRequestBody 1024\nLogLevel DEBUG\nScriptReload off\nListen 80\nListen [::1]:81\nListen *:82";
    let settings = load(text).config.main().settings();
    assert_eq!(settings.get(TIMEOUT), Duration::from_secs(60));
    assert_eq!(settings.get(LIMIT_REQUEST_BODY), Some(1024));
    assert_eq!(settings.get(LOG_LEVEL), Level::Debug);
    assert!(!settings.get(SCRIPT_RELOAD));
    assert_eq!(settings.get(LISTEN).map(ToString::to_string).collect::<Vec<_>>(), ["*:80", "[::1]:81", "*:82"]);
}

#[test]
fn values_that_are_not_of_their_kind_are_refused() {
    let rows = [
        ("Timeout", "60 60s 500ms 2min 2h 0", "-1 1.5 1d s 99999999999999999999 99999999999999999h"),
        ("LimitRequestBody", "0 2147483648", "2147483649 1k +-1 0x10"),
        (
            "Listen",
            "0 1 65535 :80 *:80 127.0.0.1:80 [::1]:80 [::]:0 localhost:80 my-host.example.:80",
            "65536 80: : [::1] ::1 ::1:80 127.0.0.1 localhost a:b -1 +1 :+1 1.2.3:80 256.0.0.1:80 [127.0.0.1]:80 http://a:80 unix:/s -a:80 a..b:80 a_b@c:80",
        ),
        ("ScriptReload", "on OFF", "yes 1 true"),
        ("LogLevel", "warn ERROR", "warning err"),
    ];
    for (directive, right, wrong) in rows {
        let loads = |value: &str| {
            let files = MemoryFiles::new().file("/a", format!("{directive} \"{value}\""));
            reader().read(&files, "/a").is_ok()
        };
        right.split(' ').for_each(|value| assert!(loads(value), "{directive} should take {value}"));
        wrong.split(' ').for_each(|value| assert!(!loads(value), "{directive} should not take {value}"));
    }
}

#[test]
fn includes_are_read_in_place_and_in_order() {
    let files = MemoryFiles::new()
        .file("/etc/site.conf", "Mark 1\nInclude sub/a.conf\nMark 2\nInclude /etc/sub/*.conf\nInclude d\nMark 3")
        .file("/etc/sub/a.conf", "Mark a")
        .file("/etc/sub/b.conf", "Mark b")
        .file("/etc/sub/.hidden.conf", "Mark hidden")
        .file("/etc/sub/c.txt", "Mark text")
        .file("/etc/d/z", "Mark z")
        .file("/etc/d/e/y", "Mark y");
    assert_eq!(marks(&load_files(&files)), "1 a 2 a b y z 3");
}

#[test]
fn wildcards_in_directories_of_includes_need_what_follows_unless_optional() {
    let files = |text: &str| {
        MemoryFiles::new()
            .file("/etc/site.conf", text)
            .file("/etc/hosts/b/host.conf", "Mark b")
            .file("/etc/hosts/a/host.conf", "Mark a")
            .file("/etc/hosts/c/other.conf", "Mark c")
            .file("/etc/hosts/host.conf", "Mark top")
    };
    assert_eq!(marks(&load_files(&files("Include hosts/[ab]/host.conf"))), "a b");
    assert_eq!(marks(&load_files(&files("IncludeOptional hosts/*/host.conf"))), "a b");
    assert_eq!(marks(&load_files(&files("IncludeOptional nowhere/*/host.conf"))), "");
    let report = reader().read(&files("Include hosts/*/host.conf"), "/etc/site.conf").expect_err("one is missing");
    assert!(report.to_string().starts_with("error[E020 include-missing]: `/etc/hosts/c/host.conf` does not exist"));
}

#[test]
fn includes_start_at_the_server_root() {
    let files = MemoryFiles::new()
        .file("/etc/site.conf", "Include a.conf\nServerRoot /opt\nInclude a.conf\nInclude ./d/../a.conf")
        .file("/etc/a.conf", "Mark etc")
        .file("/opt/a.conf", "Mark opt");
    assert_eq!(marks(&load_files(&files)), "etc opt opt");
    let files = MemoryFiles::new().file("/etc/site.conf", "Include a.conf").file("/srv/a.conf", "Mark srv");
    let loaded = reader().server_root("/srv").read(&files, "/etc/site.conf").expect("loads");
    assert_eq!(marks(&loaded), "srv");
}

#[test]
fn includes_stand_inside_sections_and_must_close_what_they_open() {
    let files = MemoryFiles::new()
        .file("/etc/site.conf", "<Location />\nInclude in.conf\n</Location>\nInclude open.conf\n")
        .file("/etc/in.conf", "Mark in")
        .file("/etc/open.conf", "<Location /x>\n");
    let report = reader().read(&files, "/etc/site.conf").expect_err("the section is left open");
    let found: Vec<_> = report.findings().iter().map(|found| found.code.slug()).collect();
    assert_eq!(found, ["unclosed-section"]);
}

#[test]
fn one_run_tells_every_mistake() {
    let text = "Nonsense\n<Location /a>\nListen 80\n</Directory>\nSetHandler\n</Location>\nLogLevel loud\nInclude nowhere\n<Files";
    let report = reader().read(&MemoryFiles::new().file("/a", text), "/a").expect_err("wrong");
    let found: Vec<_> = report.records().map(|found| (found.place.map(|place| place.line), found.slug)).collect();
    assert_eq!(
        found,
        [
            (Some(1), "unknown-directive"),
            (Some(3), "wrong-context"),
            (Some(4), "unexpected-close"),
            (Some(5), "missing-argument"),
            (Some(7), "bad-argument"),
            (Some(8), "include-missing"),
            (Some(9), "unclosed-section"),
            (Some(9), "missing-argument"),
            (Some(9), "malformed-section"),
        ]
    );
}

#[test]
fn a_first_file_that_is_missing_has_no_place() {
    let report = reader().read(&MemoryFiles::new(), "/a").expect_err("missing");
    assert_eq!(report.to_string(), "error[E020 include-missing]: `/a` does not exist\n\n");
}

fn marks(loaded: &Loaded) -> String {
    ask(&loaded.config, "/").get(MARK).collect::<Vec<_>>().join(" ")
}
