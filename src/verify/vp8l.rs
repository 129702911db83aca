//! VP8L (RFC 9649 §3): every prefix code is read and every pixel counted, none is kept.
//!
//! Of the nested images only the entropy image matters here, because it says which prefix codes a
//! block uses; predictors, colour transforms, palettes and the colour cache change values alone.

mod bits;
mod prefix;

use self::bits::Bits;
use self::prefix::{Book, Group};
use super::Fault;
use crate::cancel::Cancellation;
use crate::geometry::Size;

/// What `image-webp` takes for the five prefix tables of one group, of about 4 KiB each.
const DECODER_GROUP_BYTES: u64 = 21 * 1024;

/// Length and distance codes that stand for a number (§3.6.2.2).
const LENGTH_CODES: u16 = 24;
/// Pixels between two looks at the cancellation flag.
const LOOK_EVERY: u64 = 1 << 16;

/// Distances of the codes 1 to 120 as columns to the left and rows up (§3.6.2.2).
#[rustfmt::skip]
const NEAR: [(i8, u8); 120] = [
    (0, 1), (1, 0), (1, 1), (-1, 1), (0, 2), (2, 0), (1, 2), (-1, 2), (2, 1), (-2, 1),
    (2, 2), (-2, 2), (0, 3), (3, 0), (1, 3), (-1, 3), (3, 1), (-3, 1), (2, 3), (-2, 3),
    (3, 2), (-3, 2), (0, 4), (4, 0), (1, 4), (-1, 4), (4, 1), (-4, 1), (3, 3), (-3, 3),
    (2, 4), (-2, 4), (4, 2), (-4, 2), (0, 5), (3, 4), (-3, 4), (4, 3), (-4, 3), (5, 0),
    (1, 5), (-1, 5), (5, 1), (-5, 1), (2, 5), (-2, 5), (5, 2), (-5, 2), (4, 4), (-4, 4),
    (3, 5), (-3, 5), (5, 3), (-5, 3), (0, 6), (6, 0), (1, 6), (-1, 6), (6, 1), (-6, 1),
    (2, 6), (-2, 6), (6, 2), (-6, 2), (4, 5), (-4, 5), (5, 4), (-5, 4), (3, 6), (-3, 6),
    (6, 3), (-6, 3), (0, 7), (7, 0), (1, 7), (-1, 7), (5, 5), (-5, 5), (7, 1), (-7, 1),
    (4, 6), (-4, 6), (6, 4), (-6, 4), (2, 7), (-2, 7), (7, 2), (-7, 2), (3, 7), (-3, 7),
    (7, 3), (-7, 3), (5, 6), (-5, 6), (6, 5), (-6, 5), (8, 0), (4, 7), (-4, 7), (7, 4),
    (-7, 4), (8, 1), (8, 2), (6, 6), (-6, 6), (8, 3), (5, 7), (-5, 7), (7, 5), (-7, 5),
    (8, 4), (6, 7), (-6, 7), (7, 6), (-7, 6), (8, 5), (7, 7), (-7, 7), (8, 6), (8, 7),
];

/// Reads a whole image stream of this size; `data` begin behind the size. Returns the bytes that
/// are left behind it.
pub(super) fn verify(
    data: &[u8],
    size: Size,
    max_memory: u64,
    cancel: &Cancellation,
) -> Result<usize, Fault> {
    let mut reader = Reader { bits: Bits::new(data), max_memory, cancel };
    let width = reader.transforms(size)?;
    reader.image(Size::new(width, size.height), Role::Main)?;
    Ok(reader.bits.unread())
}

/// What an entropy-coded image is for (§3.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The picture itself: it may have an entropy image.
    Main,
    /// Predictors, colour transforms, a palette: counted only.
    Nested,
    /// The entropy image: its pixels are kept.
    Entropy,
}

/// Prefix codes and which block uses which.
struct Coding {
    groups: Vec<Group>,
    book: Book,
    /// The index of each block's group, by rows; empty when there is one group for all.
    blocks: Vec<u16>,
    /// Blocks in a row.
    columns: u32,
    /// Sides of a block are 2 to this power.
    block_bits: u32,
}

struct Reader<'a> {
    bits: Bits<'a>,
    max_memory: u64,
    cancel: &'a Cancellation,
}

