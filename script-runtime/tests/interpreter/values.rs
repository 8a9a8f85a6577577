//! Values that contain themselves, share parts, are deep, or are long chains: they never end the process (R58).

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use samovar_rhai::rhai::{self, Dynamic};

use crate::site::Site;

/// What a function of a text answers: its value, or the message of its error.
#[track_caller]
fn answer(text: &str) -> String {
    // Time enough for a busy machine.
    let site =
        Site::with(|builder| builder.time(Duration::from_secs(60)), &format!("=== m.rhai\n{text}\nfn f() {{ g() }}"));
    site.call("m::f")
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let found = answer(text);
    assert!(found.contains(expected), "{text}\n  expected: {expected}\n  found:    {found}");
}

const CONTAINS_ITSELF: &str = "a value that contains itself cannot outlive its call";

#[test]
fn r58_an_object_with_a_method_that_captured_it_works_and_is_refused_as_an_answer() {
    check("fn g() { let o = #{n: 1}; o.get = || o.n; o.n = 5; let get = o.get; get.call() }", "5");
    check("fn g() { let o = #{n: 1}; o.get = || this.n; o }", "#{");
    let refused = format!("what was returned is refused: {CONTAINS_ITSELF}, and the one at [\"get\"]");
    check("fn g() { let o = #{n: 1}; o.get = || o.n; o }", &refused);
}

#[test]
fn r58_what_contains_itself_is_refused_wherever_it_would_outlive_its_call() {
    let kept = |what: &str| format!("{what} is refused: {CONTAINS_ITSELF}");
    check("fn g() { let o = #{n: 1}; o.get = || o.n; callback(|| o.n) }", &kept("what the function captured"));
    check("fn g() { let f = || 1; f = || f.call(); callback(f) }", &kept("what the function captured"));
    check("fn make() { let o = #{n: 1}; o.get = || o.n; o } const O = make(); fn g() { O.n }", &kept("`O`"));
    // At a top level, a closure finds the variable of the module, and captures nothing.
    check("let o = #{n: 1}; o.get = || o.n; fn g() { let get = o.get; get.call() }", "1");
    check("const T = table(); fn g() { let o = #{}; o.get = || o; T.set(1, o) }", CONTAINS_ITSELF);
    check("fn g() { let a = [0]; let f = || a; a[0] = f; let c = cell(()); c.set(a) }", CONTAINS_ITSELF);
    check("fn g() { let o = #{}; o.get = || o; throw o }", "the script threw #{\"get\": Fn(closure)}");
    let json = "a value of type Fn has no form in JSON: it is at [\"get\"]";
    check("fn g() { let o = #{n: 1}; o.get = || o.n; to_json(o) }", json);
}

#[test]
fn r58_a_value_that_contains_itself_is_shown_compared_and_switched_on() {
    let o = "let o = #{n: 1}; o.get = || o.n; let p = #{n: 1}; p.get = || p;";
    check(&format!("fn g() {{ {o} o.to_string() }}"), "#{\"get\": Fn(closure), \"n\": 1}");
    check(&format!("fn g() {{ {o} `${{o}} ` + [o] + o.to_debug() }}"), "#{\"get\": Fn(closure), \"n\": 1} [#{\"get\"");
    check(&format!("fn g() {{ {o} print(o); debug(o); escape_html(o) }}"), "#{&quot;get&quot;");
    check(
        &format!("fn g() {{ {o} [o == #{{}}, [o] != [1], switch o {{ 1 => 2, _ => 3 }}, o in [1]] }}"),
        "[false, true, 3, false]",
    );
    check(
        &format!("fn g() {{ {o} let a = [o, p, o]; a.len() + a.map(|x| x.n).len() + a.filter(|x| x.n == 1).len() }}"),
        "9",
    );
}

#[test]
fn r58_shared_parts_take_time_in_the_order_of_the_value() {
    let shared = "let o = #{}; for i in 0..60 { let p = o; o = #{a: || p, b: || p}; }";
    let refused = "is refused: a value of more than 1000000 parts cannot outlive its call";
    let start = Instant::now();
    check(&format!("fn g() {{ {shared} callback(|| o) }}"), &format!("what the function captured {refused}"));
    check(&format!("fn g() {{ {shared} o }}"), "what was returned is refused: a value of more than 1000000 parts");
    check(&format!("{shared} fn g() {{ 1 }}"), &format!("`o` {refused}"));
    check(&format!("fn g() {{ {shared} o.to_string().len() + (switch o {{ 1 => 2, _ => 3 }}) }}"), "");
    // Counted part by part, it would take centuries.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let nested = "let c = callback(|| 1); for i in 0..60 { let d = c; c = callback(|| [d, d]); }";
    check(&format!("const T = table(); fn g() {{ {nested} T.set(1, c); T.get(1).call().len() }}"), "2");
}

