//! Rhai's errors, read: with the names as they were written and the places in the texts that really ran.

use std::sync::Arc;

use rhai::{Dynamic, EvalAltResult, Map, Position};
use samovar_importer::Help;

use crate::{
    link::{
        instance::{self, Core},
        message::words as message,
        scan::{
            error::{Details, ErrorKind, Frame, InstanceText, Said, ScriptError},
            name::{self, InstanceId, LinkedName},
            uses::is_closure,
        },
    },
    state::{self, DeadlineReached, StateError},
    thread::ending::{ENDED, Spent},
};

impl ScriptError {
    /// A call whose time was over, which was noticed when it had ended.
    pub(crate) fn past_deadline() -> Self {
        let (message, help) = Spent::Time.said();
        Self::new(ErrorKind::Limit, message).with_help(help)
    }

    /// Reads Rhai's error. `entry` is the instance whose function or top level was called from outside.
    pub(crate) fn translate(error: EvalAltResult, entry: &Core) -> Self {
        let mut trail = Trail { frames: Vec::new(), function: None, owner: Some(entry.place()) };
        let innermost = trail.follow(error);
        let Trail { mut frames, owner, .. } = trail;
        frames.reverse();
        let executing = owner.map(|place| place.id);
        if let Some(place) = waiting_place(&innermost) {
            frames = vec![place];
        }
        let thrown = thrown(&innermost);
        let Read { kind, said: (message, help), cause } = match &innermost {
            EvalAltResult::ErrorFunctionNotFound(called, _) if is_foreign(called, executing) => {
                let function = if is_closure(called) { "a closure" } else { "a function" };
                let message = format!(
                    "{function} was called outside of the module it was written in; \
                     hand it out as `callback(..)`, which brings its module along"
                );
                Read::new::<Help>(ErrorKind::Runtime, (message, None))
            }
            _ => read(innermost, executing.and_then(instance::find).as_deref()),
        };
        Self(Box::new(Details { kind, message, help, frames, cause, refusal: None, thrown }))
    }

    /// A value that a function returned, and that cannot outlive the call.
    pub(crate) fn returned(error: &StateError) -> Self {
        match error {
            StateError::OutOfTime => Self::past_deadline(),
            error => Self::new(ErrorKind::Runtime, format!("what was returned is refused: {error}")),
        }
    }

    /// The same error; if nothing tells where, then in this function. Rhai passes some errors through calls without noting
    /// these: those that end a script for good, and what `exit` and `parse_json` make.
    pub(crate) fn or_in(mut self, core: &Core, function: &str, params: usize) -> Self {
        let is_lost = self.frames().iter().all(|it| it.line == 0);
        if is_lost && let Some(at) = core.definition(function, params) {
            self.0.frames = vec![core.frame(None, at)];
        }
        self
    }
}

/// Follows nested errors from the outermost call inwards.
///
/// Rhai notes for each call where it was made, but not in which file: that depends on the function *around* the call,
/// whose name tells its instance.
struct Trail {
    frames: Vec<Frame>,
    function: Option<String>,
    owner: Option<InstanceText>,
}

impl Trail {
    fn follow(&mut self, mut error: EvalAltResult) -> EvalAltResult {
        loop {
            match error {
                EvalAltResult::ErrorInFunctionCall(name, _, ended, at) if name == ENDED => {
                    self.push(at);
                    return *ended;
                }
                EvalAltResult::ErrorInFunctionCall(name, source, inner, at) => {
                    self.enter(&name, &source, at);
                    error = *inner;
                }
                mut innermost => {
                    self.push(innermost.take_position());
                    return innermost;
                }
            }
        }
    }

    fn enter(&mut self, name: &str, source: &str, at: Position) {
        let owner = match name::parse(name) {
            Some(LinkedName::Function { id }) => instance::find(id),
            _ if is_closure(name) => self.closure_owner(name, source),
            // A native function that calls back: what it calls is reported at the place where it was called itself.
            _ => return,
        };
        self.push(at);
        self.function = Some(if is_closure(name) { "closure".to_owned() } else { name::unlink(name) });
        self.owner = owner.map(|core| core.place());
    }

    /// The closure's name does not tell its instance. Running instances are searched first, the nearest before the others.
    fn closure_owner(&self, name: &str, source: &str) -> Option<Arc<Core>> {
        let named = instance::by_tag(source).into_iter();
        let under_way = self.owner.iter().map(|place| place.id);
        let around = self.frames.iter().rev().filter_map(|frame| frame.instance);
        let nearest = under_way.chain(named).chain(around).filter_map(instance::find);
        nearest.chain(instance::all()).find(|core| core.makes_closure(name))
    }

    fn push(&mut self, at: Position) {
        // A call from outside has no place.
        if at.is_none() && self.function.is_none() && self.frames.is_empty() && self.owner.is_some() {
            return;
        }
        let frame = match &self.owner {
            Some(place) => Frame::new(self.function.take(), place.file.clone(), Some(place.id), Some(&place.text), at),
            None => Frame::new(self.function.take(), "a discarded instance".into(), None, None, at),
        };
        self.frames.push(frame);
    }
}

