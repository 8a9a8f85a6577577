//! Keeps scripts hot: a server and embeddable HTTP service for reloading Rhai handlers.
//!
//! [`Site`] answers requests for a directory of scripts and files, or for a configuration. [`SiteService`] and
//! [`HandlerService`] put a site, or one scripted function, into a program of yours as a `tower` service;
//! [`Listeners`] serve a site on sockets, which is what the program `samovar` does; at its control
//! socket such a program is asked what it does, and told to reload.

mod access_log;
mod aftermath;
mod bind;
mod body;
mod configuration;
#[cfg(unix)]
pub mod control;
mod detach;
mod directive;
mod explain;
mod facts;
mod files;
mod findings;
mod guide;
mod host;
mod interpreters;
mod judge;
mod limits;

mod listen;
mod log_file;
mod log_level;
mod migrating;
mod modules;
mod names;
mod open;
mod phase;
mod policy;
mod pool;
mod private;
mod range;
mod reach;
mod reconfigure;
mod refused;
mod repeated;
mod respond;
mod route;
mod sending;
mod service;
mod site;
mod spool;
mod strict;
mod tell;
mod traffic;
mod writers;

pub use body::Body;
pub use explain::{Explanation, explain, explain_request};
pub use guide::guide;
pub use judge::check;
pub use listen::Listeners;
pub use log_level::level_of_request;
pub use open::OpenError;
pub use refused::RefusedConfiguration;
pub use samovar_config as config;
pub use samovar_rhai as runtime;
pub use service::{HandlerService, SiteService};
pub use site::{Peers, Site};
