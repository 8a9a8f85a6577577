//! A loaded module: an instance with what is known of how it came about.

use std::{fmt, path::Path, sync::Arc};

use super::{
    error::ImportError,
    id::{InstanceId, ModuleId},
    importer::Importer,
    language::Language,
    record::Record,
    scope::Scope,
};
use crate::text::{ContentHash, Source};

/// One loaded module of one generation.
pub struct Module<L: Language> {
    pub(crate) importer: Arc<Importer>,
    pub(crate) kind: Kind,
    pub(crate) source: Option<Source>,
    pub(crate) value: L::Instance,
    pub(crate) children: Vec<Child>,
    pub(crate) unmet: Vec<Unmet>,
    pub(crate) scope: Arc<Scope>,
    pub(crate) log: bool,
    pub(crate) record: Record,
}

/// May a module ever be reloaded (R14)?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Reloadable,
    Library,
}

/// An import that was made while the module loaded (R29).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Child {
    pub(crate) id: ModuleId,
    /// The instance that was found.
    pub(crate) instance: InstanceId,
    /// The name by which it was imported: another one, if both lead to the same file (R19).
    pub(crate) via: ModuleId,
    /// What this import itself says about reloading the module (R38).
    pub(crate) of_the_call: Option<bool>,
}

/// A path that an import looked at in vain: once it says something else, the import may succeed (R36).
#[derive(Clone, Debug)]
pub(crate) struct Unmet {
    pub(crate) path: Arc<Path>,
    /// The content that failed; `None` if there was no file.
    pub(crate) hash: Option<ContentHash>,
    pub(crate) because: Because,
}

/// Why an import failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Because {
    /// Of what the path said.
    Text,
    /// It was a cycle. That says nothing about the module, but about who asked for it.
    Cycle,
    /// It is part of a refused change: it may succeed when that is mended, whatever the path says.
    Withheld,
}

impl Because {
    pub(crate) fn of(error: &ImportError) -> Self {
        match error {
            ImportError::Cycle(_) => Self::Cycle,
            ImportError::Withheld { .. } => Self::Withheld,
            _ => Self::Text,
        }
    }
}

impl<L: Language> Module<L> {
    /// The module's number.
    #[must_use]
    pub fn id(&self) -> ModuleId {
        self.importer.id()
    }

    /// The instance's number.
    #[must_use]
    pub fn instance(&self) -> InstanceId {
        self.importer.instance()
    }

    /// The normalised path.
    #[must_use]
    pub fn path(&self) -> &Arc<Path> {
        self.importer.path()
    }

    /// The text that was loaded; `None` for what the host registered.
    #[must_use]
    pub fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }

    /// What the loader made of it.
    #[must_use]
    pub fn value(&self) -> &L::Instance {
        &self.value
    }

    /// How it came about.
    #[must_use]
    pub fn record(&self) -> Record {
        // A number is only certain once it is published: another load may have been faster.
        let generation = self.importer.generation().unwrap_or(self.record.generation);
        Record { generation, ..self.record.clone() }
    }

    /// Is it one that is loaded once and never reloaded (R14)?
    #[must_use]
    pub fn is_library(&self) -> bool {
        self.kind == Kind::Library
    }

    /// The modules that it imported while it loaded.
    pub fn children(&self) -> impl Iterator<Item = ModuleId> + '_ {
        self.children.iter().map(|child| child.id)
    }

    /// The modules that it imported while requests ran.
    #[must_use]
    pub fn friends(&self) -> Vec<ModuleId> {
        self.importer.friends()
    }
}

impl<L: Language> fmt::Debug for Module<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").field("path", self.path()).field("record", &self.record()).finish_non_exhaustive()
    }
}
