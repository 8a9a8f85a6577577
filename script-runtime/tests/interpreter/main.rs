//! Scripts on the importer: reloading, hooks, state, and the answers to requests.

mod http;
mod reloading;
mod seeing;
mod site;
