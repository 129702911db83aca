//! Links that anybody may follow: records looked up once and kept until one changes, or for a few
//! seconds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quick_cache::sync::Cache;
use uuid::Uuid;

use super::assets::{Assets, NO_IMAGE, Result};
use super::id;
use super::model::{Asset, Surface};

/// Records kept; one takes about a kilobyte.
const KEPT: usize = 4096;
/// How long a record is kept although no change was counted: changes that another process makes are
/// not counted here.
const KEPT_FOR: Duration = Duration::from_secs(5);

/// Records behind links, by the name in the link.
#[derive(Debug)]
pub(super) struct Links {
    kept: Cache<String, Kept>,
}

#[derive(Debug, Clone)]
struct Kept {
    asset: Arc<Asset>,
    /// The catalog's count of changes before the record was read.
    as_of: u64,
    /// The time before the record was read.
    read_at: Instant,
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
        self.public_shared(public_id).await.map(Arc::unwrap_or_clone)
    }

    /// As [`Assets::public`], without copying the record.
    pub(crate) async fn public_shared(&self, public_id: &str) -> Result<Arc<Asset>> {
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
        let mut name = [0; uuid::fmt::Hyphenated::LENGTH];
        let name = id.hyphenated().encode_lower(&mut name);
        let asset = self.behind(name, self.inner.catalog.asset(id)).await?;
        if asset.surface.kin() == surface.kin() {
            Ok(Arc::unwrap_or_clone(asset))
        } else {
            Err(NO_IMAGE)
        }
    }

    async fn behind(
        &self,
        name: &str,
        look_up: impl Future<Output = Result<Option<Asset>>>,
    ) -> Result<Arc<Asset>> {
        let kept = &self.inner.links.kept;
        // Before the record is read: a change that comes in between makes it old at once.
        let (as_of, now) = (self.inner.catalog.changes.count(), Instant::now());
        let fresh = |kept: &Kept| kept.as_of == as_of && now - kept.read_at < KEPT_FOR;
        let asset = if let Some(found) = kept.get(name).filter(fresh) {
            found.asset
        } else {
            let asset = Arc::new(look_up.await?.ok_or(NO_IMAGE)?);
            let found = Kept { asset: Arc::clone(&asset), as_of, read_at: now };
            kept.insert(name.to_owned(), found);
            asset
        };
        if self.lives(&asset) { Ok(asset) } else { Err(NO_IMAGE) }
    }
}
