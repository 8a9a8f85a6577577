//! What is brought along from httpd and mod_python: each line is told what to write in its place.

use std::process::Command;

use samovar_integration_tests::Site;
use serde_json::Value;

use crate::{SAMOVAR, serve};

/// What `check` finds in a configuration.
#[track_caller]
fn found(site: &Site) -> Vec<Value> {
    let output = Command::new(SAMOVAR).arg("check").arg(site.path()).args(["--format", "json"]).output().expect("runs");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn each_directive_and_handler_gets_the_sentence_that_is_needed() {
    let rows = [
        ("PythonHandler x", 1, "here it is `RhaiHandler`"),
        ("PythonAccessHandler x", 1, "here it is `RhaiAccessHandler`"),
        ("PythonOption a b", 1, "here it is `RhaiOption`"),
        ("PythonDebug On", 1, "here it is `RhaiDebug`"),
        ("PythonImport a b", 1, "here it is `RhaiImport`"),
        ("PythonPath \"['/x']\"", 1, "here it is `RhaiPath`"),
        ("PythonAutoReload Off", 1, "here it is `RhaiAutoReload`"),
        ("PythonPostReadRequestHandler x", 1, "`RhaiAccessHandler`"),
        ("PythonOutputFilter x y", 1, "there are no filters"),
        ("PythonSomething x", 1, "`Rhai` in place of `Python`"),
        ("SetHandler mod_python", 12, "here it is `rhai`; `RhaiHandler module` names who answers"),
        ("SetHandler python-program", 12, "here it is `rhai`"),
        ("AddHandler mod_python .py", 12, "here it is `rhai`"),
        ("AddHandler cgi-script .cgi", 12, "other programs cannot be run"),
        ("ErrorDocument 404 /x", 1, "`#{status: 404, body: html(page)}`"),
        ("Header set A b", 1, "`req.headers_out[\"X-Name\"] = \"value\"`"),
        ("RequestHeader set A b", 1, "`RhaiOption`"),
        ("RemoteIPHeader X-Forwarded-For", 1, "`req.headers_in[\"X-Forwarded-For\"]`"),
        ("RemoteIPTrustedProxy 10.0.0.1", 1, "`req.headers_in[\"X-Forwarded-For\"]`"),
        ("AuthName \"a b\"", 1, "`WWW-Authenticate: Basic realm=\"name\"`"),
        ("AuthType Basic", 1, "`RhaiAuthenHandler`"),
        ("AuthUserFile x", 1, "`RhaiAuthenHandler`"),
        ("Require all granted", 1, "leave out `Require all granted`"),
        ("<RequireAll>\n</RequireAll>", 2, "`RhaiAuthzHandler`"),
        ("AddType text/html .x", 1, "`req.headers_out[\"Content-Type\"]`"),
        ("SSLCertificateFile x", 1, "does not speak TLS"),
        ("RewriteBase /", 1, "paths are not rewritten"),
        ("ProxyPassReverse /a b", 1, "does not forward requests"),
        ("<Limit GET>\n</Limit>", 2, "`%{REQUEST_METHOD}`"),
        ("ErrorLog \"|/usr/bin/rotatelogs x\"", 10, "expected a file; a hang-up signal opens it anew"),
        ("CustomLog syslog combined", 11, "expected a file"),
    ];
    for (line, column, expected) in rows {
        let site = Site::new(&format!("=== samovar.conf\n{line}\n"));
        let found = found(&site);
        let said = format!("{} {}", found[0]["expected"], found[0]["help"]).replace("\\\"", "\"");
        assert!(said.contains(expected), "{line}: {found:?}");
        let place = (found[0]["severity"].as_str(), found[0]["line"].as_u64(), found[0]["column"].as_u64());
        assert_eq!(place, (Some("error"), Some(1), Some(column)), "{line}: {found:?}");
        assert_eq!(found.len(), 1, "{line}: {found:?}");
    }
}

#[test]
fn a_comment_behind_a_directive_is_an_error_that_says_so() {
    for (line, column) in [
        ("RhaiHandler m # comment", 15),
        ("RhaiHandler m #comment", 15),
        ("RhaiAccessHandler m::f | .x # comment", 29),
        ("DirectoryIndex a.html # comment", 23),
        ("RhaiOption key # comment", 16),
        ("RhaiOption key value # comment", 22),
        ("Timeout 5 # comment", 11),
        ("RhaiLimit time 5 #", 18),
        ("LogLevel info # comment", 15),
        ("AddHandler rhai .x # comment", 20),
        ("CustomLog access.log #comment", 22),
        ("Include other.conf # comment", 20),
        ("Define A b # comment", 12),
        ("RhaiDebug # On", 11),
    ] {
        let site = Site::new(&format!("=== samovar.conf\n{line}\n=== m.rhai\nfn handler(req) {{ 1 }}\n"));
        let found = found(&site);
        assert_eq!(
            (found[0]["line"].as_u64(), found[0]["column"].as_u64()),
            (Some(1), Some(column)),
            "{line}: {found:?}"
        );
        let help = found[0]["help"].as_str().unwrap_or_default();
        assert!(help.contains("as in httpd, `#` begins a comment only at the start of a line"), "{line}: {found:?}");
        assert_eq!((found.len(), found[0]["severity"].as_str()), (1, Some("error")), "{line}: {found:?}");
    }
}

#[test]
fn what_is_meant_to_begin_with_the_sign_of_a_comment_does() {
    let lines = "# A comment.\n  # Another.\nRhaiOption colour #fff\nRhaiOption sign \"#\"\nDirectoryIndex \"#x\"\n";
    let site = Site::new(&format!("=== samovar.conf\n{lines}"));
    assert_eq!(found(&site), [Value::Null; 0]);
}

#[test]
fn what_the_sentences_say_of_headers_is_so() {
    let (_site, program) = serve(
        "=== samovar.conf\nSetHandler static\nRhaiFixupHandler set\n=== a.txt\nfile\n=== set.rhai\n\
         fn handler(req) { req.headers_out[\"Content-Type\"] = \"text/x-tea\"; req.headers_out[\"X-Name\"] = \"value\"; OK }\n",
    );
    let answer = program.get("/a.txt");
    assert_eq!(
        (answer.header("content-type"), answer.header("x-name")),
        (Some("text/x-tea"), Some("value")),
        "{answer:?}"
    );
    assert_eq!((answer.header("server"), answer.brief()), (None, "200 file\n".to_owned()));
}
