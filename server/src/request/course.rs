//! Runs the handlers of the phases, by the conventions of httpd:
//!
//! | phase | handlers run until | all declined |
//! |---|---|---|
//! | access, fixup | one ends the request | the request goes on |
//! | authen, authz | one says `OK`, or ends the request | 500: nobody vouched for the request |
//! | handler | one does not decline | files answer, or 404 |
//! | log | one says neither `OK` nor `DECLINED` | |
//! | cleanup | all run | |
//!
//! `DONE` ends the request with what was written so far; a status, or any other answer, ends it with that. The log and
//! cleanup phases always follow, after the response has been sent; between them run the callbacks of `on_finish`. All
//! handlers of one interpreter see one generation.

use bytes::Bytes;
use http::Response;
use samovar_importer::Diagnostic;
use samovar_rhai::{Exchange, Handler, Options, Pin, Verdict};

use crate::settings::phase::Phase;

/// The handlers of the phases that have any, in order.
pub(crate) type Phases = Vec<(Phase, Vec<Handler>)>;

/// The handlers of one request up to its answer.
pub(crate) struct Course {
    /// The phases of a directory run before those of the page that answers for it, with the options of the directory.
    pub(crate) directory: Option<(Options, Phases)>,
    pub(crate) before: Phases,
    pub(crate) content: Vec<Handler>,
    /// Those that run after the response has been sent. They belong to the same request, and see the same generation
    /// (R21).
    pub(crate) later: Vec<Handler>,
}

impl Course {
    /// A course of one handler in the content phase.
    pub(crate) fn of(handler: Handler) -> Self {
        Self { directory: None, before: Vec::new(), content: vec![handler], later: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// Those up to the answer, in order.
    fn all(&self) -> impl Iterator<Item = &Handler> {
        let directory = self.directory.iter().flat_map(|(_, before)| before);
        directory.chain(&self.before).flat_map(|(_, handlers)| handlers).chain(&self.content)
    }

    /// Runs the handlers. Returns `None` if all declined; also the generations that they saw, for the handlers that
    /// follow.
    pub(crate) fn run(&self, exchange: &Exchange) -> (Result<Option<Response<Bytes>>, Diagnostic>, Vec<Pin>) {
        let mut pins = Pins::new(self.all().chain(&self.later), Vec::new());
        let answer = self.answer(exchange, &mut pins);
        let is_needed = !self.later.is_empty() || exchange.has_callbacks();
        (answer, if is_needed { pins.found } else { Vec::new() })
    }

    fn answer(&self, exchange: &Exchange, pins: &mut Pins<'_>) -> Result<Option<Response<Bytes>>, Diagnostic> {
        if let Some((options, phases)) = &self.directory {
            let exchange = exchange.under(options.clone());
            for (phase, handlers) in phases {
                if let Some(response) = before(*phase, handlers, &exchange, pins)? {
                    return Ok(Some(response));
                }
            }
        }
        for (phase, handlers) in &self.before {
            if let Some(response) = before(*phase, handlers, exchange, pins)? {
                return Ok(Some(response));
            }
        }
        for handler in &self.content {
            match handler.verdict(exchange, &pins.of(handler))? {
                Verdict::Declined => {}
                Verdict::Nothing | Verdict::Ok | Verdict::Done => return Ok(Some(exchange.written())),
                Verdict::Answer(response) => return Ok(Some(response)),
            }
        }
        Ok(None)
    }
}

/// The pinned generation of each interpreter. Most requests have one.
struct Pins<'h> {
    /// All handlers that may be called.
    handlers: Vec<&'h Handler>,
    found: Vec<Pin>,
}

impl<'h> Pins<'h> {
    fn new(handlers: impl IntoIterator<Item = &'h Handler>, found: Vec<Pin>) -> Self {
        Self { handlers: handlers.into_iter().collect(), found }
    }

    fn of(&mut self, handler: &Handler) -> Pin {
        if let Some(pin) = self.found.iter().find(|pin| pin.holds(handler)) {
            return pin.clone();
        }
        let pin = handler.pin_among(self.handlers.iter().copied());
        self.found.push(pin.clone());
        pin
    }

    fn finish(&self, exchange: &Exchange, tell: &mut impl FnMut(&str, Diagnostic)) {
        for pin in &self.found {
            pin.finish(exchange, |diagnostic| tell("in what it left to on_finish", diagnostic));
        }
    }
}

fn before(
    phase: Phase,
    handlers: &[Handler],
    exchange: &Exchange,
    pins: &mut Pins<'_>,
) -> Result<Option<Response<Bytes>>, Diagnostic> {
    for handler in handlers {
        match handler.verdict(exchange, &pins.of(handler))? {
            Verdict::Ok if phase.one_is_enough() => return Ok(None),
            Verdict::Ok | Verdict::Declined => {}
            Verdict::Nothing if phase == Phase::Fixup => {}
            // A forgotten decision is not a yes.
            Verdict::Nothing => return Err(undecided(phase, handler)),
            Verdict::Done => return Ok(Some(exchange.written())),
            Verdict::Answer(response) => return Ok(Some(response)),
        }
    }
    if phase.one_is_enough() && !handlers.is_empty() {
        let message = format!("every function of `{}` declined", phase.directive().name());
        return Err(Diagnostic::error(message).help("one of them must return OK, or a status"));
    }
    Ok(None)
}

fn undecided(phase: Phase, handler: &Handler) -> Diagnostic {
    let message = format!("`{}`, named by `{}`, returned nothing", handler.path().display(), phase.directive().name());
    Diagnostic::error(message).help("return OK, DECLINED, DONE or a status, such as 403")
}

/// The handlers that run after the response has been sent.
#[derive(Default)]
pub(crate) struct After {
    pub(crate) log: Vec<Handler>,
    pub(crate) cleanup: Vec<Handler>,
}

impl After {
    pub(crate) fn is_empty(&self) -> bool {
        self.log.is_empty() && self.cleanup.is_empty()
    }

    pub(crate) fn handlers(&self) -> impl Iterator<Item = &Handler> {
        self.log.iter().chain(&self.cleanup)
    }

    /// Runs the handlers of the log phase, the callbacks of `on_finish`, and the handlers of the cleanup phase, in the
    /// order of httpd. All see the generations of the handlers before the answer. Errors are only logged: the client
    /// has its answer.
    pub(crate) fn run(&self, exchange: &Exchange, seen: Vec<Pin>, mut tell: impl FnMut(&str, Diagnostic)) {
        let mut pins = Pins::new(self.handlers(), seen);
        for handler in &self.log {
            match handler.verdict(exchange, &pins.of(handler)) {
                Ok(Verdict::Ok | Verdict::Declined | Verdict::Nothing) => {}
                Ok(Verdict::Done | Verdict::Answer(_)) => break,
                Err(diagnostic) => {
                    tell(PHASE, diagnostic);
                    break;
                }
            }
        }
        pins.finish(exchange, &mut tell);
        for handler in &self.cleanup {
            if let Err(diagnostic) = handler.verdict(exchange, &pins.of(handler)) {
                tell(PHASE, diagnostic);
            }
        }
        // Callbacks that the cleanup handlers added.
        pins.finish(exchange, &mut tell);
    }
}

const PHASE: &str = "after its answer";
