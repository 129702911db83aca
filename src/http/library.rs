//! What a tenant has, whichever API it came through, and a second look at it: lists, near duplicates,
//! and verdicts on pictures that are not to be stored.

mod links;
mod removal;
mod usage;

use axum::extract::{Request, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::colors::Colors;
use super::common::{
    BodyRules, Context, Credentials, Failure, RequestId, Segments, Voice, WITH_KEY, allow_origins,
    describe, number, query, receive, surface, time, uuid_in_path,
};
use super::options::Options;
use crate::service::{Asset, Assets, NewAsset, Role, Surface, Theme};
use crate::{Inspection, LinkRule};

type Caller = super::common::Caller<Library>;

/// Most assets in one answer.
const MAX_COUNT: u64 = Assets::MAX_PAGE;
/// Most assets that may be left out; `after` goes on from anywhere.
const MAX_SKIP: u64 = 100_000;
/// Bits of 64 in which pictures may differ that look alike, when nothing is said.
const RADIUS: u64 = 10;

struct Library;

/// What is wrong, in a sentence.
#[derive(Serialize, ToSchema)]
struct LibraryError {
    error: String,
}

impl Voice for Library {
    const NAME: &'static str = "library";
    const CREDENTIALS: Credentials =
        Credentials { basic: true, bearer: true, pair: false, api_key: true };

    fn word(failure: &Failure, _: &RequestId) -> Response {
        let body = LibraryError { error: failure.message.clone() };
        (failure.status(), Json(body)).into_response()
    }
}

/// The routes, to be mounted anywhere: `/library`, `/library/assets[/{id}[/near|/link]]` and `/library/inspect`.
///
/// Requests are taken with the default [`Options`]; [`super::surfaces`] lets you choose.
pub fn router(assets: Assets) -> Router {
    api(&Context::new(assets, Options::default())).into()
}

pub(crate) fn api(context: &Context) -> OpenApiRouter {
    let statuses = &[400, 401, 403, 404, 405, 429, 500, 503, 504];
    let lists = OpenApiRouter::default().routes(routes!(list)).routes(routes!(near));
    let lists = lists.routes(routes!(usage::usage));
    let lists = describe::<LibraryError>(lists, "library", statuses);
    let writes = OpenApiRouter::default()
        .routes(routes!(links::sign))
        .routes(routes!(removal::remove))
        .routes(routes!(removal::remove_many));
    let writes = describe::<LibraryError>(writes, "library", &[WITH_KEY, &[413, 415]].concat());
    let statuses = &[400, 401, 403, 405, 408, 413, 415, 429, 500, 503, 504];
    let looks = OpenApiRouter::default().routes(routes!(inspect));
    let looks = describe::<LibraryError>(looks, "library", statuses);
    surface::<Library>(allow_origins(lists.merge(writes).merge(looks), context), context)
}

/// A stored picture.
#[derive(Serialize, ToSchema)]
struct LibraryAsset {
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// The API it came through.
    surface: &'static str,
    public_id: String,
    /// A public link, which takes `size=WIDTHxHEIGHT`.
    #[schema(format = "uri")]
    link: String,
    /// A public link that changes with the picture, so that what it serves may be kept for a year.
    #[schema(format = "uri")]
    versioned_link: String,
    /// Whether the two links need a signature: `POST /library/assets/{id}/link` makes signed ones.
    signed_only: bool,
    format: &'static str,
    /// Pixels, as shown.
    width: u32,
    /// Pixels, as shown.
    height: u32,
    /// Of the stored file.
    bytes: u64,
    frames: u64,
    has_alpha: bool,
    /// BLAKE3 of the stored file.
    digest: String,
    /// What the client called the file.
    file_name: Option<String>,
    alt_text: Option<String>,
    #[serde(flatten)]
    colors: Colors,
    /// The text to put on the player colour.
    player_text: Option<String>,
    /// A text colour of the picture itself for titles.
    player_primary: Option<String>,
    /// A text colour of the picture itself for what stands under titles.
    player_secondary: Option<String>,
    /// The mean of all that is visible.
    average: Option<String>,
    /// A `ThumbHash` in hexadecimal.
    thumb_hash: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
    #[schema(format = DateTime)]
    disabled_at: Option<String>,
    /// When it is deleted unless something claims it.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

impl LibraryAsset {
    fn of(context: &Context, asset: Asset) -> Self {
        let of_theme = |part: fn(&Theme) -> &String| asset.theme.as_ref().map(part).cloned();
        Self {
            id: asset.id,
            surface: asset.surface.name(),
            link: context.assets.public_link(&asset),
            versioned_link: context.assets.versioned_link(&asset),
            signed_only: context.assets.settings().policies.of(asset.surface).links
                == LinkRule::Signed,
            format: asset.format.name(),
            width: asset.size.width,
            height: asset.size.height,
            bytes: asset.bytes,
            frames: asset.frames,
            has_alpha: asset.has_alpha,
            digest: asset.digest().to_owned(),
            colors: Colors::of(asset.theme.as_ref()),
            player_text: of_theme(|theme| &theme.player_text),
            player_primary: of_theme(|theme| &theme.player_primary),
            player_secondary: of_theme(|theme| &theme.player_secondary),
            average: of_theme(|theme| &theme.average),
            public_id: asset.public_id,
            file_name: asset.file_name,
            alt_text: asset.alt_text,
            thumb_hash: asset.theme.map(|theme| theme.thumb_hash),
            created_at: time(asset.created_at),
            updated_at: time(asset.updated_at),
            disabled_at: asset.disabled_at.map(time),
            expires_at: asset.expires_at.map(time),
        }
    }
}

#[derive(Serialize, ToSchema)]
struct LibraryAssets {
    /// Whose they are: the key's own tenant.
    tenant: String,
    assets: Vec<LibraryAsset>,
    /// What to pass as `after` for the next page; null on the last one.
    next: Option<String>,
}

/// A picture that looks like another.
#[derive(Serialize, ToSchema)]
struct NearAsset {
    #[serde(flatten)]
    asset: LibraryAsset,
    /// Bits of 64 in which the perceptual hashes differ.
    #[schema(minimum = 0, maximum = 15)]
    distance: u32,
}

#[derive(Serialize, ToSchema)]
struct NearAssets {
    assets: Vec<NearAsset>,
}

fn surface_named(uri: &Uri) -> Result<Option<Surface>, Failure> {
    let Some(name) = query(uri, "surface")? else { return Ok(None) };
    Surface::from_name(&name).map(Some).ok_or_else(|| {
        let names = Surface::ALL.map(Surface::name).join(", ");
        Failure::invalid("surface", format!("surface must be one of {names}"))
    })
}

/// List assets
///
/// What the key's tenant has, the newest first, disabled ones included.
#[utoipa::path(
    get,
    path = "/library/assets",
    operation_id = "listAssets",
    security(("bearer" = []), ("basic" = []), ("apiKeyHeader" = []), ("apiKeyQuery" = [])),
    params(
        ("surface" = Option<String>, Query, description = "Only what came through this API.", pattern = "^(moov|audiodelivery|audicient|audicient-release|backoffice)$"),
        ("skip" = Option<u32>, Query, description = "How many to leave out.", minimum = 0, maximum = 100_000),
        ("count" = Option<u32>, Query, description = "How many to list; 20 when left out.", minimum = 0, maximum = 200),
        ("after" = Option<String>, Query, description = "What the answer before this page had as `next`: at any depth, and whatever was added meanwhile, nothing is listed twice.", pattern = "^[0-9a-f]{1,15}-[0-9a-f]{1,15}-[0-9a-f]{32}$"),
    ),
    responses((status = 200, description = "The assets.", body = LibraryAssets))
)]
async fn list(
    State(context): State<Context>,
    caller: Caller,
    request: Request,
) -> Result<Response, Failure> {
    let tenant = caller.tenant_wide(Role::Reader)?;
    let surface = surface_named(request.uri())?;
    let skip = number("skip", query(request.uri(), "skip")?, 0, MAX_SKIP)?;
    let count = number("count", query(request.uri(), "count")?, 20, MAX_COUNT)?;
    let after = query(request.uri(), "after")?.map(|text| text.parse()).transpose()?;
    let of = (tenant, surface);
    let page = context.assets.page_from(of, after, (skip, count)).await?;
    let assets = page.assets.into_iter().map(|asset| LibraryAsset::of(&context, asset)).collect();
    let next = page.next.map(|next| next.to_string());
    Ok(Json(LibraryAssets { tenant: tenant.to_owned(), assets, next }).into_response())
}

