//! The visible state of an interpreter: its status, its graph, and what holds replaced instances.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use samovar_importer::{Event, Holder, ModuleStatus, Reason, Record, State, Watch, dot, dot_all};

use crate::toy::Site;

fn names<'a>(paths: impl IntoIterator<Item = &'a Arc<Path>>) -> String {
    let names = paths.into_iter().map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned());
    names.collect::<Vec<_>>().join(" ")
}

#[test]
fn r54_the_status_of_an_interpreter_and_of_each_module() {
    let site = Site::new("h: child a; child host; child a; version 1\na: version 1\nbad: broken");
    site.load("h");
    let request = site.pin();
    let h = site.load("h");
    request.import(Some(&h.value().importer), "a", &Default::default()).expect("a friend that is a child");
    site.write("b: version 1");
    request.import(Some(&h.value().importer), "b", &Default::default()).expect("a friend");
    assert!(site.import("bad").is_err());
    let status = site.registry.status();
    assert_eq!((&*status.interpreter, status.generation, status.frozen), ("test", 2, false));
    assert_eq!(names(status.modules.iter().map(|it| &it.path)), "a b bad h registered:host");
    let of = |name: &str| {
        status.modules.iter().find(|it| it.path.file_stem().is_some_and(|stem| stem == name)).expect("listed").clone()
    };
    assert_eq!((names(&of("h").children), names(&of("h").friends)), ("a registered:host".into(), "b".into()));
    assert_eq!(of("h").record.expect("loaded").instances, 1);
    assert!(of("registered:host").library && !of("h").library);
    assert!(matches!(of("bad").state, State::Failed(_)) && of("bad").record.is_none());
    assert_eq!(
        (status.counts.first_loads, status.counts.failed_loads, status.counts.runs, status.counts.reloads),
        (2, 1, 3, 0)
    );
    assert!(status.latest.is_none() && status.refusals.is_empty() && status.retained.is_empty());
    assert_eq!(status.watch, Watch::Off);
    assert_eq!(site.registry.name(), "test");

    site.write("a: broken");
    site.check();
    let status = site.registry.status();
    assert_eq!((status.refusals.len(), status.counts.refused), (1, 1), "one change, though two modules wait for it");
    let h = status.modules.iter().find(|it| it.path.ends_with("h.toy")).expect("listed");
    assert!(matches!(h.state, State::Stale(_)));
    assert_eq!(h.last_good_since(), h.record.as_ref().map(|record| record.loaded));
    site.write("a: version 2");
    site.check();
    let status = site.registry.status();
    let latest = status.latest.expect("a reload");
    assert_eq!((latest.generation, status.generation, status.counts.reloads), (3, 3, 1));
    let h = status.modules.iter().find(|it| it.path.ends_with("h.toy")).expect("listed");
    let record = h.record.as_ref().expect("loaded");
    assert_eq!((record.instances, record.generation, record.reason.to_string()), (2, 3, "/s/a.toy changed".into()));
    site.registry.freeze();
    assert!(site.registry.status().frozen);
}

fn drawn(path: &str, state: State, record: Option<Record>, library: bool, to: [&[&str]; 2]) -> ModuleStatus {
    let [children, friends] = to.map(|paths| paths.iter().map(|path| Path::new(path).into()).collect());
    ModuleStatus { path: Path::new(path).into(), state, record, library, children, friends }
}

