//! The program `samovar`.

mod command;

use std::{io::Write, process::ExitCode};

use clap::{Parser, Subcommand};
#[cfg(unix)]
use command::ask;
use command::{Failure, check, colour, explain, serve};

/// A web server for Rhai scripts with hot reload.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
struct Arguments {
    /// Colour what is written to a terminal. `auto` heeds `NO_COLOR` and `TERM=dumb`.
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t, hide_possible_values = false)]
    color: colour::When,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Serve),
    #[cfg(unix)]
    #[command(flatten)]
    Ask(ask::Ask),
    Check(check::Check),
    Explain(explain::Explain),
}

fn main() -> ExitCode {
    let Arguments { color, command } = Arguments::parse();
    colour::choose(color);
    let result = match command {
        Command::Serve(arguments) => serve::run(arguments),
        #[cfg(unix)]
        Command::Ask(arguments) => ask::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(message)) => {
            if !message.is_empty() {
                let _ = writeln!(std::io::stderr(), "{}", message.trim_end());
            }
            ExitCode::FAILURE
        }
    }
}
