//! Scripts tested without files and without waiting: texts in memory, and reloads when the test says so. It is a test of the
//! package `samovar`: `cargo test -p samovar --test testing`.

use samovar::runtime::{
    Interpreter,
    importer::{Event, MemoryTree, Outcome},
};

type Result = std::result::Result<(), Box<dyn std::error::Error>>;

#[test]
fn three_for_the_price_of_two() -> Result {
    let scripts = MemoryTree::default();
    scripts.write("/scripts/price.rhai", include_str!("scripts/price.rhai"));
    let interpreter = Interpreter::builder("test").build_on(scripts, Some("/scripts".as_ref()));
    let total = interpreter.handler("price::total")?;
    assert_eq!(total.call::<i64>((3, 14))?, 28);
    Ok(())
}

#[test]
fn state_outlives_a_change_and_a_mistake_changes_nothing() -> Result {
    let scripts = MemoryTree::default();
    scripts.write("/scripts/count.rhai", "keep N = counter();\nfn next() { N.incr() }");
    let interpreter = Interpreter::builder("test").build_on(scripts.clone(), Some("/scripts".as_ref()));
    let events = interpreter.subscribe();
    let next = interpreter.handler("count::next")?;
    assert_eq!(next.call::<i64>(())?, 1);

    // Nothing looks for changes by itself: the test says when.
    scripts.write("/scripts/count.rhai", "keep N = counter();\nfn next() { 10 * N.incr() }");
    assert!(matches!(interpreter.reload(), Outcome::Published { .. }));
    assert_eq!(next.call::<i64>(())?, 20);

    scripts.write("/scripts/count.rhai", "keep N = counter(;");
    assert!(matches!(interpreter.reload(), Outcome::Refused(..)));
    assert_eq!(next.call::<i64>(())?, 30);
    assert!(events.try_iter().any(|event| matches!(event, Event::Refused { .. })));
    Ok(())
}
