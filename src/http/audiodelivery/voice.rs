//! How this API words its answers.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use uuid::{Builder, Uuid};

use super::bodies::{Answer, AudiodeliveryError};
use crate::http::common::{Cause, Credentials, Failure, RequestId, Voice};

pub(crate) struct Audiodelivery;

impl Voice for Audiodelivery {
    const NAME: &'static str = "audiodelivery";
    const CREDENTIALS: Credentials =
        Credentials { basic: false, bearer: true, pair: false, api_key: false };

    fn word(failure: &Failure, id: &RequestId) -> Response {
        // A recording that is none is refused as a picture that is none is.
        let status = match failure.cause {
            Cause::Invalid("file") => StatusCode::UNPROCESSABLE_ENTITY,
            _ => failure.status(),
        };
        let message = failure.message.clone();
        let body = AudiodeliveryError { ok: false, message, api_request_id: api_request_id(id) };
        (status, Json(body)).into_response()
    }
}

/// A success.
pub(super) fn answer<T: Serialize>(id: &RequestId, rest: T) -> Response {
    Json(Answer { ok: true, api_request_id: api_request_id(id), rest }).into_response()
}

/// The request's id as this API tells it: a UUID, even when the client gave the request another id.
fn api_request_id(id: &RequestId) -> Uuid {
    uuid_of("gatefold 2026 api_request_id", id.as_str())
}

/// The organisation that a tenant is.
pub(super) fn organization_id(tenant: &str) -> Uuid {
    uuid_of("gatefold 2026 organization_id", tenant)
}

/// The UUID that a text is, else the one that always stands for it (version 8, RFC 9562 5.8).
fn uuid_of(purpose: &str, text: &str) -> Uuid {
    let written = if text.len() == 36 { Uuid::try_parse(text).ok() } else { None };
    written.unwrap_or_else(|| {
        let mut bytes = [0; 16];
        let mut hasher = blake3::Hasher::new_derive_key(purpose);
        hasher.update(text.as_bytes());
        hasher.finalize_xof().fill(&mut bytes);
        Builder::from_custom_bytes(bytes).into_uuid()
    })
}
