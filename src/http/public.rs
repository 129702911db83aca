//! Public links: pictures without credentials, by an id that nobody can guess.

use axum::extract::{Request, State};
use axum::response::Response;

use super::common::{Asked, Context, Failure, Link, LinkQuery, Segments, serve_picture};

/// Get a public image
///
/// Serves the image, resized to `size`, in the best format that the header `Accept` takes.
#[utoipa::path(
    get,
    path = "/images/{publicID}",
    operation_id = "getPublicImage",
    params(
        LinkQuery,
        ("publicID" = String, Path, description = "The id in the image's link.", pattern = "^[0-9A-Za-z]{21}$"),
        ("size" = Option<String>, Query, description = "The size in pixels, as WIDTHxHEIGHT; a side of 0 follows from the other. Each side is at most 2048; 400x400 when left out."),
        ("if-none-match" = Option<String>, Header, description = "Tags of what the client has.")
    ),
    responses(
        (status = 200, description = "The image.", content(
            (String = "image/jpeg"), (String = "image/png"), (String = "image/webp"),
        ), headers(
            ("etag" = String, description = "Names these bytes."),
            ("cache-control" = String, description = "How long they may be kept."),
            ("vary" = String, description = "`Accept`: the format is negotiated."),
        )),
        (status = 304, description = "The client has it already.", headers(("etag" = String)))
    )
)]
pub(crate) async fn get_public_image(
    State(context): State<Context>,
    Segments(public_id): Segments<String>,
    request: Request,
) -> Result<Response, Failure> {
    let sane = public_id.len() == 21 && public_id.bytes().all(|b| b.is_ascii_alphanumeric());
    if !sane {
        return Err(Failure::not_found("image"));
    }
    let context = context.for_reader(request.extensions());
    let asked = Asked::new(request.method(), request.headers());
    let asked = asked.without_key(request.extensions());
    let asset = asked.found(&context, context.assets.public_shared(&public_id).await)?;
    let link = Link::of(request.uri())?;
    let rule = context.assets.settings().policies.of(asset.surface).links;
    let caching = link.caching(&context, &asset, &format!("/images/{public_id}"), rule)?;
    serve_picture(&context, &asset, link.size(), asked, caching).await
}
