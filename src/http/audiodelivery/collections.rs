//! Collections.

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;

use super::bodies::{
    Answer, CollectionBody, CollectionCover, Collections, GoneCollection, OneCollection, TrackBody,
    Tracks, Upload,
};
use super::fields::{CollectionRequest, Fields};
use super::voice::answer;
use super::{Caller, MAX_COUNT, MAX_SKIP};
use crate::http::common::{Context, Failure, RequestId, Segments, number, query, uuid_in_path};
use crate::service::{Collection, Role, TicketFor};

async fn told(context: &Context, id: &RequestId, of: Collection) -> Result<Response, Failure> {
    let collection_id = of.id;
    let collection = CollectionBody::of(context, of).await?;
    Ok(answer(id, OneCollection { collection_id, collection }))
}

fn page(request: &Request) -> Result<(u64, u64), Failure> {
    let skip = number("skip", query(request.uri(), "skip")?, 0, MAX_SKIP)?;
    let count = number("count", query(request.uri(), "count")?, 20, MAX_COUNT)?;
    Ok((skip, count))
}

/// List collections
///
/// The newest first. A key for one collection lists that one.
#[utoipa::path(
    get,
    path = "/v1/collection",
    operation_id = "listCollections",
    security(("bearer" = [])),
    params(
        ("skip" = Option<u32>, Query, description = "How many to leave out.", minimum = 0, maximum = 1_000_000_000),
        ("count" = Option<u32>, Query, description = "How many to list; 20 when left out.", minimum = 0, maximum = 200),
    ),
    responses((status = 200, description = "The collections.", body = Answer<Collections>))
)]
pub(crate) async fn list(
    State(context): State<Context>,
    Extension(id): Extension<RequestId>,
    caller: Caller,
    request: Request,
) -> Result<Response, Failure> {
    let (tenant, only) = caller.collections(Role::Reader)?;
    let (skip, count) = page(&request)?;
    let found = match only {
        Some(own) if skip == 0 && count > 0 => vec![context.assets.collection(tenant, own).await?],
        Some(_) => Vec::new(),
        None => context.assets.collections(tenant, skip, count).await?,
    };
    let mut collections = Vec::with_capacity(found.len());
    for of in found {
        collections.push(CollectionBody::of(&context, of).await?);
    }
    Ok(answer(&id, Collections { collections }))
}

/// Create a collection
#[utoipa::path(
    post,
    path = "/v1/collection",
    operation_id = "createCollection",
    security(("bearer" = [])),
    request_body = Option<CollectionRequest>,
    responses((status = 200, description = "The new collection.", body = Answer<OneCollection>))
)]
pub(crate) async fn create(
    State(context): State<Context>,
    Extension(id): Extension<RequestId>,
    caller: Caller,
    request: Request,
) -> Result<Response, Failure> {
    let tenant = caller.tenant_wide(Role::Uploader)?;
    let fields = Fields::of(&context, request).await?.of_collection()?;
    let created = context.assets.create_collection(tenant, fields).await?;
    told(&context, &id, created).await
}

/// Get a collection
#[utoipa::path(
    get,
    path = "/v1/collection/{collection_id}",
    operation_id = "getCollection",
    security(("bearer" = [])),
    params(("collection_id" = String, Path, format = "uuid", description = "The collection.")),
    responses((status = 200, description = "The collection.", body = Answer<OneCollection>))
)]
pub(crate) async fn get(
    State(context): State<Context>,
    Extension(id): Extension<RequestId>,
    caller: Caller,
    Segments(of): Segments<String>,
) -> Result<Response, Failure> {
    let of = uuid_in_path(&of, "collection")?;
    let of = caller.collection(&context, Role::Reader, of).await?;
    told(&context, &id, of).await
}

