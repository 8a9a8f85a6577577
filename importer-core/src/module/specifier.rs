//! The forms of a module's name (R1-R6).

use std::path::{Path, PathBuf};

/// A name as written in `import` or `import_module`, classified by where its search starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Specifier {
    /// `/x`: exactly this file (R1).
    Absolute(PathBuf),
    /// `./x`, `../x`: from the importing module's directory (R2).
    Relative(PathBuf),
    /// `~/x`: from the handler root (R3).
    HandlerRoot(PathBuf),
    /// Anything else: searched (R4).
    Bare(PathBuf),
}

impl Specifier {
    /// Classifies `name`; a last component without extension gets `extension` (R5).
    ///
    /// ```
    /// # use samovar_importer::Specifier;
    /// assert_eq!(Specifier::parse("./store", "rhai"), Specifier::Relative("./store.rhai".into()));
    /// assert_eq!(Specifier::parse("lib/e.rules", "rhai"), Specifier::Bare("lib/e.rules".into()));
    /// ```
    #[must_use]
    pub fn parse(name: &str, extension: &str) -> Self {
        let path = with_extension(name, extension);
        match name {
            _ if name.starts_with('/') => Self::Absolute(path),
            _ if name.starts_with("./") || name.starts_with("../") => Self::Relative(path),
            _ if name.starts_with("~/") => Self::HandlerRoot(path.strip_prefix("~").unwrap_or(&path).to_path_buf()),
            _ => Self::Bare(path),
        }
    }
}

fn with_extension(name: &str, extension: &str) -> PathBuf {
    let path = Path::new(name);
    match path.file_name() {
        Some(_) if path.extension().is_none() => PathBuf::from(format!("{name}.{extension}")),
        _ => path.to_path_buf(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &Specifier) {
        assert_eq!(&Specifier::parse(name, "rhai"), expected);
    }

    #[test]
    fn r1_to_r4_forms() {
        check("/site/x", &Specifier::Absolute("/site/x.rhai".into()));
        check("./x", &Specifier::Relative("./x.rhai".into()));
        check("../x", &Specifier::Relative("../x.rhai".into()));
        check("~/x", &Specifier::HandlerRoot("x.rhai".into()));
        check("x", &Specifier::Bare("x.rhai".into()));
        check("dir/x", &Specifier::Bare("dir/x.rhai".into()));
    }

    #[test]
    fn r5_extensions() {
        check("e.rhai", &Specifier::Bare("e.rhai".into()));
        check("e.rules", &Specifier::Bare("e.rules".into()));
        check(".hidden", &Specifier::Bare(".hidden.rhai".into()));
        check("v1.2/x", &Specifier::Bare("v1.2/x.rhai".into()));
    }
}
