//! Limits of one place, in an interpreter whose host has functions and types of its own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use samovar_rhai::{
    Builder, Limits,
    importer::{Limit, Remedy},
    rhai::Engine,
};

use crate::site::Site;

/// A value of the host's.
#[derive(Clone)]
struct Price(i64);

/// What a host registers; `engines` counts how often.
fn registering(builder: Builder, engines: &Arc<AtomicUsize>) -> Builder {
    let engines = engines.clone();
    builder.register(move |engine: &mut Engine| {
        engines.fetch_add(1, Ordering::SeqCst);
        engine.register_type_with_name::<Price>("price");
        engine.register_fn("price", Price);
        engine.register_get("cents", |price: &mut Price| price.0);
    })
}

#[test]
fn functions_of_the_host_are_seen_under_each_set_of_limits() {
    let engines = Arc::new(AtomicUsize::new(0));
    let text = "=== m.rhai\nconst P = price(7);\n\
                fn sum(n) { let sum = 0; for i in 0..n { sum += price(i).cents; } sum + P.cents }\n\
                fn kind() { type_of(P) }";
    let site = Site::with(|builder| registering(builder, &engines), text);
    let wide = site.interpreter.handler("m::sum").expect("found").time(Duration::from_secs(60));
    let few = Limits { operations: 500, ..Limits::default() };
    let narrow = wide.clone().limits(&few);
    assert_eq!(wide.call::<i64>((1000,)).expect("enough"), 499_507);
    assert_eq!(narrow.call::<i64>((10,)).expect("enough"), 52);
    let error = narrow.call::<i64>((1000,)).expect_err("too many");
    assert_eq!(error.help[0].remedy, Some(Remedy::Limit(Limit::Operations)), "{error}");
    let kind = site.interpreter.handler("m::kind").expect("found").limits(&few);
    assert_eq!(kind.call::<String>(()).expect("it returns"), "price");
    assert_eq!(engines.load(Ordering::SeqCst), 2, "one for each set of limits that is in use");
}

#[test]
fn a_host_with_functions_of_its_own_sets_what_loading_may_use_up() {
    let engines = Arc::new(AtomicUsize::new(0));
    let text = "=== m.rhai\nfn f() { 1 }\n";
    let long =
        |name: &str| format!("=== {name}.rhai\nlet n = 0; while n < 1000 {{ n += price(1).cents; }}\nfn f() {{ n }}\n");
    let site = Site::with(|builder| registering(builder, &engines), &format!("{text}{}{}", long("n"), long("o")));
    let m = site.interpreter.handler("m::f").expect("found");
    assert_eq!(m.call::<i64>(()).expect("it returns"), 1);
    site.interpreter.set_limits(&Limits { operations: 500, ..Limits::default() });
    let error = site.interpreter.handler("n::f").expect("found").load().expect_err("too many");
    assert_eq!(error.help[0].remedy, Some(Remedy::Limit(Limit::Operations)), "{error}");
    site.interpreter.set_limits(&Limits::default());
    assert_eq!(site.interpreter.handler("o::f").expect("found").call::<i64>(()).expect("it returns"), 1000);
    assert_eq!(m.call::<i64>(()).expect("a handler has the limits that it was made with"), 1);
}
