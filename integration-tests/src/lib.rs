//! Starts the program `samovar`, edits the files that it serves, and asks it over real connections.
//!
//! A [`Site`] is a directory of files; a [`Program`] serves one, and its log can be waited for; a [`Client`] is one
//! connection to it. Nothing here waits for a guessed time: what a test needs to have happened is a line of the log or
//! a response, and it is waited for until [`PATIENCE`] is at an end.
//!
//! The tests stand in `tests/program/` and are a target of the package `samovar`, see `server/Cargo.toml`: Cargo builds
//! a package's programs before its tests and tells the tests where they are (`CARGO_BIN_EXE_samovar`), and does so for
//! no other package. So `cargo test --workspace` works from a clean clone, without a build inside of a test.

// This is the harness of tests: panicking is how it says that a promise was broken.
#![allow(clippy::missing_panics_doc)]

mod client;
mod log;
mod program;
mod site;

pub use client::{Client, Response};
pub use program::{Exit, Program, Said, allow_descriptors};
pub use site::Site;

/// How long tests wait for something. It is far more than anything takes on a busy machine: only what never comes is waited
/// for to the end.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// Asks again and again until the answer is `Some`.
///
/// For what no line of the log tells.
#[track_caller]
pub fn poll<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(std::time::Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
