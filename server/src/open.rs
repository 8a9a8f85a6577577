//! From a directory or a configuration file to a site that can answer.

use std::{
    collections::HashMap,
    fmt::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use samovar_config::{
    Address, Config, DiskFiles, Files, Loaded, Loader, MemoryFiles, Report, Resolved, SectionKind, Setting,
};
use samovar_importer::{Diagnostic, Scope};
use samovar_rhai::Interpreter;

use crate::{
    directive::schema,
    interpreters::Roots,
    listen::Listeners,
    names,
    phase::Phase,
    policy::{MAIN, scope},
};

/// Why a site cannot be opened. The text is for people, and says all that is wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is nothing, or nothing that can be read, at the path.
    #[error("cannot serve `{}`: {reason}", .path.display())]
    Path {
        /// The path as given.
        path: PathBuf,
        /// What the operating system says.
        reason: std::io::Error,
    },
    /// What is there is a script, and no configuration.
    #[error("`{}` is a script", .0.display())]
    Script(PathBuf),
    /// The configuration is wrong.
    #[error("the configuration has {} error(s)", .0.errors())]
    Configuration(Box<Report>),
    /// The configuration that held so far came from this file, and there is none any more.
    #[error("`{}` is gone, which the configuration came from", .0.display())]
    Gone(PathBuf),
    /// A file of the configuration had lines in it, and has none any more.
    #[error("`{}` is empty, and was not before", .0.display())]
    Emptied(PathBuf),
    /// A directory of the configuration is not there.
    #[error("{origin}: `{}` is not a directory", .path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Where it stands, `file:line`.
        origin: String,
    },
    /// What `RhaiImport` names cannot be loaded, or its function raised (R41).
    #[error("{origin}: {diagnostic}")]
    Import {
        /// Where it stands, `file:line`.
        origin: String,
        /// What is wrong with the script.
        diagnostic: Box<Diagnostic>,
    },
    /// A log file cannot be opened.
    #[error("{origin}: cannot write to `{}`: {reason}", .path.display())]
    Log {
        /// The file.
        path: PathBuf,
        /// Where it stands, `file:line`.
        origin: String,
        /// What the operating system says.
        reason: std::io::Error,
    },
    /// An address cannot be listened at.
    #[error("cannot listen on {address}: {reason}")]
    Address {
        /// The address, as it is written.
        address: String,
        /// What the operating system says.
        reason: std::io::Error,
    },
    /// What is to be explained is no URL of this server.
    #[error("`{url}` is no URL: {reason}")]
    Url {
        /// As it was given.
        url: String,
        /// Why not.
        reason: String,
    },
    /// The system gives no threads.
    #[error("cannot start threads: {0}")]
    Threads(std::io::Error),
}

impl OpenError {
    /// Everything that is wrong, with excerpts; `colour` for terminals.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        match self {
            Self::Configuration(report) => report.render(colour),
            Self::Import { origin, diagnostic } => {
                let mut diagnostic = Diagnostic::clone(diagnostic);
                diagnostic.notes.push(samovar_importer::Note { message: format!("imported by {origin}"), place: None });
                diagnostic.render(colour)
            }
            Self::Address { .. } => {
                let help = "choose another address with `Listen` or --listen, or end what has this one";
                Diagnostic::error(self.to_string()).help(help).render(colour)
            }
            Self::Script(path) => {
                let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
                let directory = directory.unwrap_or(Path::new(".")).display();
                let help = format!("name the directory that it is in: `{directory}`");
                Diagnostic::error(self.to_string()).help(help).render(colour)
            }
            Self::Gone(_) => {
                let help = "put it back; to serve the directory without a configuration, start the server anew";
                Diagnostic::error(self.to_string()).help(help).render(colour)
            }
            Self::Emptied(_) => {
                let help = "a file that is just being written looks like this; if nothing is what it is to say, write a comment";
                Diagnostic::error(self.to_string()).help(help).render(colour)
            }
            other => Diagnostic::error(other.to_string()).render(colour),
        }
    }
}

/// A configuration that was read, and where its paths start.
pub(crate) struct Opened {
    pub(crate) loaded: Loaded,
    /// Where relative paths start, unless `ServerRoot` says otherwise.
    pub(crate) root: PathBuf,
    /// Is there a configuration at all? A directory may have none.
    pub(crate) is_configured: bool,
}

