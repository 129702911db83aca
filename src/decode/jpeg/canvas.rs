//! Planes of samples turned into rows of the picture, as soon as MCU rows are complete.

use super::finish::Finish;
use super::planes::{KEPT, Plane};
use super::upsample::Upsampling;
use crate::container::jpeg::{Component, Frame};

/// One component's geometry, in whole MCUs of interleaved scans.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Blocks across, and in an MCU row down.
    pub(super) across: usize,
    pub(super) v: usize,
    /// Samples that belong to the picture (A.1.1).
    pub(super) width: usize,
    pub(super) height: usize,
}

impl Shape {
    pub(super) fn new(frame: &Frame, component: Component) -> Self {
        let (max_h, max_v) = frame.max_sampling();
        let side = |side: u16, own: u8, max: u8| {
            (usize::from(side) * usize::from(own)).div_ceil(usize::from(max))
        };
        Self {
            across: frame.mcus().0 as usize * usize::from(component.h),
            v: usize::from(component.v),
            width: side(frame.width, component.h, max_h),
            height: side(frame.height, component.v, max_v),
        }
    }
}

/// The samples of all components, and the picture that they become.
pub(super) struct Canvas {
    pub(super) planes: Vec<Plane>,
    upsamplings: Vec<Upsampling>,
    /// Rows of blocks in an MCU, by component.
    v: Vec<usize>,
    /// Component rows at full resolution, and sums of two rows.
    scratch: Vec<Vec<u8>>,
    sums: Vec<u16>,
    finish: Finish,
    width: usize,
    height: usize,
    mcu_height: usize,
    /// Rows written.
    written: usize,
    samples: Vec<u8>,
}

impl Canvas {
    /// For planes that hold all rows, or a window of one MCU row. `samples` is the picture.
    pub(super) fn new(frame: &Frame, finish: Finish, samples: Vec<u8>, whole: bool) -> Self {
        let max = frame.max_sampling();
        let (width, height) = (usize::from(frame.width), usize::from(frame.height));
        let (across, down) = frame.mcus();
        let shapes: Vec<_> = frame.components.iter().map(|c| Shape::new(frame, *c)).collect();
        let planes = shapes.iter().map(|shape| {
            let rows = 8 * shape.v * if whole { down as usize } else { 1 };
            let kept = if whole { 0 } else { KEPT };
            let stride = Plane::stride_for(shape.across);
            Plane::new(shape.width, shape.height, stride, rows + kept)
        });
        let upsamplings = frame.components.iter().zip(&shapes);
        let padded = across as usize * 8 * usize::from(max.0);
        Self {
            planes: planes.collect(),
            upsamplings: upsamplings
                .map(|(c, shape)| Upsampling::new((c.h, c.v), max, shape.width))
                .collect(),
            v: shapes.iter().map(|shape| shape.v).collect(),
            scratch: vec![vec![0; padded]; shapes.len()],
            sums: vec![0; padded],
            finish,
            width,
            height,
            mcu_height: 8 * usize::from(max.1),
            written: 0,
            samples,
        }
    }

    /// Bytes that `new` takes at most beside the picture, without whole planes.
    pub(super) const fn memory_needed(width: u64, components: u64) -> u64 {
        // An MCU is up to 32 samples wide and high; strides are multiples of 64.
        let stride = width.saturating_add(32 + 63);
        stride.saturating_mul(components.saturating_mul(32 + KEPT as u64 + 1).saturating_add(2))
    }

    /// All blocks of this MCU row are in the planes: writes what can be written, and makes room for
    /// the next.
    pub(super) fn complete(&mut self, mcu_row: usize) {
        let bottom = (mcu_row + 1) * self.mcu_height;
        // The last row waits for the samples below it.
        let looks_down = self.upsamplings.iter().any(|upsampling| upsampling.looks_down());
        let until =
            if bottom >= self.height { self.height } else { bottom - usize::from(looks_down) };
        self.write(until);
        for (plane, v) in self.planes.iter_mut().zip(&self.v) {
            plane.advance((mcu_row + 1) * 8 * v);
        }
    }

    /// Writes the rows of the picture up to this one.
    pub(super) fn write(&mut self, until: usize) {
        let row_bytes = self.width * self.finish.layout.channels();
        let band = self.written * row_bytes..until * row_bytes;
        let Some(band) = self.samples.get_mut(band) else { return };
        for (y, out) in (self.written..until).zip(band.chunks_exact_mut(row_bytes.max(1))) {
            let mut rows: [&[u8]; 4] = [&[]; 4];
            let components = self.planes.iter().zip(&self.upsamplings).zip(&mut self.scratch);
            for (row, ((plane, upsampling), scratch)) in rows.iter_mut().zip(components) {
                *row = upsampling.row(plane, y, &mut self.sums, scratch);
            }
            self.finish.row(rows.get(..self.planes.len()).unwrap_or_default(), out);
        }
        self.finish.manage(band, self.planes.len());
        self.written = until;
    }

    /// The height in rows.
    pub(super) const fn height(&self) -> usize {
        self.height
    }

    pub(super) fn into_samples(self) -> Vec<u8> {
        self.samples
    }
}
