//! From the path of a URL to a file or a script.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    hidden::{is_hidden, is_script},
    private::Private,
};

/// Where a path leads, and whether by way of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) target: Target,
    /// Set if a page answers for a directory.
    pub(crate) index: Option<Arc<Index>>,
}

/// A page that answers for a directory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Index {
    /// The path of the URL that leads to the page itself.
    pub(crate) path: String,
    /// The directory, with a slash at its end.
    pub(crate) directory: PathBuf,
}

impl From<Target> for Route {
    fn from(target: Target) -> Self {
        Self { target, index: None }
    }
}

/// Where a path leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A script, and what follows its own path.
    Script { file: Arc<Path>, path_info: String },
    /// A static file.
    File(PathBuf),
    /// A directory whose URL lacks the slash at its end.
    Slash(PathBuf),
    /// There is no such file. `file` is what the path would name; functions of `RhaiHandler` may answer for it.
    Nothing { file: PathBuf, path_info: String },
    /// A file that is never served.
    Hidden,
}

impl Target {
    /// The file that sections of the configuration are matched with.
    pub(crate) fn filename(&self) -> Option<&Path> {
        match self {
            Self::Script { file, .. } => Some(file),
            Self::File(file) | Self::Nothing { file, .. } | Self::Slash(file) => Some(file),
            Self::Hidden => None,
        }
    }

    /// Is there such a file or directory, and does the path name nothing beyond it?
    pub(crate) fn is_exact(&self) -> bool {
        match self {
            Self::Nothing { file, .. } => file.as_os_str().as_encoded_bytes().ends_with(b"/"),
            Self::Script { path_info, .. } => path_info.is_empty(),
            Self::File(_) | Self::Slash(_) => true,
            Self::Hidden => false,
        }
    }

    pub(crate) fn path_info(&self) -> &str {
        match self {
            Self::Script { path_info, .. } | Self::Nothing { path_info, .. } => path_info,
            Self::File(_) | Self::Slash(_) | Self::Hidden => "",
        }
    }
}

/// What there is under a name.
pub(crate) enum There {
    Nothing,
    /// One of the server's private files, which are never served.
    Private,
    File,
    Directory,
}

/// Looks at the file system. Private files are never served.
pub(crate) fn on_disk(private: &Private) -> impl Fn(&Path) -> There {
    |path| match path.metadata() {
        Ok(found) if found.is_file() && private.hides(path, &found) => There::Private,
        Ok(found) if found.is_file() => There::File,
        Ok(found) if found.is_dir() => There::Directory,
        Ok(_) | Err(_) => There::Nothing,
    }
}

/// Follows a normalised path below `root`.
///
/// `/a/b/c` is the script `a.rhai`, else `a/b.rhai`, else `a/b/c.rhai`; the rest is its path info. Static files have no
/// path info. `index` returns the names that answer for a directory.
pub(crate) fn route(
    root: &Path,
    path: &str,
    look: &dyn Fn(&Path) -> There,
    index: &dyn Fn(&Path) -> Vec<String>,
) -> Route {
    let mut file = root.to_path_buf();
    let mut rest = path;
    while let Some((name, after)) = next_name(rest) {
        if is_hidden(name) {
            return Target::Hidden.into();
        }
        let script = file.join(format!("{name}.rhai"));
        match look(&script) {
            There::Private => return Target::Hidden.into(),
            There::File => return Target::Script { file: script.into(), path_info: after.to_owned() }.into(),
            There::Nothing | There::Directory => {}
        }
        file.push(name);
        rest = after;
        match look(&file) {
            There::Private => return Target::Hidden.into(),
            There::File if rest.is_empty() => return Target::File(file).into(),
            There::Directory => {}
            There::File | There::Nothing => {
                let hidden = names(rest).any(is_hidden);
                let nothing = Target::Nothing { file, path_info: rest.to_owned() };
                return if hidden { Target::Hidden.into() } else { nothing.into() };
            }
        }
    }
    if rest.is_empty() {
        return Target::Slash(file.join("")).into();
    }
    let names = index(&file);
    directory(root, path, &file, &names, look)
}

