//! R8 to R17: where a bare name is looked for.

use super::{Story, check_in_order};

/// `a` is in all places, `b` in all but the first, and so on: each shows what comes next.
#[test]
fn r8_to_r12_the_order_of_the_search() {
    let places = ["argument", "www", "own_path", "option", "library"];
    let mut files = String::from(
        "=== samovar.conf\nDocumentRoot www\nSetHandler rhai\nRhaiOption importer.path \"$SITE/option\"\nRhaiPath library\n\
         === www/asks.rhai\nlet __mp_path__ = [\"~/own_path\"];\nfn handler(req) {\n\
         \x20   let got = import_module(req.args.name, #{path: [\"~/argument\"]})[\"here\"];\n\
         \x20   let other = try_without(req.args.name);\n    `${got} ${other}`\n}\n\
         fn try_without(name) { try { import_module(name)[\"here\"] } catch { \"none\" } }\n",
    );
    let directory = |place: &str| match place {
        "argument" | "own_path" => format!("www/{place}"),
        other => other.to_owned(),
    };
    for (at, place) in places.iter().enumerate() {
        for name in &["a", "b", "c", "d", "e"][..=at] {
            files += &format!("=== {}/{name}.rhai\nlet here = \"{place}\";\n", directory(place));
        }
    }
    let files = files.replace("=== ", "\n=== ");
    let story = Story::of(&files);
    // `a` is in the last place as well, `e` in the last alone.
    for (name, expected) in [("a", "argument www"), ("b", "www www")] {
        story.check(&[(&format!("/asks?name={name}"), expected)]);
    }
    for (name, expected) in [("c", "own_path own_path"), ("d", "option option"), ("e", "library library")] {
        story.check(&[(&format!("/asks?name={name}"), expected)]);
    }
}

#[test]
fn r8_the_lists_of_an_argument_are_searched_in_their_order() {
    let story = Story::of(
        "=== one/x.rhai\nlet here = \"one\";\n=== two/x.rhai\nlet here = \"two\";\n=== two/y.rhai\nlet here = \"two\";\n\
         === one/y.txt\nlet here = \"text\";\n\
         === asks.rhai\nfn handler(req) { import_module(req.args.name, #{path: req.args.path.split(\":\")})[\"here\"] }",
    );
    let one = story.site.file("one").to_string_lossy().into_owned();
    story.check(&[
        ("/asks?name=x&path=~/one:~/two", "one"),
        ("/asks?name=x&path=~/two:~/one", "two"),
        ("/asks?name=x&path=~/none:~/two", "two"),
        ("/asks?name=y&path=~/one:~/two", "two"),
        ("/asks?name=y.txt&path=~/two:~/one", "text"),
        (&format!("/asks?name=x&path={one}"), "one"),
        ("/asks?name=one/x&path=~", "one"),
    ]);
}

#[test]
fn r9_the_directory_of_the_module_that_imports() {
    let story = Story::of(
        "=== lib/part.rhai\nlet here = \"lib\";\n=== part.rhai\nlet here = \"root\";\n\
         === lib/whole.rhai\nimport \"part\" as part;\nfn get() { part::here }\nfn late() { import \"part\" as p; p::here }\n\
         === asks.rhai\nimport \"lib/whole\" as whole;\nimport \"part\" as part;\nfn handler(req) { `${whole::get()} ${whole::late()} ${part::here}` }",
    );
    story.check(&[("/asks", "lib lib root")]);
}

