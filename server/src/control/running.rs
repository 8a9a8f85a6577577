//! The answers of a server to commands.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Instant, SystemTime},
};

use samovar_importer::{Status, dot, dot_all};
use samovar_rhai::{Interpreter, graph_json};
use serde_json::{Value, json};

use super::{problems::problems, protocol::VERSION, report};
use crate::site::Site;

/// A site that is being served, and when that began.
pub struct Running {
    site: Arc<Site>,
    listens: Vec<SocketAddr>,
    started: SystemTime,
    since: Instant,
}

impl Running {
    /// A site that is served from now on, at these addresses; once it accepts connections, its own addresses count.
    #[must_use]
    pub fn new(site: Arc<Site>, listens: impl IntoIterator<Item = SocketAddr>) -> Self {
        let listens = listens.into_iter().collect();
        Self { site, listens, started: SystemTime::now(), since: Instant::now() }
    }

    /// Answers a line of the protocol.
    ///
    /// # Errors
    /// It is not a valid request, or the command failed: the reason, for people.
    pub fn answer_line(&self, line: &str) -> Result<Value, String> {
        let request: Value = serde_json::from_str(line).map_err(|error| format!("the request is no JSON: {error}"))?;
        match request["samovar"].as_u64() {
            Some(VERSION) => {}
            _ => return Err(format!("the server speaks version {VERSION} of the protocol; use its own `samovar`")),
        }
        let interpreters = self.chosen(request["interpreter"].as_str())?;
        let colour = request["colour"] == true;
        match request["command"].as_str() {
            Some("status") => Ok(self.status(&interpreters, colour)),
            Some("reload") => self.reload(request["interpreter"].as_str(), colour),
            Some("graph") => Ok(graphs(&interpreters, request["verbose"] == true)),
            Some("freeze") => Ok(answers(&interpreters, freeze)),
            Some(other) => Err(format!("unknown command `{other}`; there are status, reload, graph and freeze")),
            None => Err("the request names no command".into()),
        }
    }

    /// The site.
    #[must_use]
    pub fn site(&self) -> &Arc<Site> {
        &self.site
    }

    fn listens(&self) -> Vec<SocketAddr> {
        Some(self.site.addresses()).filter(|now| !now.is_empty()).unwrap_or_else(|| self.listens.clone())
    }

    /// Reloads the configuration first, unless one interpreter alone is meant: scripts may depend on it.
    fn reload(&self, name: Option<&str>, colour: bool) -> Result<Value, String> {
        if name.is_none() {
            let refused = |error: crate::error::OpenError| {
                format!("the configuration was refused, the one before holds on\n{}", error.render(colour))
            };
            self.site.reload_configuration().map_err(refused)?;
        }
        // Lines of `RhaiImport` may have started further ones.
        let interpreters = self.chosen(name)?;
        Ok(answers(&interpreters, |it| report::outcome(it, &it.reload(), colour)))
    }

    /// The interpreter of that name, or all of them.
    fn chosen(&self, name: Option<&str>) -> Result<Vec<Interpreter>, String> {
        let mut interpreters = self.site.interpreters();
        let Some(name) = name else { return Ok(interpreters) };
        let names: Vec<_> = interpreters.iter().map(|it| format!("`{}`", it.name())).collect();
        interpreters.retain(|interpreter| interpreter.name() == name);
        match (interpreters.is_empty(), names.is_empty()) {
            (false, _) => Ok(interpreters),
            (true, true) => Err(format!("no interpreter `{name}` is running: none is, before the first request")),
            (true, false) => Err(format!("no interpreter `{name}` is running; there is {}", names.join(", "))),
        }
    }

    fn status(&self, interpreters: &[Interpreter], colour: bool) -> Value {
        let refused = self.site.refused_configuration();
        let statuses: Vec<Status> = interpreters.iter().map(Interpreter::status).collect();
        let compared = interpreters.iter().zip(&statuses);
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "pid": std::process::id(),
            "started": samovar_importer::rfc3339(self.started),
            "uptime_s": self.since.elapsed().as_secs(),
            "listens": self.listens().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "requests": {
                "received": self.site.traffic.received(),
                "under_way": self.site.traffic.under_way(),
                "failed": self.site.traffic.failed(),
            },
            "configuration": report::configuration(self.site.path(), refused.as_ref()),
            "interpreters": compared.map(|(it, status)| report::status(status, it, colour)).collect::<Vec<_>>(),
            "problems": problems(refused.as_ref(), &statuses),
        })
    }
}

fn answers(interpreters: &[Interpreter], answer: impl Fn(&Interpreter) -> Value) -> Value {
    json!({"interpreters": interpreters.iter().map(answer).collect::<Vec<_>>()})
}

/// Each interpreter's modules as data, and one drawing of them all.
fn graphs(interpreters: &[Interpreter], verbose: bool) -> Value {
    let statuses: Vec<Status> = interpreters.iter().map(Interpreter::status).collect();
    let graph = |status: &Status| {
        let mut graph = graph_json(&status.modules);
        graph["name"] = status.interpreter.as_str().into();
        graph["generation"] = status.generation.into();
        graph
    };
    let drawn = match statuses.as_slice() {
        [status] => dot(&status.interpreter, &status.modules, verbose),
        several => dot_all("samovar", several.iter().map(|it| (&*it.interpreter, &*it.modules)), verbose),
    };
    json!({"interpreters": statuses.iter().map(graph).collect::<Vec<_>>(), "dot": drawn})
}

fn freeze(interpreter: &Interpreter) -> Value {
    let already = interpreter.is_frozen();
    interpreter.freeze();
    let generation = interpreter.generation();
    json!({"name": interpreter.name(), "generation": generation, "already": already})
}
