//! A PNG file without metadata: chunks copied as they are.

use super::super::{PartKind, Structure, exif, slice};
use crate::geometry::Orientation;

pub(in super::super) fn sanitized(structure: &Structure, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().saturating_add(64));
    let mut orientation = Some(structure.orientation).filter(|o| *o != Orientation::Normal);
    for part in &structure.parts {
        if matches!(part.kind, PartKind::Metadata | PartKind::Trailing) {
            continue;
        }
        if part.name.as_str() == "IDAT"
            && let Some(orientation) = orientation.take()
        {
            write_chunk(&mut out, *b"eXIf", &exif::block_with(orientation));
        }
        out.extend_from_slice(slice(bytes, &part.span));
    }
    out
}

fn write_chunk(out: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    out.extend_from_slice(&u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
    let start = out.len();
    out.extend_from_slice(&name);
    out.extend_from_slice(data);
    let crc = crc32fast::hash(out.get(start..).unwrap_or_default());
    out.extend_from_slice(&crc.to_be_bytes());
}
