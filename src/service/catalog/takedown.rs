//! Pictures that are covers, and are taken down.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{Columns, Result, Tx};

/// Leaves the collections and tracks that have this cover without one. Gives the collections whose
/// colours are to be mixed anew: those of the tracks.
pub(crate) async fn clear_cover(tx: &mut Tx, cover: Uuid, now: Timestamp) -> Result<Vec<Uuid>> {
    let cover = cover.to_string();
    let rows = sqlx::query("SELECT DISTINCT collection FROM tracks WHERE cover = ?")
        .bind(&cover)
        .fetch_all(&mut **tx)
        .await?;
    for clear in [
        "UPDATE collections SET cover = NULL, updated_at = max(?, updated_at + 1) WHERE cover = ?",
        "UPDATE tracks SET cover = NULL, updated_at = max(?, updated_at + 1) WHERE cover = ?",
    ] {
        sqlx::query(clear).bind(now.as_millisecond()).bind(&cover).execute(&mut **tx).await?;
    }
    rows.iter().map(|row: &SqliteRow| row.uuid("collection")).collect()
}
