//! The page "Coming from mod_python" knows all of its directives, and says the same of each as `samovar check`.

use samovar_integration_tests::Site;

use super::document;

/// Those of mod_python 3.3, as its manual lists them.
const DIRECTIVES: [&str; 26] = [
    "PythonPostReadRequestHandler",
    "PythonTransHandler",
    "PythonHeaderParserHandler",
    "PythonInitHandler",
    "PythonAccessHandler",
    "PythonAuthenHandler",
    "PythonAuthzHandler",
    "PythonTypeHandler",
    "PythonFixupHandler",
    "PythonHandler",
    "PythonLogHandler",
    "PythonCleanupHandler",
    "PythonInputFilter",
    "PythonOutputFilter",
    "PythonConnectionHandler",
    "PythonEnablePdb",
    "PythonDebug",
    "PythonImport",
    "PythonInterpPerDirectory",
    "PythonInterpPerDirective",
    "PythonInterpreter",
    "PythonHandlerModule",
    "PythonAutoReload",
    "PythonOptimize",
    "PythonOption",
    "PythonPath",
];

#[test]
fn each_directive_has_a_row_that_says_what_check_says() {
    let page = document("docs/coming-from-mod_python.md");
    for directive in DIRECTIVES {
        let row = page.text.lines().find_map(|line| line.strip_prefix(&format!("| `{directive}` | ")));
        let row = row.unwrap_or_else(|| panic!("{directive} has no row"));
        let here = row.split(" | ").next().unwrap_or_default().trim_matches('`');
        let site = Site::new(&format!("=== samovar.conf\n{directive} one two\n"));
        let report = samovar::program::check(site.path(), &[]).expect("it can be read");
        let said: Vec<_> = report.records().map(|finding| format!("{finding:?}")).collect();
        let said = said.join("\n");
        let expected = match here {
            "nothing" => String::new(),
            here => format!("here it is `{here}`"),
        };
        assert!(said.contains(&expected), "{directive}: {here}: {said}");
        assert_eq!(expected.is_empty(), !said.contains("here it is `Rhai"), "{directive}: {said}");
        assert!(said.contains("unknown-directive"), "{directive}: {said}");
    }
}
