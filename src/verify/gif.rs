//! GIF: the LZW codes of each image give every pixel of its rectangle (the specification of GIF 89a, appendix F).
//!
//! Only lengths are followed: a code's string is one longer than the one that it extends, and how
//! many pixels come out is all that is asked. Which colours come out is known, too: a string is made
//! of pixels that came before it, so each colour's first pixel is a code of its own.

use crate::cancel::Cancellation;
use crate::container::{Structure, slice};
use crate::decode::Stop;
use crate::finding::{Finding, FindingKind};

const MAX_CODES: usize = 4096;

pub(super) fn verify(
    bytes: &[u8],
    structure: &Structure,
    cancel: &Cancellation,
) -> Result<Vec<Finding>, Stop> {
    let mut findings = Vec::new();
    let mut lengths = vec![0_u16; MAX_CODES];
    let mut image: &[u8] = &[];
    let mut global = None;
    let mut transparent = None;
    let mut frames = 0;
    let mut outside_palette = None;
    for part in structure.parts() {
        match part.name.as_str() {
            "header" => {
                global = slice(bytes, &part.payload).get(4).and_then(|flags| colors(*flags));
            }
            "control" => transparent = transparent_index(slice(bytes, &part.payload)),
            "plain text" => transparent = None,
            "image" => image = slice(bytes, &part.payload),
            "LZW" => {
                if cancel.is_cancelled() {
                    return Err(Stop::Cancelled);
                }
                let at = part.payload.start;
                let data = slice(bytes, &part.payload);
                frames += 1;
                let local = image.get(8).and_then(|flags| colors(*flags));
                let colors = local.or(global).unwrap_or(0);
                let mut outside = Outside { colors, transparent: transparent.take(), first: None };
                if let Some(finding) = frame(image, data, &mut lengths, &mut outside, cancel)? {
                    findings.push(finding.at(at));
                }
                // Once for a file: an animation tends to have it in every frame.
                if let (None, Some(index)) = (&outside_palette, outside.first) {
                    let kind = FindingKind::OutsidePalette { frame: frames, index, colors };
                    outside_palette = Some(Finding::warning(kind).at(at));
                }
            }
            _ => {}
        }
    }
    findings.extend(outside_palette);
    Ok(findings)
}

/// Colours of the table that these flags announce (§18, §20).
fn colors(flags: u8) -> Option<u16> {
    (flags & 0x80 != 0).then(|| 2 << (flags & 7))
}

/// Of a graphic control extension (§23).
const fn transparent_index(control: &[u8]) -> Option<u8> {
    match *control {
        [4, flags, _, _, index, 0] if flags & 1 != 0 => Some(index),
        _ => None,
    }
}

/// Watches for colours that the palette does not have.
struct Outside {
    colors: u16,
    /// Nothing is drawn for it, so it may lie anywhere.
    transparent: Option<u8>,
    first: Option<u8>,
}

impl Outside {
    #[inline]
    fn look(&mut self, index: u16) {
        if index >= self.colors && self.first.is_none() && self.transparent != Some(index as u8) {
            self.first = Some(index as u8);
        }
    }
}

/// The pixels that the descriptor promises, and the LZW minimum code size behind it.
fn promise(image: &[u8]) -> Option<(u64, u8)> {
    let side = |at: usize| Some(u16::from_le_bytes(image.get(at..at + 2)?.try_into().ok()?));
    let pixels = u64::from(side(4)?) * u64::from(side(6)?);
    Some((pixels, *image.last()?))
}

