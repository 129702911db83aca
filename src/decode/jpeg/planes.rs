//! Decoded samples of one component, at its own resolution: ITU-T T.81 A.1.1 and A.2.

use crate::geometry::Size;
use crate::planes::{self, Ratio};

/// Rows kept from one MCU row to the next: what smooth upsampling looks back to.
pub(super) const KEPT: usize = 2;

/// Samples of one component: all rows, or a window of them that moves down.
#[derive(Debug)]
pub(super) struct Plane {
    /// Samples that belong to the picture, in a row and in a column.
    width: usize,
    height: usize,
    pub(super) stride: usize,
    data: Vec<u8>,
    /// The row that `data` starts with.
    first: usize,
}

impl Plane {
    /// For a picture part of `width` × `height` samples, with room for `rows` rows.
    pub(super) fn new(width: usize, height: usize, stride: usize, rows: usize) -> Self {
        Self { width, height, stride, data: vec![0; stride * rows], first: 0 }
    }

    /// From this row on, which must lie in the window.
    pub(super) fn rows_from(&mut self, row: usize) -> &mut [u8] {
        let start = row.saturating_sub(self.first).saturating_mul(self.stride);
        self.data.get_mut(start..).unwrap_or_default()
    }

    /// A row of samples; those beyond the picture repeat its edge.
    pub(super) fn row(&self, row: usize) -> &[u8] {
        let row = row.min(self.height.saturating_sub(1)).saturating_sub(self.first);
        let start = row.saturating_mul(self.stride);
        self.data.get(start..start.saturating_add(self.width)).unwrap_or_default()
    }

    /// All of them, as they are.
    pub(super) fn into_whole(self, density: [Ratio; 2]) -> planes::Plane {
        let size = Size::new(self.width as u32, self.height as u32);
        planes::Plane { samples: self.data, stride: self.stride, size, density }
    }

    pub(super) const fn width(&self) -> usize {
        self.width
    }

    /// Moves the window down, so that it starts [`KEPT`] rows above `row`, the first that is to
    /// come.
    pub(super) fn advance(&mut self, row: usize) {
        let first = row.saturating_sub(KEPT);
        let start = first.saturating_sub(self.first) * self.stride;
        let end = (start + KEPT * self.stride).min(self.data.len());
        if start < end {
            self.data.copy_within(start..end, 0);
        }
        self.first = first;
    }
}
