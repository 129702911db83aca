//! Product images, as the Moov API has them: JPEG, PNG and WebP under an account, with alternative
//! text and a public link.

mod bodies;
mod version;
mod voice;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use jiff::Timestamp;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use self::bodies::GenericError;
use self::bodies::ImageUpload;
use self::bodies::{
    AltText, ImageMetadata, ImageMetadataRequest, MAX_COUNT, MAX_SKIP, alt_text_of,
};
use self::version::Version;
use self::voice::Moov;
use super::common::{
    BodyRules, Context, Failure, Received, ReceivedFile, Segments, allow_origins,
    any_origin_may_read, describe, json_body, number, query, receive, serve_told, surface,
    told_validators, uuid_in_path, version_wanted,
};
use super::options::Options;
use super::public;
use crate::service::{Asset, Assets, Change, NewAsset, Role, Surface};

type Caller = super::common::Caller<Moov>;

/// The routes of this API, to be mounted anywhere:
/// `/accounts/{accountID}/images[/{imageID}[/metadata|/enable]]` and `/images/{publicID}`.
///
/// Requests are taken with the default [`Options`]; [`super::surfaces`] lets you choose.
pub fn router(assets: Assets) -> Router {
    api(&Context::new(assets, Options::default())).into()
}

pub(crate) fn api(context: &Context) -> OpenApiRouter {
    let with_key = OpenApiRouter::default()
        .routes(routes!(list_images, upload_image))
        .routes(routes!(get_image, replace_image, disable_image))
        .routes(routes!(set_metadata))
        .routes(routes!(enable_image));
    let statuses = &[400, 401, 403, 404, 405, 408, 412, 415, 429, 500, 503, 504, 507];
    let with_key = describe::<GenericError>(with_key, "moov", statuses);
    let with_key = allow_origins(with_key, context);
    let open = OpenApiRouter::default().routes(routes!(public::get_public_image));
    let statuses = &[400, 403, 404, 405, 406, 412, 429, 500, 503, 504];
    let open = describe::<GenericError>(open, "moov", statuses).layer(any_origin_may_read());
    surface::<Moov>(with_key.merge(open), context)
}

/// The image with this id, in this account and of this API.
async fn image(context: &Context, tenant: &str, id: Uuid) -> Result<Asset, Failure> {
    let asset = context.assets.asset(tenant, id).await?;
    let ours = asset.surface == Surface::Moov;
    ours.then_some(asset).ok_or_else(|| Failure::not_found("image"))
}

fn metadata_of(context: &Context, asset: &Asset) -> ImageMetadata {
    ImageMetadata::of(asset, context.assets.public_link(asset))
}

/// The version of an image that a request is for, by its conditions: those of the metadata, which
/// change with the picture too.
fn version(
    context: &Context,
    request: &Request,
    asset: &Asset,
) -> Result<Option<Timestamp>, Failure> {
    let current = told_validators(context, asset, &metadata_of(context, asset))?;
    version_wanted((request.method(), request.headers()), asset, &current)
}

/// List images
///
/// The newest first, disabled ones included.
#[utoipa::path(
    get,
    path = "/accounts/{accountID}/images",
    operation_id = "listImageMetadata",
    security(("basic" = []), ("bearer" = [])),
    params(
        Version,
        ("accountID" = String, Path, description = "Whose images."),
        ("skip" = Option<u32>, Query, description = "How many to leave out.", minimum = 0, maximum = 1_000_000_000),
        ("count" = Option<u32>, Query, description = "How many to list; 20 when left out.", minimum = 0, maximum = 200),
    ),
    responses((status = 200, description = "The images.", body = [ImageMetadata]))
)]
async fn list_images(
    State(context): State<Context>,
    _: Version,
    caller: Caller,
    Segments(account): Segments<String>,
    request: Request,
) -> Result<Response, Failure> {
    let tenant = caller.account(Role::Reader, &account)?;
    let skip = number("skip", query(request.uri(), "skip")?, 0, MAX_SKIP)?;
    let count = number("count", query(request.uri(), "count")?, 20, MAX_COUNT)?;
    let images = if count == 0 {
        Vec::new()
    } else {
        context.assets.list(tenant, Surface::Moov, skip, count).await?
    };
    let rows: Vec<_> = images.iter().map(|asset| metadata_of(&context, asset)).collect();
    Ok(Json(rows).into_response())
}

