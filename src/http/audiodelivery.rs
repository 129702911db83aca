//! Collections of tracks, their covers and colours, and the links that browsers upload to, as the
//! audiodelivery API has them.

mod bodies;
mod collections;
mod fields;
mod sessions;
mod tickets;
mod tracks;
mod voice;

use axum::Router;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use self::bodies::AudiodeliveryError;
use self::voice::Audiodelivery;
use super::common::{Context, Failure, any_origin, describe, surface, uuid_in_path};
use super::options::Options;
use crate::service::{Assets, Collection, Track};

type Caller = super::common::Caller<Audiodelivery>;

/// Most collections or tracks in one answer.
const MAX_COUNT: u64 = 200;
/// Most of them that may be left out.
const MAX_SKIP: u64 = 1_000_000_000;

/// The routes of this API, to be mounted anywhere: `/v1/collection…`, `/v1/track…`,
/// `/v1/upload_session…`, `/v1/upload/{upload_session_id}/track`, and `/v1/ticket/{ticket}`, which the
/// links for uploads lead to. Those links begin with
/// [`Settings::public_url`](crate::service::Settings::public_url).
///
/// Requests are taken with the default [`Options`]; [`super::surfaces`] lets you choose.
pub fn router(assets: Assets) -> Router {
    api(&Context::new(assets, Options::default())).into()
}

pub(crate) fn api(context: &Context) -> OpenApiRouter {
    let with_key = OpenApiRouter::default()
        .routes(routes!(collections::list, collections::create))
        .routes(routes!(collections::get, collections::update, collections::remove))
        .routes(routes!(collections::cover))
        .routes(routes!(collections::tracks))
        .routes(routes!(tracks::get, tracks::update, tracks::remove))
        .routes(routes!(tracks::cover))
        .routes(routes!(tracks::audio))
        .routes(routes!(sessions::create));
    let statuses = &[400, 401, 403, 404, 405, 408, 413, 429, 500, 503, 504, 507];
    let with_key = describe::<AudiodeliveryError>(with_key, "audiodelivery", statuses);
    // Here the path is the credential, and a browser is who sends it.
    let open = OpenApiRouter::default()
        .routes(routes!(sessions::get))
        .routes(routes!(sessions::create_track))
        .routes(routes!(tickets::upload_cover, tickets::upload_audio));
    let statuses = &[400, 404, 405, 408, 413, 500, 503, 504, 507];
    let open = describe::<AudiodeliveryError>(open, "audiodelivery", statuses).layer(any_origin());
    surface::<Audiodelivery>(with_key.merge(open), context)
}

/// Refuses with 403 what lies outside of the one collection that some keys are for.
fn within_scope(caller: &Caller, collection: Uuid) -> Result<(), Failure> {
    match caller.key.collection {
        Some(own) if own != collection => {
            Err(Failure::forbidden("this key is for one collection, and not for this one"))
        }
        _ => Ok(()),
    }
}

/// The collection that a path names.
async fn collection(context: &Context, caller: &Caller, text: &str) -> Result<Collection, Failure> {
    let id = uuid_in_path(text, "collection")?;
    within_scope(caller, id)?;
    Ok(context.assets.collection(caller.key.home(), id).await?)
}

/// The track that a path names.
async fn track(context: &Context, caller: &Caller, text: &str) -> Result<Track, Failure> {
    let track = context.assets.track(caller.key.home(), uuid_in_path(text, "track")?).await?;
    within_scope(caller, track.collection)?;
    Ok(track)
}
