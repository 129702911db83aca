//! What renditions are made from: pixels, or the components of a JPEG.

use std::borrow::Cow;

use super::encode::{self, Encoding};
use super::plan::Crop;
use super::resize::{Resampler, ResizeFailed};
use super::{Job, RenderStop, planar};
use crate::geometry::Size;
use crate::pixels::Pixels;
use crate::planes::Planes;

/// What renditions are made from.
pub(crate) trait Source: Clone + Sync + Send {
    fn size(&self) -> Size;

    /// Whether a pixel of it is not opaque.
    fn is_transparent(&self) -> bool;

    /// A part of it at the size that the job asks for.
    fn resample<'a>(
        &'a self,
        resampler: &mut Resampler,
        crop: &Crop,
        job: &Job<'_>,
        transparent: bool,
    ) -> Result<Cow<'a, Self>, ResizeFailed>;

    /// The file of a picture that was resampled for the job.
    fn encode(&self, job: &Job<'_>) -> Result<Vec<u8>, RenderStop>;
}

impl Source for Pixels {
    fn size(&self) -> Size {
        self.size()
    }

    fn is_transparent(&self) -> bool {
        self.has_transparency()
    }

    fn resample<'a>(
        &'a self,
        resampler: &mut Resampler,
        crop: &Crop,
        job: &Job<'_>,
        transparent: bool,
    ) -> Result<Cow<'a, Self>, ResizeFailed> {
        resampler.resample(self, crop, job.plan.target, transparent)
    }

    fn encode(&self, job: &Job<'_>) -> Result<Vec<u8>, RenderStop> {
        let pixels = if job.on_ground {
            let padded = encode::flatten(self, job.plan.canvas, job.ground);
            Cow::Owned(padded.ok_or(RenderStop::Failed("pad"))?)
        } else {
            Cow::Borrowed(self)
        };
        encode::encode(&pixels, job.encoding, job.ground).map_err(|_| RenderStop::Failed("encode"))
    }
}

impl Source for Planes {
    fn size(&self) -> Size {
        self.size()
    }

    fn is_transparent(&self) -> bool {
        false
    }

    fn resample<'a>(
        &'a self,
        resampler: &mut Resampler,
        crop: &Crop,
        job: &Job<'_>,
        _transparent: bool,
    ) -> Result<Cow<'a, Self>, ResizeFailed> {
        planar::resample(resampler, self, crop, job.plan.target).map(Cow::Owned)
    }

    fn encode(&self, job: &Job<'_>) -> Result<Vec<u8>, RenderStop> {
        match job.encoding {
            Encoding::Jpeg { quality } if !job.on_ground && !encode::full_chroma(quality) => {
                planar::encode(self, quality).map_err(|_| RenderStop::Failed("encode"))
            }
            // [`all_plain_jpeg`] rules them out.
            _ => Err(RenderStop::Failed("encode")),
        }
    }
}
