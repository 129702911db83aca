//! Signed links to a tenant's pictures.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Caller;
use crate::Bounds;
use crate::http::common::{Context, Failure, Segments, json_body, time, uuid_in_path};
use crate::service::Role;

/// Seconds that a signed link lives when nothing is said.
const TTL: u64 = 3600;
/// Most seconds that a signed link may live: a week.
const MAX_TTL: u64 = 7 * 24 * 3600;

/// What a signed link is to serve, and for how long. All may be left out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkWish {
    /// The size in pixels, as `WIDTHxHEIGHT`; left out, what a link without a size serves.
    size: Option<String>,
    /// Seconds that the link lives; 3600 when left out.
    #[schema(minimum = 1, maximum = 604_800)]
    ttl: Option<u64>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct SignedLink {
    /// A link that needs no key, for this picture at this size.
    #[schema(format = "uri")]
    link: String,
    /// When it ends.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Sign a link
///
/// Makes a public link that serves the asset at one size until it expires. Where the policy serves
/// signed links alone there is no other.
#[utoipa::path(
    post,
    path = "/library/assets/{id}/link",
    operation_id = "signLink",
    security(("bearer" = []), ("basic" = []), ("apiKeyHeader" = []), ("apiKeyQuery" = [])),
    params(("id" = String, Path, format = "uuid", description = "The asset.")),
    request_body(content = Option<LinkWish>),
    responses((status = 200, description = "The link.", body = SignedLink))
)]
pub(super) async fn sign(
    State(context): State<Context>,
    caller: Caller,
    Segments(id): Segments<String>,
    request: Request,
) -> Result<Response, Failure> {
    let tenant = caller.tenant_wide(Role::Reader)?;
    let id = uuid_in_path(&id, "asset")?;
    let wish: Option<LinkWish> = json_body(&context, request).await?;
    let (size, ttl) = wish.map_or((None, None), |wish| (wish.size, wish.ttl));
    let ttl = ttl.unwrap_or(TTL);
    if !(1..=MAX_TTL).contains(&ttl) {
        let message = format!("ttl is {ttl} seconds; it must be 1 to {MAX_TTL}");
        return Err(Failure::invalid("ttl", message));
    }
    let asset = context.assets.asset(tenant, id).await?;
    let rules = &context.assets.settings().policies.of(asset.surface).renditions;
    let refused = |error: &dyn std::fmt::Display| Failure::invalid("size", error.to_string());
    let size: Option<Bounds> =
        size.map(|text| text.parse()).transpose().map_err(|error| refused(&error))?;
    if let Some(size) = size {
        // A link that could never be followed is none.
        crate::RenditionSpec::new(size).check(rules).map_err(|error| refused(&error))?;
    }
    let expires = context.assets.settings().clock.now() + Duration::from_secs(ttl);
    let link = context.assets.signed_link(&asset, size, expires);
    let expires_at = time(expires);
    Ok(Json(SignedLink { link, expires_at }).into_response())
}
