//! Whether uploads would be stored. Asked often, so it is looked at once a second, for at most a
//! second, and nothing is written.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::assets::{Assets, Result};
use super::error::ServiceError;

/// How long an answer holds, and how long a look may take.
const SECOND: Duration = Duration::from_secs(1);

/// The last answer.
#[derive(Debug, Default)]
pub(super) struct Readiness(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    at: Option<Instant>,
    fault: Option<Fault>,
    /// A look that is not done: a second one would wait behind it.
    pending: Option<JoinHandle<Result<()>>>,
}

/// Why it is not ready, to be told again.
#[derive(Debug, Clone)]
enum Fault {
    Timeout(&'static str),
    Full(&'static str),
    Storage(&'static str, String),
}

impl Fault {
    fn of(error: ServiceError) -> Self {
        match error {
            ServiceError::Timeout { what } => Self::Timeout(what),
            ServiceError::StorageFull { what } => Self::Full(what),
            ServiceError::Storage { what, source } => Self::Storage(what, source.to_string()),
            ServiceError::BlobMissing => {
                Self::Storage("the blob store", "the identity of the store is missing".to_owned())
            }
            error => Self::Storage("the service", error.to_string()),
        }
    }

    fn error(&self) -> ServiceError {
        match self.clone() {
            Self::Timeout(what) => ServiceError::Timeout { what },
            Self::Full(what) => ServiceError::StorageFull { what },
            Self::Storage(what, detail) => ServiceError::storage(what, detail),
        }
    }
}

impl Assets {
    /// Whether uploads would be stored: the disk has room, the database takes writes and the blob
    /// store answers. Nothing is written; the answer holds for a second and takes at most one.
    ///
    /// # Errors
    /// [`ServiceError::StorageFull`] when less than [`Settings::min_free_bytes`](super::Settings) are
    /// free, [`ServiceError::Timeout`] when the database is locked or something does not answer,
    /// [`ServiceError::Storage`] when something fails.
    pub async fn ready(&self) -> Result<()> {
        let mut seen = self.inner.readiness.0.lock().await;
        if seen.at.is_none_or(|at| at.elapsed() >= SECOND) {
            let fault = self.look_at_storage(&mut seen).await.err().map(Fault::of);
            seen.fault = fault;
            seen.at = Some(Instant::now());
        }
        seen.fault.as_ref().map_or(Ok(()), |fault| Err(fault.error()))
    }

    async fn look_at_storage(&self, seen: &mut Seen) -> Result<()> {
        // What was written a moment ago need not be tried, nor wait behind who is writing.
        let last = self.inner.catalog.changes.last_commit();
        let writes = last.is_some_and(|last| last.elapsed() < SECOND);
        let assets = self.clone();
        let mut look = seen.pending.take().unwrap_or_else(|| {
            // In a task of its own, which goes on when nobody waits: a transaction is not left
            // half-begun.
            tokio::spawn(async move {
                super::spool::on_disk({
                    let assets = assets.clone();
                    move || Ok(assets.look_for_room())
                })
                .await??;
                assets.inner.blobs.answers().await?;
                if writes { Ok(()) } else { assets.inner.catalog.can_write().await }
            })
        });
        match timeout(SECOND, &mut look).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => Err(ServiceError::Internal(error.to_string())),
            Err(_) => {
                seen.pending = Some(look);
                Err(ServiceError::Timeout { what: "the database or the blob store" })
            }
        }
    }

    #[cfg(unix)]
    fn look_for_room(&self) -> Result<()> {
        let Some(directory) = &self.inner.directory else { return Ok(()) };
        let what = "the disk";
        let disk = rustix::fs::statvfs(directory.part(""))
            .map_err(|error| ServiceError::storage(what, std::io::Error::from(error)))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        // Some file systems count no files.
        let no_files = disk.f_files > 0 && disk.f_favail == 0;
        if free < self.inner.settings.min_free_bytes || no_files {
            return Err(ServiceError::StorageFull { what });
        }
        Ok(())
    }

    #[cfg(not(unix))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps)]
    fn look_for_room(&self) -> Result<()> {
        Ok(())
    }
}
