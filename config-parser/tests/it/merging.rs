//! How settings of several scopes become one.

use std::sync::Arc;

use samovar_config::{Key, Line, List, MemoryFiles, Merge, Reader, Resolved, Schema, Setting, Shape};

use crate::site::{
    DIRECTORY_INDEX, DOCUMENT_ROOT, LOG_LEVEL, Level, MARK, SCRIPT_HANDLER, SCRIPT_LIMIT, SCRIPT_OPTION, SCRIPT_RELOAD,
    SET_HANDLER, ask, load, query,
};

/// Lines in the main server, in `<Location /a>` and in `<Location /a/b>`, merged in this order for `/a/b`.
fn merged(main: &str, outer: &str, inner: &str) -> Arc<Resolved> {
    let text = format!("{main}\n<Location /a>\n{outer}\n</Location>\n<Location /a/b>\n{inner}\n</Location>");
    ask(&load(&text).config, "/a/b")
}

fn keyed<T: Shape>(resolved: &Resolved, key: Key<T>) -> String {
    let lines = resolved.lines(key);
    let lines = lines.map(|line| {
        let texts: Vec<_> = line.texts().collect();
        format!("{}={}", line.key().unwrap_or_default(), texts.join(","))
    });
    lines.collect::<Vec<_>>().join(" ")
}

#[test]
fn innermost_takes_the_last_line_of_all() {
    let rows = [
        (["", "", ""], "static"),
        (["SetHandler a", "", ""], "a"),
        (["SetHandler a", "SetHandler b", ""], "b"),
        (["SetHandler a", "SetHandler b", "SetHandler c\nSetHandler d"], "d"),
        (["", "SetHandler b", "SetHandler c"], "c"),
    ];
    for ([main, outer, inner], expected) in rows {
        assert_eq!(merged(main, outer, inner).get(SET_HANDLER), expected);
    }
}

#[test]
fn replace_keeps_all_lines_of_the_innermost_section() {
    let rows = [
        (["", "", ""], "index.html"),
        (["DirectoryIndex a\nDirectoryIndex b c", "", ""], "a b c"),
        (["DirectoryIndex a", "DirectoryIndex b\nDirectoryIndex c", ""], "b c"),
        (["DirectoryIndex a", "DirectoryIndex b", "DirectoryIndex c d"], "c d"),
    ];
    for ([main, outer, inner], expected) in rows {
        let held = merged(main, outer, inner);
        assert_eq!(held.get(DIRECTORY_INDEX).map(|names| names.join(" ")).collect::<Vec<_>>().join(" "), expected);
    }
}

#[test]
fn accumulate_keeps_all_lines_outermost_first() {
    let held = merged("Mark a\nMark b", "Mark c", "Mark a");
    assert_eq!(held.get(MARK).collect::<Vec<_>>(), ["a", "b", "c", "a"]);
}

#[test]
fn per_key_keeps_the_last_value_and_deletes_on_an_empty_one() {
    let rows = [
        (["ScriptOption a 1\nScriptOption b 2", "ScriptOption a 3", ""], "b=b,2 a=a,3"),
        (["ScriptOption a 1\nScriptOption a 2", "", ""], "a=a,2"),
        (["ScriptOption a 1\nScriptOption b 2", "ScriptOption a", ""], "b=b,2"),
        (["ScriptOption a 1", "ScriptOption a \"\"", ""], ""),
        (["ScriptOption a 1", "ScriptOption a", "ScriptOption a 3"], "a=a,3"),
        (["ScriptOption a", "", ""], ""),
        (["ScriptOption A 1", "ScriptOption a 2", ""], "A=A,1 a=a,2"),
    ];
    for ([main, outer, inner], expected) in rows {
        assert_eq!(keyed(&merged(main, outer, inner), SCRIPT_OPTION), expected);
    }
}

#[test]
fn limits_can_be_tightened_not_loosened() {
    let rows = [
        (["ScriptLimit depth 9", "ScriptLimit depth 5", ""], "depth=depth,5"),
        (["ScriptLimit depth 9", "ScriptLimit depth 20", ""], "depth=depth,9"),
        (["ScriptLimit depth 9", "ScriptLimit depth 5", "ScriptLimit depth 7"], "depth=depth,5"),
        (["ScriptLimit depth 9\nScriptLimit DEPTH 12", "", ""], "depth=depth,12"),
        (["ScriptLimit depth 9", "ScriptLimit time 3", ""], "depth=depth,9 time=time,3"),
    ];
    for ([main, outer, inner], expected) in rows {
        assert_eq!(keyed(&merged(main, outer, inner), SCRIPT_LIMIT), expected);
    }
}

