//! A site in memory with an interpreter on it.

use std::path::Path;

use samovar_rhai::{
    Interpreter,
    importer::{Diagnostic, MemoryTree, Outcome},
    rhai::Dynamic,
};

pub(crate) struct Site {
    tree: MemoryTree,
    pub(crate) interpreter: Interpreter,
}

impl Site {
    /// `files`: each begins with a line `=== name`.
    pub(crate) fn new(files: &str) -> Self {
        let tree = MemoryTree::default();
        let interpreter = Interpreter::builder("test").build_on(tree.clone(), Some(Path::new("/s")));
        let site = Self { tree, interpreter };
        site.write(files);
        site
    }

    pub(crate) fn write(&self, files: &str) {
        for file in files.split("=== ").skip(1) {
            let (name, text) = file.split_once('\n').expect("a line with the name");
            self.tree.write(format!("/s/{}", name.trim()), text);
        }
    }

    /// Calls `module::function` without arguments and shows what it returned, or what went wrong.
    pub(crate) fn call(&self, function: &str) -> String {
        let handler = self.interpreter.handler(function);
        let result = handler.map_err(|error| error.diagnostic()).and_then(|it| it.call::<Dynamic>(()));
        show(result.map(|value| value.to_string()))
    }

    /// Reloads what changed; `reloaded a, b`, or what is wrong.
    pub(crate) fn reload(&self) -> String {
        match self.interpreter.reload() {
            Outcome::Published { modules, .. } => {
                let name = |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
                let names: Vec<_> = modules.iter().map(|(path, _)| name(path)).collect();
                format!("reloaded {}", names.join(", "))
            }
            Outcome::Refused(diagnostics) => {
                diagnostics.iter().map(|it| it.to_string().replace("/s/", "")).collect::<Vec<_>>().join("; ")
            }
            other => format!("{other:?}"),
        }
    }

    /// Writes, reloads, and asserts what was reloaded.
    #[track_caller]
    pub(crate) fn change(&self, files: &str, expected: &str) {
        self.write(files);
        assert_eq!(self.reload(), expected);
    }

    #[track_caller]
    pub(crate) fn expect(&self, function: &str, expected: &str) {
        assert_eq!(self.call(function), expected, "{function}");
    }
}

fn show(result: Result<String, Diagnostic>) -> String {
    result.unwrap_or_else(|error| format!("error: {}", error.to_string().replace("/s/", "")))
}