/// Upload an image
///
/// A PNG, JPEG or WebP. Images that the account has already and requests larger than 16 MiB are
/// rejected.
#[utoipa::path(
    post,
    path = "/accounts/{accountID}/images",
    operation_id = "uploadImage",
    security(("basic" = []), ("bearer" = [])),
    params(Version, ("accountID" = String, Path, description = "Whose image.")),
    request_body(content = ImageUpload, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "The image was stored.", body = ImageMetadata),
        (status = 409, description = "The account has this image already; its metadata stands beside the error.", body = bodies::DuplicateError),
        (status = 422, description = "The image or its metadata failed validation.", body = bodies::ImageRequestValidationError)
    )
)]
async fn upload_image(
    State(context): State<Context>,
    _: Version,
    caller: Caller,
    Segments(account): Segments<String>,
    request: Request,
) -> Result<Response, Failure> {
    let tenant = caller.account(Role::Uploader, &account)?;
    let (file, alt_text) = form(&context, request).await?;
    let mut new = claims(tenant, &file);
    if let Change::Set(text) = alt_text {
        new.alt_text = text;
    }
    let asset = context.assets.store(new, file.body).await.map_err(|e| told(&context, e.into()))?;
    context.metrics.accepted("moov");
    Ok((StatusCode::CREATED, Json(metadata_of(&context, &asset))).into_response())
}

/// Get an image's metadata
#[utoipa::path(
    get,
    path = "/accounts/{accountID}/images/{imageID}",
    operation_id = "getImageMetadata",
    security(("basic" = []), ("bearer" = [])),
    params(
        Version,
        ("accountID" = String, Path, description = "Whose image."),
        ("imageID" = String, Path, format = "uuid", description = "The image."),
        ("if-none-match" = Option<String>, Header, description = "Tags of what the client has."),
    ),
    responses(
        (status = 200, description = "Its metadata.", body = ImageMetadata, headers(("etag" = String, description = "Names this version."), ("last-modified" = String, description = "When it was last changed."))),
        (status = 304, description = "The client has it already.", headers(("etag" = String)))
    )
)]
async fn get_image(
    State(context): State<Context>,
    _: Version,
    caller: Caller,
    Segments((account, id)): Segments<(String, String)>,
    request: Request,
) -> Result<Response, Failure> {
    let tenant = caller.account(Role::Reader, &account)?;
    let asset = image(&context, tenant, uuid_in_path(&id, "image")?).await?;
    let asked = (request.method(), request.headers());
    serve_told(&context, &asset, &metadata_of(&context, &asset), asked)
}

/// Replace image or image metadata
///
/// Omit the metadata form section to keep existing metadata. Duplicate images and requests larger
/// than 16 MiB are rejected. A disabled image is enabled again, by its own current bytes, too.
#[utoipa::path(
    put,
    path = "/accounts/{accountID}/images/{imageID}",
    operation_id = "updateImage",
    security(("basic" = []), ("bearer" = [])),
    params(
        Version,
        ("accountID" = String, Path, description = "Whose image."),
        ("imageID" = String, Path, format = "uuid", description = "The image."),
        ("if-match" = Option<String>, Header, description = "Tags of versions of the metadata; 412 when it is in none of them."),
        ("if-unmodified-since" = Option<String>, Header, description = "412 when it was changed after this date."),
    ),
    request_body(content = ImageUpload, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The image was replaced.", body = ImageMetadata),
        (status = 409, description = "The account has this image already; its metadata stands beside the error.", body = bodies::DuplicateError),
        (status = 422, description = "The image or its metadata failed validation.", body = bodies::ImageRequestValidationError)
    )
)]
async fn replace_image(
    State(context): State<Context>,
    _: Version,
    caller: Caller,
    Segments((account, id)): Segments<(String, String)>,
    request: Request,
) -> Result<Response, Failure> {
    let tenant = caller.account(Role::Uploader, &account)?;
    let image = image(&context, tenant, uuid_in_path(&id, "image")?).await?;
    let version = version(&context, &request, &image)?;
    let (file, alt_text) = form(&context, request).await?;
    let new = claims(tenant, &file);
    let replaced =
        context.assets.replace_version(image.id, new, alt_text, file.body, version).await;
    let asset = replaced.map_err(|e| told(&context, e.into()))?;
    context.metrics.accepted("moov");
    Ok(Json(metadata_of(&context, &asset)).into_response())
}

