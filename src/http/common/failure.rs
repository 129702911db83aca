//! What went wrong, before a surface has worded it.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::service::{Asset, ServiceError};

/// The kind of failure; decides the status, unless a surface has its own.
#[derive(Debug, Clone)]
pub(crate) enum Cause {
    /// 400: the request makes no sense.
    BadRequest,
    /// 400: a value is not permitted; the field at fault, with dots between levels.
    Invalid(&'static str),
    /// 401: no credentials, or wrong ones.
    Unauthenticated,
    /// 403: known, but not permitted.
    Forbidden,
    /// 404: not there, or not for this caller to know of.
    NotFound,
    /// 405: not with this method.
    MethodNotAllowed,
    /// 406: there is no form of it that the client takes.
    NotAcceptable,
    /// 408: the body came too slowly.
    TooSlow,
    /// 409: stored already, as this.
    Duplicate(Box<Asset>),
    /// 409: it does not fit what is there.
    Conflict,
    /// 412: a condition of the request does not hold.
    PreconditionFailed,
    /// 413: more bytes than permitted.
    TooLarge,
    /// 415: the body is coded or typed in a way that is not taken.
    UnsupportedMediaType,
    /// 416: no such part of it.
    RangeNotSatisfiable,
    /// 422: the pipeline refused the file.
    Rejected,
    /// 429: more requests than the key may make.
    RateLimited,
    /// 507: the tenant's quota is used up.
    QuotaExceeded,
    /// 500: ours.
    Internal,
    /// 503: busy.
    Overloaded,
    /// 504: the database or the blob store did not answer.
    Timeout,
    /// 507: the disk is full.
    StorageFull,
}

/// Why a request did not get what it asked for. [`super::Voice::word`] gives it a body.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    /// The stable code, for the header `x-gatefold-code`.
    pub(crate) code: &'static str,
    /// A sentence for a person, with nothing in it that clients must not know.
    pub(crate) message: String,
    /// Headers that go with it.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// What is stored already, with its public link, where a surface tells it.
    pub(crate) existing: Option<(Box<Asset>, String)>,
}

impl Failure {
    pub(crate) fn new(cause: Cause, code: &'static str, message: impl Into<String>) -> Self {
        Self { cause, code, message: message.into(), headers: Vec::new(), existing: None }
    }

