//! Nothing that a script does goes on when its time is over: neither operations that take long, nor native functions.

use std::time::{Duration, Instant};

use samovar_rhai::{
    Limits,
    rhai::{Array, Dynamic, Engine, Map},
    state::Table,
};

use crate::site::Site;

/// More than the fifty milliseconds that are promised: tests run beside each other, and without optimisation.
const SLACK: Duration = Duration::from_millis(1_500);

const TIME: Duration = Duration::from_millis(100);

/// Calls `f` of this module with `argument`, which is ended when its time is over, and not much later.
#[track_caller]
fn ends(text: &str, argument: &Dynamic) {
    let limits = Limits { operations: 0, ..Limits::default() };
    let site = Site::with(|builder| builder.time(TIME).limits(limits), &format!("=== m.rhai\n{text}"));
    let handler = site.interpreter.handler("m::f").expect("found");
    handler.load().expect("loads");
    let late = || {
        let argument = argument.clone();
        let start = Instant::now();
        let result = handler.call::<Dynamic>((argument,));
        let late = start.elapsed().saturating_sub(TIME);
        let said = result.map(|_| ()).expect_err("ended").to_string();
        assert!(said.contains("the deadline has passed"), "{text}: {said}");
        late
    };
    let late = best(late);
    assert!(late < SLACK, "{text}: {late:?} late");
    assert!(site.take_notes().is_empty(), "nothing was done after the end: {text}");
}

/// The best of a few tries: the machine may have stood still for all others.
fn best(mut late: impl FnMut() -> Duration) -> Duration {
    (0..5).map(|_| late()).find(|late| *late < SLACK).unwrap_or_else(late)
}

fn numbers(count: i64) -> Dynamic {
    // In an order that costs a sort something.
    (0..count).map(|n| Dynamic::from(n.wrapping_mul(0x5851_F42D_4C95_7F2D) >> 20)).collect::<Vec<_>>().into()
}

#[test]
fn operations_that_take_long_are_ended() {
    for body in ["loop { let b = a; }", "while true { g(a); }", "loop { g(a) + 1; }", "loop { for x in a { break; } }"]
    {
        ends(&format!("fn f(a) {{ {body} note(\"after\"); }} fn g(a) {{ 1 }}"), &numbers(1_000_000));
    }
}

#[test]
fn natives_that_call_a_script_end_at_the_deadline() {
    for call in [
        "a.sort(slow)",
        "a.sort_by(slow)",
        "a.order(slow)",
        "a.order_by(slow)",
        "a.dedup(slow)",
        "let b = a; b.dedup(|x, y| { a.sort(slow); true })",
        "let b = a; b.sort(|x, y| { a.order(slow); 0 })",
        "try { a.sort(slow) } catch { }",
        "a.sort(|x, y| { try { while true { } } catch { } 0 })",
        "let b = a; b.map(|x| a.order(slow))",
        "a.filter(|x| slow.call(x, x) == 0)",
        "a.reduce(|x, y| slow.call(x, y))",
        "a.for_each(|| slow.call(this, 0))",
        "a.retain(|x| slow.call(x, x) == 0)",
        "a.drain(|x| slow.call(x, x) == 0)",
        "a.zip(a, slow)",
        "a.find(|x| slow.call(x, x) == 1)",
        "a.find_map(|x| if slow.call(x, x) == 1 { x })",
        "a.index_of(|x| slow.call(x, x) == 1)",
        "a.some(|x| slow.call(x, x) == 1)",
        "a.all(|x| slow.call(x, x) == 0)",
    ] {
        let call = call.replace("slow", "Fn(\"slow\")");
        ends(
            &format!(
                "fn f(a) {{ {call}; note(\"after\"); }} fn slow(x, y) {{ let n = 0; while n < 10 {{ n += 1; }} 0 }}"
            ),
            &numbers(100_000),
        );
    }
}

