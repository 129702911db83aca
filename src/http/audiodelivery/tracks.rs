//! Tracks.

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;

use super::Caller;
use super::bodies::{Answer, GoneTrack, OneTrack, TrackAudio, TrackBody, TrackCover, Upload};
use super::fields::{Fields, TrackRequest};
use super::voice::answer;
use crate::http::common::{Context, Failure, RequestId, Segments, uuid_in_path};
use crate::service::{Role, TicketFor, Track};

async fn told(context: &Context, id: &RequestId, of: Track) -> Result<Response, Failure> {
    let track_id = of.id;
    let track = TrackBody::of(context, of).await?;
    Ok(answer(id, OneTrack { track_id, track }))
}

/// Get a track
#[utoipa::path(
    get,
    path = "/v1/track/{track_id}",
    operation_id = "getTrack",
    security(("bearer" = [])),
    params(("track_id" = String, Path, format = "uuid", description = "The track.")),
    responses((status = 200, description = "The track.", body = Answer<OneTrack>))
)]
pub(crate) async fn get(
    State(context): State<Context>,
    Extension(id): Extension<RequestId>,
    caller: Caller,
    Segments(of): Segments<String>,
) -> Result<Response, Failure> {
    let of = caller.track(&context, Role::Reader, uuid_in_path(&of, "track")?).await?;
    told(&context, &id, of).await
}

/// Update a track
///
/// Fields that are left out stay as they are.
#[utoipa::path(
    patch,
    path = "/v1/track/{track_id}",
    operation_id = "updateTrack",
    security(("bearer" = [])),
    params(("track_id" = String, Path, format = "uuid", description = "The track.")),
    request_body = Option<TrackRequest>,
    responses((status = 200, description = "The track.", body = Answer<OneTrack>))
)]
pub(crate) async fn update(
    State(context): State<Context>,
    Extension(id): Extension<RequestId>,
    caller: Caller,
    Segments(of): Segments<String>,
    request: Request,
) -> Result<Response, Failure> {
    let of = caller.track(&context, Role::Uploader, uuid_in_path(&of, "track")?).await?;
    let fields = Fields::of(&context, request).await?.of_track()?;
    let updated = context.assets.update_track(&of.tenant, of.id, fields).await?;
    told(&context, &id, updated).await
}

/// Delete a track
///
/// With its cover and audio.
#[utoipa::path(
    delete,
    path = "/v1/track/{track_id}",
    operation_id = "deleteTrack",
    security(("bearer" = [])),
    params(("track_id" = String, Path, format = "uuid", description = "The track.")),
    responses((status = 200, description = "It is gone.", body = Answer<GoneTrack>))
)]
pub(crate) async fn remove(
    State(context): State<Context>,
    Extension(id): Extension<RequestId>,
    caller: Caller,
    Segments(of): Segments<String>,
) -> Result<Response, Failure> {
    let of = caller.track(&context, Role::Uploader, uuid_in_path(&of, "track")?).await?;
    context.assets.remove_track(&of.tenant, of.id).await?;
    Ok(answer(&id, GoneTrack { track_id: of.id }))
}

/// Generate an upload URL for a track's cover image
///
/// After you upload the image to it, the image is processed for colours and applied to the track.
#[utoipa::path(
    post,
    path = "/v1/track/{track_id}/cover",
    operation_id = "createTrackCoverUpload",
    security(("bearer" = [])),
    params(("track_id" = String, Path, format = "uuid", description = "The track.")),
    responses((status = 200, description = "Where to upload the cover to.", body = Answer<TrackCover>))
)]
pub(crate) async fn cover(
    State(context): State<Context>,
    Extension(id): Extension<RequestId>,
    caller: Caller,
    Segments(of): Segments<String>,
) -> Result<Response, Failure> {
    let of = caller.track(&context, Role::Uploader, uuid_in_path(&of, "track")?).await?;
    let (what, ttl) = (TicketFor::TrackCover(of.id), context.assets.settings().ticket_ttl);
    let ticket = context.assets.issue_ticket(&of.tenant, what, ttl, Some(caller.key_id())).await?;
    let track_cover_upload = Upload::of(&context, "POST", &ticket);
    let track_id = of.id;
    let track = TrackBody::of(&context, of).await?;
    Ok(answer(&id, TrackCover { of: OneTrack { track_id, track }, track_cover_upload }))
}

/// Generate an upload URL for a track's audio
///
/// For a track that has none, as when its recording could not be read. The recording of a track is
/// never replaced: one that has its recording answers 409.
#[utoipa::path(
    post,
    path = "/v1/track/{track_id}/audio",
    operation_id = "createTrackUpload",
    security(("bearer" = [])),
    params(("track_id" = String, Path, format = "uuid", description = "The track.")),
    responses(
        (status = 200, description = "Where to upload the audio to.", body = Answer<TrackAudio>),
        (status = 409, description = "The track has its recording.", body = super::bodies::AudiodeliveryError)
    )
)]
pub(crate) async fn audio(
    State(context): State<Context>,
    Extension(id): Extension<RequestId>,
    caller: Caller,
    Segments(of): Segments<String>,
) -> Result<Response, Failure> {
    let of = caller.track(&context, Role::Uploader, uuid_in_path(&of, "track")?).await?;
    let (what, ttl) = (TicketFor::TrackAudio(of.id), context.assets.settings().ticket_ttl);
    let key = Some(caller.key_id());
    let ticket = context.assets.issue_ticket(&of.tenant, what, ttl, key).await?;
    let track_upload = Upload::of(&context, "PUT", &ticket);
    let track_id = of.id;
    let track = TrackBody::of(&context, of).await?;
    Ok(answer(&id, TrackAudio { of: OneTrack { track_id, track }, track_upload }))
}