#[test]
fn handlers_accumulate_in_a_section_and_replace_across_by_extension() {
    let rows = [
        (["ScriptHandler a\nScriptHandler b", "", ""], "=a =b"),
        (["ScriptHandler a", "ScriptHandler b\nScriptHandler c", ""], "=b =c"),
        (["ScriptHandler a\nScriptHandler x | .p", "ScriptHandler b", ""], ".p=x,|,.p =b"),
        (["ScriptHandler a\nScriptHandler x | .p .q", "ScriptHandler y | .q", ""], "=a .p=x,|,.p,.q .q=y,|,.q"),
    ];
    for ([main, outer, inner], expected) in rows {
        assert_eq!(keyed(&merged(main, outer, inner), SCRIPT_HANDLER), expected);
    }
}

#[test]
fn a_program_can_bring_its_own_rule() {
    fn alternate(outer: &[Arc<Setting>], inner: &[Arc<Setting>]) -> Vec<Arc<Setting>> {
        inner.iter().chain(outer).take(2).cloned().collect()
    }
    const LINE: Key<List<String>> = Key::text("Line", "x").list().merge(Merge::Custom(alternate));
    let files = MemoryFiles::new().file("a", "Line 1\nLine 2\nLine 3\n<Location />\nLine 4\n</Location>");
    let config = Reader::new(Schema::new([LINE.into()])).read(&files, "a").expect("loads").config;
    let held = config.resolve(&query("/"));
    assert_eq!(held.get(LINE).collect::<Vec<_>>(), ["4", "1"]);
}

#[test]
fn settings_of_a_host_are_merged_over_those_of_the_main_server() {
    let text = "DocumentRoot /main\nLogLevel info\n<Location />\nScriptReload Off\n</Location>\n\
                <VirtualHost *:80>\nServerName a\nDocumentRoot /host\nScriptReload On\n</VirtualHost>";
    let config = load(text).config;
    let host = config.hosts().next().expect("a host");
    assert_eq!(host.names().collect::<Vec<_>>(), ["a"]);
    assert_eq!(host.settings().get(DOCUMENT_ROOT), Some("/host"));
    assert_eq!(host.settings().get(LOG_LEVEL), Level::Info);
    assert_eq!(config.main().settings().get(DOCUMENT_ROOT), Some("/main"));
    // As in httpd, a section of the main server is merged after what stands directly in the host.
    assert!(!ask(&config, "http://a/").get(SCRIPT_RELOAD));
}

#[test]
fn all_settings_can_be_listed() {
    let text = "Mark a\n<Directory /d>\nMark b\n<Files f>\nMark c\n</Files>\n</Directory>\n<VirtualHost *:80>\n\
                <Location /l>\nMark d\n</Location>\n</VirtualHost>";
    let config = load(text).config;
    let mut marks: Vec<_> = config.lines(MARK).map(Line::value).collect();
    marks.sort_unstable();
    assert_eq!(marks, ["a", "b", "c", "d"]);
}

#[test]
fn of_equal_limits_the_inner_line_holds() {
    let held = merged("ScriptLimit depth 9", "ScriptLimit depth 9", "");
    let line =
        held.lines(SCRIPT_LIMIT).find(|line| line.key() == Some("depth")).expect("it is set").origin().to_string();
    assert!(line.contains("in <Location /a>"), "{line}");
}

#[test]
fn only_what_takes_the_place_of_another_is_said_to_hide_it() {
    let warned = |line: &str, other: &str| {
        let inside = format!("<Location /a>\n{line}\n</Location>\n<Location /a>\n{other}\n</Location>\n");
        let report = load(&inside).report;
        report.findings().iter().map(|found| found.code.slug()).collect::<Vec<_>>().join(" ")
    };
    for (line, other, expected) in [
        ("SetHandler a", "SetHandler b", "always-overridden"),
        ("DirectoryIndex a", "DirectoryIndex b", "always-overridden"),
        ("ScriptOption a 1", "ScriptOption a 2", "always-overridden"),
        ("ScriptHandler a", "ScriptHandler b", "always-overridden"),
        ("ScriptOption a 1", "ScriptOption b 2", ""),
        ("Mark a", "Mark b", ""),
        ("ScriptLimit depth 5", "ScriptLimit depth 4", ""),
    ] {
        assert_eq!(warned(line, other), expected, "{line}, {other}");
    }
}
