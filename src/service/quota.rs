//! Quotas: how many pictures and how many bytes each tenant may have.
//!
//! They are judged twice: before a picture is decoded, to spare the work, and in the transaction that
//! stores it, so that of two uploads at once only one takes the last place.

use serde::{Deserialize, Serialize};

use super::assets::{Assets, Result};
use super::catalog::{self, Tx};
use super::error::ServiceError;

/// How much one tenant may have.
///
/// ```
/// use gatefold::service::{Quota, Settings};
/// let settings: Settings = toml::from_str(
///     "[quota]\nmax_assets = 10_000\n[tenant_quotas.acme]\nmax_bytes = 50_000_000_000\n",
/// )?;
/// assert_eq!(settings.quota.max_assets, Some(10_000));
/// assert_eq!(settings.tenant_quotas["acme"], Quota { max_bytes: Some(50_000_000_000), ..Quota::default() });
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quota {
    /// Pictures, covers and disabled ones included. Default `None`: as many as fit.
    pub max_assets: Option<u64>,
    /// Bytes of stored pictures and recordings together; what two records share counts for each.
    /// Default `None`: as many as fit.
    pub max_bytes: Option<u64>,
}

/// How much a tenant has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Usage {
    /// Pictures, covers and disabled ones included.
    pub assets: u64,
    /// Bytes of stored pictures and recordings together; what two records share counts for each.
    pub bytes: u64,
}

impl Usage {
    const fn with(self, assets: u64, bytes: u64) -> Self {
        Self { assets: self.assets.saturating_add(assets), bytes: self.bytes.saturating_add(bytes) }
    }
}

/// A tenant, what it has, and the limits that an operator has given it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TenantUsage {
    /// Its name.
    pub tenant: String,
    /// What it has.
    pub usage: Usage,
    /// `None` where the settings decide.
    pub quota: Option<Quota>,
}

impl Quota {
    /// # Errors
    /// [`ServiceError::QuotaExceeded`] when a tenant that grew from `before` to `after` has too much.
    /// What did not grow is let be: limits may have been lowered since.
    fn check(self, before: Usage, after: Usage) -> Result<()> {
        let over = |what, before, after, max: Option<u64>| match max {
            Some(max) if after > max && after > before => {
                Err(ServiceError::QuotaExceeded { what, needed: after, max })
            }
            _ => Ok(()),
        };
        over("pictures", before.assets, after.assets, self.max_assets)?;
        over("bytes", before.bytes, after.bytes, self.max_bytes)
    }

    const fn is_none(self) -> bool {
        self.max_assets.is_none() && self.max_bytes.is_none()
    }
}

/// A quota, and what its tenant had when a transaction began.
pub(super) struct Room<'a> {
    tenant: &'a str,
    quota: Quota,
    before: Usage,
}

impl Assets {
    /// How much a tenant has, what is over and was not swept yet included.
    ///
    /// # Errors
    /// [`ServiceError::Storage`] when the database fails.
    pub async fn usage(&self, tenant: &str) -> Result<Usage> {
        self.inner.catalog.usage(tenant).await
    }

    /// How much a tenant may have: what an operator has given it, else what
    /// [`Settings::tenant_quotas`](super::Settings::tenant_quotas) say of it, else
    /// [`Settings::quota`](super::Settings::quota).
    ///
    /// # Errors
    /// [`ServiceError::Storage`] when the database fails.
    pub async fn quota(&self, tenant: &str) -> Result<Quota> {
        let own = self.inner.catalog.quota(tenant).await?;
        Ok(own.unwrap_or_else(|| self.configured_quota(tenant)))
    }

    /// Gives a tenant limits of its own from now on, or lets the settings decide again (`None`). What
    /// it has already stays.
    ///
    /// # Errors
    /// [`ServiceError::Storage`] when the database fails.
    pub async fn set_quota(&self, tenant: &str, quota: Option<Quota>) -> Result<()> {
        self.inner.catalog.set_quota(tenant, quota).await
    }

    /// Every tenant that has something or has limits of its own, by name.
    ///
    /// # Errors
    /// [`ServiceError::Storage`] when the database fails.
    pub async fn usages(&self) -> Result<Vec<TenantUsage>> {
        self.inner.catalog.usages().await
    }

    fn configured_quota(&self, tenant: &str) -> Quota {
        let settings = &self.inner.settings;
        settings.tenant_quotas.get(tenant).copied().unwrap_or(settings.quota)
    }

    /// Refuses early what could not be stored: `assets` more pictures and at least `bytes` more bytes.
    pub(super) async fn expect_room(&self, tenant: &str, assets: u64, bytes: u64) -> Result<()> {
        let quota = self.quota(tenant).await?;
        if quota.is_none() {
            return Ok(());
        }
        let before = self.usage(tenant).await?;
        let refused = quota.check(before, before.with(assets, bytes));
        if refused.is_err() && self.forget_expired(tenant).await? {
            let before = self.usage(tenant).await?;
            return quota.check(before, before.with(assets, bytes));
        }
        refused
    }

    /// What is over has no claim to room, whether a sweep has come by or not.
    async fn forget_expired(&self, tenant: &str) -> Result<bool> {
        let mut tx = self.inner.catalog.begin().await?;
        let now = self.inner.settings.clock.now();
        let gone = catalog::delete_expired_assets_of(&mut tx, tenant, now).await?;
        tx.commit().await?;
        Ok(gone > 0)
    }

    /// Whether so much more fits, for what is left out where it does not.
    pub(super) async fn has_room(
        &self,
        tx: &mut Tx,
        tenant: &str,
        assets: u64,
        bytes: u64,
    ) -> Result<bool> {
        let Room { quota, before, .. } = self.room(tx, tenant).await?;
        Ok(quota.check(before, before.with(assets, bytes)).is_ok())
    }

    /// What a tenant has and may have, before this transaction changes it.
    pub(super) async fn room<'a>(&self, tx: &mut Tx, tenant: &'a str) -> Result<Room<'a>> {
        let own = catalog::quota_in(tx, tenant).await?;
        let quota = own.unwrap_or_else(|| self.configured_quota(tenant));
        let before =
            if quota.is_none() { Usage::default() } else { catalog::usage_in(tx, tenant).await? };
        Ok(Room { tenant, quota, before })
    }

    /// Refuses what this transaction has stored beyond the quota.
    pub(super) async fn keep_to(&self, tx: &mut Tx, room: Room<'_>) -> Result<()> {
        let Room { tenant, quota, before } = room;
        if quota.is_none() {
            return Ok(());
        }
        let after = catalog::usage_in(tx, tenant).await?;
        let refused = quota.check(before, after);
        if refused.is_ok() {
            return Ok(());
        }
        let now = self.inner.settings.clock.now();
        if catalog::delete_expired_assets_of(tx, tenant, now).await? == 0 {
            return refused;
        }
        let left = catalog::usage_in(tx, tenant).await?;
        let before = Usage {
            assets: before.assets.saturating_sub(after.assets.saturating_sub(left.assets)),
            bytes: before.bytes.saturating_sub(after.bytes.saturating_sub(left.bytes)),
        };
        quota.check(before, left)
    }
}