#[test]
fn r10_r15_a_module_may_add_to_its_own_path_while_it_loads_and_not_later() {
    let story = Story::of(
        r#"=== extra/x.rhai
let here = "extra";
=== more/y.rhai
let here = "more";
=== grows.rhai
__mp_path__.push("~/extra");
import "x" as x;
fn handler(req) { `${x::here} ${__mp_path__.len()}` }
=== late.rhai
let __mp_path__ = ["~/extra"];
fn handler(req) {
    try { __mp_path__.push("~/more"); } catch {}
    try { return import_module("y")["here"]; } catch { return "none"; }
}
=== given.rhai
import "x" as x;
let here = `${x::here} ${__mp_path__}`;
=== gives.rhai
fn handler(req) { import_module("./given", #{path: ["~/extra"]})["here"] }
=== not_inherited.rhai
fn handler(req) { import_module("~/plain", #{path: ["~/extra"]})["here"] }
=== plain.rhai
import "./child" as child;
let here = `${__mp_path__.len()} ${child::here}`;
=== child.rhai
let here = __mp_path__.len();
"#,
    );
    story.check(&[("/grows", "extra 1"), ("/late", "none")]);
    let answer = story.get("/gives").text();
    check_in_order(&answer, &["extra ", "extra"]);
    // The list is that module's own: its children have none.
    story.check(&[("/not_inherited", "1 0")]);
}

#[test]
fn r11_the_option_of_the_scope_may_have_several_directories() {
    let story = Story::of(
        "=== samovar.conf\nSetHandler rhai\nRhaiOption importer.path \"~/one:$SITE/two\"\n\
         <Location /other>\nRhaiInterpreter other\nRhaiOption importer.path ~/two\n</Location>\n\
         === one/x.rhai\nlet here = \"one\";\n=== two/x.rhai\nlet here = \"two\";\n=== two/y.rhai\nlet here = \"two\";\n\
         === asks.rhai\nfn handler(req) { import_module(req.args.name)[\"here\"] }\n\
         === other.rhai\nfn handler(req) { import_module(req.args.name)[\"here\"] }",
    );
    story.check(&[("/asks?name=x", "one"), ("/asks?name=y", "two"), ("/other?name=x", "two")]);
}

#[test]
fn r12_no_file_can_take_the_place_of_the_importers_own_module() {
    let story = Story::of(
        "=== importer.rhai\nlet here = \"a file\";\nfn is_frozen() { \"a file\" }\n\
         === bare.rhai\nimport \"importer\" as importer;\nfn handler(req) { importer::is_frozen().to_string() }\n\
         === value.rhai\nfn handler(req) { import_module(\"importer\", #{path: [\"~\"]})[\"is_frozen\"].call().to_string() }\n\
         === file.rhai\nimport \"./importer\" as file;\nfn handler(req) { file::here }",
    );
    story.check(&[("/bare", "false"), ("/value", "false"), ("/file", "a file")]);
}

#[test]
fn r13_a_tilde_in_any_list_is_the_handler_root() {
    let story = Story::of(
        "=== samovar.conf\nDocumentRoot www\nSetHandler rhai\nRhaiOption importer.path ~/lists\n\
         === www/lists/x.rhai\nlet here = \"option\";\n=== www/y.rhai\nlet here = \"root\";\n\
         === www/deep/asks.rhai\nfn handler(req) { `${import_module(\"x\")[\"here\"]} ${import_module(\"y\", #{path: [\"~\"]})[\"here\"]}` }\n\
         === www/deep/own.rhai\nlet __mp_path__ = [\"~\"];\nfn handler(req) { import_module(\"y\")[\"here\"] }",
    );
    story.check(&[("/deep/asks", "option root"), ("/deep/own", "root")]);
}

#[test]
fn r14_what_came_from_a_library_directory_is_never_reloaded() {
    let story = Story::of(
        "=== samovar.conf\nDocumentRoot www\nSetHandler rhai\nRhaiPath library\n\
         === library/fixed.rhai\nimport \"./part\" as part;\nlet here = \"one\";\nfn of_part() { part::here }\n=== library/part.rhai\nlet here = \"one\";\n\
         === www/asks.rhai\nimport \"fixed\" as fixed;\nfn handler(req) { `${fixed::here} ${fixed::of_part()}` }",
    );
    story.check(&[("/asks", "one one")]);
    story.site.write("library/fixed.rhai", "let here = \"two\";");
    story.site.write("library/part.rhai", "let here = \"two\";");
    assert_eq!(story.settle(), "");
    story.check(&[("/asks", "one one")]);
    // Its importer is reloaded, it is not.
    story.save("www/asks.rhai", "import \"fixed\" as fixed;\nfn handler(req) { `again ${fixed::here}` }");
    story.check(&[("/asks", "again one")]);
}

#[test]
fn r16_a_handlers_bare_name_is_searched_from_its_section_on() {
    let files = "=== samovar.conf\nDocumentRoot www\nRhaiOption importer.path $SITE/option\nRhaiPath library\nSetHandler rhai\n\
         RhaiHandler at_root\n<Directory $SITE/www/sub>\nRhaiHandler h | .one\nRhaiHandler in_option | .two\nRhaiHandler in_library | .three\n\
         RhaiHandler deep/h | .four\n</Directory>\n<Location /by_url>\nRhaiHandler at_root\n</Location>\n";
    let handler = |path: &str, says: &str| format!("=== {path}\nfn handler(req) {{ \"{says}\" }}\n");
    let story = Story::of(&format!(
        "{files}{}{}{}{}{}{}{}{}=== www/sub/f.one\n\n=== www/sub/f.two\n\n=== www/sub/f.three\n\n=== www/sub/f.four\n\n",
        handler("www/at_root.rhai", "root"),
        handler("www/h.rhai", "wrong"),
        handler("www/sub/h.rhai", "sub"),
        handler("option/h.rhai", "wrong"),
        handler("option/in_option.rhai", "option"),
        handler("library/in_option.rhai", "wrong"),
        handler("library/in_library.rhai", "library"),
        handler("www/sub/deep/h.rhai", "deep"),
    ));
    story.check(&[
        ("/sub/f.one", "sub"),
        ("/sub/f.two", "option"),
        ("/sub/f.three", "library"),
        ("/sub/f.four", "deep"),
        ("/by_url", "root"),
    ]);
}

#[test]
fn r17_what_is_not_found_is_said_with_all_places_and_the_closest_name() {
    let story = Story::of(
        "=== samovar.conf\nDocumentRoot www\nSetHandler rhai\nRhaiOption importer.path $SITE/option\nRhaiPath library\n\
         === www/sub/asks.rhai\nlet __mp_path__ = [\"~/own\"];\nfn handler(req) { import_module(\"templats\", #{path: [\"~/argument\"]}) }\n\
         === www/sub/dotted.rhai\nimport \"./asts\" as x;\nfn handler(req) { 1 }\n\
         === option/templates.rhai\nlet x = 1;\n=== www/own/template.rhai\n\n=== www/argument/other.rhai\n\n=== library/l.rhai\n\n",
    );
    story.check_fails(
        "/sub/asks",
        &["templats", "www/argument", "www/sub", "www/own", "option", "library", "there is a module `template"],
    );
    story.check_fails("/sub/dotted", &["./asts", "www/sub/asts.rhai", "asks"]);
}
