//! The pipeline's part of storing: a look at a file for its digests and the memory that it will take,
//! then everything else. Both are admitted before the file's bytes are in memory, and done by workers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::decode::Mode;
use crate::{
    ByteDigest, Cancellation, DuplicateRule, ImageDigest, Pipeline, Policy, Rejection, Report,
    Upload,
};

use super::admission::{Ask, Client, Grant, Lane};
use super::assets::{Assets, Result};
use super::catalog::Facts;
use super::error::ServiceError;
use super::model::{NewAsset, Surface, Theme};
use super::settings::Policies;
use super::spool::Spooled;

/// A pipeline for every API and lane.
pub(crate) struct Examiners {
    pools: [(Lane, Arc<rayon::ThreadPool>); 2],
    pipelines: Vec<(Surface, Lane, Pipeline)>,
}

impl Examiners {
    /// `threads` are for each lane, so that short work never waits for a thread of long work.
    pub(crate) fn new(policies: &Policies, threads: usize) -> Result<Self> {
        let pool = || {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.map(Arc::new).map_err(|error| ServiceError::Internal(error.to_string()))
        };
        let pools = [(Lane::Short, pool()?), (Lane::Long, pool()?)];
        let mut pipelines = Vec::new();
        for surface in Surface::ALL {
            for (lane, pool) in &pools {
                // Duplicates are decided by the database, where they are stored.
                let policy = policies.of(surface).clone().duplicates(DuplicateRule::Allow);
                let pipeline = Pipeline::builder(policy).thread_pool(Arc::clone(pool)).build()?;
                pipelines.push((surface, *lane, pipeline));
            }
        }
        Ok(Self { pools, pipelines })
    }

    /// The threads of a lane.
    pub(super) fn pool(&self, lane: Lane) -> Result<Arc<rayon::ThreadPool>> {
        let found = self.pools.iter().find(|(of, _)| *of == lane);
        found
            .map(|(_, pool)| Arc::clone(pool))
            .ok_or_else(|| ServiceError::Internal("no threads for a lane".to_owned()))
    }

    fn of(&self, surface: Surface, lane: Lane) -> Result<Pipeline> {
        let found = self.pipelines.iter().find(|(of, on, _)| (*of, *on) == (surface, lane));
        found
            .map(|(.., pipeline)| pipeline.clone())
            .ok_or_else(|| ServiceError::Internal(format!("no pipeline for {}", surface.name())))
    }
}

/// An exact digest and its kind, as `claims` keeps them.
pub(crate) type Claim = (&'static str, String);

/// What is known before anything is decoded.
pub(crate) struct Looked {
    pub(crate) digests: Vec<Claim>,
    /// Bytes of memory that decoding will take, beside the file.
    memory: u64,
    /// The estimated work, in the unit of [`crate::Limits::max_work`].
    work: u64,
    /// When whoever waits gives up.
    until: Instant,
    file: Held,
}

/// A file's bytes, and the memory for them.
pub(super) struct Held {
    pub(super) bytes: Bytes,
    pub(super) grant: Grant,
}

/// What is known afterwards.
pub(crate) struct Examined {
    pub(crate) facts: Facts,
    pub(crate) digests: Vec<Claim>,
    /// What is to be stored: the same coded image without metadata and trailing bytes, unless the
    /// policy keeps them.
    pub(crate) stored: Bytes,
    /// The memory for that.
    _memory: Grant,
}

/// Raises a cancellation when whoever waits for the work goes away.
pub(super) struct CancelOnDrop(pub(super) Cancellation);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// The claims of an upload, and what stops the work on it.
struct Claims {
    file_name: Option<String>,
    media_type: Option<String>,
    cancellation: Cancellation,
    within: Duration,
}

impl Claims {
    fn of(new: &NewAsset, within: Duration) -> (Self, CancelOnDrop) {
        let cancellation = Cancellation::new();
        let claims = Self {
            file_name: new.file_name.clone(),
            media_type: new.media_type.clone(),
            cancellation: cancellation.clone(),
            within,
        };
        (claims, CancelOnDrop(cancellation))
    }

    fn upload(self, bytes: &[u8]) -> Upload<'_> {
        let mut upload = Upload::new(bytes).cancelled_by(&self.cancellation).within(self.within);
        if let Some(name) = self.file_name {
            upload = upload.claiming_name(name);
        }
        if let Some(media_type) = self.media_type {
            upload = upload.claiming_media_type(media_type);
        }
        upload
    }
}

/// Runs work on a thread that may block. The grant is its own until it ends, even when nobody waits
/// for it any more.
pub(super) async fn on_worker<T: Send + 'static>(
    grant: Grant,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<(T, Grant)> {
    tokio::task::spawn_blocking(move || (work(), grant))
        .await
        .map_err(|error| ServiceError::Internal(error.to_string()))
}

