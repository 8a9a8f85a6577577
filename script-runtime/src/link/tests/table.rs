//! The table: what is asked, where the question stands, how that place is reached. The answer must always be the
//! instance in which the question was *written*; every module and instance around it has the same names.

use std::sync::Arc;

use crate::link::{
    Instance, ScriptError,
    tests::{Site, instance},
};

/// What is asked: an expression whose value, or whose failure, tells an instance.
const ASKED: [(&str, &str); 9] = [
    ("variable", "who"),
    ("own function", "own()"),
    ("method", "7.own_method()"),
    ("function value", "{ let f = own; f.call() }"),
    ("imported module", "w::tell()"),
    ("import", "{ import \"./whoami\" as w; w::tell() }"),
    ("import_module", "import_module(\"./whoami\")[\"tell\"].call()"),
    ("callback", "callback(own).call()"),
    ("error excerpt", "throw \"asked\""),
];

/// Where it stands, in a function `ask()` or what that calls.
const PLACES: [(&str, &str); 8] = [
    ("function", "fn ask() { ASKED }"),
    ("private function", "private fn inner() { ASKED } fn ask() { inner() }"),
    ("closure", "fn ask() { let f = || { ASKED }; f.call() }"),
    ("closure kept in a variable", "let kept = || { ASKED }; fn ask() { kept.call() }"),
    ("closure called by another module", "fn ask() { c::apply(|| { ASKED }) }"),
    ("closure given to a native there", "fn ask() { c::each(|n| { ASKED })[0] }"),
    (
        "callback nested in a callback",
        "fn ask() { c::apply(callback(|| c::each(callback(|n| d::apply(callback(|| { ASKED }))))))[0] }",
    ),
    ("function called while loading", "fn inner() { ASKED } let answer = inner(); fn ask() { answer }"),
];

/// How the place is reached.
const WAYS: [&str; 3] = ["by name", "as m::f", "through the cached function"];

/// The names that every module uses, each for itself.
const COMMON: &str = "import \"./whoami\" as w; fn own() { who } fn own_method() { if this == 7 { who } } ";

/// Cells that cannot be asked, and why.
fn impossible(asked: &str, place: &str) -> Option<&'static str> {
    (asked == "error excerpt" && place == "function called while loading")
        .then_some("a load that fails leaves nothing to call; see `a_failed_load_shows_its_own_text`")
}

fn text_of_a(who: &str, place: &str, asked: &str) -> String {
    // The line breaks differ, so that an excerpt of the wrong instance shows.
    let shift = "\n".repeat(who.len() + usize::from(who.ends_with('2')));
    let asked = place.replace("ASKED", asked);
    format!(
        "{shift}import \"./c\" as c; import \"./d\" as d; const who = \"{who}\"; {COMMON} {asked} fn by_name() {{ ask() }}"
    )
}

fn text_of_b() -> String {
    format!("import \"./a\" as c; const who = \"b\"; {COMMON} fn ask() {{ \"b\" }} fn by_module() {{ c::ask() }}")
}

fn text_of_other(who: &str) -> String {
    let import = if who == "e" { "" } else { "import \"./e\" as d;" };
    format!(
        "{import} const who = \"{who}\"; let kept = 0; {COMMON} fn ask() {{ who }} fn inner() {{ who }} \
         fn apply(f) {{ f.call() }} fn each(f) {{ [1].map(f) }}"
    )
}

/// One generation: an instance of `a` and of its importer `b`.
struct Generation {
    a: Arc<Instance>,
    b: Arc<Instance>,
}

impl Generation {
    fn load(site: &Arc<Site>, text: &str) -> Result<Self, ScriptError> {
        site.write("a", text);
        Ok(Self { a: site.load("a")?, b: site.load("b")? })
    }

    fn answer(&self, site: &Arc<Site>, way: &str) -> String {
        let result = match way {
            "by name" => site.call(&self.a, "by_name", Vec::new()),
            "as m::f" => site.call(&self.b, "by_module", Vec::new()),
            _ => site.call(&self.a, "ask", Vec::new()),
        };
        match result {
            Ok(value) => value.to_string(),
            Err(error) if error.message().contains("asked") => teller(&error),
            Err(error) => format!("{error}"),
        }
    }
}

/// Whose text the innermost frame shows.
fn teller(error: &ScriptError) -> String {
    let frame = &error.frames()[0];
    let core = frame.instance.and_then(instance::find).expect("a live instance");
    assert!(frame.text.as_ref().is_some_and(|line| line.contains("throw")), "the excerpt shows the line: {frame:?}");
    assert_eq!(*frame.file, **core.scan().file());
    let slot = core.bindings().slots()["who"];
    core.variable(slot).map_or_else(String::new, |who| who.to_string())
}

#[test]
fn every_question_is_answered_by_the_instance_it_was_written_in() {
    let mut wrong = Vec::new();
    for (place, template) in PLACES {
        for (asked, question) in ASKED {
            if impossible(asked, place).is_some() {
                continue;
            }
            let others = [("c", text_of_other("c")), ("d", text_of_other("d")), ("e", text_of_other("e"))];
            let mut files: Vec<(&str, &str)> = others.iter().map(|(name, text)| (*name, text.as_str())).collect();
            let b = text_of_b();
            files.push(("b", &b));
            let site = Site::new(&files);
            let old = Generation::load(&site, &text_of_a("a1", template, question));
            let new = Generation::load(&site, &text_of_a("a2", template, question));
            for (generation, expected) in [(&new, "a2"), (&old, "a1"), (&new, "a2")] {
                for way in WAYS {
                    let answer = match generation {
                        Ok(generation) => generation.answer(&site, way),
                        Err(error) => error.to_string(),
                    };
                    if answer != expected {
                        wrong.push(format!("{asked} | {place} | {way} | expected {expected}, got {answer}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_failed_load_shows_its_own_text() {
    let site = Site::new(&[("c", &text_of_other("c")), ("d", &text_of_other("d")), ("e", &text_of_other("e"))]);
    for who in ["a1", "a2"] {
        site.write("a", &text_of_a(who, "fn inner() { throw \"asked\" } let answer = inner();", ""));
        let error = site.load("a").expect_err("fails");
        let lines: Vec<_> = error.frames().iter().map(|frame| (frame.function.as_deref(), frame.line)).collect();
        let line = who.len() + usize::from(who == "a2") + 1;
        assert_eq!(lines, [(Some("inner"), line), (None, line)]);
        assert!(error.frames()[0].text.as_ref().is_some_and(|text| text.contains(who)), "{error:?}");
    }
}
