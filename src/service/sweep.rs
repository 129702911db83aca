//! What removes the dead: expired records, and bytes that no record names. Safe beside uploads, and
//! wherever it is interrupted.

use std::collections::HashSet;

use jiff::Timestamp;

use super::assets::{Assets, Result};
use super::catalog;

/// What a sweep removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Swept {
    /// Assets whose time was over.
    pub assets: u64,
    /// Tickets whose time was over.
    pub tickets: u64,
    /// Sessions whose time was over.
    pub sessions: u64,
    /// Files that no record named.
    pub blobs: u64,
    /// Renditions past the cap of their cache, and files of renditions without a record.
    pub renditions: u64,
}

impl Assets {
    /// Removes what is over, and bytes that no record has named for the grace period: what this
    /// sweep finds unnamed is only marked, and a later one removes it.
    ///
    /// # Errors
    /// [`ServiceError::Storage`](super::ServiceError::Storage) or
    /// [`ServiceError::Timeout`](super::ServiceError::Timeout) when the database or the blob store
    /// fails; what was removed until then stays removed.
    pub async fn sweep(&self) -> Result<Swept> {
        let now = self.inner.settings.clock.now();
        let grace = self.inner.settings.sweep_grace;
        let millis = i64::try_from(grace.as_millis()).unwrap_or(i64::MAX);
        let before = super::clock::from_millis(now.as_millisecond().saturating_sub(millis).max(0));
        self.sweep_before(now, before).await
    }

    /// After a start: nothing is on its way in, so nothing unnamed needs grace.
    pub(super) async fn recover(&self) -> Result<()> {
        let now = self.inner.settings.clock.now();
        let swept = self.sweep_before(now, now).await?;
        if swept.blobs > 0 {
            tracing::info!(blobs = swept.blobs, "removed what an earlier process left unfinished");
        }
        let interrupted = self.inner.catalog.interrupted_tracks().await?;
        if !interrupted.is_empty() {
            let assets = self.clone();
            tokio::spawn(async move { assets.resume_audio(interrupted).await });
        }
        Ok(())
    }

    async fn sweep_before(&self, now: Timestamp, before: Timestamp) -> Result<Swept> {
        let mut swept = Swept::default();
        let mut tx = self.inner.catalog.begin().await?;
        swept.assets = catalog::delete_expired_assets(&mut tx, now).await?;
        swept.tickets = catalog::delete_expired_tickets(&mut tx, now).await?;
        swept.sessions = catalog::delete_expired_sessions(&mut tx, now).await?;
        catalog::doom_blobs(&mut tx, now).await?;
        tx.commit().await?;
        self.note_orphans(now).await?;
        swept.blobs = self.remove_doomed(before).await? + self.remove_orphans(before).await?;
        swept.renditions = self.trim_renditions().await? + self.remove_stray_renditions().await?;
        Ok(swept)
    }

    /// The row goes first: no upload can name it any more when the bytes go.
    async fn remove_doomed(&self, before: Timestamp) -> Result<u64> {
        let mut removed = 0;
        for id in self.inner.catalog.doomed_blobs(before).await? {
            let mut tx = self.inner.catalog.begin().await?;
            let gone = catalog::delete_blob(&mut tx, &id).await?;
            tx.commit().await?;
            if gone {
                self.inner.blobs.delete(&id).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Files without a row: an upload that is about to write its row, or one that never did.
    async fn note_orphans(&self, now: Timestamp) -> Result<()> {
        for id in self.inner.blobs.ids().await? {
            if !self.inner.catalog.has_blob(&id).await? {
                let mut tx = self.inner.catalog.begin().await?;
                catalog::note_orphan(&mut tx, &id, now).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }

    async fn remove_orphans(&self, before: Timestamp) -> Result<u64> {
        let mut removed = 0;
        for id in self.inner.catalog.orphans(before).await? {
            // Its name is its own: once it has no row after the grace period it never gets one.
            if !self.inner.catalog.has_blob(&id).await? {
                self.inner.blobs.delete(&id).await?;
                removed += 1;
            }
            let mut tx = self.inner.catalog.begin().await?;
            catalog::forget_orphan(&mut tx, &id).await?;
            tx.commit().await?;
        }
        Ok(removed)
    }

    /// Files of renditions that were being kept when a process ended.
    async fn remove_stray_renditions(&self) -> Result<u64> {
        // Read the files first: a rendition kept in between has its row by then.
        let files = self.inner.renditions.on_disk.ids().await?;
        let known: HashSet<String> =
            self.inner.catalog.rendition_etags().await?.into_iter().collect();
        let mut removed = 0;
        for id in files.into_iter().filter(|id| !known.contains(id)) {
            self.inner.renditions.on_disk.delete(&id).await?;
            removed += 1;
        }
        Ok(removed)
    }
}
