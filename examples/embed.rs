//! A program with an HTTP route and a price list, both scripted, both reloading while it runs.
//!
//! Run it with `cargo run --example embed`, open <http://127.0.0.1:3000/hello?name=Ada>, edit `examples/scripts/hello.rhai`
//! and open it again.

#![allow(clippy::print_stdout, reason = "an example talks to people")]

use axum::{Router, routing::get};
use samovar::{HandlerService, runtime::Interpreter};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/scripts");
    let interpreter = Interpreter::builder("embedded").root(scripts).build()?;

    // A scripted function, with no HTTP at all.
    let total = interpreter.handler("price::total")?;
    println!("3 at 14 each come to {}", total.call::<i64>((3, 14)).map_err(|error| error.render(true))?);

    // One route is a script; the others are the program's own.
    let hello = HandlerService::new(interpreter.handler("hello")?)?;
    let app = Router::new().route("/", get(|| async { "Try /hello?name=Ada" })).route_service("/hello", hello);

    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
