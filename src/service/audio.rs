//! Recordings: stored as they come, read for their length, title and cover.

use std::time::Duration;

use lofty::config::ParseOptions;
use lofty::file::{AudioFile, TaggedFileExt};
use lofty::picture::PictureType;
use lofty::probe::Probe;
use lofty::tag::Accessor;
use uuid::Uuid;

use super::admission::{Ask, Client, Lane};
use super::assets::{Assets, Result};
use super::catalog::{self, BlobRecord, Interrupted, TicketRecord, Tx};
use super::error::ServiceError;
use super::examine::{Examined, on_worker};
use super::model::{NewAsset, Surface, TicketFor, Track, TrackStatus};
use super::spool::{ReadSeek, Spooled};
use super::tickets::{NO_TICKET, Spent};

/// Bytes at the start of a file by which audio is told.
const HEAD: usize = 8 * 1024;
/// Bytes of memory that reading tags may take: a cover and other frames.
const TAG_MEMORY: u64 = 32 * 1024 * 1024;

/// What a recording says of itself.
#[derive(Debug)]
struct Tags {
    duration: Duration,
    title: Option<String>,
    artist: Option<String>,
    picture: Option<Vec<u8>>,
}

impl Assets {
    /// The recording for a track's ticket: stored whole, then read. Its title and artist fill the
    /// player's fields where they are empty, and its picture becomes the track's cover where there is
    /// none. A recording that cannot be read makes the track `failed`. The same bytes again give the
    /// same answer until the ticket ends.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for a ticket that is forged, over, used or not for audio,
    /// [`ServiceError::Invalid`] when the bytes are no audio.
    pub async fn redeem_audio(&self, token: &str, body: Spooled) -> Result<Track> {
        let ticket = self.valid_ticket(token).await?;
        let TicketFor::TrackAudio(track) = ticket.what else { return Err(NO_TICKET) };
        let digest = body.digest();
        if let Spent::OnThis(_) = Spent::of(&ticket, &digest)? {
            let found = self.track(&ticket.tenant, track).await?;
            self.mend_body(&body).await;
            // Its reading was refused for want of memory, or the process ended.
            if found.status == TrackStatus::Processing {
                self.read_audio(&ticket.tenant, track, body).await?;
                return self.track(&ticket.tenant, track).await;
            }
            return Ok(found);
        }
        let body = self.sniff_audio(body).await?;
        let stored = self.record_audio(&ticket, track, &digest, &body).await;
        if let Err(error) = stored {
            // Somebody else was faster: with the same bytes this is a retry all the same.
            let ticket = self.valid_ticket(token).await?;
            return match Spent::of(&ticket, &digest) {
                Ok(Spent::OnThis(_)) => self.track(&ticket.tenant, track).await,
                _ => Err(error),
            };
        }
        self.read_audio(&ticket.tenant, track, body).await?;
        self.track(&ticket.tenant, track).await
    }

    /// Reads recordings again whose reading an earlier process did not end.
    pub(super) async fn resume_audio(&self, interrupted: Vec<Interrupted>) {
        for recording in interrupted {
            let track = recording.track;
            let again = async {
                let body = self.body_of(&recording.blob, recording.bytes).await?;
                self.read_audio(&recording.tenant, track, body).await
            };
            if let Err(error) = again.await {
                tracing::error!(%track, code = error.code(), %error, "a recording was not read");
            }
        }
    }

    /// Stored bytes as a body, piece by piece.
    async fn body_of(&self, blob: &str, length: u64) -> Result<Spooled> {
        const PIECE: u64 = 1024 * 1024;
        let mut spool = self.spool(length);
        spool.expect(length)?;
        let mut at = 0;
        while at < length {
            let end = at.saturating_add(PIECE).min(length);
            spool.write(self.inner.blobs.get(blob, Some(at..end)).await?).await?;
            at = end;
        }
        Ok(spool.finish())
    }

