//! From a scanned text to an instance: link, run the top level, close.

use std::collections::HashMap;
use std::sync::Arc;

use rhai::{AST, Dynamic, Engine, Position, Scope};
use samovar_importer::Importer;

use crate::{
    link::{
        instance::{Core, Instance, bindings::Bindings},
        run::{
            code,
            engine::Output,
            engines::{Engines, Equip, Register},
            limits::Limits,
            natives,
            search_path::SEARCH_PATH,
            top_level,
        },
        scan::{
            Scan,
            error::ScriptError,
            name::InstanceId,
            pass, text,
            token::{Seen, TokenKind},
        },
    },
    thread::at_hand,
    thread::{captures, stack},
};

/// A text compiled for one instance, which has not run yet.
pub(crate) struct LinkedText {
    core: Arc<Core>,
    ast: AST,
}

impl LinkedText {
    /// See [`Scan::imports`].
    pub(crate) fn imports(&self) -> &[String] {
        self.core.scan().imports()
    }
}

/// Makes instances. It owns the engines they run on.
pub(crate) struct Linker {
    engines: Engines,
}

impl Linker {
    /// Creates a linker with these limits, whose scripts print to `output`.
    #[must_use]
    pub(crate) fn new(limits: &Limits, output: &Output, equipment: &'static [Equip], host: Vec<Register>) -> Self {
        Self { engines: Engines::new(limits, output, equipment, host) }
    }

    pub(crate) fn engines(&self) -> &Engines {
        &self.engines
    }

    /// The engine that modules are loaded with.
    pub(crate) fn engine(&self) -> Arc<Engine> {
        self.engines.own().engine.clone()
    }

    /// Compiles a text for the first time. The result serves for all its instances.
    ///
    /// # Errors
    ///
    /// If it is not a script, or uses a reserved name, or imports a computed path in a function.
    pub(crate) fn scan(&self, file: &str, text: &str) -> Result<Scan, ScriptError> {
        let own = self.engines.own();
        stack::with_room(|| Scan::new(file, text, |text| own.scanner.compile(text)))
    }

    /// Returns where a text writes a map with this key. Compiles the text again, so it is for errors only.
    pub(crate) fn map_keys(&self, text: &str, key: &str) -> Vec<Position> {
        let source = text::compiled(text);
        let own = self.engines.own();
        let (_, seen) = stack::with_room(|| pass::scanning(&source, || own.scanner.compile(&*source)));
        let is_key =
            |token: &Seen| matches!(&token.kind, TokenKind::Identifier(name) | TokenKind::Text(name) if name == key);
        let pairs = seen.windows(2).filter(|pair| is_key(&pair[0]) && pair[1].kind == TokenKind::Colon);
        pairs.map(|pair| pair[0].at).collect()
    }

    /// Makes an instance in which the `seeds` are variables already, and runs its top level.
    ///
    /// # Errors
    ///
    /// If the top level raises one, or a function assigns a variable of the module.
    #[cfg(test)]
    pub(crate) fn load(&self, scan: &Arc<Scan>, seeds: &[(&str, Dynamic)]) -> Result<Arc<Instance>, ScriptError> {
        self.run(self.link(scan, InstanceId::next(), None)?, seeds).map(|(instance, _)| instance)
    }

    /// Compiles a scanned text for one instance, and runs nothing of it.
    ///
    /// # Errors
    ///
    /// If a function assigns a variable of the module.
    pub(crate) fn link(
        &self,
        scan: &Arc<Scan>,
        id: InstanceId,
        importer: Option<Arc<Importer>>,
    ) -> Result<LinkedText, ScriptError> {
        // What a predecessor will hand over is not known yet, so every free name gets a slot: it may be carried.
        let carried = scan.free_names().into_iter().filter(|name| !self.is_constant(name));
        let names = scan.variables().iter().map(String::as_str).chain(carried);
        let bindings = Bindings::new(names.chain([SEARCH_PATH]));
        let rewrites = scan.link(id, bindings.slots(), natives::is_one)?;
        let compiled =
            stack::with_room(|| pass::linking(rewrites, || self.engine().compile(&*text::compiled(scan.text()))));
        let core = Core::new(id, scan.clone(), importer, bindings);
        let ast = compiled.map_err(|error| ScriptError::translate(error.into(), &core))?;
        captures::expect(&ast);
        core.set_code(code::of(&core, &ast));
        Ok(LinkedText { core, ast })
    }

    /// Is it a constant that the host registered? Then it is found without being linked.
    fn is_constant(&self, name: &str) -> bool {
        self.engine().eval_expression_with_scope::<Dynamic>(&mut Scope::new(), name).is_ok()
    }

    /// Runs the top level of a linked text, in which the `seeds` are variables already. Returns the instance, and what
    /// the top level left of the seeds.
    ///
    /// # Errors
    ///
    /// If the top level raises one.
    pub(crate) fn run(
        &self,
        linked: LinkedText,
        seeds: &[(&str, Dynamic)],
    ) -> Result<(Arc<Instance>, HashMap<String, Dynamic>), ScriptError> {
        let LinkedText { core, ast } = linked;
        // What functions captured is let go when this ends, and the scope before that.
        at_hand::during(|| {
            let mut scope = Scope::new();
            for name in core.scan().shared_names(core.id(), core.bindings().slots()) {
                scope.push_dynamic(name, Dynamic::UNIT);
            }
            for (name, value) in seeds {
                scope.push_dynamic(*name, value.clone());
            }
            let result = top_level::run(&self.engine(), &core, ast.statements(), &mut scope, seeds);
            result.map_err(|error| ScriptError::translate(*error, &core))
        })
    }
}
