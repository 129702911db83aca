//! The pipeline's part of storing: one look for the digests and the memory it will take, one for
//! everything else.

use std::sync::Arc;

use crate::decode::Mode;
use crate::{
    ByteDigest, Cancellation, DuplicateRule, ImageDigest, Palette, Pipeline, Policy, Rejection,
    Report, Upload,
};

use super::assets::{Assets, Result};
use super::catalog::Facts;
use super::error::ServiceError;
use super::model::{NewAsset, Surface, Theme};
use super::settings::Policies;
use super::spool::Spooled;

/// A pipeline for every API.
pub(crate) struct Examiners(Vec<(Surface, Pipeline)>);

impl Examiners {
    pub(crate) fn new(policies: &Policies, threads: usize) -> Result<Self> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = Arc::new(pool.map_err(|error| ServiceError::Internal(error.to_string()))?);
        let pipeline = |surface| {
            // Duplicates are decided by the database, where they are stored.
            let policy = policies.of(surface).clone().duplicates(DuplicateRule::Allow);
            Ok((surface, Pipeline::builder(policy).thread_pool(Arc::clone(&pool)).build()?))
        };
        Surface::ALL.into_iter().map(pipeline).collect::<Result<_>>().map(Self)
    }

    fn of(&self, surface: Surface) -> Result<Pipeline> {
        let found = self.0.iter().find(|(of, _)| *of == surface);
        found
            .map(|(_, pipeline)| pipeline.clone())
            .ok_or_else(|| ServiceError::Internal(format!("no pipeline for {}", surface.name())))
    }
}

/// An exact digest and its kind, as `claims` keeps them.
pub(crate) type Claim = (&'static str, String);

/// What is known before anything is decoded.
pub(crate) struct First {
    pub(crate) digests: Vec<Claim>,
    /// Bytes of memory that decoding will take, beside the file.
    memory: u64,
}

/// What is known afterwards.
pub(crate) struct Examined {
    pub(crate) facts: Facts,
    pub(crate) digests: Vec<Claim>,
    /// What is to be stored: the same coded image without metadata and trailing bytes, unless the
    /// policy keeps them.
    pub(crate) stored: Vec<u8>,
}

/// Raises a cancellation when whoever waits for the work goes away.
struct CancelOnDrop(Cancellation);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

fn claiming(new: &NewAsset, bytes: Vec<u8>, cancellation: &Cancellation) -> Upload<'static> {
    let mut upload = Upload::new(bytes).cancelled_by(cancellation);
    if let Some(name) = &new.file_name {
        upload = upload.claiming_name(name);
    }
    if let Some(media_type) = &new.media_type {
        upload = upload.claiming_media_type(media_type);
    }
    upload
}

/// Runs image work where it may take its time. Memory and the turn are its own until it ends, even
/// when nobody waits for it any more.
pub(super) async fn on_a_processor<T: Send + 'static>(
    assets: &Assets,
    memory: super::admission::Memory,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let turn = assets.inner.admission.turn().await?;
    let work = move || {
        let done = work();
        drop((turn, memory));
        done
    };
    tokio::task::spawn_blocking(work)
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
        let first = match self.look(&new, &body).await {
            Err(ServiceError::Rejected(rejection)) => return Ok(Err(rejection)),
            first => first?,
        };
        let memory = first.memory.saturating_add(body.length());
        let memory = self.inner.admission.memory(memory).await?;
        let pipeline = self.inner.examiners.of(new.surface)?;
        let cancellation = Cancellation::new();
        let _cancel = CancelOnDrop(cancellation.clone());
        let upload = claiming(&new, body.read().await?, &cancellation);
        match on_a_processor(self, memory, move || pipeline.process(&upload)).await? {
            Ok(report) => Ok(Ok(report)),
            Err(crate::Error::Rejected(rejection)) => Ok(Err(rejection)),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn policy(&self, surface: Surface) -> &Policy {
        self.inner.settings.policies.of(surface)
    }

    /// Walks and judges; decodes nothing.
    pub(super) async fn look(&self, new: &NewAsset, body: &Spooled) -> Result<First> {
        let memory = self.inner.admission.memory(body.length()).await?;
        let pipeline = self.inner.examiners.of(new.surface)?;
        let cancellation = Cancellation::new();
        let upload = claiming(new, body.read().await?, &cancellation);
        on_a_processor(self, memory, move || {
            let admitted = pipeline.admit_for(&upload, Mode::Shown)?;
            let memory = pipeline.memory_needed(&admitted);
            let image = ImageDigest::of(&admitted.structure, upload.bytes());
            let digests = vec![
                ("bytes", ByteDigest::of(upload.bytes()).to_string()),
                ("image", image.to_string()),
            ];
            Ok(First { digests, memory })
        })
        .await?
    }

    /// Decodes, once; the memory was told by [`Assets::look`].
    pub(super) async fn examine(
        &self,
        new: &NewAsset,
        body: &Spooled,
        first: First,
    ) -> Result<Examined> {
        // The file, and the copy of it that is stored.
        let memory = first.memory.saturating_add(body.length().saturating_mul(2));
        let memory = self.inner.admission.memory(memory).await?;
        let pipeline = self.inner.examiners.of(new.surface)?;
        let cancellation = Cancellation::new();
        let _cancel = CancelOnDrop(cancellation.clone());
        let upload = claiming(new, body.read().await?, &cancellation);
        let keep = self.policy(new.surface).keep_metadata;
        let mut digests = first.digests;
        on_a_processor(self, memory, move || {
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
            let stored = sanitized.unwrap_or_else(|| upload.into_bytes());
            Ok(Examined { facts, digests, stored })
        })
        .await?
    }

    /// The palette of bytes that were accepted before.
    pub(super) async fn palette_of(
        &self,
        surface: Surface,
        bytes: Vec<u8>,
    ) -> Result<Option<Palette>> {
        let new = NewAsset::new("", surface);
        let body = Spooled::of(bytes);
        let first = self.look(&new, &body).await?;
        let memory = first.memory.saturating_add(body.length().saturating_mul(2));
        let memory = self.inner.admission.memory(memory).await?;
        let pipeline = self.inner.examiners.of(surface)?;
        let upload = claiming(&new, body.read().await?, &Cancellation::new());
        on_a_processor(self, memory, move || Ok(pipeline.palette(&upload)?)).await?
    }
}
