//! A WebP file without metadata: chunks copied, sizes and flags corrected.

use super::super::{Part, PartKind, Structure, exif, slice};
use super::flag;
use crate::geometry::Orientation;

pub(in super::super) fn sanitized(structure: &Structure, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().saturating_add(64));
    out.extend_from_slice(b"RIFF\0\0\0\0WEBP");
    let turned = structure.orientation != Orientation::Normal;
    let kept = |part: &Part| !matches!(part.kind, PartKind::Metadata | PartKind::Trailing);
    let mut parts = structure.parts.iter().filter(|part| kept(part)).peekable();
    while let Some(part) = parts.next() {
        let payload = slice(bytes, &part.payload);
        match part.name.as_str() {
            // Written above; inside the VP8X chunk.
            "RIFF" | "canvas" => {}
            "VP8X" => {
                let mut data = payload.get(..10).unwrap_or_default().to_vec();
                if let Some(flags) = data.first_mut() {
                    // Alpha is set where there is some; reserved bits are 0.
                    let mut set = *flags & flag::ANIMATION;
                    let bit = |on: bool, bit: u8| if on { bit } else { 0 };
                    set |= bit(structure.has_alpha, flag::ALPHA);
                    set |= bit(!structure.icc.is_empty(), flag::ICC);
                    set |= bit(turned, flag::EXIF);
                    *flags = set & !flag::XMP;
                }
                chunk(&mut out, b"VP8X", &[&data]);
            }
            "ANMF" => {
                let inner: Vec<&Part> =
                    std::iter::from_fn(|| parts.next_if(|next| next.depth > 0)).collect();
                let mut frame = payload.to_vec();
                for part in inner {
                    chunk(
                        &mut frame,
                        part.name.as_str().as_bytes(),
                        &[slice(bytes, &part.payload)],
                    );
                }
                chunk(&mut out, b"ANMF", &[&frame]);
            }
            name => chunk(&mut out, name.as_bytes(), &[payload]),
        }
    }
    if turned {
        chunk(&mut out, b"EXIF", &[&exif::block_with(structure.orientation)]);
    }
    let size = u32::try_from(out.len() - 8).unwrap_or(u32::MAX);
    if let Some(field) = out.get_mut(4..8) {
        field.copy_from_slice(&size.to_le_bytes());
    }
    out
}

/// Appends a chunk with its size and padding.
fn chunk(out: &mut Vec<u8>, name: &[u8], pieces: &[&[u8]]) {
    let size: usize = pieces.iter().map(|piece| piece.len()).sum();
    out.extend_from_slice(name);
    out.extend_from_slice(&u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes());
    for piece in pieces {
        out.extend_from_slice(piece);
    }
    if size % 2 == 1 {
        out.push(0);
    }
}
