//! Stored pictures, and who has which digest.

use std::collections::HashMap;

use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};
use uuid::Uuid;

use super::blobs::BlobRecord;
use super::{Catalog, Columns, Result, Tx, signed, to_json, unreadable};
use crate::service::model::{Asset, Surface, Theme};
use crate::{Format, PerceptualHash, Size};

/// The most assets that are read at once: a page of a list.
pub(crate) const MOST: usize = 200;
/// A short page.
const FEW: usize = 20;

/// What the pipeline found out about a picture.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) byte_digest: String,
    pub(crate) format: Format,
    pub(crate) size: Size,
    pub(crate) has_alpha: bool,
    pub(crate) frames: u64,
    pub(crate) theme: Option<Theme>,
    pub(crate) perceptual_hash: Option<PerceptualHash>,
}

/// A new row.
#[derive(Debug)]
pub(crate) struct AssetRecord<'a> {
    pub(crate) id: Uuid,
    pub(crate) tenant: &'a str,
    pub(crate) surface: Surface,
    pub(crate) public_id: &'a str,
    pub(crate) blob: &'a BlobRecord,
    pub(crate) facts: &'a Facts,
    pub(crate) file_name: Option<&'a str>,
    pub(crate) alt_text: Option<&'a str>,
    pub(crate) now: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
}

macro_rules! read {
    ($rest:literal) => {
        concat!(
            "SELECT assets.*, blobs.digest, blobs.bytes FROM assets ",
            "JOIN blobs ON blobs.id = assets.blob ",
            $rest
        )
    };
}

fn of_row(row: &SqliteRow) -> Result<Asset> {
    let surface: &str = row.try_get("surface")?;
    let format: &str = row.try_get("format")?;
    let side = |column| -> Result<u32> {
        u32::try_from(row.unsigned(column)?).map_err(|_| unreadable(column))
    };
    Ok(Asset {
        id: row.uuid("id")?,
        tenant: row.try_get("tenant")?,
        surface: Surface::from_name(surface).ok_or_else(|| unreadable("surface"))?,
        public_id: row.try_get("public_id")?,
        format: format.parse().map_err(|_| unreadable("format"))?,
        size: Size::new(side("width")?, side("height")?),
        bytes: row.unsigned("bytes")?,
        has_alpha: row.try_get("has_alpha")?,
        frames: row.unsigned("frames")?,
        file_name: row.try_get("file_name")?,
        alt_text: row.try_get("alt_text")?,
        theme: row.json("theme")?,
        perceptual_hash: row
            .try_get::<Option<i64>, _>("perceptual")?
            .map(|bits| PerceptualHash::from_bits(bits.cast_unsigned())),
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        disabled_at: row.time_or_none("disabled_at")?,
        expires_at: row.time_or_none("expires_at")?,
        blob: row.try_get("blob")?,
        blob_digest: row.try_get("digest")?,
    })
}

impl Catalog {
    pub(crate) async fn asset(&self, id: Uuid) -> Result<Option<Asset>> {
        let row = sqlx::query(read!("WHERE assets.id = ?"))
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(of_row).transpose()
    }

    pub(crate) async fn asset_by_public_id(&self, public_id: &str) -> Result<Option<Asset>> {
        let row = sqlx::query(read!("WHERE assets.public_id = ?"))
            .bind(public_id)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(of_row).transpose()
    }

