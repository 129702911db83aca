//! Tickets: one upload each.

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row};
use uuid::Uuid;

use super::{Catalog, Columns, Result, Tx, unreadable};
use crate::service::model::TicketFor;

/// Tickets in use beside which expired ones are removed.
const MAX_IN_USE: usize = 16_384;

/// A ticket, and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct TicketRecord {
    pub(crate) id: String,
    pub(crate) what: TicketFor,
    pub(crate) tenant: String,
    pub(crate) expires_at: Timestamp,
    /// Digest of the body that was accepted.
    pub(crate) accepted: Option<String>,
    /// The asset that it became.
    pub(crate) asset: Option<Uuid>,
    /// The API key that it was issued through.
    pub(crate) api_key: Option<String>,
}

fn of_row(row: &SqliteRow) -> Result<TicketRecord> {
    let target = row.uuid("target")?;
    let what = match row.try_get("purpose")? {
        "collection-cover" => TicketFor::CollectionCover(target),
        "track-cover" => TicketFor::TrackCover(target),
        "track-audio" => TicketFor::TrackAudio(target),
        _ => return Err(unreadable("purpose")),
    };
    Ok(TicketRecord {
        id: row.try_get("id")?,
        what,
        tenant: row.try_get("tenant")?,
        expires_at: row.time("expires_at")?,
        accepted: row.try_get("accepted")?,
        asset: row.uuid_or_none("asset")?,
        api_key: row.try_get("api_key")?,
    })
}

impl Catalog {
    /// A ticket, used or not, over or not.
    pub(crate) async fn ticket(&self, id: &str) -> Result<Option<TicketRecord>> {
        let row = sqlx::query("SELECT * FROM tickets WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(of_row).transpose()
    }

    pub(crate) async fn put_ticket(&self, ticket: &TicketRecord) -> Result<()> {
        let (purpose, target) = match ticket.what {
            TicketFor::CollectionCover(id) => ("collection-cover", id),
            TicketFor::TrackCover(id) => ("track-cover", id),
            TicketFor::TrackAudio(id) => ("track-audio", id),
        };
        sqlx::query(
            "INSERT INTO tickets (id, purpose, target, tenant, expires_at, api_key)
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(&ticket.id)
        .bind(purpose)
        .bind(target.to_string())
        .bind(&ticket.tenant)
        .bind(ticket.expires_at.as_millisecond())
        .bind(&ticket.api_key)
        .execute(&self.writer)
        .await?;
        Ok(())
    }
}

/// Spends a ticket on a body; false when another body was first.
pub(crate) async fn spend_ticket(
    tx: &mut Tx,
    id: &str,
    digest: &str,
    asset: Option<Uuid>,
) -> Result<bool> {
    let done =
        sqlx::query("UPDATE tickets SET accepted = ?, asset = ? WHERE id = ? AND accepted IS NULL")
            .bind(digest)
            .bind(asset.map(|id| id.to_string()))
            .bind(id)
            .execute(&mut **tx)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Lets the tickets for a track's audio be used again.
pub(crate) async fn reopen_audio_tickets(tx: &mut Tx, track: Uuid) -> Result<()> {
    sqlx::query("UPDATE tickets SET accepted = NULL WHERE target = ? AND purpose = 'track-audio'")
        .bind(track.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Forgets the tickets that are over, save those in use; how many there were.
pub(crate) async fn delete_expired_tickets(
    tx: &mut Tx,
    now: Timestamp,
    in_use: &[String],
) -> Result<u64> {
    let mut query = QueryBuilder::new("DELETE FROM tickets WHERE expires_at <= ");
    query.push_bind(now.as_millisecond());
    // No more than the database takes: then the rest waits for the next sweep.
    if in_use.len() > MAX_IN_USE {
        return Ok(0);
    }
    if !in_use.is_empty() {
        query.push(" AND id NOT IN (");
        let mut ids = query.separated(", ");
        for id in in_use {
            ids.push_bind(id.clone());
        }
        query.push(")");
    }
    Ok(query.build().execute(&mut **tx).await?.rows_affected())
}
