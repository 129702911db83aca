//! Which of PNG's colour chunks counts (PNG 3rd edition section 4.3): `cICP`, then `iCCP`, then
//! `sRGB`, then `gAMA` with `cHRM`.

use png::{ColorType, Info};

use crate::container::slice;
use crate::decode::cms::{Plan, Transform};
use crate::decode::{Job, Mode, profile};
use crate::finding::{ColorModel, Finding, FindingKind};

pub(super) fn plan(job: &Job<'_>, info: &Info<'_>, findings: &mut Vec<Finding>) -> Plan {
    if job.mode == Mode::Stored {
        return None;
    }
    let deep = info.bit_depth as u8 == 16;
    if let Some((at, &[a, b, c, d])) = chunk(job, "cICP") {
        match Transform::from_cicp([a, b, c, d], deep) {
            Ok(plan) => return plan,
            Err(what) => findings.push(unusable(what, at)),
        }
    }
    let model = match info.color_type {
        ColorType::Grayscale | ColorType::GrayscaleAlpha => ColorModel::Grey,
        _ => ColorModel::Rgb,
    };
    if let Some(plan) = profile::plan(job, model, deep, findings) {
        return plan;
    }
    // Its one byte is the intent, which is the same for all of sRGB's colours.
    if chunk::<1>(job, "sRGB").is_some() {
        return None;
    }
    let (at, gamma) = chunk(job, "gAMA")?;
    let gamma = u32::from_be_bytes(*gamma);
    match Transform::from_gamma(gamma, chromaticities(job), deep) {
        Ok(plan) => plan,
        Err(what) => {
            findings.push(unusable(what, at));
            None
        }
    }
}

fn unusable(what: &'static str, at: u64) -> Finding {
    Finding::warning(FindingKind::UnusableProfile { what }).at(at)
}

/// The payload of the first chunk of this name before the picture, when it has the right length.
fn chunk<'a, const N: usize>(job: &Job<'a>, name: &str) -> Option<(u64, &'a [u8; N])> {
    let before = job.structure.parts.iter().take_while(|p| p.name.as_str() != "IDAT");
    let part = before.into_iter().find(|p| p.name.as_str() == name)?;
    Some((part.span.start, slice(job.bytes, &part.payload).try_into().ok()?))
}

/// `cHRM` as red, green, blue, white; the chunk has white first.
fn chromaticities(job: &Job<'_>) -> Option<[[f64; 2]; 4]> {
    let (_, payload) = chunk::<32>(job, "cHRM")?;
    let mut pairs = payload.chunks_exact(8).map(|pair| {
        let value = |at: usize| {
            let bytes = [pair[at], pair[at + 1], pair[at + 2], pair[at + 3]];
            f64::from(u32::from_be_bytes(bytes)) / 100_000.0
        };
        [value(0), value(4)]
    });
    let (white, red, green, blue) = (pairs.next()?, pairs.next()?, pairs.next()?, pairs.next()?);
    Some([red, green, blue, white])
}