/// Whether a function that was not found is a function value that has left its module, which `executing` is not.
fn is_foreign(signature: &str, executing: Option<InstanceId>) -> bool {
    let function = signature.split(" (").next().unwrap_or(signature);
    if is_closure(function) {
        let here = executing.and_then(instance::find);
        return !here.is_some_and(|core| core.makes_closure(function));
    }
    matches!(name::parse(function), Some(LinkedName::Function { id }) if Some(id) != executing)
}

/// Where a script waited that was ended for it: the error itself has lost its place.
fn waiting_place(error: &EvalAltResult) -> Option<Frame> {
    let EvalAltResult::ErrorTerminated(token, _) = error else { return None };
    let place = token.read_lock::<DeadlineReached>()?.at.clone()?;
    let core = instance::by_tag(place.source.as_deref()?).and_then(instance::find)?;
    Some(core.frame(None, place.position))
}

/// The value that ended a script, if it is one of those that can be an answer.
fn thrown(error: &EvalAltResult) -> Option<Dynamic> {
    let EvalAltResult::ErrorRuntime(value, _) = error else { return None };
    if !(value.is_int() || value.is_string() || value.is_map()) {
        return None;
    }
    if let Ok(value) = state::detach(value.clone()) {
        return Some(value);
    }
    // What else stands in an answer is for those who catch it, and may be what cannot outlive the call.
    let parts = value.read_lock::<Map>()?.clone().into_iter();
    let parts: Map = parts.filter_map(|(key, part)| Some((key, state::detach(part).ok()?))).collect();
    Some(parts.into())
}

/// What is read from Rhai's error, without its place.
struct Read {
    kind: ErrorKind,
    said: Said<Help>,
    cause: Option<ScriptError>,
}

impl Read {
    fn new<H: Into<Help>>(kind: ErrorKind, (message, help): Said<H>) -> Self {
        let said = (message, help.map(Into::into));
        Self { kind, said, cause: None }
    }
}

/// What ended a script that could not go on: a failed import on whose way the same happened, a wait, or the clock.
fn terminated(token: Dynamic) -> Read {
    let token = match token.try_cast_result::<ScriptError>() {
        Ok(cause) => {
            let said = (cause.message().to_owned(), cause.help().cloned());
            return Read { kind: cause.kind(), said, cause: Some(cause) };
        }
        Err(token) => token,
    };
    if let Some(reached) = token.read_lock::<DeadlineReached>() {
        let kind = if reached.on_lock { ErrorKind::LockWait } else { ErrorKind::Limit };
        return Read::new(kind, (name::unlink(&reached.to_string()), Spent::Time.said().1));
    }
    Read::new(ErrorKind::Limit, token.try_cast().unwrap_or(Spent::Time).said())
}

/// Reads an error raised in code of `core`.
fn read(error: EvalAltResult, core: Option<&Core>) -> Read {
    let said = match error {
        EvalAltResult::ErrorInModule(specifier, inner, _) => return imported(&specifier, *inner, core),
        EvalAltResult::ErrorTerminated(token, _) => return terminated(token),
        EvalAltResult::ErrorTooManyOperations(_)
        | EvalAltResult::ErrorTooManyVariables(_)
        | EvalAltResult::ErrorTooManyModules(_)
        | EvalAltResult::ErrorStackOverflow(_)
        | EvalAltResult::ErrorDataTooLarge(..) => return Read::new(ErrorKind::Limit, message::limit(&error)),
        EvalAltResult::ErrorParsing(kind, _) => {
            return Read::new::<Help>(ErrorKind::Syntax, (name::unlink(&kind.to_string()), None));
        }
        EvalAltResult::ErrorVariableNotFound(variable, _) => message::no_variable(&variable, core),
        EvalAltResult::ErrorAssignmentToConstant(name, _) => message::constant(&name),
        EvalAltResult::ErrorNonPureMethodCallOnConstant(function, _) => message::not_pure(&function),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => message::no_function(&signature, core),
        EvalAltResult::ErrorModuleNotFound(alias, _) => message::no_import(&alias, core),
        EvalAltResult::ErrorIndexingType(said, _) => message::no_index(&said),
        EvalAltResult::ErrorDotExpr(said, _) => message::no_property(&said),
        EvalAltResult::Exit(..) => ("`exit` ends a program, and a script is none: use `return`".into(), None),
        // What a script throws, and what natives report, says it in its own words.
        EvalAltResult::ErrorRuntime(value, _) => message::thrown(&value),
        other => (name::unlink(&other.to_string()), None),
    };
    Read::new(ErrorKind::Runtime, said)
}

fn imported(specifier: &str, inner: EvalAltResult, core: Option<&Core>) -> Read {
    let EvalAltResult::ErrorSystem(_, cause) = inner else { return read(inner, core) };
    match cause.downcast::<ScriptError>() {
        Ok(cause) => {
            let message = format!("cannot import \"{specifier}\": {}", cause.message());
            let help = cause.help().cloned();
            Read { kind: ErrorKind::Import, said: (message, help), cause: Some(*cause) }
        }
        Err(other) => Read::new::<Help>(ErrorKind::Import, (other.to_string(), None)),
    }
}
