//! The JSON that this API answers with.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::voice::organization_id;
use crate::http::colors::Colors;
use crate::http::common::{Context, Failure, time};
use crate::service::{Collection, ServiceError, Ticket, Track, TrackStatus, UploadSession};

/// A success, and what it is about.
#[derive(Serialize, ToSchema)]
pub(crate) struct Answer<T> {
    /// True.
    pub(super) ok: bool,
    /// Names this request in the server's log.
    #[schema(value_type = String, format = "uuid")]
    pub(super) api_request_id: Uuid,
    #[serde(flatten)]
    pub(super) rest: T,
}

/// What is wrong, in a sentence.
#[derive(Serialize, ToSchema)]
pub(crate) struct AudiodeliveryError {
    /// False.
    pub(super) ok: bool,
    pub(super) message: String,
    /// Names this request in the server's log.
    #[schema(value_type = String, format = "uuid")]
    pub(super) api_request_id: Uuid,
}

/// A release or playlist.
#[derive(Serialize, ToSchema)]
#[schema(as = Collection)]
pub(crate) struct CollectionBody {
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    #[schema(value_type = String, format = "uuid")]
    organization_id: Uuid,
    title: String,
    organization_index: Option<String>,
    #[schema(value_type = Object)]
    metadata: Value,
    #[serde(flatten)]
    colors: Colors,
    player_subtitle: Option<String>,
    /// Whether a track's own cover is shown instead of the collection's.
    is_cover_overridable: bool,
    /// Whether a track's own colours are used instead of the collection's.
    is_theme_overridable: bool,
    /// A public link to the cover, which takes `size=WIDTHxHEIGHT`.
    cover_url: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl CollectionBody {
    pub(super) async fn of(context: &Context, of: Collection) -> Result<Self, Failure> {
        Ok(Self {
            id: of.id,
            organization_id: organization_id(&of.tenant),
            colors: Colors::of(of.theme.as_ref()),
            cover_url: cover_url(context, &of.tenant, of.cover).await?,
            title: of.title,
            organization_index: of.organization_index,
            metadata: of.metadata,
            player_subtitle: of.player_subtitle,
            is_cover_overridable: of.is_cover_overridable,
            is_theme_overridable: of.is_theme_overridable,
            created_at: time(of.created_at),
            updated_at: time(of.updated_at),
        })
    }
}

/// One recording of a collection. Cover and colours are those to be shown: its own, or its
/// collection's.
#[derive(Serialize, ToSchema)]
#[schema(as = Track)]
pub(crate) struct TrackBody {
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    #[schema(value_type = String, format = "uuid")]
    organization_id: Uuid,
    #[schema(value_type = String, format = "uuid")]
    collection_id: Uuid,
    /// The organisation's own index, else the track's place in the collection.
    index: String,
    organization_index: Option<String>,
    /// Length in seconds; 0 until the recording was read.
    duration: f64,
    file_name: String,
    /// Its place in the collection, from 0.
    order: u32,
    #[schema(value_type = Object)]
    metadata: Value,
    player_title: Option<String>,
    player_subtitle: Option<String>,
    #[serde(flatten)]
    colors: Colors,
    #[schema(value_type = StatusName)]
    track_status_id: TrackStatus,
    /// Why the audio could not be read, when the status is `failed`.
    track_status_message: Option<String>,
    /// A public link to the cover, which takes `size=WIDTHxHEIGHT`.
    cover_url: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

impl TrackBody {
    pub(super) async fn of(context: &Context, of: Track) -> Result<Self, Failure> {
        Ok(Self {
            id: of.id,
            organization_id: organization_id(&of.tenant),
            collection_id: of.collection,
            index: index_of(&of),
            colors: Colors::of(of.theme.as_ref()),
            cover_url: cover_url(context, &of.tenant, of.cover).await?,
            organization_index: of.organization_index,
            duration: of.duration.unwrap_or(0.0),
            file_name: of.file_name,
            order: of.order,
            metadata: of.metadata,
            player_title: of.player_title,
            player_subtitle: of.player_subtitle,
            track_status_id: of.status,
            track_status_message: of.status_message,
            created_at: time(of.created_at),
            updated_at: time(of.updated_at),
        })
    }
}

/// How far a track's audio has come.
#[derive(ToSchema)]
#[schema(as = TrackStatus)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "it describes what the service tells")]
pub(crate) enum StatusName {
    Waiting,
    Processing,
    Ready,
    Failed,
}

fn index_of(track: &Track) -> String {
    track.organization_index.clone().unwrap_or_else(|| track.order.to_string())
}

async fn cover_url(
    context: &Context,
    tenant: &str,
    cover: Option<Uuid>,
) -> Result<Option<String>, Failure> {
    let Some(cover) = cover else { return Ok(None) };
    match context.assets.asset(tenant, cover).await {
        Ok(asset) => Ok(Some(context.assets.public_link(&asset))),
        // Another was hung up in between.
        Err(ServiceError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Where to upload to, and until when. Needs no key.
#[derive(Serialize, ToSchema)]
#[expect(clippy::struct_field_names, reason = "the API's own names")]
pub(crate) struct Upload {
    /// The method to use.
    method: &'static str,
    #[schema(format = "uri")]
    pub(super) upload_url: String,
    /// Seconds for which the link works.
    ttl: u64,
    #[schema(format = DateTime)]
    expires_at: String,
}

impl Upload {
    pub(super) fn of(context: &Context, method: &'static str, ticket: &Ticket) -> Self {
        let base = context.assets.settings().public_url.trim_end_matches('/');
        Self {
            method,
            upload_url: format!("{base}/v1/ticket/{}", ticket.token),
            ttl: ticket.ttl,
            expires_at: time(ticket.expires_at),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OneCollection {
    #[schema(value_type = String, format = "uuid")]
    pub(super) collection_id: Uuid,
    pub(super) collection: CollectionBody,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Collections {
    pub(super) collections: Vec<CollectionBody>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct GoneCollection {
    #[schema(value_type = String, format = "uuid")]
    pub(super) collection_id: Uuid,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct CollectionCover {
    #[serde(flatten)]
    pub(super) of: OneCollection,
    pub(super) collection_cover_upload: Upload,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OneTrack {
    #[schema(value_type = String, format = "uuid")]
    pub(super) track_id: Uuid,
    pub(super) track: TrackBody,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Tracks {
    #[schema(value_type = String, format = "uuid")]
    pub(super) collection_id: Uuid,
    pub(super) tracks: Vec<TrackBody>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct GoneTrack {
    #[schema(value_type = String, format = "uuid")]
    pub(super) track_id: Uuid,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TrackCover {
    #[serde(flatten)]
    pub(super) of: OneTrack,
    pub(super) track_cover_upload: Upload,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TrackAudio {
    #[serde(flatten)]
    pub(super) of: OneTrack,
    pub(super) track_upload: Upload,
}

/// The colours of an uploaded cover, and whose cover it is now.
#[derive(Serialize, ToSchema)]
pub(crate) struct HungCover {
    #[serde(flatten)]
    pub(super) colors: Colors,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid", nullable = false)]
    pub(super) collection_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) collection: Option<CollectionBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = "uuid", nullable = false)]
    pub(super) track_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) track: Option<TrackBody>,
}

/// Permission to upload tracks into one collection.
#[derive(Serialize, ToSchema)]
#[schema(as = UploadSession)]
pub(crate) struct SessionBody {
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    #[schema(value_type = Option<String>, format = "uuid")]
    creator_id: Option<Uuid>,
    #[schema(value_type = String, format = "uuid")]
    collection_id: Uuid,
    organization_index: Option<String>,
    #[schema(value_type = Object)]
    metadata: Value,
    #[schema(format = DateTime)]
    expires_at: String,
}

impl SessionBody {
    pub(super) fn of(session: &UploadSession) -> Self {
        Self {
            id: session.id,
            creator_id: session.creator,
            collection_id: session.collection,
            organization_index: session.organization_index.clone(),
            metadata: session.metadata.clone(),
            expires_at: time(session.expires_at),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct OneSession {
    #[schema(value_type = String, format = "uuid")]
    pub(super) upload_session_id: Uuid,
    pub(super) upload_session: SessionBody,
    /// The collection's.
    pub(super) player_color: Option<String>,
    #[schema(format = DateTime)]
    pub(super) expires_at: String,
}

/// A new track of a session, in short.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewTrack {
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// The organisation's own index, else the track's place in the collection.
    index: String,
    /// The ids of its collection and itself.
    path: String,
    #[schema(format = "uri")]
    upload_url: String,
}

impl NewTrack {
    pub(super) fn of(track: &Track, upload_url: &str) -> Self {
        Self {
            id: track.id,
            index: index_of(track),
            path: format!("{}/{}", track.collection, track.id),
            upload_url: upload_url.to_owned(),
        }
    }
}

#[derive(Serialize, ToSchema)]
pub(crate) struct TrackOfSession {
    #[schema(value_type = String, format = "uuid")]
    pub(super) upload_session_id: Uuid,
    #[schema(value_type = String, format = "uuid")]
    pub(super) track_id: Uuid,
    pub(super) track: NewTrack,
    pub(super) upload_session: SessionBody,
    pub(super) track_upload: Upload,
    pub(super) track_cover_upload: Upload,
}
