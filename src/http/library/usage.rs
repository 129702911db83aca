//! How much a tenant has, and how much it may have.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::Caller;
use crate::http::common::{Context, Failure};
use crate::service::Role;

#[derive(Serialize, ToSchema)]
pub(super) struct Library {
    /// Whose it is: the key's own tenant.
    tenant: String,
    usage: LibraryUsage,
    quota: LibraryQuota,
}

/// What the tenant has; what has expired counts until it is swept.
#[derive(Serialize, ToSchema)]
struct LibraryUsage {
    /// Pictures, covers and disabled ones included.
    assets: u64,
    /// Bytes of stored pictures and recordings together; what two share counts for each.
    bytes: u64,
}

/// What the tenant may have at most; null where there is no limit. Past it uploads are answered with
/// 507.
#[derive(Serialize, ToSchema)]
struct LibraryQuota {
    max_assets: Option<u64>,
    max_bytes: Option<u64>,
}

/// Get usage and quota
#[utoipa::path(
    get,
    path = "/library",
    operation_id = "getLibrary",
    security(("bearer" = []), ("basic" = []), ("apiKeyHeader" = []), ("apiKeyQuery" = [])),
    responses((status = 200, description = "What the key's tenant has, and what it may have.", body = Library))
)]
pub(super) async fn usage(
    State(context): State<Context>,
    caller: Caller,
) -> Result<Response, Failure> {
    let tenant = caller.tenant_wide(Role::Reader)?;
    let usage = context.assets.usage(tenant).await?;
    let quota = context.assets.quota(tenant).await?;
    Ok(Json(Library {
        tenant: tenant.to_owned(),
        usage: LibraryUsage { assets: usage.assets, bytes: usage.bytes },
        quota: LibraryQuota { max_assets: quota.max_assets, max_bytes: quota.max_bytes },
    })
    .into_response())
}
