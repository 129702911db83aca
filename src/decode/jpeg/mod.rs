//! Our own reading of JPEG's coded data (ITU-T T.81): to verify it, every scan is walked code by
//! code and every MCU is accounted for; to decode it, the same walk gives coefficients and samples,
//! at full size or at 1/2, 1/4 and 1/8 of it. Whatever is decoded is verified, with the same findings.
//!
//! # What is noticed
//! Missing, unknown or impossible tables and scan parameters; bits that are no code; coefficients
//! past the end of a block or band; values larger than 8-bit samples can give; data that ends
//! before the last MCU; restart markers that are missing, early or out of order; runs past the end;
//! bytes left over; components and bits of precision that no scan sent.
//!
//! # What cannot be noticed
//! JPEG has no checksum. Huffman codes fall back into step a few codes after a damaged place, so
//! that changed bits usually show only as other values.
//!
//! Bytes missing from the middle of a sequential scan make the number of blocks wrong, and from
//! there on blocks are read with the tables of another component, which is out of step again, until
//! by chance the components agree. That can happen only where the count is off by whole MCUs; when
//! less than an MCU is missing, the likeliest count of them is none, and then the scan ends exactly
//! where it should. In a refinement scan, where the bits of a block depend on what is known of it,
//! none is the only count at which it can fall back into step.
//!
//! What gives such a place away is what the wrongly read blocks hold: too many coefficients, codes
//! in no table, and above all DC predictions, which stay wrong up to the next restart and sooner or
//! later leave the range that samples have. Measured on photographs with bytes cut out at 200 places
//! of the largest scan, what was noticed: of cuts of 1024 bytes all in sequential scans, 88 to 100 %
//! in refinement scans; of cuts of 64 bytes 71 to 100 % in sequential scans (the fewer, the more
//! bytes an MCU has; 61 to 98 % with a restart marker in every row), 37 to 98 % in refinement scans;
//! of cuts of 4 bytes 25 to 90 %.

#![allow(
    clippy::inline_always,
    reason = "the bit reader has to stay in registers from code to code"
)]

mod bands;
mod bits;
mod blocks;
mod canvas;
mod coefficients;
pub(super) mod color;
mod dc;
mod finish;
mod huffman;
mod idct;
mod ones;
mod pixels;
mod planes;
mod progress;
mod progressive;
mod reduced;
mod scan;
mod segments;
mod sequential;
mod tables;
mod upsample;
mod values;
mod walk;

pub(super) use pixels::memory_needed;

use crate::cancel::Cancellation;
use crate::container::{JpegTransform, Structure};
use crate::decode::scale::Scales;
use crate::decode::{Accepts, Job, Made, Picture, Read, Stop, profile};
use crate::finding::{ColorModel, Finding, FindingKind};
use crate::pixels::Layout;
use crate::policy::Limits;

use canvas::Output;
use finish::Finish;
use pixels::Pictures;
use walk::Walk;

/// Reads every scan of a file that the walk found sound, and says what is missing or damaged.
///
/// Takes memory for progressive pictures alone, 8 bytes a block.
pub(crate) fn verify(
    bytes: &[u8],
    structure: &Structure,
    limits: &Limits,
    cancel: &Cancellation,
) -> Result<Vec<Finding>, Stop> {
    Walk::new(structure, limits, cancel, None).run(bytes).map(|(findings, _)| findings)
}

/// Bytes that [`verify`] allocates at most, beside tables of constant size.
pub(crate) fn verify_memory(structure: &Structure) -> u64 {
    if structure.jpeg.progressive { structure.jpeg.blocks.saturating_mul(8) } else { 0 }
}

/// As [`verify`], and decodes at these scales in the same go. What verifying found comes first;
/// then, where `accepts` agrees to it, a picture for each scale.
///
/// The components themselves are made of the main one only where their colours are final.
pub(super) fn examine(job: &Job<'_>, scales: Scales, accepts: &Accepts<'_>) -> Result<Read, Stop> {
    let model = match job.structure.jpeg.components {
        1 => ColorModel::Grey,
        4 => ColorModel::Cmyk,
        _ => ColorModel::Rgb,
    };
    let mut warnings = Vec::new();
    let plan = profile::plan(job, model, false, &mut warnings).flatten();
    let layout = job.layout();
    let transform = job.structure.jpeg.transform;
    let final_colors = match model {
        ColorModel::Grey => true,
        ColorModel::Cmyk => false,
        ColorModel::Rgb => transform == JpegTransform::YCbCr,
    };
    let planar = scales.planar
        && final_colors
        && plan.is_none()
        && warnings.is_empty()
        && layout == Layout::Rgb8;
    let scales = Scales { planar, ..scales };
    let finish = Finish { transform, plan, layout };
    let pictures = Pictures::new(job.structure.stored, scales, &finish);
    let walk = Walk::new(job.structure, job.limits, job.cancel, Some(pictures));
    let (findings, outputs) = walk.run(job.bytes)?;
    if !accepts(&findings) {
        return Ok((findings, None));
    }
    let made = outputs()?.into_iter().zip(scales.iter()).map(|(output, scale)| match output {
        Output::Samples(samples) => {
            let findings = std::mem::take(&mut warnings);
            Made::Picture(Picture { layout, scale, samples, findings })
        }
        // Without anything to warn of.
        Output::Planes(planes) => Made::Planes(scale, planes),
    });
    Ok((findings, Some(made.collect())))
}

/// Adds a warning unless it was given before, at an earlier place.
fn warn_once(findings: &mut Vec<Finding>, kind: FindingKind, at: u64) {
    if findings.iter().all(|finding| *finding.kind() != kind) {
        findings.push(Finding::warning(kind).at(at));
    }
}

#[cfg(test)]
mod pixel_tests;
#[cfg(test)]
mod tests;