    pub(crate) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Cause::BadRequest, code, message)
    }

    pub(crate) fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::new(Cause::Invalid(field), "invalid", message)
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(Cause::NotFound, "not_found", format!("there is no such {what}"))
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Cause::Forbidden, "forbidden", message)
    }

    pub(crate) fn unauthenticated(message: &'static str) -> Self {
        Self::new(Cause::Unauthenticated, "unauthenticated", message)
    }

    pub(crate) fn too_large(actual: Option<u64>, max: u64) -> Self {
        let message = match actual {
            Some(actual) => format!("the body has {actual} bytes or more; the limit is {max}"),
            None => format!("the body has more than {max} bytes, which is the limit"),
        };
        Self::new(Cause::TooLarge, "too_many_bytes", message)
    }

    pub(crate) fn too_slow(message: impl Into<String>) -> Self {
        Self::new(Cause::TooSlow, "too_slow", message)
    }

    pub(crate) fn internal() -> Self {
        Self::new(Cause::Internal, "internal", "an internal error stopped this request; try again")
    }

    /// The failure for an error that axum or a layer answered with by itself.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::not_found("page"),
            StatusCode::METHOD_NOT_ALLOWED => Self::new(
                Cause::MethodNotAllowed,
                "method_not_allowed",
                "this method is not served here; the header Allow names those that are",
            ),
            status if status.is_client_error() => {
                Self::bad_request("bad_request", "the request could not be understood")
            }
            _ => Self::internal(),
        }
    }

    #[must_use]
    pub(crate) fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    #[must_use]
    pub(crate) fn retry_after(self, wait: Duration) -> Self {
        // Whole seconds, rounded up: a client that waits less is refused again.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        self.with_header(axum::http::header::RETRY_AFTER, &seconds.max(1).to_string())
    }

    /// The status it usually has.
    pub(crate) const fn status(&self) -> StatusCode {
        match self.cause {
            Cause::BadRequest | Cause::Invalid(_) => StatusCode::BAD_REQUEST,
            Cause::Unauthenticated => StatusCode::UNAUTHORIZED,
            Cause::Forbidden => StatusCode::FORBIDDEN,
            Cause::NotFound => StatusCode::NOT_FOUND,
            Cause::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Cause::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Cause::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Cause::Duplicate(_) | Cause::Conflict => StatusCode::CONFLICT,
            Cause::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Cause::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Cause::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Cause::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
            Cause::Rejected => StatusCode::UNPROCESSABLE_ENTITY,
            Cause::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Cause::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Cause::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
            Cause::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Cause::QuotaExceeded | Cause::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        }
    }

    /// True when the fault is ours.
    pub(crate) fn is_ours(&self) -> bool {
        self.status().is_server_error() && !matches!(self.cause, Cause::QuotaExceeded)
    }
}

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        let (code, message) = (error.code(), error.to_string());
        match error {
            ServiceError::Rejected(_) => Self::new(Cause::Rejected, code, message),
            ServiceError::Duplicate(asset) => Self::new(Cause::Duplicate(asset), code, message),
            ServiceError::NotFound { .. } => Self::new(Cause::NotFound, code, message),
            ServiceError::TooLarge { actual, max } => Self::too_large(actual, max),
            ServiceError::QuotaExceeded { .. } => Self::new(Cause::QuotaExceeded, code, message),
            ServiceError::Invalid { field, .. } => Self::new(Cause::Invalid(field), code, message),
            ServiceError::Conflict { .. } => Self::new(Cause::Conflict, code, message),
            // Where waiting helps, the status is one that clients wait for.
            ServiceError::LimitReached { retry_after: Some(wait), .. } => {
                Self::new(Cause::RateLimited, code, message).retry_after(wait)
            }
            ServiceError::LimitReached { retry_after: None, .. } => {
                Self::new(Cause::Conflict, code, message)
            }
            ServiceError::TooManySizes { .. } => Self::new(Cause::Invalid("size"), code, message),
            ServiceError::Changed => Self::new(Cause::PreconditionFailed, code, message),
            ServiceError::Forbidden(_) | ServiceError::Signature(_) => {
                Self::new(Cause::Forbidden, code, message)
            }
            ServiceError::Overloaded { retry_after } => {
                Self::new(Cause::Overloaded, code, message).retry_after(retry_after)
            }
            ServiceError::TookTooLong { .. } => Self::new(Cause::Overloaded, code, message),
            ServiceError::Timeout { .. } => Self::new(Cause::Timeout, code, message),
            ServiceError::Storage { what, source } => {
                // The source may name paths and statements: it is for the log alone.
                tracing::error!(what, error = %chain(&*source), "storage failed");
                let message = format!("{what} failed; try again");
                Self { code, message, ..Self::internal() }
            }
            ServiceError::BlobMissing => {
                tracing::error!("a record names bytes that are not stored");
                Self { code, message, ..Self::internal() }
            }
            ServiceError::BlobDamaged { detail } => {
                tracing::error!(detail, "a record names bytes that are damaged");
                let message = "the stored bytes are damaged";
                Self { code, message: message.to_owned(), ..Self::internal() }
            }
            ServiceError::StorageFull { what } => {
                tracing::error!(what, "no room left");
                Self::new(Cause::StorageFull, code, message)
            }
            ServiceError::StoreRefused { .. } => {
                tracing::error!(message, "the store was refused");
                Self::internal()
            }
            ServiceError::Internal(detail) => {
                tracing::error!(detail, "internal error");
                Self::internal()
            }
        }
    }
}

/// An error and what caused it, in one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

/// Carries the failure to the seam, which words it.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
