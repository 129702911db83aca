//! Tracks.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{Catalog, Columns, Result, Tx, signed, to_json, unreadable};
use crate::service::model::{Track, TrackStatus};

/// A track, whose cover and theme are its own, and what its collection says of them.
#[derive(Debug, Clone)]
pub(crate) struct TrackRecord {
    pub(crate) track: Track,
    /// Where its audio lies.
    pub(crate) audio: Option<String>,
}

macro_rules! read {
    ($rest:literal) => {
        concat!(
            "SELECT tracks.*, assets.theme FROM tracks ",
            "LEFT JOIN assets ON assets.id = tracks.cover ",
            $rest
        )
    };
}

fn of_row(row: &SqliteRow) -> Result<TrackRecord> {
    let status: &str = row.try_get("status")?;
    let track = Track {
        id: row.uuid("id")?,
        tenant: row.try_get("tenant")?,
        collection: row.uuid("collection")?,
        session: row.uuid_or_none("session")?,
        file_name: row.try_get("file_name")?,
        organization_index: row.try_get("organization_index")?,
        metadata: row.json("metadata")?.ok_or_else(|| unreadable("metadata"))?,
        order: u32::try_from(row.unsigned("position")?).map_err(|_| unreadable("position"))?,
        player_title: row.try_get("player_title")?,
        player_subtitle: row.try_get("player_subtitle")?,
        duration: row.try_get("duration")?,
        status: TrackStatus::ALL
            .into_iter()
            .find(|known| known.name() == status)
            .ok_or_else(|| unreadable("status"))?,
        cover: row.uuid_or_none("cover")?,
        theme: row.json("theme")?,
        created_at: row.time("created_at")?,
        status_message: row.try_get("status_message")?,
        updated_at: row.time("updated_at")?,
    };
    Ok(TrackRecord { track, audio: row.try_get("audio")? })
}

impl Catalog {
    pub(crate) async fn track(&self, id: Uuid) -> Result<Option<TrackRecord>> {
        let row = sqlx::query(read!("WHERE tracks.id = ?"))
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(of_row).transpose()
    }

    /// A page of a collection's tracks, in their order.
    pub(crate) async fn tracks(
        &self,
        collection: Uuid,
        skip: u64,
        count: u64,
    ) -> Result<Vec<TrackRecord>> {
        let rows = sqlx::query(read!(
            "WHERE tracks.id IN (SELECT id FROM tracks WHERE collection = ?
             ORDER BY position, id LIMIT ? OFFSET ?) ORDER BY tracks.position, tracks.id"
        ))
        .bind(collection.to_string())
        .bind(signed(count))
        .bind(signed(skip))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(of_row).collect()
    }
}

/// The track as this transaction sees it.
pub(crate) async fn track_in(tx: &mut Tx, id: Uuid) -> Result<Option<TrackRecord>> {
    let row = sqlx::query(read!("WHERE tracks.id = ?"))
        .bind(id.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    row.as_ref().map(of_row).transpose()
}

/// The place after a collection's last track.
pub(crate) async fn next_position(tx: &mut Tx, collection: Uuid) -> Result<u32> {
    let next: i64 = sqlx::query_scalar(
        "SELECT coalesce(max(position) + 1, 0) FROM tracks WHERE collection = ?",
    )
    .bind(collection.to_string())
    .fetch_one(&mut **tx)
    .await?;
    Ok(u32::try_from(next).unwrap_or(u32::MAX))
}

/// How many tracks were made in a session.
pub(crate) async fn tracks_of_session(tx: &mut Tx, session: Uuid) -> Result<u64> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM tracks WHERE session = ?")
        .bind(session.to_string())
        .fetch_one(&mut **tx)
        .await?;
    u64::try_from(count).map_err(|_| unreadable("count"))
}

/// Writes a track, in place of the one that has its id. Its cover is set by [`set_track_cover`].
pub(crate) async fn put_track(tx: &mut Tx, record: &TrackRecord) -> Result<()> {
    let TrackRecord { track, audio } = record;
    sqlx::query(
        "INSERT INTO tracks (id, tenant, collection, session, file_name, organization_index,
         metadata, position, player_title, player_subtitle, duration, status, status_message,
         audio, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET file_name = excluded.file_name,
         organization_index = excluded.organization_index, metadata = excluded.metadata,
         position = excluded.position, player_title = excluded.player_title,
         player_subtitle = excluded.player_subtitle, duration = excluded.duration,
         status = excluded.status, status_message = excluded.status_message,
         audio = excluded.audio, updated_at = excluded.updated_at",
    )
    .bind(track.id.to_string())
    .bind(&track.tenant)
    .bind(track.collection.to_string())
    .bind(track.session.map(|id| id.to_string()))
    .bind(&track.file_name)
    .bind(&track.organization_index)
    .bind(to_json(&track.metadata)?)
    .bind(i64::from(track.order))
    .bind(&track.player_title)
    .bind(&track.player_subtitle)
    .bind(track.duration)
    .bind(track.status.name())
    .bind(&track.status_message)
    .bind(audio)
    .bind(track.created_at.as_millisecond())
    .bind(track.updated_at.as_millisecond())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes this asset the track's cover; its former one, if it had another.
pub(crate) async fn set_track_cover(
    tx: &mut Tx,
    id: Uuid,
    cover: Uuid,
    now: Timestamp,
) -> Result<Option<Uuid>> {
    let former = track_in(tx, id).await?.and_then(|record| record.track.cover);
    sqlx::query("UPDATE tracks SET cover = ?1, updated_at = max(?2, updated_at + 1) WHERE id = ?3")
        .bind(cover.to_string())
        .bind(now.as_millisecond())
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(former)
}

/// Forgets a track and its cover; whether there was one.
pub(crate) async fn delete_track(tx: &mut Tx, id: Uuid) -> Result<bool> {
    tx.changes_an_asset();
    let id = id.to_string();
    for query in [
        "DELETE FROM assets WHERE id IN (SELECT cover FROM tracks WHERE id = ?)",
        "DELETE FROM tickets WHERE target = ?",
    ] {
        sqlx::query(query).bind(&id).execute(&mut **tx).await?;
    }
    let done = sqlx::query("DELETE FROM tracks WHERE id = ?").bind(&id).execute(&mut **tx).await?;
    Ok(done.rows_affected() == 1)
}
