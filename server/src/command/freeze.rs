//! `samovar freeze`: ends reloading until the server is restarted.

use clap::Args;
use serde_json::json;

use super::{
    Failure,
    server::{Server, interpreters, print, text},
};

/// End all reloading until the server is restarted. This cannot be undone.
///
/// All scripts stay as they are now. One that nobody has asked for yet is loaded as it was when reloading ended; one that is
/// new since then is loaded as it is, with a warning. Static files are not frozen, nor are interpreters that start later.
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
