//! The content of a configuration, before it is indexed for requests.

use std::sync::Arc;

use crate::schema::DirectiveId;
use crate::schema::merge::Held;
use crate::section::Section;
use crate::section::host_address::HostAddress;

/// The main server or a virtual host with everything in it.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) head: Arc<Section>,
    /// Empty for the main server.
    pub(crate) addresses: Vec<HostAddress>,
    pub(crate) settings: Settings,
    pub(crate) directories: Vec<Arc<DeclaredSection>>,
    pub(crate) files: Vec<Arc<DeclaredSection>>,
    pub(crate) locations: Vec<Arc<DeclaredSection>>,
    /// `<If>` sections that are in no other section.
    pub(crate) conditions: Vec<Arc<DeclaredSection>>,
    pub(crate) hosts: Vec<Declared>,
}

/// A section with everything in it.
#[derive(Debug)]
pub(crate) struct DeclaredSection {
    pub(crate) head: Arc<Section>,
    pub(crate) settings: Settings,
    /// `<Files>` sections in a `<Directory>`.
    pub(crate) files: Vec<Arc<DeclaredSection>>,
    /// `<If>` sections in it.
    pub(crate) conditions: Vec<Arc<DeclaredSection>>,
}

/// The settings of one section, by directive.
pub(crate) type Settings = Vec<(DirectiveId, Vec<Held>)>;
