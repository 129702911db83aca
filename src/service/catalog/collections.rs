//! Collections.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{Catalog, Columns, Result, Tx, signed, to_json, unreadable};
use crate::service::model::{Collection, Theme};

/// A collection, and the colours that come from its tracks.
#[derive(Debug, Clone)]
pub(crate) struct CollectionRecord {
    /// Its theme is its cover's.
    pub(crate) collection: Collection,
    pub(crate) tracks_theme: Option<Theme>,
}

impl CollectionRecord {
    /// As it is to be shown: without a cover its tracks give the colours.
    pub(crate) fn shown(self) -> Collection {
        let Self { mut collection, tracks_theme } = self;
        collection.theme = collection.theme.or(tracks_theme);
        collection
    }
}

macro_rules! read {
    ($rest:literal) => {
        concat!(
            "SELECT collections.*, assets.theme FROM collections ",
            "LEFT JOIN assets ON assets.id = collections.cover ",
            $rest
        )
    };
}

fn of_row(row: &SqliteRow) -> Result<CollectionRecord> {
    let collection = Collection {
        id: row.uuid("id")?,
        tenant: row.try_get("tenant")?,
        title: row.try_get("title")?,
        organization_index: row.try_get("organization_index")?,
        metadata: row.json("metadata")?.ok_or_else(|| unreadable("metadata"))?,
        player_subtitle: row.try_get("player_subtitle")?,
        is_cover_overridable: row.try_get("is_cover_overridable")?,
        is_theme_overridable: row.try_get("is_theme_overridable")?,
        cover: row.uuid_or_none("cover")?,
        theme: row.json("theme")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    };
    Ok(CollectionRecord { collection, tracks_theme: row.json("tracks_theme")? })
}

impl Catalog {
    pub(crate) async fn collection(&self, id: Uuid) -> Result<Option<CollectionRecord>> {
        let row = sqlx::query(read!("WHERE collections.id = ?"))
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(of_row).transpose()
    }

    /// A page of a tenant's collections, the newest first.
    pub(crate) async fn collections(
        &self,
        tenant: &str,
        skip: u64,
        count: u64,
    ) -> Result<Vec<CollectionRecord>> {
        let rows = sqlx::query(read!(
            "WHERE collections.id IN (SELECT id FROM collections WHERE tenant = ?
             ORDER BY created_at DESC, seq DESC, id DESC LIMIT ? OFFSET ?)
             ORDER BY collections.created_at DESC, collections.seq DESC, collections.id DESC"
        ))
        .bind(tenant)
        .bind(signed(count))
        .bind(signed(skip))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(of_row).collect()
    }

    /// The covers of a collection's first tracks, in their order.
    pub(crate) async fn track_covers(&self, collection: Uuid, count: u64) -> Result<Vec<Uuid>> {
        let rows = sqlx::query(
            "SELECT cover FROM tracks WHERE collection = ? AND cover IS NOT NULL
             ORDER BY position, id LIMIT ?",
        )
        .bind(collection.to_string())
        .bind(signed(count))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|row| row.uuid("cover")).collect()
    }

    /// Sets the colours that come from a collection's tracks.
    pub(crate) async fn set_tracks_theme(
        &self,
        collection: Uuid,
        theme: Option<&Theme>,
    ) -> Result<()> {
        sqlx::query("UPDATE collections SET tracks_theme = ? WHERE id = ?")
            .bind(theme.map(to_json).transpose()?)
            .bind(collection.to_string())
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}

/// The collection as this transaction sees it.
pub(crate) async fn collection_in(tx: &mut Tx, id: Uuid) -> Result<Option<CollectionRecord>> {
    let row = sqlx::query(read!("WHERE collections.id = ?"))
        .bind(id.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    row.as_ref().map(of_row).transpose()
}

/// Writes a collection, in place of the one that has its id.
pub(crate) async fn put_collection(tx: &mut Tx, collection: &Collection) -> Result<()> {
    sqlx::query(
        "INSERT INTO collections (id, tenant, title, organization_index, metadata, player_subtitle,
         is_cover_overridable, is_theme_overridable, cover, created_at, updated_at,
         seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
         title = excluded.title, organization_index = excluded.organization_index,
         metadata = excluded.metadata, player_subtitle = excluded.player_subtitle,
         is_cover_overridable = excluded.is_cover_overridable,
         is_theme_overridable = excluded.is_theme_overridable, cover = excluded.cover,
         updated_at = excluded.updated_at",
    )
    .bind(collection.id.to_string())
    .bind(&collection.tenant)
    .bind(&collection.title)
    .bind(&collection.organization_index)
    .bind(to_json(&collection.metadata)?)
    .bind(&collection.player_subtitle)
    .bind(collection.is_cover_overridable)
    .bind(collection.is_theme_overridable)
    .bind(collection.cover.map(|id| id.to_string()))
    .bind(collection.created_at.as_millisecond())
    .bind(collection.updated_at.as_millisecond())
    .bind(tx.next_seq())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes this asset the collection's cover; its former one, if it had another.
pub(crate) async fn set_collection_cover(
    tx: &mut Tx,
    id: Uuid,
    cover: Uuid,
    now: Timestamp,
) -> Result<Option<Uuid>> {
    let former: Option<Option<String>> =
        sqlx::query_scalar("SELECT cover FROM collections WHERE id = ?")
            .bind(id.to_string())
            .fetch_optional(&mut **tx)
            .await?;
    sqlx::query(
        "UPDATE collections SET cover = ?1, updated_at = max(?2, updated_at + 1) WHERE id = ?3",
    )
    .bind(cover.to_string())
    .bind(now.as_millisecond())
    .bind(id.to_string())
    .execute(&mut **tx)
    .await?;
    former.flatten().map(|id| Uuid::parse_str(&id).map_err(|_| unreadable("cover"))).transpose()
}

/// Forgets a collection with its tracks, sessions and covers; whether there was one.
pub(crate) async fn delete_collection(tx: &mut Tx, id: Uuid) -> Result<bool> {
    tx.changes_an_asset();
    let id = id.to_string();
    sqlx::query(
        "DELETE FROM assets WHERE id IN (SELECT cover FROM collections WHERE id = ?1
         UNION ALL SELECT cover FROM tracks WHERE collection = ?1)",
    )
    .bind(&id)
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "DELETE FROM tickets WHERE target = ?1
         OR target IN (SELECT id FROM tracks WHERE collection = ?1)",
    )
    .bind(&id)
    .execute(&mut **tx)
    .await?;
    let done =
        sqlx::query("DELETE FROM collections WHERE id = ?").bind(&id).execute(&mut **tx).await?;
    Ok(done.rows_affected() == 1)
}
