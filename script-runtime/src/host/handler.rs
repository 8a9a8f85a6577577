//! A scripted function that hosts call, and that answers requests.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Response, StatusCode};
use rhai::{Dynamic, Engine, FuncArgs};
use samovar_importer::{Diagnostic, ImportError, ImportOptions, Located, Scope, View};

use crate::{
    host::{alive::Alive, pin::Pin},
    http::{Exchange, LooksLikeHtml, Verdict, Wrong, status_page, thrown, verdict},
    link::{Limits, call_callback},
    module::{
        call::{Failed, attempt},
        script::Script,
        scripts::Scripts,
    },
    thread::under_way::Purpose,
};

/// If a script writes the wrong key of an answer in more maps than this, none of them is named.
const KEYS_SHOWN: usize = 3;

/// One function of one module. Each call pins the newest generation and runs in it to its end (R21).
#[derive(Clone)]
pub struct Handler {
    registry: Arc<Alive>,
    scope: Arc<Scope>,
    located: Located,
    function: Arc<str>,
    time: Duration,
    engine: Arc<Engine>,
    optional: bool,
}

impl Pin {
    /// Returns whether the pinned generation is one of that handler's interpreter.
    #[must_use]
    pub fn holds(&self, handler: &Handler) -> bool {
        self.view().registry_id() == handler.registry.id()
    }
}

impl Handler {
    pub(crate) fn new(
        registry: Arc<Alive>,
        scope: Arc<Scope>,
        module: &str,
        function: &str,
        options: &ImportOptions,
        time: Duration,
    ) -> Result<Self, ImportError> {
        let located = registry.locate_root(module, &scope, options)?;
        let engine = registry.loader().linker().engine();
        Ok(Self { registry, scope, located, function: function.into(), time, engine, optional: false })
    }

