//! Upload sessions: many tracks into one collection. A session's id is the credential of all that is
//! done in it, so that a browser needs no key.

use std::ops::RangeInclusive;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;

use super::Caller;
use super::bodies::{Answer, NewTrack, OneSession, SessionBody, TrackOfSession, Upload};
use super::fields::{Fields, NewTrackRequest, SessionRequest};
use super::voice::answer;
use crate::http::common::{
    ClientAddress, Context, Failure, RequestId, Segments, Shown, time, uuid_in_path,
};
use crate::service::{Change, NewSession, Role, TicketFor, UploadSession};

/// Seconds for which it may last.
const SECONDS: RangeInclusive<u64> = 60..=86_400;

async fn told(
    context: &Context,
    id: &RequestId,
    session: &UploadSession,
) -> Result<Response, Failure> {
    let collection = context.assets.collection(&session.tenant, session.collection).await?;
    let rest = OneSession {
        upload_session_id: session.id,
        upload_session: SessionBody::of(session),
        player_color: collection.theme.map(|theme| theme.player_color),
        expires_at: time(session.expires_at),
    };
    Ok(answer(id, rest))
}

/// Create an upload session for batch uploading tracks
#[utoipa::path(
    post,
    path = "/v1/upload_session",
    operation_id = "createUploadSession",
    security(("bearer" = [])),
    request_body(content = SessionRequest),
    responses((status = 200, description = "The session.", body = Answer<OneSession>))
)]
pub(crate) async fn create(
    State(context): State<Context>,
    Extension(id): Extension<RequestId>,
    caller: Caller,
    request: Request,
) -> Result<Response, Failure> {
    // Before the body is read.
    caller.collections(Role::Uploader)?;
    let fields = Fields::of(&context, request).await?;
    let named = fields.id("collection_id")?;
    let (tenant, collection) = caller.named_collection(Role::Uploader, named)?;
    let mut new = NewSession { api_key: Some(caller.key_id().to_owned()), ..NewSession::default() };
    new.creator = fields.id("creator_id")?;
    if let Change::Set(index) = fields.text("organization_index")? {
        new.organization_index = index;
    }
    if let Some(metadata) = fields.metadata()? {
        new.metadata = metadata;
    }
    if let Some(seconds) = fields.whole("expires_in", SECONDS)? {
        new.expires_in = Duration::from_secs(seconds);
    }
    let session = context.assets.create_session(tenant, collection, new).await?;
    told(&context, &id, &session).await
}

async fn session(
    context: &Context,
    client: ClientAddress,
    text: &str,
) -> Result<UploadSession, Failure> {
    context.rates.address(client)?;
    let session = context.assets.session(uuid_in_path(text, "upload session")?).await?;
    context.rates.credential(Shown::Session(&session.id.to_string()))?;
    Ok(session)
}

/// Get an upload session
#[utoipa::path(
    get,
    path = "/v1/upload_session/{upload_session_id}",
    operation_id = "getUploadSession",
    security((), ("bearer" = [])),
    params(("upload_session_id" = String, Path, format = "uuid", description = "The session.")),
    responses((status = 200, description = "The session.", body = Answer<OneSession>))
)]
pub(crate) async fn get(
    State(context): State<Context>,
    Extension(id): Extension<RequestId>,
    Extension(client): Extension<ClientAddress>,
    Segments(of): Segments<String>,
) -> Result<Response, Failure> {
    told(&context, &id, &session(&context, client, &of).await?).await
}

/// Create a track within an upload session
///
/// Answers with where to upload its audio and its cover.
#[utoipa::path(
    post,
    path = "/v1/upload/{upload_session_id}/track",
    operation_id = "createTrack",
    security((), ("bearer" = [])),
    params(("upload_session_id" = String, Path, format = "uuid", description = "The session.")),
    request_body(content = NewTrackRequest),
    responses((status = 200, description = "The new track.", body = Answer<TrackOfSession>))
)]
pub(crate) async fn create_track(
    State(context): State<Context>,
    Extension(id): Extension<RequestId>,
    Extension(client): Extension<ClientAddress>,
    Segments(of): Segments<String>,
    request: Request,
) -> Result<Response, Failure> {
    let session = session(&context, client, &of).await?;
    let fields = Fields::of(&context, request).await?.of_track()?;
    let track = context.assets.create_track(&session, fields).await?;
    // What a session has handed out ends with it.
    let settings = context.assets.settings();
    let left = session.expires_at.as_millisecond() - settings.clock.now().as_millisecond();
    let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
    let ttl = settings.ticket_ttl.min(left);
    let key = session.api_key.as_deref();
    let issue = |what| context.assets.issue_ticket(&track.tenant, what, ttl, key);
    let audio = issue(TicketFor::TrackAudio(track.id)).await?;
    let cover = issue(TicketFor::TrackCover(track.id)).await?;
    let track_upload = Upload::of(&context, "PUT", &audio);
    let rest = TrackOfSession {
        upload_session_id: session.id,
        track_id: track.id,
        track: NewTrack::of(&track, &track_upload.upload_url),
        upload_session: SessionBody::of(&session),
        track_upload,
        track_cover_upload: Upload::of(&context, "POST", &cover),
    };
    Ok(answer(&id, rest))
}
