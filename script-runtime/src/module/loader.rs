//! Rhai as a language of the importer: compile, run, hooks.

use std::sync::{Arc, Weak};

use rhai::{Array, Dynamic};
use samovar_importer::{
    Carry, Code, Compiled, Diagnostic, Holder, Importer, InstanceId, Language, Loader, Module, ModuleId, Snapshot,
    Source, View,
};

use crate::{
    link::{Core, Dangling, LinkedText, SEARCH_PATH, directories},
    module::{
        call::call,
        diagnostic::{diagnostic, place},
        doubts::Carried,
        holders, hooks,
        inspect::Info,
        judge as carried,
        script::Script,
        scripts::Scripts,
    },
    thread::under_way::Purpose,
};

impl Language for Scripts {
    type Unit = LinkedText;
    type Instance = Script;
    const EXTENSION: &'static str = "rhai";

    fn compile(&self, source: &Source, importer: &Arc<Importer>) -> Result<Compiled<LinkedText>, Diagnostic> {
        let scan = self.scan(source).map_err(|error| diagnostic(&error))?;
        let linked = self.linker().link(&scan, importer.instance(), Some(importer.clone()));
        let unit = linked.map_err(|error| diagnostic(&error))?;
        Ok(Compiled { imports: unit.imports().to_vec(), unit })
    }
}

impl Loader for Scripts {
    type Carried = Carried;

    fn load(
        &self,
        unit: LinkedText,
        importer: &Arc<Importer>,
        old: Option<&Module<Self>>,
        carried: Option<Carried>,
        view: &Arc<View<Self>>,
    ) -> Result<Script, Diagnostic> {
        let carried = carried.unwrap_or_default();
        let own = own_seeds(importer, old, view);
        let own = own.iter().map(|(name, value)| (*name, value.clone()));
        let seeds: Vec<_> = own.chain(carried.iter().map(|(name, value)| (name.as_str(), value.clone()))).collect();
        let purpose = Purpose::Load(importer.path().clone());
        let (instance, left) = call(view, self.times().load, purpose, || self.linker().run(unit, &seeds))?;
        if let Some(old) = old {
            carried::tell(self, old, carried, importer.instance(), view);
        }
        importer.fix_search_path(left.get(SEARCH_PATH).map(directories).unwrap_or_default());
        Ok(Script::new(instance))
    }

    /// Uses of imported modules that fail when they run, perhaps long after they were saved.
    fn warnings(&self, script: &Script) -> Vec<Diagnostic> {
        let warning = |dangling: Dangling| {
            let diagnostic = Diagnostic::error(dangling.message);
            let diagnostic = dangling.help.into_iter().fold(diagnostic, Diagnostic::help);
            place(&dangling.frame).into_iter().fold(diagnostic, Diagnostic::at)
        };
        script.instance().dangling().into_iter().map(warning).collect()
    }

    fn carry(&self, old: &Module<Self>, view: &Arc<View<Self>>) -> Carry<Carried> {
        hooks::carry(self, old, view)
    }

    fn purge(&self, old: &Module<Self>, view: &Arc<View<Self>>) -> Result<(), Diagnostic> {
        hooks::purge(self, old, view)
    }

    fn code(&self, script: &Script) -> Weak<dyn Code<Self>> {
        // Named with its type first, since a weak pointer does not become one to a trait inside of a call.
        let core: Weak<Core> = Arc::downgrade(script.instance().core());
        core as _
    }

    fn holders(&self, module: ModuleId, instance: InstanceId, newest: &Snapshot<Self>) -> Vec<Holder> {
        holders::of(module, instance, newest)
    }
}

impl Code<Scripts> for Core {
    fn release(&self, newest: &Snapshot<Scripts>) {
        holders::release(self, newest);
    }
}

/// What every module finds defined when it starts (R10, R20, R43).
fn own_seeds(
    importer: &Arc<Importer>,
    old: Option<&Module<Scripts>>,
    view: &View<Scripts>,
) -> Vec<(&'static str, Dynamic)> {
    let path = importer.path();
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let search: Array = importer.search_path().iter().map(|it| it.to_string_lossy().into_owned().into()).collect();
    vec![
        ("__file__", path.to_string_lossy().into_owned().into()),
        ("__name__", name.into()),
        (SEARCH_PATH, search.into()),
        ("__mp_info__", Dynamic::from(Info::new(importer, old, view))),
        ("__mp_from__", old.map_or(Dynamic::UNIT, hooks::version)),
    ]
}
