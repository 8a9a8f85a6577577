//! A site: the current configuration, and the interpreters that outlive it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::{Request, Response};
use parking_lot::Mutex;
use samovar_config::Address;
use samovar_rhai::Interpreter;
use tracing::level_filters::LevelFilter;

mod configuration;
mod handlers;
mod imports;
mod interpreters;
mod refused;
mod respond;
mod routes;
mod serve;
mod traffic;
mod watch;
mod writers;

pub use self::refused::RefusedConfiguration;
use self::{
    configuration::Configuration,
    imports::{Imported, run_imports},
    interpreters::Interpreters,
    traffic::Traffic,
};
use crate::{
    check::names,
    error::OpenError,
    net::{listen::Sockets, peers::Peers, sending::Sent},
    request::{body::Body, pool::Threads},
    settings::{
        directives::LOG_LEVEL,
        directories::roots,
        limits::Loading,
        read::{self, Opened},
        server,
        state::State,
        texts::Texts,
    },
};

/// A directory or a configuration that answers requests.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let directory = tempfile::tempdir()?;
/// # std::fs::write(directory.path().join("hello.rhai"), r#"fn handler(req) { "Hello" }"#)?;
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
/// let site = samovar::Site::open(directory.path())?;
/// let request = http::Request::get("/hello").body(http_body_util::Empty::<bytes::Bytes>::new())?;
/// let response = runtime.block_on(site.respond(request, samovar::Peers::default()));
/// assert_eq!(response.status(), 200);
/// # Ok(())
/// # }
/// ```
pub struct Site {
    path: PathBuf,
    defines: Vec<String>,
    /// In place of the one that the configuration names.
    state_directory: Option<PathBuf>,
    current: ArcSwap<Configuration>,
    interpreters: Arc<Interpreters>,
    threads: Threads,
    /// The lines of `RhaiImport` that have run. Locked while a configuration is taken up: one at a time.
    imported: Mutex<Imported>,
    /// The texts of the current configuration.
    pub(crate) texts: Mutex<Texts>,
    sockets: OnceLock<Arc<Sockets>>,
    pub(crate) traffic: Traffic,
    observers: Mutex<Vec<Observer>>,
    refused: Mutex<Option<RefusedConfiguration>>,
}

type Observer = Box<dyn Fn(&Site) + Send + Sync>;

