//! The digest of what a file shows, taken from its coded bytes.

use super::ImageDigest;
use crate::container::{JpegTransform, Part, PartKind, PartName, Structure};
use crate::format::Format;

/// Change the number with anything below that changes a digest.
const DOMAIN: &[u8] = b"gatefold image digest 1\0";
/// For files without any coded pixels.
const DOMAIN_WHOLE_FILE: &[u8] = b"gatefold image digest 1, whole file\0";

impl ImageDigest {
    /// The digest of the picture in `bytes`, whose structure the walk found.
    ///
    /// Hashed are, behind a versioned tag: format, stored size, orientation, what the format decides
    /// outside its coded data (of JPEG the colour transform and the polarity of its inks, of WebP
    /// whether alpha is declared), the ICC profile, then headers, coded pixels and colour in the order
    /// of the file. How a stream is cut into pieces (`IDAT`, `fdAT`, an ICC profile in JPEG, several
    /// tables in one segment) does not matter.
    pub fn of(structure: &Structure, bytes: &[u8]) -> Self {
        let format = structure.format;
        let pieces: Vec<(PartName, &[u8])> = structure
            .parts
            .iter()
            .enumerate()
            .filter(|(_, part)| enters(format, part))
            .map(|(index, part)| {
                (part.name, shown(format, structure.parts.get(index + 1), part, bytes))
            })
            .collect();

        let mut hasher = blake3::Hasher::new();
        if !structure.parts.iter().any(|part| part.kind == PartKind::ImageData) {
            // Nothing to tell two such files apart but their bytes.
            hasher.update(DOMAIN_WHOLE_FILE).update(bytes);
            return Self(hasher.finalize().into());
        }
        hasher.update(DOMAIN);
        update_named(&mut hasher, format.name(), &[]);
        hasher.update(&structure.stored.width.to_le_bytes());
        hasher.update(&structure.stored.height.to_le_bytes());
        hasher.update(&[structure.orientation.exif(), decided_elsewhere(structure, bytes)]);
        let profile: Vec<&[u8]> =
            structure.icc.iter().map(|span| clamped(bytes, span.start, span.end)).collect();
        update_named(&mut hasher, "ICC", &profile);
        for run in pieces.chunk_by(|a, b| a.0 == b.0 && is_one_stream(format, a.0.as_str())) {
            let payloads: Vec<&[u8]> = run.iter().map(|(_, payload)| *payload).collect();
            if let Some((name, _)) = run.first() {
                update_named(&mut hasher, name.as_str(), &payloads);
            }
        }
        Self(hasher.finalize().into())
    }
}

/// Hashes a name and a payload in pieces; the lengths before each keep one from running into the next.
fn update_named(hasher: &mut blake3::Hasher, name: &str, payloads: &[&[u8]]) {
    let total: u64 = payloads.iter().map(|payload| payload.len() as u64).sum();
    hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes());
    hasher.update(&total.to_le_bytes());
    for payload in payloads {
        hasher.update(payload);
    }
}

/// Whether a part is hashed as it stands in the file.
fn enters(format: Format, part: &Part) -> bool {
    if !matches!(part.kind, PartKind::Header | PartKind::ImageData | PartKind::Color) {
        return false;
    }
    let name = part.name.as_str();
    match format {
        // Application segments decide the colour transform, the orientation and the profile, which
        // enter by themselves; the rest of them (density, versions, thumbnails) shows nothing.
        Format::Jpeg => !name.starts_with("APP"),
        // The profile enters by itself, without the name that iCCP gives it.
        Format::Png => name != "iCCP",
        // VP8X (RFC 9649 section 2.7.1) repeats what is known: the canvas and which chunks follow. A
        // still without extras is thereby equal to the same bitstream in the simple layout.
        Format::WebP => !matches!(name, "RIFF" | "VP8X" | "canvas" | "ICCP"),
        Format::Gif => true,
    }
}

/// Whether consecutive parts of this name are pieces of one stream.
fn is_one_stream(format: Format, name: &str) -> bool {
    match format {
        // PNG 3rd edition, sections 11.2.3 and 11.3.7.3.
        Format::Png => matches!(name, "IDAT" | "fdAT"),
        // ITU-T T.81 section B.2.4: a table segment holds one or more tables.
        Format::Jpeg => true,
        Format::WebP | Format::Gif => false,
    }
}

/// What of a part's payload says what is shown; `next` is the part behind it.
fn shown<'a>(format: Format, next: Option<&Part>, part: &Part, bytes: &'a [u8]) -> &'a [u8] {
    // What is nested in a part is a part of its own and enters, or not, under its own name.
    let end = match next {
        Some(next) if next.depth > part.depth => part.payload.end.min(next.span.start),
        _ => part.payload.end,
    };
    let payload = clamped(bytes, part.payload.start, end);
    match (format, part.name.as_str()) {
        // Sequence numbers (PNG 3rd edition, section 11.3.7) count pieces.
        (Format::Png, "fcTL" | "fdAT") => payload.get(4..).unwrap_or_default(),
        _ => payload,
    }
}

/// The bytes from `start` to `end`, as far as the file goes: what a truncated file still has counts.
fn clamped(bytes: &[u8], start: u64, end: u64) -> &[u8] {
    let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    bytes.get(index(start)..index(end)).unwrap_or_default()
}

/// One byte for what is shown but not said by size, orientation and the parts that enter.
fn decided_elsewhere(structure: &Structure, bytes: &[u8]) -> u8 {
    match structure.format {
        Format::Jpeg => {
            let transform = match structure.jpeg.transform {
                JpegTransform::None => 0,
                JpegTransform::YCbCr => 1,
                JpegTransform::Ycck => 2,
            };
            // Adobe's segment also means that inks are stored inverted.
            let inverted = structure.jpeg.components == 4
                && structure.parts.iter().any(|part| {
                    part.name.as_str() == "APP14"
                        && clamped(bytes, part.payload.start, part.payload.end)
                            .starts_with(b"Adobe")
                });
            transform | u8::from(inverted) << 4
        }
        Format::WebP => u8::from(structure.has_alpha),
        Format::Png | Format::Gif => 0,
    }
}

#[cfg(test)]
mod tests;