impl Assets {
    /// The verdict on a picture, with digests and colours, as storing it through this API would find
    /// it; nothing is stored. The refusal of a file is an answer here, not an error.
    ///
    /// # Errors
    /// [`ServiceError::Overloaded`] when the budget is full, [`ServiceError::Storage`] when the body
    /// cannot be read back.
    pub async fn inspect(
        &self,
        new: NewAsset,
        body: Spooled,
    ) -> Result<std::result::Result<Report, Box<Rejection>>> {
        let client = Client::Tenant(new.tenant.clone());
        let looked = match self.look(&new, &body).await {
            Err(ServiceError::Rejected(rejection)) => return Ok(Err(rejection)),
            looked => looked?,
        };
        let memory = looked.memory.saturating_add(body.length());
        let lane = self.inner.admission.lane_to_work(memory, looked.work);
        let ask = Ask { client: &client, lane, memory, answers: false, until: looked.until };
        let Held { bytes, grant } = self.with_more(looked.file, ask, body.read()).await?;
        let pipeline = self.inner.examiners.of(new.surface, grant.lane())?;
        let (claims, _cancel) = Claims::of(&new, self.processing_timeout());
        let process = move || pipeline.process(&claims.upload(&bytes));
        match on_worker(grant, process).await?.0 {
            Ok(report) => Ok(Ok(report)),
            Err(crate::Error::Rejected(rejection)) => Ok(Err(rejection)),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn policy(&self, surface: Surface) -> &Policy {
        self.inner.settings.policies.of(surface)
    }

    /// Processor time that one piece of work on a picture may take.
    pub(super) fn processing_timeout(&self) -> Duration {
        self.inner.settings.processing_timeout
    }

    /// Walks and judges; decodes nothing.
    pub(super) async fn look(&self, new: &NewAsset, body: &Spooled) -> Result<Looked> {
        let client = Client::Tenant(new.tenant.clone());
        let admission = &self.inner.admission;
        let lane = admission.lane_to_look(body.length());
        let until = admission.until();
        let memory = body.length();
        let ask = Ask { client: &client, lane, memory, answers: false, until };
        let grant = admission.acquire(ask).await?;
        let pipeline = self.inner.examiners.of(new.surface, lane)?;
        let bytes = body.read().await?;
        let (claims, _cancel) = Claims::of(new, self.processing_timeout());
        let look = move || -> Result<_> {
            let upload = claims.upload(&bytes);
            let admitted = pipeline.admit_for(&upload, Mode::Shown)?;
            let (memory, work) = (pipeline.memory_needed(&admitted), admitted.structure.work());
            let image = ImageDigest::of(&admitted.structure, &bytes);
            let digests =
                vec![("bytes", ByteDigest::of(&bytes).to_string()), ("image", image.to_string())];
            drop(upload);
            Ok((digests, memory, work, bytes))
        };
        let (looked, grant) = on_worker(grant, look).await?;
        let (digests, memory, work, bytes) = looked?;
        let grant = grant.idle(body.length());
        Ok(Looked { digests, memory, work, until, file: Held { bytes, grant } })
    }

    /// A file that was looked at, with memory and a worker for the rest. Its bytes are given up and
    /// read again where that is not free at once: nobody waits for memory and holds some.
    pub(super) async fn with_more(
        &self,
        Held { bytes, grant }: Held,
        ask: Ask<'_>,
        read: impl Future<Output = Result<Bytes>>,
    ) -> Result<Held> {
        match grant.exchanged(&ask) {
            Ok(grant) => Ok(Held { bytes, grant }),
            Err(grant) => {
                drop(bytes);
                let exclusive = grant.into_exclusive();
                let grant = self.inner.admission.acquire(ask).await?.with(exclusive);
                Ok(Held { bytes: read.await?, grant })
            }
        }
    }

    /// Decodes, once.
    pub(super) async fn examine(
        &self,
        new: &NewAsset,
        body: &Spooled,
        looked: Looked,
    ) -> Result<Examined> {
        let client = Client::Tenant(new.tenant.clone());
        // The file, and the copy of it that is stored.
        let memory = looked.memory.saturating_add(body.length().saturating_mul(2));
        let lane = self.inner.admission.lane_to_work(memory, looked.work);
        let ask = Ask { client: &client, lane, memory, answers: false, until: looked.until };
        let Held { bytes, grant } = self.with_more(looked.file, ask, body.read()).await?;
        let pipeline = self.inner.examiners.of(new.surface, grant.lane())?;
        let keep = self.policy(new.surface).keep_metadata;
        let mut digests = looked.digests;
        let (claims, _cancel) = Claims::of(new, self.processing_timeout());
        let examine = move || -> Result<_> {
            let upload = claims.upload(&bytes);
            let report = pipeline.process(&upload)?;
            if let Some(pixels) = report.digests().pixels {
                digests.push(("pixels", pixels.to_string()));
            }
            let sanitized = if keep { None } else { report.sanitized(&upload) };
            let facts = Facts {
                byte_digest: report.digests().bytes.to_string(),
                format: report.format(),
                size: report.size(),
                has_alpha: report.inspection().has_alpha(),
                frames: report.inspection().frames(),
                theme: report.palette().map(Theme::of),
                perceptual_hash: report.digests().perceptual,
            };
            drop(upload);
            Ok((facts, digests, sanitized.map_or(bytes, Bytes::from)))
        };
        let (examined, grant) = on_worker(grant, examine).await?;
        let (facts, digests, stored) = examined?;
        let grant = grant.idle(stored.len() as u64);
        Ok(Examined { facts, digests, stored, _memory: grant })
    }
}
