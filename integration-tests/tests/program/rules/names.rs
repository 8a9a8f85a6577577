//! R1 to R7: what a name in an import means.

use super::{Story, check_in_order, site};
use crate::SAMOVAR;
use samovar_integration_tests::Program;

/// `?name=..` imports that name from where the script stands, and says what was found, or why not.
const ASKS: &str = r#"fn handler(req) {
    try { return import_module(req.args.name)["here"]; } catch (e) { return `error: ${e}`; }
}
"#;

/// `www` is the handler root; what is beside it is none of its business.
#[track_caller]
fn story(files: &str) -> Story {
    Story::of(&format!(
        "=== samovar.conf\nDocumentRoot www\nSetHandler rhai\n=== www/asks.rhai\n{ASKS}=== www/sub/asks.rhai\n{ASKS}{files}"
    ))
}

/// It fails, and says these things.
#[track_caller]
fn check_error(story: &Story, target: &str, said: &[&str]) {
    let answer = story.get(target).brief();
    assert!(answer.starts_with("200 error: "), "{target}: {answer}");
    check_in_order(&answer, said);
}

#[test]
fn r1_an_absolute_name_is_that_file_and_nothing_else() {
    let story = story(
        "=== www/lib/x.rhai\nlet here = \"lib/x\";\n=== www/lib/y.txt\nlet here = \"lib/y.txt\";\n\
         === www/sub/nowhere/z.rhai\nlet here = \"sub\";",
    );
    let www = story.site.file("www").to_string_lossy().into_owned();
    story.check(&[
        (&format!("/asks?name={www}/lib/x.rhai"), "lib/x"),
        (&format!("/asks?name={www}/lib/x"), "lib/x"),
        (&format!("/sub/asks?name={www}//sub/.././lib/x"), "lib/x"),
        (&format!("/asks?name={www}/lib/y.txt"), "lib/y.txt"),
    ]);
    // Below the importing module there is one of that name; it is not looked for.
    check_error(&story, &format!("/sub/asks?name={www}/nowhere/z"), &["not found"]);
    check_error(&story, "/sub/asks?name=/nowhere/z", &["/nowhere/z"]);
}

#[test]
fn r2_a_dotted_name_starts_where_the_importing_module_stands() {
    let story = story(
        "=== www/x.rhai\nlet here = \"top\";\n=== www/sub/x.rhai\nlet here = \"sub\";\n\
         === www/sub/deep/x.rhai\nimport \"../x\" as up; let here = `deep, above it ${up::here}`;\n\
         === www/sub/helper.rhai\nfn get() { import_module(\"./x\")[\"here\"] }\n\
         === www/calls.rhai\nimport \"./sub/helper\" as helper; fn handler(req) { helper::get() }",
    );
    story.check(&[
        ("/asks?name=./x", "top"),
        ("/sub/asks?name=./x", "sub"),
        ("/sub/asks?name=../x", "top"),
        ("/sub/asks?name=./deep/x", "deep, above it sub"),
        ("/sub/asks?name=./deep/../../x", "top"),
        // It is the module in which the import is written that counts, not the one that calls.
        ("/calls", "sub"),
    ]);
}

#[test]
fn r2_a_dotted_name_that_no_module_wrote_is_an_error() {
    let files = "=== x.rhai\nfn handler(req) { \"x\" }\n";
    let story = Story::of(&format!(
        "=== samovar.conf\nSetHandler rhai\n<Location /by_name>\nRhaiHandler ./x\n</Location>\n{files}"
    ));
    story.check_fails("/by_name", &["`./x`", "no module is importing it"]);
    let site = site(&format!("=== samovar.conf\nSetHandler rhai\nRhaiImport ./x main\n{files}"));
    let exit = Program::run(SAMOVAR, ["serve".as_ref(), site.path(), "--listen".as_ref(), "127.0.0.1:0".as_ref()]);
    assert_eq!(exit.code, Some(1), "{}", exit.stderr);
    check_in_order(&exit.stderr, &["`./x`", "no module is importing it"]);
}

#[test]
fn r3_a_tilde_is_the_handler_root() {
    let story = Story::of(&format!(
        "=== samovar.conf\nDocumentRoot www\nSetHandler rhai\n<Directory $SITE/www/app>\nRhaiHandler in/asks | .x\n</Directory>\n\
         === www/in/asks.rhai\n{ASKS}=== www/app/in/asks.rhai\n{ASKS}=== www/app/f.x\n\n\
         === www/x.rhai\nlet here = \"www\";\n=== www/app/x.rhai\nlet here = \"app\";\n\
         === www/app/in/deep/y.rhai\nimport \"~/x\" as x; let here = `y, ${{x::here}}`;"
    ));
    story.check(&[
        ("/in/asks?name=~/x", "www"),
        ("/in/asks?name=~/app/x", "app"),
        ("/app/f.x?name=~/x", "app"),
        ("/app/f.x?name=~/in/deep/y", "y, app"),
    ]);
}

