//! Path segments, queries and JSON bodies: what cannot be read is a failure that a surface can word.

use axum::RequestPartsExt as _;
use axum::extract::{FromRequestParts, Path, Query, Request};
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::Context;
use super::body::Pieces;
use super::failure::{Cause, Failure};
use super::json;

/// The named parts of a path. What is no text (or no `T`) is not there: 404.
pub(crate) struct Segments<T>(pub(crate) T);

impl<T: DeserializeOwned + Send + 'static> FromRequestParts<Context> for Segments<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Context) -> Result<Self, Failure> {
        let Path(segments) =
            parts.extract::<Path<T>>().await.map_err(|_| Failure::not_found("page"))?;
        Ok(Self(segments))
    }
}

/// The UUID written in a path, in its usual form of 36 characters; anything else is not there.
pub(crate) fn uuid_in_path(text: &str, what: &str) -> Result<Uuid, Failure> {
    let id = if text.len() == 36 { Uuid::try_parse(text).ok() } else { None };
    id.ok_or_else(|| Failure::not_found(what))
}

/// The fields of a query, decoded.
pub(super) fn fields(uri: &Uri) -> Result<Vec<(String, String)>, Failure> {
    let Query(fields) = Query::<Vec<(String, String)>>::try_from_uri(uri)
        .map_err(|_| Failure::bad_request("bad_query", "the query could not be read"))?;
    Ok(fields)
}

/// The one value that a query gives `name`; twice is a mistake.
pub(crate) fn query(uri: &Uri, name: &'static str) -> Result<Option<String>, Failure> {
    once(&mut fields(uri)?, name)
}

/// Takes the one value of this name out of the fields of a query.
pub(super) fn once(
    fields: &mut Vec<(String, String)>,
    name: &'static str,
) -> Result<Option<String>, Failure> {
    let mut values = fields.extract_if(.., |(field, _)| field == name);
    let first = values.next().map(|(_, value)| value);
    if values.next().is_some() {
        return Err(Failure::invalid(name, format!("{name} is given twice")));
    }
    Ok(first)
}

/// A number of a query, up to its limit.
pub(crate) fn number(
    name: &'static str,
    text: Option<String>,
    otherwise: u64,
    max: u64,
) -> Result<u64, Failure> {
    let Some(text) = text else { return Ok(otherwise) };
    let digits = (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let value = if digits { text.parse().ok() } else { None };
    value.filter(|value| *value <= max).ok_or_else(|| {
        let shown: String = text.chars().take(24).collect();
        let message = format!("{name} is \"{shown}\"; it must be a whole number from 0 to {max}");
        Failure::bad_request("invalid", message)
    })
}

/// Refuses with 415 a body in a coding other than its own bytes (RFC 9110 8.4).
pub(super) fn no_coding(headers: &HeaderMap) -> Result<(), Failure> {
    let codings = headers.get_all(CONTENT_ENCODING).iter();
    let codings = codings.flat_map(|value| value.as_bytes().split(|b| *b == b','));
    let codings = codings.map(<[u8]>::trim_ascii);
    let plain = |coding: &[u8]| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity");
    let Some(other) = codings.into_iter().find(|coding| !plain(coding)) else { return Ok(()) };
    let shown: String = String::from_utf8_lossy(other).chars().take(24).collect();
    let message = format!("the body has the content coding \"{shown}\"; send it without any");
    // What would be taken, as RFC 9110 15.5.16 asks.
    Err(Failure::new(Cause::UnsupportedMediaType, "unsupported_coding", message)
        .with_header(ACCEPT_ENCODING, "identity"))
}

/// A JSON body under its cap. An empty one is `null`, so that bodies of optional fields may be left
/// out.
pub(crate) async fn json_body<T: DeserializeOwned>(
    context: &Context,
    request: Request,
) -> Result<T, Failure> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = content_type.is_none_or(|value| {
        let media = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        media == "application/json" || media.ends_with("+json")
    });
    if !is_json {
        return Err(Failure::bad_request("not_json", "send the body as application/json"));
    }
    let max = context.options.max_json_bytes as u64;
    let mut pieces = Pieces::of(context, request, max)?;
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.next().await? {
        bytes.extend_from_slice(&piece);
    }
    json::parse(&bytes)
}
