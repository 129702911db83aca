//! API keys.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Catalog, Columns, Result, to_json, unreadable};
use crate::service::model::ApiKey;

/// A key and what tells whether a secret is its own.
#[derive(Debug, Clone)]
pub(crate) struct KeyRecord {
    pub(crate) key: ApiKey,
    pub(crate) salt: Vec<u8>,
    pub(crate) secret: Vec<u8>,
}

fn of_row(row: &SqliteRow) -> Result<KeyRecord> {
    let key = ApiKey {
        id: row.try_get("id")?,
        roles: row.json("roles")?.ok_or_else(|| unreadable("roles"))?,
        tenants: row.json("tenants")?,
        collection: row.uuid_or_none("collection")?,
        created_at: row.time("created_at")?,
        revoked_at: row.time_or_none("revoked_at")?,
    };
    Ok(KeyRecord { key, salt: row.try_get("salt")?, secret: row.try_get("secret")? })
}

impl Catalog {
    pub(crate) async fn key(&self, id: &str) -> Result<Option<KeyRecord>> {
        let row = sqlx::query("SELECT * FROM keys WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(of_row).transpose()
    }

    pub(crate) async fn keys(&self) -> Result<Vec<ApiKey>> {
        let rows = sqlx::query("SELECT * FROM keys ORDER BY created_at, id")
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| of_row(row).map(|record| record.key)).collect()
    }

    /// Writes a key, in place of the one that has its id.
    pub(crate) async fn put_key(&self, record: &KeyRecord) -> Result<()> {
        let key = &record.key;
        sqlx::query(
            "INSERT INTO keys (id, secret, salt, roles, tenants, collection, created_at)
             VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET secret = excluded.secret,
             salt = excluded.salt, roles = excluded.roles, tenants = excluded.tenants,
             collection = excluded.collection, created_at = excluded.created_at,
             revoked_at = NULL",
        )
        .bind(&key.id)
        .bind(&record.secret)
        .bind(&record.salt)
        .bind(to_json(&key.roles)?)
        .bind(key.tenants.as_ref().map(to_json).transpose()?)
        .bind(key.collection.map(|id| id.to_string()))
        .bind(key.created_at.as_millisecond())
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Ends a key; whether there is one.
    pub(crate) async fn revoke_key(&self, id: &str, now: Timestamp) -> Result<bool> {
        let done = sqlx::query("UPDATE keys SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?")
            .bind(now.as_millisecond())
            .bind(id)
            .execute(&self.writer)
            .await?;
        Ok(done.rows_affected() == 1)
    }
}
