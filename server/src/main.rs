//! The program `samovar`.

use std::{
    io::{IsTerminal, Write},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use clap::{Parser, Subcommand};
use samovar::{Listeners, Site};
use tracing_subscriber::filter::LevelFilter;

/// Keeps scripts hot: serves reloading Rhai handlers.
#[derive(Parser)]
#[command(version, about, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve a directory of scripts and files, or a configuration.
    Serve {
        /// A directory (its `samovar.conf` is the configuration, if there is one), or a configuration file.
        path: PathBuf,
        /// Where to listen, in place of what the configuration says [default: 127.0.0.1:8080].
        #[arg(long, value_name = "ADDR:PORT")]
        listen: Vec<SocketAddr>,
        /// Define a name for the configuration.
        #[arg(short = 'D', value_name = "NAME[=VALUE]")]
        define: Vec<String>,
    },
}

fn main() -> ExitCode {
    let Command::Serve { path, listen, define } = Arguments::parse().command;
    match serve(&path, listen, &define) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            let _ = writeln!(std::io::stderr(), "{}", message.trim_end());
            ExitCode::FAILURE
        }
    }
}

fn serve(path: &std::path::Path, listen: Vec<SocketAddr>, define: &[String]) -> Result<(), String> {
    let colour = std::io::stderr().is_terminal();
    log_to_stderr(colour);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("error: cannot start threads: {error}"))?;
    let site = Site::open_with(path, define).map_err(|error| error.render(colour))?;
    let addresses = match (listen, site.listens()) {
        (listen, _) if !listen.is_empty() => listen,
        (_, configured) if !configured.is_empty() => configured,
        _ => vec![SocketAddr::from(([127, 0, 0, 1], 8080))],
    };
    runtime.block_on(async {
        let listeners = Listeners::bind(&addresses).await.map_err(|(address, error)| {
            format!("error: cannot listen on {address}: {error}\nhelp: choose another address with --listen")
        })?;
        for address in listeners.addresses() {
            tracing::info!("serving {} on http://{address}", path.display());
        }
        listeners.serve(Arc::new(site), stop()).await;
        tracing::info!("stopped");
        Ok(())
    })
}

fn log_to_stderr(colour: bool) {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .with_target(false)
        .with_max_level(LevelFilter::INFO)
        .init();
}

/// Ready when the program is asked to end.
async fn stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = interrupt.await;
}
