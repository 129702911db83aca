//! Taking pictures down for good.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Caller;
use crate::http::common::{Context, Failure, Segments, json_body, uuid_in_path};
use crate::service::Role;

/// Most assets that one request may take down.
const MAX_IDS: usize = 200;

/// Which assets are to go.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RemovalWish {
    /// Their ids.
    #[schema(min_items = 1, max_items = 200)]
    ids: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Removals {
    /// In the order of the request.
    assets: Vec<Removal>,
}

#[derive(Serialize, ToSchema)]
struct Removal {
    id: String,
    /// False when there is no such asset, or no more.
    removed: bool,
}

/// Remove an asset
///
/// For good and at once: its record, links, renditions and bytes. Bytes that another asset shares stay
/// for that one. A collection or track whose cover it was is left without one. What caches elsewhere
/// have kept is theirs to purge.
#[utoipa::path(
    delete,
    path = "/library/assets/{id}",
    operation_id = "removeAsset",
    security(("bearer" = []), ("basic" = []), ("apiKeyHeader" = []), ("apiKeyQuery" = [])),
    params(("id" = String, Path, format = "uuid", description = "The asset.")),
    responses((status = 204, description = "It is gone."))
)]
pub(super) async fn remove(
    State(context): State<Context>,
    caller: Caller,
    Segments(id): Segments<String>,
) -> Result<Response, Failure> {
    let tenant = caller.tenant_wide(Role::Uploader)?;
    context.assets.remove(tenant, uuid_in_path(&id, "asset")?).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Remove several assets
///
/// As removing them one by one; all their records go together.
#[utoipa::path(
    post,
    path = "/library/assets/remove",
    operation_id = "removeAssets",
    security(("bearer" = []), ("basic" = []), ("apiKeyHeader" = []), ("apiKeyQuery" = [])),
    request_body(content = RemovalWish),
    responses((status = 200, description = "What became of each.", body = Removals))
)]
pub(super) async fn remove_many(
    State(context): State<Context>,
    caller: Caller,
    request: Request,
) -> Result<Response, Failure> {
    let tenant = caller.tenant_wide(Role::Uploader)?;
    let RemovalWish { ids } = json_body(&context, request).await?;
    if !(1..=MAX_IDS).contains(&ids.len()) {
        let message = format!("ids has {} ids; it must have 1 to {MAX_IDS}", ids.len());
        return Err(Failure::invalid("ids", message));
    }
    // What is no id names nothing.
    let parsed: Vec<Option<Uuid>> = ids.iter().map(|id| uuid_in_path(id, "asset").ok()).collect();
    let known: Vec<Uuid> = parsed.iter().copied().flatten().collect();
    let mut removed = context.assets.remove_all(Some(tenant), &known).await?.into_iter();
    let of = |(id, parsed): (String, Option<Uuid>)| {
        let removed = parsed.is_some() && removed.next() == Some(true);
        Removal { id, removed }
    };
    let assets = ids.into_iter().zip(parsed).map(of).collect();
    Ok(Json(Removals { assets }).into_response())
}
