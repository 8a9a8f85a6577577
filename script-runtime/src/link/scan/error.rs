//! What went wrong in a script, with the names as they were written and the places in the texts that really ran.

use std::fmt;
use std::sync::Arc;

use rhai::{Dynamic, EvalAltResult, Position};
use samovar_importer::{Diagnostic, Help, InstanceId, Limit, Remedy};

/// What sort of failure a [`ScriptError`] reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum ErrorKind {
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
pub(crate) struct ScriptError(pub(crate) Box<Details>);

#[derive(Clone, Debug)]
pub(crate) struct Details {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) help: Option<Help>,
    pub(crate) frames: Vec<Frame>,
    pub(crate) cause: Option<ScriptError>,
    /// Why the importer refused a module.
    pub(crate) refusal: Option<Arc<Diagnostic>>,
    /// What the script threw, as far as that may be more than an error.
    pub(crate) thrown: Option<Dynamic>,
}

impl ScriptError {
    /// An error that belongs to no line of a script.
    #[must_use]
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let (message, frames) = (message.into(), Vec::new());
        Self(Box::new(Details { kind, message, help: None, frames, cause: None, refusal: None, thrown: None }))
    }

    /// A module that the importer refused.
    pub(crate) fn refused(refusal: Diagnostic) -> Self {
        let mut error = Self::new(ErrorKind::Import, refusal.message.clone());
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
    pub(crate) fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What happened, in one line or a few, without the place.
    #[must_use]
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    /// What to do about it.
    pub(crate) fn help(&self) -> Option<&Help> {
        self.0.help.as_ref()
    }

    /// The same error, with what to do about it.
    pub(crate) fn with_help<H: Into<Help>>(mut self, help: Option<H>) -> Self {
        self.0.help = help.map(Into::into);
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
    pub(crate) fn in_text(kind: ErrorKind, message: String, file: &Arc<str>, text: &Arc<str>, at: Position) -> Self {
        let mut error = Self::new(kind, message);
        error.0.frames.push(Frame::new(None, file.clone(), None, Some(text), at));
        error
    }

    /// The form in which a failed import passes through the importing script, which may catch it.
    pub(crate) fn into_rhai(self, specifier: &str, at: Position) -> Box<EvalAltResult> {
        if matches!(self.kind(), ErrorKind::Limit | ErrorKind::LockWait) {
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

/// The instance that a piece of code belongs to, with its file and its text.
#[derive(Clone)]
pub(crate) struct InstanceText {
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

/// A message, and what to do about it.
pub(crate) type Said<H = String> = (String, Option<H>);

/// What to do about a limit that was exceeded.
pub(crate) fn raise(limit: Limit) -> Help {
    let with = match limit {
        Limit::Time => "`Builder::time`, or `Handler::time`",
        Limit::Operations => "`Limits::operations`",
        Limit::CallDepth => "`Limits::call_depth`",
        Limit::ExpressionDepth => "`Limits::expression_depth`",
        Limit::StringBytes => "`Limits::string_bytes`",
        Limit::ArrayItems => "`Limits::array_items`",
        Limit::MapEntries => "`Limits::map_entries`",
        Limit::Modules => "`Limits::modules`",
        Limit::Variables => "`Limits::variables`",
        Limit::Functions => "`Limits::functions`",
    };
    Help::of(Remedy::Limit(limit), format!("the host sets the limit, with {with}"))
}
