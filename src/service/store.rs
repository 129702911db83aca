//! Storing and replacing: an intent first, then the bytes, then the record that names them, and the
//! database decides between two at once.

use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use super::assets::{Assets, NO_IMAGE, Result, check_version};
use super::blobs::Behind;
use super::catalog::{self, AssetRecord, BlobRecord, Tx};
use super::clock::after;
use super::error::ServiceError;
use super::examine::{Claim, Examined};
use super::id;
use super::model::{Asset, Change, NewAsset, Surface};
use super::spool::Spooled;
use super::text::check_alt_text;
use crate::DuplicateRule;

/// How long a temporary asset lives where its policy does not say.
const DEFAULT_TTL: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

impl Surface {
    /// APIs that share their assets have the same one.
    pub(super) const fn kin(self) -> Self {
        match self {
            Self::AudicientRelease => Self::Audicient,
            other => other,
        }
    }
}

/// Where bytes lie before a record names them.
pub(super) enum Placed {
    /// In a file of their own, which nothing names yet.
    New(BlobRecord),
    /// In a file that a record names.
    Shared(BlobRecord),
}

impl Assets {
    /// Takes a picture in: verdict, digests, colours, bytes, record.
    ///
    /// # Errors
    /// [`ServiceError::Rejected`] when the pipeline refuses it, [`ServiceError::Duplicate`] when the
    /// tenant has it and the policy rejects duplicates, [`ServiceError::Overloaded`] when the budget
    /// is full; others when storing fails. Nothing is stored then.
    pub async fn store(&self, new: NewAsset, body: Spooled) -> Result<Asset> {
        new.check_text()?;
        let examined = self.admit(&new, &body, None).await?;
        loop {
            let placed = self.place(&examined.stored).await?;
            let mut tx = self.inner.catalog.begin().await?;
            let Some(blob) = self.settle(&mut tx, &placed).await? else { continue };
            let asset = self.insert(&mut tx, &new, &examined, &blob).await;
            let stored = self.conclude(tx, asset, &placed, &blob).await;
            if let Err(ServiceError::Duplicate(asset)) = &stored {
                self.mend(asset, &examined.stored).await;
            }
            return stored;
        }
    }

    /// Gives an asset other bytes; its ids and, unless told otherwise, its texts stay. The tenant and
    /// surface of `new` say whose it must be. Its own current bytes are no duplicate. A disabled asset
    /// is enabled: whoever uploads it again wants it.
    ///
    /// # Errors
    /// As [`Assets::store`], and [`ServiceError::NotFound`] when the tenant has no such asset on this
    /// surface.
    pub async fn replace(
        &self,
        id: Uuid,
        new: NewAsset,
        alt_text: Change<String>,
        body: Spooled,
    ) -> Result<Asset> {
        self.replace_version(id, new, alt_text, body, None).await
    }

    /// As [`Assets::replace`], provided that the asset was last changed at `version`, its
    /// `updated_at`.
    ///
    /// # Errors
    /// As [`Assets::replace`], and [`ServiceError::Changed`] when it was changed since.
    pub async fn replace_version(
        &self,
        id: Uuid,
        new: NewAsset,
        alt_text: Change<String>,
        body: Spooled,
        version: Option<Timestamp>,
    ) -> Result<Asset> {
        new.check_text()?;
        if let Change::Set(text) = &alt_text {
            check_alt_text(text.as_deref())?;
        }
        let former = self.asset_on(&new.tenant, new.surface, id).await?;
        let examined = self.admit(&new, &body, Some(id)).await?;
        loop {
            let placed = self.place(&examined.stored).await?;
            let mut tx = self.inner.catalog.begin().await?;
            let Some(blob) = self.settle(&mut tx, &placed).await? else { continue };
            let change = (&new, &alt_text, version);
            let asset = self.exchange(&mut tx, id, change, &examined, &blob).await;
            let asset = self.conclude(tx, asset, &placed, &blob).await?;
            self.forget_renditions(&former, Some(&asset)).await;
            return Ok(asset);
        }
    }

