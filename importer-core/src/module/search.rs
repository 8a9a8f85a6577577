//! The places in which a name is searched, in order (R7-R13, R16, R17).
//!
//! Pure: a name, its importer and its scope go in, paths come out. The caller looks whether the files exist.

use std::path::{Path, PathBuf};

use super::{
    error::ImportError, id::normalize, import::ImportOptions, importer::Importer, scope::Scope, specifier::Specifier,
};

/// A place in which a name is searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Candidate {
    /// A file that is reloaded when it changes (R1-R11).
    File(PathBuf),
    /// A file of a library directory, loaded once (R12, R14).
    LibraryFile(PathBuf),
    /// A module that the host registered under this name (R12).
    Registered(String),
}

/// The name under which scripts reach the importer itself. No file can have it.
pub(crate) const RESERVED: &str = "importer";

pub(crate) fn candidates(
    name: &str,
    extension: &str,
    importer: Option<&Importer>,
    scope: &Scope,
    options: &ImportOptions,
) -> Result<Vec<Candidate>, ImportError> {
    if name.is_empty() || name.contains('\0') {
        return Err(ImportError::BadName(name.to_owned()));
    }
    if name == RESERVED {
        return Ok(vec![Candidate::Registered(name.to_owned())]);
    }
    let only = |path: PathBuf| Ok(vec![Candidate::File(normalize(&path))]);
    match Specifier::parse(name, extension) {
        Specifier::Absolute(path) => only(path),
        Specifier::Relative(path) => match importer {
            Some(importer) => only(importer.directory().join(path)),
            None => Err(ImportError::NoImporter(name.to_owned())),
        },
        Specifier::HandlerRoot(path) => match scope.root() {
            Some(root) => only(root.join(path)),
            None => Err(ImportError::NoHandlerRoot(name.to_owned())),
        },
        Specifier::Bare(file) => Ok(bare(name, &file, importer, scope, options)),
    }
}

fn bare(
    name: &str,
    file: &Path,
    importer: Option<&Importer>,
    scope: &Scope,
    options: &ImportOptions,
) -> Vec<Candidate> {
    let own_directory = importer.map(Importer::directory).into_iter().map(Path::to_path_buf);
    let own_path = importer.map(Importer::search_path);
    let directories = (options.path.iter().cloned()) // R8
        .chain(own_directory) // R9
        .chain(own_path.iter().flat_map(|path| path.iter().cloned())) // R10
        .chain(scope.search_path().iter().cloned()); // R11
    let in_directory = |directory: PathBuf| Some(normalize(&scope.expand(&directory)?.join(file)));

    let mut places: Vec<_> = directories.filter_map(in_directory).map(Candidate::File).collect();
    places.push(Candidate::Registered(name.to_owned())); // R12
    places.extend(scope.library_path().iter().cloned().filter_map(in_directory).map(Candidate::LibraryFile));
    let mut seen = Vec::with_capacity(places.len());
    places.retain(|place| !seen.contains(place) && (seen.push(place.clone()), true).1);
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::ModuleId;

    fn scope() -> Scope {
        Scope::new("test").handler_root("/site").path(["/opt/shared", "~/lib"]).library(["/usr/lib/rhai"])
    }

    #[track_caller]
    fn check(name: &str, importer: Option<&str>, path: &[&str], expected: &[&str]) {
        let importer =
            importer.map(|path| Importer::new(ModuleId(0), Path::new(path).into(), vec!["/own/path".into()]));
        let options = ImportOptions { path: path.iter().map(Into::into).collect(), ..ImportOptions::default() };
        let found = candidates(name, "rhai", importer.as_ref(), &scope(), &options).map_or_else(
            |error| vec![error.to_string()],
            |found| {
                let text = |candidate| match candidate {
                    Candidate::File(path) => path.display().to_string(),
                    Candidate::LibraryFile(path) => format!("library {}", path.display()),
                    Candidate::Registered(name) => format!("registered {name}"),
                };
                found.into_iter().map(text).collect()
            },
        );
        assert_eq!(found, expected);
    }

    #[test]
    fn r1_r2_r3_explicit_names_are_not_searched() {
        check("/x/m", None, &["/p"], &["/x/m.rhai"]);
        check("./m", Some("/site/a/h.rhai"), &[], &["/site/a/m.rhai"]);
        check("../m", Some("/site/a/h.rhai"), &[], &["/site/m.rhai"]);
        check("~/m", Some("/site/a/h.rhai"), &[], &["/site/m.rhai"]);
        check("./m", None, &[], &["`./m` is relative, but no module is importing it"]);
    }

    #[test]
    fn r8_to_r13_order_of_the_search() {
        check(
            "m",
            Some("/site/a/h.rhai"),
            &["/arg", "~/x"],
            &[
                "/arg/m.rhai",
                "/site/x/m.rhai",
                "/site/a/m.rhai",
                "/own/path/m.rhai",
                "/opt/shared/m.rhai",
                "/site/lib/m.rhai",
                "registered m",
                "library /usr/lib/rhai/m.rhai",
            ],
        );
    }

    #[test]
    fn r12_the_importers_own_module_cannot_be_shadowed() {
        check("importer", Some("/site/a/h.rhai"), &["/arg"], &["registered importer"]);
    }
}
