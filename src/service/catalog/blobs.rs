//! Which bytes are stored where, which are on their way in, and which nothing names any more.
//!
//! A row is intended before its bytes are written, live once a record names it, and doomed when
//! nothing does. Bytes of a doomed row are removed before the row is, so that an interruption leaves
//! something to repeat and never bytes that no row knows.

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

pub(super) fn of_row(row: &SqliteRow) -> Result<BlobRecord> {
    Ok(BlobRecord {
        id: row.try_get("id")?,
        digest: row.try_get("digest")?,
        bytes: row.unsigned("bytes")?,
    })
}

/// The live row of a digest; its bytes may be named once more.
const LIVE: &str = "SELECT id, digest, bytes FROM blobs
     WHERE digest = $1 AND doomed_at IS NULL AND intended_at IS NULL ORDER BY id LIMIT 1";

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
        let row = sqlx::query(LIVE).bind(digest).fetch_optional(&self.readers).await?;
        row.as_ref().map(of_row).transpose()
    }

    /// The row of this place, whatever its state.
    pub(crate) async fn blob(&self, id: &str) -> Result<Option<BlobRecord>> {
        let row = sqlx::query("SELECT id, digest, bytes FROM blobs WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(of_row).transpose()
    }

    /// Rows that were doomed at `before` or earlier and that nothing names.
    pub(crate) async fn doomed_blobs(&self, before: Timestamp) -> Result<Vec<String>> {
        let rows = sqlx::query_scalar(unnamed!(
            "SELECT id FROM blobs WHERE doomed_at <= $1 AND",
            "ORDER BY id"
        ))
        .bind(before.as_millisecond())
        .fetch_all(&self.readers)
        .await?;
        Ok(rows)
    }

    /// Up to `limit` rows that are to be doomed: live ones that nothing names, and those intended at
    /// `before` or earlier.
    pub(crate) async fn unnamed_blobs(&self, before: Timestamp, limit: u64) -> Result<Vec<String>> {
        let rows = sqlx::query_scalar(unnamed!(
            "SELECT id FROM blobs WHERE doomed_at IS NULL
             AND (intended_at IS NULL OR intended_at <= $1) AND",
            "LIMIT $2"
        ))
        .bind(before.as_millisecond())
        .bind(signed(limit))
        .fetch_all(&self.readers)
        .await?;
        Ok(rows)
    }
}

/// Bytes of this digest that are stored and may be named once more, as this transaction sees them.
pub(crate) async fn live_blob(tx: &mut Tx, digest: &str) -> Result<Option<BlobRecord>> {
    let row = sqlx::query(LIVE).bind(digest).fetch_optional(&mut **tx).await?;
    row.as_ref().map(of_row).transpose()
}

/// Notes where bytes are about to be written.
pub(crate) async fn intend_blob(tx: &mut Tx, new: &BlobRecord, now: Timestamp) -> Result<()> {
    sqlx::query(
        "INSERT INTO blobs (id, digest, bytes, created_at, intended_at)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(&new.id)
    .bind(&new.digest)
    .bind(signed(new.bytes))
    .bind(now.as_millisecond())
    .bind(now.as_millisecond())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes an intended row live, in the transaction that names it. False when a sweep has given it up.
pub(crate) async fn make_blob_live(tx: &mut Tx, id: &str) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE blobs SET intended_at = NULL
         WHERE id = $1 AND intended_at IS NOT NULL AND doomed_at IS NULL",
    )
    .bind(id)
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets an intended row whose bytes were not written, or are removed again.
pub(crate) async fn forget_intent(tx: &mut Tx, id: &str) -> Result<()> {
    sqlx::query(unnamed!("DELETE FROM blobs WHERE id = $1 AND intended_at IS NOT NULL AND", ""))
        .bind(id)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Marks a row that nothing names: from now on nothing can. False when something does, or it was
/// intended after `before`.
pub(crate) async fn doom_blob(
    tx: &mut Tx,
    id: &str,
    before: Timestamp,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(unnamed!(
        "UPDATE blobs SET doomed_at = $1 WHERE id = $2 AND doomed_at IS NULL
         AND (intended_at IS NULL OR intended_at <= $3) AND",
        ""
    ))
    .bind(now.as_millisecond())
    .bind(id)
    .bind(before.as_millisecond())
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets a doomed row, after its bytes are gone.
pub(crate) async fn delete_blob(tx: &mut Tx, id: &str) -> Result<bool> {
    let done =
        sqlx::query(unnamed!("DELETE FROM blobs WHERE id = $1 AND doomed_at IS NOT NULL AND", ""))
            .bind(id)
            .execute(&mut **tx)
            .await?;
    Ok(done.rows_affected() == 1)
}
