//! The records, in SQLite.
//!
//! One connection writes, several read: SQLite takes one writer at a time anyway, and so none ever
//! waits on a lock inside a transaction. Every change that must hold together is one transaction.

mod assets;
mod blobs;
mod collections;
mod copies;
mod identity;
mod keys;
mod leases;
mod lists;
mod near;
mod quotas;
mod recordings;
mod sessions;
mod takedown;
mod tickets;
mod tracks;
mod transaction;

use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use sqlx::migrate::{Migration, MigrationSource, MigrationType, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{Row, SqlStr};
use uuid::Uuid;

use super::clock::from_millis;
use super::error::ServiceError;

pub(crate) use assets::{
    AssetRecord, Facts, MOST, asset_in, claim_digests, delete_asset, delete_expired_assets,
    delete_expired_assets_of, disable_asset, enable_asset, insert_asset, keep_asset, replace_asset,
    set_alt_text,
};
pub(crate) use blobs::{
    BlobRecord, delete_blob, doom_blob, forget_intent, intend_blob, live_blob, make_blob_live,
};
pub(crate) use collections::{
    CollectionRecord, collection_in, delete_collection, put_collection, set_collection_cover,
};
pub(crate) use copies::{BlobRow, BlobState};
pub(crate) use keys::KeyRecord;
pub use lists::Cursor;
pub(crate) use quotas::{quota_in, usage_in};
pub(crate) use recordings::{RecordingJob, finish_recording, put_recording};
pub(crate) use sessions::{delete_expired_sessions, put_session, sessions_of_key};
pub(crate) use takedown::clear_cover;
pub(crate) use tickets::{
    TicketRecord, delete_expired_tickets, reopen_audio_tickets, spend_ticket,
};
pub(crate) use tracks::{
    TrackRecord, delete_track, next_position, put_track, set_track_cover, track_in,
    tracks_of_session,
};
pub(crate) use transaction::{Changes, Tx};

/// Connections that read.
const READERS: u32 = 4;

pub(crate) type Result<T> = std::result::Result<T, ServiceError>;

/// The database.
#[derive(Debug, Clone)]
pub(crate) struct Catalog {
    readers: SqlitePool,
    writer: SqlitePool,
    /// An idle connection to a database in memory, which lives as long as one is open.
    keeper: Option<SqlitePool>,
    pub(crate) changes: Changes,
}

impl Catalog {
    /// Opens a database that lives in memory.
    pub(crate) async fn in_memory(timeout: Duration) -> Result<Self> {
        // Shared between connections by its name: one that is closed because its caller went away in
        // the middle of a statement takes nothing with it.
        let name = format!("file:gatefold-{}", Uuid::new_v4());
        let options = options(timeout).filename(name).in_memory(true).shared_cache(true);
        let lasting = |size| pool(size, timeout).idle_timeout(None).max_lifetime(None);
        let keeper = lasting(1).min_connections(1).connect_with(options.clone()).await?;
        let only = lasting(1).connect_with(options).await?;
        let catalog = Self {
            readers: only.clone(),
            writer: only,
            keeper: Some(keeper),
            changes: Changes::default(),
        };
        catalog.migrate().await?;
        Ok(catalog)
    }

    /// Connects to the database in this file, which is made where it is missing and that is wanted.
    pub(crate) async fn connect(file: &Path, make: bool, timeout: Duration) -> Result<Self> {
        if make {
            // Here and not by SQLite, which gives the files beside it the mode of this one.
            super::directory::private_file(file)
                .map_err(|error| ServiceError::storage("the database", error))?;
        }
        let options = options(timeout).filename(file).journal_mode(SqliteJournalMode::Wal);
        let writer = pool(1, timeout).connect_with(options.clone()).await?;
        let readers = pool(READERS, timeout).connect_lazy_with(options);
        Ok(Self { readers, writer, keeper: None, changes: Changes::default() })
    }

    /// Brings the database up to date.
    pub(crate) async fn migrate(&self) -> Result<()> {
        let failed = |error| ServiceError::storage("the database", error);
        let migrator = Migrator::new(Schema).await.map_err(failed)?;
        migrator.run(&self.writer).await.map_err(failed)
    }

    /// A transaction that may write; it is undone when dropped.
    pub(crate) async fn begin(&self) -> Result<Tx> {
        let inner = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Tx::new(inner, self.changes.clone()))
    }

    /// Takes the lock that writing takes, and gives it back.
    pub(crate) async fn can_write(&self) -> Result<()> {
        self.begin().await?.rollback().await
    }

    /// The stored value of this name, which becomes `value` when there is none.
    pub(crate) async fn setting(&self, name: &str, value: Vec<u8>) -> Result<Vec<u8>> {
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING")
            .bind(name)
            .bind(value)
            .execute(&mut *tx)
            .await?;
        let stored = sqlx::query_scalar("SELECT value FROM settings WHERE name = ?")
            .bind(name)
            .fetch_one(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(stored)
    }

    /// Closes every connection, after what they are doing.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
        if let Some(keeper) = &self.keeper {
            keeper.close().await;
        }
    }
}

