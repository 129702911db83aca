//! Covers of collections and tracks, and the themes that follow from them.

use uuid::Uuid;

use super::assets::{Assets, NO_IMAGE, Result};
use super::catalog::{self, AssetRecord, BlobRecord, TicketRecord, Tx};
use super::error::ServiceError;
use super::examine::Examined;
use super::id;
use super::model::{Asset, NewAsset, Surface, Theme, TicketFor};
use super::spool::Spooled;
use super::tickets::{NO_TICKET, OpenTicket, Spent};

/// Covers of tracks that make a collection's theme: the first ones.
const COVERS_OF_A_THEME: u64 = 8;

impl Assets {
    /// As [`Assets::upload_cover`], for a body that is whole already.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`](super::ServiceError::NotFound) for a ticket that is forged, over, used
    /// or not for a cover; else as [`Assets::store`].
    pub async fn redeem_cover(
        &self,
        token: &str,
        file_name: Option<String>,
        media_type: Option<String>,
        body: Spooled,
    ) -> Result<Asset> {
        let ticket = self.open_ticket(token).await?;
        self.upload_cover(&ticket, file_name, media_type, body).await
    }

    /// The image for a cover ticket. The ticket is used up when the image is accepted; the same bytes
    /// again give the same asset until the ticket ends.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`](super::ServiceError::NotFound) for a ticket that is used or not for a
    /// cover, or whose collection or track is gone; else as [`Assets::store`].
    pub async fn upload_cover(
        &self,
        ticket: &OpenTicket,
        file_name: Option<String>,
        media_type: Option<String>,
        body: Spooled,
    ) -> Result<Asset> {
        let ticket = self.renewed(ticket).await?;
        if matches!(ticket.what, TicketFor::TrackAudio(_)) {
            return Err(NO_TICKET);
        }
        let digest = body.digest();
        let new = NewAsset {
            file_name,
            media_type,
            ..NewAsset::new(&ticket.tenant, Surface::Audiodelivery)
        };
        if let Spent::OnThis(asset) = Spent::of(&ticket, &digest)? {
            let id = asset.ok_or(NO_TICKET)?;
            return match self.asset(&ticket.tenant, id).await {
                Err(ServiceError::NotFound { .. }) => self.as_it_was(&ticket, id, new, &body).await,
                Ok(asset) => {
                    if !self.is_sound(&asset).await {
                        let examined = self.admit(&new, &body, Some(id)).await?;
                        self.mend(&asset, &examined.stored).await;
                    }
                    Ok(asset)
                }
                found => found,
            };
        }
        if !self.has_cover(&ticket).await? {
            self.expect_room(&ticket.tenant, 1, 1).await?;
        }
        let examined = self.admit(&new, &body, None).await?;
        let asset = loop {
            let placed = self.place(&examined.stored).await?;
            let mut tx = self.inner.catalog.begin().await?;
            let Some(blob) = self.settle(&mut tx, &placed).await? else { continue };
            let outcome = self.hang(&mut tx, &ticket, &digest, &new, &examined, &blob).await;
            break self.conclude(tx, outcome, &placed, &blob).await;
        };
        let asset = match asset {
            // Somebody else was faster: with the same bytes this is a retry all the same.
            Err(error) => {
                let ticket = self.inner.catalog.ticket(&ticket.id).await?.ok_or(NO_TICKET)?;
                let Ok(Spent::OnThis(Some(asset))) = Spent::of(&ticket, &digest) else {
                    return Err(error);
                };
                self.asset(&ticket.tenant, asset).await?
            }
            Ok(asset) => asset,
        };
        if let TicketFor::TrackCover(track) = ticket.what {
            let track = self.track(&ticket.tenant, track).await?;
            self.mix_theme(track.collection).await;
        }
        Ok(asset)
    }

    /// Whether what the ticket is for has a cover of its own.
    async fn has_cover(&self, ticket: &TicketRecord) -> Result<bool> {
        let catalog = &self.inner.catalog;
        Ok(match ticket.what {
            TicketFor::CollectionCover(of) => {
                catalog.collection(of).await?.is_some_and(|found| found.collection.cover.is_some())
            }
            TicketFor::TrackCover(of) | TicketFor::TrackAudio(of) => {
                catalog.track(of).await?.is_some_and(|found| found.track.cover.is_some())
            }
        })
    }

