//! Recordings to be read: jobs that are leased, with a count of attempts and a fencing number.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::{Catalog, Columns, Result, Tx, signed};

/// A recording that its holder is to read.
#[derive(Debug, Clone)]
pub(crate) struct RecordingJob {
    pub(crate) track: Uuid,
    pub(crate) tenant: String,
    /// Where the recording lies.
    pub(crate) blob: String,
    pub(crate) bytes: u64,
    /// Readings that were begun, this one included.
    pub(crate) attempts: u64,
    /// Names this lease.
    pub(crate) fence: u64,
}

fn of_row(row: &SqliteRow) -> Result<RecordingJob> {
    Ok(RecordingJob {
        track: row.uuid("track")?,
        tenant: row.try_get("tenant")?,
        blob: row.try_get("audio")?,
        bytes: row.unsigned("bytes")?,
        attempts: row.unsigned("attempts")?,
        fence: row.unsigned("fence")?,
    })
}

/// The first job that is free now, with what it is about.
macro_rules! first_free {
    ($condition:literal) => {
        concat!(
            "SELECT recording_jobs.track, recording_jobs.tenant, recording_jobs.attempts,
             recording_jobs.fence, tracks.audio, blobs.bytes FROM recording_jobs
             JOIN tracks ON tracks.id = recording_jobs.track
             JOIN blobs ON blobs.id = tracks.audio
             WHERE recording_jobs.leased_until <= ? AND recording_jobs.tenant ",
            $condition,
            " ? ORDER BY recording_jobs.tenant, recording_jobs.created_at LIMIT 1"
        )
    };
}

impl Catalog {
    /// Leases the oldest free job of the first tenant after `last`, so that tenants take turns.
    pub(crate) async fn take_recording(
        &self,
        last: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<RecordingJob>> {
        let mut tx = self.begin().await?;
        let mut row = None;
        for query in [first_free!(">"), first_free!("<=")] {
            if row.is_none() {
                row = sqlx::query(query)
                    .bind(now.as_millisecond())
                    .bind(last)
                    .fetch_optional(&mut *tx)
                    .await?;
            }
        }
        let Some(mut job) = row.as_ref().map(of_row).transpose()? else { return Ok(None) };
        job.attempts = job.attempts.saturating_add(1);
        job.fence = job.fence.saturating_add(1);
        sqlx::query(
            "UPDATE recording_jobs SET attempts = ?, fence = ?, leased_until = ? WHERE track = ?",
        )
        .bind(signed(job.attempts))
        .bind(signed(job.fence))
        .bind(until.as_millisecond())
        .bind(job.track.to_string())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Some(job))
    }

    /// Holds a job for longer; false when it is somebody else's by now, or gone.
    pub(crate) async fn extend_recording(
        &self,
        job: &RecordingJob,
        until: Timestamp,
    ) -> Result<bool> {
        let done =
            sqlx::query("UPDATE recording_jobs SET leased_until = ? WHERE track = ? AND fence = ?")
                .bind(until.as_millisecond())
                .bind(job.track.to_string())
                .bind(signed(job.fence))
                .execute(&self.writer)
                .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Gives a job back, to be taken again from `free_at` on. An attempt that does not count is
    /// one that was never really made.
    pub(crate) async fn return_recording(
        &self,
        job: &RecordingJob,
        free_at: Timestamp,
        counts: bool,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE recording_jobs SET leased_until = ?, attempts = attempts - ?
             WHERE track = ? AND fence = ?",
        )
        .bind(free_at.as_millisecond())
        .bind(i64::from(!counts))
        .bind(job.track.to_string())
        .bind(signed(job.fence))
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Ends every lease: for a start, when no other process can hold one.
    pub(crate) async fn free_recordings(&self) -> Result<()> {
        sqlx::query("UPDATE recording_jobs SET leased_until = 0 WHERE leased_until > 0")
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}

/// Asks for a track's recording to be read, in place of one that it had before.
pub(crate) async fn put_recording(
    tx: &mut Tx,
    track: Uuid,
    tenant: &str,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO recording_jobs (track, tenant, attempts, fence, leased_until, created_at)
         VALUES (?, ?, 0, 0, 0, ?)
         ON CONFLICT (track) DO UPDATE SET attempts = 0, fence = recording_jobs.fence + 1,
         leased_until = 0, created_at = excluded.created_at",
    )
    .bind(track.to_string())
    .bind(tenant)
    .bind(now.as_millisecond())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Ends a job; false when it is somebody else's by now, or gone.
pub(crate) async fn finish_recording(tx: &mut Tx, job: &RecordingJob) -> Result<bool> {
    let done = sqlx::query("DELETE FROM recording_jobs WHERE track = ? AND fence = ?")
        .bind(job.track.to_string())
        .bind(signed(job.fence))
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected() == 1)
}
