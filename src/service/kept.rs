//! Renditions kept on disk: a cache of files, each of which describes itself, without a database.
//!
//! The files lie in [`SHARDS`](folder::SHARDS) folders, all those of an asset in one. Their number
//! decides about no cost: reading is one file read that writes nothing, keeping is one write and a
//! rename, a start reads one small file, and past the cap the least recently used of a few folders
//! are given up.

mod file;
mod folder;
mod names;
mod sizes;

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use self::folder::Folder;
pub(crate) use self::names::{AssetKey, Name};
use self::sizes::Sizes;
use super::error::ServiceError;
use super::model::Asset;
use crate::Format;

type Result<T> = std::result::Result<T, ServiceError>;

/// How long the background waits between two folders, so that requests hardly notice it.
const PAUSE: Duration = Duration::from_millis(2);

/// The kept renditions, and which sizes of each asset there are. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// `None` for a service in memory, which keeps nothing beside its hot cache.
    folder: Option<Arc<Folder>>,
    sizes: Arc<Sizes>,
    timeout: Duration,
}

impl Kept {
    /// Keeps nothing.
    pub(crate) fn nothing(timeout: Duration) -> Self {
        Self { folder: None, sizes: Arc::new(Sizes::new()), timeout }
    }

    /// Renditions in this directory, of at most `cap` bytes on the disk. Takes no longer with many
    /// of them.
    pub(crate) fn in_directory(directory: &Path, cap: u64, timeout: Duration) -> Result<Self> {
        let folder = Folder::open(directory, cap)
            .map_err(|error| ServiceError::storage("the rendition cache", error))?;
        Ok(Self { folder: Some(Arc::new(folder)), ..Self::nothing(timeout) })
    }

    /// Counts what the disk holds and removes what former versions kept, in the background.
    pub(crate) fn start_counting(&self) {
        let Some(folder) = self.folder.clone() else { return };
        // The task must not keep alive what nobody else uses any more.
        let folder = Arc::downgrade(&folder);
        tokio::spawn(async move {
            for shard in 0..folder::SHARDS {
                let Some(folder) = folder.upgrade() else { return };
                if !background("counted", move || folder.count(shard).map(|()| false)).await {
                    tokio::time::sleep(PAUSE).await;
                }
            }
            loop {
                let Some(folder) = folder.upgrade() else { return };
                if !background("tidied", move || folder.remove_former_layout()).await {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
    }

    /// Runs what may block within the time that the disk has to answer.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> std::io::Result<T> + Send + 'static,
    ) -> Result<Option<T>> {
        let Some(folder) = self.folder.clone() else { return Ok(None) };
        let work = tokio::task::spawn_blocking(move || work(&folder));
        match tokio::time::timeout(self.timeout, work).await {
            Ok(Ok(Ok(done))) => Ok(Some(done)),
            Ok(Ok(Err(error))) => Err(ServiceError::storage("the rendition cache", error)),
            Ok(Err(error)) => Err(ServiceError::Internal(error.to_string())),
            Err(_) => Err(ServiceError::Timeout { what: "the rendition cache" }),
        }
    }

    /// A kept rendition. One that is cut short, empty or damaged is removed and not there.
    pub(crate) async fn get(&self, name: Name) -> Result<Option<(Bytes, Format)>> {
        Ok(self.on_disk(move |folder| folder.get(&name)).await?.flatten())
    }

    /// Keeps a rendition. What is past the cap is given up after the answer; `hot` tells the entity
    /// tags of what is in use although nobody reads its file.
    pub(crate) async fn put(
        &self,
        name: Name,
        format: Format,
        bytes: Bytes,
        hot: impl Fn() -> HashSet<String> + Send + 'static,
    ) -> Result<()> {
        let full = self.on_disk(move |folder| folder.put(&name, format, &bytes)).await?;
        if let (Some(true), Some(folder)) = (full, self.folder.clone()) {
            tokio::task::spawn_blocking(move || folder.trim_unless_busy(&hot));
        }
        Ok(())
    }

    /// Gives up the least recently used past the cap, and writes down how much there is; how many
    /// were given up.
    pub(crate) async fn trim(
        &self,
        hot: impl Fn() -> HashSet<String> + Send + 'static,
    ) -> Result<u64> {
        let given_up = self.on_disk(move |folder| {
            let given_up = folder.trim(&hot);
            folder.write_totals()?;
            Ok(given_up)
        });
        Ok(given_up.await?.unwrap_or(0))
    }

    /// Writes down how much there is, for the next start.
    pub(crate) async fn write_totals(&self) -> Result<()> {
        self.on_disk(Folder::write_totals).await.map(|_| ())
    }

    /// Takes a place for this size among the `max` that an asset may have; whether it is a new one.
    ///
    /// # Errors
    /// [`ServiceError::TooManySizes`] when there is no place left.
    pub(crate) async fn take_place(
        &self,
        asset: AssetKey,
        size: (u32, u32),
        max: u32,
    ) -> Result<bool> {
        let known = self.on_disk(move |folder| folder.sizes(asset));
        self.sizes.take(asset, size, max, async { Ok(known.await?.unwrap_or_default()) }).await
    }

    /// Gives back the place of a size that could not be made.
    pub(crate) fn give_back_place(&self, asset: AssetKey, size: (u32, u32)) {
        self.sizes.give_back(asset, size);
    }

    /// Removes every rendition of an asset as it was stored when this record was read.
    pub(crate) async fn forget(&self, asset: &Asset) -> Result<()> {
        let asset = AssetKey::of(asset);
        self.sizes.forget(asset);
        self.on_disk(move |folder| folder.forget(asset)).await.map(|_| ())
    }
}

/// One step of the background's work; what it said, or false when it failed.
async fn background(
    what: &'static str,
    step: impl FnOnce() -> std::io::Result<bool> + Send + 'static,
) -> bool {
    match tokio::task::spawn_blocking(step).await {
        Ok(Ok(said)) => said,
        Ok(Err(error)) => {
            tracing::warn!(%error, "kept renditions could not be {what}");
            false
        }
        Err(_) => false,
    }
}
