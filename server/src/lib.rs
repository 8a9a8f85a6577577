//! Keeps scripts hot: a server and embeddable HTTP service for reloading Rhai handlers.
//!
//! [`Site`] answers requests for a directory of scripts and files, or for a configuration. [`SiteService`] and
//! [`HandlerService`] put a site, or one scripted function, into a program of yours as a `tower` service;
//! [`Listeners`] serve a site on sockets, which is what the program `samovar` does; at its control
//! socket such a program is asked what it does, and told to reload.

mod check;
#[cfg(unix)]
pub mod control;
mod error;
mod identity;
mod logs;
mod net;
mod request;
mod routing;
mod service;
mod settings;
mod site;

pub use check::{Explanation, check, explain, explain_request, guide};
pub use error::OpenError;
pub use logs::level::level_of_request;
pub use net::{listen::Listeners, peers::Peers};
pub use request::body::Body;
pub use samovar_config as config;
pub use samovar_rhai as runtime;
pub use service::{HandlerService, SiteService};
pub use site::{RefusedConfiguration, Site};

/// The examples of README.md are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