    /// The assets of these ids in their order; those that are gone are left out. At most
    /// [`MOST`] ids.
    pub(crate) async fn assets_of(&self, ids: &[Uuid]) -> Result<Vec<Asset>> {
        let Some(last) = ids.last() else { return Ok(Vec::new()) };
        let mut query = QueryBuilder::<Sqlite>::new(read!("WHERE assets.id IN ("));
        let mut list = query.separated(", ");
        // Few lengths, so that few statements are kept prepared.
        let length = if ids.len() <= FEW { FEW } else { MOST.max(ids.len()) };
        for id in ids.iter().chain(std::iter::repeat_n(last, length - ids.len())) {
            list.push_bind(id.to_string());
        }
        query.push(")");
        let rows = query.build().fetch_all(&self.readers).await?;
        let mut found: HashMap<Uuid, Asset> = HashMap::with_capacity(rows.len());
        for row in &rows {
            let asset = of_row(row)?;
            found.insert(asset.id, asset);
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// Who has one of these digests.
    pub(crate) async fn claimant(
        &self,
        tenant: &str,
        digests: &[(&'static str, String)],
    ) -> Result<Option<Uuid>> {
        for (kind, digest) in digests {
            let owner: Option<String> = sqlx::query_scalar(
                "SELECT asset FROM claims WHERE tenant = ? AND kind = ? AND digest = ?",
            )
            .bind(tenant)
            .bind(kind)
            .bind(digest)
            .fetch_optional(&self.readers)
            .await?;
            if let Some(owner) = owner {
                return Uuid::parse_str(&owner).map(Some).map_err(|_| unreadable("asset"));
            }
        }
        Ok(None)
    }
}

/// Takes the digests for an asset whose row stands already; its former ones are given back. Says
/// whose one of them is, when it is another's; then the transaction must be undone.
pub(crate) async fn claim_digests(
    tx: &mut Tx,
    tenant: &str,
    asset: Uuid,
    digests: &[(&'static str, String)],
) -> Result<Option<Uuid>> {
    sqlx::query("DELETE FROM claims WHERE asset = ?")
        .bind(asset.to_string())
        .execute(&mut **tx)
        .await?;
    for (kind, digest) in digests {
        let taken = sqlx::query(
            "INSERT INTO claims (tenant, kind, digest, asset) VALUES (?, ?, ?, ?)
             ON CONFLICT DO NOTHING",
        )
        .bind(tenant)
        .bind(kind)
        .bind(digest)
        .bind(asset.to_string())
        .execute(&mut **tx)
        .await?;
        if taken.rows_affected() == 0 {
            let owner: String = sqlx::query_scalar(
                "SELECT asset FROM claims WHERE tenant = ? AND kind = ? AND digest = ?",
            )
            .bind(tenant)
            .bind(kind)
            .bind(digest)
            .fetch_one(&mut **tx)
            .await?;
            return Uuid::parse_str(&owner).map(Some).map_err(|_| unreadable("asset"));
        }
    }
    Ok(None)
}

/// Writes a new row.
pub(crate) async fn insert_asset(tx: &mut Tx, new: &AssetRecord<'_>) -> Result<()> {
    let now = new.now.as_millisecond();
    sqlx::query(
        "INSERT INTO assets (id, tenant, surface, public_id, blob, byte_digest, format, width,
         height, has_alpha, frames, file_name, alt_text, theme, perceptual, created_at, updated_at,
         expires_at, seq) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(new.id.to_string())
    .bind(new.tenant)
    .bind(new.surface.name())
    .bind(new.public_id)
    .bind(&new.blob.id)
    .bind(&new.facts.byte_digest)
    .bind(new.facts.format.name())
    .bind(i64::from(new.facts.size.width))
    .bind(i64::from(new.facts.size.height))
    .bind(new.facts.has_alpha)
    .bind(signed(new.facts.frames))
    .bind(new.file_name)
    .bind(new.alt_text)
    .bind(new.facts.theme.as_ref().map(to_json).transpose()?)
    .bind(new.facts.perceptual_hash.map(|hash| hash.bits().cast_signed()))
    .bind(now)
    .bind(now)
    .bind(new.expires_at.map(Timestamp::as_millisecond))
    .bind(tx.next_seq())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives an asset other bytes; `None` for its texts leaves them. False when there is no such asset.
#[allow(clippy::too_many_arguments)]
pub(crate) async fn replace_asset(
    tx: &mut Tx,
    id: Uuid,
    surface: Surface,
    blob: &BlobRecord,
    facts: &Facts,
    file_name: Option<&str>,
    updated_at: Timestamp,
    expires_at: Option<Timestamp>,
) -> Result<bool> {
    tx.changes_an_asset();
    let done = sqlx::query(
        "UPDATE assets SET surface = ?, blob = ?, byte_digest = ?, format = ?, width = ?,
         height = ?, has_alpha = ?, frames = ?, theme = ?, perceptual = ?,
         file_name = coalesce(?, file_name), updated_at = ?, expires_at = ? WHERE id = ?",
    )
    .bind(surface.name())
    .bind(&blob.id)
    .bind(&facts.byte_digest)
    .bind(facts.format.name())
    .bind(i64::from(facts.size.width))
    .bind(i64::from(facts.size.height))
    .bind(facts.has_alpha)
    .bind(signed(facts.frames))
    .bind(facts.theme.as_ref().map(to_json).transpose()?)
    .bind(facts.perceptual_hash.map(|hash| hash.bits().cast_signed()))
    .bind(file_name)
    .bind(updated_at.as_millisecond())
    .bind(expires_at.map(Timestamp::as_millisecond))
    .bind(id.to_string())
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The asset as this transaction sees it.
pub(crate) async fn asset_in(tx: &mut Tx, id: Uuid) -> Result<Option<Asset>> {
    let row = sqlx::query(read!("WHERE assets.id = ?"))
        .bind(id.to_string())
        .fetch_optional(&mut **tx)
        .await?;
    row.as_ref().map(of_row).transpose()
}

/// Sets the alternative text.
pub(crate) async fn set_alt_text(
    tx: &mut Tx,
    id: Uuid,
    alt_text: Option<&str>,
    updated_at: Timestamp,
) -> Result<()> {
    tx.changes_an_asset();
    sqlx::query("UPDATE assets SET alt_text = ?, updated_at = ? WHERE id = ?")
        .bind(alt_text)
        .bind(updated_at.as_millisecond())
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Marks an asset as disabled, once.
pub(crate) async fn disable_asset(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<()> {
    tx.changes_an_asset();
    sqlx::query(
        "UPDATE assets SET disabled_at = ?1, updated_at = max(?1, updated_at + 1)
         WHERE id = ?2 AND disabled_at IS NULL",
    )
    .bind(now.as_millisecond())
    .bind(id.to_string())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes the mark of a disabled asset away.
pub(crate) async fn enable_asset(tx: &mut Tx, id: Uuid, now: Timestamp) -> Result<()> {
    tx.changes_an_asset();
    sqlx::query(
        "UPDATE assets SET disabled_at = NULL, updated_at = ?
         WHERE id = ? AND disabled_at IS NOT NULL",
    )
    .bind(now.as_millisecond())
    .bind(id.to_string())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes an asset's end away.
pub(crate) async fn keep_asset(tx: &mut Tx, id: Uuid) -> Result<()> {
    tx.changes_an_asset();
    sqlx::query("UPDATE assets SET expires_at = NULL WHERE id = ?")
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Forgets an asset and its digests; whether there was one.
pub(crate) async fn delete_asset(tx: &mut Tx, id: Uuid) -> Result<bool> {
    tx.changes_an_asset();
    let done = sqlx::query("DELETE FROM assets WHERE id = ?")
        .bind(id.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets the assets whose time is over; how many there were.
pub(crate) async fn delete_expired_assets(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    let done = sqlx::query("DELETE FROM assets WHERE expires_at <= ?")
        .bind(now.as_millisecond())
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() > 0 {
        tx.changes_an_asset();
    }
    Ok(done.rows_affected())
}

/// Forgets a tenant's assets whose time is over; how many there were.
pub(crate) async fn delete_expired_assets_of(
    tx: &mut Tx,
    tenant: &str,
    now: Timestamp,
) -> Result<u64> {
    let done = sqlx::query("DELETE FROM assets WHERE tenant = ? AND expires_at <= ?")
        .bind(tenant)
        .bind(now.as_millisecond())
        .execute(&mut **tx)
        .await?;
    if done.rows_affected() > 0 {
        tx.changes_an_asset();
    }
    Ok(done.rows_affected())
}
