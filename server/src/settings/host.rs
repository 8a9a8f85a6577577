//! Settings of a host: the main server, or a virtual host.

use std::path::{Path, PathBuf};

use samovar_config::{Host, Resolved};

use super::{
    directives::SERVER_NAME,
    directories::{document_root, server_root},
};

/// The settings that all requests for a host share.
#[derive(Clone, Debug)]
pub(crate) struct HostValues {
    /// Where its URLs lead.
    pub(crate) document_root: PathBuf,
    /// Where relative paths of the configuration start.
    pub(crate) server_root: PathBuf,
    /// The name of its interpreter, where nothing else names one.
    pub(crate) interpreter: String,
}

impl HostValues {
    /// `opened_root` is where relative paths start unless `ServerRoot` says otherwise.
    pub(crate) fn of(host: Host<'_>, opened_root: &Path) -> Self {
        let settings = host.settings();
        Self {
            document_root: document_root(opened_root, &settings),
            server_root: server_root(opened_root, &settings),
            interpreter: interpreter_of(host, &settings),
        }
    }
}

/// The interpreter of the main server.
pub(crate) const MAIN: &str = "main";

/// The interpreter of a host that nothing else names: its `ServerName`, without scheme and port.
pub(crate) fn interpreter_of(host: Host<'_>, settings: &Resolved) -> String {
    let name = settings.get(SERVER_NAME).filter(|_| host.index().is_some());
    name.map_or(MAIN, samovar_config::server_name).to_owned()
}