/// Follows a path that leads to no file, by the modules that are served though their files are away: editors remove a
/// file and write it again, and a URL follows its module (R34, R63). `serves` says whether a file is served,
/// `is_directory` whether a directory is there now.
pub(crate) fn route_away(
    root: &Path,
    path: &str,
    serves: &dyn Fn(&Path) -> bool,
    is_directory: &dyn Fn(&Path) -> bool,
    index: &dyn Fn(&Path) -> Vec<String>,
) -> Option<Route> {
    let look = |file: &Path| if serves(file) { There::File } else { There::Directory };
    // A directory that is away is known by the files that are served below it. A page elsewhere answers for a directory
    // only while that is there.
    let index = |directory: &Path| {
        let is_below = |name: &str| samovar_importer::normalize(&directory.join(name)).starts_with(directory);
        let mut names = index(directory);
        names.retain(|name| is_below(name) || is_directory(directory));
        names
    };
    let route_of = |path: &str| route(root, path, &look, &index);
    let found = route_of(path);
    let is_found = match &found.target {
        Target::Script { .. } | Target::File(_) => true,
        Target::Slash(_) => matches!(route_of(&format!("{path}/")).target, Target::Script { .. } | Target::File(_)),
        Target::Nothing { .. } | Target::Hidden => false,
    };
    is_found.then_some(found)
}

fn directory(root: &Path, path: &str, directory: &Path, index: &[String], look: &dyn Fn(&Path) -> There) -> Route {
    for name in index {
        // As in httpd, a name that begins with `/` is one below the document root.
        let (file, own) = match name.strip_prefix('/') {
            Some(below) => (root.join(below.trim_start_matches('/')), name.clone()),
            None => (directory.join(name), format!("{path}{name}")),
        };
        let target = match look(&file) {
            There::Nothing | There::Directory => continue,
            There::Private => Target::Hidden,
            There::File if is_script(name) => Target::Script { file: file.into(), path_info: String::new() },
            There::File => Target::File(file),
        };
        // A script is asked for without its extension.
        let own = own.strip_suffix(".rhai").unwrap_or(&own);
        let own = samovar_importer::normalize(Path::new(own)).to_string_lossy().into_owned();
        return Route { target, index: Some(Arc::new(Index { path: own, directory: directory.join("") })) };
    }
    Target::Nothing { file: directory.join(""), path_info: String::new() }.into()
}

/// The first name of `/name/rest`, and `/rest`.
fn next_name(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_prefix('/').filter(|path| !path.is_empty())?;
    Some(path.find('/').map_or((path, ""), |slash| path.split_at(slash)))
}

fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> tempfile::TempDir {
        let site = tempfile::tempdir().expect("a directory");
        for file in ["hello.rhai", "style.css", "admin/index.rhai", "admin/users.rhai", "docs/index.html", "both.rhai"]
        {
            let path = site.path().join(file);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, "").expect("written");
        }
        std::fs::create_dir_all(site.path().join("both")).expect("made");
        std::fs::create_dir_all(site.path().join("empty")).expect("made");
        site
    }

    #[track_caller]
    fn check(path: &str, expected: &str) {
        let site = site();
        let name = |file: &Path| {
            let name = file.strip_prefix(site.path()).expect("below the root").display().to_string();
            if file.as_os_str().to_string_lossy().ends_with('/') { format!("{name}/") } else { name }
        };
        let found = match route(site.path(), path, &on_disk(&Private::default()), &|_| {
            vec!["index.rhai".into(), "index.html".into()]
        })
        .target
        {
            Target::Script { file, path_info } => format!("script {} {path_info}", name(&file)),
            Target::File(file) => format!("file {}", name(&file)),
            Target::Slash(directory) => format!("slash {}", name(&directory)),
            Target::Nothing { file, path_info } => format!("nothing {} {path_info}", name(&file)),
            Target::Hidden => "Hidden".to_owned(),
        };
        assert_eq!(found.trim_end(), expected, "{path}");
    }

    #[test]
    fn scripts_take_what_follows() {
        check("/hello", "script hello.rhai");
        check("/hello/", "script hello.rhai /");
        check("/hello/any/thing", "script hello.rhai /any/thing");
        check("/admin/users/7", "script admin/users.rhai /7");
        check("/both/x", "script both.rhai /x");
    }

    #[test]
    fn files_are_found_whole() {
        check("/style.css", "file style.css");
        check("/style.css/x", "nothing style.css /x");
        check("/no/x/y", "nothing no /x/y");
    }

    #[test]
    fn directories_have_an_index() {
        check("/admin", "slash admin/");
        check("/admin/", "script admin/index.rhai");
        check("/docs/", "file docs/index.html");
        check("/empty/", "nothing empty/");
        check("/", "nothing /");
    }

    #[test]
    fn a_page_for_a_directory_has_a_path_of_its_own() {
        let site = site();
        let own = |path: &str, names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            route(site.path(), path, &on_disk(&Private::default()), &|_| names.clone())
                .index
                .map(|index| index.path.clone())
        };
        assert_eq!(own("/admin/", &["index.rhai"]).as_deref(), Some("/admin/index"));
        assert_eq!(own("/docs/", &["none", "index.html"]).as_deref(), Some("/docs/index.html"));
        assert_eq!(own("/docs/", &["../style.css"]).as_deref(), Some("/style.css"));
        assert_eq!(own("/", &["docs/index.html"]).as_deref(), Some("/docs/index.html"));
        assert_eq!(own("/admin/", &["/docs/index.html"]).as_deref(), Some("/docs/index.html"));
        assert_eq!(own("/empty/", &["index.html"]), None);
        assert_eq!(own("/style.css", &["index.html"]), None);
    }

    #[track_caller]
    fn check_away(path: &str, expected: &str) {
        let served = ["/s/hello.rhai", "/s/admin/index.rhai", "/s/admin/users.rhai", "/s/page.html"];
        let serves = |file: &Path| served.contains(&&*file.to_string_lossy());
        let is_directory = |directory: &Path| directory == Path::new("/s/there");
        let names = ["index.html", "index.rhai", "/hello.rhai", "../hello.rhai"].map(str::to_owned);
        let route = route_away(Path::new("/s"), path, &serves, &is_directory, &|_| names.to_vec());
        let found = match route.map(|route| route.target) {
            Some(Target::Script { file, path_info }) => format!("script {} {path_info}", file.display()),
            Some(Target::File(file)) => format!("file {}", file.display()),
            Some(Target::Slash(directory)) => format!("slash {}", directory.display()),
            other => format!("{other:?}"),
        };
        assert_eq!(found.trim_end(), expected, "{path}");
    }

    #[test]
    fn r63_scripts_whose_files_are_away_are_found_as_before() {
        check_away("/hello", "script /s/hello.rhai");
        check_away("/hello/any/thing", "script /s/hello.rhai /any/thing");
        check_away("/hello/", "script /s/hello.rhai /");
        check_away("/admin/users/7", "script /s/admin/users.rhai /7");
        check_away("/admin/", "script /s/admin/index.rhai");
        check_away("/admin", "slash /s/admin/");
        check_away("/page.html", "file /s/page.html");
        check_away("/there/", "script /s/hello.rhai");
        check_away("/there", "slash /s/there/");
        for path in [
            "/none",
            "/page.html/x",
            "/hello.rhai",
            "/.hello",
            "/none/",
            "/none/more",
            "/",
            "/admin/none",
            "/admin/users.rhai",
        ] {
            check_away(path, "None");
        }
    }

    #[test]
    fn sources_and_leftovers_are_hidden() {
        for path in [
            "/hello.rhai",
            "/hello.rhai/x",
            "/HELLO.RHAI",
            "/hello.rhai.bak",
            "/hello.rhai~",
            "/.git/config",
            "/samovar.conf",
            "/admin/.users.rhai.swp",
            "/style.css~",
            "/#style.css#",
            "/no/.env",
            "/style.css.orig",
        ] {
            check(path, "Hidden");
        }
    }
}
