//! The same coded image without what is not needed to show it.

use super::super::{Part, PartKind, Structure, exif, slice};
use super::apps::{ADOBE_LENGTH, JFIF_LENGTH, is_adobe, is_jfif};
use super::marker_of;
use super::markers::{EOI, SOI};
use crate::geometry::Orientation;

pub(in crate::container) fn sanitized(structure: &Structure, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(usize::try_from(structure.end).unwrap_or(0).min(bytes.len()));
    out.extend_from_slice(&[0xff, SOI]);
    let mut oriented = structure.orientation == Orientation::Normal;
    for part in &structure.parts {
        let payload = slice(bytes, &part.payload);
        let marker = marker_of(part, bytes);
        if matches!(part.kind, PartKind::Metadata | PartKind::Trailing)
            || stands_alone(part, marker)
        {
            continue;
        }
        // JFIF wants to be first; EXIF comes next.
        if !oriented && !marker.is_some_and(|marker| is_jfif(marker, payload)) {
            oriented = true;
            let block = [b"Exif\0\0", &exif::block_with(structure.orientation)[..]].concat();
            segment(&mut out, 0xe1, &block);
        }
        match marker {
            None => out.extend_from_slice(payload),
            // The thumbnail, and whatever hides behind the fields, stay behind.
            Some(marker) if is_jfif(marker, payload) => {
                let mut fields = payload.get(..JFIF_LENGTH).unwrap_or(payload).to_vec();
                if let Some(thumbnail) = fields.get_mut(12..) {
                    thumbnail.fill(0);
                }
                segment(&mut out, marker, &fields);
            }
            Some(marker) if is_adobe(marker, payload) => {
                segment(&mut out, marker, payload.get(..ADOBE_LENGTH).unwrap_or(payload));
            }
            Some(marker) => segment(&mut out, marker, payload),
        }
    }
    out.extend_from_slice(&[0xff, EOI]);
    out
}

/// Markers without a segment: written anew (SOI, EOI) or without meaning where they are.
fn stands_alone(part: &Part, marker: Option<u8>) -> bool {
    marker.is_some() && part.span.end == part.payload.start && part.span.end - part.span.start == 2
}

fn segment(out: &mut Vec<u8>, marker: u8, payload: &[u8]) {
    // The payload comes from a segment, so that its length fits.
    let length = u16::try_from(payload.len() + 2).unwrap_or(u16::MAX);
    out.extend_from_slice(&[0xff, marker]);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(payload);
}