    /// A cover that another has taken the place of since, told once more to whoever retries.
    async fn as_it_was(
        &self,
        ticket: &TicketRecord,
        id: Uuid,
        new: NewAsset,
        body: &Spooled,
    ) -> Result<Asset> {
        match ticket.what {
            TicketFor::CollectionCover(of) => drop(self.collection(&ticket.tenant, of).await?),
            TicketFor::TrackCover(of) | TicketFor::TrackAudio(of) => {
                drop(self.track(&ticket.tenant, of).await?);
            }
        }
        let Examined { facts, stored, .. } = self.admit(&new, body, None).await?;
        let now = self.inner.settings.clock.now();
        Ok(Asset {
            id,
            tenant: new.tenant,
            surface: new.surface,
            public_id: id::public_id()?,
            format: facts.format,
            size: facts.size,
            bytes: stored.len() as u64,
            has_alpha: facts.has_alpha,
            frames: facts.frames,
            file_name: new.file_name,
            alt_text: new.alt_text,
            theme: facts.theme,
            perceptual_hash: facts.perceptual_hash,
            created_at: now,
            updated_at: now,
            disabled_at: None,
            expires_at: None,
            blob: String::new(),
            blob_digest: blake3::hash(&stored).to_hex().to_string(),
        })
    }

    /// Spends the ticket, and makes the image the cover in place of the former one.
    async fn hang(
        &self,
        tx: &mut Tx,
        ticket: &TicketRecord,
        digest: &str,
        new: &NewAsset,
        examined: &Examined,
        blob: &BlobRecord,
    ) -> Result<Asset> {
        let room = self.room(tx, &ticket.tenant).await?;
        let asset = self.insert_cover(tx, new, examined, blob).await?;
        if !catalog::spend_ticket(tx, &ticket.id, digest, Some(asset.id)).await? {
            return Err(NO_TICKET);
        }
        let now = self.inner.settings.clock.now();
        let former = match ticket.what {
            TicketFor::CollectionCover(id) => {
                // It may have been deleted since the ticket was issued.
                catalog::collection_in(tx, id).await?.ok_or(NO_TICKET)?;
                catalog::set_collection_cover(tx, id, asset.id, now).await?
            }
            TicketFor::TrackCover(id) | TicketFor::TrackAudio(id) => {
                catalog::track_in(tx, id).await?.ok_or(NO_TICKET)?;
                catalog::set_track_cover(tx, id, asset.id, now).await?
            }
        };
        if let Some(former) = former {
            catalog::delete_asset(tx, former).await?;
        }
        self.keep_to(tx, room).await?;
        Ok(asset)
    }

    /// A cover's record; whatever it belongs to keeps it alive.
    pub(super) async fn insert_cover(
        &self,
        tx: &mut Tx,
        new: &NewAsset,
        examined: &Examined,
        blob: &BlobRecord,
    ) -> Result<Asset> {
        let (id, public_id) = (Uuid::new_v4(), id::public_id()?);
        let record = AssetRecord {
            id,
            tenant: &new.tenant,
            surface: new.surface,
            public_id: &public_id,
            blob,
            facts: &examined.facts,
            file_name: new.file_name.as_deref(),
            alt_text: None,
            now: self.inner.settings.clock.now(),
            expires_at: None,
        };
        catalog::insert_asset(tx, &record).await?;
        catalog::asset_in(tx, id).await?.ok_or(NO_IMAGE)
    }

    /// Mixes a collection's theme anew from its tracks' covers, for the time it has no cover of its
    /// own. The colours are a decoration: what goes wrong is logged, and the old ones stay.
    pub(super) async fn mix_theme(&self, collection: Uuid) {
        if let Err(error) = self.mixed_theme(collection).await {
            tracing::warn!(%error, %collection, "the theme of a collection could not be mixed");
        }
    }

    async fn mixed_theme(&self, collection: Uuid) -> Result<()> {
        let mut themes = Vec::new();
        for cover in self.inner.catalog.track_covers(collection, COVERS_OF_A_THEME).await? {
            let asset = self.inner.catalog.asset(cover).await?;
            themes.extend(asset.and_then(|asset| asset.theme));
        }
        let theme = Theme::of_many(&themes);
        self.inner.catalog.set_tracks_theme(collection, theme.as_ref()).await
    }
}
