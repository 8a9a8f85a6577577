//! What an answer says of itself, and that answers are kept.

use std::sync::Arc;

use crate::site::{ask, load, query};

#[test]
fn s6_every_value_knows_where_it_came_from() {
    let text = "SetHandler main\n<VirtualHost *:80>\n<Directory /srv>\n  <Files a>\n    SetHandler \"x\"\n</Files>\n</Directory></VirtualHost>"
        .replace("</Directory></", "</Directory>\n</");
    let loaded = load(&text);
    let origin = |request: &str, directive: &str| {
        let resolved = ask(&loaded.config, request);
        resolved.get(directive).map(|setting| setting.origin().to_string())
    };
    assert_eq!(origin("/a -> /srv/a", "SetHandler").as_deref(), Some("/etc/site.conf:5 in <Files a>"));
    assert_eq!(origin("/a -> /opt/a", "SetHandler").as_deref(), Some("/etc/site.conf:1 in the main server"));
    assert_eq!(origin("/a -> /opt/a", "LogLevel").as_deref(), Some("default"));
    assert_eq!(origin("/a -> /opt/a", "DocumentRoot"), None);
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
    let root = |filename: &str, directive: &str| {
        let request = format!("/ -> {filename}");
        let resolved = ask(&loaded.config, &request);
        let setting = resolved.get(directive).expect("a setting");
        setting.origin().scope().and_then(|scope| scope.directory_in(filename)).map(str::to_owned)
    };
    assert_eq!(root("/srv/www/d/e", "SetHandler").as_deref(), Some("/srv/www"));
    assert_eq!(root("/srv/www/d/f", "SetHandler").as_deref(), Some("/srv/www"));
    assert_eq!(root("/home/ann/public/d/e", "SetHandler").as_deref(), Some("/home/ann/public"));
    assert_eq!(root("/home/ann/public", "SetHandler").as_deref(), Some("/home/ann"));
    assert_eq!(root("/home/ann/public/", "SetHandler").as_deref(), Some("/home/ann/public"));
    assert_eq!(root("/opt/x/y", "SetHandler").as_deref(), Some("/opt/x"));
    assert_eq!(root("/var/x", "SetHandler"), None);
    assert_eq!(root("/var/x", "DirectoryIndex").as_deref(), Some("/"));
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
        assert_eq!(held.texts("Mark").collect::<String>(), chosen);
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
                    assert_eq!(ask(&loaded.config, path).texts("Mark").collect::<String>(), expected);
                }
            });
        }
    });
}

