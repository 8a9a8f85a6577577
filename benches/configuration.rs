//! What a request pays for its settings: finding those that hold, and taking values out of them.

use std::{fmt::Write as _, net::SocketAddr, sync::Arc, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use samovar_benches::Comparison;
use samovar_config::{Config, Key, List, MemoryFiles, Merge, Parameter, PerKey, Query, Reader, Resolved, directives};

criterion_group!(benches, resolve, values);
criterion_main!(benches);

const OPTION: &[Parameter] = &[Parameter::text("key"), Parameter::text("value")];

directives! {
    fn schema;

    const NAME: Key<Option<String>> = Key::text("ServerName", "name");
    const ROOT: Key<Option<String>> = Key::text("Root", "directory");
    const HANDLER: Key<String> = Key::text("Handler", "name").default(&["static"]);
    const DEBUG: Key<bool> = Key::flag("Debug").default(&["Off"]);
    const RELOAD: Key<bool> = Key::flag("Reload").default(&["On"]);
    const TIMEOUT: Key<Duration> = Key::seconds("Timeout", "seconds").default(&["60"]);
    const BODY: Key<u64> = Key::integer("Body", "bytes", 0, u64::MAX).default(&["1048576"]);
    const INDEX: Key<List<Vec<String>>> = Key::texts("Index", "name").list().merge(Merge::Replace).default(&["index.html"]);
    const OPTIONS: Key<PerKey<String>> =
        Key::new("Option", OPTION, |arguments| Ok(arguments[1].text().to_owned())).per_key();
}

/// A configuration with so many sections for directories and for URLs.
fn configuration(sections: usize) -> Config {
    let mut text = String::from("ServerName a.example\nOption a 1\nOption b 2\n");
    for number in 0..sections {
        let _ = writeln!(text, "<Directory /srv/{number}>\nDebug On\nOption a {number}\n</Directory>");
        let _ = writeln!(text, "<LocationMatch ^/{number}/.*x$>\nBody {number}\n</LocationMatch>");
    }
    let read = Reader::new(schema()).read(&MemoryFiles::new().file("a.conf", text), "a.conf");
    read.expect("it is right").config
}

fn ask(config: &Config) -> Arc<Resolved> {
    let address = SocketAddr::from(([127, 0, 0, 1], 80));
    let filename = Some("/srv/7/page.html");
    config.resolve(&Query { address, host: Some("a.example"), path: "/7/page", filename, exact: true })
}

fn resolve(criterion: &mut Criterion) {
    let configurations = [10, 100, 1000].map(|sections| (sections, configuration(sections)));
    let mut comparison = Comparison::new("resolve");
    for (sections, config) in &configurations {
        comparison = comparison.case(format!("{sections} sections of each kind"), || ask(config));
    }
    comparison.measure(criterion);
}

fn values(criterion: &mut Criterion) {
    let held = ask(&configuration(10));
    Comparison::new("values")
        .case("one", || held.get(DEBUG))
        .case("seven", || {
            let texts = (held.get(NAME).map(str::len), held.get(ROOT).map(str::len), held.get(HANDLER).len());
            (texts, held.get(DEBUG), held.get(RELOAD), held.get(TIMEOUT), held.get(BODY))
        })
        .case("a list", || held.get(INDEX).flatten().count())
        .case("one of several keys", || held.at(OPTIONS, "a").map(str::len))
        .measure(criterion);
}
