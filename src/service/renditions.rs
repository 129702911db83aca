//! Renditions on demand: produced once, kept in memory and on disk under a cap each.

use bytes::Bytes;
use futures_util::FutureExt;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::admission::{Ask, Lane};
use super::assets::{Assets, Result};
use super::blobs::Blobs;
use super::error::ServiceError;
use super::examine::{CancelOnDrop, Held, on_worker};
use super::model::{Asset, Served};
use super::under_way::UnderWay;
use crate::decode::Mode;
use crate::{Cancellation, Fit, Format, Pipeline, Policy, RenditionSpec, Upload};

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
    hot: Cache<String, Served, ByBytes>,
    /// Whoever asks while another is producing waits for that one.
    under_way: UnderWay<Served>,
}

impl Renditions {
    pub(crate) fn new(on_disk: Blobs, hot_bytes: u64) -> Self {
        let entries = usize::try_from(hot_bytes / (32 * 1024)).unwrap_or(1024).max(16);
        let hot = Cache::with_weighter(entries, hot_bytes, ByBytes);
        Self { on_disk, hot, under_way: UnderWay::new() }
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
    /// once; the work ends when nobody waits for it any more.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with field `size` for what the policy forbids,
    /// [`ServiceError::BlobMissing`] when the asset's bytes are lost, [`ServiceError::Overloaded`]
    /// when the budget is full.
    pub async fn rendition(&self, asset: &Asset, spec: &RenditionSpec) -> Result<Served> {
        let etag = self.rendition_etag(asset, spec)?;
        let key = etag.trim_matches('"');
        if let Some(served) = self.inner.renditions.hot.get(key) {
            return Ok(served);
        }
        let fetched = || self.clone().fetched(asset.clone(), *spec, etag.clone());
        let (served, is_own) =
            self.inner.renditions.under_way.join(key, || fetched().boxed()).await;
        match served {
            // Whoever began it waited in a longer line: this one has a place of its own.
            Err(error) if !is_own && matches!(*error, ServiceError::Overloaded { .. }) => {
                fetched().await
            }
            served => served.map_err(ServiceError::shared),
        }
    }

    /// As [`Assets::fetch`], and keeps it in memory.
    async fn fetched(self, asset: Asset, spec: RenditionSpec, etag: String) -> Result<Served> {
        let served = self.fetch(&asset, &spec, &etag).await?;
        self.inner.renditions.hot.insert(etag.trim_matches('"').to_owned(), served.clone());
        Ok(served)
    }

    /// From disk, else produced.
    async fn fetch(&self, asset: &Asset, spec: &RenditionSpec, etag: &str) -> Result<Served> {
        let key = etag.trim_matches('"');
        match self.kept(key).await {
            Ok(Some((bytes, media_type))) => {
                return Ok(Served { bytes, media_type, etag: etag.to_owned() });
            }
            Ok(None) => {}
            Err(error @ ServiceError::Overloaded { .. }) => return Err(error),
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
        // An answer is in memory until its client has taken it.
        self.inner.admission.room_for_answers()?;
        match self.inner.renditions.on_disk.get(key, None).await {
            Ok(bytes) => Ok(Some((self.inner.admission.answer(bytes), format.media_type()))),
            Err(ServiceError::BlobMissing) => {
                self.inner.catalog.delete_rendition(key).await?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Makes a rendition. Productions of one asset come one after the other; those that wait for
    /// another hold nothing.
    async fn produce(&self, asset: &Asset, spec: &RenditionSpec) -> Result<(Bytes, &'static str)> {
        let admission = &self.inner.admission;
        let client = self.client_or(&asset.tenant);
        let until = admission.until();
        let lane = admission.lane_to_look(asset.bytes);
        let ask = Ask { client: &client, lane, memory: asset.bytes, answers: true, until };
        let grant = admission.acquire_alone(ask, &asset.blob).await?;
        let bytes = self.original_bytes(asset, None).await?;

        let on_short = self.producer(asset, spec, Lane::Short)?;
        let on_long = self.producer(asset, spec, Lane::Long)?;
        let within = self.processing_timeout();
        let cancellation = Cancellation::new();
        let _cancel = CancelOnDrop(cancellation.clone());
        let look = {
            let (pipeline, cancellation) = (on_short.clone(), cancellation.clone());
            move || -> Result<_> {
                let upload = Upload::new(&*bytes).cancelled_by(&cancellation).within(within);
                let admitted = pipeline.admit_for(&upload, Mode::Shown)?;
                let needed = (pipeline.memory_needed(&admitted), admitted.structure.work());
                drop(upload);
                Ok((needed, bytes))
            }
        };
        let (looked, grant) = on_worker(grant, look).await?;
        let ((memory, work), bytes) = looked?;

        let memory = memory.saturating_add(asset.bytes);
        let lane = admission.lane_to_work(memory, work);
        let ask = Ask { client: &client, lane, memory, answers: true, until };
        let read = self.original_bytes(asset, None);
        let held = Held { bytes, grant: grant.idle(asset.bytes) };
        let Held { bytes, grant } = self.with_more(held, ask, read).await?;
        let pipeline = if grant.lane() == Lane::Short { on_short } else { on_long };
        let produce = move || {
            let upload = Upload::new(&*bytes).cancelled_by(&cancellation).within(within);
            pipeline.process(&upload).map(|mut report| report.take_renditions().pop())
        };
        let (rendition, grant) = on_worker(grant, produce).await?;
        let rendition =
            rendition?.ok_or_else(|| ServiceError::Internal("no rendition came".to_owned()))?;
        let media_type = rendition.media_type();
        let answer = admission.answer(rendition.into_bytes().into());
        drop(grant);
        Ok((answer, media_type))
    }

    /// What makes one rendition of an asset.
    fn producer(&self, asset: &Asset, spec: &RenditionSpec, lane: Lane) -> Result<Pipeline> {
        let policy = self.policy(asset.surface);
        // What is stored was judged when it came: here only its cost and the link's rules count.
        let mut limits = policy.limits.clone();
        limits.max_bytes = u64::MAX;
        let lenient = Policy { limits, renditions: policy.renditions.clone(), ..Policy::default() };
        Ok(Pipeline::builder(lenient)
            .rendition(*spec)
            .image_colors(false)
            .perceptual_hash(false)
            .thread_pool(self.inner.examiners.pool(lane)?)
            .build()?)
    }

    /// Keeps a rendition on disk, and gives up the least recently used past the cap.
    async fn keep(&self, key: &str, bytes: &Bytes, media_type: &str) -> Result<()> {
        let inner = &self.inner;
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
