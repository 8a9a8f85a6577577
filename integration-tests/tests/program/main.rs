//! Starts the program and holds it to what it promises. One file for each kind of promise; each test is named for one.

mod addresses;
mod answers;
mod carry;
mod checking;
mod clients;
mod configuration;
mod control;
mod directory;
mod documents;
mod faults;
mod finish;
mod gate;
mod guarded;
mod history;
mod http;
mod index;
mod limitations;
mod limits;
mod logs;
mod migrating;
mod names;
mod oracle;
mod phases;
mod private;
mod reconfiguring;
mod refusals;
mod reloading;
mod rules;
mod state;
mod storm;
mod vhosts;
mod watching;

use samovar_integration_tests::{Program, Site};

const SAMOVAR: &str = env!("CARGO_BIN_EXE_samovar");

/// A site of these files, served.
#[track_caller]
fn serve(files: &str) -> (Site, Program) {
    let site = Site::new(files);
    let program = Program::serve(SAMOVAR, site.path());
    (site, program)
}