#[test]
fn r4_anything_else_is_searched_also_with_a_directory_in_it() {
    let story = story(
        "=== www/sub/pkg/__init__.rhai\nlet here = \"init\";\n=== www/sub/pkg/x.rhai\nlet here = \"pkg/x\";\n\
         === www/sub/.dotted/x.rhai\nlet here = \"dotted\";",
    );
    story.check(&[
        ("/sub/asks?name=pkg/x", "pkg/x"),
        ("/sub/asks?name=pkg/__init__", "init"),
        ("/sub/asks?name=pkg/./x", "pkg/x"),
        // No dot and slash at its start, so not relative.
        ("/sub/asks?name=.dotted/x", "dotted"),
    ]);
    check_error(&story, "/sub/asks?name=pkg", &["`pkg`", "not found"]);
    check_error(&story, "/sub/asks?name=pkg/", &["pkg"]);
    check_error(&story, "/asks?name=pkg/x", &["not found"]);
    check_error(&story, "/asks?name=", &[]);
}

#[test]
fn r5_a_name_without_an_extension_gets_one() {
    let story = story(
        "=== www/e.rhai\nlet here = \"rhai\";\n=== www/e.rules\nlet here = \"rules\";\n\
         === www/v1.2/x.rhai\nlet here = \"v1.2\";\n=== www/e\nlet here = \"nothing\";\n\
         === www/.hidden.rhai\nlet here = \"hidden\";",
    );
    story.check(&[
        ("/asks?name=./e", "rhai"),
        ("/asks?name=./e.rhai", "rhai"),
        ("/asks?name=./e.rules", "rules"),
        ("/asks?name=e.rules", "rules"),
        ("/asks?name=./v1.2/x", "v1.2"),
        ("/asks?name=./.hidden", "hidden"),
    ]);
    check_error(&story, "/asks?name=./e.txt", &["e.txt", "not found"]);
}

#[test]
fn r6_importers_see_variables_and_public_functions_whether_exported_or_not() {
    let story = Story::of(
        r#"=== m.rhai
let plain = 1;
const FIXED = 2;
let other = 3;
export other as exported;
fn open() { closed() + X + global::X }
private fn closed() { 10 }
const X = 100;
if plain == 1 { return; }
let never = 4;
=== statement.rhai
import "./m" as m;
fn handler(req) { `${m::plain} ${m::FIXED} ${m::other} ${m::X} ${m::open()}` }
=== value.rhai
fn handler(req) {
    let m = import_module("./m");
    `${m.plain} ${m["FIXED"]} ${m.other} ${m.X} ${m["open"].call()}`
}
=== private.rhai
import "./m" as m;
fn handler(req) { m::closed() }
=== private_value.rhai
fn handler(req) { import_module("./m")["closed"].call() }
=== never.rhai
import "./m" as m;
fn handler(req) { m::never }
=== option.rhai
fn handler(req) { import_module("./m", #{autoreload: true, log: false, path: []}).FIXED.to_string() }
=== misspelled.rhai
fn handler(req) { import_module("./m", #{autorelaod: true}).plain }
=== wrong.rhai
fn handler(req) { import_module("./m", #{autoreload: "yes"}).plain }
"#,
    );
    story.check(&[("/statement", "1 2 3 100 210"), ("/value", "1 2 3 100 210"), ("/option", "2")]);
    story.check_fails("/private", &["closed"]);
    story.check_fails("/private_value", &["closed"]);
    story.check_fails("/never", &["never"]);
    story.check_fails("/misspelled", &["autorelaod", "autoreload"]);
    story.check_fails("/wrong", &["autoreload"]);
}

#[test]
fn r7_what_leaves_the_roots_is_refused() {
    let story = story("=== secret.rhai\nlet here = \"secret\";\n=== beside/x.rhai\nlet here = \"beside\";");
    story.site.link("www/link.rhai", "../secret.rhai");
    story.site.link("www/dir", "../beside");
    story.site.link("www/there_and_back.rhai", "../beside/../www/in.rhai");
    story.site.write("www/in.rhai", "let here = \"in\";");
    story.site.link("www/absolute.rhai", story.site.file("www/in.rhai"));
    story.site.link("www/long.rhai", "absolute.rhai");
    let outside = story.site.file("secret.rhai");
    for name in ["../secret", "~/../secret", "./dir/x", "./link", "~/sub/../../secret", &outside.to_string_lossy()] {
        check_error(&story, &format!("/asks?name={name}"), &["lies outside of the declared roots"]);
    }
    story.check(&[
        ("/asks?name=./there_and_back", "in"),
        ("/asks?name=./absolute", "in"),
        ("/asks?name=./long", "in"),
        ("/sub/asks?name=../in", "in"),
    ]);
    // A link that is put in the place of what is loaded: the last good one serves, and is not replaced.
    story.site.write("www/own.rhai", "let here = \"own\";");
    story.check(&[("/asks?name=./own", "own")]);
    story.site.link("next", "../secret.rhai");
    std::fs::rename(story.site.file("next"), story.site.file("www/own.rhai")).expect("renamed");
    check_in_order(&story.settle_refused(), &["www/own.rhai", "lies outside of the declared roots"]);
    story.check(&[("/asks?name=./own", "own")]);
}
