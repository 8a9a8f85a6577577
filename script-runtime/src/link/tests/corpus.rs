//! Texts in plain Rhai and here: value, output, error and its place must be the same, wherever the text stands.
//!
//! The texts lie in `corpus/`, between lines of three dashes. Those in `differences.txt` mean something else here, on purpose:
//! the last line of each tells where and why, and that it differs there is asserted, too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;
use rhai::packages::{Package, StandardPackage};
use rhai::{
    AST, CallFnOptions, Dynamic, Engine, EvalAltResult, Module, ModuleResolver, OptimizationLevel, Position, Scope,
    Token,
};

use crate::{
    host::builder::EQUIPMENT,
    link::{Instance, Limits, ScriptError, scan::name, tests::Site},
};

/// What came of a text.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    /// The value as text, or the line and column of the error.
    result: Result<String, (usize, usize)>,
    printed: Vec<String>,
}

impl Outcome {
    /// Whether ours is as good. Rhai loses the place of some errors, and then names the call of `main`, or nothing.
    fn is_met_by(&self, ours: &Self, at: Place) -> bool {
        let is_lost = |place: &(usize, usize)| *place == (0, 0) || (at == Place::Imported && place.0 == 1);
        match (&self.result, &ours.result) {
            (Err(place), Err(_)) if is_lost(place) => self.printed == ours.printed,
            _ => self == ours,
        }
    }
}

/// Where a text stands, as the module that is made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    TopLevel,
    Function,
    /// In a function that another module calls.
    Imported,
    /// In a function, beside a constant for each name, but for those that stand for a variable and are given to nothing.
    BesideConstants,
    /// In a function, beside a function for each name in it.
    BesideFunctions,
    /// In a function, in a `try` whose `catch` returns the account of the error.
    Caught,
}

const PLACES: [Place; 6] =
    [Place::TopLevel, Place::Function, Place::Imported, Place::BesideConstants, Place::BesideFunctions, Place::Caught];

/// What texts can import.
const MODULES: [(&str, &str); 4] = [
    (
        "lib",
        "import \"sub\" as sub; export const ANSWER = 42; export const LIST = [1, 2, 3]; export const MAP = #{a: #{b: 1}};
         const inner = 7; export inner as aliased; fn add(a, b) { a + b } private fn hidden() { 1 }
         fn twice(x) { x + x } fn apply(f, x) { let y = x + 1; y }
         fn fails(n) {
             1 / n
         }",
    ),
    ("sub", "export const deep = 1; fn f() { \"f\" }"),
    ("fails", "let x = 1;\nx.nothing();"),
    ("syntax", "let x = ;"),
];

/// Rhai as it comes, with our limits, and a site. Making these takes longer than any text.
struct Both {
    plain: Engine,
    printed: Arc<Mutex<Vec<String>>>,
    site: Arc<Site>,
}

impl Both {
    fn new() -> Self {
        let (plain, printed) = plain();
        // With all that scripts have here beyond plain Rhai.
        let site = Site::with(&MODULES, |engine| EQUIPMENT.iter().for_each(|equip| equip(engine)));
        site.write("importer", "import \"./m\" as m; fn main() { m::main() }");
        Self { plain, printed, site }
    }
}

fn plain() -> (Engine, Arc<Mutex<Vec<String>>>) {
    let mut engine = Engine::new_raw();
    engine.register_global_module(StandardPackage::new().as_shared_module());
    Limits::default().set_on(&mut engine);
    engine.disable_symbol("eval");
    engine.set_optimization_level(OptimizationLevel::None);
    let printed = Arc::new(Mutex::new(Vec::new()));
    let (out, debugged) = (printed.clone(), printed.clone());
    engine.on_print(move |text| out.lock().push(same_names(text)));
    engine.on_debug(move |text, _, _| debugged.lock().push(same_names(text)));
    engine.set_module_resolver(Modules);
    (engine, printed)
}

/// Answers the imports of plain Rhai.
struct Modules;

impl ModuleResolver for Modules {
    fn resolve(
        &self,
        engine: &Engine,
        _: Option<&str>,
        path: &str,
        at: Position,
    ) -> Result<Arc<Module>, Box<EvalAltResult>> {
        let text = MODULES.iter().find(|(name, _)| *name == path).map(|(_, text)| *text);
        let text = text.ok_or_else(|| EvalAltResult::ErrorModuleNotFound(path.to_owned(), at))?;
        let fails = |error| Box::new(EvalAltResult::ErrorInModule(path.to_owned(), error, at));
        let mut ast = engine.compile(text).map_err(|error| fails(error.into()))?;
        ast.set_source(path);
        Ok(Module::eval_ast_as_new(Scope::new(), &ast, engine).map_err(fails)?.into())
    }
}