impl Reader<'_> {
    /// The transforms (§3.5) in front of the image; returns the width of what is coded.
    fn transforms(&mut self, size: Size) -> Result<u32, Fault> {
        let mut width = size.width;
        let mut seen = [false; 4];
        while self.bits.take(1)? == 1 {
            let kind = self.bits.take(2)?;
            let slot = &mut seen[kind as usize & 3];
            if std::mem::replace(slot, true) {
                return Err(Fault::Corrupt("a transform of a lossless image comes twice"));
            }
            match kind {
                // Predictor and colour: an image of one pixel for each block.
                0 | 1 => {
                    let bits = self.bits.take(3)? + 2;
                    let nested = Size::new(blocks(width, bits), blocks(size.height, bits));
                    self.image(nested, Role::Nested)?;
                }
                // Green is subtracted, no data.
                2 => {}
                // A palette: up to 16 colours pack several pixels into one (§3.5.4).
                _ => {
                    let colors = self.bits.take(8)? + 1;
                    self.image(Size::new(colors, 1), Role::Nested)?;
                    let pack = match colors {
                        0..=2 => 3,
                        3..=4 => 2,
                        5..=16 => 1,
                        _ => 0,
                    };
                    width = blocks(width, pack);
                }
            }
        }
        Ok(width)
    }

    /// An entropy-coded image (§3.7): returns its green and red as one number per pixel for the
    /// entropy image, nothing for others.
    fn image(&mut self, size: Size, role: Role) -> Result<Vec<u16>, Fault> {
        let mut cache_codes = 0;
        if self.bits.take(1)? == 1 {
            let bits = self.bits.take(4)?;
            if !(1..=11).contains(&bits) {
                return Err(Fault::Corrupt(
                    "the size of a lossless image's colour cache is out of range",
                ));
            }
            cache_codes = 1 << bits;
        }
        let coding = self.coding(size, role, cache_codes)?;
        if role == Role::Entropy {
            self.kept_pixels(size, &coding, cache_codes)
        } else {
            self.count_pixels(size, &coding)?;
            Ok(Vec::new())
        }
    }

    /// The prefix codes, behind the entropy image where there is one (§3.7.2).
    fn coding(&mut self, size: Size, role: Role, cache_codes: u16) -> Result<Coding, Fault> {
        let mut block_bits = 0;
        let mut blocks_of_groups = Vec::new();
        let mut columns = 0;
        let mut count = 1;
        if role == Role::Main && self.bits.take(1)? == 1 {
            block_bits = self.bits.take(3)? + 2;
            columns = blocks(size.width, block_bits);
            let nested = Size::new(columns, blocks(size.height, block_bits));
            blocks_of_groups = self.image(nested, Role::Entropy)?;
            let last = blocks_of_groups.iter().copied().max().unwrap_or(0);
            count = usize::from(last) + 1;
            // The decoder makes tables for every group, used or not.
            let needed = (count as u64).saturating_mul(DECODER_GROUP_BYTES);
            if needed > self.max_memory {
                return Err(Fault::Memory(needed));
            }
        }
        let mut used = vec![blocks_of_groups.is_empty(); count];
        for index in &blocks_of_groups {
            if let Some(slot) = used.get_mut(usize::from(*index)) {
                *slot = true;
            }
        }
        let mut book = Book::new(self.max_memory);
        let mut groups = Vec::with_capacity(count);
        for (index, used) in used.into_iter().enumerate() {
            if index % 256 == 0 && self.cancel.should_stop() {
                return Err(Fault::Cancelled);
            }
            let start = book.mark();
            groups.push(Group::read(&mut self.bits, &mut book, cache_codes)?);
            if !used {
                // Nobody refers to it: its tables need no room.
                book.back_to(start);
                groups.pop();
                groups.push(Group::default());
            }
        }
        Ok(Coding { groups, book, blocks: blocks_of_groups, columns, block_bits })
    }

    fn count_pixels(&mut self, size: Size, coding: &Coding) -> Result<(), Fault> {
        let width = u64::from(size.width);
        let total = size.pixels();
        let (mut at, mut x, mut y) = (0_u64, 0_u64, 0_u64);
        let mut look_at = LOOK_EVERY;
        while at < total {
            if at >= look_at {
                look_at = at + LOOK_EVERY;
                if self.cancel.should_stop() {
                    return Err(Fault::Cancelled);
                }
            }
            let (group, until) = if coding.blocks.is_empty() {
                (coding.groups.first(), width)
            } else {
                let row = (y >> coding.block_bits) * u64::from(coding.columns);
                let index = row + (x >> coding.block_bits);
                let group = usize::try_from(index)
                    .ok()
                    .and_then(|index| coding.blocks.get(index))
                    .and_then(|group| coding.groups.get(usize::from(*group)));
                let until = ((x >> coding.block_bits) + 1) << coding.block_bits;
                (group, until.min(width))
            };
            let Some(group) = group else {
                return Err(Fault::Corrupt("a block of a lossless image has no prefix codes"));
            };
            if group.is_free() {
                // Every code has one symbol and takes no bits: the rest of the block in this row,
                // or with one group the whole rest, is that one pixel.
                if coding.blocks.is_empty() {
                    return Ok(());
                }
                at += until - x;
                x = until;
            } else {
                let run = self.run(group, &coding.book, at, until - x, size.width, total)?;
                at += run;
                x += run;
            }
            if x >= width {
                y += x / width;
                x %= width;
            }
        }
        self.bits.check()
    }

    /// Pixels up to `most` literals or one copy, whichever comes first; how many they are.
    fn run(
        &mut self,
        group: &Group,
        book: &Book,
        at: u64,
        most: u64,
        width: u32,
        total: u64,
    ) -> Result<u64, Fault> {
        let mut literals = 0;
        // No code is longer than 15 bits. What is read past the end are zeros: it does no harm
        // until the check, and the block bounds it.
        while literals < most {
            self.bits.need(15);
            let green = book.symbol(&mut self.bits, group.green);
            if green < 256 {
                if !group.is_green_only() {
                    self.bits.need(45);
                    let _ = book.symbol(&mut self.bits, group.red);
                    let _ = book.symbol(&mut self.bits, group.blue);
                    let _ = book.symbol(&mut self.bits, group.alpha);
                }
            } else if green < 256 + LENGTH_CODES {
                let copied = self.copy(green - 256, group, book, width)?;
                return match copied {
                    (distance, _) if distance > at + literals => {
                        Err(Fault::Corrupt("a lossless image copies from before its start"))
                    }
                    (_, length) if length > total - at - literals => {
                        Err(Fault::Corrupt("a lossless image copies past its end"))
                    }
                    (_, length) => Ok(literals + length),
                };
            }
            literals += 1;
        }
        self.bits.check()?;
        Ok(literals)
    }

    /// Distance and length of a copy whose length code was read.
    fn copy(
        &mut self,
        code: u16,
        group: &Group,
        book: &Book,
        width: u32,
    ) -> Result<(u64, u64), Fault> {
        self.bits.refill();
        let length = self.number(code);
        let code = book.symbol(&mut self.bits, group.distance);
        self.bits.refill();
        let distance = distance(self.number(code), width);
        self.bits.check()?;
        Ok((distance, length))
    }

    /// The number that a length or distance code stands for, with its extra bits (§3.6.2.2).
    fn number(&mut self, code: u16) -> u64 {
        if code < 4 {
            return u64::from(code) + 1;
        }
        let extra = (u32::from(code) - 2) >> 1;
        let offset = u64::from(2 + (code & 1)) << extra;
        offset + u64::from(self.bits.peek_and_skip(extra)) + 1
    }

    /// The entropy image with its pixels: `red << 8 | green` is the group (§3.7.2.2).
    fn kept_pixels(
        &mut self,
        size: Size,
        coding: &Coding,
        cache_codes: u16,
    ) -> Result<Vec<u16>, Fault> {
        let total = size.pixels();
        let needed = total.saturating_mul(6);
        if needed > self.max_memory {
            return Err(Fault::Memory(needed));
        }
        let Some(group) = coding.groups.first() else {
            return Ok(Vec::new());
        };
        // Whole pixels, because the colour cache is indexed by a hash of all four.
        let mut pixels: Vec<u32> = Vec::with_capacity(usize::try_from(total).unwrap_or(0));
        let mut cache = vec![0_u32; usize::from(cache_codes)];
        let shift = 32 - u32::from(cache_codes).max(2).ilog2();
        let mut cached = 0;
        while (pixels.len() as u64) < total {
            self.bits.refill();
            let green = coding.book.symbol(&mut self.bits, group.green);
            if green < 256 {
                let red = coding.book.symbol(&mut self.bits, group.red);
                let blue = coding.book.symbol(&mut self.bits, group.blue);
                self.bits.refill();
                let alpha = coding.book.symbol(&mut self.bits, group.alpha);
                let [a, r, g, b] = [alpha, red, green, blue].map(u32::from);
                pixels.push(a << 24 | r << 16 | g << 8 | b);
            } else if green >= 256 + LENGTH_CODES {
                // The cache holds all pixels before this one (§3.6.2.3).
                for pixel in pixels.get(cached..).unwrap_or_default() {
                    let slot = pixel.wrapping_mul(0x1e35_a7bd) >> shift;
                    if let Some(slot) = cache.get_mut(slot as usize) {
                        *slot = *pixel;
                    }
                }
                cached = pixels.len();
                let index = usize::from(green - 256 - LENGTH_CODES);
                pixels.push(cache.get(index).copied().unwrap_or(0));
            } else {
                let at = pixels.len() as u64;
                let (distance, length) = self.copy(green - 256, group, &coding.book, size.width)?;
                if distance > at || length > total - at {
                    return Err(Fault::Corrupt(
                        "the entropy image of a lossless image copies from outside itself",
                    ));
                }
                for _ in 0..length {
                    let from = pixels.len() - distance as usize;
                    pixels.push(pixels.get(from).copied().unwrap_or(0));
                }
            }
            self.bits.check()?;
        }
        Ok(pixels.into_iter().map(|pixel| (pixel >> 8) as u16).collect())
    }
}

/// How many pixels back a distance code reaches: the first 120 name near pixels.
fn distance(code: u64, width: u32) -> u64 {
    let near = usize::try_from(code - 1).ok().and_then(|i| NEAR.get(i));
    match near {
        Some((dx, dy)) => {
            let back = i64::from(*dy) * i64::from(width) + i64::from(*dx);
            back.max(1) as u64
        }
        None => code - NEAR.len() as u64,
    }
}

/// Blocks of 2^`bits` pixels that a side needs.
const fn blocks(side: u32, bits: u32) -> u32 {
    side.div_ceil(1 << bits)
}
