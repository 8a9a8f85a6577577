//! Crate `samovar`, in the folder `server/`: a web server and embeddable HTTP service for Rhai scripts with hot reload.
//!
//! [`Site`] answers requests for a directory of scripts and static files, or for a configuration. [`SiteService`] and
//! [`HandlerService`] put a site, or one scripted function, into a program of yours as a `tower` service.
//! [`Listeners`] serve a site on sockets, as the program `samovar` does; [`control`] lets `samovar status`
//! and `samovar reload` reach it.
//!
//! # For those who work on this crate
//!
//! Each folder uses only those below it:
//!
//! ```text
//! command/    the program: its commands and their output
//! control/    the control socket of a running site
//! service.rs  a site, or one handler, as a tower service
//! site/       what runs: a configuration that holds, its interpreters and handlers
//! check/      what can be said without serving: check, explain, the page of the guide
//! request/    the way of one request: body, handlers, static files, answer
//! routing/    from a URL to what answers it: answering.rs is the one decision
//! net/        sockets, connections, the guard before the HTTP library
//! logs/       access log, error log, what happens in the interpreters
//! settings/   from directives to values: directives.rs is where a directive is added
//! error.rs, remedy.rs, identity.rs   used by all of them
//! ```

mod check;
#[cfg(unix)]
pub mod control;
mod error;
mod identity;
mod logs;
mod net;
mod remedy;
mod request;
mod routing;
mod service;
mod settings;
mod site;

pub use error::OpenError;
pub use net::{listen::Listeners, peers::Peers};
pub use request::body::Body;
pub use samovar_config as config;
pub use samovar_rhai as runtime;
pub use service::{HandlerService, SiteService};
pub use site::{RefusedConfiguration, Site};

/// What only the program `samovar` and the tests of this project use. It changes without notice.
#[doc(hidden)]
pub mod program {
    #[cfg(unix)]
    pub use crate::control::{
        address::typed,
        ask::{Answered, AskError, ask},
    };
    pub use crate::{
        check::{Considered, Explanation, Held, check, explain, guide},
        logs::level::level_of_request,
    };
}

/// The examples of README.md are compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