/// Links of a chain: so many would take a megabyte of stack, at least, if one were dropped in another.
const LINKS: usize = 20_000;

#[test]
fn r58_long_chains_of_captures_are_dropped_flat() {
    let links = format!("let n = 0; while n < {LINKS} {{ n += 1;");
    let captured = format!("let c = || 1; {links} let d = c; c = || d; }}");
    check(&format!("fn g() {{ {captured} c = 1; 2 }}"), "2");
    check(&format!("fn g() {{ {captured} 2 }}"), "2");
    check(&format!("{captured} c = 1; fn g() {{ 2 }}"), "2");
    check(&format!("fn g() {{ {links} const c = if n == 1 {{ || 1 }} else {{ || 2 }}; let d = || c; }} 2 }}"), "2");
    check(&format!("fn g() {{ {captured} throw [c] }}"), "the script threw [Fn(closure)]");
    check(&format!("fn g() {{ {captured} c }}"), "what was returned is refused: a value nested deeper than 128 levels");
    let callbacks = format!("let c = callback(|| 1); {links} let d = c; c = callback(|| d); }}");
    check(&format!("fn g() {{ {callbacks} c = 1; 2 }}"), "2");
    check(&format!("const T = table(); fn g() {{ {callbacks} T.set(1, c); T.set(1, 2); T.get(1) }}"), "2");
    check(&format!("{callbacks} fn g() {{ c = 1; 2 }}"), "");
    let mixed = format!("let c = cell(1); {links} let d = c; c = cell([callback(|| #{{d: d}})]); }}");
    check(&format!("fn g() {{ {mixed} c = 1; 2 }}"), "2");
}

#[test]
fn r58_chains_that_many_calls_built_are_dropped_flat_by_a_reload_and_at_the_end() {
    const TEXT: &str = "=== m.rhai
const C = cell(());
fn add() { let c = C.get(); C.set(callback(|| c)); 1 }
fn len() { 1 }";
    let site = Site::new(TEXT);
    let add = site.interpreter.handler("m::add").expect("found");
    for _ in 0..LINKS {
        assert_eq!(add.call::<i64>(()).expect("it adds a link"), 1);
    }
    // On the thread of the test, whose stack is small: the old instance is dropped, with its chain.
    site.change(&TEXT.replace("fn len() { 1 }", "fn len() { 2 }"), "reloaded m");
    for _ in 0..LINKS {
        assert_eq!(add.call::<i64>(()).expect("it adds a link"), 1);
    }
    drop((add, site));
}

#[test]
fn r58_cycles_are_freed_with_their_call() {
    let site = Site::new(
        "=== m.rhai\nfn f(held) { let o = #{held: held}; o.get = || o; for i in 0..100 { let a = [held, i]; let m = #{a: a}; m.f = || m; } 1 }",
    );
    let held = Arc::new(());
    let handler = site.interpreter.handler("m::f").expect("found");
    for _ in 0..3 {
        assert_eq!(handler.call::<i64>((Dynamic::from(held.clone()),)).expect("it runs"), 1);
        assert_eq!(Arc::strong_count(&held), 1);
    }
}

