//! The names that belong to the language itself, not to the schema of a program.

use crate::section::SectionKind;

pub(crate) const INCLUDE: &str = "Include";
pub(crate) const INCLUDE_OPTIONAL: &str = "IncludeOptional";

/// Directives that have a meaning for the language, if a schema declares them.
pub(crate) const SERVER_ROOT: &str = "ServerRoot";
pub(crate) const SERVER_NAME: &str = "ServerName";
pub(crate) const SERVER_ALIAS: &str = "ServerAlias";

/// A directive that takes effect while files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preprocessor {
    Include,
    IncludeOptional,
    Define,
    UnDefine,
}

impl Preprocessor {
    const ALL: [(&'static str, Self); 4] = [
        (INCLUDE, Self::Include),
        (INCLUDE_OPTIONAL, Self::IncludeOptional),
        ("Define", Self::Define),
        ("UnDefine", Self::UnDefine),
    ];

    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, which)| *which)
    }

    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        Self::ALL.iter().map(|(name, _)| *name)
    }
}

/// A section that is kept or left out while files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conditional {
    IfDefine,
    IfModule,
}

impl Conditional {
    const ALL: [(&'static str, Self); 2] = [("IfDefine", Self::IfDefine), ("IfModule", Self::IfModule)];

    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, which)| *which)
    }
}

/// The names of all sections.
pub(crate) fn section_names() -> impl Iterator<Item = &'static str> {
    SectionKind::ALL.into_iter().map(SectionKind::name).chain(Conditional::ALL.into_iter().map(|(name, _)| name))
}