fn frame(
    image: &[u8],
    data: &[u8],
    lengths: &mut [u16],
    outside: &mut Outside,
    cancel: &Cancellation,
) -> Result<Option<Finding>, Stop> {
    let Some((pixels, code_size)) = promise(image).filter(|(_, bits)| (1..=8).contains(bits))
    else {
        return Ok(None);
    };
    let mut codes = Codes::new(data, code_size);
    let mut strings = Strings::new(code_size, lengths);
    let mut found = 0_u64;
    let mut since_look = 0_u32;
    while found < pixels {
        let Some(code) = codes.next() else {
            let what = "the data of an image end before its last row";
            return Ok(Some(Finding::error(FindingKind::Truncated { what })));
        };
        if code == strings.clear {
            strings.reset();
            codes.width = code_size + 1;
            continue;
        }
        if code == strings.clear + 1 {
            let what = "an image's end code comes before its last row";
            return Ok(Some(Finding::error(FindingKind::Truncated { what })));
        }
        let Some(length) = strings.push(code) else {
            let what = "an image's data use a code that was not yet defined";
            return Ok(Some(Finding::error(FindingKind::Corrupt { what })));
        };
        if code < strings.clear {
            outside.look(code);
        }
        found += u64::from(length);
        if strings.next == 1 << codes.width && codes.width < 12 {
            codes.width += 1;
        }
        since_look += 1;
        if since_look == 1 << 16 {
            since_look = 0;
            if cancel.is_cancelled() {
                return Err(Stop::Cancelled);
            }
        }
    }
    let what = if found > pixels {
        "an image's data hold more than its rows"
    } else if codes.rest() > 8 {
        // An end code and a few bytes of padding are what writers leave.
        "bytes follow the data of an image inside its blocks"
    } else {
        return Ok(None);
    };
    Ok(Some(Finding::warning(FindingKind::Irregular { what })))
}

/// The strings that codes stand for, by their lengths.
struct Strings<'a> {
    /// The clear code; the end code is the next one.
    clear: u16,
    /// The first code not yet defined.
    next: u16,
    /// Length of the last string, 0 right after a clear code.
    last: u16,
    lengths: &'a mut [u16],
}

impl<'a> Strings<'a> {
    fn new(code_size: u8, lengths: &'a mut [u16]) -> Self {
        let clear = 1 << code_size;
        let mut strings = Self { clear, next: 0, last: 0, lengths };
        strings.reset();
        strings
    }

    const fn reset(&mut self) {
        self.next = self.clear + 2;
        self.last = 0;
    }

    /// The length of this code's string, once the table has grown by one; `None` for a code that
    /// does not exist yet.
    fn push(&mut self, code: u16) -> Option<u16> {
        let length = if code < self.clear {
            1
        } else if code < self.next {
            self.lengths.get(usize::from(code)).copied()?
        } else if code == self.next && self.last > 0 && usize::from(code) < MAX_CODES {
            self.last + 1
        } else {
            return None;
        };
        if self.last > 0
            && let Some(slot) = self.lengths.get_mut(usize::from(self.next))
        {
            *slot = self.last + 1;
            self.next += 1;
        }
        self.last = length;
        Some(length)
    }
}

/// Codes out of a chain of sub-blocks, least significant bit first.
struct Codes<'a> {
    rest: &'a [u8],
    block: &'a [u8],
    buffer: u64,
    bits: u8,
    width: u8,
}

impl<'a> Codes<'a> {
    const fn new(data: &'a [u8], code_size: u8) -> Self {
        Self { rest: data, block: &[], buffer: 0, bits: 0, width: code_size + 1 }
    }

    #[inline]
    fn next(&mut self) -> Option<u16> {
        while self.bits < self.width {
            self.refill()?;
        }
        let code = self.buffer & ((1 << self.width) - 1);
        self.buffer >>= self.width;
        self.bits -= self.width;
        Some(code as u16)
    }

    /// At least one more byte; `None` at the end of the chain. Fewer than 12 bits are left.
    fn refill(&mut self) -> Option<()> {
        if let Some((six, block)) = self.block.split_first_chunk::<6>() {
            let [a, b, c, d, e, f] = *six;
            let word = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]);
            self.buffer |= word << self.bits;
            self.bits += 48;
            self.block = block;
            return Some(());
        }
        if self.block.is_empty() {
            let (length, rest) = self.rest.split_first()?;
            let (block, rest) = rest.split_at_checked(usize::from(*length))?;
            (self.block, self.rest) = (block, rest);
        }
        let (byte, block) = self.block.split_first()?;
        self.buffer |= u64::from(*byte) << self.bits;
        self.bits += 8;
        self.block = block;
        Some(())
    }

    /// Bytes of the chain not yet read.
    const fn rest(&self) -> usize {
        self.block.len() + self.rest.len() + (self.bits / 8) as usize
    }
}
