//! One reading of the configuration, ready for requests. A request keeps the one with which it began to its end.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    time::Duration,
};

use arc_swap::ArcSwap;
use papaya::HashMap;
use parking_lot::Mutex;
use samovar_config::{Config, Host, Line, Loaded, Resolved};
use samovar_importer::Scope;

use super::{
    handlers::{Example, Handlers},
    interpreters::Interpreters,
    routes::Routes,
};
use crate::{
    error::OpenError,
    logs::{access::AccessLog, file::LogFile},
    net::connection::Times,
    routing::{
        holding::index_names,
        private::Private,
        route::{Route, Target, on_disk, route, route_away},
    },
    settings::{
        directives::{AUTO_RELOAD, CUSTOM_LOG, ERROR_LOG, TIMEOUT},
        directories::{path_in, server_root},
        host::HostValues,
        origin::origin,
        policy::Policy,
        read::Opened,
        texts::Texts,
        values::{CustomLog, LogFormat},
    },
};

/// A configuration with the policies and routes that were made of it so far.
pub(crate) struct Configuration {
    pub(crate) config: Config,
    /// Did it come from a file? A directory may have none.
    pub(crate) is_configured: bool,
    /// The private files; also those of a later configuration that was refused.
    private: ArcSwap<Private>,
    root: PathBuf,
    interpreters: Arc<Interpreters>,
    main: Served,
    /// In the order of the file.
    hosts: Vec<Served>,
    /// Scopes of modules of earlier configurations that may still be loaded, each with a request that led there.
    former: Mutex<Vec<(Arc<Example>, Weak<Scope>)>>,
}

/// The main server or a virtual host.
pub(crate) struct Served {
    pub(crate) values: Arc<HostValues>,
    pub(crate) access_log: Option<AccessLog>,
    error_log: Option<LogFile>,
    head_time: Duration,
    send_time: Duration,
    /// By the address of the resolved settings, which the policy keeps alive.
    policies: HashMap<usize, Arc<Handlers>>,
    pub(crate) routes: Routes,
}

/// How long the head of a request to this local address may take, and how long its client may read nothing of the
/// answer: as set by the first virtual host of the address, else by the main server.
const HEAD_TIME: Duration = Duration::from_secs(15);
/// The most policies that are kept: as many as the results that a host keeps, so more are rare.
const POLICIES: usize = 4096;

impl Configuration {
    /// Opens the logs; nothing else can fail here.
    pub(crate) fn new(opened: Opened, interpreters: Arc<Interpreters>) -> Result<Self, OpenError> {
        let Opened { loaded, root, is_configured } = opened;
        let Loaded { config, report } = loaded;
        let mut logs = Logs { root: server_root(&root, &config.main().settings()), open: Vec::new() };
        let main = Served::new(config.main(), &root, &mut logs)?;
        let hosts = config.hosts().map(|host| Served::new(host, &root, &mut logs)).collect::<Result<_, _>>()?;
        let state = interpreters.state_directory();
        let private = ArcSwap::from_pointee(Private::new(&Texts::of(&report), &config, &root, state.as_deref()));
        Ok(Self { config, is_configured, private, root, interpreters, main, hosts, former: Mutex::default() })
    }

    /// The private files.
    pub(crate) fn private(&self) -> Arc<Private> {
        self.private.load_full()
    }

    /// Makes these files private as well: a configuration was read from them, though it was refused.
    pub(crate) fn hide(&self, texts: &Texts) {
        let mut private = Private::clone(&self.private.load());
        private.add(texts);
        self.private.store(Arc::new(private));
        std::iter::once(&self.main).chain(&self.hosts).for_each(|served| served.routes.forget());
    }

    /// The file that the main server's `ErrorLog` names.
    pub(crate) fn error_log(&self) -> Option<PathBuf> {
        let settings = self.config.main().settings();
        settings.get(ERROR_LOG).map(|file| path_in(&server_root(&self.root, &settings), file))
    }

    /// Called when another configuration has taken its place. What that one says about reloading holds at once, also
    /// for scripts that no request uses any more.
    pub(crate) fn retire(&self, next: &Self) {
        let mut places = std::mem::take(&mut *self.former.lock());
        for served in std::iter::once(&self.main).chain(&self.hosts) {
            places.extend(served.policies.pin().values().flat_map(|policy| policy.places()));
        }
        places.retain(|(example, scope)| {
            let Some(scope) = scope.upgrade() else { return false };
            let Example { local, host, path, filename, exact } = &**example;
            let host = next.config.host_for(*local, host.as_deref());
            scope.retire(host.resolve(path, filename.as_deref(), *exact).get(AUTO_RELOAD));
            true
        });
        *next.former.lock() = places;
    }

    /// How long the head of a request to this local address may take, and how long its client may read nothing of the
    /// answer: as set by the first virtual host of the address, else by the main server.
    pub(crate) fn times(&self, local: SocketAddr) -> Times {
        let host = self.config.host_for(local, None);
        let served = host.index().and_then(|index| self.hosts.get(index)).unwrap_or(&self.main);
        Times { head: served.head_time, send: served.send_time }
    }

