//! The phases of a request, and the directives that name their handlers.

use samovar_config::{Key, PerKey};

use super::directives::{
    ACCESS_HANDLER, AUTHEN_HANDLER, AUTHZ_HANDLER, CLEANUP_HANDLER, FIXUP_HANDLER, HANDLER, LOG_HANDLER,
};

/// What a directive of a phase gives: by extension, the modules that its lines name.
pub(crate) type PhaseKey = Key<PerKey<Vec<String>>>;

/// A phase, in their order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    Access,
    Authen,
    Authz,
    Fixup,
    Handler,
    Log,
    Cleanup,
}

/// The phases before the answer is made.
pub(crate) const BEFORE: [Phase; 4] = [Phase::Access, Phase::Authen, Phase::Authz, Phase::Fixup];

impl Phase {
    pub(crate) const ALL: [Self; 7] =
        [Self::Access, Self::Authen, Self::Authz, Self::Fixup, Self::Handler, Self::Log, Self::Cleanup];

    /// The directive that names its handlers.
    pub(crate) fn directive(self) -> PhaseKey {
        match self {
            Self::Access => ACCESS_HANDLER,
            Self::Authen => AUTHEN_HANDLER,
            Self::Authz => AUTHZ_HANDLER,
            Self::Fixup => FIXUP_HANDLER,
            Self::Handler => HANDLER,
            Self::Log => LOG_HANDLER,
            Self::Cleanup => CLEANUP_HANDLER,
        }
    }

    /// Does one handler that returns `OK` end the phase?
    pub(crate) fn one_is_enough(self) -> bool {
        matches!(self, Self::Authen | Self::Authz)
    }
}
