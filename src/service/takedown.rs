//! Taking pictures down: the record, its claims, its links, its kept renditions and its bytes go at
//! once and for good, without a sweep's grace period. Bytes that another record names, of whichever
//! tenant, stay for that one.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::assets::{Assets, NO_IMAGE, Result};
use super::catalog;
use super::model::Asset;

impl Assets {
    /// Removes an asset, expired or not, with everything that was made of it. A collection or track
    /// whose cover it was is left without one.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`](super::ServiceError::NotFound) when the tenant has no such asset;
    /// [`ServiceError::Storage`](super::ServiceError::Storage) when the database or the blob store
    /// fails: if the record is gone then, a sweep removes the rest.
    pub async fn remove(&self, tenant: &str, id: Uuid) -> Result<()> {
        match self.remove_all(Some(tenant), &[id]).await?.first() {
            Some(true) => Ok(()),
            _ => Err(NO_IMAGE),
        }
    }

    /// As [`Assets::remove`], for several at once: whether each was there. `None` takes those of every
    /// tenant, which is for operators.
    ///
    /// # Errors
    /// [`ServiceError::Storage`](super::ServiceError::Storage) when the database or the blob store
    /// fails: of the records none is gone then, or all are and a sweep removes the rest.
    pub async fn remove_all(&self, tenant: Option<&str>, ids: &[Uuid]) -> Result<Vec<bool>> {
        let now = self.inner.settings.clock.now();
        let mut tx = self.inner.catalog.begin().await?;
        let mut removed: Vec<Asset> = Vec::new();
        let mut found = Vec::with_capacity(ids.len());
        let mut collections = BTreeSet::new();
        let mut doomed = BTreeSet::new();
        for id in ids {
            if removed.iter().any(|asset| asset.id == *id) {
                // Named twice.
                found.push(true);
                continue;
            }
            let asset = catalog::asset_in(&mut tx, *id).await?;
            let own = asset.filter(|asset| tenant.is_none_or(|tenant| asset.tenant == tenant));
            found.push(own.is_some());
            let Some(asset) = own else { continue };
            collections.extend(catalog::clear_cover(&mut tx, asset.id, now).await?);
            catalog::delete_asset(&mut tx, asset.id).await?;
            if catalog::doom_blob(&mut tx, &asset.blob, now, now).await? {
                doomed.insert(asset.blob.clone());
            }
            removed.push(asset);
        }
        tx.commit().await?;
        for blob in doomed {
            // A backup still has to copy it: the first sweep after that removes it.
            if self.inner.catalog.removal_is_held(now).await? {
                break;
            }
            // The bytes first: a sweep finds a row without bytes, but no bytes without a row.
            self.inner.blobs.delete(&blob).await?;
            let mut tx = self.inner.catalog.begin().await?;
            catalog::delete_blob(&mut tx, &blob).await?;
            tx.commit().await?;
        }
        for asset in &removed {
            self.forget_renditions(asset, None).await;
        }
        for collection in collections {
            self.mix_theme(collection).await;
        }
        Ok(found)
    }
}
