//! What an answer says of itself, and that answers are kept.

use std::sync::Arc;

use samovar_config::{Config, Key, Line, MemoryFiles, Reader, Schema, Shape};

use crate::site::{
    DIRECTORY_INDEX, DOCUMENT_ROOT, ERROR_LOG, LIMIT_REQUEST_BODY, LOG_LEVEL, MARK, SCRIPT_OPTION, SCRIPT_RELOAD,
    SET_HANDLER, TIMEOUT, ask, load, query,
};

#[test]
fn s6_every_value_knows_where_it_came_from() {
    let text = "SetHandler main\n<VirtualHost *:80>\n<Directory /srv>\n  <Files a>\n    SetHandler \"x\"\n</Files>\n</Directory></VirtualHost>"
        .replace("</Directory></", "</Directory>\n</");
    let loaded = load(&text);
    fn origin<T: Shape>(config: &Config, request: &str, key: Key<T>) -> Option<String> {
        ask(config, request).line(key).map(|line| line.origin().to_string())
    }
    let config = &loaded.config;
    assert_eq!(origin(config, "/a -> /srv/a", SET_HANDLER).as_deref(), Some("/etc/site.conf:5 in <Files a>"));
    assert_eq!(origin(config, "/a -> /opt/a", SET_HANDLER).as_deref(), Some("/etc/site.conf:1 in the main server"));
    assert_eq!(origin(config, "/a -> /opt/a", LOG_LEVEL).as_deref(), Some("default"));
    assert_eq!(origin(config, "/a -> /opt/a", DOCUMENT_ROOT), None);
}

#[test]
fn s5_handler_root_is_the_directory_of_the_section() {
    let text = r#"
SetHandler main
<Directory /srv/www>
  SetHandler literal
  <Files f>
    SetHandler file
  </Files>
</Directory>
<Directory "/home/*/public">
  SetHandler wild
</Directory>
<DirectoryMatch ^/opt>
  SetHandler regex
</DirectoryMatch>
<Directory />
  DirectoryIndex x
</Directory>
"#;
    let loaded = load(text);
    fn root<T: Shape>(config: &Config, filename: &str, key: Key<T>) -> Option<String> {
        let resolved = ask(config, &format!("/ -> {filename}"));
        let line = resolved.line(key).expect("a line");
        line.origin().section().and_then(|section| section.directory_in(filename)).map(str::to_owned)
    }
    let config = &loaded.config;
    assert_eq!(root(config, "/srv/www/d/e", SET_HANDLER).as_deref(), Some("/srv/www"));
    assert_eq!(root(config, "/srv/www/d/f", SET_HANDLER).as_deref(), Some("/srv/www"));
    assert_eq!(root(config, "/home/ann/public/d/e", SET_HANDLER).as_deref(), Some("/home/ann/public"));
    assert_eq!(root(config, "/home/ann/public", SET_HANDLER).as_deref(), Some("/home/ann"));
    assert_eq!(root(config, "/home/ann/public/", SET_HANDLER).as_deref(), Some("/home/ann/public"));
    assert_eq!(root(config, "/opt/x/y", SET_HANDLER).as_deref(), Some("/opt/x"));
    assert_eq!(root(config, "/var/x", SET_HANDLER), None);
    assert_eq!(root(config, "/var/x", DIRECTORY_INDEX).as_deref(), Some("/"));
}

#[test]
fn equal_sets_of_sections_share_one_result() {
    let loaded = load("<Directory /srv>\nMark a\n</Directory>\n<Location /x>\nMark b\n</Location>");
    let one = ask(&loaded.config, "/x/1 -> /srv/1");
    let other = ask(&loaded.config, "/x/2 -> /srv/deep/2");
    assert!(Arc::ptr_eq(&one, &other));
    assert!(!Arc::ptr_eq(&one, &ask(&loaded.config, "/y -> /srv/1")));
}

#[test]
fn results_are_right_beyond_the_number_that_is_kept() {
    let letters: Vec<char> = ('a'..='m').collect();
    let section = |letter: &char| format!("<LocationMatch {letter}>\nMark {letter}\n</LocationMatch>\n");
    let loaded = load(&letters.iter().map(section).collect::<String>());
    // Twice, so that results are asked for again after they were dropped.
    for set in (0..1_u32 << letters.len()).chain(0..100) {
        let chosen = letters.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1).map(|(_, letter)| *letter);
        let chosen: String = chosen.collect();
        let held = ask(&loaded.config, &format!("/{chosen}"));
        assert_eq!(held.get(MARK).collect::<String>(), chosen);
    }
}

