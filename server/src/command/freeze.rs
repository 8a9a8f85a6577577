//! `samovar freeze`: ends reloading until the server is restarted.

use clap::Args;
use serde_json::json;

use super::{
    Failure,
    server::{Server, interpreters, print, text},
};

/// End all reloading until the server is restarted. This cannot be undone.
///
/// What is served stays as it is now, also scripts that nobody has asked for yet: they are loaded as they were when reloading
/// ended. A script that is new since then is loaded as it is, with a warning. Static files are served as they are on disk.
/// Interpreters that start later are not frozen.
#[derive(Args)]
pub(crate) struct Freeze {
    #[command(flatten)]
    server: Server,
    /// Only this interpreter, instead of all that run.
    interpreter: Option<String>,
}

pub(crate) fn run(arguments: &Freeze) -> Result<(), Failure> {
    let answer = arguments.server.ask(json!({"command": "freeze", "interpreter": arguments.interpreter}))?;
    if interpreters(&answer).next().is_none() {
        return Err(Failure("error: no interpreter is running yet: nothing was frozen".into()));
    }
    for interpreter in interpreters(&answer) {
        let (name, generation) = (text(&interpreter["name"]), &interpreter["generation"]);
        let how = if interpreter["already"] == true { "was frozen already" } else { "frozen" };
        print(&format!("{name}: {how}, generation {generation} stays until the server is restarted"));
    }
    Ok(())
}
