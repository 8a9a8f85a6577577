//! `samovar explain`: why a URL is answered as it is.

use std::{io::Write, path::PathBuf};

use clap::Args;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use super::{Failure, colour};

/// Explain how a URL is answered: which values hold, and where each comes from.
#[derive(Args)]
pub(crate) struct Explain {
    /// `/path`, or `http://host:port/path`.
    url: String,
    /// The `Host` header, instead of the host of the URL.
    #[arg(long)]
    host: Option<HeaderValue>,
    /// The method of the request, for `<If>`.
    #[arg(long, default_value = "GET")]
    method: Method,
    /// A header of the request, for `<If>`.
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(HeaderName, HeaderValue)>,
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

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("expected `Name: value`")?;
    let name = name.trim().parse().map_err(|error| format!("the name: {error}"))?;
    let value = value.trim().parse().map_err(|error| format!("the value: {error}"))?;
    Ok((name, value))
}

pub(crate) fn run(arguments: &Explain) -> Result<(), Failure> {
    let Explain { url, host, method, header: further, site, json, define } = arguments;
    let mut headers = HeaderMap::new();
    for (name, value) in further {
        headers.append(name, value.clone());
    }
    if let Some(host) = host {
        headers.insert(header::HOST, host.clone());
    }
    let explanation = samovar::program::explain(site, define, url, method, &headers);
    let explanation = explanation.map_err(|error| Failure(error.render(colour::of_errors())))?;
    let text = match json {
        true => serde_json::to_string_pretty(&explanation.to_json()).unwrap_or_default(),
        false => explanation.render(),
    };
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
    Ok(())
}
