//! What each tenant has, and how much it may have. Triggers keep the numbers.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Catalog, Columns, Result, Tx, signed, unreadable};
use crate::service::quota::{Quota, TenantUsage, Usage};

fn limit(row: &SqliteRow, column: &str) -> Result<Option<u64>> {
    let value: Option<i64> = row.try_get(column)?;
    value.map(|value| u64::try_from(value).map_err(|_| unreadable(column))).transpose()
}

fn quota_of(row: &SqliteRow) -> Result<Quota> {
    Ok(Quota { max_assets: limit(row, "max_assets")?, max_bytes: limit(row, "max_bytes")? })
}

fn usage_of(row: &SqliteRow) -> Result<Usage> {
    Ok(Usage { assets: row.unsigned("assets")?, bytes: row.unsigned("bytes")? })
}

const USAGE: &str = "SELECT assets, bytes FROM usage WHERE tenant = ?";
const QUOTA: &str = "SELECT max_assets, max_bytes FROM quotas WHERE tenant = ?";

impl Catalog {
    /// What a tenant has.
    pub(crate) async fn usage(&self, tenant: &str) -> Result<Usage> {
        let row = sqlx::query(USAGE).bind(tenant).fetch_optional(&self.readers).await?;
        row.as_ref().map(usage_of).transpose().map(Option::unwrap_or_default)
    }

    /// The limits that an operator has given a tenant.
    pub(crate) async fn quota(&self, tenant: &str) -> Result<Option<Quota>> {
        let row = sqlx::query(QUOTA).bind(tenant).fetch_optional(&self.readers).await?;
        row.as_ref().map(quota_of).transpose()
    }

    /// Gives a tenant limits, or takes them away again.
    pub(crate) async fn set_quota(&self, tenant: &str, quota: Option<Quota>) -> Result<()> {
        let query = match quota {
            Some(quota) => sqlx::query(
                "INSERT INTO quotas (tenant, max_assets, max_bytes) VALUES (?, ?, ?)
                 ON CONFLICT (tenant) DO UPDATE SET max_assets = excluded.max_assets,
                 max_bytes = excluded.max_bytes",
            )
            .bind(tenant)
            .bind(quota.max_assets.map(signed))
            .bind(quota.max_bytes.map(signed)),
            None => sqlx::query("DELETE FROM quotas WHERE tenant = ?").bind(tenant),
        };
        query.execute(&self.writer).await?;
        Ok(())
    }

    /// Every tenant that has something or has limits of its own, by name.
    pub(crate) async fn usages(&self) -> Result<Vec<TenantUsage>> {
        let rows = sqlx::query(
            "SELECT tenants.tenant, coalesce(usage.assets, 0) AS assets,
             coalesce(usage.bytes, 0) AS bytes, quotas.max_assets, quotas.max_bytes,
             quotas.tenant IS NOT NULL AS own
             FROM (SELECT tenant FROM usage UNION SELECT tenant FROM quotas) AS tenants
             LEFT JOIN usage ON usage.tenant = tenants.tenant
             LEFT JOIN quotas ON quotas.tenant = tenants.tenant ORDER BY tenants.tenant",
        )
        .fetch_all(&self.readers)
        .await?;
        let of_row = |row: &SqliteRow| {
            let own: bool = row.try_get("own")?;
            Ok(TenantUsage {
                tenant: row.try_get("tenant")?,
                usage: usage_of(row)?,
                quota: if own { Some(quota_of(row)?) } else { None },
            })
        };
        rows.iter().map(of_row).collect()
    }
}

/// What a tenant has, as this transaction sees it.
pub(crate) async fn usage_in(tx: &mut Tx, tenant: &str) -> Result<Usage> {
    let row = sqlx::query(USAGE).bind(tenant).fetch_optional(&mut **tx).await?;
    row.as_ref().map(usage_of).transpose().map(Option::unwrap_or_default)
}

/// The limits that an operator has given a tenant, as this transaction sees them.
pub(crate) async fn quota_in(tx: &mut Tx, tenant: &str) -> Result<Option<Quota>> {
    let row = sqlx::query(QUOTA).bind(tenant).fetch_optional(&mut **tx).await?;
    row.as_ref().map(quota_of).transpose()
}
