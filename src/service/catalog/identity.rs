//! The identity of the store, kept among the settings.

use super::{Catalog, Result, signed};

/// Its name among the settings.
const STORE_ID: &str = "store id";

impl Catalog {
    /// The identity, also of a database that was never brought up to date.
    pub(crate) async fn store_id(&self) -> Result<Option<String>> {
        if !self.has_table("settings").await? {
            return Ok(None);
        }
        let value: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT value FROM settings WHERE name = $1")
                .bind(STORE_ID)
                .fetch_optional(&self.readers)
                .await?;
        Ok(value.map(|value| String::from_utf8_lossy(&value).into_owned()))
    }

    /// The identity, which becomes `id` when there is none.
    pub(crate) async fn keep_store_id(&self, id: &str) -> Result<String> {
        let kept = self.setting(STORE_ID, id.as_bytes().to_vec()).await?;
        Ok(String::from_utf8_lossy(&kept).into_owned())
    }

    /// Gives the store another identity.
    pub(crate) async fn replace_store_id(&self, id: &str) -> Result<()> {
        sqlx::query(
            "INSERT INTO settings (name, value) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(STORE_ID)
        .bind(id.as_bytes())
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Places of up to `count` blobs from either end of their names, which their digests begin; also
    /// of a database that was never brought up to date.
    pub(crate) async fn some_blobs(&self, count: u64) -> Result<Vec<String>> {
        if !self.has_table("blobs").await? {
            return Ok(Vec::new());
        }
        let mut ids: Vec<String> = Vec::new();
        for query in [
            "SELECT id FROM blobs WHERE doomed_at IS NULL ORDER BY id LIMIT $1",
            "SELECT id FROM blobs WHERE doomed_at IS NULL ORDER BY id DESC LIMIT $1",
        ] {
            let some: Vec<String> =
                sqlx::query_scalar(query).bind(signed(count)).fetch_all(&self.readers).await?;
            ids.extend(some);
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    pub(super) async fn has_table(&self, name: &str) -> Result<bool> {
        let found = sqlx::query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1")
            .bind(name)
            .fetch_optional(&self.readers)
            .await?;
        Ok(found.is_some())
    }
}
