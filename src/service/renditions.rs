//! Renditions on demand: produced once, kept in memory and on disk under a cap each.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::admission::{Ask, Lane};
use super::assets::{Assets, Result};
use super::error::ServiceError;
use super::examine::{CancelOnDrop, Held, on_worker};
use super::kept::{AssetKey, Kept, Name};
use super::model::{Asset, Served};
use super::under_way::UnderWay;
use crate::decode::Mode;
use crate::{
    Cancellation, Fit, Format, OutputFormat, Pipeline, Policy, RenditionRules, RenditionSpec,
    Upload,
};

/// Part of every entity tag: goes up with anything that changes the bytes of a rendition.
const RECIPE: &str = concat!(env!("CARGO_PKG_VERSION"), "-2");
/// What an entry of the cache takes beside its bytes.
const ENTRY: u64 = 256;

/// Names a rendition by all that decides about its bytes, without hashing any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct HotKey {
    asset: AssetKey,
    size: (u32, u32),
    fit: (&'static str, u32, u32),
    format: OutputFormat,
    quality: u8,
    enlarge: bool,
    ground: [u8; 3],
}

impl HotKey {
    fn new(asset: &Asset, spec: &RenditionSpec, rules: &RenditionRules) -> Self {
        let fit = spec.chosen_fit();
        let (x, y) = match fit {
            Fit::Cover(point) => (point.x().to_bits(), point.y().to_bits()),
            _ => (0, 0),
        };
        Self {
            asset: AssetKey::of(asset),
            size: (spec.width(), spec.height()),
            fit: (fit.name(), x, y),
            format: spec.chosen_format(),
            quality: spec.chosen_quality(),
            enlarge: spec.may_enlarge(rules),
            ground: spec.ground(rules),
        }
    }
}

#[derive(Debug, Clone)]
struct ByBytes;

impl Weighter<HotKey, Served> for ByBytes {
    fn weight(&self, _: &HotKey, served: &Served) -> u64 {
        served.bytes.len() as u64 + ENTRY
    }
}

/// Finished renditions.
#[derive(Debug)]
pub(crate) struct Renditions {
    kept: Kept,
    hot: Arc<Cache<HotKey, Served, ByBytes>>,
    /// Whoever asks while another is producing waits for that one.
    under_way: UnderWay<Served>,
}

impl Renditions {
    pub(crate) fn new(kept: Kept, hot_bytes: u64) -> Self {
        let entries = usize::try_from(hot_bytes / (32 * 1024)).unwrap_or(1024).max(16);
        let hot = Arc::new(Cache::with_weighter(entries, hot_bytes, ByBytes));
        Self { kept, hot, under_way: UnderWay::new() }
    }

    /// Writes down how much is kept, for the next start.
    pub(super) async fn close(&self) {
        if let Err(error) = self.kept.write_totals().await {
            tracing::warn!(%error, "how much is kept could not be written down");
        }
    }

    /// Tells the entity tags, without quotes, of what is served from memory.
    fn hot_tags(&self) -> impl Fn() -> HashSet<String> + Send + use<> {
        let hot = Arc::clone(&self.hot);
        move || hot.iter().map(|(_, served)| bare(&served.etag).to_owned()).collect()
    }
}

/// An entity tag without its quotes.
fn bare(etag: &str) -> &str {
    etag.trim_matches('"')
}

