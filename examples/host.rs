//! Functions, modules and values of the program's own, for scripts to use. Run it with `cargo run --example host`.

#![allow(clippy::print_stdout, reason = "an example talks to people")]

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use samovar::runtime::{
    Interpreter,
    importer::MemoryTree,
    rhai::{EvalAltResult, Module},
};

/// What is in stock. Scripts hold it, and keep it over reloads, so it must be safe to use from many threads.
#[derive(Clone)]
struct Stock(Arc<AtomicI64>);

impl Stock {
    fn take(&mut self, pieces: i64) -> Result<i64, Box<EvalAltResult>> {
        match self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| (left >= pieces).then(|| left - pieces)) {
            Ok(before) => Ok(before - pieces),
            // An error that the script can catch.
            Err(left) => Err(format!("only {left} pieces are left").into()),
        }
    }
}

const SCRIPT: &str = r#"
import "warehouse" as warehouse;

keep STOCK = warehouse::open(10);

fn order(pieces) {
    `${shout("thank you")}, ${STOCK.take(pieces)} are left`
}
"#;

fn interpreter(scripts: MemoryTree) -> Interpreter {
    // A module that scripts import by its name. No file can take its place, and it is never reloaded.
    let mut warehouse = Module::new();
    warehouse.set_native_fn("open", |pieces: i64| Ok(Stock(Arc::new(AtomicI64::new(pieces)))));
    Interpreter::builder("host")
        .module("warehouse", warehouse)
        // Types, their methods, and functions that need no import.
        .register(|engine| {
            engine.register_type_with_name::<Stock>("stock").register_fn("take", Stock::take);
            engine.register_fn("shout", |text: &str| text.to_uppercase());
        })
        // `keep` and hooks may hand a `Stock` from one version of a script to the next.
        .carryable::<Stock>()
        .build_on(scripts, Some("/scripts".as_ref()))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scripts = MemoryTree::default();
    scripts.write("/scripts/shop.rhai", SCRIPT);
    let interpreter = interpreter(scripts);
    let order = interpreter.handler("shop::order")?;
    for pieces in [3, 4, 5] {
        match order.call::<String>((pieces,)) {
            Ok(answer) => println!("{answer}"),
            Err(error) => println!("{error}"),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_use_what_the_host_offers_and_keep_it() {
        main().expect("it runs");
        let scripts = MemoryTree::default();
        scripts.write("/scripts/shop.rhai", SCRIPT);
        let interpreter = interpreter(scripts.clone());
        let order = interpreter.handler("shop::order").expect("found");
        assert_eq!(order.call::<String>((3,)).expect("called"), "THANK YOU, 7 are left");
        scripts.write("/scripts/shop.rhai", SCRIPT.replace("are left", "remain"));
        let _ = interpreter.reload();
        assert_eq!(order.call::<String>((4,)).expect("called"), "THANK YOU, 3 remain");
        let error = order.call::<String>((5,)).expect_err("too many").to_string();
        assert!(error.contains("shop.rhai:7:") && error.contains("only 3 pieces are left"), "{error}");
    }
}
