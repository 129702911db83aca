//! What a pipeline shall do.

use std::sync::Arc;

use super::Pipeline;
use crate::duplicates::DuplicateIndex;
use crate::error::Error;
use crate::policy::Policy;
use crate::rendition::RenditionSpec;

#[derive(Debug)]
pub(super) struct Settings {
    pub(super) policy: Policy,
    pub(super) specs: Vec<RenditionSpec>,
    pub(super) index: Option<Arc<dyn DuplicateIndex>>,
    pub(super) scope: String,
    pub(super) pool: Option<Arc<rayon::ThreadPool>>,
    pub(super) image_colors: bool,
    pub(super) perceptual_hash: bool,
}

/// Collects what a [`Pipeline`] shall do; see [`Pipeline::builder`].
#[derive(Debug)]
#[must_use]
pub struct PipelineBuilder {
    settings: Settings,
}

impl PipelineBuilder {
    pub(super) fn new(policy: Policy) -> Self {
        Self {
            settings: Settings {
                policy,
                specs: Vec::new(),
                index: None,
                scope: String::new(),
                pool: None,
                image_colors: true,
                perceptual_hash: true,
            },
        }
    }

    /// One more rendition of every accepted picture.
    pub fn rendition(mut self, spec: RenditionSpec) -> Self {
        self.settings.specs.push(spec);
        self
    }

    /// The index in which digests are looked up and reserved.
    pub fn duplicates(mut self, index: Arc<dyn DuplicateIndex>) -> Self {
        self.settings.index = Some(index);
        self
    }

    /// The tenant within which images count as duplicates of each other. Default: the empty scope.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.settings.scope = scope.into();
        self
    }

    /// The rayon pool to work on, instead of the one that the caller runs on.
    pub fn thread_pool(mut self, pool: Arc<rayon::ThreadPool>) -> Self {
        self.settings.pool = Some(pool);
        self
    }

    /// Whether [`Pipeline::process`] finds the colours. Default yes; without, reports have none.
    pub fn image_colors(mut self, wanted: bool) -> Self {
        self.settings.image_colors = wanted;
        self
    }

    /// Whether [`Pipeline::process`] makes the perceptual hash. Default yes.
    pub fn perceptual_hash(mut self, wanted: bool) -> Self {
        self.settings.perceptual_hash = wanted;
        self
    }

    /// The pipeline.
    ///
    /// # Errors
    /// [`Error::Config`] for a rendition that the policy forbids.
    pub fn build(self) -> Result<Pipeline, Error> {
        let Settings { policy, specs, .. } = &self.settings;
        for spec in specs {
            spec.check(&policy.renditions).map_err(|error| Error::Config(error.to_string()))?;
        }
        Ok(Pipeline { settings: Arc::new(self.settings) })
    }
}