    async fn sniff_audio(&self, body: Spooled) -> Result<Spooled> {
        let (body, head) = self
            .on_disk(body, |reader| {
                let mut head = Vec::with_capacity(HEAD);
                std::io::Read::read_to_end(
                    &mut std::io::Read::take(reader, HEAD as u64),
                    &mut head,
                )?;
                Ok(head)
            })
            .await?;
        // MP4 is told as video where its brand does not say; recordings come in it all the same.
        let kind = infer::get(&head);
        let audio = infer::is_audio(&head)
            || kind.is_some_and(|kind| kind.mime_type() == "video/mp4")
            || is_mpeg_frame(&head);
        if audio {
            return Ok(body);
        }
        let is = kind.map_or("unknown", |kind| kind.mime_type());
        Err(ServiceError::invalid("file", format!("the file is {is}, not audio")))
    }

    /// Bytes first, then the ticket and the track in one step.
    async fn record_audio(
        &self,
        ticket: &TicketRecord,
        track: Uuid,
        digest: &str,
        body: &Spooled,
    ) -> Result<()> {
        loop {
            let placed = self.place_body(body).await?;
            let mut tx = self.inner.catalog.begin().await?;
            let Some(blob) = self.settle(&mut tx, &placed).await? else { continue };
            let outcome = self.attach(&mut tx, ticket, track, digest, &blob).await;
            return self.conclude(tx, outcome, &placed, &blob).await;
        }
    }

    async fn attach(
        &self,
        tx: &mut Tx,
        ticket: &TicketRecord,
        track: Uuid,
        digest: &str,
        blob: &BlobRecord,
    ) -> Result<()> {
        if !catalog::spend_ticket(tx, &ticket.id, digest, None).await? {
            return Err(NO_TICKET);
        }
        let mut record = catalog::track_in(tx, track).await?.ok_or(NO_TICKET)?;
        record.audio = Some(blob.id.clone());
        record.track.status = TrackStatus::Processing;
        record.track.updated_at = self.later_than(record.track.updated_at);
        catalog::put_track(tx, &record).await
    }

    /// What the recording says goes into the track.
    async fn read_audio(&self, tenant: &str, track: Uuid, body: Spooled) -> Result<()> {
        let client = Client::Tenant(tenant.to_owned());
        let until = self.inner.admission.until();
        let ask =
            Ask { client: &client, lane: Lane::Long, memory: TAG_MEMORY, answers: false, until };
        let grant = self.inner.admission.acquire(ask).await?;
        let (tags, grant) = on_worker(grant, move || {
            let reader = body.reader().map_err(|error| ServiceError::storage("the disk", error))?;
            // A library under attack: what it does wrong is the recording's loss alone.
            let read = std::panic::AssertUnwindSafe(|| tags_of(reader));
            Ok::<_, ServiceError>(std::panic::catch_unwind(read).ok().flatten())
        })
        .await?;
        drop(grant);
        let tags = tags?;
        let cover = self.embedded_cover(tenant, tags.as_ref()).await;
        self.write_tags(track, tags, cover).await
    }

    /// The recording's picture, if it would be accepted as a cover.
    async fn embedded_cover(
        &self,
        tenant: &str,
        tags: Option<&Tags>,
    ) -> Option<(NewAsset, Examined)> {
        let picture = tags?.picture.clone()?;
        let new = NewAsset::new(tenant, Surface::Audiodelivery);
        match self.admit(&new, &Spooled::of(picture), None).await {
            Ok(examined) => Some((new, examined)),
            Err(error) => {
                tracing::info!(%error, "the picture in a recording was not taken");
                None
            }
        }
    }

