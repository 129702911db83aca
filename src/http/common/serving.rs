//! Sending pictures: which form of one, whether it must be sent at all, and with which headers.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, VARY,
};
use axum::http::response::Builder;
use axum::http::{
    Extensions, HeaderMap, HeaderValue, Method, Response as HttpResponse, StatusCode,
};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use jiff::Timestamp;
use serde::Serialize;

use super::Context;
use super::accept::Accept;
use super::client::ClientAddress;
use super::conditional::{Precondition, Validators, Wanted, precondition, wanted};
use super::cross::RESOURCE_POLICY;
use super::failure::{Cause, Failure};
use crate::service::{Asset, Assets, ServiceError};
use crate::{Bounds, RenditionSpec};

/// How a picture is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    method: &'a Method,
    headers: &'a HeaderMap,
    /// Whose rate counts it, where no key was shown.
    without_key: Option<ClientAddress>,
}

impl<'a> Asked<'a> {
    /// By somebody whose key was looked at.
    pub(crate) const fn new(method: &'a Method, headers: &'a HeaderMap) -> Self {
        Self { method, headers, without_key: None }
    }

    /// By the client of a request with these extensions, through a link that anybody may follow.
    pub(crate) fn without_key(self, extensions: &Extensions) -> Self {
        Self { without_key: Some(ClientAddress::of_request(extensions)), ..self }
    }

    /// What a link leads to; names that lead nowhere count, so that they are not tried at will.
    pub(crate) fn found<T>(
        self,
        context: &Context,
        asset: Result<T, ServiceError>,
    ) -> Result<T, Failure> {
        if asset.is_err() {
            self.count(context)?;
        }
        Ok(asset?)
    }

    /// Counts work: what is in memory, or with the client already, costs less than to refuse it.
    fn count(self, context: &Context) -> Result<(), Failure> {
        self.without_key.map_or(Ok(()), |client| context.rates.address(client))
    }
}

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
                Self::Public { age, stale: stale.min(left.saturating_sub(age)) }
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

    /// Begins an answer with the headers that a 200 and a 304 have alike (RFC 9110 15.4.5).
    fn answer(self, status: StatusCode, validators: &Validators, negotiated: bool) -> Builder {
        let mut response =
            HttpResponse::builder().status(status).header(CACHE_CONTROL, self.header());
        if let Some(headers) = response.headers_mut() {
            headers.extend(validators.headers());
            if negotiated {
                headers.insert(VARY, HeaderValue::from_static("Accept"));
            }
            if !matches!(self, Self::Private) {
                // Pages of any origin may show it.
                headers.insert(RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
            }
        }
        response
    }
}

/// Serves a picture as a link asks for it: the `size` of its query, else the size that its policy
/// serves to links without one, else the stored original.
pub(crate) async fn serve_picture(
    context: &Context,
    asset: &Asset,
    size: Option<&str>,
    asked: Asked<'_>,
    caching: Caching,
) -> Result<Response, Failure> {
    let Asked { method, headers, .. } = asked;
    let rules = &context.assets.settings().policies.of(asset.surface).renditions;
    let bounds = match size {
        Some(text) => {
            let parsed: Result<Bounds, _> = text.parse();
            Some(parsed.map_err(|error| Failure::invalid("size", error.to_string()))?)
        }
        None => rules.default_size,
    };
    let Some(bounds) = bounds else {
        return serve_original(context, asset, asked, caching).await;
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
    let validators = Validators::of(asset, etag, context.assets.settings().clock.now());
    if precondition(method, headers, &validators)? == Precondition::NotModified {
        return not_modified(&validators, caching, true);
    }
    if !context.assets.rendition_at_hand(asset, &spec) {
        asked.count(context)?;
    }
    let served = context.assets.rendition(asset, &spec).await?;
    context.metrics.served("rendition");
    let length = served.bytes.len();
    let response = caching
        .answer(StatusCode::OK, &validators, true)
        .header(CONTENT_TYPE, served.media_type)
        .header(CONTENT_LENGTH, length);
    let body = if *method == Method::HEAD { Body::empty() } else { Body::from(served.bytes) };
    response.body(body).map_err(|_| Failure::internal())
}

/// Serves the stored bytes, whole or the one range that is asked for.
pub(crate) async fn serve_original(
    context: &Context,
    asset: &Asset,
    asked: Asked<'_>,
    caching: Caching,
) -> Result<Response, Failure> {
    let Asked { method, headers, .. } = asked;
    let original = context.assets.original(asset);
    let validators = Validators::of(asset, original.etag, context.assets.settings().clock.now());
    if precondition(method, headers, &validators)? == Precondition::NotModified {
        return not_modified(&validators, caching, false);
    }
    asked.count(context)?;
    let length = original.length;
    // Ranges are defined for GET alone (RFC 9110 14.2).
    let wanted =
        if *method == Method::GET { wanted(headers, length, &validators) } else { Wanted::All };
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
    let mut response = caching
        .answer(status, &validators, false)
        .header(CONTENT_TYPE, original.media_type)
        .header(CONTENT_LENGTH, range.end - range.start)
        .header(ACCEPT_RANGES, "bytes");
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

/// What tells the versions of JSON about an asset apart.
pub(crate) fn told_validators<T: Serialize>(
    context: &Context,
    asset: &Asset,
    told: &T,
) -> Result<Validators, Failure> {
    let body = serde_json::to_vec(told).map_err(|_| Failure::internal())?;
    let hash = blake3::hash(&body).to_hex();
    let etag = format!("\"{}\"", hash.get(..32).unwrap_or_default());
    Ok(Validators::of(asset, etag, context.assets.settings().clock.now()))
}

/// Serves JSON about an asset, unless the client has it.
pub(crate) fn serve_told<T: Serialize>(
    context: &Context,
    asset: &Asset,
    told: &T,
    (method, headers): (&Method, &HeaderMap),
) -> Result<Response, Failure> {
    let validators = told_validators(context, asset, told)?;
    if precondition(method, headers, &validators)? == Precondition::NotModified {
        return not_modified(&validators, Caching::Private, false);
    }
    let body = serde_json::to_vec(told).map_err(|_| Failure::internal())?;
    let response = Caching::Private.answer(StatusCode::OK, &validators, false);
    let response = response.header(CONTENT_TYPE, "application/json");
    response.body(Body::from(body)).map_err(|_| Failure::internal())
}

/// The version that a change of an asset must find, by the conditions of its request; `None` where any
/// will do.
///
/// # Errors
/// 412 when they do not hold already.
pub(crate) fn version_wanted(
    (method, headers): (&Method, &HeaderMap),
    asset: &Asset,
    current: &Validators,
) -> Result<Option<Timestamp>, Failure> {
    let held = precondition(method, headers, current)?;
    Ok((held == Precondition::HoldsForVersion).then_some(asset.updated_at))
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

fn not_modified(
    validators: &Validators,
    caching: Caching,
    negotiated: bool,
) -> Result<Response, Failure> {
    let response = caching.answer(StatusCode::NOT_MODIFIED, validators, negotiated);
    response.body(Body::empty()).map_err(|_| Failure::internal())
}
