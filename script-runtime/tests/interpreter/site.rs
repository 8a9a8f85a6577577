//! A site in memory with an interpreter on it.

use std::{
    path::Path,
    sync::{Arc, Mutex, mpsc},
};

use samovar_rhai::{
    Builder, Interpreter,
    importer::{Diagnostic, Event, MemoryTree, Outcome},
    rhai::{Dynamic, ImmutableString},
};

pub(crate) struct Site {
    tree: MemoryTree,
    pub(crate) interpreter: Interpreter,
    events: mpsc::Receiver<Event>,
    /// What scripts said with `note("..")`.
    pub(crate) notes: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// `files`: each begins with a line `=== name`.
    pub(crate) fn new(files: &str) -> Self {
        Self::with(|builder| builder, files)
    }

    /// With an interpreter that is made in another way than usual.
    pub(crate) fn with(configure: impl FnOnce(Builder) -> Builder, files: &str) -> Self {
        let tree = MemoryTree::default();
        let notes = Arc::<Mutex<Vec<String>>>::default();
        let noted = notes.clone();
        let builder = Interpreter::builder("test").register(move |engine| {
            let noted = noted.clone();
            engine.register_fn("note", move |text: ImmutableString| noted.lock().expect("no panic").push(text.into()));
        });
        let interpreter = configure(builder).build_on(tree.clone(), Some(Path::new("/s")));
        let events = interpreter.subscribe();
        let site = Self { tree, interpreter, events, notes };
        site.write(files);
        site
    }

    /// What happened since this was asked last, but for what was loaded: an event a line.
    pub(crate) fn trace(&self) -> String {
        let name = |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
        let tell = |event: Event| {
            Some(match event {
                Event::Carried { path, .. } => format!("carried {}", name(&path)),
                Event::CarryFailed { path, diagnostic } => format!("carry failed {}: {diagnostic}", name(&path)),
                Event::CodeCarried { diagnostic, .. } => format!("code: {diagnostic}"),
                Event::Purged { path, diagnostic: None, .. } => format!("purged {}", name(&path)),
                Event::Purged { path, diagnostic: Some(it), .. } => format!("purged {}: {it}", name(&path)),
                Event::Published { reload: true, modules, .. } => {
                    let names: Vec<_> = modules.iter().map(|path| name(path)).collect();
                    format!("published {}", names.join(", "))
                }
                Event::Refused { diagnostics, .. } => format!("refused {}", diagnostics[0]),
                Event::Dropped { path } => format!("dropped {}", name(&path)),
                Event::Retained(retained) => {
                    let holders: Vec<_> = retained.holders.iter().map(ToString::to_string).collect();
                    format!("retained {} by {}", name(&retained.path), holders.join(" and "))
                }
                _ => return None,
            })
        };
        let lines: Vec<_> = self.events.try_iter().filter_map(tell).collect();
        lines.join("\n").replace("/s/", "")
    }

    /// What scripts noted since this was asked last.
    pub(crate) fn take_notes(&self) -> Vec<String> {
        std::mem::take(&mut *self.notes.lock().expect("no panic"))
    }

    pub(crate) fn remove(&self, name: &str) {
        self.tree.remove(format!("/s/{name}"));
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