/// Find what looks like an asset
///
/// The nearest first, the asset itself left out.
#[utoipa::path(
    get,
    path = "/library/assets/{id}/near",
    operation_id = "listNearAssets",
    security(("bearer" = []), ("basic" = []), ("apiKeyHeader" = []), ("apiKeyQuery" = [])),
    params(
        ("id" = String, Path, format = "uuid", description = "The asset."),
        ("radius" = Option<u32>, Query, description = "Bits of 64 in which they may differ; 10 when left out.", minimum = 0, maximum = 15),
        ("skip" = Option<u32>, Query, description = "How many to leave out.", minimum = 0, maximum = 10_000),
        ("count" = Option<u32>, Query, description = "How many to list; 20 when left out.", minimum = 0, maximum = 200),
    ),
    responses((status = 200, description = "The assets, with how much they differ.", body = NearAssets))
)]
async fn near(
    State(context): State<Context>,
    caller: Caller,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<Response, Failure> {
    let tenant = caller.tenant_wide(Role::Reader)?;
    let id = uuid_in_path(&id, "asset")?;
    let farthest = u64::from(Assets::MAX_RADIUS);
    let radius = number("radius", query(request.uri(), "radius")?, RADIUS, farthest)? as u32;
    let skip = number("skip", query(request.uri(), "skip")?, 0, Assets::MAX_NEAR_SKIP)?;
    let count = number("count", query(request.uri(), "count")?, 20, MAX_COUNT)?;
    let found = context.assets.near(tenant, id, radius, skip, count).await?;
    let row = |(asset, distance)| NearAsset { asset: LibraryAsset::of(&context, asset), distance };
    Ok(Json(NearAssets { assets: found.into_iter().map(row).collect() }).into_response())
}

/// A file as a form: in one of these parts.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is read part by part; this describes it")]
enum InspectForm {
    File {
        #[schema(value_type = String, format = Binary)]
        file: Vec<u8>,
    },
    Image {
        #[schema(value_type = String, format = Binary)]
        image: Vec<u8>,
    },
}

/// The keys that an accepted picture has, for one that was refused.
#[derive(Serialize)]
struct Refused<'a> {
    #[serde(flatten)]
    inspection: &'a Inspection,
    digests: (),
    image_colors: [(); 0],
    player_color: (),
    renditions: [(); 0],
    duplicate_of: (),
}

