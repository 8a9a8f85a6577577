//! A worker whose rules are a script, with no HTTP at all. Run it with `cargo run --example worker`, and edit
//! `examples/scripts/price.rhai` meanwhile: each order is priced by the newest rules.

#![allow(clippy::print_stdout, reason = "an example talks to people")]

use std::{sync::mpsc, thread, time::Duration};

use samovar::runtime::Interpreter;

struct Order {
    pieces: i64,
    each: i64,
}

/// Prices orders until no more come, and returns what they come to together.
fn work(interpreter: &Interpreter, orders: &mpsc::Receiver<Order>) -> Result<i64, Box<dyn std::error::Error>> {
    // Found once and called often: each call runs the newest version of the script.
    let total = interpreter.handler("price::total")?.time(Duration::from_millis(50));
    let mut sum = 0;
    for Order { pieces, each } in orders {
        match total.call::<i64>((pieces, each)) {
            Ok(price) => {
                println!("{pieces} at {each}: {price}");
                sum += price;
            }
            // A script that fails costs one order, and says where it failed.
            Err(error) => println!("{}", error.render(false)),
        }
    }
    Ok(sum)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let interpreter = Interpreter::builder("worker").root("examples/scripts").build()?;
    let (send, orders) = mpsc::channel();
    thread::spawn(move || {
        for pieces in 1..=30 {
            let _ = send.send(Order { pieces, each: 14 });
            thread::sleep(Duration::from_secs(1));
        }
    });
    println!("together {}", work(&interpreter, &orders)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_priced() {
        let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/scripts");
        let interpreter = Interpreter::builder("worker").root(scripts).build().expect("a directory");
        let (send, orders) = mpsc::channel();
        for pieces in [1, 3] {
            send.send(Order { pieces, each: 14 }).expect("taken");
        }
        drop(send);
        assert_eq!(work(&interpreter, &orders).expect("found"), 14 + 28);
    }
}
