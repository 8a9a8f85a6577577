//! What the fuzzer tries with a file, and a test on every machine with each file of its corpus.

use std::net::SocketAddr;

use samovar_config::Merge::{Accumulate, Innermost, PerKey, Replace};
use samovar_config::{ANYWHERE, Directive, HOST, Limits, Loader, MemoryFiles, Parameter, Query, SERVER, Schema};

/// The file includes itself under these names, and others of them.
const FILE: &str = "/etc/site.conf";
const OTHER: &str = "/etc/conf.d/other.conf";

pub(crate) fn attempt(bytes: &[u8]) {
    let files = MemoryFiles::new().file(FILE, bytes).file(OTHER, "Option other included\n");
    let limits = Limits { files: 50, include_depth: 5, ..Limits::default() };
    match Loader::new(schema()).module("so_module").define("GIVEN=1").limits(limits).load(&files, FILE) {
        Ok(loaded) => {
            assert_eq!(loaded.report.errors(), 0);
            assert_eq!(loaded.report.render(true).is_empty(), loaded.report.is_empty());
            ask(&loaded.config);
        }
        Err(report) => {
            assert!(report.errors() > 0);
            assert!(!report.render(false).is_empty());
            assert_eq!(report.findings().count(), report.diagnostics().len());
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
        assert!(std::sync::Arc::ptr_eq(&first, &config.resolve(&query)));
        assert_eq!(config.explain(&query).sections.len(), config.host_for(address, host).sections().count());
    }
}

fn schema() -> Schema {
    let text = Parameter::text;
    Schema::new([
        Directive::new("Listen", [Parameter::address("address")], SERVER, Accumulate),
        Directive::new("ServerRoot", [text("directory")], SERVER, Innermost),
        Directive::new("ServerName", [text("name")], SERVER | HOST, Innermost),
        Directive::new("ServerAlias", [text("name").many()], HOST, Accumulate),
        Directive::new("DocumentRoot", [text("directory")], SERVER | HOST, Innermost),
        Directive::new("DirectoryIndex", [text("name").many()], ANYWHERE, Replace),
        Directive::new("Timeout", [Parameter::seconds("seconds")], SERVER | HOST, Innermost).default(&["60"]),
        Directive::new("KeepAlive", [Parameter::flag()], SERVER | HOST, Innermost).default(&["On"]),
        Directive::new("SetHandler", [text("handler")], ANYWHERE, Innermost),
        Directive::new("Option", [text("key"), text("value").optional()], ANYWHERE, PerKey),
    ])
}
