//! Stored bytes on their way out. Their length is checked before anything is given, their digest
//! before the last of them is.

use std::ops::Range;

use bytes::Bytes;

use super::assets::{Assets, Result};
use super::catalog::BlobRecord;
use super::error::ServiceError;
use super::model::Asset;
use super::spool::Spooled;

/// Originals are read in pieces of this many bytes, so that slow readers hold no more than that.
const PIECE: u64 = 256 * 1024;

/// The bytes of an original, piece by piece. See [`Assets::read_original`].
#[derive(Debug)]
pub struct OriginalReader {
    assets: Assets,
    asset: Asset,
    at: u64,
    end: u64,
    /// Of a whole body.
    digest: Option<blake3::Hasher>,
}

impl OriginalReader {
    /// The next bytes, at most 256 KiB; `None` after the last. Where the whole is read, its digest is
    /// checked before the last of them are given.
    ///
    /// # Errors
    /// [`ServiceError::BlobMissing`] and [`ServiceError::BlobDamaged`] when what is stored is not what
    /// the record tells of; [`ServiceError::Storage`] and [`ServiceError::Timeout`] when the blob
    /// store does not answer.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        if self.at >= self.end {
            return Ok(None);
        }
        let to = self.end.min(self.at.saturating_add(PIECE));
        let read =
            self.assets.inner.blobs.read(&self.asset.blob, Some(self.at..to), self.asset.bytes);
        let checked = read.await.and_then(|piece| {
            if let Some(digest) = &mut self.digest {
                digest.update(&piece);
                if to == self.end {
                    check_digest(&digest.finalize(), &self.asset)?;
                }
            }
            Ok(piece)
        });
        let piece = checked.inspect_err(|error| note(&self.asset, error))?;
        self.at = to;
        Ok(Some(piece))
    }
}

impl Assets {
    /// An asset's stored bytes, or some of them, as something to read piece by piece. The length of
    /// what is stored is checked with each piece; the digest only where all of it is read.
    pub fn read_original(&self, asset: &Asset, range: Option<Range<u64>>) -> OriginalReader {
        let range = range.unwrap_or(0..asset.bytes);
        let whole = range == (0..asset.bytes);
        OriginalReader {
            assets: self.clone(),
            asset: asset.clone(),
            at: range.start,
            end: range.end,
            digest: whole.then(blake3::Hasher::new),
        }
    }

    /// An asset's stored bytes, or some of them, in memory. Their length is checked, and of all of
    /// them the digest.
    ///
    /// # Errors
    /// As [`OriginalReader::next`].
    pub async fn original_bytes(&self, asset: &Asset, range: Option<Range<u64>>) -> Result<Bytes> {
        let whole = range.is_none();
        let read = self.inner.blobs.read(&asset.blob, range, asset.bytes).await;
        let checked = read.and_then(|bytes| {
            if whole {
                check_digest(&blake3::hash(&bytes), asset)?;
            }
            Ok(bytes)
        });
        checked.inspect_err(|error| note(asset, error))
    }

    /// Stores an original's bytes again where they are lost or damaged and `stored` are the same:
    /// whoever uploads a picture again has brought them. What goes wrong is logged; the answer to the
    /// upload is another.
    pub(super) async fn mend(&self, asset: &Asset, stored: &[u8]) {
        if blake3::hash(stored).to_hex().as_str() != asset.blob_digest {
            return;
        }
        let (blob, blobs) = (blob_of(asset), &self.inner.blobs);
        let put = || blobs.put(&blob.id, Bytes::copy_from_slice(stored));
        if let Err(error) = self.put_right(&blob, put).await {
            tracing::warn!(asset = %asset.id, %error, "lost or damaged bytes are still so");
        }
    }

    /// As [`Assets::mend`], for a recording as it came.
    pub(super) async fn mend_body(&self, body: &Spooled) {
        let mended = async {
            let Some(blob) = self.inner.catalog.blob_of(&body.digest()).await? else {
                return Ok(());
            };
            self.put_right(&blob, || self.inner.blobs.put_body(&blob.id, body)).await
        };
        if let Err(error) = mended.await {
            tracing::warn!(%error, "a lost or damaged recording is still so");
        }
    }

    /// Whether an original is as its record tells; where that cannot be told, it counts as it is.
    pub(super) async fn is_sound(&self, asset: &Asset) -> bool {
        let behind = self.inner.blobs.look_behind(&blob_of(asset)).await;
        behind.map_or(true, |behind| behind == super::blobs::Behind::Sound)
    }
}

fn blob_of(asset: &Asset) -> BlobRecord {
    BlobRecord { id: asset.blob.clone(), digest: asset.blob_digest.clone(), bytes: asset.bytes }
}

fn check_digest(found: &blake3::Hash, asset: &Asset) -> Result<()> {
    let found = found.to_hex();
    if found.as_str() == asset.blob_digest {
        return Ok(());
    }
    let detail = format!("their BLAKE3 is {found}, the record tells of {}", asset.blob_digest);
    Err(ServiceError::BlobDamaged { detail })
}

fn note(asset: &Asset, error: &ServiceError) {
    if matches!(error, ServiceError::BlobMissing | ServiceError::BlobDamaged { .. }) {
        tracing::error!(asset = %asset.id, blob = asset.blob, %error, "an original is not as it was stored");
    }
}