/// The value without what is another name here.
fn shown(value: &Dynamic) -> String {
    same_names(&name::unlink(&format!("{value:?}")).replace("Fn*(", "Fn(").replace(" (shared)", ""))
}

/// The variables of a top level. Closures are left out: what they captured is not kept in them here.
fn variables<'a>(all: impl Iterator<Item = (&'a str, Dynamic)>) -> String {
    let shown = all.map(|(name, value)| (name, shown(&value)));
    let variables: BTreeMap<_, _> = shown.filter(|(_, value)| !value.contains("Fn(\"closure\"")).collect();
    format!("{variables:?}")
}

/// Closures have no name here, and strings one type.
fn same_names(text: &str) -> String {
    let text = text.replace("&str | ImmutableString | String", "string");
    let mut parts = text.split("anon$");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shown, part| shown + "closure" + part.trim_start_matches(|c: char| c.is_ascii_hexdigit()))
}

fn place(error: &EvalAltResult) -> (usize, usize) {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) | EvalAltResult::ErrorInModule(_, inner, _) => place(inner),
        other => position(other.position()),
    }
}

fn position(at: Position) -> (usize, usize) {
    (at.line().unwrap_or(0), at.position().unwrap_or(0))
}

fn of_plain(both: &Both, text: &str, at: Place) -> Outcome {
    let result = run_plain(&both.plain, text, at).map_err(|error| place(&error));
    let printed = std::mem::take(&mut *both.printed.lock());
    Outcome { result, printed }
}

fn run_plain(engine: &Engine, text: &str, at: Place) -> Result<String, Box<EvalAltResult>> {
    let mut scope = Scope::new();
    let mut ast: AST = engine.compile(text)?;
    ast.set_source("m");
    match at {
        Place::TopLevel => {
            engine.run_ast_with_scope(&mut scope, &ast)?;
            Ok(variables(scope.iter().map(|(name, _, value)| (name, value))))
        }
        Place::Imported => {
            let module = Module::eval_ast_as_new(Scope::new(), &ast, engine)?;
            let importer = engine.compile("m::main()")?;
            let mut global = engine.new_global_runtime_state();
            global.push_import("m", Arc::new(module));
            #[allow(deprecated, reason = "Rhai marks what may change in a later version as deprecated")]
            let value =
                engine.eval_statements_raw(&mut global, &mut rhai::Caches::new(), &mut scope, importer.statements())?;
            Ok(shown(&value))
        }
        _ => {
            let options = CallFnOptions::new().eval_ast(false);
            engine.call_fn_with_options::<Dynamic>(options, &mut scope, &ast, "main", ()).map(|value| shown(&value))
        }
    }
}

fn of_ours(both: &Both, text: &str, at: Place) -> (Outcome, Option<ScriptError>) {
    let site = &both.site;
    site.forget();
    site.write("m", text);
    let result = match at {
        Place::TopLevel => site.load("m").map(|module| variables(module.stored())),
        Place::Imported => site.load("importer").and_then(|module| call(site, &module)),
        _ => site.load("m").and_then(|module| call(site, &module)),
    };
    let error = result.as_ref().err().cloned();
    let innermost = |error: ScriptError| {
        let mut error = &error;
        while let Some(cause) = error.cause().filter(|cause| !cause.frames().is_empty()) {
            error = cause;
        }
        error.frames().first().map_or((0, 0), |frame| (frame.line, frame.column))
    };
    let printed = std::mem::take(&mut *site.printed.lock());
    (Outcome { result: result.map_err(innermost), printed }, error)
}

fn call(site: &Arc<Site>, module: &Arc<Instance>) -> Result<String, ScriptError> {
    site.call(module, "main", Vec::new()).map(|value| shown(&value))
}

/// A module in which the text stands at the place.
fn module(text: &str, at: Place) -> String {
    if at == Place::TopLevel {
        return text.to_owned();
    }
    let (functions, body) = apart(text);
    let main = match at {
        Place::Caught => format!("fn main() {{ try {{\n{body}\n}} catch (caught_error) {{ caught_error }} }}"),
        _ => format!("fn main() {{\n{body}\n}}"),
    };
    let names = names(text);
    let beside: String = match at {
        Place::BesideConstants => {
            let names = names.all.iter().filter(|name| names.bound.contains(*name) || !names.free.contains(*name));
            names.map(|name| format!("const {name} = \"the module's {name}\"; ")).collect()
        }
        Place::BesideFunctions => {
            let free = names.all.iter().filter(|name| !names.functions.contains(*name));
            free.map(|name| format!("fn {name}() {{ \"the module's {name}\" }} ")).collect()
        }
        _ => String::new(),
    };
    format!("{beside}\n{functions}\n{main}")
}

