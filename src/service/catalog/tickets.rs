//! Tickets: one upload each.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{Catalog, Columns, Result, Tx, unreadable};
use crate::service::model::TicketFor;

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
    })
}

impl Catalog {
    /// A ticket that is not over, used or not.
    pub(crate) async fn ticket(&self, id: &str, now: Timestamp) -> Result<Option<TicketRecord>> {
        let row = sqlx::query("SELECT * FROM tickets WHERE id = ? AND expires_at > ?")
            .bind(id)
            .bind(now.as_millisecond())
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
            "INSERT INTO tickets (id, purpose, target, tenant, expires_at) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(&ticket.id)
        .bind(purpose)
        .bind(target.to_string())
        .bind(&ticket.tenant)
        .bind(ticket.expires_at.as_millisecond())
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

/// Forgets the tickets that are over; how many there were.
pub(crate) async fn delete_expired_tickets(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    let done = sqlx::query("DELETE FROM tickets WHERE expires_at <= ?")
        .bind(now.as_millisecond())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected())
}