/// Update a collection
///
/// Fields that are left out stay as they are.
#[utoipa::path(
    patch,
    path = "/v1/collection/{collection_id}",
    operation_id = "updateCollection",
    security(("bearer" = [])),
    params(("collection_id" = String, Path, format = "uuid", description = "The collection.")),
    request_body = Option<CollectionRequest>,
    responses((status = 200, description = "The collection.", body = Answer<OneCollection>))
)]
pub(crate) async fn update(
    State(context): State<Context>,
    Extension(id): Extension<RequestId>,
    caller: Caller,
    Segments(of): Segments<String>,
    request: Request,
) -> Result<Response, Failure> {
    let of = uuid_in_path(&of, "collection")?;
    let of = caller.collection(&context, Role::Uploader, of).await?;
    let fields = Fields::of(&context, request).await?.of_collection()?;
    let updated = context.assets.update_collection(&of.tenant, of.id, fields).await?;
    told(&context, &id, updated).await
}

/// Delete a collection
///
/// With its tracks, upload sessions and covers.
#[utoipa::path(
    delete,
    path = "/v1/collection/{collection_id}",
    operation_id = "deleteCollection",
    security(("bearer" = [])),
    params(("collection_id" = String, Path, format = "uuid", description = "The collection.")),
    responses((status = 200, description = "It is gone.", body = Answer<GoneCollection>))
)]
pub(crate) async fn remove(
    State(context): State<Context>,
    Extension(id): Extension<RequestId>,
    caller: Caller,
    Segments(of): Segments<String>,
) -> Result<Response, Failure> {
    let of = uuid_in_path(&of, "collection")?;
    let of = caller.collection(&context, Role::Uploader, of).await?;
    context.assets.remove_collection(&of.tenant, of.id).await?;
    Ok(answer(&id, GoneCollection { collection_id: of.id }))
}

/// Generate an upload URL for a collection's cover image
///
/// After you upload the image to it, the image is processed for colours and applied to the
/// collection.
#[utoipa::path(
    post,
    path = "/v1/collection/{collection_id}/cover",
    operation_id = "createCollectionCoverUpload",
    security(("bearer" = [])),
    params(("collection_id" = String, Path, format = "uuid", description = "The collection.")),
    responses((status = 200, description = "Where to upload the cover to.", body = Answer<CollectionCover>))
)]
pub(crate) async fn cover(
    State(context): State<Context>,
    Extension(id): Extension<RequestId>,
    caller: Caller,
    Segments(of): Segments<String>,
) -> Result<Response, Failure> {
    let of = uuid_in_path(&of, "collection")?;
    let of = caller.collection(&context, Role::Uploader, of).await?;
    let (what, ttl) = (TicketFor::CollectionCover(of.id), context.assets.settings().ticket_ttl);
    let ticket = context.assets.issue_ticket(&of.tenant, what, ttl, Some(caller.key_id())).await?;
    let collection_cover_upload = Upload::of(&context, "POST", &ticket);
    let collection_id = of.id;
    let collection = CollectionBody::of(&context, of).await?;
    let of = OneCollection { collection_id, collection };
    Ok(answer(&id, CollectionCover { of, collection_cover_upload }))
}

/// List a collection's tracks
///
/// In their order.
#[utoipa::path(
    get,
    path = "/v1/collection/{collection_id}/tracks",
    operation_id = "listTracks",
    security(("bearer" = [])),
    params(
        ("collection_id" = String, Path, format = "uuid", description = "The collection."),
        ("skip" = Option<u32>, Query, description = "How many to leave out.", minimum = 0, maximum = 1_000_000_000),
        ("count" = Option<u32>, Query, description = "How many to list; 20 when left out.", minimum = 0, maximum = 200),
    ),
    responses((status = 200, description = "The tracks.", body = Answer<Tracks>))
)]
pub(crate) async fn tracks(
    State(context): State<Context>,
    Extension(id): Extension<RequestId>,
    caller: Caller,
    Segments(of): Segments<String>,
    request: Request,
) -> Result<Response, Failure> {
    let of = uuid_in_path(&of, "collection")?;
    let of = caller.collection(&context, Role::Reader, of).await?;
    let (skip, count) = page(&request)?;
    let mut tracks = Vec::new();
    for track in context.assets.tracks(&of.tenant, of.id, skip, count).await? {
        tracks.push(TrackBody::of(&context, track).await?);
    }
    Ok(answer(&id, Tracks { collection_id: of.id, tracks }))
}
