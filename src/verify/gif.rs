//! GIF: the LZW codes of each image give every pixel of its rectangle (the specification of GIF 89a, appendix F).
//!
//! Only lengths are followed: a code's string is one longer than the one that it extends, and how
//! many pixels come out is all that is asked. Which colours come out is known, too: a string is made
//! of pixels that came before it, so each colour's first pixel is a code of its own.

use crate::cancel::Cancellation;
use crate::container::Structure;
use crate::decode::Stop;
use crate::decode::gif::lzw::{self, Lengths, Step};
use crate::decode::gif::{Image, images};
use crate::finding::{Finding, FindingKind};

pub(super) fn verify(
    bytes: &[u8],
    structure: &Structure,
    cancel: &Cancellation,
) -> Result<Vec<Finding>, Stop> {
    let mut findings = Vec::new();
    let mut lengths = lzw::lengths();
    let mut outside_palette = None;
    for (image, frame) in images(bytes, structure).zip(1..) {
        if cancel.should_stop() {
            return Err(Stop::Cancelled);
        }
        let colors = (image.colors.len() / 3) as u16;
        let mut outside = Outside { colors, transparent: image.transparent, first: None };
        if let Some(finding) = verify_image(&image, &mut lengths, &mut outside, cancel)? {
            findings.push(finding.at(image.at));
        }
        // Once for a file: an animation tends to have it in every frame.
        if let (None, Some(index)) = (&outside_palette, outside.first) {
            let kind = FindingKind::OutsidePalette { frame, index, colors };
            outside_palette = Some(Finding::warning(kind).at(image.at));
        }
    }
    findings.extend(outside_palette);
    Ok(findings)
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

fn verify_image(
    image: &Image<'_>,
    lengths: &mut Lengths,
    outside: &mut Outside,
    cancel: &Cancellation,
) -> Result<Option<Finding>, Stop> {
    let Some(mut lzw) = image.lzw(lengths) else {
        return Ok(None);
    };
    let pixels = image.size.pixels();
    let mut found = 0_u64;
    let mut since_look = 0_u32;
    while found < pixels {
        let kind = match lzw.step() {
            Step::String { code, length, .. } => {
                if lzw.is_color(code) {
                    outside.look(code);
                }
                found += u64::from(length);
                since_look += 1;
                if since_look == 1 << 16 {
                    since_look = 0;
                    if cancel.should_stop() {
                        return Err(Stop::Cancelled);
                    }
                }
                continue;
            }
            Step::End => {
                FindingKind::Truncated { what: "an image's end code comes before its last row" }
            }
            Step::Over => {
                FindingKind::Truncated { what: "the data of an image end before its last row" }
            }
            Step::Undefined => {
                FindingKind::Corrupt { what: "an image's data use a code that was not yet defined" }
            }
        };
        return Ok(Some(Finding::error(kind)));
    }
    let what = if found > pixels {
        "an image's data hold more than its rows"
    } else if lzw.rest() > 8 {
        // An end code and a few bytes of padding are what writers leave.
        "bytes follow the data of an image inside its blocks"
    } else {
        return Ok(None);
    };
    Ok(Some(Finding::warning(FindingKind::Irregular { what })))
}
