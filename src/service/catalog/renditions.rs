//! Which renditions lie on disk, and which of them was used last.

use jiff::Timestamp;
use sqlx::Row;

use super::{Catalog, Columns, Result, signed};

impl Catalog {
    /// The media type of a stored rendition, which counts as used now.
    pub(crate) async fn use_rendition(&self, etag: &str, now: Timestamp) -> Result<Option<String>> {
        let media_type = sqlx::query_scalar(
            "UPDATE renditions SET used_at = ? WHERE etag = ? RETURNING media_type",
        )
        .bind(now.as_millisecond())
        .bind(etag)
        .fetch_optional(&self.writer)
        .await?;
        Ok(media_type)
    }

    /// Remembers a rendition whose bytes are stored.
    pub(crate) async fn put_rendition(
        &self,
        etag: &str,
        media_type: &str,
        bytes: u64,
        now: Timestamp,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO renditions (etag, media_type, bytes, used_at) VALUES (?, ?, ?, ?)
             ON CONFLICT (etag) DO UPDATE SET used_at = excluded.used_at",
        )
        .bind(etag)
        .bind(media_type)
        .bind(signed(bytes))
        .bind(now.as_millisecond())
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Forgets a rendition; its bytes may go afterwards.
    pub(crate) async fn delete_rendition(&self, etag: &str) -> Result<()> {
        sqlx::query("DELETE FROM renditions WHERE etag = ?")
            .bind(etag)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// The renditions to give up so that at most `cap` bytes stay, the least recently used first.
    pub(crate) async fn surplus_renditions(&self, cap: u64) -> Result<Vec<String>> {
        let total: i64 = sqlx::query_scalar("SELECT coalesce(sum(bytes), 0) FROM renditions")
            .fetch_one(&self.readers)
            .await?;
        let mut over = total - signed(cap);
        let mut surplus = Vec::new();
        if over <= 0 {
            return Ok(surplus);
        }
        let rows = sqlx::query("SELECT etag, bytes FROM renditions ORDER BY used_at, etag")
            .fetch_all(&self.readers)
            .await?;
        for row in rows {
            if over <= 0 {
                break;
            }
            over -= signed(row.unsigned("bytes")?);
            surplus.push(row.try_get("etag")?);
        }
        Ok(surplus)
    }

    /// Every stored rendition.
    pub(crate) async fn rendition_etags(&self) -> Result<Vec<String>> {
        Ok(sqlx::query_scalar("SELECT etag FROM renditions").fetch_all(&self.readers).await?)
    }
}