/// The texts of which a configuration was made.
#[derive(Clone, Default)]
pub(crate) struct Texts {
    /// By file, in the order in which they were read.
    files: Vec<(PathBuf, String)>,
    /// What was looked for, whether or not it is there.
    asked: Vec<PathBuf>,
}

/// Only what was read makes a difference.
impl PartialEq for Texts {
    fn eq(&self, other: &Self) -> bool {
        self.files == other.files
    }
}

impl Texts {
    pub(crate) fn of(report: &Report) -> Self {
        let text = |source: &samovar_config::Source| (source.path().to_path_buf(), source.text().to_owned());
        let sources = report.sources();
        let asked = sources.asked().map(Path::to_path_buf).collect();
        Self { files: sources.iter().map(text).collect(), asked }
    }

    /// Of a reading, whether or not it can be used.
    pub(crate) fn read(opened: &Result<Opened, OpenError>) -> Option<Self> {
        match opened {
            Ok(opened) => Some(Self::of(&opened.loaded.report)),
            Err(OpenError::Configuration(report)) => Some(Self::of(report)),
            Err(_) => None,
        }
    }

    /// The files that were read.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|(path, _)| &**path)
    }

    /// Where a change would be one of the configuration.
    pub(crate) fn watched(&self) -> impl Iterator<Item = &Path> {
        self.paths().chain(self.asked.iter().map(PathBuf::as_path))
    }

    /// A file that had lines in it `before`, and has none any more.
    pub(crate) fn emptied(&self, before: &Self) -> Option<&Path> {
        let had_lines = |path: &Path| before.files.iter().any(|(known, text)| known == path && !text.trim().is_empty());
        self.files
            .iter()
            .filter(|(_, text)| text.trim().is_empty())
            .map(|(path, _)| &**path)
            .find(|path| had_lines(path))
    }
}

/// The name of the configuration in a directory.
pub(crate) const NAME: &str = "samovar.conf";

/// Reads what a path names: a directory with or without `samovar.conf`, or a configuration file.
pub(crate) fn read(path: &Path, defines: &[String]) -> Result<Opened, OpenError> {
    let reason = |reason| OpenError::Path { path: path.to_path_buf(), reason };
    let absolute = std::path::absolute(path).map_err(reason)?;
    let is_directory = absolute.metadata().map_err(reason)?.is_dir();
    let file = if is_directory { absolute.join(NAME) } else { absolute.clone() };
    // Only what is certainly not there is no configuration. One that cannot be reached, or a link that leads nowhere, is
    // one that cannot be read.
    let is_configured = !is_directory || !is_absent(&file);
    let root = file.parent().unwrap_or(Path::new("/")).to_path_buf();
    let loader = defines
        .iter()
        .fold(Loader::new(schema()).module("rhai_module").module("mod_rhai.c"), |loader, it| loader.define(it));
    let mut loaded = if !is_directory && !file.is_file() {
        return Err(reason(std::io::Error::other("neither a directory nor a configuration file")));
    } else if file.extension().is_some_and(|extension| extension == "rhai") {
        return Err(OpenError::Script(path.to_path_buf()));
    } else if is_configured {
        load(&loader.server_root(&root), &DiskFiles, &file)?
    } else {
        let name = absolute.join("(no samovar.conf)");
        load(&loader, &MemoryFiles::new().file(&name, directory_mode(&absolute)), &name)?
    };
    let unused = names::judge(&loaded.config);
    loaded.report.extend(unused);
    Ok(Opened { loaded, root, is_configured })
}

/// As [`read`], where a configuration held so far that was made of the texts `before`: it cannot be gone, and none of its
/// files can have become empty, since both are what a checkout or a copy leaves for a moment.
pub(crate) fn read_again(path: &Path, defines: &[String], before: Option<&Texts>) -> Result<Opened, OpenError> {
    let opened = read(path, defines)?;
    let Some(before) = before else { return Ok(opened) };
    if !opened.is_configured {
        return Err(OpenError::Gone(path.join(NAME)));
    }
    match Texts::of(&opened.loaded.report).emptied(before) {
        Some(path) => Err(OpenError::Emptied(path.to_path_buf())),
        None => Ok(opened),
    }
}

