//! Upload sessions.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{Catalog, Columns, Result, Tx, to_json, unreadable};
use crate::service::model::UploadSession;

fn of_row(row: &SqliteRow) -> Result<UploadSession> {
    Ok(UploadSession {
        id: row.uuid("id")?,
        tenant: row.try_get("tenant")?,
        collection: row.uuid("collection")?,
        creator: row.uuid_or_none("creator")?,
        organization_index: row.try_get("organization_index")?,
        metadata: row.json("metadata")?.ok_or_else(|| unreadable("metadata"))?,
        expires_at: row.time("expires_at")?,
        api_key: row.try_get("api_key")?,
    })
}

impl Catalog {
    /// A session that is not over.
    pub(crate) async fn session(&self, id: Uuid, now: Timestamp) -> Result<Option<UploadSession>> {
        let row = sqlx::query("SELECT * FROM sessions WHERE id = ? AND expires_at > ?")
            .bind(id.to_string())
            .bind(now.as_millisecond())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(of_row).transpose()
    }
}

pub(crate) async fn put_session(tx: &mut Tx, session: &UploadSession) -> Result<()> {
    sqlx::query(
        "INSERT INTO sessions (id, tenant, collection, creator, organization_index, metadata,
             expires_at, api_key) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(session.id.to_string())
    .bind(&session.tenant)
    .bind(session.collection.to_string())
    .bind(session.creator.map(|id| id.to_string()))
    .bind(&session.organization_index)
    .bind(to_json(&session.metadata)?)
    .bind(session.expires_at.as_millisecond())
    .bind(&session.api_key)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How many sessions of a key are not over, and when the first of them will be.
pub(crate) async fn sessions_of_key(
    tx: &mut Tx,
    key: &str,
    now: Timestamp,
) -> Result<(u64, Option<Timestamp>)> {
    let row = sqlx::query(
        "SELECT count(*) AS living, min(expires_at) AS first FROM sessions
         WHERE api_key = ? AND expires_at > ?",
    )
    .bind(key)
    .bind(now.as_millisecond())
    .fetch_one(&mut **tx)
    .await?;
    Ok((row.unsigned("living")?, row.time_or_none("first")?))
}

/// Forgets the sessions that are over; how many there were.
pub(crate) async fn delete_expired_sessions(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    let done = sqlx::query("DELETE FROM sessions WHERE expires_at <= ?")
        .bind(now.as_millisecond())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected())
}