#[test]
fn results_are_shared_between_threads() {
    let loaded = load("<Location /a>\nMark a\n</Location>\n<LocationMatch b>\nMark b\n</LocationMatch>");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for path in ["/a", "/b", "/a/b", "/c"].iter().cycle().take(400) {
                    let expected = path.replace(['/', 'c'], "");
                    assert_eq!(ask(&loaded.config, path).get(MARK).collect::<String>(), expected);
                }
            });
        }
    });
}

#[test]
fn explain_lists_all_sections_in_the_order_of_merging() {
    let text = "<Location /x>\nMark l\n</Location>\n<Directory /srv/www>\nMark w\n</Directory>\n<Directory /srv>\nMark s\n</Directory>";
    let loaded = load(text);
    let explanation = loaded.config.trace(&query("/x -> /srv/a"));
    let sections: Vec<String> = explanation
        .sections
        .iter()
        .map(|section| {
            format!("{}:{} {} {}", section.section.file(), section.section.line(), section.section, section.matched)
        })
        .collect();
    assert_eq!(
        sections,
        [
            "/etc/site.conf:7 <Directory /srv> true",
            "/etc/site.conf:4 <Directory /srv/www> false",
            "/etc/site.conf:1 <Location /x> true",
        ]
    );
    assert_eq!(explanation.host.to_string(), "the main server");
    assert_eq!(explanation.resolved.get(MARK).collect::<Vec<_>>(), ["s", "l"]);
}

#[test]
fn results_are_kept_while_others_are_asked_for() {
    let loaded = load("<Location /x>\nMark x\n</Location>\n<Location /y>\nMark y\n</Location>");
    let one = ask(&loaded.config, "/x");
    let other = ask(&loaded.config, "/y");
    assert!(Arc::ptr_eq(&one, &ask(&loaded.config, "/x")) && Arc::ptr_eq(&other, &ask(&loaded.config, "/y")));
}

#[test]
fn what_holds_can_be_asked_in_many_ways() {
    let text = "ScriptOption a 1\nScriptOption b 2\nScriptOption a 3\nLimitRequestBody 7\nScriptReload Off\nTimeout 5\nMark x\nMark y\n";
    let loaded = load(text);
    let held = ask(&loaded.config, "/");
    assert_eq!((held.at(SCRIPT_OPTION, "a"), held.at(SCRIPT_OPTION, "c")), (Some("3"), None));
    assert_eq!(held.get(SCRIPT_OPTION).collect::<Vec<_>>(), [("b", "2"), ("a", "3")]);
    assert_eq!((held.get(LIMIT_REQUEST_BODY), held.get(TIMEOUT)), (Some(7), std::time::Duration::from_secs(5)));
    assert!(!held.get(SCRIPT_RELOAD) && ask(&load("").config, "/").get(SCRIPT_RELOAD));
    assert_eq!((held.get(MARK).collect::<Vec<_>>(), held.get(ERROR_LOG)), (vec!["x", "y"], None));
    assert_eq!((held.line(MARK).expect("a line").value(), held.lines(MARK).count()), ("y", 2));
    assert_eq!(held.lines(SET_HANDLER).map(Line::value).collect::<Vec<_>>(), ["static"]);
    assert_eq!((held.lines(ERROR_LOG).count(), held.lines(MARK).next_back().and_then(Line::key)), (0, None));
    let set = held.iter().filter_map(|(directive, lines)| {
        let lines = lines.filter(|(_, line)| line.origin().span().is_some());
        let keys = lines.map(|(key, line)| format!("{}:{}", key.unwrap_or("-"), line.text().unwrap_or_default()));
        let keys = keys.collect::<Vec<_>>().join(" ");
        (!keys.is_empty()).then(|| format!("{} {keys}", directive.name()))
    });
    let expected =
        ["Timeout -:5", "LimitRequestBody -:7", "ScriptReload -:off", "ScriptOption b:b a:a", "Mark -:x -:y"];
    let set: Vec<_> = set.map(|line| line.to_ascii_lowercase()).collect();
    assert_eq!(set, expected.map(str::to_ascii_lowercase));
    let defaults = held.iter().filter(|(directive, _)| directive.name() == "LogLevel").flat_map(|(_, lines)| lines);
    assert_eq!(defaults.map(|(_, line)| line.origin().to_string()).collect::<Vec<_>>(), ["default"]);
}

