//! The JSON of this API.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::common::{Failure, parse_json, time};
use crate::service::Asset;

/// Longest alternative text, in Unicode scalar values.
pub(super) const MAX_ALT_TEXT: usize = 125;
/// Most images in one answer.
pub(super) const MAX_COUNT: u64 = 200;
/// Most images that may be left out.
pub(super) const MAX_SKIP: u64 = 1_000_000_000;

/// Metadata about an uploaded image.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImageMetadata {
    /// Unique identifier for an image resource.
    #[serde(rename = "imageID")]
    #[schema(format = "uuid")]
    image_id: String,
    /// The id used to get an image with the public endpoint.
    #[serde(rename = "publicID")]
    public_id: String,
    /// Alternative text for the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 125, nullable = false)]
    alt_text: Option<String>,
    /// A public URL to access the image, which takes `size=WIDTHxHEIGHT`.
    #[schema(format = "uri")]
    link: String,
    /// A public URL that changes with the image, so that what it serves may be kept for a year. It
    /// takes `size=WIDTHxHEIGHT`, too.
    #[schema(format = "uri")]
    versioned_link: String,
    #[schema(format = DateTime)]
    created_on: String,
    #[schema(format = DateTime)]
    updated_on: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    disabled_on: Option<String>,
}

impl ImageMetadata {
    pub(super) fn of(asset: &Asset, link: String) -> Self {
        Self {
            versioned_link: format!("{link}?v={}", asset.version()),
            image_id: asset.id.to_string(),
            public_id: asset.public_id.clone(),
            alt_text: asset.alt_text.clone(),
            link,
            created_on: time(asset.created_at),
            updated_on: time(asset.updated_at),
            disabled_on: asset.disabled_at.map(time),
        }
    }
}

/// An upload.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is read part by part; this describes it")]
pub(crate) struct ImageUpload {
    /// A PNG, JPEG, or WebP image file to upload.
    #[schema(value_type = String, format = Binary)]
    image: Vec<u8>,
    /// Optional, JSON-encoded metadata to associate with the uploaded image.
    #[schema(nullable = false)]
    metadata: Option<ImageMetadataRequest>,
}

/// Request body for creating or updating image metadata.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "it is read as any JSON, to word its errors; this describes it")]
pub(crate) struct ImageMetadataRequest {
    /// Alternative text for the image; null or nothing clears it.
    #[schema(max_length = 125)]
    alt_text: Option<String>,
}

/// What is wrong, in a sentence.
#[derive(Serialize, ToSchema)]
pub(crate) struct GenericError {
    pub(super) error: String,
}

/// What is wrong, and the metadata of the image that is there already.
#[derive(Serialize, ToSchema)]
pub(crate) struct DuplicateError {
    pub(super) error: String,
    #[serde(flatten)]
    pub(super) existing: ImageMetadata,
}

/// What is wrong, by the part at fault.
#[derive(Serialize, Default, ToSchema)]
pub(crate) struct ImageRequestValidationError {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) metadata: Option<ImageMetadataValidationError>,
}

/// What is wrong with the metadata, by field.
#[derive(Serialize, Default, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImageMetadataValidationError {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) alt_text: Option<String>,
}

/// Where an alternative text stands, and so where an error of it is told.
#[derive(Debug, Clone, Copy)]
pub(super) enum AltText {
    /// In the `metadata` part beside an image.
    OfImage,
    /// At the top of the body.
    Flat,
}

impl AltText {
    const fn field(self) -> &'static str {
        match self {
            Self::OfImage => "metadata.altText",
            Self::Flat => "altText",
        }
    }
}

/// The alternative text of an object: `None` clears it.
pub(super) fn alt_text_of(object: &Value, place: AltText) -> Result<Option<String>, Failure> {
    let Value::Object(fields) = object else {
        return Err(Failure::bad_request("bad_json", "send the metadata as a JSON object"));
    };
    match fields.get("altText") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            let length = text.chars().count();
            if length > MAX_ALT_TEXT {
                let message =
                    format!("the text has {length} characters; the limit is {MAX_ALT_TEXT}");
                return Err(Failure::invalid(place.field(), message));
            }
            if text.contains('\0') {
                let message = "the text has the character U+0000";
                return Err(Failure::invalid(place.field(), message));
            }
            Ok(Some(text.clone()))
        }
        Some(_) => Err(Failure::invalid(place.field(), "the text must be a string or null")),
    }
}

/// The part `metadata`, whatever it says it is.
pub(super) fn metadata_part(bytes: &[u8]) -> Result<Value, Failure> {
    if bytes.is_empty() {
        return Err(Failure::bad_request("bad_json", "the part metadata is no JSON"));
    }
    parse_json(bytes)
}
