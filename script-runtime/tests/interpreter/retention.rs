//! R50 and R51: who keeps old code alive, found when state is carried, and named when it lives on.

use std::{thread, time::Duration};

use samovar_rhai::{importer::Holder, rhai::Dynamic};

use crate::site::Site;

/// Carries `X`, which the old script makes like this.
fn carrying(x: &str) -> String {
    format!(
        "=== m.rhai
import \"./lib\" as lib;
const X = if is_def_var(\"X\") {{ X }} else {{ {x} }};
fn notify(x) {{ x }}
fn f() {{ 1 }}
fn __mp_clone__(next) {{ next.X = X; }}
=== lib.rhai
const T = table();
fn tool(x) {{ x }}
fn callback_of() {{ callback(tool) }}
"
    )
}

const CODE: &str =
    "is carried over and is a callback of m.rhai, which is being replaced: it keeps the old code in memory";

/// Reloads a module that carries `x`; what is said about it, a line for each place.
#[track_caller]
fn check(x: &str, expected: &[&str]) {
    let files = carrying(x);
    let site = Site::new(&files);
    site.expect("m::f", "1");
    site.change(&files.replace("fn f() { 1 }", "fn f() { 2 }"), "reloaded m");
    let trace = site.trace();
    let said: Vec<_> = trace.lines().filter_map(|line| line.strip_prefix("code: m.rhai:2:7: ")).collect();
    let expected: Vec<_> = expected.iter().map(|it| it.replace("CODE", CODE)).collect();
    assert_eq!(said, expected, "{x}");
    assert!(trace.starts_with("carried m\n") && trace.ends_with("\npublished m"), "{trace}");
    site.expect("m::f", "2");
}

#[test]
fn r50_the_path_to_each_callback_is_named() {
    check("callback(notify)", &["`X` CODE"]);
    check("[1, #{on_done: [2, 3, callback(|| 1)]}]", &["`X[1][\"on_done\"][2]` CODE"]);
    check("let t = table(); t[\"on_done\"] = [1, 2, callback(notify)]; t", &["`X[\"on_done\"][2]` CODE"]);
    check("cell(#{a: callback(notify), b: callback(notify)})", &["`X.value[\"a\"]` CODE", "`X.value[\"b\"]` CODE"]);
    check("let q = queue(3); q.push(1); q.push(callback(notify)); q", &["`X[1]` CODE"]);
    check("let c = cache(3, 60); c.set(\"k\", callback(notify)); c", &["`X[\"k\"]` CODE"]);
    check(
        "let t = table(); let u = table(); t[\"u\"] = cell(u); u[\"f\"] = callback(notify); t",
        &["`X[\"u\"].value[\"f\"]` CODE"],
    );
    check("let t = table(); t[\"me\"] = t; t[\"f\"] = callback(notify); t", &["`X[\"f\"]` CODE"]);
    // Captured by a callback of a module that stays.
    check(
        "let inner = callback(notify); let t = table(); t[\"f\"] = callback(|| inner.call(1)); t",
        &["`X[\"f\"]` CODE", "`X[\"f\"] (captured value 0)` CODE"],
    );
}

#[test]
fn r50_what_stays_is_carried_without_a_word() {
    check("[1, 2.5, \"x\", 'c', (), true, blob(2), timestamp(), 0..3, #{a: [1]}]", &[]);
    check("[lock(), counter(), table(), cell(1), queue(1), cache(1, 1)]", &[]);
    // Its module is not being replaced.
    check("[lib::callback_of(), import_module(\"./lib\")]", &[]);
}

#[test]
fn r50_what_is_of_no_use_in_the_new_module_is_told_too() {
    let plain = "is carried over and is a function without its module: nothing can call it any more";
    check("[1, |x| x]", &[&format!("`X[1]` {plain}")]);
    check("let t = table(); t[\"f\"] = Fn(\"notify\"); t", &[&format!("`X[\"f\"]` {plain}")]);
}

#[test]
fn r50_values_of_library_modules_carry_without_warning() {
    let tree = samovar_rhai::importer::MemoryTree::default();
    tree.write("/lib/tools.rhai", "fn tool(x) { x + 1 } fn tools() { callback(tool) }");
    let script = "import \"tools\" as tools;
keep T = #{f: tools::tools(), m: import_module(\"tools\")};
fn f() { T.f.call(T.m[\"tool\"].call(1)) }";
    tree.write("/s/m.rhai", script);
    let builder = samovar_rhai::Interpreter::builder("t").library("/lib").strict_carry(true);
    let interpreter = builder.build_on(tree.clone(), Some("/s".as_ref()));
    let events = interpreter.subscribe();
    let f = interpreter.handler("m::f").expect("found");
    assert_eq!(f.call::<i64>(()), Ok(3));
    tree.write("/s/m.rhai", format!("{script} // new"));
    let _ = interpreter.reload();
    assert_eq!(f.call::<i64>(()), Ok(3));
    let events = format!("{:?}", events.try_iter().collect::<Vec<_>>());
    assert!(events.contains("Carried") && !events.contains("CodeCarried"), "{events}");
}

/// Callbacks of both modules in a table of `events`; both are replaced when that is edited, `orders` last.
fn orders(key: &str) -> String {
    format!(
        "=== orders.rhai
import \"./events\" as events;
events::ON[{key}] = callback(|| 1);
fn f() {{ events::all() }}
=== events.rhai
keep ON = table();
ON.own = callback(|| 10);
fn all() {{ ON.values().map(|f| f.call()).len }}
"
    )
}

#[test]
fn r50_what_is_put_in_its_place_while_loading_is_no_matter() {
    let site = impatient(&orders("\"orders\""));
    site.expect("orders::f", "2");
    for round in 0..3 {
        site.change(&format!("{}// {round}", orders("\"orders\"")), "reloaded events, orders");
        assert_eq!(site.trace(), "carried events\npublished events, orders");
        assert_eq!(reported(&site), "");
        site.expect("orders::f", "2");
    }
    // A reload that was refused leaves nothing behind.
    let refused = orders("\"orders\"").replace("=== events", "throw \"no\";\n=== events");
    site.write(&format!("{refused}// again"));
    assert!(site.reload().ends_with("orders.rhai:4:1: no"));
    site.change(&format!("{}// at last", orders("\"orders\"")), "reloaded events, orders");
    assert!(!site.trace().contains("code: "));
}

#[test]
fn r50_what_a_module_leaves_behind_that_is_replaced_later_is_told() {
    let key = "`k${events::ON.len}`";
    let site = impatient(&orders(key));
    site.expect("orders::f", "2");
    site.change(&format!("{}// new", orders(key)), "reloaded events, orders");
    let code =
        "is carried over and is a callback of orders.rhai, which is being replaced: it keeps the old code in memory";
    let told = format!("carried events\ncode: events.rhai:1:6: `ON[\"k1\"]` {code}\npublished events, orders");
    assert_eq!(site.trace(), told);
    let held = "retained events by the old instance of orders.rhai from generation 1, which imports it";
    assert_eq!(reported(&site), format!("{held}\nretained orders by `ON[\"k1\"]` in events.rhai"));
}

#[derive(Clone)]
struct Pool;

#[test]
fn r50_types_of_the_host_carry_where_it_says_so() {
    let files = "=== m.rhai\nkeep P = [pool()];\nfn f() { type_of(P[0]) }";
    let open = |builder: samovar_rhai::Builder| {
        builder.register(|engine| {
            engine.register_type_with_name::<Pool>("pool").register_fn("pool", || Pool);
        })
    };
    let marked = Site::with(|builder| open(builder).carryable::<Pool>().strict_carry(true), files);
    marked.expect("m::f", "pool");
    marked.change(&format!("{files} // new"), "reloaded m");
    assert_eq!(marked.trace(), "carried m\npublished m");
    let unmarked = Site::with(open, files);
    unmarked.expect("m::f", "pool");
    unmarked.change(&format!("{files} // new"), "reloaded m");
    let unknown = "is carried over and is a value of type pool, which is not known to outlive a reload";
    assert_eq!(unmarked.trace(), format!("carried m\ncode: m.rhai:1:6: `P[0]` {unknown}\npublished m"));
}

#[test]
fn r50_strict_refuses_as_if_the_hook_had_raised() {
    let files = carrying("[callback(notify)]");
    let site = Site::with(|builder| builder.strict_carry(true), &files);
    site.expect("m::f", "1");
    site.change(&format!("{}// new", files.split("=== lib").next().expect("m")), "reloaded m");
    let help = "carry data, and make functions anew in the new module; or keep them in a library module";
    let failed = format!("carry failed m: m.rhai:5:29: `X[0]` {CODE}; {help}");
    assert_eq!(site.trace(), format!("{failed}\npublished m\npurged m"));
    // A hook can catch it, and carry something else.
    let catching = files
        .replace("next.X = X;", "try { next.X = X; } catch { next.X = [7]; }")
        .replace("{ 1 }", "{ if type_of(X[0]) == \"Fn\" { 1 } else { X[0] } }");
    let site = Site::with(|builder| builder.strict_carry(true), &catching);
    site.expect("m::f", "1");
    site.change(&format!("{}// new", catching.split("=== lib").next().expect("m")), "reloaded m");
    assert_eq!(site.trace(), "carried m\npublished m");
    site.expect("m::f", "7");
}

#[test]
fn r50_strict_holds_for_what_is_kept_without_a_hook() {
    let files = "=== m.rhai\nkeep X = [callback(f)];\nfn f() { 1 }";
    let site = Site::with(|builder| builder.strict_carry(true), files);
    site.expect("m::f", "1");
    site.change(&format!("{files} // new"), "reloaded m");
    assert_eq!(site.trace(), format!("carry failed m: m.rhai:1:6: `X[0]` {CODE}\npublished m\npurged m"));
}

/// A site in which everything that lives on is reported at the next look.
fn impatient(files: &str) -> Site {
    Site::with(|builder| builder.report_retained_after(Duration::ZERO), files)
}

/// What is reported at the next look; and that it is reported once.
#[track_caller]
fn reported(site: &Site) -> String {
    site.trace();
    site.reload();
    let said = site.trace();
    site.reload();
    assert_eq!(site.trace(), "", "once");
    said
}

const LEAKING: &str = "=== m.rhai
import \"./store\" as store;
fn notify(x) { x }
fn f() { 1 }
fn leak() { store::T[\"on_done\"] = [callback(notify)]; }
fn lend() { callback(notify) }
fn leak_value() { store::T[\"module\"] = import_module(\"./m\"); }
=== store.rhai
const T = table();
fn empty() { T.clear() }
";

#[track_caller]
fn reload(site: &Site) {
    site.write(LEAKING.replace("{ 1 }", "{ 2 }").split("=== store").next().expect("m"));
    assert_eq!(site.reload(), "reloaded m");
}

#[test]
fn r51_nothing_is_reported_where_nothing_lives_on() {
    let site = impatient(LEAKING);
    site.expect("m::f", "1");
    reload(&site);
    assert_eq!(reported(&site), "");
    assert_eq!(site.interpreter.status().retained.len(), 0);
}

#[test]
fn r51_a_leak_through_a_callback_in_another_module_s_state() {
    let site = impatient(LEAKING);
    site.expect("m::leak", "");
    reload(&site);
    assert_eq!(reported(&site), "retained m by `T[\"on_done\"][0]` in store.rhai");
    assert_eq!(site.interpreter.status().retained.len(), 1);
    site.expect("store::empty", "");
    assert_eq!(site.interpreter.status().retained.len(), 0, "gone with its holder");
}

#[test]
fn r51_a_leak_through_a_module_value() {
    let site = impatient(LEAKING);
    site.expect("m::leak_value", "");
    reload(&site);
    assert_eq!(reported(&site), "retained m by `T[\"module\"]` in store.rhai");
}

#[test]
fn r51_a_leak_through_carried_state() {
    let files = carrying("cell([callback(notify)])");
    let site = impatient(&files);
    site.expect("m::f", "1");
    site.change(&files.replace("{ 1 }", "{ 2 }"), "reloaded m");
    assert_eq!(reported(&site), "retained m by `X.value[0]` in m.rhai");
}

#[test]
fn r51_a_leak_through_what_a_callback_captured() {
    let site = impatient(
        "=== m.rhai\nfn notify(x) { x }\nfn f() { 1 }\nfn lend() { callback(notify) }
=== store.rhai\nconst T = table();\nfn take() { let inner = import_module(\"./m\")[\"lend\"].call(); T[\"f\"] = callback(|x| inner.call(x)); }",
    );
    site.expect("store::take", "");
    site.change("=== m.rhai\nfn f() { 2 }", "reloaded m");
    assert_eq!(reported(&site), "retained m by `T[\"f\"] (captured value 0)` in store.rhai");
}

#[test]
fn r51_a_leak_through_a_value_of_the_host() {
    let site = impatient(LEAKING);
    let held = site.interpreter.handler("m::lend").expect("found").call::<Dynamic>(()).expect("a callback");
    reload(&site);
    assert_eq!(reported(&site), "retained m by a value, module or generation that the host holds");
    drop(held);
    assert_eq!(site.interpreter.status().retained.len(), 0);
}

#[test]
fn r51_a_generation_that_the_host_holds() {
    let site = impatient(LEAKING);
    site.expect("m::f", "1");
    let held = site.interpreter.handler("m::f").expect("found").pin();
    reload(&site);
    assert_eq!(reported(&site), "retained m by a value, module or generation that the host holds");
    drop(held);
    assert_eq!(site.interpreter.status().retained.len(), 0);
}

#[test]
fn r51_an_old_importer_that_is_held_holds_what_it_imports() {
    let site = impatient(
        "=== c.rhai\nconst X = 1;\n=== m.rhai\nimport \"./c\" as c;\nfn f() { c::X }\nfn lend() { callback(f) }",
    );
    let held = site.interpreter.handler("m::lend").expect("found").call::<Dynamic>(()).expect("a callback");
    site.change("=== c.rhai\nconst X = 2;", "reloaded c, m");
    assert_eq!(
        reported(&site),
        "retained c by the old instance of m.rhai from generation 1, which imports it\n\
         retained m by a value, module or generation that the host holds"
    );
    assert_eq!(site.interpreter.call(&held, ()).expect("it runs").to_string(), "1");
}

#[test]
fn r51_a_request_that_still_runs() {
    let files = "=== m.rhai
const GO = cell(false); const RUNS = cell(false);
fn handler(req) { RUNS.set(true); while !GO.get() { } \"done\" }
fn slow() { handler(()) }
fn let_go() { GO.set(true) }
fn runs() { RUNS.get() }
fn __mp_clone__(next) { next.GO = GO; }";
    let site = impatient(files);
    site.expect("m::runs", "false");
    thread::scope(|scope| {
        let slow = site.interpreter.handler("m::slow").expect("found").time(Duration::from_secs(60));
        let slow = scope.spawn(move || slow.call::<String>(()));
        while site.call("m::runs") != "true" {
            thread::yield_now();
        }
        let new = files.replace("const GO = cell(false);", "const GO = GO;");
        site.change(&new, "reloaded m");
        assert_eq!(reported(&site), "retained m by a call of `slow` in m.rhai, which has been running for 0 s");
        let retained = site.interpreter.status().retained;
        assert!(matches!(&*retained[0].holders, [Holder::Call { .. }]), "{retained:?}");
        site.expect("m::let_go", "");
        assert_eq!(slow.join().expect("ends").as_deref(), Ok("done"));
    });
    assert_eq!(site.interpreter.status().retained.len(), 0);
}

/// Reloads a module that keeps callbacks of its own in handles of its own.
#[track_caller]
fn check_free(own: &str) {
    let files = format!("=== m.rhai\nconst T = table();\nfn g() {{ 1 }}\n{own}\nfn f() {{ fill(); g() }}");
    let site = Site::new(&files);
    for round in 0..5 {
        site.expect("m::f", "1");
        site.change(&format!("{files}// {round}"), "reloaded m");
        assert_eq!(site.interpreter.status().retained.len(), 0, "{own}");
    }
    assert_eq!(site.trace().matches("retained").count(), 0);
}

#[test]
fn an_instance_does_not_keep_itself_alive() {
    check_free("T[\"g\"] = callback(g); fn fill() { T[\"g\"].call() }");
    check_free("fn fill() { T[\"list\"] = [callback(g), #{a: callback(|| g())}]; }");
    check_free("const C = cell(callback(g)); const Q = queue(3); Q.push(C); fn fill() { Q.push(callback(g)); }");
    check_free("const K = cache(3, 60); fn fill() { K.set(\"g\", callback(g)); K.get(\"g\").call() }");
    check_free("fn fill() { let inner = callback(g); T[\"f\"] = callback(|| inner.call()); T[\"t\"] = T; }");
    check_free("on_purge(|| g()); fn fill() { on_purge(callback(g)); T[\"f\"] = callback(g); }");
}

#[test]
fn what_the_new_instance_can_reach_is_left_alone() {
    let files = "=== m.rhai\nkeep T = table();\nfn v() { 1 }\nfn fill() { T[\"f\"] = callback(v); }\nfn old() { T[\"f\"].call() }";
    let site = Site::new(files);
    site.expect("m::fill", "");
    site.change(&files.replace("{ 1 }", "{ 2 }"), "reloaded m");
    site.expect("m::old", "1");
    assert_eq!(site.interpreter.status().retained.len(), 1);
}

#[test]
fn a_thousand_reloads_leave_one_instance() {
    let files =
        "=== c.rhai\nkeep T = table();\nconst OWN = table();\nOWN[\"f\"] = callback(f);\nfn f() { T.incr(\"n\") }
=== m.rhai\nimport \"./c\" as c;\nconst F = callback(|| c::f());\nfn f() { F.call() }";
    let site = Site::new(files);
    for round in 1..=1000 {
        site.expect("m::f", &round.to_string());
        site.write(&format!("=== c.rhai\nkeep T = table();\nconst OWN = table();\nOWN[\"f\"] = callback(f);\nfn f() {{ T.incr(\"n\") }}// {round}"));
        assert_eq!(site.reload(), "reloaded c, m");
    }
    assert_eq!(site.interpreter.status().retained.len(), 0);
}
