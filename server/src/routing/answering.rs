//! What answers a URL, and how: the one decision, as a value.
//!
//! The server compiles it to handlers, `samovar explain` prints it, and `samovar check` checks the scripts that it
//! leads to.

use std::{borrow::Cow, path::Path};

use super::route::Target;
use crate::settings::{
    phase::Phase,
    policy::{Named, Naming, Policy},
    values::Kind,
};

/// What answers for a target, under a policy.
pub(crate) struct Answering<'a> {
    pub(crate) policy: &'a Policy,
    /// The file that the URL leads to, or would lead to.
    pub(crate) file: &'a Path,
    content: Content<'a>,
    pub(crate) otherwise: Otherwise<'a>,
}

/// The scripts that answer.
enum Content<'a> {
    /// Functions that `RhaiHandler` names, in order.
    Named(&'a [Named]),
    /// The script that the URL names.
    Script(&'a Path),
    Nothing,
}

/// What answers if no script does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Otherwise<'a> {
    /// A static file.
    File(&'a Path),
    /// A redirect to the same URL with a slash at its end.
    Slash,
    Nothing,
}

/// A function that is called for a request.
pub(crate) struct Callee<'a> {
    pub(crate) module: Module<'a>,
    /// The handler root, which `~` means to the script.
    pub(crate) root: &'a Path,
    policy: &'a Policy,
    file: &'a Path,
}

/// Where the function is.
#[derive(Clone, Copy)]
pub(crate) enum Module<'a> {
    /// In the module that a line names.
    Named(&'a Named),
    /// In the script that the URL names.
    Script(&'a Path),
}

impl<'a> Answering<'a> {
    /// Decides what answers for a target.
    pub(crate) fn of(policy: &'a Policy, target: &'a Target) -> Self {
        let file = target.filename().unwrap_or(&policy.host.document_root);
        let kind = policy.kind(file);
        let content = match target {
            Target::Hidden | Target::Slash(_) => Content::Nothing,
            _ if kind != Kind::Scripts => Content::Nothing,
            target => match (policy.modules(Phase::Handler, file), target) {
                ([], Target::Script { file, .. }) => Content::Script(file),
                ([], Target::File(file)) if policy.is_script(file) => Content::Script(file),
                ([], _) => Content::Nothing,
                (modules, _) => Content::Named(modules),
            },
        };
        let otherwise = match target {
            Target::Slash(_) => Otherwise::Slash,
            Target::File(file) if kind != Kind::Nobody && !policy.is_script(file) => Otherwise::File(file),
            _ => Otherwise::Nothing,
        };
        Self { policy, file, content, otherwise }
    }

    /// The phases of a directory, which run before those of the page that answers for it. There is no content.
    pub(crate) fn of_directory(policy: &'a Policy, directory: &'a Path) -> Self {
        Self { policy, file: directory, content: Content::Nothing, otherwise: Otherwise::Nothing }
    }

    /// The functions that are called in a phase, in order.
    pub(crate) fn callees(&self, phase: Phase) -> impl Iterator<Item = Callee<'a>> + use<'a> {
        let (named, script) = match (phase, &self.content) {
            (Phase::Handler, Content::Named(modules)) => (*modules, None),
            (Phase::Handler, Content::Script(file)) => (&[][..], Some(*file)),
            (Phase::Handler, Content::Nothing) => (&[][..], None),
            (phase, _) => (self.policy.modules(phase, self.file), None),
        };
        let Self { policy, file, .. } = *self;
        let modules = named.iter().map(Module::Named).chain(script.map(Module::Script));
        modules.map(move |module| Callee::new(module, policy, file))
    }
}

impl<'a> Callee<'a> {
    fn new(module: Module<'a>, policy: &'a Policy, file: &'a Path) -> Self {
        let handler_root = match module {
            Module::Named(named) => &named.root,
            Module::Script(_) => &policy.script_root,
        };
        Self { module, root: handler_root.of_file(file, &policy.host.document_root), policy, file }
    }

    /// `module[::function]` as a line names it, or the path of the script.
    pub(crate) fn name(&self) -> Cow<'a, str> {
        match self.module {
            Module::Named(named) => Cow::Borrowed(&*named.name),
            Module::Script(file) => file.to_string_lossy(),
        }
    }

    /// The directory that determines what the name means, and in which interpreter: the handler root, or the directory
    /// of the file where each directory has an interpreter.
    pub(crate) fn directory(&self) -> &'a Path {
        match self.policy.naming {
            Naming::PerDirectory => self.file.parent().unwrap_or(&self.policy.host.document_root),
            Naming::Named(_) | Naming::PerDirective => self.root,
        }
    }

    /// The name of the interpreter that runs it.
    pub(crate) fn interpreter(&self) -> Cow<'a, str> {
        match &self.policy.naming {
            Naming::Named(name) => Cow::Borrowed(name.as_str()),
            Naming::PerDirectory | Naming::PerDirective => self.directory().to_string_lossy(),
        }
    }
}
