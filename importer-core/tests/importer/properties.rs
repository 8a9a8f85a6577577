//! Random graphs and random edits against a model that is too simple to be wrong.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use samovar_importer::InstanceId;

use crate::toy::Site;

const MODULES: usize = 7;

/// The text of a module: a version, and modules with smaller numbers that it imports.
#[derive(Clone, Debug, PartialEq)]
struct Text {
    version: usize,
    children: BTreeSet<usize>,
}

impl Text {
    fn write(&self, site: &Site, module: usize, broken: bool) {
        let children: String = self.children.iter().map(|child| format!("; child m{child}")).collect();
        let broken = if broken { "; broken" } else { "" };
        site.write(&format!("m{module}: version {}{children}{broken}", self.version));
    }
}

fn children() -> impl Strategy<Value = u8> {
    any::<u8>()
}

fn below(module: usize, bits: u8) -> BTreeSet<usize> {
    (0..module).filter(|child| bits & (1 << child) != 0).collect()
}

/// The model: texts on disk, and the loaded texts.
struct Model {
    disk: Vec<Text>,
    loaded: BTreeMap<usize, Text>,
}

impl Model {
    fn load_missing(&mut self, module: usize, ran: &mut BTreeSet<usize>) {
        if !self.loaded.contains_key(&module) {
            self.run(module, ran);
        }
    }

    fn run(&mut self, module: usize, ran: &mut BTreeSet<usize>) {
        let text = self.disk[module].clone();
        for &child in &text.children {
            self.load_missing(child, ran);
        }
        self.loaded.insert(module, text);
        ran.insert(module);
    }

    /// Changed modules and all their importers, as in the loaded texts.
    fn to_reload(&self) -> BTreeSet<usize> {
        let mut set: BTreeSet<usize> = self
            .loaded
            .iter()
            .filter(|(module, text)| self.disk[**module] != **text)
            .map(|(module, _)| *module)
            .collect();
        loop {
            let above = |(_, text): &(&usize, &Text)| text.children.iter().any(|child| set.contains(child));
            let more: Vec<_> = self.loaded.iter().filter(above).map(|(module, _)| *module).collect();
            let before = set.len();
            set.extend(more);
            if set.len() == before {
                return set;
            }
        }
    }

    /// The texts that must run, and those that are loaded afterwards.
    fn reload(&mut self) -> BTreeSet<usize> {
        let mut ran = BTreeSet::new();
        for module in self.to_reload() {
            self.run(module, &mut ran);
        }
        ran
    }
}

fn instances(site: &Site) -> BTreeMap<String, InstanceId> {
    let snapshot = site.registry.snapshot();
    snapshot.iter().map(|module| (module.path().display().to_string(), module.instance())).collect()
}

/// The loads of a trace, in order.
fn loads(trace: &str) -> Vec<usize> {
    let loads = trace.split(", ").filter_map(|word| word.strip_prefix("load m"));
    loads.map(|number| number.parse().expect("a number")).collect()
}

fn check_reload(site: &Site, model: &mut Model) -> Result<(), TestCaseError> {
    let before = instances(site);
    let generation = site.registry.snapshot().generation();
    let expected = model.reload();
    site.check();
    let ran = loads(&site.trace());
    let once: BTreeSet<_> = ran.iter().copied().collect();
    prop_assert_eq!(once.len(), ran.len(), "each exactly once");
    prop_assert_eq!(&once, &expected, "what changed and everything above it, and what that imports first");
    for (position, module) in ran.iter().enumerate() {
        for child in model.loaded[module].children.iter().filter(|child| once.contains(child)) {
            prop_assert!(ran[..position].contains(child), "m{} before m{}: {:?}", child, module, ran);
        }
    }
    let published = u64::from(!expected.is_empty());
    prop_assert_eq!(site.registry.snapshot().generation(), generation + published, "one generation");
    for (path, instance) in before {
        let number: usize = path.trim_start_matches("/s/m").trim_end_matches(".toy").parse().expect("a number");
        prop_assert_eq!(instances(site)[&path] == instance, !expected.contains(&number), "siblings are left alone");
    }
    closed(site, model)
}

/// Checks that a generation is closed: the children of each instance are those of the generation.
fn closed(site: &Site, model: &Model) -> Result<(), TestCaseError> {
    let now = instances(site);
    for module in site.registry.snapshot().iter() {
        for (name, child) in &module.value().children {
            prop_assert_eq!(child.instance(), now[&format!("/s/{name}.toy")]);
        }
    }
    for (module, text) in &model.loaded {
        let loaded = site.load(&format!("m{module}"));
        prop_assert_eq!(&loaded.value().version, &text.version.to_string());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn r27_r31_r32_reloads_match_the_model(
        first in prop::collection::vec(children(), MODULES),
        steps in prop::collection::vec(prop::collection::vec((0..MODULES, children(), prop::bool::weighted(0.2)), 1..4), 1..6),
    ) {
        let site = Site::new("");
        let text = |module: usize, bits, version| Text { version, children: below(module, bits) };
        let disk: Vec<_> = first.iter().enumerate().map(|(module, &bits)| text(module, bits, 0)).collect();
        let mut model = Model { disk, loaded: BTreeMap::new() };
        for (module, text) in model.disk.iter().enumerate() {
            text.write(&site, module, false);
        }
        site.load(&format!("m{}", MODULES - 1));
        model.load_missing(MODULES - 1, &mut BTreeSet::new());
        site.trace();

        for (number, edits) in steps.into_iter().enumerate() {
            let mut broken = BTreeSet::new();
            for (module, bits, is_broken) in edits {
                model.disk[module] = text(module, bits, number + 1);
                model.disk[module].write(&site, module, is_broken);
                if is_broken { broken.insert(module); } else { broken.remove(&module); }
            }
            let disturbs = |module: &usize| model.loaded.contains_key(module);
            if broken.iter().any(disturbs) {
                let before = (site.registry.snapshot().generation(), instances(&site));
                site.check();
                prop_assert!(site.trace().contains("refused"));
                prop_assert_eq!((site.registry.snapshot().generation(), instances(&site)), before, "nothing happened");
            }
            for module in broken {
                model.disk[module].write(&site, module, false);
            }
            check_reload(&site, &mut model)?;
        }
    }
}
