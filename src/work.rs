//! The work of decoding a file, estimated from its structure alone, so that it is the same on every
//! machine.
//!
//! One unit is about what brings one sample of a pixel one step further: a nanosecond or so on one
//! processor. The weights below are rough: they follow costly files that were made of most kinds.

use crate::container::Structure;
use crate::finding::ColorModel;
use crate::format::Format;

impl Structure {
    /// The estimated work of verifying and decoding the file, in the unit of
    /// [`Limits::max_work`](crate::Limits::max_work).
    pub fn work(&self) -> u64 {
        let pixels = self.stored.pixels();
        let coded = self.end;
        let decoding = match self.format {
            Format::Jpeg => jpeg(self),
            // Every inflated byte is counted off, and those of the first frame are unfiltered.
            Format::Png => {
                let samples = if self.has_alpha { 4 } else { 3 };
                let bytes = pixels.saturating_mul(samples * u64::from(self.bit_depth).div_ceil(8));
                bytes.saturating_mul(self.frames.max(1)).saturating_mul(2)
            }
            Format::WebP => {
                let frames = pixels.saturating_mul(self.frames.max(1));
                frames.saturating_mul(20)
            }
            // Pixels are drawn for one frame, codes are read for all.
            Format::Gif => self.largest_frame.max(pixels).saturating_mul(4),
        };
        let color = match (self.icc.is_empty(), self.color_model) {
            (true, _) => 0,
            (false, ColorModel::Cmyk) => pixels.saturating_mul(60).saturating_add(profile(self)),
            (false, _) => pixels.saturating_mul(20).saturating_add(profile(self)),
        };
        // Turning it, and finding its colours and hashes.
        let describing = pixels.saturating_mul(3);
        let by_byte = if self.format == Format::Jpeg { 60 } else { 20 };
        decoding
            .saturating_add(coded.saturating_mul(by_byte))
            .saturating_add(color)
            .saturating_add(describing)
    }
}

/// A profile that is a table is evaluated at each of its nodes, which have three bytes or more; a
/// coarse one is refined to 50,000 at most.
fn profile(structure: &Structure) -> u64 {
    let stored = structure.icc.iter().map(|piece| piece.end.saturating_sub(piece.start));
    let stored = stored.fold(0, u64::saturating_add);
    // In PNG it is deflated, and counts as metadata once it is inflated.
    let bytes =
        if structure.format == Format::Png { structure.metadata_bytes.max(stored) } else { stored };
    (bytes / 3).saturating_add(50_000).saturating_mul(500)
}

fn jpeg(structure: &Structure) -> u64 {
    let coding = &structure.jpeg;
    // A block is 64 samples to be transformed and coloured. Every scan passes it, but where it codes
    // nothing in it that is quickly done: the bytes of a scan count for what it codes.
    let samples = coding.blocks.saturating_mul(64 * 4);
    let scans = if coding.progressive { coding.scans } else { 1 };
    samples.saturating_add(coding.blocks.saturating_mul(scans).saturating_mul(4))
}
