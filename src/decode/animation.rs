//! The first frame that shows something, on its canvas.
//!
//! All frames before it are wholly transparent, whatever they did with blending and disposal; so
//! the canvas under it is empty, and laying it there is all there is to composition.

use super::{Job, Picture, Scale, Stop, buffer, drop_alpha};
use crate::finding::Finding;
use crate::geometry::Size;
use crate::pixels::Layout;

/// A frame in straight RGBA and where it lies. Inside the canvas, or it is clipped.
pub(super) struct Frame {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) size: Size,
    pub(super) samples: Vec<u8>,
}

impl Frame {
    /// Whether any pixel of it can be seen.
    pub(super) fn is_visible(&self) -> bool {
        self.samples.chunks_exact(4).any(|p| p[3] != 0)
    }

    /// The frame on an empty canvas of the stored size.
    pub(super) fn on_canvas(self, job: &Job<'_>, findings: Vec<Finding>) -> Result<Picture, Stop> {
        let canvas = job.structure.stored;
        let covers = self.left == 0 && self.top == 0 && self.size == canvas;
        let samples = if covers { self.samples } else { self.laid_on(canvas)? };
        Ok(finish(job, samples, findings))
    }

    fn laid_on(&self, canvas: Size) -> Result<Vec<u8>, Stop> {
        let mut samples = buffer(canvas, 4)?;
        let seen = (canvas.width.saturating_sub(self.left)).min(self.size.width) as usize * 4;
        let left = self.left as usize * 4;
        if seen > 0 {
            let rows = samples.chunks_exact_mut(canvas.width as usize * 4);
            let own = self.samples.chunks_exact(self.size.width as usize * 4);
            for (to, from) in rows.skip(self.top as usize).zip(own) {
                to[left..left + seen].copy_from_slice(&from[..seen]);
            }
        }
        Ok(samples)
    }
}

/// The canvas as it is to be delivered: without alpha where the file declares none and none arose.
pub(super) fn finish(job: &Job<'_>, mut samples: Vec<u8>, findings: Vec<Finding>) -> Picture {
    let mut layout = job.layout();
    if layout == Layout::Rgb8 {
        if samples.chunks_exact(4).all(|p| p[3] == 255) {
            drop_alpha(&mut samples);
        } else {
            layout = Layout::Rgba8;
        }
    }
    Picture { layout, scale: Scale::Full, samples, findings }
}

/// How many frames may be looked at before settling for the first: both limits on animations hold
/// here too, whoever judged them before.
pub(super) fn frame_budget(job: &Job<'_>) -> u64 {
    let canvas = job.structure.stored.pixels().max(1);
    (job.limits.max_frame_pixels / canvas).min(job.limits.max_frames).max(1)
}
