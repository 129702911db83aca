//! The background that reads recordings: leased jobs, so that what one process leaves unfinished
//! another takes up, each at most [`MAX_ATTEMPTS`] times.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, oneshot};
use uuid::Uuid;

use super::admission::{Ask, Client, Lane};
use super::assets::{Assets, Inner, Result};
use super::blobs::Blobs;
use super::catalog::{self, BlobRecord, RecordingJob, Tx};
use super::clock::after;
use super::error::ServiceError;
use super::examine::{Examined, on_worker};
use super::model::{NewAsset, Surface, TrackStatus};
use super::recording::{self, Failed, Limits, Reader, Recording, Source};
use super::spool::Spooled;

/// How often the reading of one recording is begun.
const MAX_ATTEMPTS: u64 = 3;
/// How long a job is one holder's unless it is held for longer.
const LEASE: Duration = Duration::from_secs(60);
/// How long a job rests that could not be done now.
const PAUSE: Duration = Duration::from_secs(5);
/// How often the worker looks for jobs whose lease ended, when nothing wakes it.
const POLL: Duration = Duration::from_secs(5);
/// What reading one recording may take. The largest that clients send take a hundredth of it.
const LIMITS: Limits =
    Limits { steps: 2_000_000, bytes: 64 * 1024 * 1024, time: Duration::from_secs(10) };
/// Bytes of memory that reading takes beside what it fetches.
const READING_MEMORY: u64 = 2 * 1024 * 1024;

/// Who waits for recordings to be read, and the bell of the worker.
#[derive(Debug, Default)]
pub(super) struct Readings {
    bell: Notify,
    waiting: Mutex<HashMap<Uuid, Vec<oneshot::Sender<()>>>>,
}

impl Readings {
    /// There may be something to read, or it is time to end.
    pub(super) fn wake(&self) {
        self.bell.notify_one();
    }

    /// Done when the track's recording was read, or nobody will tell.
    pub(super) fn expect(&self, track: Uuid) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let of_track = waiting.entry(track).or_default();
        of_track.retain(|other| !other.is_closed());
        of_track.push(tell);
        told
    }

    fn tell(&self, track: Uuid) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for tell in waiting.remove(&track).unwrap_or_default() {
            let _ = tell.send(());
        }
        waiting.retain(|_, tracks| tracks.iter().any(|tell| !tell.is_closed()));
    }
}

/// Reads what is stored, from a thread that may block.
struct Stored {
    blobs: Blobs,
    blob: String,
    length: u64,
    runtime: Handle,
}

impl Source for Stored {
    fn length(&self) -> u64 {
        self.length
    }

    fn fetch(&mut self, start: u64, end: u64) -> io::Result<bytes::Bytes> {
        self.runtime
            .block_on(self.blobs.get(&self.blob, Some(start..end)))
            .map_err(io::Error::other)
    }
}

/// What became of a recording.
enum Outcome {
    Read(Box<Recording>, Option<Box<(NewAsset, Examined)>>),
    /// Why it was not read.
    Failed(String),
}

impl Assets {
    /// Begins reading recordings in the background, for as long as the service lives.
    pub(super) fn begin_reading(&self, at_once: usize) {
        let (service, readings) = (Arc::downgrade(&self.inner), Arc::clone(&self.inner.readings));
        let slots = Arc::new(Semaphore::new(at_once.max(1)));
        tokio::spawn(read_all(service, readings, slots));
    }

    async fn work_on(&self, job: RecordingJob) {
        let done = tokio::select! {
            done = self.read_job(&job) => done,
            () = self.hold(&job) => return,
        };
        if let Err(error) = done {
            let stopping = self.inner.stopping.is_cancelled();
            let counts = !stopping && !matches!(error, ServiceError::Overloaded { .. });
            let now = self.inner.settings.clock.now();
            let free_at = if stopping { now } else { after(now, PAUSE) };
            tracing::warn!(
                track = %job.track, attempt = job.attempts, code = error.code(), %error,
                "a recording was not read; it will be tried again"
            );
            // Should this fail as well, the lease ends by itself.
            let _ = self.inner.catalog.return_recording(&job, free_at, counts).await;
        }
        self.inner.readings.tell(job.track);
    }

