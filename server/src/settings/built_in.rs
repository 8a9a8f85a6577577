//! The module `importer`, of which a line of the configuration can call one function.

use samovar_config::nearest;
use samovar_importer::Diagnostic;

/// Ends all reloading of an interpreter (R40).
pub(crate) const FREEZE: &str = "importer::freeze_modules";

/// What is wrong with a line that calls a function of the module `importer`: scripts alone call the others. `None` if nothing
/// is, or if the name is that of another module.
pub(crate) fn wrong_call(name: &str, default: Option<&str>, is_import: bool) -> Option<Diagnostic> {
    let (module, function) = match name.split_once("::") {
        Some((module, function)) => (module, Some(function)),
        None => (name, default),
    };
    let function = function.filter(|_| module == "importer" && !(is_import && name == FREEZE))?;
    let message = format!("the module `importer` has no function `{function}` that this line could call");
    let help = match nearest(name, [FREEZE]).filter(|_| is_import) {
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("`RhaiImport {FREEZE} NAME` is the only line that calls one; scripts call the others"),
    };
    Some(Diagnostic::error(message).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, default: Option<&str>, is_import: bool, expected: Option<&str>) {
        let help = wrong_call(name, default, is_import).map(|wrong| wrong.help[0].text.clone());
        assert_eq!(help.as_deref().map(|help| &help[..12]), expected, "{name}");
    }

    #[test]
    fn lines_call_one_function_of_the_module() {
        check(FREEZE, None, true, None);
        check("importer", None, true, None);
        check("./importer::x", None, true, None);
        check("start::freeze_modules", None, true, None);
        check("importer::freeze_module", None, true, Some("did you mean"));
        check("importer::is_frozen", None, true, Some("`RhaiImport "));
        check("importer", Some("handler"), false, Some("`RhaiImport "));
        check(FREEZE, Some("handler"), false, Some("`RhaiImport "));
    }
}
