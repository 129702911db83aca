//! How `gatefold serve` was asked to work: options, then the environment, then a TOML file, then
//! defaults.

use std::path::{Path, PathBuf};
use std::time::Duration;

use gatefold::http::Options;
use gatefold::service::Settings;
use serde::Deserialize;

use crate::args::{DATA, LogShape, ServeArgs};
use crate::outcome::Failure;
use crate::policy_file::toml_error;

/// A file larger than this is a mistake.
const MAX_BYTES: u64 = 1024 * 1024;

/// What the TOML file may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    data: Option<PathBuf>,
    listen: Option<String>,
    metrics_listen: Option<String>,
    log: Option<LogShape>,
    log_filter: Option<String>,
    /// Seconds between two sweeps.
    sweep_interval: Option<u64>,
    service: Settings,
    http: Options,
}

/// A validated configuration.
pub(crate) struct ServeTask {
    pub(crate) data: PathBuf,
    pub(crate) listen: String,
    /// `None`: `/metrics` stands beside everything else.
    pub(crate) metrics_listen: Option<String>,
    /// Id and secret of a key that reaches everything.
    pub(crate) key: Option<(String, String)>,
    /// `None`: the address that is listened at.
    pub(crate) public_url: Option<String>,
    pub(crate) log: LogShape,
    pub(crate) log_filter: String,
    pub(crate) sweep_interval: Duration,
    pub(crate) settings: Settings,
    pub(crate) options: Options,
}

impl ServeTask {
    /// # Errors
    /// A usage failure for what does not make sense.
    pub(crate) fn of(
        args: ServeArgs,
        threads: Option<u16>,
        memory: Option<u64>,
    ) -> Result<Self, Failure> {
        let (file, own_url) = match args.config.as_deref() {
            Some(path) => read(path)?,
            None => (File::default(), None),
        };
        let mut settings = file.service;
        if let Some(threads) = threads {
            settings.threads = usize::from(threads);
        }
        if let Some(memory) = memory {
            settings.memory_budget = memory;
        }
        let key = match args.key.as_deref().map(|key| key.split_once(':')) {
            None => None,
            Some(Some((id, secret))) => Some((id.to_owned(), secret.to_owned())),
            Some(None) => return Err(Failure::usage("a key is ID:SECRET")),
        };
        let interval = file.sweep_interval.unwrap_or(600);
        if interval == 0 {
            return Err(Failure::usage("sweep_interval must be at least 1 second"));
        }
        Ok(Self {
            data: args.data.or(file.data).unwrap_or_else(|| DATA.into()),
            listen: args.listen.or(file.listen).unwrap_or_else(|| "127.0.0.1:8080".to_owned()),
            metrics_listen: args.metrics_listen.or(file.metrics_listen),
            key,
            public_url: args.public_url.or(own_url).as_deref().map(sane_url).transpose()?,
            log: args.log.or(file.log).unwrap_or(LogShape::Json),
            log_filter: args.log_filter.or(file.log_filter).unwrap_or_else(|| "info".to_owned()),
            sweep_interval: Duration::from_secs(interval),
            settings,
            options: file.http,
        })
    }
}

/// The file, and the public URL where it gives one: its default says nothing.
fn read(path: &Path) -> Result<(File, Option<String>), Failure> {
    let wrong =
        |error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}", path.display()));
    let length = std::fs::metadata(path).map_err(|e| wrong(&e))?.len();
    if length > MAX_BYTES {
        return Err(wrong(&"the file is too large for a configuration"));
    }
    let text = std::fs::read_to_string(path).map_err(|e| wrong(&e))?;
    let file: File = toml::from_str(&text).map_err(|e| wrong(&toml_error(&text, &e)))?;
    let table: toml::Table = text.parse().map_err(|e| wrong(&toml_error(&text, &e)))?;
    let given = table.get("service").is_some_and(|service| service.get("public_url").is_some());
    let url = given.then(|| file.service.public_url.clone());
    Ok((file, url))
}

/// Links are made by appending a path.
fn sane_url(url: &str) -> Result<String, Failure> {
    let address = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let sane = address.is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic()) && !rest.contains(['?', '#'])
    });
    if !sane {
        let message =
            format!("\"{url}\" is no public URL; write https://images.example or the like");
        return Err(Failure::usage(message));
    }
    Ok(url.trim_end_matches('/').to_owned())
}
