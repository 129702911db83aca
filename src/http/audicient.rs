//! Pictures of people and artwork of releases, as the Audicient API has them: what nothing claims is
//! deleted after a day.

use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::common::{
    Asked, BodyRules, Caching, Context, Credentials, Failure, Link, LinkQuery, ReceivedFile,
    RequestId, Segments, Validators, Voice, WITH_KEY, allow_origins, describe, query, receive,
    serve_picture, surface, uuid_in_path, version_wanted,
};
use super::options::Options;
use crate::LinkRule;
use crate::service::{Asset, Assets, Change, NewAsset, Role, Surface};

type Caller = super::common::Caller<Audicient>;

struct Audicient;

/// What is wrong, in a sentence.
#[derive(Serialize, ToSchema)]
struct AudicientError {
    /// The status of the answer.
    status: u16,
    /// False.
    success: bool,
    message: String,
    /// Nothing.
    #[schema(value_type = Option<Object>)]
    data: Option<()>,
}

impl Voice for Audicient {
    const NAME: &'static str = "audicient";
    const CREDENTIALS: Credentials =
        Credentials { basic: true, bearer: false, pair: true, api_key: false };

    fn word(failure: &Failure, _: &RequestId) -> Response {
        let status = failure.status();
        let message = failure.message.clone();
        let body = AudicientError { status: status.as_u16(), success: false, message, data: None };
        (status, Json(body)).into_response()
    }
}

/// The routes of this API, to be mounted anywhere: `/media/image/upload[/{imageId}]` and
/// `/media/image/{imageId}[/claim]`.
///
/// Requests are taken with the default [`Options`]; [`super::surfaces`] lets you choose.
pub fn router(assets: Assets) -> Router {
    api(&Context::new(assets, Options::default())).into()
}

pub(crate) fn api(context: &Context) -> OpenApiRouter {
    let statuses = &[400, 401, 403, 404, 405, 408, 412, 413, 415, 422, 429, 500, 503, 504, 507];
    let uploads = OpenApiRouter::default().routes(routes!(upload)).routes(routes!(update));
    let uploads = describe::<AudicientError>(uploads, "audicient", statuses);
    let statuses = &[400, 401, 403, 404, 405, 406, 412, 416, 429, 500, 503, 504];
    let pictures = OpenApiRouter::default().routes(routes!(get));
    let pictures = describe::<AudicientError>(pictures, "audicient", statuses);
    let claims = OpenApiRouter::default().routes(routes!(claim));
    let claims = describe::<AudicientError>(claims, "audicient", WITH_KEY);
    let mut routes = uploads.merge(pictures).merge(claims);
    add_security(routes.get_openapi_mut());
    surface::<Audicient>(allow_origins(routes, context), context)
}

fn add_security(api: &mut OpenApi) {
    let components = api.components.get_or_insert_default();
    let text = "The key and its secret, as KEY:SECRET.";
    let pair = ApiKey::Header(ApiKeyValue::with_description("Authorization", text));
    components.add_security_scheme("keySecret", SecurityScheme::ApiKey(pair));
}

/// A file as a form: in one of these parts.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is read part by part; this describes it")]
enum AudicientForm {
    File {
        #[schema(value_type = String, format = Binary)]
        file: Vec<u8>,
    },
    Image {
        #[schema(value_type = String, format = Binary)]
        image: Vec<u8>,
    },
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is read by name; this describes it")]
struct Purpose {
    /// Defaults to true (deleted in 24 hours if unused). Use false only for user profile images.
    #[param(rename = "isTemp")]
    temporary: Option<bool>,
    /// Required if uploading a release artwork. If true, isTemp is automatically true.
    #[param(rename = "isRelease")]
    release: Option<bool>,
}

/// What a query says of the picture that comes with it.
struct Intent {
    surface: Surface,
    temporary: bool,
}

impl Intent {
    fn of(uri: &Uri) -> Result<Self, Failure> {
        let temporary = flag(uri, "isTemp")?.unwrap_or(true);
        let release = flag(uri, "isRelease")?.unwrap_or(false);
        let surface = if release { Surface::AudicientRelease } else { Surface::Audicient };
        Ok(Self { surface, temporary: temporary || release })
    }
}

fn flag(uri: &Uri, name: &'static str) -> Result<Option<bool>, Failure> {
    let Some(text) = query(uri, name)? else { return Ok(None) };
    if text.eq_ignore_ascii_case("true") {
        return Ok(Some(true));
    }
    if text.eq_ignore_ascii_case("false") {
        return Ok(Some(false));
    }
    let shown: String = text.chars().take(24).collect();
    Err(Failure::invalid(name, format!("{name} is \"{shown}\"; it must be true or false")))
}

async fn picture(
    context: &Context,
    request: Request,
    tenant: &str,
) -> Result<(NewAsset, ReceivedFile), Failure> {
    let Intent { surface, temporary } = Intent::of(request.uri())?;
    let rules = BodyRules::image(context, surface, &["file", "image"]);
    let file = receive(context, request, &rules).await?.file()?;
    let mut new = NewAsset::new(tenant, surface);
    new.file_name.clone_from(&file.file_name);
    new.media_type.clone_from(&file.media_type);
    new.temporary = Some(temporary);
    Ok((new, file))
}

/// The version of an image that a request is for, by its conditions: those of the image as it is stored.
fn version(
    context: &Context,
    request: &Request,
    asset: &Asset,
) -> Result<Option<Timestamp>, Failure> {
    let etag = context.assets.original(asset).etag;
    let current = Validators::of(asset, etag, context.assets.settings().clock.now());
    version_wanted((request.method(), request.headers()), asset, &current)
}

/// Upload image
///
/// Answers with the image's id as plain text. The body is the image itself, or a form with the part
/// `file` or `image`.
#[utoipa::path(
    post,
    path = "/media/image/upload",
    operation_id = "uploadAudicientImage",
    security(("keySecret" = []), ("basic" = [])),
    params(Purpose),
    request_body(content((AudicientForm = "multipart/form-data"), (Vec<u8> = "application/octet-stream"))),
    responses((status = 200, description = "The image's id.", body = String, content_type = "text/plain"))
)]
async fn upload(
    State(context): State<Context>,
    caller: Caller,
    request: Request,
) -> Result<Response, Failure> {
    let tenant = caller.tenant_wide(Role::Uploader)?;
    let (new, file) = picture(&context, request, tenant).await?;
    let asset = context.assets.store(new, file.body).await?;
    context.metrics.accepted("audicient");
    Ok(bare(asset.id))
}

