//! Scripts on the importer: reloading, hooks, state, and the answers to requests.

mod callbacks;
mod depth;
mod ended;
mod figures;
mod guide;
mod hooks;
mod http;
mod keep;
mod limitations;
mod limits;
mod messages;
mod natives;
mod reloading;
mod retention;
mod seeing;
mod site;
mod state;
mod thread;
mod values;