    /// Holds the lease; done when it is lost.
    async fn hold(&self, job: &RecordingJob) {
        loop {
            tokio::time::sleep(LEASE / 3).await;
            let until = after(self.inner.settings.clock.now(), LEASE);
            match self.inner.catalog.extend_recording(job, until).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(%error, "a lease could not be held for longer"),
            }
        }
    }

    async fn read_job(&self, job: &RecordingJob) -> Result<()> {
        let outcome = if job.attempts > MAX_ATTEMPTS {
            Outcome::Failed(format!(
                "reading it was interrupted {MAX_ATTEMPTS} times; upload it again"
            ))
        } else {
            match self.read_stored(job).await? {
                Ok(recording) => {
                    let (recording, cover) = self.embedded_cover(job, recording).await?;
                    Outcome::Read(Box::new(recording), cover)
                }
                Err(why) => Outcome::Failed(why),
            }
        };
        self.write_outcome(job, outcome).await
    }

    async fn read_stored(
        &self,
        job: &RecordingJob,
    ) -> Result<std::result::Result<Recording, String>> {
        let client = Client::Tenant(job.tenant.clone());
        let memory = READING_MEMORY.saturating_add(job.bytes.min(LIMITS.bytes));
        let until = self.inner.admission.until();
        let ask = Ask { client: &client, lane: Lane::Long, memory, answers: false, until };
        let grant = self.inner.admission.acquire(ask).await?;
        let stored = Stored {
            blobs: self.inner.blobs.clone(),
            blob: job.blob.clone(),
            length: job.bytes,
            runtime: Handle::current(),
        };
        let mut reader = Reader::new(stored, LIMITS, self.inner.stopping.clone());
        let (read, grant) = on_worker(grant, move || {
            // A library under attack: what it does wrong is the recording's loss alone.
            let read = std::panic::AssertUnwindSafe(|| recording::read(&mut reader));
            std::panic::catch_unwind(read)
        })
        .await?;
        drop(grant);
        match read {
            Ok(Ok(recording)) => Ok(Ok(recording)),
            Ok(Err(Failed::Unreadable(why))) => Ok(Err(why)),
            Ok(Err(Failed::Interrupted)) => {
                Err(ServiceError::storage("the blob store", "reading was interrupted"))
            }
            Err(_) => Ok(Err("it could not be read".to_owned())),
        }
    }

    /// The recording's picture, if the track has none and it would be accepted as a cover.
    async fn embedded_cover(
        &self,
        job: &RecordingJob,
        mut recording: Recording,
    ) -> Result<(Recording, Option<Box<(NewAsset, Examined)>>)> {
        let picture = recording.tags.take_picture();
        let has_cover = match self.inner.catalog.track(job.track).await? {
            Some(record) => record.track.cover.is_some(),
            None => true,
        };
        let Some(picture) = picture.filter(|_| !has_cover) else { return Ok((recording, None)) };
        let new = NewAsset::new(&job.tenant, Surface::Audiodelivery);
        match self.admit(&new, &Spooled::of(picture), None).await {
            Ok(examined) => Ok((recording, Some(Box::new((new, examined))))),
            // A picture that cannot be looked at now is tried again, with its recording.
            Err(error)
                if job.attempts < MAX_ATTEMPTS
                    && !matches!(
                        error,
                        ServiceError::Rejected(_) | ServiceError::TookTooLong { .. }
                    ) =>
            {
                Err(error)
            }
            Err(error) => {
                tracing::info!(
                    track = %job.track, %error, "the picture in a recording was not taken"
                );
                Ok((recording, None))
            }
        }
    }

    async fn write_outcome(&self, job: &RecordingJob, outcome: Outcome) -> Result<()> {
        let cover = match &outcome {
            Outcome::Read(_, Some(cover)) => Some(cover),
            _ => None,
        };
        loop {
            let placed = match cover {
                Some(cover) => Some(self.place(&cover.1.stored).await?),
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
            let written = self.fill(&mut tx, job, &outcome, settled.as_ref()).await;
            let collection = if let (Some(placed), Some(blob)) = (&placed, &settled) {
                self.conclude(tx, written, placed, blob).await?
            } else {
                let collection = written?;
                tx.commit().await?;
                collection
            };
            if let (Some(collection), Some(_)) = (collection, placed) {
                self.mix_theme(collection).await;
            }
            return Ok(());
        }
    }

    /// Ends the job and writes what was read into the track; its collection. Nothing is written where
    /// the job is somebody else's by now, or the track has gone.
    async fn fill(
        &self,
        tx: &mut Tx,
        job: &RecordingJob,
        outcome: &Outcome,
        blob: Option<&BlobRecord>,
    ) -> Result<Option<Uuid>> {
        if !catalog::finish_recording(tx, job).await? {
            return Ok(None);
        }
        let Some(mut record) = catalog::track_in(tx, job.track).await? else { return Ok(None) };
        match outcome {
            Outcome::Read(recording, _) => {
                let tags = &recording.tags;
                record.track.status = TrackStatus::Ready;
                record.track.duration = Some(recording.duration.as_secs_f64());
                let title = record.track.player_title.take().or_else(|| tags.title.clone());
                let artist = record.track.player_subtitle.take().or_else(|| tags.artist.clone());
                (record.track.player_title, record.track.player_subtitle) = (title, artist);
            }
            Outcome::Failed(why) => {
                record.track.status = TrackStatus::Failed;
                record.track.status_message = Some(why.clone());
                catalog::reopen_audio_tickets(tx, job.track).await?;
            }
        }
        record.track.updated_at = self.later_than(record.track.updated_at);
        catalog::put_track(tx, &record).await?;
        if let (Outcome::Read(_, Some(cover)), Some(blob)) = (outcome, blob)
            && record.track.cover.is_none()
            && self.has_room(tx, &cover.0.tenant, 1, blob.bytes).await?
        {
            let asset = self.insert_cover(tx, &cover.0, &cover.1, blob).await?;
            let now = self.inner.settings.clock.now();
            catalog::set_track_cover(tx, job.track, asset.id, now).await?;
        }
        Ok(Some(record.track.collection))
    }
}

async fn read_all(service: Weak<Inner>, readings: Arc<Readings>, slots: Arc<Semaphore>) {
    let mut last = String::new();
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let Some(inner) = service.upgrade() else { return };
        let assets = Assets { inner, client: None };
        if assets.inner.stopping.is_cancelled() {
            return;
        }
        let now = assets.inner.settings.clock.now();
        match assets.inner.catalog.take_recording(&last, now, after(now, LEASE)).await {
            Ok(Some(job)) => {
                last.clone_from(&job.tenant);
                tokio::spawn(async move {
                    assets.work_on(job).await;
                    drop(slot);
                });
                continue;
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(code = error.code(), %error, "no recording could be taken up");
            }
        }
        // Nothing of the service is held while there is nothing to do.
        drop((assets, slot));
        let _ = tokio::time::timeout(POLL, readings.bell.notified()).await;
    }
}
