//! Recordings: stored as they come, and handed to the background for reading.

use uuid::Uuid;

use super::assets::{Assets, Result};
use super::catalog::{self, BlobRecord, TicketRecord, Tx};
use super::error::ServiceError;
use super::model::{TicketFor, Track, TrackStatus};
use super::spool::{ReadSeek, Spooled};
use super::tickets::{NO_TICKET, OpenTicket, Spent};

/// Bytes at the start of a file by which audio is told.
const HEAD: usize = 8 * 1024;

impl Assets {
    /// As [`Assets::upload_audio`], for a body that is whole already.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for a ticket that is forged, over, used or not for audio,
    /// [`ServiceError::Invalid`] when the bytes are no audio.
    pub async fn redeem_audio(&self, token: &str, body: Spooled) -> Result<Track> {
        let ticket = self.open_ticket(token).await?;
        self.upload_audio(&ticket, body).await
    }

    /// The recording for a track's ticket. It is stored, the ticket used up and its reading asked for
    /// in one step, so that nobody need wait for it: this answers when it was read, or after
    /// [`Settings::audio_wait`](super::Settings::audio_wait) with a track that is `processing`.
    ///
    /// Its title and artist fill the player's fields where they are empty, and its picture becomes the
    /// track's cover where there is none. A recording that cannot be read makes the track `failed`,
    /// and its ticket takes another. The same bytes again give the same answer until the ticket ends.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for a ticket that is used or not for audio, or whose track is gone;
    /// [`ServiceError::Conflict`] when the track has a recording; [`ServiceError::Invalid`] when the
    /// bytes are no audio.
    pub async fn upload_audio(&self, ticket: &OpenTicket, body: Spooled) -> Result<Track> {
        let ticket = &self.renewed(ticket).await?;
        let TicketFor::TrackAudio(track) = ticket.what else { return Err(NO_TICKET) };
        let digest = body.digest();
        let read = self.inner.readings.expect(track);
        if let Spent::Not = Spent::of(ticket, &digest)? {
            self.expect_room(&ticket.tenant, 0, body.length()).await?;
            let body = self.sniff_audio(body).await?;
            if let Err(error) = self.record_audio(ticket, track, &digest, &body).await {
                // Somebody else was faster: with the same bytes this is a retry all the same.
                let now = self.inner.catalog.ticket(&ticket.id).await?.ok_or(NO_TICKET)?;
                if !matches!(Spent::of(&now, &digest), Ok(Spent::OnThis(_))) {
                    return Err(error);
                }
            }
        } else {
            self.mend_body(&body).await;
        }
        let found = self.track(&ticket.tenant, track).await?;
        if found.status != TrackStatus::Processing {
            return Ok(found);
        }
        self.inner.readings.wake();
        let _ = tokio::time::timeout(self.inner.settings.audio_wait, read).await;
        self.track(&ticket.tenant, track).await
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

    /// Bytes first, then the ticket, the track and the job in one step.
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
        must_lack_audio(&record.track)?;
        let room = self.room(tx, &ticket.tenant).await?;
        record.audio = Some(blob.id.clone());
        record.track.status = TrackStatus::Processing;
        record.track.status_message = None;
        record.track.updated_at = self.later_than(record.track.updated_at);
        catalog::put_track(tx, &record).await?;
        self.keep_to(tx, room).await?;
        let now = self.inner.settings.clock.now();
        catalog::put_recording(tx, track, &ticket.tenant, now).await
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

/// A recording is never replaced by another.
pub(super) fn must_lack_audio(track: &Track) -> Result<()> {
    match track.status {
        TrackStatus::Waiting | TrackStatus::Failed => Ok(()),
        TrackStatus::Processing | TrackStatus::Ready => Err(ServiceError::Conflict {
            message: format!(
                "the track has a recording, which is {}; delete the track to upload another",
                track.status.name()
            ),
        }),
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