/// Update an image's metadata
#[utoipa::path(
    put,
    path = "/accounts/{accountID}/images/{imageID}/metadata",
    operation_id = "updateImageMetadata",
    security(("basic" = []), ("bearer" = [])),
    params(
        Version,
        ("accountID" = String, Path, description = "Whose image."),
        ("imageID" = String, Path, format = "uuid", description = "The image."),
        ("if-match" = Option<String>, Header, description = "Tags of versions of the metadata; 412 when it is in none of them."),
        ("if-unmodified-since" = Option<String>, Header, description = "412 when it was changed after this date."),
    ),
    request_body(content = ImageMetadataRequest),
    responses(
        (status = 200, description = "The metadata was updated.", body = ImageMetadata),
        (status = 422, description = "The metadata failed validation.", body = bodies::ImageMetadataValidationError)
    )
)]
async fn set_metadata(
    State(context): State<Context>,
    _: Version,
    caller: Caller,
    Segments((account, id)): Segments<(String, String)>,
    request: Request,
) -> Result<Response, Failure> {
    let tenant = caller.account(Role::Uploader, &account)?;
    let image = image(&context, tenant, uuid_in_path(&id, "image")?).await?;
    let version = version(&context, &request, &image)?;
    let given: serde_json::Value = json_body(&context, request).await?;
    let text = alt_text_of(&given, AltText::Flat)?;
    let asset = context.assets.set_alt_text_of_version(tenant, image.id, text, version).await?;
    Ok(Json(metadata_of(&context, &asset)).into_response())
}

/// Enable an image
///
/// For one that was disabled by mistake. An image that is not disabled stays as it is.
#[utoipa::path(
    post,
    path = "/accounts/{accountID}/images/{imageID}/enable",
    operation_id = "enableImage",
    security(("basic" = []), ("bearer" = [])),
    params(
        Version,
        ("accountID" = String, Path, description = "Whose image."),
        ("imageID" = String, Path, format = "uuid", description = "The image."),
    ),
    responses((status = 200, description = "The image is enabled.", body = ImageMetadata))
)]
async fn enable_image(
    State(context): State<Context>,
    _: Version,
    caller: Caller,
    Segments((account, id)): Segments<(String, String)>,
) -> Result<Response, Failure> {
    let tenant = caller.account(Role::Uploader, &account)?;
    let id = image(&context, tenant, uuid_in_path(&id, "image")?).await?.id;
    let asset = context.assets.enable(tenant, id).await?;
    Ok(Json(metadata_of(&context, &asset)).into_response())
}

/// Disable an image
///
/// Its public link goes on serving. To enable it again, `POST` to `…/enable` or replace it.
#[utoipa::path(
    delete,
    path = "/accounts/{accountID}/images/{imageID}",
    operation_id = "deleteImage",
    security(("basic" = []), ("bearer" = [])),
    params(
        Version,
        ("accountID" = String, Path, description = "Whose image."),
        ("imageID" = String, Path, format = "uuid", description = "The image."),
        ("if-match" = Option<String>, Header, description = "Tags of versions of the metadata; 412 when it is in none of them."),
        ("if-unmodified-since" = Option<String>, Header, description = "412 when it was changed after this date."),
    ),
    responses((status = 204, description = "The image is disabled."))
)]
async fn disable_image(
    State(context): State<Context>,
    _: Version,
    caller: Caller,
    Segments((account, id)): Segments<(String, String)>,
    request: Request,
) -> Result<Response, Failure> {
    let tenant = caller.account(Role::Uploader, &account)?;
    let image = image(&context, tenant, uuid_in_path(&id, "image")?).await?;
    let version = version(&context, &request, &image)?;
    context.assets.disable_version(tenant, image.id, version).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn claims(tenant: &str, file: &ReceivedFile) -> NewAsset {
    let mut new = NewAsset::new(tenant, Surface::Moov);
    new.file_name.clone_from(&file.file_name);
    new.media_type.clone_from(&file.media_type);
    new
}

/// The image of a form, and what its metadata say of the alternative text.
async fn form(
    context: &Context,
    request: Request,
) -> Result<(ReceivedFile, Change<String>), Failure> {
    let image = BodyRules::image(context, Surface::Moov, &["image"]);
    // Here the cap counts the whole request.
    let max_request = image.max_file;
    let rules = BodyRules { raw: false, small_parts: &["metadata"], max_request, ..image };
    let Received { file, small, .. } = receive(context, request, &rules).await?;
    let alt_text = match small.get("metadata") {
        None => Change::Keep,
        Some(bytes) => Change::Set(alt_text_of(&bodies::metadata_part(bytes)?, AltText::OfImage)?),
    };
    let file = file.ok_or_else(|| Failure::invalid("image", "the part image is missing"))?;
    Ok((file, alt_text))
}

/// A duplicate is told with the public link of what it duplicates, which only the service can make.
fn told(context: &Context, failure: Failure) -> Failure {
    voice::with_link(failure, |asset| context.assets.public_link(asset))
}
