//! Transactions that may write.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use sqlx::{Sqlite, SqliteConnection, Transaction};

use super::Result;
use crate::service::error::ServiceError;

/// Counts the transactions that changed stored pictures.
///
/// Who keeps a record in memory reads the count before the record: the record holds for as long as
/// the count stays what it was.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    pictures: Arc<AtomicU64>,
    last_commit: Arc<Mutex<Option<Instant>>>,
    /// Rows written by this process whose order within a millisecond matters.
    rows: Arc<AtomicI64>,
}

impl Changes {
    pub(crate) fn count(&self) -> u64 {
        self.pictures.load(Ordering::SeqCst)
    }

    /// When a transaction of any kind was last committed.
    pub(crate) fn last_commit(&self) -> Option<Instant> {
        *self.last_commit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn committed(&self) {
        let mut last = self.last_commit.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some(Instant::now());
    }
}

/// A transaction that may write; it is undone when dropped.
#[derive(Debug)]
pub(crate) struct Tx {
    inner: Transaction<'static, Sqlite>,
    changes: Changes,
    changed: bool,
}

impl Tx {
    pub(super) fn new(inner: Transaction<'static, Sqlite>, changes: Changes) -> Self {
        Self { inner, changes, changed: false }
    }

    /// Notes that a picture's record was changed or deleted. A new record is no change: nobody has
    /// an older one of it.
    pub(super) fn changes_an_asset(&mut self) {
        self.changed = true;
    }

    /// A number above those of earlier rows: writers of one process take turns.
    pub(super) fn next_seq(&self) -> i64 {
        self.changes.rows.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    pub(crate) async fn commit(self) -> Result<()> {
        let Self { inner, changes, changed } = self;
        if !changed {
            inner.commit().await?;
            changes.committed();
            return Ok(());
        }
        // In a task of its own: were the caller dropped between the two steps, as happens when a
        // client hangs up, a change would never be counted.
        let counted = tokio::spawn(async move {
            let done = inner.commit().await;
            changes.pictures.fetch_add(1, Ordering::SeqCst);
            if done.is_ok() {
                changes.committed();
            }
            done
        });
        Ok(counted.await.map_err(|error| ServiceError::Internal(error.to_string()))??)
    }

    pub(crate) async fn rollback(self) -> Result<()> {
        Ok(self.inner.rollback().await?)
    }
}

impl Deref for Tx {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.inner
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.inner
    }
}
