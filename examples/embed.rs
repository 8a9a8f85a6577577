//! A program with an HTTP route that is a script. Run it with `cargo run --example embed`, open
//! <http://127.0.0.1:3000/hello?name=Ada>, edit `examples/scripts/hello.rhai` and open it again.

#![allow(clippy::print_stdout, reason = "an example talks to people")]

use axum::{Router, routing::get};
use samovar::{HandlerService, runtime::Interpreter};

fn router(interpreter: &Interpreter) -> Result<Router, Box<dyn std::error::Error>> {
    let hello = HandlerService::new(interpreter.handler("hello")?)?;
    let home = get(|| async { "Try /hello?name=Ada" });
    Ok(Router::new().route("/", home).route_service("/hello", hello))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let interpreter = Interpreter::builder("embed").root("examples/scripts").build()?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, router(&interpreter)?).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn the_route_answers() {
        let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/scripts");
        let interpreter = Interpreter::builder("embed").root(scripts).build().expect("a directory");
        let request = http::Request::get("/hello?name=Ada").body(Body::empty()).expect("a request");
        let response = router(&interpreter).expect("a router").oneshot(request).await.expect("an answer");
        assert_eq!(to_bytes(response.into_body(), 1000).await.expect("a body"), "Hello, Ada! You are number 1.");
    }
}
