//! `samovar graph`: which modules import which, for Graphviz or for programs.

use clap::Args;
use serde_json::json;

use super::{
    Failure,
    server::{Server, print, print_json, text},
};

/// Draw which modules import which: pipe it into `dot -Tsvg`.
///
/// Children, imported while a module loads, have solid lines; friends, imported while requests run, dotted ones.
#[derive(Args)]
pub(crate) struct Graph {
    #[command(flatten)]
    server: Server,
    /// Only this interpreter.
    #[arg(long, value_name = "NAME")]
    interpreter: Option<String>,
    /// Add when and how often each module was loaded.
    #[arg(long, short)]
    verbose: bool,
    /// Write JSON, for programs.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Graph) -> Result<(), Failure> {
    let Graph { server, interpreter, verbose, json } = arguments;
    let mut answer = server.ask_at_once(json!({"command": "graph", "interpreter": interpreter, "verbose": verbose}))?;
    if !json {
        print(text(&answer["dot"]));
        return Ok(());
    }
    answer.as_object_mut().map(|answer| answer.remove("dot"));
    print_json(&answer);
    Ok(())
}
