//! Asking a configuration again allocates nothing. In a program of its own, because it counts what the allocator is asked.

use std::fmt::Write;
use std::net::SocketAddr;

use samovar_config::{HOST, Key, MemoryFiles, Query, Reader, directives};

directives! {
    fn schema;

    const SET: Key<Option<String>> = Key::text("Set", "value");
    const NAME: Key<Option<String>> = Key::text("ServerName", "name").contexts(HOST);
    const FAST: Key<bool> = Key::flag("Fast").default(&["On"]);
}

#[test]
fn asking_again_allocates_nothing() {
    let mut text = String::from("<VirtualHost *:80>\nServerName a.example\nSet host\n</VirtualHost>\n");
    for number in 0..200 {
        let _ = writeln!(text, "<Directory /srv/{number}>\n<Files *.rhai>\nSet {number}\n</Files>\n</Directory>");
        let _ = writeln!(text, "<LocationMatch ^/{number}/.*x$>\nSet {number}\n</LocationMatch>");
    }
    let config = Reader::new(schema()).read(&MemoryFiles::new().file("a.conf", text), "a.conf").expect("loads").config;
    let address = SocketAddr::from(([127, 0, 0, 1], 80));
    let ask = |path, filename| {
        let query = Query { address, host: Some("A.example:80"), path, filename: Some(filename), exact: true };
        let held = config.resolve(&query);
        assert!(held.get(FAST) && held.get(NAME) == Some("a.example"));
        held.get(SET).map(str::len)
    };
    let requests = [("/7/x", "/srv/7/a.rhai"), ("/8/yx", "/srv/7/deep/b.rhai"), ("/9/x/x", "/srv/7/c.rhai")];
    let ask_all = || requests.iter().for_each(|(path, filename)| assert_eq!(ask(path, filename), Some(1)));
    // The first time merges the settings, and fills what the regular expressions keep.
    ask_all();
    let counted = allocation_counter::measure(ask_all);
    assert_eq!(counted.count_total, 0);
}
