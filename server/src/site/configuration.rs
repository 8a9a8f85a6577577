//! One reading of the configuration, ready for requests. A request keeps the one with which it began to its end.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use papaya::HashMap;
use parking_lot::Mutex;
use samovar_config::{Config, Host, Line, Loaded, Resolved};
use samovar_importer::Scope;

use crate::{
    error::OpenError,
    logs::{access::AccessLog, file::LogFile},
    net::connection::Times,
    routing::{
        facts::RequestFacts,
        private::Private,
        route::{Index, Route, Target, on_disk, route, route_away},
    },
    settings::{
        directives::{AUTO_RELOAD, CUSTOM_LOG, DIRECTORY_INDEX, ERROR_LOG, TIMEOUT},
        directories::{document_root, path_in, server_root},
        origin::origin,
        policy::interpreter_of,
        read::Opened,
        texts::Texts,
        values::{CustomLog, LogFormat},
    },
    site::{
        interpreters::Interpreters,
        policy::{Example, Policy},
    },
};

/// What the configuration file says, and what was made of it so far.
pub(crate) struct Configuration {
    pub(crate) config: Config,
    /// Did it come from a file? A directory may have none.
    pub(crate) is_configured: bool,
    /// What is served to nobody; also what a later configuration was read from that was refused.
    private: ArcSwap<Private>,
    root: PathBuf,
    interpreters: Arc<Interpreters>,
    main: Served,
    /// In the order of the file.
    hosts: Vec<Served>,
    /// Where earlier configurations had modules imported that may be loaded still, with a request that led there.
    former: Mutex<Vec<(Arc<Example>, Weak<Scope>)>>,
}

/// The main server or a virtual host.
pub(crate) struct Served {
    pub(crate) document_root: PathBuf,
    /// The name of its interpreter, where nothing else names one.
    interpreter: String,
    pub(crate) access_log: Option<AccessLog>,
    error_log: Option<LogFile>,
    head_time: Duration,
    send_time: Duration,
    /// By the address of what the configuration resolved to, which the policy keeps alive.
    policies: HashMap<usize, Arc<Policy>>,
    /// Scripts that URLs were found to name: what keeps the file system out of the way of a request.
    routes: HashMap<Box<str>, Known>,
}

/// A script that a path was found to name. Believed while no file has come or gone, as far as events tell, and not for
/// ever, since they do not tell everything.
struct Known {
    file: Arc<Path>,
    index: Option<Arc<Index>>,
    stirred: u64,
    since: Instant,
}

const BELIEVED: Duration = Duration::from_secs(5);
/// More paths than this are not remembered: there are so many only if somebody makes them up.
const ROUTES: usize = 16 << 10;
/// The head of a request may take so long unless `Timeout` says it; it is short.
const HEAD_TIME: Duration = Duration::from_secs(15);
/// As many as a host keeps results; so different sets of sections are rare.
const POLICIES: usize = 4096;

impl Configuration {
    /// Opens the logs; nothing else can fail here.
    pub(crate) fn new(opened: Opened, interpreters: Arc<Interpreters>) -> Result<Self, OpenError> {
        let Opened { loaded, root, is_configured } = opened;
        let Loaded { config, report } = loaded;
        let mut logs = Logs { root: server_root(&root, &config.main().settings()), open: Vec::new() };
        let main = Served::new(config.main(), &root, &mut logs)?;
        let hosts = config.hosts().map(|host| Served::new(host, &root, &mut logs)).collect::<Result<_, _>>()?;
        let private = ArcSwap::from_pointee(Private::new(&Texts::of(&report), &config, &root));
        Ok(Self { config, is_configured, private, root, interpreters, main, hosts, former: Mutex::default() })
    }

    /// The files that are served to nobody.
    pub(crate) fn private(&self) -> Arc<Private> {
        self.private.load_full()
    }

    /// Serves these files to nobody either: they were read as configuration, though it was refused.
    pub(crate) fn hide(&self, texts: &Texts) {
        let mut private = Private::clone(&self.private.load());
        private.add(texts);
        self.private.store(Arc::new(private));
        std::iter::once(&self.main).chain(&self.hosts).for_each(Served::forget_routes);
    }

    /// The file that the main server's `ErrorLog` names.
    pub(crate) fn error_log(&self) -> Option<PathBuf> {
        let settings = self.config.main().settings();
        settings.get(ERROR_LOG).map(|file| path_in(&server_root(&self.root, &settings), file))
    }

    /// Another configuration has taken its place. What it says about reloading holds at once, also for scripts that nobody
    /// asks for any more.
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

    /// How long the head of a request may take that comes in at this address, and how long its client may take nothing of
    /// the answer: as the first virtual host there says, if it says anything.
    pub(crate) fn times(&self, local: SocketAddr) -> Times {
        let host = self.config.host_for(local, None);
        let served = host.index().and_then(|index| self.hosts.get(index)).unwrap_or(&self.main);
        Times { head: served.head_time, send: served.send_time }
    }

