//! Sending pictures: which form of one, whether it must be sent at all, and with which headers.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, Response as HttpResponse, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;

use super::Context;
use super::accept::Accept;
use super::conditional::{Wanted, client_has, wanted};
use super::failure::{Cause, Failure};
use crate::service::{Asset, Assets};
use crate::{Bounds, RenditionSpec};

/// How long others may keep what is served.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Caching {
    /// Anybody, for `age`, and for `stale` more while it asks again (RFC 5861 section 3): the link may
    /// show another picture later.
    Public { age: Duration, stale: Duration },
    /// Anybody, for so long and without asking again (RFC 8246): the link names these bytes.
    Immutable(Duration),
    /// Only the client itself, and it asks each time.
    Private,
}

impl Caching {
    /// No longer than for so long.
    pub(crate) fn until(self, left: Duration) -> Self {
        match self {
            Self::Public { age, stale } => {
                let age = age.min(left);
                Self::Public { age, stale: stale.min(left - age) }
            }
            Self::Immutable(age) => Self::Immutable(age.min(left)),
            Self::Private => Self::Private,
        }
    }

    fn header(self) -> HeaderValue {
        let text = match self {
            Self::Public { age, stale: Duration::ZERO } => {
                format!("public, max-age={}", age.as_secs())
            }
            Self::Public { age, stale } => {
                let (age, stale) = (age.as_secs(), stale.as_secs());
                format!("public, max-age={age}, stale-while-revalidate={stale}")
            }
            Self::Immutable(age) => format!("public, max-age={}, immutable", age.as_secs()),
            Self::Private => "private, no-cache".to_owned(),
        };
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("no-store"))
    }
}

/// Serves a picture as a link asks for it: the `size` of its query, else the size that its policy
/// serves to links without one, else the stored original.
pub(crate) async fn serve_picture(
    context: &Context,
    asset: &Asset,
    size: Option<&str>,
    (method, headers): (&Method, &HeaderMap),
    caching: Caching,
) -> Result<Response, Failure> {
    let rules = &context.assets.settings().policies.of(asset.surface).renditions;
    let bounds = match size {
        Some(text) => {
            let parsed: Result<Bounds, _> = text.parse();
            Some(parsed.map_err(|error| Failure::invalid("size", error.to_string()))?)
        }
        None => rules.default_size,
    };
    let Some(bounds) = bounds else {
        return serve_original(context, asset, (method, headers), caching).await;
    };
    let spec = RenditionSpec::new(bounds);
    spec.check(rules).map_err(|error| Failure::invalid("size", error.to_string()))?;
    let format = Accept::of(headers).choose(asset).ok_or_else(|| {
        Failure::new(
            Cause::NotAcceptable,
            "not_acceptable",
            "the picture is served as image/jpeg, image/png or image/webp; the header Accept takes none of them",
        )
        .with_header(VARY, "Accept")
    })?;
    let spec = spec.format(format);
    let etag = context.assets.rendition_etag(asset, &spec)?;
    if client_has(headers, &etag) {
        return not_modified(&etag, caching, true);
    }
    let served = context.assets.rendition(asset, &spec).await?;
    context.metrics.served("rendition");
    let length = served.bytes.len();
    let response = HttpResponse::builder()
        .header(CONTENT_TYPE, served.media_type)
        .header(CONTENT_LENGTH, length)
        .header(ETAG, served.etag)
        .header(VARY, "Accept")
        .header(CACHE_CONTROL, caching.header());
    let body = if *method == Method::HEAD { Body::empty() } else { Body::from(served.bytes) };
    response.body(body).map_err(|_| Failure::internal())
}

/// Serves the stored bytes, whole or the one range that is asked for.
pub(crate) async fn serve_original(
    context: &Context,
    asset: &Asset,
    (method, headers): (&Method, &HeaderMap),
    caching: Caching,
) -> Result<Response, Failure> {
    let original = context.assets.original(asset);
    if client_has(headers, &original.etag) {
        return not_modified(&original.etag, caching, false);
    }
    let length = original.length;
    // Ranges are defined for GET alone (RFC 9110 14.2).
    let wanted =
        if *method == Method::GET { wanted(headers, length, &original.etag) } else { Wanted::All };
    let (status, range) = match wanted {
        Wanted::All => (StatusCode::OK, 0..length),
        Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Wanted::Nothing => {
            let message = format!("the file has {length} bytes; the range lies outside of them");
            let cause = Cause::RangeNotSatisfiable;
            return Err(Failure::new(cause, "range_not_satisfiable", message)
                .with_header(CONTENT_RANGE, &format!("bytes */{length}")));
        }
    };
    let mut response = HttpResponse::builder()
        .status(status)
        .header(CONTENT_TYPE, original.media_type)
        .header(CONTENT_LENGTH, range.end - range.start)
        .header(ACCEPT_RANGES, "bytes")
        .header(ETAG, original.etag)
        .header(CACHE_CONTROL, caching.header());
    if status == StatusCode::PARTIAL_CONTENT {
        let shown = format!("bytes {}-{}/{length}", range.start, range.end.saturating_sub(1));
        response = response.header(CONTENT_RANGE, shown);
    }
    let body = if *method == Method::HEAD {
        Body::empty()
    } else {
        in_pieces(&context.assets, asset, range).await?
    };
    context.metrics.served("original");
    response.body(body).map_err(|_| Failure::internal())
}

/// The first piece is read at once, so that missing or damaged bytes are an error and not a broken
/// answer; what is found out later breaks it off before its last piece.
async fn in_pieces(
    assets: &Assets,
    asset: &Asset,
    range: std::ops::Range<u64>,
) -> Result<Body, Failure> {
    let length = range.end.saturating_sub(range.start);
    let mut reader = assets.read_original(asset, Some(range));
    let first = reader.next().await?.unwrap_or_default();
    if first.len() as u64 == length {
        return Ok(Body::from(first));
    }
    let rest = stream::try_unfold(reader, |mut reader| async move {
        let piece = reader.next().await.map_err(|error| {
            tracing::error!(%error, "an original broke off while it was sent");
            std::io::Error::other("broken off")
        })?;
        Ok::<_, std::io::Error>(piece.map(|piece| (piece, reader)))
    });
    let first = stream::once(async move { Ok::<Bytes, std::io::Error>(first) });
    Ok(Body::from_stream(futures_util::StreamExt::chain(first, rest)))
}

fn not_modified(etag: &str, caching: Caching, negotiated: bool) -> Result<Response, Failure> {
    // RFC 9110 15.4.5: the headers that a 200 would have had for caches, and no others.
    let mut response = HttpResponse::builder()
        .status(StatusCode::NOT_MODIFIED)
        .header(ETAG, etag)
        .header(CACHE_CONTROL, caching.header());
    if negotiated {
        response = response.header(VARY, "Accept");
    }
    response.body(Body::empty()).map_err(|_| Failure::internal())
}