#[test]
fn r53_the_graph_in_the_language_of_graphviz() {
    let record = Record {
        generation: 4,
        instances: 2,
        loaded: UNIX_EPOCH + Duration::from_secs(86_400),
        took: Duration::from_micros(1_500),
        reason: Reason::First,
    };
    let wrong: Arc<[_]> = Arc::new([samovar_importer::Diagnostic::error("no")]);
    let modules = [
        drawn(
            "/s/in\"dex.toy",
            State::UpToDate,
            Some(record),
            false,
            [&["/s/lib/a.toy", "/s/unknown.toy"], &["registered:host"]],
        ),
        drawn("/s/lib/a.toy", State::Stale(wrong.clone()), None, false, [&[], &[]]),
        drawn("/s/lib/b.toy", State::Failed(wrong[0].clone()), None, false, [&[], &[]]),
        drawn("/s/lib/c.toy", State::UpToDate, None, true, [&[], &[]]),
        drawn("registered:host", State::UpToDate, None, true, [&[], &[]]),
    ];
    let without_head = |text: String| {
        let lines =
            text.lines().filter(|line| !line.starts_with("  ") || line.contains("->") || line.contains("label="));
        lines.map(str::trim).collect::<Vec<_>>().join("\n")
    };
    let edges =
        "\"PREin\\\"dex.toy\" -> \"PRElib/a.toy\";\n\"PREin\\\"dex.toy\" -> \"PREregistered:host\" [style=dotted];";
    let lib = "label=\"lib\"; fillcolor=\"#f6f6f6\";\n\
        \"PRElib/a.toy\" [label=\"a.toy\"; fillcolor=\"#ffe2a8\"; tooltip=\"stale\"];\n\
        \"PRElib/b.toy\" [label=\"b.toy\"; fillcolor=\"#f7b8b0\"; tooltip=\"failed\"];\n\
        \"PRElib/c.toy\" [label=\"c.toy\"; fillcolor=\"#e6eef7\"];";
    let index = "\"PREin\\\"dex.toy\" [label=\"in\\\"dex.toy\"];";
    let host = "\"PREregistered:host\" [label=\"host\"; shape=component; style=filled; fillcolor=\"#e6eef7\"];";
    let expected = format!("digraph \"main\" {{\n{index}\n{host}\n{lib}\n{edges}\n}}").replace("PRE", "");
    assert_eq!(without_head(dot("main", &modules, false)), expected);
    let verbose = "[label=\"in\\\"dex.toy\\ngeneration 4, load 2\\n1970-01-02T00:00:00.000Z in 1.5 ms\"];";
    assert!(dot("main", &modules, true).contains(verbose), "{}", dot("main", &modules, true));
    let all = dot_all("all", [("one", &modules[..]), ("two", &modules[..1])], false);
    let of = |name: &str, text: &str| text.replace("PRE", &format!("{name}: "));
    let expected = format!(
        "digraph \"all\" {{\nlabel=\"one\"; fillcolor=white;\n{}\nlabel=\"two\"; fillcolor=white;\n{}\n}}",
        of("one", &format!("{index}\n{host}\n{lib}\n{edges}")),
        of("two", index),
    );
    assert_eq!(without_head(all), expected);
}

#[test]
fn r51_who_holds_what_was_replaced() {
    let site = Site::new("h: child a; version 1\na: version 1");
    let (h, a) = (site.load("h"), site.load("a"));
    site.write("a: version 2");
    site.check();
    assert_eq!(site.registry.retained_count(), 2);
    let retained = site.registry.retained();
    assert_eq!(names(retained.iter().map(|it| &it.path)), "a h");
    assert_eq!((retained[0].instance, retained[1].instance), (a.instance(), h.instance()));
    // The host holds both; the one that an old importer holds as well has a known holder.
    assert_eq!(retained[0].holders, [Holder::Importer { path: h.path().clone(), generation: 1 }]);
    assert_eq!(retained[1].holders, [Holder::Host]);
    let said: Vec<_> = retained.iter().map(|it| it.holders[0].to_string()).collect();
    assert_eq!(
        said,
        [
            "the old instance of /s/h.toy from generation 1, which imports it",
            "a value, module or generation that the host holds",
        ]
    );
    assert!(retained[0].record.generation == 1 && retained[0].replaced <= std::time::SystemTime::now());

    // Reported once each, and not before the grace is over.
    let events = site.registry.subscribe();
    let told = || events.try_iter().filter(|event| matches!(event, Event::Retained(_))).count();
    site.check();
    assert_eq!(told(), 0);
    site.registry.report_retained_after(Duration::ZERO);
    site.check();
    assert_eq!(told(), 2);
    site.check();
    assert_eq!(told(), 0);
    drop(h);
    drop(a);
    assert_eq!(site.registry.retained_count(), 0);
    // An instance that is replaced later does not follow the newest ones.
    site.write("a: version 3");
    site.check();
    assert_eq!(site.registry.retained_count(), 0);
}

#[test]
fn r51_an_old_importer_is_told_of_what_it_had_and_of_nothing_newer() {
    let site = Site::new("h: child a; version 1\na: version 1");
    let h = site.load("h");
    site.write("a: version 2");
    site.check();
    let a = site.load("a");
    site.write("a: version 3");
    site.check();
    let of_a: Vec<_> = site.registry.retained().into_iter().filter(|it| it.instance == a.instance()).collect();
    assert_eq!(of_a[0].holders, [Holder::Host], "the importer that is held is older than this instance");
    drop(h);
}

#[test]
fn what_holds_old_code_is_told_in_words() {
    let call = Holder::Call { what: "GET /cart".into(), since: std::time::SystemTime::now() };
    assert_eq!(call.to_string(), "GET /cart, which has been running for 0 s");
    let state = Holder::State { path: Path::new("/s/a.toy").into(), place: "cache[\"on\"]".into() };
    assert_eq!(state.to_string(), "`cache[\"on\"]` in /s/a.toy");
}

#[test]
fn r51_code_that_is_held_without_its_module() {
    let site = Site::new("a: version 1");
    let code = site.load("a").value().code.clone();
    site.write("a: version 2");
    site.check();
    assert_eq!(site.registry.retained_count(), 1);
    drop(code);
    assert_eq!(site.registry.retained_count(), 0);
}

