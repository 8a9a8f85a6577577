//! The phases of a request, and the directives that name their handlers.

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
    pub(crate) fn directive(self) -> &'static str {
        match self {
            Self::Access => "RhaiAccessHandler",
            Self::Authen => "RhaiAuthenHandler",
            Self::Authz => "RhaiAuthzHandler",
            Self::Fixup => "RhaiFixupHandler",
            Self::Handler => "RhaiHandler",
            Self::Log => "RhaiLogHandler",
            Self::Cleanup => "RhaiCleanupHandler",
        }
    }

    /// Does one handler that says `OK` settle the phase?
    pub(crate) fn one_is_enough(self) -> bool {
        matches!(self, Self::Authen | Self::Authz)
    }
}
