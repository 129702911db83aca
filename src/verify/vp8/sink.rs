//! Where the values go that are read.

use super::Reconstruction;

/// The part of a macroblock's header that follows its segment (RFC 6386 §19.3).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Macroblock {
    pub(crate) skipped: bool,
    /// Luma has a second-order block unless each sub-block has a mode of its own.
    pub(crate) has_second: bool,
    /// The mode of all luma where there is a second-order block.
    #[cfg_attr(feature = "libwebp", allow(dead_code, reason = "libwebp makes the pixels"))]
    pub(crate) luma: u8,
    #[cfg_attr(feature = "libwebp", allow(dead_code, reason = "libwebp makes the pixels"))]
    pub(crate) chroma: u8,
}

/// Takes what is read, in the order of the data: for each macroblock its segment and sub-block
/// modes where it has any, its blocks unless it is skipped, and the rest.
///
/// Every method does nothing where it is not written, as does `()`, which keeps nothing.
pub(crate) trait Sink {
    type Block<'a>: Block
    where
        Self: 'a;

    /// A frame of so many macroblocks across and down begins.
    fn begin(&mut self, _: &Reconstruction, _columns: usize, _rows: usize) {}

    /// The segment of the macroblock, 0..=3. Segments that are not named are 0.
    fn segment(&mut self, _segment: usize) {}

    /// The modes of a row of sub-blocks.
    fn sub_block_modes(&mut self, _row: usize, _modes: [u8; 4]) {}

    /// A block of this kind comes: luma has 0 to 15, chroma 16 to 19 and 20 to 23.
    fn block(&mut self, kind: usize, index: usize) -> Self::Block<'_>;

    /// All of a macroblock was read.
    fn macroblock(&mut self, _column: usize, _row: usize, _: Macroblock) {}

    /// All of a row of macroblocks was read.
    fn row(&mut self, _row: usize) {}
}

/// Takes the coefficients of one block.
pub(crate) trait Block {
    /// A value before dequantization, at its place in zigzag order, 0..=15.
    fn value(&mut self, _place: usize, _value: i32) {}

    /// Its tokens end before this place, 1..=16, and may all be zeros; 0 where there are none.
    fn end(&mut self, _place: usize) {}
}

impl Sink for () {
    type Block<'a> = ();

    #[inline(always)]
    fn block(&mut self, _kind: usize, _index: usize) -> Self::Block<'_> {}
}

impl Block for () {}