fn options(timeout: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .foreign_keys(true)
        // Half of the time goes to waiting for a connection, half to waiting for another process.
        .busy_timeout(timeout / 2)
        // An answer that a client has seen must survive the loss of power.
        .synchronous(SqliteSynchronous::Full)
}

fn pool(size: u32, timeout: Duration) -> SqlitePoolOptions {
    SqlitePoolOptions::new().max_connections(size).acquire_timeout(timeout / 2)
}

/// The steps that make the database what this version needs, in order; a step never changes.
#[derive(Debug)]
struct Schema;

impl MigrationSource<'static> for Schema {
    fn resolve(
        self,
    ) -> std::pin::Pin<
        Box<
            dyn Future<
                    Output = std::result::Result<
                        Vec<Migration>,
                        Box<dyn std::error::Error + Send + Sync>,
                    >,
                > + Send,
        >,
    > {
        let steps = [
            (1, "the first tables", include_str!("schema_1.sql")),
            (2, "bytes on their way in, and leases", include_str!("schema_2.sql")),
            (3, "recordings to be read", include_str!("schema_3.sql")),
            (4, "lists and near duplicates", include_str!("schema_4.sql")),
            (5, "usage and quotas", include_str!("schema_5.sql")),
        ];
        let migrations = steps.into_iter().map(|(version, what, sql)| {
            let (what, sql) = (Cow::Borrowed(what), SqlStr::from_static(sql));
            Migration::new(version, what, MigrationType::Simple, sql, false)
        });
        let migrations = migrations.collect();
        Box::pin(std::future::ready(Ok(migrations)))
    }
}

/// Columns as the service's types.
trait Columns {
    fn uuid(&self, column: &str) -> Result<Uuid>;
    fn uuid_or_none(&self, column: &str) -> Result<Option<Uuid>>;
    fn time(&self, column: &str) -> Result<Timestamp>;
    fn time_or_none(&self, column: &str) -> Result<Option<Timestamp>>;
    fn unsigned(&self, column: &str) -> Result<u64>;
    fn json<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<Option<T>>;
}

impl Columns for SqliteRow {
    fn uuid(&self, column: &str) -> Result<Uuid> {
        let text: &str = self.try_get(column)?;
        Uuid::parse_str(text).map_err(|_| unreadable(column))
    }

    fn uuid_or_none(&self, column: &str) -> Result<Option<Uuid>> {
        let text: Option<&str> = self.try_get(column)?;
        text.map(|text| Uuid::parse_str(text).map_err(|_| unreadable(column))).transpose()
    }

    fn time(&self, column: &str) -> Result<Timestamp> {
        Ok(from_millis(self.try_get(column)?))
    }

    fn time_or_none(&self, column: &str) -> Result<Option<Timestamp>> {
        Ok(self.try_get::<Option<i64>, _>(column)?.map(from_millis))
    }

    fn unsigned(&self, column: &str) -> Result<u64> {
        u64::try_from(self.try_get::<i64, _>(column)?).map_err(|_| unreadable(column))
    }

    fn json<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<Option<T>> {
        let text: Option<&str> = self.try_get(column)?;
        text.map(|text| serde_json::from_str(text).map_err(|_| unreadable(column))).transpose()
    }
}

fn unreadable(column: &str) -> ServiceError {
    ServiceError::storage("the database", format!("column {column} is unreadable"))
}

/// Text for a column of JSON.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| ServiceError::Internal(error.to_string()))
}

/// A number for an integer column, which is signed.
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
