//! A loaded module: an instance with the facts of its load.

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

/// Whether a module can ever be reloaded (R14).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Reloadable,
    Library,
}

/// An import that the module made while it loaded (R29).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Child {
    pub(crate) id: ModuleId,
    /// The instance that the import returned.
    pub(crate) instance: InstanceId,
    /// The module that the name in the import stands for. It differs from `id` if both names lead to the same file
    /// (R19).
    pub(crate) via: ModuleId,
    /// What this import itself says about reloading the module (R38).
    pub(crate) of_the_call: Option<bool>,
}

/// A path at which an import failed. Once its text changes, the import may succeed (R36).
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
    /// The text at the path, or its absence.
    Text,
    /// An import cycle. It depends on the importer, not on the module.
    Cycle,
    /// The file is part of a refused change. The import may succeed when that change is corrected, whatever the text at
    /// the path.
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
    /// Returns the module's number.
    #[must_use]
    pub fn id(&self) -> ModuleId {
        self.importer.id()
    }

    /// Returns the instance's number.
    #[must_use]
    pub fn instance(&self) -> InstanceId {
        self.importer.instance()
    }

    /// Returns the normalised path.
    #[must_use]
    pub fn path(&self) -> &Arc<Path> {
        self.importer.path()
    }

    /// Returns the text that was loaded; `None` for a registered module.
    #[must_use]
    pub fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }

    /// Returns the value that the loader made.
    #[must_use]
    pub fn value(&self) -> &L::Instance {
        &self.value
    }

    /// Returns the facts of the load.
    #[must_use]
    pub fn record(&self) -> Record {
        // The number is certain only after publication: another load may be published first.
        let generation = self.importer.generation().unwrap_or(self.record.generation);
        Record { generation, ..self.record.clone() }
    }

    /// Returns whether the module is loaded once and never reloaded (R14).
    #[must_use]
    pub fn is_library(&self) -> bool {
        self.kind == Kind::Library
    }

    /// Returns the modules that it imported while it loaded.
    pub fn children(&self) -> impl Iterator<Item = ModuleId> + '_ {
        self.children.iter().map(|child| child.id)
    }

    /// Returns the modules that it imported while requests ran.
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
