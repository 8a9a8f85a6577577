//! Remedies of errors in terms of directives, which the importer and the script runtime do not know.

use samovar_importer::{Diagnostic, Limit, Remedy};

/// The error with its remedy in terms of directives.
pub(crate) fn worded(diagnostic: &Diagnostic) -> Diagnostic {
    diagnostic.clone().worded(|remedy| Some(words(remedy)))
}

fn words(remedy: Remedy) -> String {
    match remedy {
        Remedy::Directory => "declare the directory, with `importer.path` or `RhaiPath`, or move the file".to_owned(),
        Remedy::Limit(Limit::Time) => "the limit is set with `RhaiLimit time ..`, in milliseconds".to_owned(),
        Remedy::Limit(limit) => format!("the limit is set with `RhaiLimit {} ..`", name(limit)),
    }
}

/// The name of the limit in `RhaiLimit`.
fn name(limit: Limit) -> &'static str {
    match limit {
        Limit::Time => "time",
        Limit::Operations => "operations",
        Limit::CallDepth => "depth",
        Limit::ExpressionDepth => "expression",
        Limit::StringBytes => "string",
        Limit::ArrayItems => "array",
        Limit::MapEntries => "map",
        Limit::Modules => "modules",
        Limit::Variables => "variables",
        Limit::Functions => "functions",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::values::LIMITS;

    #[test]
    fn each_remedy_names_a_limit_that_there_is() {
        let limits = [
            Limit::Time,
            Limit::Operations,
            Limit::CallDepth,
            Limit::ExpressionDepth,
            Limit::StringBytes,
            Limit::ArrayItems,
            Limit::MapEntries,
            Limit::Modules,
            Limit::Variables,
            Limit::Functions,
        ];
        assert_eq!(limits.len(), LIMITS.len());
        for limit in limits {
            assert!(LIMITS.contains(&name(limit)), "{limit:?}");
        }
    }
}