#[test]
fn natives_that_call_a_script_end_also_while_a_module_loads() {
    let limits = Limits { operations: 0, ..Limits::default() };
    for call in [
        "a.sort(|x, y| { 0 - slow() })",
        "a.dedup(|x, y| slow() > 0)",
        "let b = a; b.sort(|x, y| { a.order(|z, w| slow()); 0 })",
    ] {
        let text = format!(
            "=== m.rhai\nlet a = []; a.pad(100_000, 1); {call}; note(\"after\"); fn slow() {{ let n = 0; while n < 50 {{ n += 1; }} 0 }} fn f() {{ 1 }}"
        );
        let site = Site::with(|builder| builder.time(TIME).limits(limits.clone()), &text);
        let start = Instant::now();
        let said = site.call("m::f");
        assert!(start.elapsed() < TIME + SLACK, "{call}: {:?}", start.elapsed());
        assert!(said.contains("the deadline has passed"), "{call}: {said}");
        assert!(site.take_notes().is_empty());
    }
}

/// Calls `f` of a module with this text, and shows what it returned.
#[track_caller]
fn check(body: &str, expected: &str) {
    let site = Site::new(&format!("=== m.rhai\nfn f() {{ {body} }}"));
    site.expect("m::f", expected);
}

#[test]
fn what_sorts_and_orders() {
    check("let a = [3, 1, 2]; a.sort(); a", "[1, 2, 3]");
    check("let a = [3, 1, 2]; a.sort_desc(); a", "[3, 2, 1]");
    check("[3, 1, 2].order()", "[1, 2, 3]");
    check("const A = [3, 1, 2]; A.order_desc()", "[3, 2, 1]");
    check("[\"b\", \"a\", \"\"].order()", r#"["", "a", "b"]"#);
    check("['b', 'a'].order()", "['a', 'b']");
    check("[true, false].order()", "[false, true]");
    check("[2.5, -1.0, 0.0].order()", "[-1.0, 0.0, 2.5]");
    check("[(), ()].order()", "[(), ()]");
    check("[].order()", "[]");
    check("[|| 1].order().len", "1");
    check("[1, \"a\"].order()", "error: m.rhai:1:19: elements of different types cannot be sorted");
    check("[[1], [2]].order()", "error: m.rhai:1:21: elements of array cannot be sorted");
    check("let a = [3, 1, 2]; a.sort(|x, y| y - x); a", "[3, 2, 1]");
    check("let a = [3, 1, 2]; a.sort_by(|x, y| x <= y); a", "[1, 2, 3]");
    check("[3, 1, 2].order_by(|x, y| x < y)", "[1, 2, 3]");
    check("[3, 1, 2].order(|x, y| 0.5 * (x - y))", "[1, 2, 3]");
    // Stable, also for many.
    check(
        "let a = []; for n in 0..1000 { a.push(#{k: n * 7919 % 10, n: n}); } a.sort(|x, y| x.k - y.k);\n\
         for n in 1..1000 { let x = a[n - 1]; let y = a[n]; if x.k > y.k || x.k == y.k && x.n > y.n { return n; } } \"sorted\"",
        "sorted",
    );
    // An order that is none does no harm.
    check("let a = []; for n in 0..1000 { a.push(n); } a.sort(|x, y| 1); a.len", "1000");
    check(
        "const A = [2, 1]; A.sort(); A",
        "error: m.rhai:1:30: `sort` changes what it is called on, which is a constant here, as the variables of a module are in functions; keep what changes in a handle: `table()`, `cell(..)` or `counter()`",
    );
}

#[test]
fn an_error_of_a_comparer_is_raised_and_nothing_is_changed() {
    check("let a = [3, 1, 2]; a.sort(|x, y| throw \"no\"); a", "error: m.rhai:1:43: no");
    check("let a = [3, 1, 2]; try { a.sort(|x, y| throw \"no\"); } catch (e) { a.push(e); } a", r#"[3, 1, 2, "no"]"#);
    check("let a = [1, 1, 2]; try { a.dedup(|x, y| throw \"no\"); } catch (e) { a.push(e); } a", r#"[1, 1, 2, "no"]"#);
    check(
        "let m = #{a: 1, b: 2}; try { m.drain(|k, v| if k == \"b\" { throw 1 } else { true }); } catch { } m",
        r#"#{"a": 1, "b": 2}"#,
    );
    check(
        "[2, 1].order(|x, y| \"first\")",
        "error: m.rhai:1:17: the function given to `order` returns a number or a bool, not a value of type string",
    );
    check(
        "[2, 1].order(|x| x)",
        "error: m.rhai:1:17: a closure was called with the arguments `(i64, i64)`, but takes another number of them",
    );
}

#[test]
fn what_is_repeated() {
    check("let a = [1, 1, 2, 2, 2, 1]; a.dedup(); a", "[1, 2, 1]");
    check("let a = [1, 2, 11, 12, 3]; a.dedup(|x, y| x % 10 == y % 10); a", "[1, 2, 11, 12, 3]");
    check("let a = [1, 11, 21, 2, 12, 1]; a.dedup(|x, y| x % 10 == y % 10); a", "[1, 2, 1]");
    check("let a = [1, \"1\", 1, [1], [1], (), ()]; a.dedup(); a", r#"[1, "1", 1, [1], ()]"#);
    check("let a = [|| 1, || 1]; a.dedup(); a.len", "2");
    check("let a = []; a.dedup(); a", "[]");
}

/// What a call in [`CALLS`] may name: ten megabytes of text, a million items, half a million entries.
fn large(name: &str) -> Dynamic {
    const BYTES: usize = 10_000_000;
    let text = |part: &str| Dynamic::from(part.repeat(BYTES / part.len()));
    match name {
        "a" | "c" => numbers(1_000_000),
        "t" => {
            numbers(1_000_000).cast::<Array>().iter().map(|n| Dynamic::from(n.to_string())).collect::<Array>().into()
        }
        "m" => {
            numbers(500_000).cast::<Array>().into_iter().map(|n| (format!("k{n}").into(), n)).collect::<Map>().into()
        }
        "b" => Dynamic::from_blob(vec![7; 1_000_000]),
        "x" => text("x"),
        "u" => text("ä"),
        "w" => text("word "),
        "h" => text("<&>'\""),
        "z" => text("\u{1}\n"),
        "p" => text("%c3%a4"),
        "d" => text("0"),
        "j" => format!("[{}1]", "1,".repeat(BYTES / 2)).into(),
        "k" => format!("[{}{{}}]", "{\"a\":[]},".repeat(BYTES / 9)).into(),
        "table" => {
            let table = Table::new();
            for n in numbers(1_000_000).cast::<Array>() {
                table.set(n.to_string(), n).expect("plain");
            }
            Dynamic::from(table)
        }
        _ => panic!("{name}"),
    }
}

/// Every native function that goes through all of what it is given, and operations that copy; three spaces between two.
const CALLS: &str = "
a.sort()   a.sort_desc()   a.order()   a.order_desc()   t.sort()   t.order()   t.sort_desc()   a.sort('by')
a.sort(|x, y| x - y)   a.dedup()   t.dedup()   a.dedup('by')   a.dedup(|x, y| false)
a.reverse()   a.contains(-1)   t.contains('-')   -1 in a   a.index_of(-1)   a == c   a != c   t == t   m == m
a + [1]   [1] + a   a += [1]   a.push(1)   a.append([1])   a.insert(0, 1)   a.remove(0)   a.shift()   a.pop()
a.truncate(5)   a.chop(5)   a.clear()   a.pad(1_000_000, 1)   a.splice(0, 500_000, c)   a.extract(5)
a.drain(0, 900_000)   a.drain(|x| true)   a.drain(|x| x % 2 == 0)   a.retain(0, 900_000)
a.retain(|x| x % 2 == 0)   a.split(500_000)   a.to_string()   t.to_string()   a.to_debug()   `${a}`   print(a)
debug(a)   'x' + a   a.map(|x| x)   a.filter(|x| true)   a.reduce(|x, y| 1)   a.zip(c, |x, y| 1)
a.find(|x| false)   let y = a   let y = t   let y = m   let y = [a]   let y = #{a: a}   for y in a { break; }
for y in t { break; }   for y in x { break; }   for y in u.chars() { break; }   let y = || a; y.call()
throw a   a.tag = 5   switch a { 1 => 2, _ => 3 }   by.curry(a).call(1)   let y = callback(|| a)   m.keys()
m.values()   m + m   m += m   m.mixin(m)   m.fill_with(m)   m.map(|x| 1)   m.filter(|x| true)
m.drain(|x| true)   m.retain(|x| false)   m.remove('k5')   m.to_string()   m.clear()   to_json(m)   to_json(a)
to_json(t)   to_json(x)   to_json(u)   parse_json(j)   parse_json(k)   parse_json(x)   x.len   x + u
x += 'y'   x == u   x < u   x - 'x'   w - 'word'   x.remove('x')   x.remove('xxxxxy')   x.truncate(9_000_000)
x.trim()   x.pop(9_000_000)   u.pop(4_000_000)   x.to_upper()   u.to_upper()   u.make_upper()   x.to_lower()
u.to_lower()   u.make_lower()   x.contains('xxxxxxxxxy')   x.starts_with(x)   x.index_of('xxxxxxxxxy')
u.index_of('zz', 1_000_000)   u.index_of('zz', -1_000_000)   u.get(4_900_000)   u.get(-4_900_000)
u[4_900_000]   u[-4_900_000]   u[4_900_000] = `x`[0]   u[1..4_000_000]   u.set(4_900_000, `x`[0])
u.sub_string(1_000_000, 3_000_000)   u.sub_string(-4_000_000, 3_000_000)   u.crop(1_000_000, 3_000_000)
u.crop(-4_000_000)   x.replace('x', 'yy')   x.replace('x', w)   x.replace('', w)   x.replace('', '')
w.replace('word', 'sentence')   x.replace('xxxxxy', 'z')   w.replace(`o`[0], 'long text')
let y = 'a'; y.pad(16_000_000, `x`[0])   let y = 'a'; y.pad(8_000_000, 'ä')   x.split('x')   x.split('')
w.split()   w.split(' ')   w.split('word', 100_000)   w.split_rev(' ')   x.split_rev('')   x.split(5_000_000)
u.split(-2_500_000)   x.to_chars()   u.to_chars()   x.chars()   u.chars(1_000_000, 3_000_000)   x.to_blob()
max(x, u)   x.to_debug()   u.to_debug()   z.to_debug()   debug(z)   print(z)   `${x}${u}`   parse_int(d)
parse_int(d, 16)   parse_float(d)   parse_float(x)   blob(1_000_000, 3)   b + 'x'   'x' + b   b.to_array()
b.as_string()   b.contains(9)   b.reverse()   b.append('x')   b.insert(0, 1)   b.splice(0, 500_000, b)
b.extract(0, 900_000)   b.drain(0, 900_000)   b.retain(0, 900_000)   b.split(500_000)   b.to_string()   b == b
b.write_utf8(0, 900_000, u)   escape_html(x)   escape_html(h)   escape_html(a)   escape_html(t)   html(x)
html(h) + h   encode_url(u)   decode_url(u)   decode_url(p)   table.keys()   table.values()   table.to_map()
table.clear()   for y in table { break; }   table.to_string()   let y = cell(a)   let y = cell(m); y.get()
let y = cell(a); y.update(|o| o)   let y = cell(a); y.compare_and_set(a, 1)
let y = queue(10); y.push(t); y.drain()   let y = cache(10, 10); y.set('k', a)
";

/// Tells how late each of them is ended, or is done, whose deadline passes a little after it begins.
fn late() -> Vec<(Duration, &'static str)> {
    let time = Duration::from_millis(20);
    let mut values = std::collections::HashMap::new();
    let mut found = Vec::new();
    for call in CALLS.lines().flat_map(|line| line.split("   ")).filter(|call| !call.is_empty()) {
        let words: Vec<&str> = call.split(|it: char| !it.is_ascii_alphanumeric() && it != '_' && it != '.').collect();
        let is_named = |name: &&str| words.iter().any(|word| word.split('.').next() == Some(name));
        let names = ["a", "c", "t", "m", "b", "x", "u", "w", "h", "z", "p", "d", "j", "k", "table"];
        let names: Vec<&str> = names.into_iter().filter(is_named).collect();
        let body = call.replace('\'', "\"");
        let text =
            format!("=== m.rhai\nfn by(x, y) {{ 1 }} fn f({0}) {{ {body}; }} fn nothing({0}) {{ }}", names.join(", "));
        let limits = Limits { operations: 0, ..Limits::default() };
        let site = Site::with(|builder| builder.time(Duration::from_secs(60)).limits(limits).output(|_| ()), &text);
        let mut took = |function: &str| {
            let handler = site.interpreter.handler(function).expect("found").time(time);
            handler.load().unwrap_or_else(|error| panic!("{call}: {error}"));
            let arguments: Vec<Dynamic> =
                names.iter().map(|name| values.entry(*name).or_insert_with(|| large(name)).clone()).collect();
            let start = Instant::now();
            let _ = handler.call::<Dynamic>(arguments);
            start.elapsed()
        };
        // What it takes to let go of the arguments is the host's.
        let without = took("m::nothing");
        let late = best(|| took("m::f").saturating_sub(time + without));
        found.push((late, call));
    }
    found.sort();
    found
}

#[test]
fn natives_end_at_the_deadline_however_much_they_are_given() {
    let late = late();
    assert!(late.len() > 190, "{}", late.len());
    let too_late: Vec<_> = late.into_iter().filter(|(late, _)| *late > SLACK).collect();
    assert!(too_late.is_empty(), "{too_late:?}");
}

/// `just natives`: how late exactly. On a machine that does nothing else, no line says more than 50.
#[test]
#[ignore = "measures time"]
fn how_late_natives_end() {
    for (late, call) in late() {
        eprintln!("{:6.1} ms  {call}", late.as_secs_f64() * 1e3);
    }
}

/// Texts to go through: empty, of one sort, with what is special to some function, of several bytes a character.
const TEXTS: &[&str] =
    &["", "a", "aaa", "one two  three", " x ", "äöü ß", "Σίσυφος ΣΑΣ", "a-b-c-", "\u{1}\n\"\\\u{301}e", "日本語"];

/// What may be done with a text `s`, in which functions of this crate take the place of Rhai's.
const OF_TEXTS: &[&str] = &[
    "s.replace(\"a\", \"bb\"); s",
    "s.replace(\"\", \"-\"); s",
    "s.replace(\"aa\", \"\"); s",
    "s.replace(\"ö\", 'o'); s",
    "s.replace('a', \"xyz\"); s",
    "s.replace('-', '+'); s",
    "s.remove(\"a\"); s",
    "s.remove('-'); s",
    "s.split()",
    "s.split(\"\")",
    "s.split(\"-\")",
    "s.split(\" \")",
    "s.split('-')",
    "s.split(\"-\", 2)",
    "s.split(\"-\", 0)",
    "s.split('-', -5)",
    "s.split('-', 100)",
    "s.split_rev(\"-\")",
    "s.split_rev('-')",
    "s.split_rev(\"\", 2)",
    "s.split_rev('-', 2)",
    "s.split_rev(\"-\", 1)",
    "s.to_chars()",
    "s.to_upper()",
    "s.to_lower()",
    "s.make_upper(); s",
    "s.make_lower(); s",
    "let e = s.pop(2); [s, e]",
    "let e = s.pop(0); [s, e]",
    "let e = s.pop(-1); [s, e]",
    "let e = s.pop(1000); [s, e]",
    "let e = s.pop(); [s, e]",
    "s.pad(5, '-'); s",
    "s.pad(8, \"ab\"); s",
    "s.pad(7, \"äö\"); s",
    "s.pad(-1, '-'); s",
    "s.pad(0, \"x\"); s",
    "s.pad(50_000, \"日本\"); s",
    "s.pad(50_001, 'ß'); s",
    "s.to_debug()",
    "[s]",
    "const C = s; C.split(\"-\")",
];

/// What may be done with arrays, maps and blobs, and what else is joined to texts.
const OF_LISTS: &[&str] = &[
    "\"x\" + 1",
    "1.5 + \"x\"",
    "\"x\" + [1, \"a\"]",
    "#{a: 1} + \"x\"",
    "\"x\" + () + \"y\"",
    "true + \"x\"",
    "'a' + \"x\" + 'b'",
    "\"x\" + (0..5)",
    "\"x\" + blob(2)",
    "let s = \"x\"; s += 1; s += [1]; s += 'c'; s += (); s += \"d\"; s",
    "let s = \"x\"; s.append(1); s.append(\"d\"); s",
    "const S = \"x\"; S + 1",
    "`${[1]}${#{a: 1}}${1}`",
    "let a = [1, 2]; a.pad(5, \"x\"); a",
    "let a = [1, 2]; a.pad(1, 0); a",
    "let a = [1, 2]; a.pad(-1, 0); a",
    "let a = []; a.pad(3, [1]); a",
    "let b = blob(3); b.pad(5, 300); b.to_array()",
    "blob(4, -1).to_array()",
    "blob(-1).len",
    "blob(2, 7).to_array()",
    "#{a: 1, b: 2}.keys()",
    "#{b: 2, a: 1}.values()",
    "#{}.keys()",
    "#{a: 1, b: 2} + #{b: 3, c: 4}",
    "#{} + #{a: 1}",
    "#{a: 1} + #{}",
    "let m = #{a: 1}; m += #{a: 2, b: 3}; m",
    "let m = #{}; m.mixin(#{a: 2}); m",
    "let m = #{a: 1}; m.fill_with(#{a: 2, b: 3}); m",
    "let m = #{}; m.fill_with(#{a: 2}); m",
    "let m = #{a: 1, b: 2, c: 3}; let d = m.drain(|k, v| v > 1); [m, d]",
    "let m = #{a: 1, b: 2, c: 3}; let d = m.drain(|k| this < 2); [m, d]",
    "let m = #{a: 1, b: 2, c: 3}; let d = m.retain(|k, v| v > 1); [m, d]",
    "let m = #{a: 1, b: 2, c: 3}; let d = m.retain(|k| k == \"a\"); [m, d]",
    "let m = #{a: 1, b: 2}; m.drain(|k, v| 5)",
    "[3, 1, 2].sort_desc()",
    "let a = [3, 1, 2, 5, 4]; a.sort(\"by\"); a",
    "let a = [1, 1, 2]; a.dedup(\"same\"); a",
    "let a = [5, 3, 9, 1]; a.sort(|x, y| x > y); a",
];

/// Everywhere but where a description says otherwise, these functions do what Rhai's do.
#[test]
fn what_takes_the_place_of_rhais_functions_does_the_same() {
    let engine = Engine::new();
    let helpers = "fn by(x, y) { y - x } fn same(x, y) { x == y }";
    let texts = TEXTS.iter().flat_map(|text| OF_TEXTS.iter().map(move |body| format!("let s = {text:?}; {body}")));
    let texts = texts.map(|text| text.replace("\\u{1}", "\\x01").replace("\\u{301}", "\\u0301"));
    for body in texts.chain(OF_LISTS.iter().map(|body| (*body).to_owned())) {
        let expected = engine.eval::<Dynamic>(&format!("{helpers} {body}")).map(|value| value.to_string());
        let site = Site::new(&format!("=== m.rhai\nfn f() {{ {body} }} {helpers}"));
        match expected {
            Ok(expected) => assert_eq!(site.call("m::f"), expected, "{body}"),
            Err(error) => assert!(site.call("m::f").starts_with("error: "), "{body}: {error}"),
        }
    }
}

#[test]
fn what_would_be_larger_than_may_be_is_refused_before_it_is_made() {
    for (body, said) in [
        ("s.replace(\"x\", s); s.len", "a string is longer than it may be"),
        ("s.replace('x', \"y\" + s); s.len", "a string is longer than it may be"),
        ("s.split(\"\").len", "an array has more items than it may have"),
        ("s.split_rev('x').len", "an array has more items than it may have"),
        ("s.to_chars().len", "an array has more items than it may have"),
        ("s.pad(9_000_000_000_000, 'x')", "a string is longer than it may be"),
        ("s.pad(16_000_000, '日')", "a string is longer than it may be"),
        ("let a = []; a.pad(9_000_000_000_000, 1)", "an array has more items than it may have"),
        ("blob(9_000_000_000_000)", "an array has more items than it may have"),
        ("let b = blob(1); b.pad(9_000_000_000_000, 1)", "an array has more items than it may have"),
        ("parse_json(\"[\" + t + \"0]\").len", "an array has more items than it may have"),
    ] {
        let text = format!(
            "=== m.rhai\nfn f() {{ let s = \"x\"; s.pad(2_000_000, 'x'); let t = \"\"; t.pad(4_000_000, \"0,\"); {body} }}"
        );
        let site = Site::with(|builder| builder.time(Duration::from_secs(60)), &text);
        let answer = site.call("m::f");
        assert!(answer.ends_with(said), "{body}: {answer}");
    }
    // Also where nothing is too large, there is an end of memory.
    let none = Limits { string_bytes: 0, array_items: 0, map_entries: 0, ..Limits::default() };
    for body in [
        "let a = []; a.pad(9_000_000_000_000_000, 1)",
        "blob(9_000_000_000_000_000_000)",
        "let b = blob(1); b.pad(9_000_000_000_000_000, 1)",
    ] {
        let site = Site::with(|builder| builder.limits(none.clone()), &format!("=== m.rhai\nfn f() {{ {body} }}"));
        let answer = site.call("m::f");
        assert!(answer.ends_with("there is not enough memory for a value as large as this"), "{body}: {answer}");
    }
}

#[test]
fn json_is_read_as_it_was() {
    for (json, expected) in [
        ("null", ""),
        ("true", "true"),
        ("-7", "-7"),
        ("9223372036854775807", "9223372036854775807"),
        ("9223372036854775808", "9.223372036854776e18"),
        ("1e3", "1000.0"),
        ("\"a\\u00e4\\n\"", "aä\n"),
        (" [1, [2, {\"a\": null}]] ", r#"[1, [2, #{"a": ()}]]"#),
        ("{\"b\": 1, \"a\": {}, \"b\": 2}", r#"#{"a": #{}, "b": 2}"#),
        ("[1,]", "error: m.rhai:1:10: not JSON: trailing comma at line 1 column 4"),
        ("[1] 2", "error: m.rhai:1:10: not JSON: trailing characters at line 1 column 5"),
        ("", "error: m.rhai:1:10: not JSON: EOF while parsing a value at line 1 column 0"),
    ] {
        check(&format!("parse_json(`{json}`)"), expected);
    }
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    check(
        &format!("parse_json(`{deep}`)"),
        "error: m.rhai:1:10: not JSON: recursion limit exceeded at line 1 column 128",
    );
}

/// Each returns or raises: none goes round in the value without end.
#[test]
fn r58_a_value_that_contains_itself_is_no_harm_to_any_of_them() {
    for value in
        ["let o = #{n: 1}; o.f = || o;", "let o = [1]; o.push(|| o);", "let o = #{}; o.o = callback(|| 1).curry(o);"]
    {
        for body in [
            "\"x\" + o",
            "o + \"x\"",
            "let s = \"x\"; s += o; s",
            "`${o} and ${[o]}`",
            "[o, o].sort(|x, y| 0)",
            "[o, o].order()",
            "let a = [o, o]; a.dedup(); a",
            "[o].contains(o)",
            "[o].index_of(o)",
            "o in [o]",
            "o == o",
            "let a = []; a.pad(10, o); a",
            "#{o: o} + #{p: o}",
            "#{o: o}.values()",
            "escape_html(o)",
            "to_json(o)",
            "throw o",
            "switch o { 1 => 2, _ => 3 }",
        ] {
            let site = Site::new(&format!("=== m.rhai\nfn f() {{ {value} {body} }}"));
            let _ = site.call("m::f");
        }
    }
}
