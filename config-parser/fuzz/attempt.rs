//! What the fuzzer tries with a file, and a test on every machine with each file of its corpus.

use std::net::SocketAddr;
use std::time::Duration;

use samovar_config::Merge::Replace;
use samovar_config::{
    Address, HOST, Key, List, MemoryFiles, Parameter, PerKey, Query, ReadLimits, Reader, Resolved, SERVER, directives,
};

/// The file includes itself under these names, and others of them.
const FILE: &str = "/etc/site.conf";
const OTHER: &str = "/etc/conf.d/other.conf";

pub(crate) fn attempt(bytes: &[u8]) {
    let files = MemoryFiles::new().file(FILE, bytes).file(OTHER, "Option other included\n");
    let limits = ReadLimits { files: 50, include_depth: 5, ..ReadLimits::default() };
    match Reader::new(schema()).module("so_module").define("GIVEN=1").limits(limits).read(&files, FILE) {
        Ok(loaded) => {
            assert_eq!(loaded.report.errors(), 0);
            assert_eq!(loaded.report.render(true).is_empty(), loaded.report.is_empty());
            ask(&loaded.config);
        }
        Err(report) => {
            assert!(report.errors() > 0);
            assert!(!report.render(false).is_empty());
            assert_eq!(report.records().count(), report.findings().len());
        }
    }
}

/// Asks for some URLs, whether or not anything is said about them, and twice, since answers are kept.
fn ask(config: &samovar_config::Config) {
    let address = SocketAddr::from(([127, 0, 0, 1], 80));
    for (host, path) in [(None, "/"), (Some("localhost:80"), "/cgi-bin/x"), (Some("*.a"), "/usr/share/doc/é")] {
        let filename = format!("/var/www/html{path}");
        let query = Query { address, host, path, filename: Some(&filename), exact: path.ends_with('x') };
        let first = config.resolve(&query);
        take(&first);
        assert!(std::sync::Arc::ptr_eq(&first, &config.resolve(&query)));
        assert_eq!(config.trace(&query).sections.len(), config.host_for(address, host).sections().count());
    }
}

const OPTION: &[Parameter] = &[Parameter::text("key"), Parameter::text("value").optional()];

directives! {
    fn schema;

    const LISTEN: Key<List<Address>> = Key::address("Listen", "address").list().contexts(SERVER);
    const ROOT: Key<Option<String>> = Key::text("ServerRoot", "directory").contexts(SERVER);
    const NAME: Key<Option<String>> = Key::text("ServerName", "name").contexts(SERVER.or(HOST));
    const ALIAS: Key<List<Vec<String>>> = Key::texts("ServerAlias", "name").list().contexts(HOST);
    const DOCUMENTS: Key<Option<String>> = Key::text("DocumentRoot", "directory").contexts(SERVER.or(HOST));
    const INDEX: Key<List<Vec<String>>> = Key::texts("DirectoryIndex", "name").list().merge(Replace);
    const TIMEOUT: Key<Duration> = Key::seconds("Timeout", "seconds").contexts(SERVER.or(HOST)).default(&["60"]);
    const KEEP_ALIVE: Key<bool> = Key::flag("KeepAlive").contexts(SERVER.or(HOST)).default(&["On"]);
    const HANDLER: Key<Option<String>> = Key::text("SetHandler", "handler");
    const OPTIONS: Key<PerKey<String>> = Key::new("Option", OPTION, |arguments| {
        Ok(arguments.get(1).map(|argument| argument.text().to_owned()).unwrap_or_default())
    })
    .per_key();
}

/// Takes every value.
fn take(held: &Resolved) {
    let first = (held.get(ROOT), held.get(NAME), held.get(DOCUMENTS), held.get(TIMEOUT), held.get(KEEP_ALIVE));
    let others = held.get(LISTEN).count() + held.get(ALIAS).count() + held.get(INDEX).flatten().count();
    std::hint::black_box((first, others, held.get(HANDLER), held.get(OPTIONS).count()));
}