impl Site {
    /// Opens a directory, with or without `samovar.conf`, or a configuration file, and runs what `RhaiImport` lists.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::open_with(path, &[])
    }

    /// As [`open`](Self::open), with names defined as by `-D`.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_with(path: impl AsRef<Path>, defines: &[String]) -> Result<Self, OpenError> {
        Self::open_with_state(path, defines, None)
    }

    /// As [`open_with`](Self::open_with), with a directory in which the releases of each interpreter are kept, in place of
    /// the one that `StateDirectory` names.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_with_state(
        path: impl AsRef<Path>,
        defines: &[String],
        state_directory: Option<&Path>,
    ) -> Result<Self, OpenError> {
        let opened = with_warnings(read::read(path.as_ref(), defines)?);
        let loading = Loading::of(&opened.loaded.config.main().settings());
        let state = State::of(&opened, state_directory)?;
        let interpreters = Arc::new(Interpreters::new(roots(&opened)?, loading, state));
        interpreters.show_refusals(server::shows_refusals(&opened.loaded.config));
        let mut imported = Imported::new();
        run_imports(&opened, &mut imported, |name| interpreters.get(name))?;
        warn(&opened);
        let texts = Texts::of(&opened.loaded.report);
        let configuration = Configuration::new(opened, interpreters.clone())?;
        Ok(Self {
            path: path.as_ref().to_path_buf(),
            defines: defines.to_vec(),
            state_directory: state_directory.map(Path::to_path_buf),
            current: ArcSwap::from_pointee(configuration),
            interpreters,
            threads: Threads::new().map_err(OpenError::Threads)?,
            imported: Mutex::new(imported),
            texts: Mutex::new(texts),
            sockets: OnceLock::new(),
            traffic: Traffic::default(),
            observers: Mutex::default(),
            refused: Mutex::default(),
        })
    }

    /// Reads the configuration again: parses and checks it, runs new lines of `RhaiImport`, binds new addresses, and
    /// then switches to it in one step. Requests under way end under the configuration with which they began.
    ///
    /// Interpreters stay, with their modules and their state. A directory that was opened with a configuration needs
    /// one: it is an error if the configuration is gone, or one of its files has become empty.
    ///
    /// # Errors
    /// See [`OpenError`]. The configuration that ran goes on as if nothing had been asked; only what `RhaiImport` ran before
    /// the error has run.
    pub fn reload_configuration(self: &Arc<Self>) -> Result<(), OpenError> {
        let opened = self.read_again();
        self.take_up_told(opened)
    }

    /// Reads the configuration again. It may not be gone.
    pub(crate) fn read_again(&self) -> Result<Opened, OpenError> {
        let before = self.texts.lock().clone();
        read::read_again(&self.path, &self.defines, self.is_configured().then_some(&before)).map(with_warnings)
    }

    /// Was the current configuration read from a file?
    pub(crate) fn is_configured(&self) -> bool {
        self.current.load().is_configured
    }

    /// Takes up a configuration, and logs the outcome if it differs from the one that runs.
    pub(crate) fn take_up_told(self: &Arc<Self>, opened: Result<Opened, OpenError>) -> Result<(), OpenError> {
        let (had_none, texts) = (!self.is_configured(), read::texts(&opened));
        // Nobody asks for news of a configuration that stays as it is, unless it was refused meanwhile.
        let is_news = self.refused.lock().is_some() || texts.as_ref() != Some(&*self.texts.lock());
        let result = opened.and_then(|opened| self.take_up(opened));
        match &result {
            Ok(()) => {
                *self.refused.lock() = None;
                let appeared =
                    if had_none && self.is_configured() { "a first configuration has appeared; " } else { "" };
                if is_news {
                    tracing::info!("{}: {appeared}the configuration was taken up", self.full_path().display());
                }
                self.observers.lock().iter().for_each(|observer| observer(self));
            }
            Err(error) => {
                texts.iter().for_each(|texts| self.current.load().hide(texts));
                let refused = RefusedConfiguration::new(error);
                tracing::error!("a configuration was refused, the one before holds on\n{}", refused.rendered);
                *self.refused.lock() = Some(refused);
            }
        }
        result
    }

    /// The configuration in the files, if it was refused.
    #[must_use]
    pub fn refused_configuration(&self) -> Option<RefusedConfiguration> {
        self.refused.lock().clone()
    }

    /// Calls `observer` whenever another configuration has been taken up.
    pub fn on_configuration(&self, observer: impl Fn(&Self) + Send + Sync + 'static) {
        self.observers.lock().push(Box::new(observer));
    }

    fn take_up(self: &Arc<Self>, opened: Opened) -> Result<(), OpenError> {
        let mut imported = self.imported.lock();
        let (roots, texts) = (roots(&opened)?, Texts::of(&opened.loaded.report));
        let state = State::of(&opened, self.state_directory.as_deref())?;
        self.interpreters.widen(&roots);
        let loading = Loading::of(&opened.loaded.config.main().settings());
        let listens = server::listens(&opened.loaded.config);
        let shows_refusals = server::shows_refusals(&opened.loaded.config);
        let prepared = (|| {
            run_imports(&opened, &mut imported, |name| self.interpreters.get(name))?;
            warn(&opened);
            let configuration = Configuration::new(opened, self.interpreters.clone())?;
            let bound = self.sockets.get().map(|sockets| sockets.bind(&listens)).transpose()?;
            self.interpreters.settle(roots, loading)?;
            Ok::<_, OpenError>((configuration, bound))
        })();
        let (configuration, bound) = prepared.inspect_err(|_| self.interpreters.narrow())?;
        self.interpreters.show_refusals(shows_refusals);
        self.interpreters.keep_histories(state);
        let configuration = Arc::new(configuration);
        let before = self.current.swap(configuration.clone());
        before.retire(&configuration);
        if let (Some(sockets), Some(bound)) = (self.sockets.get(), bound) {
            sockets.switch(bound, self);
        }
        *self.texts.lock() = texts;
        Ok(())
    }

    /// The path that was opened, made absolute.
    #[must_use]
    pub fn full_path(&self) -> PathBuf {
        let absolute = std::path::absolute(&self.path);
        absolute.map_or_else(|_| self.path.clone(), |absolute| samovar_importer::normalize(&absolute))
    }

    /// The path that was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The addresses of `Listen`; empty without one.
    #[must_use]
    pub fn listens(&self) -> Vec<Address> {
        server::listens(&self.current.load().config)
    }

    /// The addresses at which the site is served; their ports are real ones.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.sockets.get().map_or_else(Vec::new, |sockets| sockets.addresses())
    }

    /// The log level of the configuration.
    #[must_use]
    pub fn log_level(&self) -> LevelFilter {
        self.current.load().config.main().settings().get(LOG_LEVEL)
    }

    /// The `ErrorLog` of the main server, for everything but the requests of virtual hosts that have one of their own.
    #[must_use]
    pub fn error_log(&self) -> Option<PathBuf> {
        self.current.load().error_log()
    }

    /// The interpreter of that name; starts it if necessary.
    ///
    /// # Errors
    /// The system gives no further thread.
    pub fn interpreter(&self, name: &str) -> Result<Interpreter, OpenError> {
        self.interpreters.get(name)
    }

    /// The started interpreters, by name.
    #[must_use]
    pub fn interpreters(&self) -> Vec<Interpreter> {
        self.interpreters.started()
    }

    /// Answers a request. Every failure becomes a response and a line in the log.
    pub async fn respond<B>(&self, request: Request<B>, peers: Peers) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        self.respond_on(request, peers, None).await
    }

    /// As [`respond`](Self::respond), on a connection that reports what was `sent`.
    async fn respond_on<B>(&self, request: Request<B>, peers: Peers, sent: Option<Sent>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let configuration = self.current.load_full();
        let under_way = self.traffic.begin();
        let response = configuration.respond(request, peers, &self.threads, sent).await;
        under_way.answered(response.status());
        response
    }
}

/// Adds warnings about names that do not exist.
fn with_warnings(mut opened: Opened) -> Opened {
    let found = names::check(&opened.loaded.config);
    opened.loaded.report.extend(found);
    opened
}

fn warn(opened: &Opened) {
    if !opened.loaded.report.is_empty() {
        tracing::warn!("{}", opened.loaded.report.render(false));
    }
}
