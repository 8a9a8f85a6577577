//! The commands that ask a running server.

use clap::Subcommand;

use super::{Failure, freeze, graph, reload, status};

#[derive(Subcommand)]
pub(crate) enum Ask {
    Status(status::Status),
    Reload(reload::Reload),
    Graph(graph::Graph),
    Freeze(freeze::Freeze),
}

pub(crate) fn run(ask: &Ask) -> Result<(), Failure> {
    match ask {
        Ask::Status(arguments) => status::run(arguments),
        Ask::Reload(arguments) => reload::run(arguments),
        Ask::Graph(arguments) => graph::run(arguments),
        Ask::Freeze(arguments) => freeze::run(arguments),
    }
}