/// The tokens of a text with their places.
fn tokens(text: &str) -> Vec<(Token, Position)> {
    let (engine, _) = plain();
    let source = [text];
    let (tokens, control) = engine.lex(source.iter());
    let mut found: Vec<(Token, Position)> = Vec::new();
    // Who parses says where an interpolation ends; here the braces are counted.
    let mut open: Vec<usize> = Vec::new();
    for (token, at) in tokens {
        match &token {
            Token::EOF => break,
            Token::InterpolatedString(_) => open.push(0),
            Token::LeftBrace | Token::MapStart => {
                if let Some(depth) = open.last_mut() {
                    *depth += 1;
                }
            }
            Token::RightBrace => {
                if let Some(depth) = open.last_mut() {
                    *depth -= 1;
                    if *depth == 0 {
                        open.pop();
                        control.borrow_mut().is_within_text = true;
                    }
                }
            }
            _ => {}
        }
        found.push((token, at));
    }
    found
}

#[derive(Default)]
struct Names {
    all: BTreeSet<String>,
    /// What the text gives to something of its own, other than a function.
    bound: BTreeSet<String>,
    /// What stands for a variable, or a function as a value.
    free: BTreeSet<String>,
    functions: BTreeSet<String>,
}

fn names(text: &str) -> Names {
    let tokens = tokens(text);
    let mut names = Names::default();
    for (index, (token, _)) in tokens.iter().enumerate() {
        let Token::Identifier(word) = token else { continue };
        let word = word.to_string();
        names.all.insert(word.clone());
        let before = |back: usize| index.checked_sub(back).map(|at| &tokens[at].0);
        let is_member = matches!(before(1), Some(Token::Period | Token::Elvis | Token::DoubleColon | Token::Fn));
        let next = tokens.get(index + 1).map(|(token, _)| token);
        let is_key =
            matches!(next, Some(Token::LeftParen | Token::Unit | Token::Colon | Token::DoubleColon | Token::Bang));
        if !is_member && !is_key {
            names.free.insert(word.clone());
        }
        match (before(1), before(2)) {
            (Some(Token::Let | Token::Const | Token::For | Token::As), _) => drop(names.bound.insert(word)),
            (Some(Token::Fn), _) | (Some(Token::Period), Some(Token::Identifier(_) | Token::StringConstant(_)))
                if before(1) == Some(&Token::Fn) || before(3) == Some(&Token::Fn) =>
            {
                names.functions.insert(word);
            }
            (Some(Token::LeftParen), Some(Token::Catch)) => drop(names.bound.insert(word)),
            _ => {}
        }
    }
    names.all.remove("this");
    names
}

/// The functions of a text, and what is left without them, each with everything where it was.
fn apart(text: &str) -> (String, String) {
    let tokens = tokens(text);
    let offset = |at: Position| {
        let line = at.line().unwrap_or(1) - 1;
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let column = at.position().unwrap_or(1).saturating_sub(1);
        start + text[start..].char_indices().nth(column).map_or(text.len() - start, |(at, _)| at)
    };
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let is_private = tokens[index].0 == Token::Private;
        if tokens[index].0 == Token::Fn || is_private {
            let start = offset(tokens[index].1);
            let mut depth = 0;
            while let Some((token, at)) = tokens.get(index) {
                match token {
                    Token::LeftBrace | Token::MapStart => depth += 1,
                    Token::RightBrace => {
                        depth -= 1;
                        if depth == 0 {
                            ranges.push((start, offset(*at) + 1));
                            break;
                        }
                    }
                    _ => {}
                }
                index += 1;
            }
        }
        index += 1;
    }
    let inside = |at: usize| ranges.iter().any(|(start, end)| (*start..*end).contains(&at));
    let keep = |functions: bool| {
        text.char_indices()
            .map(|(at, letter)| if letter == '\n' || inside(at) == functions { letter } else { ' ' })
            .collect::<String>()
    };
    (keep(true), keep(false))
}

/// Compares each of the texts in every place.
#[track_caller]
fn check(texts: &str) {
    let both = Both::new();
    let all = split(texts).flat_map(|text| PLACES.iter().map(move |at| (text, *at)));
    let wrong: Vec<_> = all.filter_map(|(text, at)| differs(&both, text, at).err()).collect();
    assert!(wrong.is_empty(), "{}\n{} differ", wrong.join("\n"), wrong.len());
}

fn split(texts: &str) -> impl Iterator<Item = &str> {
    texts.trim_end().split("\n---\n")
}

/// An error tells what differs.
fn differs(both: &Both, text: &str, at: Place) -> Result<(), String> {
    let module = module(text, at);
    let plain = of_plain(both, &module, at);
    let (ours, error) = of_ours(both, &module, at);
    if plain.is_met_by(&ours, at) {
        return Ok(());
    }
    let error = error.map(|error| format!("\n  our error: {error}")).unwrap_or_default();
    Err(format!("== {at:?}:\n{text}\n  plain: {plain:?}\n  ours:  {ours:?}{error}"))
}

