//! The JSON that this API is sent. A field that is left out stays as it is, `null` clears it.

use std::ops::RangeInclusive;

use axum::extract::Request;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::common::{Context, Failure, json_body};
use crate::service::{Change, CollectionFields, TrackFields};

/// Last place that a track may have: others come after it.
const MAX_ORDER: u64 = 1_000_000_000;

/// The fields of a body; those without meaning here are passed over.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) async fn of(context: &Context, request: Request) -> Result<Self, Failure> {
        match json_body(context, request).await? {
            Value::Object(fields) => Ok(Self(fields)),
            // No body at all.
            Value::Null => Ok(Self(Map::new())),
            _ => Err(Failure::bad_request("bad_json", "send the fields as a JSON object")),
        }
    }

    pub(super) fn text(&self, name: &'static str) -> Result<Change<String>, Failure> {
        match self.0.get(name) {
            None => Ok(Change::Keep),
            Some(Value::Null) => Ok(Change::Set(None)),
            Some(Value::String(text)) => Ok(Change::Set(Some(text.clone()))),
            Some(_) => Err(Failure::invalid(name, format!("{name} must be a string or null"))),
        }
    }

    /// A yes or no that is yes when nothing is said.
    fn yes(&self, name: &'static str) -> Result<Option<bool>, Failure> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(true)),
            Some(Value::Bool(yes)) => Ok(Some(*yes)),
            Some(_) => Err(Failure::invalid(name, format!("{name} must be true or false"))),
        }
    }

    pub(super) fn metadata(&self) -> Result<Option<Value>, Failure> {
        match self.0.get("metadata") {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(Value::Object(Map::new()))),
            Some(Value::Object(fields)) => Ok(Some(Value::Object(fields.clone()))),
            Some(_) => Err(Failure::invalid("metadata", "metadata must be an object or null")),
        }
    }

    pub(super) fn whole(
        &self,
        name: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<Option<u64>, Failure> {
        let (given, value) = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => {
                // 7200.0 is whole as well.
                let float = || {
                    let value = number.as_f64()?;
                    let whole = value.fract() == 0.0 && (0.0..=9e15).contains(&value);
                    whole.then_some(value as u64)
                };
                (format!("{name} is {number}; it"), number.as_u64().or_else(float))
            }
            Some(_) => (name.to_owned(), None),
        };
        value.filter(|value| range.contains(value)).map(Some).ok_or_else(|| {
            let (first, last) = range.into_inner();
            let message = format!("{given} must be a whole number from {first} to {last}");
            Failure::invalid(name, message)
        })
    }

    pub(super) fn id(&self, name: &'static str) -> Result<Option<Uuid>, Failure> {
        let id = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) if text.len() == 36 => Uuid::try_parse(text).ok(),
            Some(_) => None,
        };
        id.map(Some).ok_or_else(|| Failure::invalid(name, format!("{name} must be a UUID")))
    }

    pub(super) fn of_collection(&self) -> Result<CollectionFields, Failure> {
        // A title is a text in any case: without one it is empty.
        let title = match self.text("title")? {
            Change::Keep => None,
            Change::Set(title) => Some(title.unwrap_or_default()),
        };
        Ok(CollectionFields {
            title,
            organization_index: self.text("organization_index")?,
            metadata: self.metadata()?,
            player_subtitle: self.text("player_subtitle")?,
            is_cover_overridable: self.yes("is_cover_overridable")?,
            is_theme_overridable: self.yes("is_theme_overridable")?,
        })
    }

    pub(super) fn of_track(&self) -> Result<TrackFields, Failure> {
        let file_name = match self.text("file_name")? {
            Change::Keep => None,
            Change::Set(Some(name)) if !name.is_empty() => Some(name),
            Change::Set(_) => {
                return Err(Failure::invalid("file_name", "file_name must not be empty"));
            }
        };
        Ok(TrackFields {
            file_name,
            organization_index: self.text("organization_index")?,
            metadata: self.metadata()?,
            player_title: self.text("player_title")?,
            player_subtitle: self.text("player_subtitle")?,
            order: self.whole("order", 0..=MAX_ORDER)?.map(|order| order as u32),
        })
    }
}

/// A collection's fields: one that is left out stays as it is, null clears it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "bodies are read as any JSON, to word errors; this describes them")]
pub(crate) struct CollectionRequest {
    #[schema(max_length = 1000)]
    title: Option<String>,
    #[schema(max_length = 1000)]
    organization_index: Option<String>,
    /// At most 64 KiB.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    #[schema(max_length = 1000)]
    player_subtitle: Option<String>,
    is_cover_overridable: Option<bool>,
    is_theme_overridable: Option<bool>,
}

/// A track's fields: one that is left out stays as it is, null clears it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "bodies are read as any JSON, to word errors; this describes them")]
pub(crate) struct TrackRequest {
    #[schema(min_length = 1, max_length = 1000, nullable = false)]
    file_name: Option<String>,
    #[schema(max_length = 1000)]
    organization_index: Option<String>,
    /// At most 64 KiB.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    #[schema(max_length = 1000)]
    player_title: Option<String>,
    #[schema(max_length = 1000)]
    player_subtitle: Option<String>,
    #[schema(maximum = 1_000_000_000)]
    order: Option<u32>,
}

/// A session to upload tracks in.
#[derive(ToSchema)]
#[expect(dead_code, reason = "bodies are read as any JSON, to word errors; this describes them")]
pub(crate) struct SessionRequest {
    /// Required unless the key is for one collection.
    #[schema(format = "uuid", pattern = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")]
    collection_id: Option<String>,
    #[schema(format = "uuid", pattern = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")]
    creator_id: Option<String>,
    #[schema(max_length = 1000)]
    organization_index: Option<String>,
    /// At most 64 KiB.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    /// Seconds for which the session lasts; 3600 when left out.
    #[schema(minimum = 60, maximum = 86_400)]
    expires_in: Option<u32>,
}

/// A new track of a session.
#[derive(ToSchema)]
#[expect(dead_code, reason = "bodies are read as any JSON, to word errors; this describes them")]
pub(crate) struct NewTrackRequest {
    /// What the file is called.
    #[schema(min_length = 1, max_length = 1000)]
    file_name: String,
    #[schema(max_length = 1000)]
    organization_index: Option<String>,
    /// At most 64 KiB.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
}