/// Update image
///
/// Replaces the image; its id stays. An image that was claimed stays so.
#[utoipa::path(
    post,
    path = "/media/image/upload/{imageId}",
    operation_id = "updateAudicientImage",
    security(("keySecret" = []), ("basic" = [])),
    params(Purpose, ("imageId" = String, Path, format = "uuid", description = "The image to update."),
        ("if-match" = Option<String>, Header, description = "Tags of versions of the stored image; 412 when it is none of them."),
        ("if-unmodified-since" = Option<String>, Header, description = "412 when it was changed after this date.")),
    request_body(content((AudicientForm = "multipart/form-data"), (Vec<u8> = "application/octet-stream"))),
    responses((status = 200, description = "The image's id.", body = String, content_type = "text/plain"))
)]
async fn update(
    State(context): State<Context>,
    caller: Caller,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<Response, Failure> {
    let tenant = caller.tenant_wide(Role::Uploader)?;
    let id = uuid_in_path(&id, "image")?;
    // Before the body is read.
    let former = context.assets.asset_on(tenant, Surface::Audicient, id).await?;
    let version = version(&context, &request, &former)?;
    let (new, file) = picture(&context, request, tenant).await?;
    let replaced = context.assets.replace_version(id, new, Change::Keep, file.body, version);
    let asset = replaced.await?;
    context.metrics.accepted("audicient");
    Ok(bare(asset.id))
}

/// Get image
///
/// The image as it was stored, or resized to `size`. A signed link needs no key.
#[utoipa::path(
    get,
    path = "/media/image/{imageId}",
    operation_id = "getAudicientImage",
    security(("keySecret" = []), ("basic" = []), ()),
    params(
        LinkQuery,
        ("imageId" = String, Path, format = "uuid", description = "The image."),
        ("size" = Option<String>, Query, description = "The size in pixels, as WIDTHxHEIGHT; a side of 0 follows from the other."),
        ("if-none-match" = Option<String>, Header, description = "Tags of what the client has."),
        ("range" = Option<String>, Header, description = "The bytes that are wanted of the stored image.")
    ),
    responses(
        (status = 200, description = "The image.", content(
            (String = "image/jpeg"), (String = "image/png"), (String = "image/webp"), (String = "image/gif"),
        ), headers(("etag" = String, description = "Names these bytes."))),
        (status = 206, description = "A part of the image.", content(
            (String = "image/jpeg"), (String = "image/png"), (String = "image/webp"), (String = "image/gif"),
        ), headers(("content-range" = String, description = "Which part."))),
        (status = 304, description = "The client has it already.", headers(("etag" = String)))
    )
)]
async fn get(
    State(context): State<Context>,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<Response, Failure> {
    let link = Link::of(request.uri())?;
    let (mut parts, _) = request.into_parts();
    let (asset, caching) = if link.is_signed() {
        let id = uuid_in_path(&id, "image")?;
        let asset = context.assets.linked(Surface::Audicient, id).await?;
        let path = format!("/media/image/{id}");
        let caching = link.caching(&context, &asset, &path, LinkRule::Signed)?;
        (asset, caching)
    } else {
        let caller = Caller::from_request_parts(&mut parts, &context).await?;
        let tenant = caller.tenant_wide(Role::Reader)?;
        let id = uuid_in_path(&id, "image")?;
        let asset = context.assets.asset_on(tenant, Surface::Audicient, id).await?;
        (asset, Caching::Private)
    };
    let asked = Asked::new(&parts.method, &parts.headers);
    let asked = if link.is_signed() { asked.without_key(&parts.extensions) } else { asked };
    serve_picture(&context, &asset, link.size(), asked, caching).await
}

/// Claim image
///
/// Something uses it: it is not deleted any more.
#[utoipa::path(
    post,
    path = "/media/image/{imageId}/claim",
    operation_id = "claimAudicientImage",
    security(("keySecret" = []), ("basic" = [])),
    params(("imageId" = String, Path, format = "uuid", description = "The image.")),
    responses((status = 200, description = "The image's id.", body = String, content_type = "text/plain"))
)]
async fn claim(
    State(context): State<Context>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Response, Failure> {
    let tenant = caller.tenant_wide(Role::Uploader)?;
    let id = uuid_in_path(&id, "image")?;
    context.assets.asset_on(tenant, Surface::Audicient, id).await?;
    Ok(bare(context.assets.claim(tenant, id).await?.id))
}

/// An id as text, and nothing else.
fn bare(id: Uuid) -> Response {
    id.to_string().into_response()
}
