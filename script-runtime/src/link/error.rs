//! What went wrong in a script, with the names as they were written and the places in the texts that really ran.

use std::fmt;
use std::sync::Arc;

use rhai::{Dynamic, EvalAltResult, Map, Position};
use samovar_importer::Diagnostic;

use crate::state::{self, DeadlineReached, StateError};

use super::instance::{self, Core};
use super::limits::{ENDED, Spent};
use super::message::{self, Said};
use super::name::{self, InstanceId, Linked};
use super::sites::is_closure;

/// What sort of failure a [`ScriptError`] reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum Kind {
    /// The text is not a script.
    Syntax,
    /// A function assigns a variable of its module.
    Assignment,
    /// A module could not be imported; the cause says why.
    Import,
    /// A limit of the engine was exceeded, or the deadline passed.
    Limit,
    /// The deadline passed while it waited for a lock.
    LockWait,
    /// The script raised an error, or did what cannot be done.
    Runtime,
}

/// One function that was under way when a script failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The function's name, `closure`, or `None` for the top level of a module.
    pub function: Option<String>,
    /// The file it was written in.
    pub file: Arc<str>,
    /// The instance it belongs to, if it is one.
    pub instance: Option<InstanceId>,
    /// The line, from 1; 0 if unknown.
    pub line: usize,
    /// The column in characters, from 1; 0 if unknown.
    pub column: usize,
    /// The text of the very instance that ran.
    pub text: Option<Arc<str>>,
}

/// A failed script.
#[derive(Clone, Debug)]
pub(crate) struct ScriptError(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    kind: Kind,
    message: String,
    help: Option<String>,
    frames: Vec<Frame>,
    cause: Option<ScriptError>,
    /// Why the importer refused a module.
    refusal: Option<Arc<Diagnostic>>,
    /// What the script threw, as far as that may be more than an error.
    thrown: Option<Dynamic>,
}

impl ScriptError {
    /// An error that belongs to no line of a script.
    #[must_use]
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        let (message, frames) = (message.into(), Vec::new());
        Self(Box::new(Details { kind, message, help: None, frames, cause: None, refusal: None, thrown: None }))
    }

    /// A call whose time was over, which was noticed when it had ended.
    pub(crate) fn past_deadline() -> Self {
        let (message, help) = Spent::Time.said();
        Self::new(Kind::Limit, message).with_help(help)
    }

    /// A module that the importer refused.
    pub(crate) fn refused(refusal: Diagnostic) -> Self {
        let mut error = Self::new(Kind::Import, refusal.message.clone());
        error.0.refusal = Some(Arc::new(refusal));
        error
    }

    /// Why the importer refused the module behind this error.
    pub(crate) fn refusal(&self) -> Option<&Diagnostic> {
        self.0.refusal.as_deref().or_else(|| self.cause()?.refusal())
    }

    /// What the script threw, if it is a number, a text or a map: hosts may take it for more than an error.
    pub(crate) fn thrown(&self) -> Option<&Dynamic> {
        self.0.thrown.as_ref()
    }

    /// What sort of failure it is.
    #[must_use]
    pub(crate) fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What happened, in one line or a few, without the place.
    #[must_use]
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it.
    pub(crate) fn help(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// The same error, with what to do about it.
    pub(crate) fn with_help(mut self, help: Option<String>) -> Self {
        self.0.help = help;
        self
    }

    /// Where it happened, innermost first.
    #[must_use]
    pub(crate) fn frames(&self) -> &[Frame] {
        &self.0.frames
    }

    /// The failure of an imported module behind this one.
    #[must_use]
    pub(crate) fn cause(&self) -> Option<&ScriptError> {
        self.0.cause.as_ref()
    }

    /// An error at a place in a text that no instance runs yet.
    pub(crate) fn in_text(kind: Kind, message: String, file: &Arc<str>, text: &Arc<str>, at: Position) -> Self {
        let mut error = Self::new(kind, message);
        error.0.frames.push(Frame::new(None, file.clone(), None, Some(text), at));
        error
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
                Read::new(Kind::Runtime, (message, None))
            }
            _ => read(innermost, executing.and_then(instance::find).as_deref()),
        };
        Self(Box::new(Details { kind, message, help, frames, cause, refusal: None, thrown }))
    }

    /// A value that a function returned, and that cannot outlive the call.
    pub(crate) fn returned(error: &StateError) -> Self {
        match error {
            StateError::OutOfTime => Self::past_deadline(),
            error => Self::new(Kind::Runtime, format!("what was returned is refused: {error}")),
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

    /// The form in which a failed import passes through the importing script, which may catch it.
    pub(crate) fn into_rhai(self, specifier: &str, at: Position) -> Box<EvalAltResult> {
        if matches!(self.kind(), Kind::Limit | Kind::LockWait) {
            return Box::new(EvalAltResult::ErrorTerminated(Dynamic::from(self), at));
        }
        let cause = EvalAltResult::ErrorSystem(String::new(), Box::new(self));
        Box::new(EvalAltResult::ErrorInModule(specifier.to_owned(), Box::new(cause), at))
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(Frame { file, line, column, .. }) = self.0.frames.first() {
            write!(f, " ({file}:{line}:{column})")?;
        }
        Ok(())
    }
}

impl std::error::Error for ScriptError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_ref().map(|cause| cause as _)
    }
}

