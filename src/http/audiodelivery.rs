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

use self::bodies::AudiodeliveryError;
use self::voice::Audiodelivery;
use super::common::{Context, allow_origins, any_origin, describe, surface};
use super::options::Options;
use crate::service::Assets;

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
    let statuses = &[400, 401, 403, 404, 405, 408, 409, 413, 415, 429, 500, 503, 504, 507];
    let with_key = describe::<AudiodeliveryError>(with_key, "audiodelivery", statuses);
    let with_key = allow_origins(with_key, context);
    // Here the path is the credential, and a browser is who sends it.
    let open = OpenApiRouter::default()
        .routes(routes!(sessions::get))
        .routes(routes!(sessions::create_track))
        .routes(routes!(tickets::upload_cover, tickets::upload_audio));
    let statuses = &[400, 404, 405, 408, 409, 413, 415, 429, 500, 503, 504, 507];
    let open = describe::<AudiodeliveryError>(open, "audiodelivery", statuses).layer(any_origin());
    surface::<Audiodelivery>(with_key.merge(open), context)
}
