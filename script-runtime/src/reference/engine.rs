//! What the engine knows: asked from the engine itself, with the types that scripts have values of.

use std::{
    any::TypeId,
    collections::{BTreeSet, HashMap},
};

use rhai::{Dynamic, Engine};
use samovar_importer::MemoryTree;

use crate::{Exchange, Interpreter, RequestHead};

/// A value of each type, as scripts make it.
const VALUES: [(&str, &str); 25] = [
    ("int", "1"),
    ("float", "1.0"),
    ("bool", "true"),
    ("char", "'c'"),
    ("string", "\"\""),
    ("array", "[]"),
    ("map", "#{}"),
    ("blob", "blob()"),
    ("()", "()"),
    ("function", "Fn(\"f\")"),
    ("range", "0..1"),
    ("range=", "0..=1"),
    ("timestamp", "timestamp()"),
    ("html", "html(\"\")"),
    ("req", "req"),
    ("headers_in", "req.headers_in"),
    ("headers_out", "req.headers_out"),
    ("table", "table()"),
    ("cell", "cell(1)"),
    ("counter", "counter()"),
    ("queue", "queue(1)"),
    ("cache", "cache(1, 1)"),
    ("lock", "lock()"),
    ("__mp_info__", "__mp_info__"),
    ("module", "import_module(\"./other\")"),
];

/// Names that are no functions of the engine's: the language has them, or scripts define them. [`language`] runs each.
pub(super) const OF_THE_LANGUAGE: [&str; 18] = [
    "OK",
    "DECLINED",
    "DONE",
    "__file__",
    "__name__",
    "__mp_info__",
    "__mp_path__",
    "__mp_from__",
    "__mp_version__",
    "__mp_clone__",
    "__mp_purge__",
    "handler",
    "Fn",
    "call",
    "curry",
    "type_of",
    "is_shared",
    "is_def_var",
];

/// Functions for types that no script has a value of: what writes to a variable goes through, and ranges of floats.
const INTERNAL: [&str; 5] = ["index$get$", "index$get$", "index$set$", "index$set$", "range"];

/// An interpreter with a module `m`, whose function `f` takes a request.
fn interpreter(body: &str) -> Interpreter {
    let tree = MemoryTree::default();
    tree.write("/s/m.rhai", format!("fn f(req) {{ {body} }}"));
    tree.write("/s/other.rhai", "let x = 1;");
    Interpreter::builder("reference").build_on(tree, Some("/s".as_ref()))
}

fn value(body: &str) -> Dynamic {
    let head = RequestHead {
        method: http::Method::GET,
        uri: "/".into(),
        path: "/".into(),
        path_info: String::new(),
        query: String::new(),
        headers: http::HeaderMap::new(),
        remote_ip: None,
        filename: String::new(),
    };
    let request = Exchange::new(head, bytes::Bytes::new());
    let handler = interpreter(body).handler("m::f").expect("found");
    handler.call::<Dynamic>((request,)).unwrap_or_else(|error| panic!("{body}: {error}"))
}

/// Everything that can be called with values that scripts have: `name(type, type)`. Operators are none of them, nor is what
/// only concerns the number types that hosts bring along.
pub(super) fn functions() -> BTreeSet<String> {
    let names = types();
    let interpreter = interpreter("()");
    let linker = interpreter.linker();
    let mut engine = Engine::new_raw();
    let importer = crate::module::importer_module::module(std::sync::Weak::new());
    engine.register_static_module("importer", importer.into());
    let (mut functions, mut internal) = (BTreeSet::new(), Vec::new());
    for engine in [&linker.engine(), &engine] {
        let all = engine.collect_fn_metadata(
            None,
            |function| {
                let of = |id: &TypeId| names.get(id).copied().unwrap_or("?");
                let types: Vec<_> = function.metadata.param_types.iter().map(of).collect();
                let namespace = if function.namespace.is_empty() { "" } else { "importer::" };
                Some((format!("{namespace}{}", function.metadata.name), types))
            },
            true,
        );
        for (name, types) in all {
            let is_operator = !name.starts_with(|first: char| first.is_ascii_alphabetic());
            match types.as_slice() {
                _ if is_operator => {}
                types if types.contains(&"of hosts") => {}
                types if types.contains(&"?") => internal.push(name),
                types => drop(functions.insert(format!("{name}({})", types.join(", ")))),
            }
        }
    }
    internal.sort();
    assert_eq!(internal, INTERNAL, "functions for types that the test knows no value of");
    functions
}

/// The functions that the linker adds, by name and number of arguments.
pub(super) fn natives() -> BTreeSet<(String, usize)> {
    let natives = crate::link::natives();
    natives.map(|(name, arguments)| (name.to_owned(), arguments)).collect()
}

fn types() -> HashMap<TypeId, &'static str> {
    let mut names: HashMap<_, _> = VALUES.iter().map(|(name, body)| (value(body).type_id(), *name)).collect();
    assert_eq!(names.len(), VALUES.len(), "two of the values are of one type");
    names.insert(TypeId::of::<Dynamic>(), "any");
    let others = [
        TypeId::of::<i8>(),
        TypeId::of::<i16>(),
        TypeId::of::<i32>(),
        TypeId::of::<i128>(),
        TypeId::of::<u8>(),
        TypeId::of::<u16>(),
        TypeId::of::<u32>(),
        TypeId::of::<u64>(),
        TypeId::of::<u128>(),
        TypeId::of::<f32>(),
    ];
    names.extend(others.map(|id| (id, "of hosts")));
    names
}

/// What the table says of the language itself: each name is used, and is what it says.
#[test]
fn names_of_the_language_are_there() {
    for (body, expected) in [
        ("[OK, DECLINED, DONE]", "[0, -1, -2]"),
        ("[__file__, __name__]", r#"["/s/m.rhai", "m"]"#),
        ("[type_of(__mp_info__), type_of(__mp_path__), type_of(__mp_from__)]", r#"["module info", "array", "()"]"#),
        ("Fn(\"g\").curry(1).call(2)", "3"),
        ("[type_of(1), is_shared(1), is_def_var(\"req\"), is_def_fn(\"g\", 2)]", r#"["i64", false, true, true]"#),
    ] {
        assert_eq!(value(&format!("{body} }} fn g(a, b) {{ a + b")).to_string(), expected, "{body}");
    }
}
