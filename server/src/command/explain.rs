//! `samovar explain`: why a URL is answered as it is.

use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
};

use clap::Args;

use super::Failure;

/// Say which values hold for a URL, and where each comes from.
#[derive(Args)]
pub(crate) struct Explain {
    /// `/path`, or `http://host:port/path`.
    url: String,
    /// The `Host` header, in place of the URL's host.
    #[arg(long)]
    host: Option<String>,
    /// A directory, or a configuration file.
    #[arg(long, value_name = "PATH", default_value = ".")]
    site: PathBuf,
    /// Print it as JSON.
    #[arg(long)]
    json: bool,
    /// Define a name for the configuration.
    #[arg(short = 'D', value_name = "NAME[=VALUE]")]
    define: Vec<String>,
}

pub(crate) fn run(arguments: &Explain) -> Result<(), Failure> {
    let Explain { url, host, site, json, define } = arguments;
    let explanation = samovar::explain(site, define, url, host.as_deref());
    let explanation = explanation.map_err(|error| Failure(error.render(std::io::stderr().is_terminal())))?;
    let text = match json {
        true => serde_json::to_string_pretty(&explanation.to_json()).unwrap_or_default(),
        false => explanation.render(),
    };
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
    Ok(())
}
