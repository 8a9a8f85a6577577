//! What the commands that ask a running server have in common.

use std::{
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use samovar::{
    control::ControlSocket,
    program::{Answered, AskError, ask},
};
use samovar_importer::normalize;
use serde_json::Value;

use super::Failure;

/// How long a server may take to report its status: monitoring must notice one that hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which server is asked.
#[derive(Args)]
#[command(after_long_help = PLACES)]
pub(crate) struct Server {
    /// The site, as it was given to `samovar serve`.
    #[arg(default_value = ".")]
    site: PathBuf,
    /// The server's control socket, if it is not at the usual place.
    #[arg(long, value_name = "SOCKET")]
    control: Option<PathBuf>,
    /// Define a name for the configuration, as for `samovar serve`.
    #[arg(short = 'D', value_name = "NAME[=VALUE]")]
    define: Vec<String>,
}

const PLACES: &str = "\
Where the server is looked for, in this order:
  1. the socket of --control
  2. that of `ControlSocket` in the configuration of SITE
  3. $XDG_RUNTIME_DIR/samovar, or samovar-UID in the temporary directory where there is none
  4. for root: the same directories of all other users, /run/user/*/samovar and samovar-* in /tmp

In 3 and 4, the name of the socket is made of the path of SITE as it was typed.";

impl Server {
    /// Asks, and waits until the server is done.
    pub(crate) fn ask(&self, request: Value) -> Result<Value, Failure> {
        self.ask_within(None, request)
    }

    /// Asks for an answer that needs no work.
    pub(crate) fn ask_at_once(&self, request: Value) -> Result<Value, Failure> {
        self.ask_within(Some(PATIENCE), request)
    }

    fn ask_within(&self, patience: Option<Duration>, request: Value) -> Result<Value, Failure> {
        let address = match &self.control {
            Some(socket) => ControlSocket::at(socket),
            None => ControlSocket::find(&self.site, &self.define)
                .map_err(|error| Failure(format!("error: {}: {error}", self.site.display())))?,
        };
        let Answered { answer, socket, other_user } = ask(&address, request, patience)
            .map_err(|error| Failure(format!("error: {error}{}", self.help(&error))))?;
        if let Some(user) = other_user {
            let _ = writeln!(std::io::stderr(), "note: it is the server of user {user}, at {}", socket.display());
        }
        Ok(answer)
    }

    fn help(&self, error: &AskError) -> String {
        match error {
            AskError::NoServer { .. } if self.control.is_none() => {
                let site = self.site.display();
                format!(
                    "\nhelp: start one with `samovar serve {site}`; that of another user is found by root, or at its `ControlSocket`"
                )
            }
            AskError::NoServer { .. } => "\nhelp: is it the path that `samovar serve --control` was given?".into(),
            AskError::Several { .. } => "\nhelp: choose one of them with --control".into(),
            AskError::Connection { reason, .. } if reason.kind() == std::io::ErrorKind::PermissionDenied => {
                "\nhelp: only the user that runs the server, and root, may ask it".into()
            }
            _ => String::new(),
        }
    }

    /// An answer for people: with the paths in it as they are seen from the site. Diagnostics keep theirs, for those who
    /// jump to them from a terminal.
    pub(crate) fn shorten(&self, answer: &mut Value) {
        match answer {
            Value::String(text) => *text = self.shorten_text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.shorten(item)),
            Value::Object(fields) => {
                let fields = fields.iter_mut().filter(|(name, _)| *name != "rendered");
                fields.for_each(|(_, value)| self.shorten(value));
            }
            _ => {}
        }
    }

    fn shorten_text(&self, text: &str) -> String {
        let absolute = std::path::absolute(&self.site).unwrap_or_else(|_| self.site.clone());
        let mut text = text.replace("registered:", "");
        for site in [normalize(&absolute), self.site.canonicalize().unwrap_or_default()] {
            let site = if site.is_file() { site.parent().unwrap_or(Path::new("")) } else { &site };
            if site.parent().is_some() {
                text = text.replace(&format!("{}/", site.display()), "");
            }
        }
        text
    }
}

/// Writes to standard output. A closed pipe is no error.
pub(crate) fn print(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
}

/// Writes JSON, indented.
pub(crate) fn print_json(value: &Value) {
    print(&format!("{value:#}"));
}

/// The interpreters in an answer.
pub(crate) fn interpreters(answer: &Value) -> impl Iterator<Item = &Value> {
    list(&answer["interpreters"])
}

pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// How many diagnostics are shown.
const SHOWN: usize = 10;

/// Diagnostics as text for people.
pub(crate) fn rendered(diagnostics: &[&Value]) -> String {
    let mut drawn: Vec<_> =
        diagnostics.iter().take(SHOWN).map(|diagnostic| text(&diagnostic["rendered"]).to_owned()).collect();
    if let Some(more) = diagnostics.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        drawn.push(format!("and {more} more; --json lists them all"));
    }
    drawn.join("\n\n")
}

/// `1 module`, `2 modules`.
pub(crate) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A duration in words.
pub(crate) fn ago(milliseconds: f64) -> String {
    let seconds = milliseconds / 1000.0;
    match seconds {
        ..1.0 => format!("{milliseconds:.0} ms"),
        ..120.0 => format!("{seconds:.0} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        ..172_800.0 => format!("{:.0} h", seconds / 3600.0),
        _ => format!("{:.0} days", seconds / 86_400.0),
    }
}

/// Rows with aligned columns, indented; the last column is not padded.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let cells = |column: usize| rows.iter().filter_map(move |row: &Vec<String>| row.get(column));
    let width = |column: usize| cells(column).map(|cell| cell.chars().count()).max();
    let widths: Vec<_> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(line, "  {cell:width$}");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
