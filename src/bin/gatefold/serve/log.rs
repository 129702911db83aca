//! The log of a running service, on standard error.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::args::LogShape;
use crate::outcome::Failure;

/// Begins it, for the whole process.
pub(crate) fn begin(shape: LogShape, filter: &str) -> Result<(), Failure> {
    let wrong = |error| Failure::usage(format!("log filter \"{filter}\": {error}"));
    let filter = EnvFilter::try_new(filter).map_err(wrong)?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let begun = match shape {
        LogShape::Json => log.json().flatten_event(true).with_span_list(false).try_init(),
        LogShape::Text => log.with_ansi(false).try_init(),
    };
    begun.map_err(|error| Failure::io(format!("the log does not begin: {error}")))?;
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string);
        tracing::error!(place, "internal error");
    }));
    Ok(())
}
