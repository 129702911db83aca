//! Which bytes are stored where, and which of them nothing names any more.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Catalog, Columns, Result, Tx, signed};

/// Stored bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlobRecord {
    /// Where they lie.
    pub(crate) id: String,
    /// BLAKE3, in hexadecimal.
    pub(crate) digest: String,
    pub(crate) bytes: u64,
}

fn of_row(row: &SqliteRow) -> Result<BlobRecord> {
    Ok(BlobRecord {
        id: row.try_get("id")?,
        digest: row.try_get("digest")?,
        bytes: row.unsigned("bytes")?,
    })
}

/// The condition under which nothing names a row of `blobs`.
macro_rules! unnamed {
    ($head:literal, $tail:literal) => {
        concat!(
            $head,
            " NOT EXISTS (SELECT 1 FROM assets WHERE assets.blob = blobs.id)
              AND NOT EXISTS (SELECT 1 FROM tracks WHERE tracks.audio = blobs.id) ",
            $tail
        )
    };
}

impl Catalog {
    /// Bytes of this digest that are stored and may be named once more.
    pub(crate) async fn blob_of(&self, digest: &str) -> Result<Option<BlobRecord>> {
        let row = sqlx::query("SELECT * FROM blobs WHERE digest = ? AND doomed_at IS NULL LIMIT 1")
            .bind(digest)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(of_row).transpose()
    }

    /// Whether a row names this place.
    pub(crate) async fn has_blob(&self, id: &str) -> Result<bool> {
        let found = sqlx::query("SELECT 1 FROM blobs WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.readers)
            .await?;
        Ok(found.is_some())
    }

    /// Rows that were doomed at `before` or earlier and that nothing names.
    pub(crate) async fn doomed_blobs(&self, before: Timestamp) -> Result<Vec<String>> {
        let rows = sqlx::query_scalar(unnamed!(
            "SELECT id FROM blobs WHERE doomed_at <= ? AND",
            "ORDER BY id"
        ))
        .bind(before.as_millisecond())
        .fetch_all(&self.readers)
        .await?;
        Ok(rows)
    }

    /// Paths in the blob store that were seen without a row at `before` or earlier.
    pub(crate) async fn orphans(&self, before: Timestamp) -> Result<Vec<String>> {
        let paths = sqlx::query_scalar("SELECT path FROM orphans WHERE seen_at <= ? ORDER BY path")
            .bind(before.as_millisecond())
            .fetch_all(&self.readers)
            .await?;
        Ok(paths)
    }
}

/// Bytes of this digest that are stored and may be named once more, as this transaction sees them.
pub(crate) async fn live_blob(tx: &mut Tx, digest: &str) -> Result<Option<BlobRecord>> {
    let row = sqlx::query("SELECT * FROM blobs WHERE digest = ? AND doomed_at IS NULL LIMIT 1")
        .bind(digest)
        .fetch_optional(&mut **tx)
        .await?;
    row.as_ref().map(of_row).transpose()
}

/// The row for bytes that are stored at `new.id`: an older one of the same digest where there is one,
/// so that equal bytes share it.
pub(crate) async fn settle_blob(
    tx: &mut Tx,
    new: BlobRecord,
    now: Timestamp,
) -> Result<BlobRecord> {
    if let Some(shared) = live_blob(tx, &new.digest).await? {
        return Ok(shared);
    }
    sqlx::query("INSERT INTO blobs (id, digest, bytes, created_at) VALUES (?, ?, ?, ?)")
        .bind(&new.id)
        .bind(&new.digest)
        .bind(signed(new.bytes))
        .bind(now.as_millisecond())
        .execute(&mut **tx)
        .await?;
    Ok(new)
}

/// Marks what nothing names: from now on nothing can.
pub(crate) async fn doom_blobs(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    let done =
        sqlx::query(unnamed!("UPDATE blobs SET doomed_at = ? WHERE doomed_at IS NULL AND", ""))
            .bind(now.as_millisecond())
            .execute(&mut **tx)
            .await?;
    Ok(done.rows_affected())
}

/// Forgets a doomed row; the bytes may go afterwards.
pub(crate) async fn delete_blob(tx: &mut Tx, id: &str) -> Result<bool> {
    let done =
        sqlx::query(unnamed!("DELETE FROM blobs WHERE id = ? AND doomed_at IS NOT NULL AND", ""))
            .bind(id)
            .execute(&mut **tx)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Remembers that a path was seen without a row.
pub(crate) async fn note_orphan(tx: &mut Tx, path: &str, now: Timestamp) -> Result<()> {
    sqlx::query("INSERT INTO orphans (path, seen_at) VALUES (?, ?) ON CONFLICT DO NOTHING")
        .bind(path)
        .bind(now.as_millisecond())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Forgets a path that is gone, or named after all.
pub(crate) async fn forget_orphan(tx: &mut Tx, path: &str) -> Result<()> {
    sqlx::query("DELETE FROM orphans WHERE path = ?").bind(path).execute(&mut **tx).await?;
    Ok(())
}