/// Judge a picture
///
/// What `gatefold process --json` prints: verdict, findings, digests and colours, for refused files as
/// well. Nothing is stored.
#[utoipa::path(
    post,
    path = "/library/inspect",
    operation_id = "inspectImage",
    security(("bearer" = []), ("basic" = []), ("apiKeyHeader" = []), ("apiKeyQuery" = [])),
    params(("surface" = Option<String>, Query, description = "Whose policy to judge by; audiodelivery when left out.", pattern = "^(moov|audiodelivery|audicient|audicient-release|backoffice)$")),
    request_body(content((InspectForm = "multipart/form-data"), (Vec<u8> = "application/octet-stream"))),
    responses((status = 200, description = "The verdict.", body = Object))
)]
async fn inspect(
    State(context): State<Context>,
    caller: Caller,
    request: Request,
) -> Result<Response, Failure> {
    let tenant = caller.tenant_wide(Role::Reader)?;
    let surface = surface_named(request.uri())?.unwrap_or(Surface::Audiodelivery);
    let rules = BodyRules::image(&context, surface, &["file", "image"]);
    let file = receive(&context, request, &rules).await?.file()?;
    let mut new = NewAsset::new(tenant, surface);
    (new.file_name, new.media_type) = (file.file_name, file.media_type);
    Ok(match context.assets.inspect(new, file.body).await? {
        Ok(report) => Json(report).into_response(),
        Err(rejection) => Json(Refused {
            inspection: rejection.inspection(),
            digests: (),
            image_colors: [],
            player_color: (),
            renditions: [],
            duplicate_of: (),
        })
        .into_response(),
    })
}
