//! `samovar serve`: answers requests until it is stopped.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Args;
#[cfg(unix)]
use parking_lot::Mutex;
#[cfg(unix)]
use samovar::control::{self, Control, ControlError, Running};
use samovar::{Listeners, Site, config::Address};

use super::{Failure, colour, log};

/// Serve a directory of scripts and files, or a configuration.
#[derive(Args)]
pub(crate) struct Serve {
    /// A directory (its `samovar.conf` is the configuration, if there is one), or a configuration file.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Listen here, instead of where the configuration says: at a port, also with an address or a name [default:
    /// 127.0.0.1:8080].
    #[arg(long, value_name = "[HOST:]PORT")]
    listen: Vec<Address>,
    /// Keep what outlives the server here, instead of in `StateDirectory`; also the environment variable SAMOVAR_STATE.
    #[arg(long, value_name = "DIRECTORY")]
    state: Option<PathBuf>,
    /// Define a name for the configuration.
    #[arg(short = 'D', value_name = "NAME[=VALUE]")]
    define: Vec<String>,
    /// The control socket, instead of the usual one, where `status`, `graph`, `reload` and `freeze` find this server.
    #[cfg(unix)]
    #[arg(long, value_name = "SOCKET")]
    control: Option<PathBuf>,
}

pub(crate) fn run(arguments: Serve) -> Result<(), Failure> {
    let result = serve(arguments);
    // The error comes after the lines that were logged before it.
    log::flush();
    result
}

fn serve(arguments: Serve) -> Result<(), Failure> {
    let Serve { path, listen, define, state, .. } = arguments;
    #[cfg(unix)]
    let control = arguments.control;
    log::start().map_err(|error| Failure(format!("error: cannot start threads: {error}")))?;
    // A panic ends one request. It is logged in one line like everything else.
    std::panic::set_hook(Box::new(|panic| tracing::error!("{}", panic.to_string().replace('\n', " "))));
    #[cfg(unix)]
    allow_descriptors();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure(format!("error: cannot start threads: {error}")))?;
    let state = state_directory(state).map_err(|error| Failure(format!("error: no state directory: {error}")))?;
    let site = Site::open_with_state(&path, &define, state.as_deref())
        .map_err(|error| Failure(error.render(colour::of_errors())))?;
    let site = Arc::new(site);
    let follow = listen.is_empty();
    let addresses = match (listen, site.listens()) {
        (listen, _) if !listen.is_empty() => listen,
        (_, configured) if !configured.is_empty() => configured,
        _ => vec![Listeners::DEFAULT.into()],
    };
    runtime.block_on(async {
        let listeners =
            Listeners::bind(&addresses).await.map_err(|error| Failure(error.render(colour::of_errors())))?;
        #[cfg(unix)]
        let running = Arc::new(Running::new(site.clone(), listeners.addresses()));
        #[cfg(unix)]
        let _control = start_control(control, &path, &define, &running)?;
        log::follow(&site);
        site.on_configuration(log::follow);
        site.watch_configuration().map_err(|error| Failure(format!("error: cannot start threads: {error}")))?;
        #[cfg(unix)]
        heed_hang_ups(site.clone());
        for address in listeners.addresses() {
            tracing::info!("serving {} on http://{address}", site.full_path().display());
        }
        listeners.follow_configuration(follow).serve(site, stop()).await;
        tracing::info!("stopped");
        Ok(())
    })
}

/// The state directory of the command line, or else of the environment.
fn state_directory(chosen: Option<PathBuf>) -> std::io::Result<Option<PathBuf>> {
    let of_environment = || std::env::var_os("SAMOVAR_STATE").filter(|path| !path.is_empty()).map(PathBuf::from);
    chosen.or_else(of_environment).map(std::path::absolute).transpose()
}

/// Raises the number of file descriptors to the maximum of this process: the usual limit is for programs that cannot
/// deal with more.
#[cfg(unix)]
fn allow_descriptors() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // Some systems refuse the maximum that they report. Then the limit stays.
    if current != maximum {
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    }
}

/// Opens the control socket. If no socket was chosen and none can be made, the site is served without one.
#[cfg(unix)]
fn start_control(
    chosen: Option<PathBuf>,
    path: &Path,
    define: &[String],
    running: &Arc<Running>,
) -> Result<Arc<Listening>, Failure> {
    let is_followed = chosen.is_none();
    let refused = |error| Failure(format!("error: cannot serve `{}`: {error}", path.display()));
    // The name of the site is the path as it was typed at the start, wherever that leads later.
    let site = samovar::program::typed(path).map_err(refused)?;
    let address = match chosen {
        Some(socket) => control::ControlSocket::at(socket),
        None => control::ControlSocket::find(&site, define).map_err(refused)?,
    };
    let control = match Control::listen(&address, running.clone()) {
        Ok(control) => Some(control),
        Err(error @ ControlError::Taken(_)) => {
            let help = "stop that one, or give this one another socket with --control";
            return Err(Failure(format!("error: {error}\nhelp: {help}")));
        }
        Err(error) if address.is_chosen() => return Err(Failure(format!("error: {error}"))),
        Err(error) => {
            tracing::warn!("{error}; {UNFOUND}");
            None
        }
    };
    let listening = Arc::new(Mutex::new((address, control)));
    if is_followed {
        follow_control(&listening, site, define, running);
    }
    Ok(listening)
}

const UNFOUND: &str = "`samovar status` and its like will not find this server";

/// The control socket, which is removed when this is dropped.
#[cfg(unix)]
type Listening = Mutex<(control::ControlSocket, Option<Control>)>;

/// Moves the socket when a new configuration names another place.
#[cfg(unix)]
fn follow_control(listening: &Arc<Listening>, site: PathBuf, define: &[String], running: &Arc<Running>) {
    // The site keeps this closure, so the closure must not keep the site.
    let (listening, weak) = (Arc::downgrade(listening), Arc::downgrade(running));
    let (define, runtime) = (define.to_vec(), tokio::runtime::Handle::current());
    running.site().on_configuration(move |_| {
        let (Some(listening), Some(running)) = (listening.upgrade(), weak.upgrade()) else { return };
        let Ok(address) = control::ControlSocket::find(&site, &define) else { return };
        let mut listening = listening.lock();
        if listening.0 == address {
            return;
        }
        let _runtime = runtime.enter();
        let moved = match &mut listening.1 {
            Some(control) => control.follow(&address, running),
            None => Control::listen(&address, running).map(|control| listening.1 = Some(control)),
        };
        match moved {
            Ok(()) => listening.0 = address,
            Err(error) => tracing::warn!("{error}; {UNFOUND} there"),
        }
    });
}

/// Reloads the configuration on `SIGHUP`, and reopens the log files, so that they can be rotated. When this returns,
/// `SIGHUP` no longer ends the program.
#[cfg(unix)]
fn heed_hang_ups(site: Arc<Site>) {
    let Ok(mut hang_ups) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) else { return };
    tokio::spawn(async move {
        while hang_ups.recv().await.is_some() {
            let site = site.clone();
            // Errors are logged.
            if let Ok(Ok(())) = tokio::task::spawn_blocking(move || site.reload_configuration()).await {
                tracing::info!("SIGHUP: the configuration was read again, and the log files were opened anew");
            }
        }
    });
}

/// Completes when the program is asked to stop.
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