    async fn write_tags(
        &self,
        track: Uuid,
        tags: Option<Tags>,
        cover: Option<(NewAsset, Examined)>,
    ) -> Result<()> {
        loop {
            let placed = match &cover {
                Some((_, examined)) => Some(self.place(&examined.stored).await?),
                None => None,
            };
            let mut tx = self.inner.catalog.begin().await?;
            let settled = match &placed {
                Some(placed) => match self.settle(&mut tx, placed).await? {
                    Some(blob) => Some(blob),
                    None => continue,
                },
                None => None,
            };
            let picture = cover.as_ref().zip(settled.as_ref());
            let outcome = self.fill(&mut tx, track, tags.as_ref(), picture).await;
            let collection = if let (Some(placed), Some(blob)) = (&placed, &settled) {
                self.conclude(tx, outcome, placed, blob).await?
            } else {
                tx.commit().await?;
                outcome?
            };
            if let (Some(collection), Some(_)) = (collection, placed) {
                self.mix_theme(collection).await;
            }
            return Ok(());
        }
    }

    /// Writes what was read into the track, which may have gone; its collection.
    async fn fill(
        &self,
        tx: &mut Tx,
        track: Uuid,
        tags: Option<&Tags>,
        picture: Option<(&(NewAsset, Examined), &BlobRecord)>,
    ) -> Result<Option<Uuid>> {
        let Some(mut record) = catalog::track_in(tx, track).await? else { return Ok(None) };
        record.track.status = if tags.is_some() { TrackStatus::Ready } else { TrackStatus::Failed };
        if let Some(tags) = tags {
            record.track.duration = Some(tags.duration.as_secs_f64());
            let title = record.track.player_title.take().or_else(|| tags.title.clone());
            let artist = record.track.player_subtitle.take().or_else(|| tags.artist.clone());
            (record.track.player_title, record.track.player_subtitle) = (title, artist);
        }
        record.track.updated_at = self.later_than(record.track.updated_at);
        catalog::put_track(tx, &record).await?;
        if let Some(((new, examined), blob)) = picture
            && record.track.cover.is_none()
        {
            let asset = self.insert_cover(tx, new, examined, blob).await?;
            let now = self.inner.settings.clock.now();
            catalog::set_track_cover(tx, track, asset.id, now).await?;
        }
        Ok(Some(record.track.collection))
    }

    /// Reads from a body on a thread that may block, and gives it back.
    async fn on_disk<T: Send + 'static>(
        &self,
        body: Spooled,
        read: impl FnOnce(&mut dyn ReadSeek) -> std::io::Result<T> + Send + 'static,
    ) -> Result<(Spooled, T)> {
        super::spool::on_disk(move || {
            let done = read(body.reader()?.as_mut())?;
            Ok((body, done))
        })
        .await
    }
}

/// Whether these bytes begin with the header of an MPEG audio frame (ISO/IEC 11172-3, 2.4.1.3) of
/// layer II or III, whatever its version and protection. Layer I, which nobody uploads, would take
/// text in UTF-16 for audio: its byte order mark looks like that.
fn is_mpeg_frame(head: &[u8]) -> bool {
    let &[0xff, second, third, ..] = head else { return false };
    let (version, layer) = (second >> 3 & 3, second >> 1 & 3);
    // The values left out are reserved.
    second >> 5 == 7
        && version != 1
        && matches!(layer, 1 | 2)
        && third >> 4 != 15
        && third >> 2 & 3 != 3
}

/// `None` when the recording cannot be read.
fn tags_of(mut reader: Box<dyn ReadSeek>) -> Option<Tags> {
    let probe = Probe::new(&mut reader).options(ParseOptions::new()).guess_file_type().ok()?;
    let file = probe.read().ok()?;
    let tag = file.primary_tag().or_else(|| file.first_tag());
    let text = |text: Option<std::borrow::Cow<'_, str>>| {
        text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let picture = tag.and_then(|tag| {
        let front = tag.pictures().iter().find(|p| p.pic_type() == PictureType::CoverFront);
        front.or_else(|| tag.pictures().first()).map(|picture| picture.data().to_vec())
    });
    Some(Tags {
        duration: file.properties().duration(),
        title: text(tag.and_then(Accessor::title)),
        artist: text(tag.and_then(Accessor::artist)),
        picture,
    })
}
