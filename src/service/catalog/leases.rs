//! What holds off the removal of bytes for a while, also from another process.

use jiff::Timestamp;

use super::{Catalog, Result};

impl Catalog {
    /// Takes a lease, or prolongs it.
    pub(crate) async fn put_lease(&self, id: &str, purpose: &str, until: Timestamp) -> Result<()> {
        sqlx::query(
            "INSERT INTO leases (id, purpose, expires_at) VALUES ($1, $2, $3)
             ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at",
        )
        .bind(id)
        .bind(purpose)
        .bind(until.as_millisecond())
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Gives a lease back.
    pub(crate) async fn end_lease(&self, id: &str) -> Result<()> {
        sqlx::query("DELETE FROM leases WHERE id = $1").bind(id).execute(&self.writer).await?;
        Ok(())
    }

    /// Whether somebody still needs bytes that nothing names.
    pub(crate) async fn removal_is_held(&self, now: Timestamp) -> Result<bool> {
        let held = sqlx::query("SELECT 1 FROM leases WHERE expires_at > $1 LIMIT 1")
            .bind(now.as_millisecond())
            .fetch_optional(&self.readers)
            .await?;
        Ok(held.is_some())
    }
}
