//! An id for every request, to find its lines in a log.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// `x-request-id`.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// The client's own, where it is a short plain token; else a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let sane = |value: &&HeaderValue| {
            // Whatever else it is would be written into logs and other answers.
            let bytes = value.as_bytes();
            (8..=64).contains(&bytes.len())
                && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
        };
        headers.get(HEADER).filter(sane).map_or_else(Self::new, |own| Self(own.clone()))
    }

    fn new() -> Self {
        let id = Uuid::new_v4().to_string();
        Self(HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("unknown")))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or("unknown")
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}