    /// The pipeline's verdict, and an early look for duplicates, before anything is decoded.
    pub(super) async fn admit(
        &self,
        new: &NewAsset,
        body: &Spooled,
        replaces: Option<Uuid>,
    ) -> Result<Examined> {
        let looked = self.look(new, body).await?;
        if self.rejects_duplicates(new.surface)
            && let Some(owner) = self.inner.catalog.claimant(&new.tenant, &looked.digests).await?
            && Some(owner) != replaces
            && let Some(asset) = self.inner.catalog.asset(owner).await?
        {
            if !self.is_sound(&asset).await {
                let examined = self.examine(new, body, looked).await?;
                self.mend(&asset, &examined.stored).await;
            }
            return Err(ServiceError::Duplicate(Box::new(asset)));
        }
        // A cover takes the place of another: there is room for it when there is for its difference.
        if replaces.is_none() && new.surface != Surface::Audiodelivery {
            self.expect_room(&new.tenant, 1, 1).await?;
        }
        self.examine(new, body, looked).await
    }

    fn rejects_duplicates(&self, surface: Surface) -> bool {
        self.policy(surface).duplicates == DuplicateRule::Reject
    }

    /// Stores bytes, unless they are stored and may be named again. Stored ones that are lost or
    /// damaged are put right.
    pub(super) async fn place(&self, stored: &Bytes) -> Result<Placed> {
        let digest = blake3::hash(stored).to_hex().to_string();
        if let Some(blob) = self.inner.catalog.blob_of(&digest).await? {
            let blobs = &self.inner.blobs;
            self.put_right(&blob, || blobs.put(&blob.id, stored.clone())).await?;
            return Ok(Placed::Shared(blob));
        }
        let blob = self.intend(digest, stored.len() as u64).await?;
        let put = self.inner.blobs.put(&blob.id, stored.clone()).await;
        self.placed(blob, put).await
    }

    /// As [`Assets::place`], for a body of any length as it is.
    pub(super) async fn place_body(&self, body: &Spooled) -> Result<Placed> {
        let digest = body.digest();
        if let Some(blob) = self.inner.catalog.blob_of(&digest).await? {
            let blobs = &self.inner.blobs;
            self.put_right(&blob, || blobs.put_body(&blob.id, body)).await?;
            return Ok(Placed::Shared(blob));
        }
        let blob = self.intend(digest, body.length()).await?;
        let put = self.inner.blobs.put_body(&blob.id, body).await;
        self.placed(blob, put).await
    }

    /// Notes where bytes will lie, before they do: a place of its own for every file, so that
    /// removing one can never hit another of equal content.
    async fn intend(&self, digest: String, bytes: u64) -> Result<BlobRecord> {
        let id = format!("{digest}-{}", id::letters(12)?);
        let blob = BlobRecord { id, digest, bytes };
        let mut tx = self.inner.catalog.begin().await?;
        catalog::intend_blob(&mut tx, &blob, self.inner.settings.clock.now()).await?;
        tx.commit().await?;
        Ok(blob)
    }

    async fn placed(&self, blob: BlobRecord, put: Result<()>) -> Result<Placed> {
        if put.is_err() {
            self.abandon(&blob).await;
        }
        put.map(|()| Placed::New(blob))
    }

    /// Looks behind a row, and stores the bytes again where they are not what it tells of.
    pub(super) async fn put_right<P: Future<Output = Result<()>>>(
        &self,
        blob: &BlobRecord,
        put: impl FnOnce() -> P,
    ) -> Result<()> {
        match self.inner.blobs.look_behind(blob).await? {
            Behind::Sound => return Ok(()),
            Behind::Missing => tracing::warn!(blob = blob.id, "lost bytes are stored again"),
            Behind::Damaged(detail) => {
                tracing::warn!(blob = blob.id, detail, "damaged bytes are stored again");
            }
        }
        put().await?;
        // A sweep may have removed them because nothing names them any more: then no row knows these.
        if self.inner.catalog.blob(&blob.id).await?.is_none() {
            self.inner.blobs.delete(&blob.id).await?;
        }
        Ok(())
    }

    /// The row that names placed bytes. `None` when a sweep took them in between: place them again.
    pub(super) async fn settle(&self, tx: &mut Tx, placed: &Placed) -> Result<Option<BlobRecord>> {
        let (Placed::New(blob) | Placed::Shared(blob)) = placed;
        if let Some(shared) = catalog::live_blob(tx, &blob.digest).await? {
            return Ok(Some(shared));
        }
        let Placed::New(blob) = placed else { return Ok(None) };
        if catalog::make_blob_live(tx, &blob.id).await? {
            return Ok(Some(blob.clone()));
        }
        // They came after the sweep had removed what it found.
        self.inner.blobs.delete(&blob.id).await?;
        Ok(None)
    }