#[test]
fn explain_lists_all_sections_in_the_order_of_merging() {
    let text = "<Location /x>\nMark l\n</Location>\n<Directory /srv/www>\nMark w\n</Directory>\n<Directory /srv>\nMark s\n</Directory>";
    let loaded = load(text);
    let explanation = loaded.config.explain(&query("/x -> /srv/a"));
    let sections: Vec<String> = explanation
        .sections
        .iter()
        .map(|section| {
            format!("{}:{} {} {}", section.scope.file(), section.scope.line(), section.scope, section.matched)
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
    assert_eq!(explanation.resolved.texts("Mark").collect::<Vec<_>>(), ["s", "l"]);
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
    let schema = loaded.config.schema();
    let id = |name: &str| schema.id(name).expect("it is declared");
    assert_eq!(held.key("ScriptOption", "a").and_then(|line| line.texts().nth(1)), Some("3"));
    assert!(held.key("ScriptOption", "c").is_none() && held.key("Nothing", "a").is_none());
    assert_eq!(
        (held.integer("LimitRequestBody"), held.integer("Timeout"), held.integer("Nothing")),
        (Some(7), None, None)
    );
    assert_eq!(held.duration("Timeout"), Some(std::time::Duration::from_secs(5)));
    assert!(!held.flag("ScriptReload") && !held.flag("Mark") && !held.flag("Nothing"));
    assert!(ask(&load("").config, "/").flag("ScriptReload"));
    assert_eq!((held.text("Mark"), held.text(id("Mark")), held.text("ErrorLog")), (Some("y"), Some("y"), None));
    assert_eq!(held.all(id("Mark")).count(), 2);
    assert_eq!(held.all("SetHandler").map(|line| line.text()).collect::<Vec<_>>(), [Some("static")]);
    assert_eq!(
        (held.all("ErrorLog").count(), held.keyed("ErrorLog").count(), held.keyed("SetHandler").count()),
        (0, 0, 0)
    );
    let set = held.iter().map(|(id, lines)| {
        let keys = lines.map(|(key, line)| format!("{}:{}", key.unwrap_or("-"), line.text().unwrap_or_default()));
        format!("{} {}", schema.directive(id).name(), keys.collect::<Vec<_>>().join(" "))
    });
    let expected =
        ["Timeout -:5", "LimitRequestBody -:7", "ScriptReload -:off", "ScriptOption b:b a:a", "Mark -:x -:y"];
    let set: Vec<_> = set.map(|line| line.to_ascii_lowercase()).collect();
    assert_eq!(set, expected.map(str::to_ascii_lowercase));
}

#[test]
fn a_directive_of_a_larger_schema_is_none_of_this_one() {
    use samovar_config::{ANYWHERE, Directive, Loader, MemoryFiles, Merge, Parameter, Schema};
    let directive = |name| Directive::new(name, [Parameter::text("x")], ANYWHERE, Merge::Innermost);
    let large = Schema::new([directive("A"), directive("B")]);
    let (first, second) = (large.id("A").expect("declared"), large.id("B").expect("declared"));
    let files = MemoryFiles::new().file("/a", "A 1");
    let held = Loader::new(Schema::new([directive("A")])).load(&files, "/a").expect("loads").config.main().settings();
    assert_eq!((held.text(first), held.text(second)), (Some("1"), None));
    assert_eq!((held.all(second).count(), held.keyed(second).count()), (0, 0));
}

#[test]
fn a_section_says_what_it_is() {
    let text =
        "<VirtualHost *:80>\n<Directory \"/srv/*\">\n<Files x>\nMark x\n</Files>\n</Directory>\n</VirtualHost>\n\
                <Location /a>\nMark a\n</Location>\n<LocationMatch b>\nMark b\n</LocationMatch>\n<Else>\n</Else>\n"
            .replace("<Else>\n</Else>\n", "<If \"true\">\nMark i\n</If>\n<Else>\nMark e\n</Else>\n");
    let loaded = load(&text);
    let scope = |mark: &str| {
        let line = loaded.config.settings().find(|line| line.directive() == "Mark" && line.text() == Some(mark));
        line.and_then(|line| line.origin().scope().cloned()).expect("a section")
    };
    let (files, location) = (scope("x"), scope("a"));
    assert_eq!((files.to_string(), files.line(), files.argument()), ("<Files x>".to_owned(), 3, "x"));
    assert_eq!((files.literal(), &**files.file()), (Some("x"), "/etc/site.conf"));
    let directory = files.directory().expect("it stands in one");
    assert_eq!((directory.literal(), directory.argument()), (None, "\"/srv/*\""));
    let parents: Vec<_> =
        std::iter::successors(Some(&files), |scope| scope.parent()).map(ToString::to_string).collect();
    assert_eq!(parents, ["<Files x>", "<Directory \"/srv/*\">", "<VirtualHost *:80>", "the main server"]);
    assert!(location.directory().is_none() && location.directory_in("/srv/a").is_none());
    assert_eq!((location.literal(), scope("b").literal()), (Some("/a"), None));
    assert_eq!(
        [scope("i"), scope("e"), scope("b")].map(|scope| scope.kind().map(samovar_config::SectionKind::name)),
        [Some("If"), Some("Else"), Some("LocationMatch")]
    );
    assert!(location.span().is_some() && loaded.config.main().scope().span().is_none());
    assert_eq!(loaded.config.main().scope().kind(), None);
}
