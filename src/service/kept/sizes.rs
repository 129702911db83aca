//! How many distinct sizes an asset has: known from the names of its files, without a record of each.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use quick_cache::sync::Cache;

use super::Result;
use super::names::AssetKey;
use crate::service::error::ServiceError;

/// Assets whose sizes are remembered; those of others are read from their folder again.
const REMEMBERED: usize = 4096;

type Set = Arc<Mutex<BTreeSet<(u32, u32)>>>;

#[derive(Debug)]
pub(super) struct Sizes {
    of: Cache<AssetKey, Set>,
}

impl Sizes {
    pub(super) fn new() -> Self {
        Self { of: Cache::new(REMEMBERED) }
    }

    /// Takes a place for a size; whether it had none yet. `known` gives the sizes that are kept.
    pub(super) async fn take(
        &self,
        asset: AssetKey,
        size: (u32, u32),
        max: u32,
        known: impl Future<Output = Result<BTreeSet<(u32, u32)>>>,
    ) -> Result<bool> {
        let known = async { Ok::<Set, ServiceError>(Arc::new(Mutex::new(known.await?))) };
        let set = self.of.get_or_insert_async(&asset, known).await?;
        let mut set = set.lock().unwrap_or_else(PoisonError::into_inner);
        if set.contains(&size) {
            return Ok(false);
        }
        let actual = u64::try_from(set.len()).unwrap_or(u64::MAX);
        if actual >= u64::from(max) {
            return Err(ServiceError::TooManySizes { actual, max });
        }
        Ok(set.insert(size))
    }

    pub(super) fn give_back(&self, asset: AssetKey, size: (u32, u32)) {
        if let Some(set) = self.of.get(&asset) {
            set.lock().unwrap_or_else(PoisonError::into_inner).remove(&size);
        }
    }

    pub(super) fn forget(&self, asset: AssetKey) {
        self.of.remove(&asset);
    }
}