impl Assets {
    /// The entity tag that a rendition has, whether it exists or not: it covers the stored bytes and
    /// everything that decides about the rendition's.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] with field `size` for what the policy forbids.
    pub fn rendition_etag(&self, asset: &Asset, spec: &RenditionSpec) -> Result<String> {
        let rules = &self.policy(asset.surface).renditions;
        check(spec, rules)?;
        if let Some(served) = self.inner.renditions.hot.peek(&HotKey::new(asset, spec, rules)) {
            return Ok(served.etag);
        }
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
    /// [`ServiceError::TooManySizes`] for a new size of an asset that has as many as the policy
    /// permits (`max_sizes`),
    /// [`ServiceError::BlobMissing`] when the asset's bytes are lost, [`ServiceError::Overloaded`]
    /// when the budget is full.
    pub async fn rendition(&self, asset: &Asset, spec: &RenditionSpec) -> Result<Served> {
        let rules = &self.policy(asset.surface).renditions;
        check(spec, rules)?;
        let hot = &self.inner.renditions.hot;
        let key = HotKey::new(asset, spec, rules);
        if let Some(served) = hot.get(&key) {
            return Ok(served);
        }
        let etag = self.rendition_etag(asset, spec)?;
        let fetched = || self.clone().fetched(key, asset.clone(), *spec, etag.clone());
        let (served, is_own) =
            self.inner.renditions.under_way.join(&etag, || fetched().boxed()).await;
        match served {
            // Whoever began it waited in a longer line: this one has a place of its own.
            Err(error) if !is_own && matches!(*error, ServiceError::Overloaded { .. }) => {
                fetched().await
            }
            served => served.map_err(ServiceError::shared),
        }
    }

    /// As [`Assets::fetch`], and keeps it in memory.
    async fn fetched(
        self,
        key: HotKey,
        asset: Asset,
        spec: RenditionSpec,
        etag: String,
    ) -> Result<Served> {
        let served = self.fetch(&asset, &spec, &etag).await?;
        self.inner.renditions.hot.insert(key, served.clone());
        Ok(served)
    }

    /// Whether [`Assets::rendition`] would answer from memory: nothing is read or produced then.
    pub fn rendition_at_hand(&self, asset: &Asset, spec: &RenditionSpec) -> bool {
        let rules = &self.policy(asset.surface).renditions;
        self.inner.renditions.hot.peek(&HotKey::new(asset, spec, rules)).is_some()
    }

    /// From disk, else produced.
    async fn fetch(&self, asset: &Asset, spec: &RenditionSpec, etag: &str) -> Result<Served> {
        let renditions = &self.inner.renditions;
        let key = AssetKey::of(asset);
        let name = Name::new(key, spec, bare(etag));
        // An answer is in memory until its client has taken it.
        self.inner.admission.room_for_answers()?;
        match renditions.kept.get(name.clone()).await {
            Ok(Some((bytes, format))) => {
                let bytes = self.inner.admission.answer(bytes);
                let media_type = format.media_type();
                return Ok(Served { bytes, media_type, etag: etag.to_owned() });
            }
            Ok(None) => {}
            // What is kept is only a cache: without it the rendition is made again.
            Err(error) => tracing::warn!(%error, "kept renditions cannot be read"),
        }
        let (bytes, media_type) = self.produce_one_more(asset, key, spec).await?;
        if let Some(format) = Format::from_media_type(media_type) {
            let kept = renditions.kept.put(name, format, bytes.clone(), renditions.hot_tags());
            if let Err(error) = kept.await {
                tracing::warn!(%error, "a rendition could not be kept");
            }
        }
        Ok(Served { bytes, media_type, etag: etag.to_owned() })
    }

    /// Produces a rendition where the asset may have one of this size.
    async fn produce_one_more(
        &self,
        asset: &Asset,
        key: AssetKey,
        spec: &RenditionSpec,
    ) -> Result<(Bytes, &'static str)> {
        let rules = &self.policy(asset.surface).renditions;
        if rules.names(spec.width(), spec.height()) {
            return self.produce(asset, spec).await;
        }
        let kept = &self.inner.renditions.kept;
        let size = (spec.width(), spec.height());
        let new = kept.take_place(key, size, rules.max_sizes).await?;
        let place = Place { kept, key, size, new };
        let produced = self.produce(asset, spec).await?;
        place.keep();
        Ok(produced)
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

    /// Removes the renditions of an asset that is gone, or that has other bytes now. Failing leaves
    /// files that no link leads to, until the cap has them given up.
    pub(super) async fn forget_renditions(&self, former: &Asset, now: Option<&Asset>) {
        let key = AssetKey::of(former);
        if now.is_some_and(|now| AssetKey::of(now) == key) {
            return;
        }
        self.inner.renditions.hot.retain(|hot, _| hot.asset != key);
        if let Err(error) = self.inner.renditions.kept.forget(former).await {
            tracing::warn!(%error, "the renditions of a former picture could not be removed");
        }
    }

    /// Gives up the least recently used kept renditions past the cap; how many.
    pub(super) async fn trim_renditions(&self) -> Result<u64> {
        let renditions = &self.inner.renditions;
        renditions.kept.trim(renditions.hot_tags()).await
    }
}

fn check(spec: &RenditionSpec, rules: &RenditionRules) -> Result<()> {
    spec.check(rules).map_err(|error| ServiceError::invalid("size", error.to_string()))
}

/// The place of a size among those that an asset may have, given back unless a rendition of that size
/// comes about.
struct Place<'a> {
    kept: &'a Kept,
    key: AssetKey,
    size: (u32, u32),
    new: bool,
}

impl Place<'_> {
    fn keep(mut self) {
        self.new = false;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.new {
            self.kept.give_back_place(self.key, self.size);
        }
    }
}
