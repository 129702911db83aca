//! Signed links to a tenant's pictures.

use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
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
    #[schema(
        pattern = "^([1-9][0-9]{0,2}|1[0-9]{3}|20[0-3][0-9]|204[0-8])x(0|[1-9][0-9]{0,2}|1[0-9]{3}|20[0-3][0-9]|204[0-8])$|^0x([1-9][0-9]{0,2}|1[0-9]{3}|20[0-3][0-9]|204[0-8])$"
    )]
    size: Option<String>,
    /// Seconds that the link lives; 3600 when left out.
    #[schema(minimum = 1, maximum = 604_800)]
    #[serde(default, deserialize_with = "whole")]
    ttl: Option<u64>,
}

/// A whole number, also one that is written with a fraction of zero: to JSON Schema 952.0 is one.
fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let Some(number) = Option::<serde_json::Number>::deserialize(from)? else { return Ok(None) };
    let float = || number.as_f64().filter(|value| value.fract() == 0.0 && *value >= 0.0);
    let value = number.as_u64().or_else(|| float().map(|value| value as u64));
    value.map(Some).ok_or_else(|| D::Error::custom("not a whole number"))
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
    // Read as any JSON first: an array of values would be taken for the fields in their order.
    let wish: Option<LinkWish> = match json_body(&context, request).await? {
        Value::Null => None,
        Value::Object(fields) => {
            let wish = serde_json::from_value(Value::Object(fields));
            Some(
                wish.map_err(|_| {
                    Failure::bad_request("bad_json", "size is a string, ttl a number")
                })?,
            )
        }
        _ => return Err(Failure::bad_request("bad_json", "send size and ttl as a JSON object")),
    };
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
