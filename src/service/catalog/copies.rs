//! What backups and checks read: copies of the database, and its blobs one range after the other.

use std::path::Path;
use std::time::Duration;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::blobs::{BlobRecord, of_row};
use super::{Catalog, Changes, Result, options, pool, signed};
use crate::service::error::ServiceError;

/// A row of `blobs` and what it is for.
#[derive(Debug, Clone)]
pub(crate) struct BlobRow {
    pub(crate) blob: BlobRecord,
    pub(crate) state: BlobState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlobState {
    /// Its bytes may be on their way in.
    Intended,
    /// A record names it.
    Named,
    /// Nothing names it yet, or any more.
    Unnamed,
    /// Its bytes are to be removed.
    Doomed,
}

/// The condition under which a record names a row of `blobs`.
macro_rules! named {
    ($head:literal, $tail:literal) => {
        concat!(
            $head,
            " (EXISTS (SELECT 1 FROM assets WHERE assets.blob = blobs.id)
              OR EXISTS (SELECT 1 FROM tracks WHERE tracks.audio = blobs.id)) ",
            $tail
        )
    };
}

impl Catalog {
    /// Connects to a database without changing it.
    pub(crate) async fn read_only(file: &Path, timeout: Duration) -> Result<Self> {
        let options = options(timeout).filename(file).read_only(true);
        let readers = pool(1, timeout).connect_with(options).await?;
        Ok(Self { writer: readers.clone(), readers, keeper: None, changes: Changes::default() })
    }

    /// Whether this version has brought the database up to date.
    pub(crate) async fn is_current(&self) -> Result<bool> {
        self.has_table("leases").await
    }

    /// Writes a copy of the database, as it is at one moment, to an empty file. Whoever writes is not
    /// held up.
    pub(crate) async fn copy_to(&self, file: &Path) -> Result<()> {
        let name = file.to_str().ok_or_else(|| {
            ServiceError::storage("the database", "the name of the copy must be UTF-8")
        })?;
        sqlx::query("VACUUM INTO $1").bind(name).execute(&self.readers).await?;
        Ok(())
    }

    /// Whether a record names this place.
    pub(crate) async fn is_named(&self, id: &str) -> Result<bool> {
        let found = sqlx::query(named!("SELECT 1 FROM blobs WHERE id = $1 AND", ""))
            .bind(id)
            .fetch_optional(&self.readers)
            .await?;
        Ok(found.is_some())
    }

    /// Up to `limit` blobs that records name, in the order of their ids, after this one.
    pub(crate) async fn named_blobs(&self, after: &str, limit: u64) -> Result<Vec<BlobRecord>> {
        let rows = sqlx::query(named!(
            "SELECT id, digest, bytes FROM blobs WHERE id > $1 AND",
            "ORDER BY id LIMIT $2"
        ))
        .bind(after)
        .bind(signed(limit))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(of_row).collect()
    }

    /// All rows whose ids begin with `prefix`, which is ASCII.
    pub(crate) async fn blobs_in(&self, prefix: &str) -> Result<Vec<BlobRow>> {
        let rows = sqlx::query(named!(
            "SELECT id, digest, bytes, CASE WHEN doomed_at IS NOT NULL THEN 'doomed'
             WHEN intended_at IS NOT NULL THEN 'intended' WHEN",
            "THEN 'named' ELSE 'unnamed' END AS state FROM blobs WHERE id >= $1 AND id < $2 ORDER BY id"
        ))
        .bind(prefix)
        .bind(format!("{prefix}~"))
        .fetch_all(&self.readers)
        .await?;
        let row = |row: &SqliteRow| {
            let state = match row.try_get("state")? {
                "doomed" => BlobState::Doomed,
                "intended" => BlobState::Intended,
                "named" => BlobState::Named,
                _ => BlobState::Unnamed,
            };
            Ok(BlobRow { blob: of_row(row)?, state })
        };
        rows.iter().map(row).collect()
    }

    /// The assets and the tracks that name this place.
    pub(crate) async fn who_names(&self, id: &str) -> Result<(Vec<String>, Vec<String>)> {
        let mut named = (Vec::new(), Vec::new());
        for (query, ids) in [
            ("SELECT id FROM assets WHERE blob = $1 ORDER BY id", &mut named.0),
            ("SELECT id FROM tracks WHERE audio = $1 ORDER BY id", &mut named.1),
        ] {
            *ids = sqlx::query_scalar(query).bind(id).fetch_all(&self.readers).await?;
        }
        Ok(named)
    }
}