#[test]
fn statements_mean_what_they_mean_in_plain_rhai() {
    check(include_str!("corpus/statements.txt"));
}

#[test]
fn operators_mean_what_they_mean_in_plain_rhai() {
    check(include_str!("corpus/operators.txt"));
}

#[test]
fn strings_mean_what_they_mean_in_plain_rhai() {
    check(include_str!("corpus/strings.txt"));
}

#[test]
fn collections_mean_what_they_mean_in_plain_rhai() {
    check(include_str!("corpus/collections.txt"));
}

#[test]
fn functions_mean_what_they_mean_in_plain_rhai() {
    check(include_str!("corpus/functions.txt"));
}

#[test]
fn longer_texts_mean_what_they_mean_in_plain_rhai() {
    check(include_str!("corpus/more.txt"));
}

#[test]
fn names_mean_what_they_mean_in_plain_rhai() {
    check(include_str!("corpus/names.txt"));
}

#[test]
fn imports_mean_what_they_mean_in_plain_rhai() {
    check(include_str!("corpus/imports.txt"));
}

/// Rhai's modules offer nothing but what is exported; ours offer that, and more.
#[test]
fn r56_modules_offer_what_they_export_as_in_plain_rhai() {
    let both = Both::new();
    for text in split(include_str!("corpus/exports.txt")) {
        let ast = both.plain.compile(text).expect("compiles");
        let plain = Module::eval_ast_as_new(Scope::new(), &ast, &both.plain).expect("runs");
        both.site.forget();
        both.site.write("m", text);
        let ours = both.site.load("m").expect("loads");
        let mut count = 0;
        for (name, value) in plain.iter_var() {
            count += 1;
            let seen = ours.exported().get_var(name).map(|value| shown(&value));
            assert_eq!(seen, Some(shown(value)), "`{name}` in {text}");
            assert_eq!(ours.offered(name).map(|value| shown(&value)), seen, "`{name}` in {text}");
        }
        assert!(count > 0, "{text}");
    }
}

#[test]
fn what_is_no_script_is_none_in_plain_rhai_either() {
    check(include_str!("corpus/syntax.txt"));
}

#[test]
fn what_means_something_else_does_so_on_purpose() {
    let both = Both::new();
    let mut wrong = Vec::new();
    for text in split(include_str!("corpus/differences.txt")) {
        let (text, said) = text.rsplit_once("\n=== ").expect("a line that tells where and why");
        let (places, _why) = said.split_once(": ").expect("places and a reason");
        let differing: Vec<_> = PLACES.iter().filter(|at| differs(&both, text, **at).is_err()).collect();
        let differing: Vec<_> = differing.iter().map(|at| format!("{at:?}")).collect();
        if differing.join(", ") != places {
            wrong.push(format!("{text}\n  differs: {}\n  said:    {places}", differing.join(", ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Parts of texts that are not paired: their errors are in other words here, which shows when they are printed; or closures of
/// the other text would mean a function of theirs in Rhai.
const ALONE: [&str; 3] = ["a.sort(); a", "r.call(n - 1)", "fn x(x)"];

#[test]
#[ignore = "takes a minute"]
fn pairs_of_texts_mean_what_they_mean_in_plain_rhai() {
    let files = [
        include_str!("corpus/statements.txt"),
        include_str!("corpus/operators.txt"),
        include_str!("corpus/strings.txt"),
        include_str!("corpus/collections.txt"),
        include_str!("corpus/functions.txt"),
        include_str!("corpus/more.txt"),
        include_str!("corpus/names.txt"),
    ];
    let texts = files.iter().flat_map(|texts| split(texts));
    let texts: Vec<_> = texts.filter(|text| !ALONE.iter().any(|other| text.contains(other))).collect();
    let both = Both::new();
    let mut seed: u64 = 7;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    // A constant would be what another text of the pair has no variable for.
    let places = PLACES.iter().filter(|at| **at != Place::BesideConstants);
    let mut wrong = Vec::new();
    for _ in 0..5_000 {
        let (first, second) = (texts[random(texts.len())], texts[random(texts.len())]);
        let text = match random(2) == 0 && !first.contains("fn ") {
            // So that the second runs also after an error of the first.
            true => format!("try {{ {first} }} catch (of_first) {{ print(of_first); }}\n{second}"),
            false => format!("{first}\n;{second}"),
        };
        // Of two slips, another one may be noticed first.
        if both.plain.compile(&text).is_err() {
            continue;
        }
        wrong.extend(places.clone().filter_map(|at| differs(&both, &text, *at).err()));
    }
    assert!(wrong.is_empty(), "{}\n{} differ", wrong.join("\n"), wrong.len());
}