    /// Returns the same handler with another deadline for its calls.
    #[must_use]
    pub fn time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// Returns the same handler with other limits for its calls. Loading its module keeps the limits of the interpreter.
    ///
    /// ```
    /// use samovar_rhai::{Interpreter, Limits, importer::MemoryTree};
    ///
    /// let tree = MemoryTree::default();
    /// tree.write("/site/echo.rhai", "fn twice(text) { text + text }");
    /// let interpreter = Interpreter::builder("site").build_on(tree, Some("/site".as_ref()));
    /// let wide = interpreter.handler("echo::twice")?;
    /// let narrow = wide.clone().limits(&Limits { string_bytes: 8, ..Limits::default() });
    /// assert_eq!(wide.call::<String>(("samovar",))?, "samovarsamovar");
    /// assert!(narrow.call::<String>(("samovar",)).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn limits(self, limits: &Limits) -> Self {
        let engine = self.registry.loader().linker().engines().with(limits);
        Self { engine, ..self }
    }

    /// Returns the same handler, which declines a request if its module has no such function, instead of failing. This is
    /// for modules that a URL names and that may exist only to be imported by others.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Returns the file of the module.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        self.located.path()
    }

    /// Returns whether some version of the module is loaded.
    #[must_use]
    pub fn is_loaded(&self) -> bool {
        self.registry.snapshot().get(self.located.id()).is_some()
    }

    /// Returns the errors of a refused change that would have reloaded this module (R32); `None` if there is none.
    #[must_use]
    pub fn refusal(&self) -> Option<Arc<[Diagnostic]>> {
        self.registry.refusal(self.located.id())
    }

    /// Loads the module if it is not loaded yet. Calls nothing.
    ///
    /// # Errors
    /// The module does not compile, or its top level raises an error.
    pub fn load(&self) -> Result<(), Diagnostic> {
        self.registry.pin(&self.scope).load(&self.located).map(drop).map_err(|error| error.diagnostic())
    }

    /// Calls the function. Smaller integers become `i64` and `f32` becomes `f64`, the number types of scripts.
    ///
    /// # Errors
    /// The module cannot be loaded or has no such function; the function raises an error or exceeds a limit; or the
    /// returned value is not a `T`.
    pub fn call<T: Clone + Send + Sync + 'static>(&self, args: impl FuncArgs) -> Result<T, Diagnostic> {
        let mut values = Vec::new();
        args.parse(&mut values);
        values.iter_mut().for_each(widen);
        let value = self.call_raw(&mut values)?;
        value.try_cast_result::<T>().map_err(|value| {
            let engine = self.registry.loader().linker().engine();
            let (expected, found) = (std::any::type_name::<T>(), engine.map_type_name(value.type_name()));
            Diagnostic::error(format!(
                "`{}` of {} returned a value of type {found}, not {expected}",
                self.function,
                self.path().display()
            ))
        })
    }

    fn call_raw(&self, args: &mut [Dynamic]) -> Result<Dynamic, Diagnostic> {
        let view = Arc::new(self.registry.pin_for(&self.scope, &self.located));
        let purpose = Purpose::Function(self.located.path().clone(), self.function.clone());
        self.call_in(&view, purpose, args).map_err(|failed| *failed.diagnostic)
    }

    fn call_in(&self, view: &Arc<View<Scripts>>, purpose: Purpose, args: &mut [Dynamic]) -> Result<Dynamic, Failed> {
        let module = view.load(&self.located).map_err(|error| error.diagnostic())?;
        let script = module.value();
        let engine = &*self.engine;
        let called = match script.function(&self.function, args.len()) {
            Some(function) => attempt(view, self.time, purpose, || function.call(engine, args)),
            // `const handler = callback(..);` is as good as a function.
            None => match script.callback(&self.function) {
                Some(callback) => attempt(view, self.time, purpose, || call_callback(engine, &callback, args)),
                None => Err(self.no_function(script, args.len()).into()),
            },
        };
        // Rhai does not tell at which line a limit was noticed; what ran is known all the same.
        called.map_err(|failed| match failed.diagnostic.place {
            Some(_) => failed,
            None => {
                let diagnostic = self.at_function(view, *failed.diagnostic, "noticed in");
                Failed { diagnostic: Box::new(diagnostic), ..failed }
            }
        })
    }

    /// Answers a request: calls the function with `req` and converts the returned value to a response. A thrown status, or
    /// a thrown map with a status, is a response as well. `DECLINED` becomes 404, since no other handler follows.
    ///
    /// # Errors
    /// As for [`call`](Self::call); or the returned value cannot be converted to a response.
    pub fn respond(&self, exchange: &Exchange) -> Result<Response<Bytes>, Diagnostic> {
        let pin = self.pin();
        let response = self.verdict(exchange, &pin).map(|verdict| match verdict {
            Verdict::Answer(response) => response,
            Verdict::Declined => status_page(StatusCode::NOT_FOUND, None),
            Verdict::Nothing | Verdict::Ok | Verdict::Done => exchange.written(),
        });
        pin.finish(exchange, |error| {
            let uri = &exchange.head().uri;
            tracing::error!("a callback given to on_finish by {uri} failed\n{}", error.render(false));
        });
        response
    }

    /// Pins the newest generation for a request that this handler answers (R21).
    #[must_use]
    pub fn pin(&self) -> Pin {
        self.pin_among([self])
    }

    /// Pins one generation for a request that several handlers answer together: all handlers of this interpreter see it.
    /// Under strict freshness, the files of all of them are checked first.
    #[must_use]
    pub fn pin_among<'a>(&self, handlers: impl IntoIterator<Item = &'a Self>) -> Pin {
        let (mine, handlers) = (self.registry.registry(), handlers.into_iter());
        let neighbours = handlers.filter(|other| Arc::ptr_eq(mine, other.registry.registry()));
        self.registry.freshen(neighbours.map(|handler| (&handler.scope, &handler.located)));
        let view = Arc::new(self.registry.pin(&self.scope));
        Pin::new(view, self.time, self.engine.clone())
    }

    /// Calls the function with `req` in the generation that `pin` holds, as one of several handlers of a request. If `pin`
    /// belongs to another interpreter (see [`Pin::holds`]), the newest generation of this one is pinned instead.
    ///
    /// # Errors
    /// As for [`respond`](Self::respond).
    pub fn verdict(&self, exchange: &Exchange, pin: &Pin) -> Result<Verdict, Diagnostic> {
        let view = match pin.view().scope() {
            _ if !pin.holds(self) => self.pin().view().clone(),
            scope if Arc::ptr_eq(scope, &self.scope) => pin.view().clone(),
            _ => Arc::new(pin.view().under(self.scope.clone())),
        };
        if self.optional {
            let module = view.load(&self.located).map_err(|error| error.diagnostic())?;
            if !module.value().offers(&self.function) {
                self.tell_of_slip(module.value());
                return Ok(Verdict::Declined);
            }
        }
        let verdict =
            match self.call_in(&view, Purpose::Request(exchange.request()), &mut [Dynamic::from(exchange.clone())]) {
                Ok(value) => verdict(exchange, value, &self.engine).map_err(|wrong| self.returned(&view, wrong))?,
                Err(Failed { thrown: Some(value), diagnostic, .. }) => {
                    thrown(exchange, value, *diagnostic, &self.engine)?
                }
                Err(failed) => return Err(*failed.diagnostic),
            };
        self.tell_of_html(exchange, &verdict, &view);
        Ok(verdict)
    }

    /// Warns if a string that looks like HTML is sent as plain text: the author probably meant a page.
    fn tell_of_html(&self, exchange: &Exchange, verdict: &Verdict, view: &View<Scripts>) {
        let looks_like_html = match verdict {
            Verdict::Answer(response) => response.extensions().get::<LooksLikeHtml>().is_some(),
            Verdict::Nothing | Verdict::Ok | Verdict::Done => exchange.reply().looks_like_html(),
            Verdict::Declined => false,
        };
        if !looks_like_html {
            return;
        }
        let Ok(module) = view.load(&self.located) else { return };
        if module.value().is_first_html_as_text() {
            let message =
                format!("`{}` answers with a string that looks like HTML, which is sent as text", self.function);
            let warning =
                Diagnostic::error(message).help("if it is HTML, say so: `html(text)`, or set `req.content_type`");
            let warning = match module.value().place(&self.function) {
                Some(place) => warning.at(place),
                None => warning,
            };
            tracing::warn!("{} is sent as text\n{}", exchange.path(), warning.render_warning(false));
        }
    }

    /// Adds the function to an error whose line is not known.
    fn at_function(&self, view: &View<Scripts>, diagnostic: Diagnostic, doing: &str) -> Diagnostic {
        let diagnostic = diagnostic.note(format!("{doing} `{}` of {}", self.function, self.path().display()), None);
        match view.load(&self.located).ok().and_then(|module| module.value().place(&self.function)) {
            Some(place) => diagnostic.at(place),
            None => diagnostic,
        }
    }

    /// Places an error about a returned answer. Where the answer was made is not known; if the script writes the wrong key in
    /// one map only, the error is placed there.
    fn returned(&self, view: &View<Scripts>, wrong: Wrong) -> Diagnostic {
        let Wrong { diagnostic, key: wrong_key } = wrong;
        let diagnostic = *diagnostic;
        let module = view.load(&self.located).ok();
        let script = module.as_ref().map(|module| module.value());
        let function = script.and_then(|script| script.place(&self.function));
        let linker = self.registry.loader().linker();
        let keys =
            script.zip(wrong_key.as_deref()).map(|(script, key)| script.map_keys(linker, key)).unwrap_or_default();
        match keys.as_slice() {
            [key] => diagnostic.at(key.clone()).note(format!("returned by `{}`", self.function), function),
            keys => {
                let diagnostic = self.at_function(view, diagnostic, "returned by");
                let few = keys.iter().take(KEYS_SHOWN).filter(|_| keys.len() <= KEYS_SHOWN);
                let perhaps = format!("perhaps this `{}`", wrong_key.unwrap_or_default());
                few.fold(diagnostic, |diagnostic, key| diagnostic.note(perhaps.clone(), Some(key.clone())))
            }
        }
    }

    /// A module without the function may be there for others to import; one that nearly has it was meant to answer.
    fn tell_of_slip(&self, script: &Script) {
        if script.is_slip(&self.function) {
            let warning = self.no_function(script, 1).render_warning(false);
            tracing::warn!("{} answers nobody\n{warning}", self.path().display());
        }
    }

    fn no_function(&self, script: &Script, params: usize) -> Diagnostic {
        let (file, function) = (self.path().display(), &self.function);
        let wanted = parameters(params);
        let missing = Diagnostic::error(format!("`{file}` has no public function `{function}` with {wanted}"));
        let missing = match script.place(function) {
            Some(place) => missing.at(place),
            None => missing,
        };
        match script.arities(function).as_slice() {
            [] if script.is_registered() => {
                missing.help("scripts call the functions of a registered module; import it in a script of yours")
            }
            [] if script.is_private(function) => missing.help(format!("`{function}` is private: take `private` away")),
            [] if let Some(near) = script.near(function) => missing.help(format!("there is a function `{near}`")),
            [] => missing.help(format!("add `fn {function}(req) {{ .. }}`, or name another: `module::function`")),
            arities => {
                let arities: Vec<_> = arities.iter().map(|arity| parameters(*arity)).collect();
                missing.help(format!("there is one with {}", arities.join(" and one with ")))
            }
        }
    }
}

/// `1 parameter`, `2 parameters`.
fn parameters(number: usize) -> String {
    format!("{number} parameter{}", if number == 1 { "" } else { "s" })
}

/// Scripts know one integer and one float: `handler.call((3, 14))` means these, though Rust makes `i32` of them.
fn widen(value: &mut Dynamic) {
    // The scripts' own types are no variants, and nearly all values are of these.
    if !value.is_variant() {
        return;
    }
    let integer = (value.read_lock::<i32>().map(|number| i64::from(*number)))
        .or_else(|| value.read_lock::<u32>().map(|number| i64::from(*number)))
        .or_else(|| value.read_lock::<usize>().and_then(|number| i64::try_from(*number).ok()));
    let float = value.read_lock::<f32>().map(|number| f64::from(*number));
    if let Some(integer) = integer {
        *value = integer.into();
    } else if let Some(float) = float {
        *value = float.into();
    }
}
