//! Bodies, piece by piece: refused by their declared length, stopped at their cap whatever they
//! declared, and given up when they come too slowly.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use tokio::time::{Instant, timeout};

use super::Context;
use super::failure::Failure;
use super::input::no_coding;
use super::multipart;
use crate::http::metrics::Metrics;
use crate::http::options::Options;
use crate::service::{Spooled, Surface};

/// What a body may be.
#[derive(Debug, Clone)]
pub(crate) struct BodyRules {
    /// Bytes of the request's body, everything included.
    pub(crate) max_request: u64,
    /// Bytes of the file in it.
    pub(crate) max_file: u64,
    /// Names that the part with the file may have; one of them, once.
    pub(crate) file_parts: &'static [&'static str],
    /// Names of small parts to keep; others are read past.
    pub(crate) small_parts: &'static [&'static str],
    /// Whether the body may be the file itself, without multipart.
    pub(crate) raw: bool,
}

impl BodyRules {
    /// One image under the cap of a surface's policy, raw or as a part of one of these names.
    pub(crate) fn image(
        context: &Context,
        surface: Surface,
        file_parts: &'static [&'static str],
    ) -> Self {
        let max_file = context.assets.settings().policies.of(surface).limits.max_bytes;
        Self { file_parts, ..Self::file(context, max_file) }
    }

    /// One file of at most this many bytes, raw or as the part `file`.
    pub(crate) fn file(context: &Context, max_file: u64) -> Self {
        let around = (context.options.max_parts as u64 + 1)
            .saturating_mul(context.options.max_part_bytes as u64);
        Self {
            max_request: max_file.saturating_add(around),
            max_file,
            file_parts: &["file"],
            small_parts: &[],
            raw: true,
        }
    }
}

/// A body that was taken whole.
#[derive(Default)]
pub(crate) struct Received {
    pub(crate) file: Option<ReceivedFile>,
    /// The small parts that the rules named, by name.
    pub(crate) small: BTreeMap<&'static str, Bytes>,
    pub(super) wanted: &'static [&'static str],
}

impl Received {
    /// The file, which must be there.
    pub(crate) fn file(self) -> Result<ReceivedFile, Failure> {
        let wanted = self.wanted.join(" or ");
        self.file.ok_or_else(|| {
            Failure::bad_request(
                "missing_file",
                format!("the part {wanted} with the file is missing"),
            )
        })
    }
}

/// A file on its way to the service.
pub(crate) struct ReceivedFile {
    /// What the client calls it: a claim, without its path.
    pub(crate) file_name: Option<String>,
    /// What the client says it is: a claim.
    pub(crate) media_type: Option<String>,
    pub(crate) body: Spooled,
}

/// Takes a body with one file in it.
pub(crate) async fn receive(
    context: &Context,
    request: Request,
    rules: &BodyRules,
) -> Result<Received, Failure> {
    let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.map(str::to_owned);
    let is_multipart = media_type
        .as_deref()
        .is_some_and(|value| value.to_ascii_lowercase().starts_with("multipart/"));
    if is_multipart {
        return multipart::receive(context, request, rules).await;
    }
    if !rules.raw {
        let part = rules.file_parts.join(" or ");
        return Err(Failure::bad_request(
            "not_multipart",
            format!("send multipart/form-data with the file in a part named {part}"),
        ));
    }
    let mut spool = context.assets.spool(rules.max_file);
    let mut pieces = Pieces::of(context, request, rules.max_file)?;
    while let Some(piece) = pieces.next().await? {
        spool.write(piece).await?;
    }
    let body = spool.finish();
    let file = (body.length() > 0).then_some(ReceivedFile { file_name: None, media_type, body });
    Ok(Received { file, small: BTreeMap::new(), wanted: rules.file_parts })
}

/// A body's bytes as they come, under a cap and two clocks.
pub(super) struct Pieces {
    body: Body,
    max: u64,
    read: u64,
    started: Instant,
    idle: Duration,
    whole: Duration,
    min_rate: u64,
    metrics: std::sync::Arc<Metrics>,
}

impl Pieces {
    /// The body of this request; refused here when it declares more bytes than `max`.
    pub(super) fn of(context: &Context, request: Request, max: u64) -> Result<Self, Failure> {
        no_coding(request.headers())?;
        let declared = request
            .headers()
            .get(CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse::<u64>().ok())
            .or_else(|| request.body().size_hint().exact());
        if let Some(length) = declared
            && length > max
        {
            return Err(Failure::too_large(Some(length), max));
        }
        let options: &Options = &context.options;
        Ok(Self {
            body: request.into_body(),
            max,
            read: 0,
            started: Instant::now(),
            idle: options.idle_timeout,
            whole: options.body_timeout,
            min_rate: options.min_body_rate,
            metrics: std::sync::Arc::clone(&context.metrics),
        })
    }

    /// The next bytes, or `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            let frame = match timeout(self.idle, self.body.frame()).await {
                Err(_) => {
                    let seconds = self.idle.as_secs_f64();
                    return Err(Failure::too_slow(format!(
                        "nothing of the body came for {seconds} s"
                    )));
                }
                Ok(None) => return Ok(None),
                Ok(Some(Err(_))) => {
                    return Err(Failure::bad_request(
                        "bad_body",
                        "the body broke off or is malformed",
                    ));
                }
                Ok(Some(Ok(frame))) => frame,
            };
            // Trailers say nothing to us.
            let Ok(piece) = frame.into_data() else { continue };
            self.read = self.read.saturating_add(piece.len() as u64);
            self.metrics.bytes_in(piece.len() as u64);
            if self.read > self.max {
                return Err(Failure::too_large(None, self.max));
            }
            self.in_time()?;
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
    }

    fn in_time(&self) -> Result<(), Failure> {
        let taken = self.started.elapsed();
        let earned = self.read.checked_div(self.min_rate).map_or(self.whole, Duration::from_secs);
        if taken > self.whole || taken > self.idle.saturating_add(earned) {
            return Err(Failure::too_slow(format!(
                "the body came too slowly: {} bytes in {} s",
                self.read,
                taken.as_secs()
            )));
        }
        Ok(())
    }
}