fn is_absent(file: &Path) -> bool {
    file.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

fn load(loader: &Loader, files: &dyn Files, file: &Path) -> Result<Loaded, OpenError> {
    loader.load(files, file).map_err(OpenError::Configuration)
}

/// What a directory without configuration means.
fn directory_mode(directory: &Path) -> String {
    let mut quoted = String::new();
    for character in directory.to_string_lossy().chars() {
        let escape = if matches!(character, '"' | '\\') { "\\" } else { "" };
        let _ = write!(quoted, "{escape}{character}");
    }
    format!("DocumentRoot \"{quoted}\"\nSetHandler rhai\n")
}

/// A path of the configuration, which starts at the server root unless it is absolute.
pub(crate) fn path_in(root: &Path, text: &str) -> PathBuf {
    samovar_importer::normalize(&root.join(text))
}

/// The directory at which relative paths of a configuration start; without `ServerRoot` that of its first file.
pub(crate) fn server_root(opened_root: &Path, settings: &Resolved) -> PathBuf {
    settings.text("ServerRoot").map_or_else(|| opened_root.to_path_buf(), |text| path_in(opened_root, text))
}

/// The document root of a host.
pub(crate) fn document_root(opened_root: &Path, settings: &Resolved) -> PathBuf {
    let server_root = server_root(opened_root, settings);
    settings.text("DocumentRoot").map_or(server_root.clone(), |text| path_in(&server_root, text))
}

/// Where the configuration says that connections are accepted.
pub(crate) fn listens(config: &Config) -> Vec<Address> {
    config.main().settings().all("Listen").filter_map(|line| line.arguments().first()?.address().cloned()).collect()
}

/// The addresses that clients may connect to, as far as that is known without looking names up.
pub(crate) fn local_addresses(config: &Config) -> Vec<SocketAddr> {
    let found: Vec<_> = listens(config).iter().flat_map(crate::bind::known).collect();
    if found.is_empty() { vec![Listeners::DEFAULT] } else { found }
}

/// Is there a place whose clients see what is wrong with a change, in place of what was served before?
pub(crate) fn shows_refusals(config: &Config) -> bool {
    let mut lines = config.settings().filter(|line| line.directive() == "RhaiDebug");
    lines.any(|line| line.text().is_some_and(|word| word.eq_ignore_ascii_case("on")))
}

/// All directories of a configuration that modules may come from.
pub(crate) fn roots(opened: &Opened) -> Result<Roots, OpenError> {
    let config = &opened.loaded.config;
    for host in std::iter::once(config.main()).chain(config.hosts()) {
        let settings = host.settings();
        let directory = document_root(&opened.root, &settings);
        if !directory.is_dir() {
            let origin = settings.get("DocumentRoot").map(crate::policy::origin).unwrap_or_default();
            return Err(OpenError::Directory { path: directory, origin });
        }
    }
    Ok(declared_roots(opened))
}

/// As [`roots`], whether or not they are there.
pub(crate) fn declared_roots(opened: &Opened) -> Roots {
    let config = &opened.loaded.config;
    let mut roots = Roots::default();
    for host in std::iter::once(config.main()).chain(config.hosts()) {
        roots.watched.insert(document_root(&opened.root, &host.settings()));
    }
    let server_root = server_root(&opened.root, &config.main().settings());
    // A handler's module is searched in the directory of its section.
    let is_phase = |name: &str| Phase::ALL.iter().any(|phase| phase.directive() == name);
    let names_scripts = |line: &Setting| line.directive() == "SetHandler" && line.text() == Some("rhai");
    let handlers = config.settings().filter(|line| is_phase(line.directive()) || names_scripts(line));
    roots.watched.extend(handlers.filter_map(|setting| section_directory(setting, &server_root)));
    let handler_roots = roots.watched.clone();
    // `~` is each of them in turn; `~/..` may lead out of all of them.
    let absolute = |path: PathBuf| -> Vec<PathBuf> {
        match path.strip_prefix("~") {
            Ok(rest) => handler_roots.iter().map(|root| samovar_importer::normalize(&root.join(rest))).collect(),
            Err(_) => vec![path],
        }
    };
    for setting in config.settings() {
        let texts: Vec<_> = setting.texts().collect();
        match (setting.directive(), texts.as_slice()) {
            ("RhaiOption", ["importer.path", list]) => {
                roots.watched.extend(search_path(&server_root, list).flat_map(absolute));
            }
            ("RhaiPath", list) => {
                roots.library.extend(list.iter().map(|text| directory_in(&server_root, text)).flat_map(absolute));
            }
            _ => {}
        }
    }
    roots
}

/// The directories of `importer.path`, in order.
pub(crate) fn search_path<'t>(server_root: &'t Path, list: &'t str) -> impl Iterator<Item = PathBuf> + 't {
    list.split(':').filter(|part| !part.is_empty()).map(move |part| directory_in(server_root, part))
}

/// A directory of `importer.path` or `RhaiPath`: relative ones start at the server root, `~` is the handler root.
pub(crate) fn directory_in(server_root: &Path, text: &str) -> PathBuf {
    if text == "~" || text.starts_with("~/") { PathBuf::from(text) } else { path_in(server_root, text) }
}

/// The directory of the section in which a line stands.
fn section_directory(setting: &Setting, server_root: &Path) -> Option<PathBuf> {
    let scope = setting.origin().scope()?.directory()?;
    if let Some(directory) = scope.literal() {
        return Some(PathBuf::from(directory));
    }
    // What a pattern names is not known before the first request; its fixed beginning is.
    let pattern = scope.argument().trim_matches(['"', '\'']);
    let fixed = pattern.split(['*', '?', '[']).next()?.rsplit_once('/').map_or("", |(start, _)| start);
    let is_regex = scope.kind() == Some(SectionKind::DirectoryMatch) || pattern.starts_with('~');
    let anywhere = fixed.is_empty() && pattern.starts_with('/');
    (!is_regex && !anywhere).then(|| path_in(server_root, fixed))
}

/// The lines of `RhaiImport` that have run: what each imports, into which interpreter, for which document root, and under which
/// policy.
pub(crate) type Imported = HashMap<(String, String, PathBuf), Arc<Scope>>;

/// A line of `RhaiImport` with what holds for the host in which it stands.
pub(crate) struct ImportLine {
    pub(crate) line: Setting,
    pub(crate) directory: PathBuf,
    pub(crate) settings: Arc<Resolved>,
}

/// Loads and calls what `RhaiImport` lists, in order, and notes it. What has run already does not run again (R41), but
/// what the configuration says about reloading it now takes the place of what was said before.
pub(crate) fn run_imports(
    opened: &Opened,
    imported: &mut Imported,
    interpreter: impl Fn(&str) -> Result<Interpreter, OpenError>,
) -> Result<(), OpenError> {
    for ImportLine { line, directory, settings } in imports(opened) {
        let mut texts = line.texts();
        let (Some(module), name) = (texts.next(), texts.next().unwrap_or(MAIN)) else { continue };
        let interpreter = interpreter(name)?;
        let scope = Arc::new(scope(&settings, &directory, &server_root(&opened.root, &settings)));
        let key = (module.to_owned(), name.to_owned(), directory);
        if let Some(before) = imported.get(&key) {
            interpreter.registry().forget(before);
            before.retire(settings.flag("RhaiAutoReload"));
            // It was found before; if it is gone by now, that is told when somebody asks for it.
            let _ = interpreter.handler_in(&scope, module, &key.2);
        } else {
            run_import(&interpreter, &scope, module, &key.2).map_err(|error| OpenError::Import {
                origin: crate::policy::origin(&line),
                diagnostic: Box::new(error),
            })?;
        }
        imported.insert(key, scope);
    }
    Ok(())
}

/// The lines of `RhaiImport` in their order, each with the document root of its host.
pub(crate) fn imports(opened: &Opened) -> Vec<ImportLine> {
    let config = &opened.loaded.config;
    let inherited = config.main().settings().all("RhaiImport").count();
    let mut found = Vec::new();
    for host in std::iter::once(config.main()).chain(config.hosts()) {
        let settings = host.settings();
        let skipped = if host.index().is_some() { inherited } else { 0 };
        let directory = document_root(&opened.root, &settings);
        let line = |line: &Setting| ImportLine {
            line: line.clone(),
            directory: directory.clone(),
            settings: settings.clone(),
        };
        found.extend(settings.all("RhaiImport").skip(skipped).map(line));
    }
    found
}

/// So long a function may take that is called before the first request.
const IMPORT_TIME: Duration = Duration::from_secs(60);

fn run_import(interpreter: &Interpreter, scope: &Arc<Scope>, module: &str, directory: &Path) -> Result<(), Diagnostic> {
    if module == "importer::freeze_modules" {
        interpreter.freeze();
        return Ok(());
    }
    let handler = interpreter.handler_in(scope, module, directory).map_err(|error| error.diagnostic())?;
    let handler = handler.time(IMPORT_TIME);
    match module.contains("::") {
        true => handler.call::<samovar_rhai::rhai::Dynamic>(()).map(drop),
        false => handler.load(),
    }
}