/// Counts how many of it are alive, and how many were at most.
#[derive(Clone)]
struct Probe(#[allow(dead_code, reason = "held, not read")] Arc<Alive>);

struct Alive(Arc<(AtomicUsize, AtomicUsize)>);

impl Alive {
    fn new(counts: &Arc<(AtomicUsize, AtomicUsize)>) -> Self {
        let now = counts.0.fetch_add(1, Ordering::SeqCst) + 1;
        counts.1.fetch_max(now, Ordering::SeqCst);
        Self(counts.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn what_is_captured_and_let_go_in_a_loop_is_freed_while_the_loop_runs() {
    let counts = Arc::<(AtomicUsize, AtomicUsize)>::default();
    let of_script = counts.clone();
    let register = move |engine: &mut rhai::Engine| {
        let of_script = of_script.clone();
        engine.register_fn("probe", move || Probe(Arc::new(Alive::new(&of_script))));
    };
    let text = "=== m.rhai\nfn f() { for i in 0..1000 { let a = probe(); [1].map(|x| a); } 1 }";
    let site = Site::with(|builder| builder.register(register), text);
    site.expect("m::f", "1");
    let (alive, most) = (counts.0.load(Ordering::SeqCst), counts.1.load(Ordering::SeqCst));
    assert!(alive == 0 && most < 10, "{alive} are alive, {most} were");
}

#[test]
fn captured_variables_mean_what_they_mean_in_rhai() {
    check("fn g() { let n = 0; let f = || { n += 1; n }; f.call(); n += 10; f.call() * 100 + n }", "1212");
    check("fn g() { let fs = []; for i in 0..3 { let x = i; fs.push(|| x); } fs.map(|f| f.call()) }", "[0, 1, 2]");
    check("fn g() { let x = 1; let set = |v| x = v; let get = || x; set.call(7); [x, get.call()] }", "[7, 7]");
    check("fn g() { const K = 3; let f = || K; let h = || f.call() + K; h.call() }", "6");
    check("fn g() { let x = 1; let f = || { let h = || x += 1; h.call(); x }; f.call() + x }", "4");
    check("fn g() { let x = [1]; let f = || x.push(2); f.call(); f.call(); x }", "[1, 2, 2]");
    check("fn g() { let x = 1; x.tag = 5; let f = || x; f.call(); x.tag }", "5");
    check("fn g() { let x = 1; let f = || x; is_shared(x) }", "true");
}

#[test]
fn r58_deep_arrays_and_maps_are_written_and_compared_without_recursion() {
    let deep =
        |levels: usize| format!("let a = [0]; let m = #{{}}; for i in 0..{levels} {{ a = [a]; m = #{{m: m}}; }}");
    check(&format!("fn g() {{ {} to_json(a).len() + to_json(m).len() }}", deep(1000)), "8005");
    check(&format!("fn g() {{ {} let b = a; [a == b, m != m, [a] == [1]] }}", deep(1000)), "[true, false, false]");
    check(&format!("fn g() {{ {} a.to_string().len() + m.to_debug().len() }}", deep(1000)), "");
    check(&format!("fn g() {{ {} a }}", deep(127)), "[[[");
    check(
        &format!("fn g() {{ {} a }}", deep(1000)),
        "what was returned is refused: a value nested deeper than 128 levels",
    );
    check(&format!("{} fn g() {{ 1 }}", deep(1000)), " is refused: a value nested deeper than 128 levels");
}

#[test]
fn text_of_parts_is_as_rhai_writes_it() {
    check(
        "fn g() { [1, \"a\", 'c', 1.0, (), true, [], #{}, [[2], #{k: [3], \"l m\": \"x\"}]].to_string() }",
        r#"[1, "a", c, 1.0, (), true, [], #{}, [[2], #{"k": [3], "l m": "x"}]]"#,
    );
    check(
        "fn g() { to_json([1, \"a\\\"\\n\", 'c', 1.5, (), true, [], #{}, [[2], #{k: [3], l: #{x: 1}}]]) }",
        "[1,\"a\\\"\\n\",\"c\",1.5,null,true,[],{},[[2],{\"k\":[3],\"l\":{\"x\":1}}]]",
    );
    check("fn g() { to_json([1.0 / 0.0]) }", "JSON has no inf: it is at [0]");
    check("fn g() { let s = \"x\"; s.pad(1000000, 'x'); let a = []; a.pad(1000, s); to_json(a) }", "");
}

#[test]
fn r58_deep_values_are_copied_where_calls_are_nested_as_deeply_as_may_be() {
    let deep = "let a = []; let m = #{}; for i in 0..3000 { a = [a]; m = #{m: m}; }";
    let nest = "fn nest(n, a, m) { [n].map(|n| if n == 0 { let b = a; let c = m; [b.len(), c.len(), b == a] } else { nest(n - 1, a, m) })[0] }";
    let ended = answer(&format!("{nest} fn g() {{ {deep} nest(200, a, m) }}"));
    assert!(ended.contains("nested"), "{ended}");
    check(&format!("{nest} fn g() {{ {deep} nest(10, a, m) }}"), "[1, 1, true]");
}
