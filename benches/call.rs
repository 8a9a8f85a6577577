//! What a call through a handler costs beside a plain `Engine::call_fn` of the same text.
//!
//! The handler pins a generation, sets a deadline, catches panics and finds variables and imports of its own instance;
//! the plain call does none of that, and runs the statements at the top of its text again on each call, as it does in
//! every program that uses Rhai by the book.

use criterion::{Criterion, criterion_group, criterion_main};
use samovar_benches::{Comparison, interpreter_on, limits, path_of};
use samovar_rhai::{
    importer::MemoryTree,
    rhai::{AST, Dynamic, Engine, Module, Scope, module_resolvers::StaticModuleResolver},
};

criterion_group!(benches, call);
criterion_main!(benches);

const CHILD: &str = "fn answer() { 42 }";

/// What is called, in Samovar's words and in those of plain Rhai.
const SUBJECTS: [(&str, &str, &str); 4] = [
    ("empty", "fn f(name) { }", "fn f(name) { }"),
    ("string", "fn f(name) { `Hello, ${name}!` }", "fn f(name) { `Hello, ${name}!` }"),
    ("variable", "const ANSWER = 42; fn f(name) { ANSWER }", "const ANSWER = 42; fn f(name) { global::ANSWER }"),
    (
        "import",
        "import \"child\" as child; fn f(name) { child::answer() }",
        "import \"child\" as child; fn f(name) { child::answer() }",
    ),
];

fn call(criterion: &mut Criterion) {
    for (name, ours, plain) in SUBJECTS {
        let tree = MemoryTree::default();
        tree.write(path_of("child"), CHILD);
        tree.write(path_of("subject"), ours);
        let handler = interpreter_on(&tree).handler("subject::f").expect("the module is there");
        let (engine, ast) = plain_engine(plain);

        Comparison::new(format!("call of {name}"))
            .case("plain call_fn", || {
                engine.call_fn::<Dynamic>(&mut Scope::new(), &ast, "f", ("world",)).expect("it runs")
            })
            .case("Handler::call", || handler.call::<Dynamic>(("world",)).expect("it runs"))
            .measure(criterion);
    }
}

/// An engine under the same limits, with the child as a module that is always there.
fn plain_engine(text: &str) -> (Engine, AST) {
    let mut engine = Engine::new();
    let limits = limits();
    engine
        .set_max_operations(limits.operations)
        .set_max_call_levels(limits.call_depth)
        .set_max_expr_depths(limits.expression_depth, limits.expression_depth)
        .set_max_string_size(limits.string_bytes)
        .set_max_array_size(limits.array_items)
        .set_max_map_size(limits.map_entries)
        .set_max_modules(limits.modules)
        .set_max_variables(limits.variables)
        .set_max_functions(limits.functions);
    let child = engine.compile(CHILD).expect("it compiles");
    let child = Module::eval_ast_as_new(Scope::new(), &child, &engine).expect("it runs");
    let mut resolver = StaticModuleResolver::new();
    resolver.insert("child", child);
    engine.set_module_resolver(resolver);
    let ast = engine.compile(text).expect("it compiles");
    (engine, ast)
}
