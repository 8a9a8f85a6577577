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
