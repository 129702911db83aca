//! Uploads to a ticket: the link is the credential, good for one accepted upload. The same bytes again
//! get the same answer, so that a client may retry what it saw no answer to.

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use tracing::Instrument as _;
use utoipa::ToSchema;

use super::bodies::{Answer, CollectionBody, HungCover, OneTrack, TrackBody};
use super::voice::answer;
use crate::http::colors::Colors;
use crate::http::common::{
    BodyRules, ClientAddress, Context, Failure, RequestId, Segments, Shown, receive,
};
use crate::service::{Surface, TicketFor};

/// A file as a form.
#[derive(ToSchema)]
#[schema(as = TicketForm)]
#[expect(dead_code, reason = "it is read part by part; this describes it")]
pub(crate) struct FileForm {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Upload a cover
///
/// To the `upload_url` of a cover upload. The body is the image itself, or a form with the part
/// `file`. The link is used up when the image is accepted; until it expires the same image gets the
/// same answer, and any other 404.
#[utoipa::path(
    post,
    path = "/v1/ticket/{ticket}",
    operation_id = "uploadCover",
    security(()),
    params(("ticket" = String, Path, description = "The ticket.")),
    request_body(content((FileForm = "multipart/form-data"), (Vec<u8> = "application/octet-stream"))),
    responses(
        (status = 200, description = "The cover's colours, and whose cover it is.", body = Answer<HungCover>),
        (status = 422, description = "The image was refused.", body = super::bodies::AudiodeliveryError)
    )
)]
pub(crate) async fn upload_cover(
    State(context): State<Context>,
    Extension(id): Extension<RequestId>,
    Extension(client): Extension<ClientAddress>,
    Segments(token): Segments<String>,
    request: Request,
) -> Result<Response, Failure> {
    // Before the body is read: nobody sends 16 MiB for nothing.
    context.rates.address(client)?;
    let ticket = context.assets.open_ticket(&token).await?;
    context.rates.credential(Shown::Ticket(&token))?;
    let what = ticket.what();
    if matches!(what, TicketFor::TrackAudio(_)) {
        return Err(Failure::not_found("upload"));
    }
    let rules = BodyRules::image(&context, Surface::Audiodelivery, &["file"]);
    let file = receive(&context, request, &rules).await?.file()?;
    let cover =
        context.assets.upload_cover(&ticket, file.file_name, file.media_type, file.body).await?;
    context.metrics.accepted("audiodelivery");
    let mut rest = HungCover {
        colors: Colors::of(cover.theme.as_ref()),
        collection_id: None,
        collection: None,
        track_id: None,
        track: None,
    };
    // The cover is stored: should its collection be gone again by now, that is another matter.
    match what {
        TicketFor::CollectionCover(of) => {
            rest.collection_id = Some(of);
            if let Ok(found) = context.assets.collection(&cover.tenant, of).await {
                rest.collection = CollectionBody::of(&context, found).await.ok();
            }
        }
        TicketFor::TrackCover(of) | TicketFor::TrackAudio(of) => {
            rest.track_id = Some(of);
            if let Ok(found) = context.assets.track(&cover.tenant, of).await {
                rest.track = TrackBody::of(&context, found).await.ok();
            }
        }
    }
    Ok(answer(&id, rest))
}

/// Upload a track's audio
///
/// To the `upload_url` of a track upload. The body is the recording itself, or a form with the part
/// `file`. Its length, title and artist are read, and its picture becomes the track's cover where
/// there is none. Reading goes on when it takes longer than this answer: the track is `processing`
/// then. One that cannot be read makes the track `failed`, with `track_status_message`; the link
/// takes another recording until it expires.
#[utoipa::path(
    put,
    path = "/v1/ticket/{ticket}",
    operation_id = "uploadAudio",
    security(()),
    params(("ticket" = String, Path, description = "The ticket.")),
    request_body(content((FileForm = "multipart/form-data"), (Vec<u8> = "application/octet-stream"))),
    responses(
        (status = 200, description = "The track.", body = Answer<OneTrack>),
        (status = 422, description = "The file is no audio.", body = super::bodies::AudiodeliveryError)
    )
)]
pub(crate) async fn upload_audio(
    State(context): State<Context>,
    Extension(id): Extension<RequestId>,
    Extension(client): Extension<ClientAddress>,
    Segments(token): Segments<String>,
    request: Request,
) -> Result<Response, Failure> {
    context.rates.address(client)?;
    // On its own from here: a client that hangs up after its last byte has its recording stored.
    let task = receive_audio(context, id, token, request).in_current_span();
    tokio::spawn(task).await.unwrap_or_else(|_| Err(Failure::internal()))
}

async fn receive_audio(
    context: Context,
    id: RequestId,
    token: String,
    request: Request,
) -> Result<Response, Failure> {
    let ticket = context.assets.open_ticket(&token).await?;
    let TicketFor::TrackAudio(_) = ticket.what() else {
        return Err(Failure::not_found("upload"));
    };
    context.rates.credential(Shown::Ticket(&token))?;
    let rules = BodyRules::file(&context, context.assets.settings().max_audio_bytes);
    let file = receive(&context, request, &rules).await?.file()?;
    let track = context.assets.upload_audio(&ticket, file.body).await?;
    context.metrics.accepted("audiodelivery");
    let track_id = track.id;
    let track = TrackBody::of(&context, track).await?;
    Ok(answer(&id, OneTrack { track_id, track }))
}
