//! Planes of samples: kept as they are, or turned into rows of the picture as soon as MCU rows are
//! complete.

use super::finish::Finish;
use super::idct::{Group, LANES, Steps};
use super::planes::{KEPT, Plane};
use super::reduced::Inverse;
use super::upsample::Upsampling;
use crate::container::jpeg::{Component, Frame};
use crate::decode::scale::Scale;
use crate::geometry::Size;
use crate::planes::{self, Ratio};

/// One component's geometry, in whole MCUs of interleaved scans, at the scale of its blocks.
#[derive(Debug, Clone, Copy)]
struct Shape {
    inverse: Inverse,
    /// Blocks across, and in an MCU row down.
    across: usize,
    v: usize,
    /// Samples that belong to the picture (A.1.1).
    width: usize,
    height: usize,
}

impl Shape {
    fn new(frame: &Frame, component: Component, inverse: Inverse) -> Self {
        let (max_h, max_v) = frame.max_sampling();
        let side = |side: u16, own: u8, max: u8| {
            (usize::from(side) * usize::from(own) * inverse.side()).div_ceil(8 * usize::from(max))
        };
        Self {
            inverse,
            across: blocks_across(frame, component),
            v: usize::from(component.v),
            width: side(frame.width, component.h, max_h),
            height: side(frame.height, component.v, max_v),
        }
    }

    fn stride(&self) -> usize {
        self.across.next_multiple_of(LANES) * self.inverse.side()
    }

    /// Of all components.
    fn all(frame: &Frame, scale: Scale, planar: bool) -> Vec<Self> {
        let inverses = Inverse::all(frame, scale, planar);
        let shapes = frame.components.iter().zip(inverses);
        shapes.map(|(component, inverse)| Self::new(frame, *component, inverse)).collect()
    }

    /// Rows of its plane: all of them, or a window of one MCU row.
    fn rows(&self, frame: &Frame, whole: bool) -> usize {
        let one = self.inverse.side() * self.v;
        if whole { one * frame.mcus().1 as usize } else { one + KEPT }
    }
}

/// Blocks of a component in a row of whole MCUs.
pub(super) fn blocks_across(frame: &Frame, component: Component) -> usize {
    frame.mcus().0 as usize * usize::from(component.h)
}

/// The samples of all components, and the picture that they become.
pub(super) struct Canvas<'f> {
    planes: Vec<Plane>,
    inverses: Vec<Inverse>,
    upsamplings: Vec<Upsampling>,
    densities: Vec<[Ratio; 2]>,
    /// Rows of samples in an MCU, by component.
    mcu_rows: Vec<usize>,
    /// Component rows at full resolution, and sums of two rows.
    scratch: Vec<Vec<u8>>,
    sums: Vec<u16>,
    finish: &'f Finish,
    width: usize,
    height: usize,
    mcu_height: usize,
    /// Rows written.
    written: usize,
    /// The picture; `None` where the planes are.
    samples: Option<Vec<u8>>,
}

/// What a canvas becomes.
pub(super) enum Output {
    /// Pixels.
    Samples(Vec<u8>),
    /// Components.
    Planes(Vec<planes::Plane>),
}