#[test]
fn r53_a_request_describes_what_it_sees() {
    let site = Site::new("h: version 1\njoins: version 1");
    site.load("h");
    let request = site.pin();
    request.import(None, "~/joins", &Default::default()).expect("loaded");
    assert_eq!(names(request.describe().iter().map(|it| &it.path)), "h joins");
    assert_eq!(names(request.describe().iter().map(|it| &it.path)), "h joins");
    site.write("later: version 1");
    site.load("later");
    assert_eq!(names(request.describe().iter().map(|it| &it.path)), "h joins");
}

#[test]
fn what_happened_is_counted() {
    let site = Site::new("a: carry; version 1\nb: carry raise; version 1");
    site.registry.set_grace(Duration::ZERO);
    site.load("a");
    site.load("b");
    site.write("a: version 2\nb: version 2");
    site.check();
    site.remove("b");
    site.check();
    site.check();
    let counts = site.registry.status().counts;
    assert_eq!((counts.carried, counts.carry_failed, counts.dropped), (1, 1, 1));
    assert_eq!((counts.first_loads, counts.runs, counts.refused, counts.failed_loads), (2, 4, 0, 0));
}

#[test]
fn r50_what_is_told_of_code_in_state_is_an_event() {
    let site = Site::new("a: version 1");
    let a = site.load("a");
    let events = site.registry.subscribe();
    site.pin().tell_of_code(a.path(), samovar_importer::Diagnostic::error("code"));
    let told = |event: Event| matches!(event, Event::CodeCarried { path, diagnostic } if path == *a.path() && diagnostic.message == "code");
    assert_eq!(events.try_iter().map(told).collect::<Vec<_>>(), [true]);
}

#[test]
fn a_view_says_what_it_is_of() {
    let site = Site::new("a: version 1\nb: version 1");
    let before = site.pin();
    let a = site.load("a");
    let after = site.pin();
    assert_eq!((before.generation(), after.generation()), (0, 1));
    assert!(after.registry_id() == site.registry.id() && Arc::ptr_eq(after.scope(), &site.scope));
    assert!(before.get(a.id()).is_none() && before.modules().is_empty());
    assert!(after.instance(a.id(), a.instance()).is_some());
    let b = after.import(None, "~/b", &Default::default()).expect("loaded");
    assert!(after.instance(a.id(), b.instance()).is_none() && after.instance(b.id(), b.instance()).is_some());
    assert_eq!((after.modules().len(), after.generation()), (2, 1));
    let scope = Arc::new(samovar_importer::Scope::new("other").handler_root("/s"));
    let other = after.under(scope.clone());
    assert!(Arc::ptr_eq(other.scope(), &scope) && other.get(b.id()).is_some(), "what has joined is there");
}

#[test]
fn r32_who_wants_to_see_refusals_gets_them() {
    let site = Site::new("a: version 1");
    let a = site.load("a");
    let scope = Arc::new(samovar_importer::Scope::new("debug").handler_root("/s").show_refusals(true));
    let ask = || site.registry.pin(&scope).import(None, "~/a", &Default::default());
    assert!(ask().is_ok());
    site.write("a: broken");
    site.check();
    assert_eq!(ask().map(|_| ()).expect_err("refused").to_string(), "/s/a.toy is broken");
    assert_eq!(site.registry.refusal(a.id()).expect("refused").len(), 1);
    assert_eq!(site.load("a").instance(), a.instance(), "nobody else sees anything of it");
    site.write("a: version 1");
    site.check();
    assert!(ask().is_ok() && site.registry.refusal(a.id()).is_none());
}

#[test]
fn r52_what_a_loader_warns_of_is_told_once_it_is_served() {
    let site = Site::new("a: warn odd; version 1\nb: warn odd");
    let events = site.registry.subscribe();
    let warned = || {
        let warned = events.try_iter().filter_map(|event| match event {
            Event::Warned { generation, diagnostics } => Some((generation, diagnostics[0].message.clone())),
            _ => None,
        });
        warned.collect::<Vec<_>>()
    };
    site.load("a");
    assert_eq!(warned(), [(1, "odd".to_owned())]);
    site.load("b");
    assert_eq!(warned(), [(2, "odd".to_owned())]);
    site.write("a: version 2");
    site.check();
    assert_eq!(warned(), []);
}

#[test]
fn r51_what_is_replaced_or_held_too_long_or_ended_lets_go_of_itself() {
    let site = Site::new("h: child a; version 1\na: version 1");
    let old = site.load("h");
    let released = || site.registry.loader().released.swap(0, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(released(), 0);
    site.write("a: version 2");
    site.check();
    // The other instance is no longer held when it is replaced, or the host's module holds it.
    assert_eq!(released(), 2);
    site.registry.report_retained_after(Duration::ZERO);
    site.check();
    assert_eq!(released(), 2, "and once more before it is told who holds it");
    drop(old);
    site.registry.shut_down();
    assert_eq!(released(), 2);
}
