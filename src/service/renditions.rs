//! Renditions on demand: produced once, kept in memory and on disk under a cap each.

use bytes::Bytes;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::assets::{Assets, Result};
use super::blobs::Blobs;
use super::error::ServiceError;
use super::examine::on_a_processor;
use super::model::{Asset, Served};
use crate::decode::Mode;
use crate::{Fit, Format, Pipeline, Policy, RenditionSpec, Upload};

/// Part of every entity tag: goes up with anything that changes the bytes of a rendition.
const RECIPE: &str = concat!(env!("CARGO_PKG_VERSION"), "-2");
/// What an entry of the cache takes beside its bytes.
const ENTRY: u64 = 256;

#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<String, Served> for ByBytes {
    fn weight(&self, _etag: &String, served: &Served) -> u64 {
        served.bytes.len() as u64 + ENTRY
    }
}

/// Finished renditions.
#[derive(Debug)]
pub(crate) struct Renditions {
    pub(crate) on_disk: Blobs,
    /// Whoever asks while another is producing waits for that one.
    hot: Cache<String, Served, ByBytes>,
}

impl Renditions {
    pub(crate) fn new(on_disk: Blobs, hot_bytes: u64) -> Self {
        let entries = usize::try_from(hot_bytes / (32 * 1024)).unwrap_or(1024).max(16);
        Self { on_disk, hot: Cache::with_weighter(entries, hot_bytes, ByBytes) }
    }
}

impl Assets {
    /// The entity tag that a rendition has, whether it exists or not: it covers the stored bytes and
    /// everything that decides about the rendition's.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with field `size` for what the policy forbids.
    pub fn rendition_etag(&self, asset: &Asset, spec: &RenditionSpec) -> Result<String> {
        let rules = &self.policy(asset.surface).renditions;
        spec.check(rules).map_err(|error| ServiceError::invalid("size", error.to_string()))?;
        let mut hasher = blake3::Hasher::new();
        let focus = match spec.chosen_fit() {
            Fit::Cover(point) => (point.x(), point.y()),
            _ => (0.0, 0.0),
        };
        let words = format!(
            "{RECIPE} {} {spec} {} {:?} {:?} {}",
            asset.blob_digest,
            spec.chosen_fit(),
            focus,
            spec.ground(rules),
            spec.may_enlarge(rules),
        );
        hasher.update(words.as_bytes());
        let hash = hasher.finalize().to_hex();
        Ok(format!("\"{}\"", hash.get(..32).unwrap_or_default()))
    }

    /// A rendition of an asset: the one kept, or a new one. However many ask at once, it is produced
    /// once.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with field `size` for what the policy forbids,
    /// [`ServiceError::BlobMissing`] when the asset's bytes are lost, [`ServiceError::Overloaded`]
    /// when the budget is full.
    pub async fn rendition(&self, asset: &Asset, spec: &RenditionSpec) -> Result<Served> {
        let etag = self.rendition_etag(asset, spec)?;
        let key = etag.trim_matches('"').to_owned();
        self.inner.renditions.hot.get_or_insert_async(&key, self.fetch(asset, spec, &etag)).await
    }

    /// From disk, else produced.
    async fn fetch(&self, asset: &Asset, spec: &RenditionSpec, etag: &str) -> Result<Served> {
        let key = etag.trim_matches('"');
        match self.kept(key).await {
            Ok(Some((bytes, media_type))) => {
                return Ok(Served { bytes, media_type, etag: etag.to_owned() });
            }
            Ok(None) => {}
            // What is kept is only a cache: without it the rendition is made again.
            Err(error) => tracing::warn!(%error, "kept renditions cannot be read"),
        }
        let (bytes, media_type) = self.produce(asset, spec).await?;
        if let Err(error) = self.keep(key, &bytes, media_type).await {
            tracing::warn!(%error, "a rendition could not be kept");
        }
        Ok(Served { bytes, media_type, etag: etag.to_owned() })
    }

    async fn kept(&self, key: &str) -> Result<Option<(Bytes, &'static str)>> {
        let now = self.inner.settings.clock.now();
        let Some(media_type) = self.inner.catalog.use_rendition(key, now).await? else {
            return Ok(None);
        };
        let Some(format) = Format::from_media_type(&media_type) else { return Ok(None) };
        match self.inner.renditions.on_disk.get(key, None).await {
            Ok(bytes) => Ok(Some((bytes, format.media_type()))),
            Err(ServiceError::BlobMissing) => {
                self.inner.catalog.delete_rendition(key).await?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn produce(&self, asset: &Asset, spec: &RenditionSpec) -> Result<(Bytes, &'static str)> {
        let original = self.inner.blobs.get(&asset.blob, None).await?;
        let policy = self.policy(asset.surface);
        // What is stored was judged when it came: here only its cost and the link's rules count.
        let mut limits = policy.limits.clone();
        limits.max_bytes = u64::MAX;
        let lenient = Policy { limits, renditions: policy.renditions.clone(), ..Policy::default() };
        let pipeline = Pipeline::builder(lenient)
            .rendition(*spec)
            .image_colors(false)
            .perceptual_hash(false)
            .build()?;
        let upload = Upload::new(original.to_vec());
        let needed = pipeline.memory_needed(&pipeline.admit_for(&upload, Mode::Shown)?);
        let memory = needed.saturating_add(original.len() as u64);
        let memory = self.inner.admission.memory(memory).await?;
        let rendition = on_a_processor(self, memory, move || -> Result<_> {
            let mut report = pipeline.process(&upload)?;
            Ok(report.take_renditions().pop())
        })
        .await??;
        let rendition =
            rendition.ok_or_else(|| ServiceError::Internal("no rendition came".to_owned()))?;
        let media_type = rendition.media_type();
        Ok((Bytes::from(rendition.into_bytes()), media_type))
    }

    /// Keeps a rendition on disk, and gives up the least recently used past the cap.
    async fn keep(&self, key: &str, bytes: &Bytes, media_type: &str) -> Result<()> {
        let Self { inner } = self;
        let now = inner.settings.clock.now();
        inner.renditions.on_disk.put(key, bytes.clone()).await?;
        inner.catalog.put_rendition(key, media_type, bytes.len() as u64, now).await?;
        self.trim_renditions().await.map(|_| ())
    }

    /// Gives up the least recently used renditions past the cap; how many.
    pub(super) async fn trim_renditions(&self) -> Result<u64> {
        let surplus = self.inner.catalog.surplus_renditions(self.inner.settings.rendition_cache);
        let mut given_up = 0;
        for key in surplus.await? {
            self.inner.catalog.delete_rendition(&key).await?;
            self.inner.renditions.on_disk.delete(&key).await?;
            given_up += 1;
        }
        Ok(given_up)
    }
}