/// Where a piece of code comes from.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) id: InstanceId,
    pub(crate) file: Arc<str>,
    pub(crate) text: Arc<str>,
}

impl Frame {
    pub(crate) fn new(
        function: Option<String>,
        file: Arc<str>,
        instance: Option<InstanceId>,
        text: Option<&Arc<str>>,
        at: Position,
    ) -> Self {
        let line = at.line().unwrap_or(0);
        let column = at.position().unwrap_or(0);
        let text = text.cloned();
        Self { function, file, instance, line, column, text }
    }
}

/// Follows nested errors from the outermost call inwards.
///
/// Rhai notes for each call where it was made, but not in which file: that depends on the function *around* the call,
/// whose name tells its instance.
struct Trail {
    frames: Vec<Frame>,
    function: Option<String>,
    owner: Option<Place>,
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
            Some(Linked::Function { id }) => instance::find(id),
            _ if is_closure(name) => self.closure_owner(name, source),
            // A native function that calls back: what it calls is reported at the place where it was called itself.
            _ => return,
        };
        self.push(at);
        self.function = Some(if is_closure(name) { "closure".to_owned() } else { name::unlink(name) });
        self.owner = owner.map(|core| core.place());
    }

    /// The closure's name does not tell its instance. Whoever is under way is asked first, the nearest first.
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
    matches!(name::parse(function), Some(Linked::Function { id }) if Some(id) != executing)
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
    kind: Kind,
    said: Said,
    cause: Option<ScriptError>,
}

impl Read {
    fn new(kind: Kind, said: Said) -> Self {
        Self { kind, said, cause: None }
    }
}

/// What ended a script that could not go on: a failed import on whose way the same happened, a wait, or the clock.
fn terminated(token: Dynamic) -> Read {
    let token = match token.try_cast_result::<ScriptError>() {
        Ok(cause) => {
            let said = (cause.message().to_owned(), cause.help().map(ToOwned::to_owned));
            return Read { kind: cause.kind(), said, cause: Some(cause) };
        }
        Err(token) => token,
    };
    if let Some(reached) = token.read_lock::<DeadlineReached>() {
        let kind = if reached.on_lock { Kind::LockWait } else { Kind::Limit };
        return Read::new(kind, (name::unlink(&reached.to_string()), Spent::Time.said().1));
    }
    Read::new(Kind::Limit, token.try_cast().unwrap_or(Spent::Time).said())
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
        | EvalAltResult::ErrorDataTooLarge(..) => return Read::new(Kind::Limit, message::limit(&error)),
        EvalAltResult::ErrorParsing(kind, _) => {
            return Read::new(Kind::Syntax, (name::unlink(&kind.to_string()), None));
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
    Read::new(Kind::Runtime, said)
}

fn imported(specifier: &str, inner: EvalAltResult, core: Option<&Core>) -> Read {
    let EvalAltResult::ErrorSystem(_, cause) = inner else { return read(inner, core) };
    match cause.downcast::<ScriptError>() {
        Ok(cause) => {
            let message = format!("cannot import \"{specifier}\": {}", cause.message());
            let help = cause.help().map(ToOwned::to_owned);
            Read { kind: Kind::Import, said: (message, help), cause: Some(*cause) }
        }
        Err(other) => Read::new(Kind::Import, (other.to_string(), None)),
    }
}