impl<'f> Canvas<'f> {
    /// For planes that hold all rows, or a window of one MCU row. `samples` is the picture, of
    /// [`Scale::of`] the frame's size; without it the planes, then whole, are what is made.
    pub(super) fn new(
        frame: &Frame,
        scale: Scale,
        finish: &'f Finish,
        samples: Option<Vec<u8>>,
        whole: bool,
    ) -> Self {
        let planar = samples.is_none();
        let max = frame.max_sampling();
        let least = scale.side() as usize;
        let size = scale.of(Size::new(frame.width.into(), frame.height.into()));
        let shapes = Shape::all(frame, scale, planar);
        let planes = shapes.iter().map(|shape| {
            let rows = shape.rows(frame, whole || planar);
            Plane::new(shape.width, shape.height, shape.stride(), rows)
        });
        let own = |component: &Component, shape: &Shape| {
            let times = shape.inverse.side();
            (usize::from(component.h) * times, usize::from(component.v) * times)
        };
        let max = (usize::from(max.0) * least, usize::from(max.1) * least);
        let components = frame.components.iter().zip(&shapes);
        let upsamplings = components.clone().filter(|_| !planar).map(|(component, shape)| {
            Upsampling::new(own(component, shape), max, shape.width, least > 1)
        });
        let densities = components.map(|(component, shape)| {
            let (h, v) = own(component, shape);
            [(h, max.0), (v, max.1)].map(|(own, max)| Ratio { of: own as u32, to: max as u32 })
        });
        let padded = padded_width(frame, scale);
        Self {
            planes: planes.collect(),
            inverses: shapes.iter().map(|shape| shape.inverse).collect(),
            upsamplings: upsamplings.collect(),
            densities: densities.collect(),
            mcu_rows: shapes.iter().map(|shape| shape.inverse.side() * shape.v).collect(),
            scratch: vec![vec![0; padded]; shapes.len()],
            sums: vec![0; padded],
            finish,
            width: size.width as usize,
            height: size.height as usize,
            mcu_height: max.1,
            written: 0,
            samples,
        }
    }

    /// Bytes that `new` takes, beside the picture.
    pub(super) fn memory_needed(frame: &Frame, scale: Scale, whole: bool, planar: bool) -> u64 {
        let shapes = Shape::all(frame, scale, planar).into_iter();
        let planes =
            shapes.map(|shape| shape.stride() as u64 * shape.rows(frame, whole || planar) as u64);
        let rows = frame.components.len() as u64 + 2;
        planes.sum::<u64>().saturating_add(padded_width(frame, scale) as u64 * rows)
    }

    /// Transforms eight neighbouring blocks of a component, with coefficients up to `reach` in
    /// zigzag order. `x` and `y` are the place of the first in the component.
    #[inline(always)]
    pub(super) fn transform(
        &mut self,
        index: usize,
        (x, y): (usize, usize),
        group: &Group,
        steps: &Steps,
        reach: u32,
    ) {
        if let (Some(plane), Some(inverse)) = (self.planes.get_mut(index), self.inverses.get(index))
        {
            let (side, stride) = (inverse.side(), plane.stride);
            let out = plane.rows_from(side * y).get_mut(side * x..).unwrap_or_default();
            inverse.apply(group, steps, reach, out, stride);
        }
    }

    /// All blocks of this MCU row are in the planes: writes what can be written, and makes room for
    /// the next.
    pub(super) fn complete(&mut self, mcu_row: usize) {
        if self.samples.is_none() {
            return;
        }
        let bottom = (mcu_row + 1) * self.mcu_height;
        // The last row waits for the samples below it.
        let looks_down = self.upsamplings.iter().any(|upsampling| upsampling.looks_down());
        let until =
            if bottom >= self.height { self.height } else { bottom - usize::from(looks_down) };
        self.write(until);
        for (plane, rows) in self.planes.iter_mut().zip(&self.mcu_rows) {
            plane.advance((mcu_row + 1) * rows);
        }
    }

    /// Writes the rows of the picture up to this one.
    pub(super) fn write(&mut self, until: usize) {
        let row_bytes = self.width * self.finish.layout.channels();
        let band = self.written * row_bytes..until * row_bytes;
        let band = self.samples.as_mut().and_then(|samples| samples.get_mut(band));
        let Some(band) = band else { return };
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

    pub(super) fn into_output(self) -> Output {
        if let Some(samples) = self.samples {
            return Output::Samples(samples);
        }
        let planes = self.planes.into_iter().zip(self.densities);
        Output::Planes(planes.map(|(plane, density)| plane.into_whole(density)).collect())
    }
}

/// The width in whole MCUs.
fn padded_width(frame: &Frame, scale: Scale) -> usize {
    frame.mcus().0 as usize * scale.side() as usize * usize::from(frame.max_sampling().0)
}
