//! The importer's rules, on a toy language: in memory, and on real files.

mod agreement;
mod ahead;
mod beside;
mod between;
mod looking;
mod plain;
mod properties;
mod releases;
mod reloading;
mod seeing;
mod texts;
mod toy;
#[cfg(unix)]
mod trouble;
#[cfg(target_os = "linux")]
mod unfinished;
#[cfg(unix)]
mod watching;