    /// The host that answers, and its settings.
    pub(crate) fn host(&self, local: SocketAddr, name: Option<&str>) -> (Host<'_>, &Served) {
        let host = self.config.host_for(local, name);
        let served = host.index().and_then(|index| self.hosts.get(index)).unwrap_or(&self.main);
        (host, served)
    }

    /// The route of a path; remembered if it leads to a script.
    pub(crate) fn route(&self, host: Host<'_>, served: &Served, path: &str) -> Route {
        let stirred = self.interpreters.stirred();
        if let Some(known) = served.routes.get(path, stirred) {
            return known;
        }
        let private = self.private.load();
        let root = &served.values.document_root;
        let index = |directory: &Path| index_names(host, path, directory);
        let route = route(root, path, &on_disk(&private), &index);
        if let Target::Nothing { .. } = route.target {
            let serves = |file: &Path| self.interpreters.serve(file) && !private.names(file);
            return route_away(root, path, &serves, &Path::is_dir, &index).unwrap_or(route);
        }
        served.routes.remember(path, &route, stirred);
        route
    }

    /// The handlers for these settings. `example` makes a request that leads to them.
    pub(crate) fn handlers(
        &self,
        served: &Served,
        resolved: Arc<Resolved>,
        example: impl FnOnce() -> Example,
    ) -> Result<Arc<Handlers>, OpenError> {
        let key = Arc::as_ptr(&resolved).addr();
        let policies = served.policies.pin();
        if let Some(handlers) = policies.get(&key) {
            return Ok(handlers.clone());
        }
        if policies.len() >= POLICIES {
            policies.values().for_each(|handlers| handlers.forget());
            policies.clear();
        }
        let policy = Policy::of(resolved, &served.values);
        let handlers = Handlers::new(policy, &self.interpreters, served.error_log.clone(), example())?;
        let handlers = Arc::new(handlers);
        policies.insert(key, handlers.clone());
        Ok(handlers)
    }
}

impl Served {
    fn new(host: Host<'_>, root: &Path, logs: &mut Logs) -> Result<Self, OpenError> {
        let settings = host.settings();
        let access_log = settings.line(CUSTOM_LOG).map(|line| {
            let CustomLog { file, format } = line.value();
            Ok::<_, OpenError>(AccessLog::new(logs.open(file, &line)?, *format == LogFormat::Common))
        });
        // The main server's is the log of the whole program, see `Site::error_log`.
        let error_log = settings.line(ERROR_LOG).filter(|line| is_of(host, line));
        Ok(Self {
            values: Arc::new(HostValues::of(host, root)),
            head_time: head_time(&settings),
            send_time: settings.get(TIMEOUT),
            access_log: access_log.transpose()?,
            error_log: error_log.map(|line| logs.open(line.value(), &line)).transpose()?,
            policies: HashMap::new(),
            routes: Routes::default(),
        })
    }
}

fn head_time(settings: &Resolved) -> Duration {
    settings.line(TIMEOUT).filter(|line| !line.is_default()).map_or(HEAD_TIME, Line::value)
}

/// Does the line stand in the virtual host itself?
fn is_of(host: Host<'_>, line: &samovar_config::Setting) -> bool {
    host.index().is_some() && line.origin().section().is_some_and(|scope| Arc::ptr_eq(scope, host.section()))
}

/// The log files of one configuration: two directives with the same path share a file.
struct Logs {
    root: PathBuf,
    open: Vec<(PathBuf, LogFile)>,
}

impl Logs {
    fn open(&mut self, file: &str, line: &samovar_config::Setting) -> Result<LogFile, OpenError> {
        let path = path_in(&self.root, file);
        if let Some((_, log)) = self.open.iter().find(|(known, _)| *known == path) {
            return Ok(log.clone());
        }
        let log = LogFile::open(&path).map_err(|reason| {
            let origin = origin(line);
            OpenError::Log { path: path.clone(), origin, reason }
        })?;
        self.open.push((path, log.clone()));
        Ok(log)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, net::SocketAddr, time::Duration};

    use crate::{Site, net::connection::Respond};

    #[track_caller]
    fn check(text: &str, seconds: u64) {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("samovar.conf"), text).expect("a configuration");
        let site = Site::open(directory.path()).expect("it is right");
        assert_eq!(site.times(SocketAddr::from(([127, 0, 0, 1], 80))).head, Duration::from_secs(seconds), "{text}");
    }

    #[test]
    fn the_head_of_a_request_has_the_time_of_the_first_host_at_its_address() {
        check("SetHandler static\n", 15);
        check("Timeout 3\n", 3);
        check(
            "Timeout 3\n<VirtualHost *:80>\nTimeout 4\n</VirtualHost>\n<VirtualHost *:80>\nServerName a\n</VirtualHost>\n",
            4,
        );
        check("Timeout 3\n<VirtualHost *:81>\nTimeout 4\n</VirtualHost>\n", 3);
    }
}
