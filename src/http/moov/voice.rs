//! How this API words its errors.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::bodies::{
    DuplicateError, GenericError, ImageMetadata, ImageMetadataValidationError,
    ImageRequestValidationError,
};
use crate::http::common::{Cause, Credentials, Failure, RequestId, Voice};
use crate::service::Asset;

pub(crate) struct Moov;

impl Voice for Moov {
    const NAME: &'static str = "moov";
    const CREDENTIALS: Credentials =
        Credentials { basic: true, bearer: true, pair: false, api_key: false };

    fn word(failure: &Failure, _: &RequestId) -> Response {
        let text = failure.message.clone();
        let flat = |alt_text| ImageMetadataValidationError { alt_text: Some(alt_text) };
        let (image, metadata) = match failure.cause {
            Cause::Rejected | Cause::Invalid("image") => (Some(text), None),
            Cause::Invalid("metadata.altText") => (None, Some(flat(text))),
            Cause::Invalid("altText" | "alt_text") => {
                return (StatusCode::UNPROCESSABLE_ENTITY, Json(flat(text))).into_response();
            }
            _ => return plain(failure),
        };
        let body = ImageRequestValidationError { image, metadata };
        (StatusCode::UNPROCESSABLE_ENTITY, Json(body)).into_response()
    }
}

/// `{"error"}`, with the existing image beside it when there is one.
fn plain(failure: &Failure) -> Response {
    let error = failure.message.clone();
    // The size of a request is part of its syntax here.
    let status = match failure.cause {
        Cause::TooLarge => StatusCode::BAD_REQUEST,
        _ => failure.status(),
    };
    match &failure.existing {
        Some((existing, link)) => {
            let existing = ImageMetadata::of(existing, link.clone());
            (status, Json(DuplicateError { error, existing })).into_response()
        }
        None => (status, Json(GenericError { error })).into_response(),
    }
}

/// The failure with the public link of the image that it names.
pub(super) fn with_link(mut failure: Failure, link: impl Fn(&Asset) -> String) -> Failure {
    if let Cause::Duplicate(existing) = &failure.cause {
        let link = link(existing);
        failure.existing = Some((existing.clone(), link));
    }
    failure
}