    /// The host that answers, and what is kept for it.
    pub(crate) fn host(&self, local: SocketAddr, name: Option<&str>) -> (Host<'_>, &Served) {
        let host = self.config.host_for(local, name);
        let served = host.index().and_then(|index| self.hosts.get(index)).unwrap_or(&self.main);
        (host, served)
    }

    /// The script or file that a path names, from memory if it is a script that is in use.
    pub(crate) fn route(&self, host: Host<'_>, served: &Served, path: &str) -> Route {
        let stirred = self.interpreters.stirred();
        let routes = served.routes.pin();
        let is_good = |known: &&Known| known.stirred == stirred && known.since.elapsed() < BELIEVED;
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
        for end in ends.filter(|end| *end > 1) {
            if let Some(Known { file, index, .. }) = routes.get(&path[..end]).filter(is_good) {
                let target = Target::Script { file: file.clone(), path_info: path[end..].to_owned() };
                return Route { target, index: index.clone() };
            }
        }
        let private = self.private.load();
        let root = &served.document_root;
        let index = |directory: &Path| index(host, path, directory);
        let route = route(root, path, &on_disk(&private), &index);
        if let Target::Nothing { .. } = route.target {
            let serves = |file: &Path| self.interpreters.serve(file) && !private.names(file);
            return route_away(root, path, &serves, &index).unwrap_or(route);
        }
        if let Target::Script { file, path_info } = &route.target {
            let own = path.strip_suffix(path_info.as_str()).unwrap_or(path);
            if routes.len() >= ROUTES {
                routes.clear();
            }
            let (file, index) = (file.clone(), route.index.clone());
            routes.insert(own.into(), Known { file, index, stirred, since: Instant::now() });
        }
        route
    }

    /// What holds for a request; `exact` says whether its file is there.
    pub(crate) fn policy(
        &self,
        host: Host<'_>,
        served: &Served,
        exact: bool,
        facts: &RequestFacts<'_>,
    ) -> Result<Arc<Policy>, OpenError> {
        let resolved = host.resolve_for(facts.path, facts.filename, exact, facts);
        let key = Arc::as_ptr(&resolved).addr();
        let policies = served.policies.pin();
        if let Some(policy) = policies.get(&key) {
            return Ok(policy.clone());
        }
        if policies.len() >= POLICIES {
            policies.values().for_each(|policy| policy.forget());
            policies.clear();
        }
        let example = Example {
            local: facts.peers.local,
            host: facts.host.map(str::to_owned),
            path: facts.path.to_owned(),
            filename: facts.filename.map(str::to_owned),
            exact,
        };
        let policy = self.make_policy(served, resolved, example)?;
        policies.insert(key, policy.clone());
        Ok(policy)
    }

    fn make_policy(
        &self,
        served: &Served,
        resolved: Arc<Resolved>,
        example: Example,
    ) -> Result<Arc<Policy>, OpenError> {
        let server_root = server_root(&self.root, &resolved);
        let (interpreters, document_root) = (&self.interpreters, &served.document_root);
        Policy::new(
            resolved,
            interpreters,
            document_root,
            &server_root,
            &served.interpreter,
            served.error_log.clone(),
            example,
        )
        .map(Arc::new)
    }
}

impl Served {
    fn new(host: Host<'_>, root: &Path, logs: &mut Logs) -> Result<Self, OpenError> {
        let settings = host.settings();
        let access_log = settings.line(CUSTOM_LOG).map(|line| {
            let CustomLog { file, format } = line.value();
            Ok::<_, OpenError>(AccessLog::new(logs.open(file, &line)?, *format == LogFormat::Common))
        });
        // That of the main server is where everything else is told, see `Site::error_log`.
        let error_log = settings.line(ERROR_LOG).filter(|line| is_of(host, line));
        Ok(Self {
            document_root: document_root(root, &settings),
            interpreter: interpreter_of(host, &settings),
            head_time: head_time(&settings),
            send_time: settings.get(TIMEOUT),
            access_log: access_log.transpose()?,
            error_log: error_log.map(|line| logs.open(line.value(), &line)).transpose()?,
            policies: HashMap::new(),
            routes: HashMap::new(),
        })
    }

    /// Forgets which scripts paths name: one of them is gone.
    pub(crate) fn forget_routes(&self) {
        self.routes.pin().clear();
    }
}

fn head_time(settings: &Resolved) -> Duration {
    settings.line(TIMEOUT).filter(|line| !line.is_default()).map_or(HEAD_TIME, Line::value)
}

/// Does the line stand in the virtual host itself?
fn is_of(host: Host<'_>, line: &samovar_config::Setting) -> bool {
    host.index().is_some() && line.origin().scope().is_some_and(|scope| Arc::ptr_eq(scope, host.scope()))
}

/// The names that answer for a directory, by the settings that hold for it.
fn index(host: Host<'_>, path: &str, directory: &Path) -> Vec<String> {
    let resolved = host.resolve(path, directory.join("").to_str(), true);
    resolved.get(DIRECTORY_INDEX).flatten().cloned().collect()
}

/// The log files of one configuration: what is named twice is one file.
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