    /// Removes placed bytes that nothing will name; if that fails, a sweep does it.
    async fn abandon(&self, blob: &BlobRecord) {
        let removed = async {
            self.inner.blobs.delete(&blob.id).await?;
            let mut tx = self.inner.catalog.begin().await?;
            catalog::forget_intent(&mut tx, &blob.id).await?;
            tx.commit().await
        };
        if let Err(error) = removed.await {
            tracing::debug!(%error, blob = blob.id, "left to a sweep");
        }
    }

    async fn insert(
        &self,
        tx: &mut Tx,
        new: &NewAsset,
        examined: &Examined,
        blob: &BlobRecord,
    ) -> Result<Asset> {
        let (id, public_id) = (Uuid::new_v4(), id::public_id()?);
        let now = self.inner.settings.clock.now();
        let record = AssetRecord {
            id,
            tenant: &new.tenant,
            surface: new.surface,
            public_id: &public_id,
            blob,
            facts: &examined.facts,
            file_name: new.file_name.as_deref(),
            alt_text: new.alt_text.as_deref(),
            now,
            expires_at: self.end_of(new, now),
        };
        let room = self.room(tx, &new.tenant).await?;
        catalog::insert_asset(tx, &record).await?;
        self.claim_for(tx, new, id, &examined.digests).await?;
        self.keep_to(tx, room).await?;
        catalog::asset_in(tx, id).await?.ok_or(NO_IMAGE)
    }

    async fn exchange(
        &self,
        tx: &mut Tx,
        id: Uuid,
        (new, alt_text, version): (&NewAsset, &Change<String>, Option<Timestamp>),
        examined: &Examined,
        blob: &BlobRecord,
    ) -> Result<Asset> {
        // It may have gone while its new bytes were looked at.
        let former = self.own(tx, &new.tenant, id).await?;
        check_version(&former, version)?;
        let updated_at = self.later_than(former.updated_at);
        // Whatever claimed it goes on using it.
        let expires_at = former.expires_at.and_then(|_| self.end_of(new, updated_at));
        let room = self.room(tx, &new.tenant).await?;
        catalog::replace_asset(
            tx,
            id,
            new.surface,
            blob,
            &examined.facts,
            new.file_name.as_deref(),
            updated_at,
            expires_at,
        )
        .await?;
        catalog::enable_asset(tx, id, updated_at).await?;
        if let Change::Set(text) = alt_text {
            catalog::set_alt_text(tx, id, text.as_deref(), updated_at).await?;
        }
        self.keep_to(tx, room).await?;
        self.claim_for(tx, new, id, &examined.digests).await?;
        catalog::asset_in(tx, id).await?.ok_or(NO_IMAGE)
    }

    async fn claim_for(
        &self,
        tx: &mut Tx,
        new: &NewAsset,
        id: Uuid,
        digests: &[Claim],
    ) -> Result<()> {
        if !self.rejects_duplicates(new.surface) {
            return Ok(());
        }
        match catalog::claim_digests(tx, &new.tenant, id, digests).await? {
            None => Ok(()),
            Some(owner) => {
                let asset = catalog::asset_in(tx, owner).await?.ok_or(NO_IMAGE)?;
                Err(ServiceError::Duplicate(Box::new(asset)))
            }
        }
    }

    /// Commits, or undoes the record and removes bytes that nothing will name.
    pub(super) async fn conclude<T>(
        &self,
        tx: Tx,
        outcome: Result<T>,
        placed: &Placed,
        settled: &BlobRecord,
    ) -> Result<T> {
        let failed = outcome.is_err();
        if failed {
            tx.rollback().await?;
        } else {
            tx.commit().await?;
        }
        if let Placed::New(own) = placed
            && (failed || settled.id != own.id)
        {
            self.abandon(own).await;
        }
        outcome
    }

    fn end_of(&self, new: &NewAsset, now: Timestamp) -> Option<Timestamp> {
        let ttl = self.policy(new.surface).ttl;
        match new.temporary {
            Some(true) => Some(after(now, ttl.unwrap_or(DEFAULT_TTL))),
            Some(false) => None,
            None => ttl.map(|ttl| after(now, ttl)),
        }
    }
}
