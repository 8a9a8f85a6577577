//! Which instance is executing: always with two live instances of a module, and modules that use the same names.

mod basics;
mod corpus;
mod cost;
mod edges;
mod functions;
mod lifetime;
mod meeting;
mod table;
mod writes;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use rhai::Dynamic;

use samovar_importer::ImportOptions;

use super::*;
use crate::thread::importing::{Imported, Importing, with_importing};

/// Files in memory and the newest instance of each: the least that imports need.
pub(crate) struct Site {
    pub(crate) linker: Linker,
    files: Mutex<HashMap<String, String>>,
    live: Mutex<HashMap<String, Arc<Instance>>>,
    /// Who imported what: `a#1 -> ./b`.
    pub(crate) imports: Mutex<Vec<String>>,
    pub(crate) printed: Arc<Mutex<Vec<String>>>,
}

impl Site {
    #[track_caller]
    pub(crate) fn new(files: &[(&str, &str)]) -> Arc<Self> {
        Self::with(files, |_| ())
    }

    /// Whose engine has more.
    #[track_caller]
    pub(crate) fn with(
        files: &[(&str, &str)],
        configure: impl Fn(&mut rhai::Engine) + Send + Sync + 'static,
    ) -> Arc<Self> {
        let printed = Arc::new(Mutex::new(Vec::new()));
        let out = printed.clone();
        let output: Output = Arc::new(move |printed: Printed<'_>| out.lock().push(printed.text.to_owned()));
        let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let linker = Linker::new(&Limits::default(), &output, &[], vec![Box::new(configure)]);
        Arc::new(Self { linker, files: Mutex::new(files), live: Mutex::default(), imports: Mutex::default(), printed })
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        self.files.lock().insert(file.to_owned(), text.to_owned());
    }

    /// A new instance of the file, whatever there is already; later imports get it.
    pub(crate) fn load(self: &Arc<Self>, file: &str) -> Result<Arc<Instance>, ScriptError> {
        self.load_with(file, &[])
    }

    pub(crate) fn load_with(
        self: &Arc<Self>,
        file: &str,
        seeds: &[(&str, Dynamic)],
    ) -> Result<Arc<Instance>, ScriptError> {
        let missing = || ScriptError::new(ErrorKind::Import, format!("no file {file}"));
        let text = self.files.lock().get(file).cloned().ok_or_else(missing)?;
        let scan = Arc::new(self.linker.scan(file, &text)?);
        let instance = with_importing(Arc::new(self.clone()), || self.linker.load(&scan, seeds))?;
        self.live.lock().insert(file.to_owned(), instance.clone());
        Ok(instance)
    }

    /// Lets go of the newest instances, so that only importers and tests hold any.
    pub(crate) fn forget(&self) {
        self.live.lock().clear();
    }

    pub(crate) fn call(
        self: &Arc<Self>,
        instance: &Arc<Instance>,
        function: &str,
        mut args: Vec<Dynamic>,
    ) -> Result<Dynamic, ScriptError> {
        let function = instance.function(function, args.len()).expect("the function is there");
        with_importing(Arc::new(self.clone()), || function.call(&self.linker.engine(), &mut args))
    }

    /// A module that tells the variable `who` of whoever imports it.
    fn whoami(self: &Arc<Self>, from: Option<InstanceId>) -> Result<Arc<Instance>, ScriptError> {
        let core = from.and_then(find);
        let who = core.and_then(|core| core.variable(*core.bindings().slots().get("who")?));
        let who = who.map_or("nobody".to_owned(), |who| who.to_string());
        let scan = self.linker.scan("whoami", &format!("const who = \"whoami\"; fn tell() {{ \"{who}\" }}"))?;
        self.linker.load(&Arc::new(scan), &[])
    }

    /// What a function without parameters returns, as text, or its error.
    pub(crate) fn text(self: &Arc<Self>, instance: &Arc<Instance>, function: &str) -> String {
        match self.call(instance, function, Vec::new()) {
            Ok(value) => value.to_string(),
            Err(error) => format!("error: {error}"),
        }
    }
}

impl Importing for Arc<Site> {
    fn import(
        &self,
        from: Option<InstanceId>,
        specifier: &str,
        _options: &ImportOptions,
    ) -> Result<Imported, Box<rhai::EvalAltResult>> {
        let importer = from.and_then(find).map_or("nobody".to_owned(), |core| core.tag().to_string());
        self.imports.lock().push(format!("{importer} -> {specifier}"));
        let file = specifier.trim_start_matches("./");
        let found = self.live.lock().get(file).cloned();
        let instance = match found {
            _ if specifier == "./whoami" => self.whoami(from),
            Some(instance) => Ok(instance),
            None => self.load(file),
        };
        match instance {
            Ok(instance) => Ok(instance),
            Err(error) => Err(error.into_rhai(specifier, rhai::Position::NONE)),
        }
    }
}

/// Evaluates `main()` of a module; `expected` is its result as text.
#[track_caller]
pub(crate) fn check(script: &str, expected: &str) {
    let site = Site::new(&[("main", script)]);
    match site.load("main") {
        Ok(main) => assert_eq!(site.text(&main, "main"), expected, "{script}"),
        Err(error) => assert_eq!(format!("error: {error}"), expected, "{script}"),
    }
}
