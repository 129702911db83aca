//! Links that anybody may follow: records looked up once and kept until one changes.

use quick_cache::sync::Cache;
use uuid::Uuid;

use super::assets::{Assets, NO_IMAGE, Result};
use super::id;
use super::model::{Asset, Surface};

/// Records kept; one takes about a kilobyte.
const KEPT: usize = 4096;

/// Records behind links, by the name in the link.
#[derive(Debug)]
pub(super) struct Links {
    kept: Cache<String, Kept>,
}

#[derive(Debug, Clone)]
struct Kept {
    asset: Asset,
    /// The catalog's count of changes before the record was read.
    as_of: u64,
}

impl Links {
    pub(super) fn new() -> Self {
        Self { kept: Cache::new(KEPT) }
    }
}

impl Assets {
    /// The living asset behind a public link, whoever asks; disabled ones go on serving.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`](super::ServiceError::NotFound) when there is none.
    pub async fn public(&self, public_id: &str) -> Result<Asset> {
        // What cannot be an id need not be looked up.
        if public_id.len() != id::PUBLIC_ID_LENGTH {
            return Err(NO_IMAGE);
        }
        self.behind(public_id, self.inner.catalog.asset_by_public_id(public_id)).await
    }

    /// The living asset of this id that came through this API, whoever asks: for APIs whose links
    /// hold the id itself.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`](super::ServiceError::NotFound) when there is none.
    pub async fn linked(&self, surface: Surface, id: Uuid) -> Result<Asset> {
        // Longer than a public id, so the two never meet under one name.
        let asset = self.behind(&id.to_string(), self.inner.catalog.asset(id)).await?;
        if asset.surface.kin() == surface.kin() { Ok(asset) } else { Err(NO_IMAGE) }
    }

    async fn behind(
        &self,
        name: &str,
        look_up: impl Future<Output = Result<Option<Asset>>>,
    ) -> Result<Asset> {
        let kept = &self.inner.links.kept;
        // Before the record is read: a change that comes in between makes it old at once.
        let as_of = self.inner.catalog.changes.count();
        let asset = if let Some(found) = kept.get(name).filter(|kept| kept.as_of == as_of) {
            found.asset
        } else {
            let asset = look_up.await?.ok_or(NO_IMAGE)?;
            kept.insert(name.to_owned(), Kept { asset: asset.clone(), as_of });
            asset
        };
        if self.lives(&asset) { Ok(asset) } else { Err(NO_IMAGE) }
    }
}
