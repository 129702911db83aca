//! Puts the lengths and checksums of a mutated file right, so that mutations reach what lies behind
//! them.

use flate2::{Decompress, FlushDecompress, Status};

const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

/// Bytes that are inflated for a checksum.
const INFLATED: usize = 1 << 20;

/// The file as a PNG: each chunk's length no longer than what is there, its CRC right, and the
/// Adler-32 of the image data, too.
pub(crate) fn png(bytes: &[u8]) -> Vec<u8> {
    let mut chunks: Vec<([u8; 4], Vec<u8>)> = Vec::new();
    let mut rest = bytes.get(8..).unwrap_or_default();
    while let Some((head, behind)) = rest.split_at_checked(8) {
        let length = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
        let (payload, behind) = behind.split_at(length.min(behind.len()));
        chunks.push((head[4..].try_into().unwrap(), payload.to_vec()));
        rest = behind.get(4..).unwrap_or_default();
    }
    for name in [b"IDAT", b"fdAT"] {
        put_adler_right(&mut chunks, *name);
    }
    let mut sealed = SIGNATURE.to_vec();
    for (name, payload) in chunks {
        let mut crc = crc32fast::Hasher::new();
        crc.update(&name);
        crc.update(&payload);
        sealed.extend((payload.len() as u32).to_be_bytes());
        sealed.extend(name);
        sealed.extend(payload);
        sealed.extend(crc.finalize().to_be_bytes());
    }
    sealed
}

/// In every run of chunks of this name that hold one zlib stream to its end.
fn put_adler_right(chunks: &mut [([u8; 4], Vec<u8>)], name: [u8; 4]) {
    let number = if &name == b"fdAT" { 4 } else { 0 };
    for run in chunks.chunk_by_mut(|a, b| a.0 == name && b.0 == name) {
        if run[0].0 != name {
            continue;
        }
        let stream: Vec<u8> = run
            .iter()
            .flat_map(|(_, payload)| payload.get(number..).unwrap_or_default())
            .copied()
            .collect();
        let Some(deflated) = stream.get(2..) else { continue };
        let mut raw = Decompress::new(false);
        let mut rows = Vec::with_capacity(INFLATED);
        if !matches!(
            raw.decompress_vec(deflated, &mut rows, FlushDecompress::Finish),
            Ok(Status::StreamEnd)
        ) {
            continue;
        }
        let at = 2 + raw.total_in() as usize;
        let sum = adler32(&rows).to_be_bytes();
        let places = run
            .iter_mut()
            .flat_map(|(_, payload)| payload.get_mut(number..).unwrap_or_default().iter_mut());
        for (place, byte) in places.skip(at).zip(sum) {
            *place = byte;
        }
    }
}

/// RFC 1950 section 8.2.
fn adler32(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (1_u32, 0_u32);
    for stretch in bytes.chunks(5552) {
        for byte in stretch {
            a += u32::from(*byte);
            b += a;
        }
        a %= 65_521;
        b %= 65_521;
    }
    b << 16 | a
}

/// The file as a WebP: the RIFF header covers it, and no chunk is longer than what is there.
pub(crate) fn webp(bytes: &[u8]) -> Vec<u8> {
    let mut sealed = b"RIFF\0\0\0\0WEBP".to_vec();
    chunks(bytes.get(12..).unwrap_or_default(), &mut sealed, 0);
    let length = (sealed.len() as u32 - 8).to_le_bytes();
    sealed[4..8].copy_from_slice(&length);
    sealed
}

fn chunks(mut rest: &[u8], sealed: &mut Vec<u8>, depth: u8) {
    while let Some((head, behind)) = rest.split_at_checked(8) {
        let length = u32::from_le_bytes(head[4..].try_into().unwrap()) as usize;
        let (payload, behind) = behind.split_at(length.min(behind.len()));
        sealed.extend(&head[..4]);
        let at = sealed.len();
        sealed.extend([0; 4]);
        match payload.split_at_checked(16) {
            // RFC 9649 section 2.7.1.1: a frame's chunks lie behind its 16 bytes.
            Some((frame, nested)) if head.starts_with(b"ANMF") && depth == 0 => {
                sealed.extend(frame);
                chunks(nested, sealed, 1);
            }
            _ => sealed.extend(payload),
        }
        let length = sealed.len() - at - 4;
        sealed[at..at + 4].copy_from_slice(&(length as u32).to_le_bytes());
        if length % 2 == 1 {
            sealed.push(0);
        }
        rest = behind.get(length_padding(payload.len())..).unwrap_or_default();
    }
}

const fn length_padding(length: usize) -> usize {
    length % 2
}
