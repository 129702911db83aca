//! Removes what is over: expired records, and bytes that no record names. Safe beside uploads, and
//! wherever it is interrupted. Only bytes that the database knows of are removed.

use std::time::Duration;

use jiff::Timestamp;

use super::assets::{Assets, Result};
use super::catalog;

/// Rows that one transaction marks.
const DOOMED_AT_ONCE: u64 = 500;

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
    /// Bytes that no record named.
    pub blobs: u64,
    /// Kept renditions past the cap of their cache.
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
        let settings = &self.inner.settings;
        let now = settings.clock.now();
        let before = earlier(now, settings.sweep_grace);
        // Bytes may be on their way to the store for so long, whatever grace is given.
        let intended = before.min(earlier(now, settings.storage_timeout.saturating_mul(2)));
        // Recordings whose reading was interrupted are taken up.
        self.inner.readings.wake();
        let mut swept = Swept::default();
        let mut tx = self.inner.catalog.begin().await?;
        // After the transaction began: a ticket is held before its row is read.
        let in_use = self.inner.tickets.ids();
        swept.assets = catalog::delete_expired_assets(&mut tx, now).await?;
        swept.tickets = catalog::delete_expired_tickets(&mut tx, now, &in_use).await?;
        swept.sessions = catalog::delete_expired_sessions(&mut tx, now).await?;
        tx.commit().await?;
        self.doom_unnamed(now, intended).await?;
        swept.blobs = self.remove_doomed(now, before).await?;
        swept.renditions = self.trim_renditions().await?;
        Ok(swept)
    }

    /// Marks live rows that nothing names, and intents of `intended` or earlier. Found by reading, so
    /// that looking through many rows makes no writer wait.
    async fn doom_unnamed(&self, now: Timestamp, intended: Timestamp) -> Result<()> {
        loop {
            let found = self.inner.catalog.unnamed_blobs(intended, DOOMED_AT_ONCE).await?;
            let mut doomed = 0;
            let mut tx = self.inner.catalog.begin().await?;
            for id in &found {
                doomed += u64::from(catalog::doom_blob(&mut tx, id, intended, now).await?);
            }
            tx.commit().await?;
            if (found.len() as u64) < DOOMED_AT_ONCE || doomed == 0 {
                return Ok(());
            }
        }
    }

    /// The bytes go first: a row without bytes is swept again, bytes without a row never would be.
    async fn remove_doomed(&self, now: Timestamp, before: Timestamp) -> Result<u64> {
        let mut removed = 0;
        for id in self.inner.catalog.doomed_blobs(before).await? {
            if self.inner.catalog.removal_is_held(now).await? {
                tracing::debug!("a backup is being made: removing is left to a later sweep");
                break;
            }
            self.inner.blobs.delete(&id).await?;
            let mut tx = self.inner.catalog.begin().await?;
            removed += u64::from(catalog::delete_blob(&mut tx, &id).await?);
            tx.commit().await?;
        }
        Ok(removed)
    }
}

fn earlier(time: Timestamp, by: Duration) -> Timestamp {
    let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
    super::clock::from_millis(time.as_millisecond().saturating_sub(by).max(0))
}
