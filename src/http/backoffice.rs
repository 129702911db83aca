//! Editors' assets, as the backoffice API has them: an upload is answered with the key under which
//! anybody may get the file.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::common::{
    Asked, BodyRules, Cause, Context, Credentials, Failure, Link, LinkQuery, RequestId, Segments,
    Voice, WITH_KEY, allow_origins, any_origin_may_read, describe, receive, serve_picture, surface,
    uuid_in_path,
};
use super::options::Options;
use crate::service::{Asset, Assets, NewAsset, Role, Surface};

type Caller = super::common::Caller<Backoffice>;

struct Backoffice;

/// What is wrong, in a sentence.
#[derive(Serialize, ToSchema)]
struct BackofficeError {
    error: String,
}

impl Voice for Backoffice {
    const NAME: &'static str = "backoffice";
    const CREDENTIALS: Credentials =
        Credentials { basic: false, bearer: false, pair: false, api_key: true };

    fn word(failure: &Failure, _: &RequestId) -> Response {
        // Whatever is wrong with a file makes the request a bad one here.
        let status = match failure.cause {
            Cause::TooLarge | Cause::Rejected => StatusCode::BAD_REQUEST,
            _ => failure.status(),
        };
        (status, Json(BackofficeError { error: failure.message.clone() })).into_response()
    }
}

/// The routes of this API, to be mounted anywhere: `/image`, and `/uploads/{file}` for the keys that
/// it answers with.
///
/// Requests are taken with the default [`Options`]; [`super::surfaces`] lets you choose, and serves
/// `/upload/image` instead.
pub fn router(assets: Assets) -> Router {
    let context = Context::new(assets, Options::default());
    with_seam(uploads(&context).merge(files()), &context).into()
}

pub(crate) fn api(context: &Context) -> OpenApiRouter {
    with_seam(OpenApiRouter::default().nest("/upload", uploads(context)).merge(files()), context)
}

fn uploads(context: &Context) -> OpenApiRouter<Context> {
    let routes = OpenApiRouter::default().routes(routes!(upload));
    allow_origins(
        describe::<BackofficeError>(routes, "backoffice", &[WITH_KEY, &[415]].concat()),
        context,
    )
}

fn files() -> OpenApiRouter<Context> {
    let statuses = &[400, 403, 404, 405, 406, 412, 416, 429, 500, 503, 504];
    let routes = OpenApiRouter::default().routes(routes!(get));
    describe::<BackofficeError>(routes, "backoffice", statuses).layer(any_origin_may_read())
}

fn with_seam(mut routes: OpenApiRouter<Context>, context: &Context) -> OpenApiRouter {
    add_security(routes.get_openapi_mut());
    surface::<Backoffice>(routes, context)
}

fn add_security(api: &mut OpenApi) {
    let components = api.components.get_or_insert_default();
    let header = ApiKey::Header(ApiKeyValue::new("x-api-key"));
    components.add_security_scheme("apiKeyHeader", SecurityScheme::ApiKey(header));
    let query = ApiKey::Query(ApiKeyValue::new("x-api-key"));
    components.add_security_scheme("apiKeyQuery", SecurityScheme::ApiKey(query));
}

/// An image file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is read part by part; this describes it")]
struct BackofficeForm {
    /// A JPEG, GIF, PNG or WebP of at most 15 MiB.
    #[schema(value_type = String, format = Binary)]
    image: Vec<u8>,
}

#[derive(Serialize, ToSchema)]
struct Uploaded {
    data: UploadedData,
}

#[derive(Serialize, ToSchema)]
struct UploadedData {
    /// Where the file is served.
    #[schema(pattern = "^uploads/[0-9a-f-]{36}\\.(jpg|gif|png|webp)$")]
    key: String,
}

/// The last part of an asset's key.
fn file_name(asset: &Asset) -> String {
    format!("{}.{}", asset.id, asset.format.extension())
}

/// Upload an image
///
/// JPEG, GIF, PNG and WebP of at most 15 MiB. We encourage you to optimise the size of your files
/// before uploading.
#[utoipa::path(
    post,
    path = "/image",
    operation_id = "uploadBackofficeImage",
    security(("apiKeyHeader" = []), ("apiKeyQuery" = [])),
    request_body(content = BackofficeForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "The file's key.", body = Uploaded))
)]
async fn upload(
    State(context): State<Context>,
    caller: Caller,
    request: Request,
) -> Result<Response, Failure> {
    let tenant = caller.tenant_wide(Role::Uploader)?;
    let rules = BodyRules::image(&context, Surface::Backoffice, &["image"]);
    let file = receive(&context, request, &BodyRules { raw: false, ..rules }).await?.file()?;
    let mut new = NewAsset::new(tenant, Surface::Backoffice);
    (new.file_name, new.media_type) = (file.file_name, file.media_type);
    let asset = context.assets.store(new, file.body).await?;
    context.metrics.accepted("backoffice");
    let key = format!("uploads/{}", file_name(&asset));
    Ok(Json(Uploaded { data: UploadedData { key } }).into_response())
}

/// Get an uploaded file
///
/// As it was stored, or resized to `size`.
#[utoipa::path(
    get,
    path = "/uploads/{file}",
    operation_id = "getBackofficeFile",
    security(()),
    params(
        LinkQuery,
        ("file" = String, Path, description = "The last part of the file's key."),
        ("size" = Option<String>, Query, description = "The size in pixels, as WIDTHxHEIGHT; a side of 0 follows from the other."),
        ("if-none-match" = Option<String>, Header, description = "Tags of what the client has."),
        ("range" = Option<String>, Header, description = "The bytes that are wanted of the stored file.")
    ),
    responses(
        (status = 200, description = "The file.", content(
            (String = "image/jpeg"), (String = "image/png"), (String = "image/webp"), (String = "image/gif"),
        ), headers(("etag" = String, description = "Names these bytes."))),
        (status = 206, description = "A part of the file.", content(
            (String = "image/jpeg"), (String = "image/png"), (String = "image/webp"), (String = "image/gif"),
        ), headers(("content-range" = String, description = "Which part."))),
        (status = 304, description = "The client has it already.", headers(("etag" = String)))
    )
)]
async fn get(
    State(context): State<Context>,
    Segments(file): Segments<String>,
    request: Request,
) -> Result<Response, Failure> {
    let (id, _) = file.split_once('.').ok_or_else(|| Failure::not_found("file"))?;
    let asked = Asked::new(request.method(), request.headers());
    let asked = asked.without_key(request.extensions());
    let linked = context.assets.linked(Surface::Backoffice, uuid_in_path(id, "file")?).await;
    let asset = asked.found(&context, linked)?;
    if file != file_name(&asset) {
        return Err(Failure::not_found("file"));
    }
    let link = Link::of(request.uri())?;
    let rule = context.assets.settings().policies.backoffice.links;
    let caching = link.caching(&context, &asset, &format!("/uploads/{file}"), rule)?;
    let context = context.for_reader(request.extensions());
    serve_picture(&context, &asset, link.size(), asked, caching).await
}
