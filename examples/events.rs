//! Everything that happens in an interpreter, as events. Run it with `cargo run --example events`, and save
//! `examples/scripts/price.rhai`, right or wrong.

#![allow(clippy::print_stdout, reason = "an example talks to people")]

use samovar::runtime::{Interpreter, importer::Event};

/// A line for those that an operator wants to know of.
fn describe(event: &Event) -> Option<String> {
    Some(match event {
        Event::Published { generation, modules, reload: true, took } => {
            format!("generation {generation}: {} modules reloaded in {took:?}", modules.len())
        }
        Event::Refused { generation, diagnostics } => {
            let errors: Vec<_> = diagnostics.iter().map(ToString::to_string).collect();
            format!("refused, generation {generation} is served on: {}", errors.join("; "))
        }
        Event::CarryFailed { path, diagnostic } => format!("{} lost its state: {diagnostic}", path.display()),
        Event::Retained(retained) => format!("old code is still in memory: {retained:?}"),
        _ => return None,
    })
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let interpreter = Interpreter::builder("events").root("examples/scripts").build()?;
    let events = interpreter.subscribe();
    interpreter.handler("price::total")?.load()?;
    // Events are kept until they are taken, so a subscriber must take them.
    for line in events.iter().filter_map(|event| describe(&event)) {
        println!("{line}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use samovar::runtime::importer::MemoryTree;

    use super::*;

    #[test]
    fn reloads_and_refusals_are_described() {
        let scripts = MemoryTree::default();
        scripts.write("/scripts/a.rhai", "fn f() { 1 }");
        let interpreter = Interpreter::builder("events").build_on(scripts.clone(), Some("/scripts".as_ref()));
        let events = interpreter.subscribe();
        interpreter.handler("a::f").expect("found").load().expect("loaded");
        for text in ["fn f() { 2 }", "fn f( { 2 }"] {
            scripts.write("/scripts/a.rhai", text);
            let _ = interpreter.reload();
        }
        let lines: Vec<_> = events.try_iter().filter_map(|event| describe(&event)).collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("generation 2: 1 modules reloaded in "), "{lines:?}");
        assert!(lines[1].starts_with("refused, generation 2 is served on: /scripts/a.rhai:1:"), "{lines:?}");
    }
}