const A: Key<Option<String>> = Key::text("A", "x");
const B: Key<Option<String>> = Key::text("B", "x");
/// Of the same name, and of another type.
const NUMBER: Key<Option<u64>> = Key::integer("A", "x", 0, 9);

#[track_caller]
fn refused(ask: impl FnOnce(&samovar_config::Resolved) + std::panic::UnwindSafe) -> String {
    let files = MemoryFiles::new().file("/a", "A 1");
    let loaded = Reader::new(Schema::new([A.into()])).read(&files, "/a").expect("loads");
    let held = std::panic::AssertUnwindSafe(loaded.config.main().settings());
    assert_eq!(held.get(A), Some("1"));
    let panic = std::panic::catch_unwind(|| ask(&held)).expect_err("it panics");
    panic.downcast_ref::<String>().expect("with a message").clone()
}

#[test]
fn a_key_of_another_schema_is_refused_with_its_name() {
    assert!(refused(|held| _ = held.get(B)).ends_with("the key of `B` is not in the schema of this configuration"));
    assert!(refused(|held| _ = held.lines(B)).ends_with("the key of `B` is not in the schema of this configuration"));
    assert!(
        refused(|held| _ = held.get(NUMBER)).ends_with("the key of `A` is not in the schema of this configuration")
    );
}

#[test]
fn every_directive_of_a_large_schema_is_found_and_no_other() {
    let names: Vec<&'static str> = (0..3000).map(|number| &*format!("Directive{number}").leak()).collect();
    let text: String = names.iter().map(|name| format!("{name} {name}\n")).collect();
    let keys = || names.iter().map(|name| Key::text(name, "x"));
    let reader = Reader::new(Schema::new(keys().map(Into::into)));
    let held = reader.read(&MemoryFiles::new().file("/a", text), "/a").expect("loads").config.main().settings();
    for key in keys() {
        assert_eq!(held.get(key), Some(key.name()));
    }
    let unknown = reader.read(&MemoryFiles::new().file("/a", "Directive3000 x"), "/a");
    assert!(unknown.expect_err("there is none").to_string().contains("unknown-directive"));
}

#[test]
#[should_panic(expected = "directive kettle is declared twice, as Kettle")]
fn a_name_is_declared_once_whatever_its_case() {
    let _ = Schema::new([Key::flag("Kettle").into(), Key::text("kettle", "name").into()]);
}

#[test]
#[should_panic(expected = "default of Kettle: expected `On` or `Off`, found `hot`")]
fn a_default_is_one_that_the_directive_takes() {
    let _ = Schema::new([Key::flag("Kettle").default(&["hot"]).into()]);
}

#[test]
fn a_section_says_what_it_is() {
    let text =
        "<VirtualHost *:80>\n<Directory \"/srv/*\">\n<Files x>\nMark x\n</Files>\n</Directory>\n</VirtualHost>\n\
                <Location /a>\nMark a\n</Location>\n<LocationMatch b>\nMark b\n</LocationMatch>\n<Else>\n</Else>\n"
            .replace("<Else>\n</Else>\n", "<If \"true\">\nMark i\n</If>\n<Else>\nMark e\n</Else>\n");
    let loaded = load(&text);
    let section = |mark: &str| {
        let line = loaded.config.lines(MARK).find(|line| line.value() == mark);
        line.and_then(|line| line.origin().section().cloned()).expect("a section")
    };
    let (files, location) = (section("x"), section("a"));
    assert_eq!((files.to_string(), files.line(), files.argument()), ("<Files x>".to_owned(), 3, "x"));
    assert_eq!((files.literal(), &**files.file()), (Some("x"), "/etc/site.conf"));
    let directory = files.directory().expect("it stands in one");
    assert_eq!((directory.literal(), directory.argument()), (None, "\"/srv/*\""));
    let parents: Vec<_> =
        std::iter::successors(Some(&files), |section| section.parent()).map(ToString::to_string).collect();
    assert_eq!(parents, ["<Files x>", "<Directory \"/srv/*\">", "<VirtualHost *:80>", "the main server"]);
    assert!(location.directory().is_none() && location.directory_in("/srv/a").is_none());
    assert_eq!((location.literal(), section("b").literal()), (Some("/a"), None));
    assert_eq!(
        [section("i"), section("e"), section("b")].map(|section| section.kind().map(samovar_config::SectionKind::name)),
        [Some("If"), Some("Else"), Some("LocationMatch")]
    );
    assert!(location.span().is_some() && loaded.config.main().section().span().is_none());
    assert_eq!(loaded.config.main().section().kind(), None);
}
