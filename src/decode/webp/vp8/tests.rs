//! Against the `image-webp` crate, to the bit: any bits behind a sound header are a picture, so
//! pictures are made of noise and use all that the format has.

#![allow(clippy::unwrap_used)]

use image_webp::vp8::Vp8Decoder;

use super::Decoder;
use crate::cancel::Cancellation;
use crate::container::samples::{bool_coded, riff_chunk, webp};
use crate::container::walk;
use crate::format::Format;
use crate::policy::Limits;
use crate::verify;

struct Noise(u64);

impl Noise {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) % end
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        // None begins with a byte that is refused.
        let first = self.below(255) as u8;
        std::iter::once(first).chain((1..count).map(|_| self.below(256) as u8)).collect()
    }
}

/// Bits of a header as they are coded.
#[derive(Default)]
struct Bits(Vec<(bool, u8)>);

impl Bits {
    fn number(&mut self, value: u64, bits: u32) {
        self.0.extend((0..bits).rev().map(|bit| (value >> bit & 1 == 1, 128)));
    }

    /// Values of so many bits with a sign, of which some are left out.
    fn optional(&mut self, noise: &mut Noise, count: usize, bits: u32) {
        for _ in 0..count {
            let there = noise.below(2);
            self.number(there, 1);
            if there == 1 {
                self.number(noise.below(2 << bits), bits + 1);
            }
        }
    }
}

/// What a picture of noise is to have.
#[derive(Debug, Clone, Copy)]
struct Kind {
    size: (usize, usize),
    /// Whether there are segments, whether macroblocks name theirs, whether segments have values.
    segments: [bool; 3],
    simple: bool,
    level: u64,
    sharpness: u64,
    adjusted: bool,
    /// As a power of two.
    partitions: u32,
    quantizer: u64,
    /// How likely, in 256, a token probability is replaced by any other.
    wild: u64,
    skips: bool,
}

fn picture(noise: &mut Noise, kind: Kind) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.number(0, 2);
    let [segments, named, values] = kind.segments;
    bits.number(segments.into(), 1);
    if segments {
        bits.number(named.into(), 1);
        bits.number(values.into(), 1);
        if values {
            bits.number(noise.below(2), 1);
            bits.optional(noise, 4, 7);
            bits.optional(noise, 4, 6);
        }
        for _ in 0..if named { 3 } else { 0 } {
            bits.number(0x100 | noise.below(256), 9);
        }
    }
    bits.number(kind.simple.into(), 1);
    bits.number(kind.level, 6);
    bits.number(kind.sharpness, 3);
    bits.number(if kind.adjusted { 3 } else { 0 }, if kind.adjusted { 2 } else { 1 });
    if kind.adjusted {
        bits.optional(noise, 8, 6);
    }
    bits.number(kind.partitions.into(), 2);
    bits.number(kind.quantizer, 7);
    bits.optional(noise, 5, 4);
    bits.number(0, 1);
    for update in verify::vp8::token_updates() {
        let wild = noise.below(256) < kind.wild;
        bits.0.push((wild, *update));
        if wild {
            bits.number(noise.below(255) + 1, 8);
        }
    }
    bits.number(kind.skips.into(), 1);
    if kind.skips {
        bits.number(128 + noise.below(100), 8);
    }
    let (width, height) = kind.size;
    let blocks = width.div_ceil(16) * height.div_ceil(16);
    (0..blocks * 16).for_each(|_| bits.number(noise.below(256), 8));
    let first = bool_coded(&bits.0);
    let tag = (first.len() as u32) << 5 | 1 << 4;
    let mut data = tag.to_le_bytes()[..3].to_vec();
    data.extend([0x9d, 0x01, 0x2a, width as u8, 0, height as u8, 0]);
    data.extend(first);
    let partitions: Vec<_> = (0..1 << kind.partitions).map(|_| noise.bytes(blocks * 800)).collect();
    for partition in partitions.iter().skip(1) {
        data.extend(&(partition.len() as u32).to_le_bytes()[..3]);
    }
    data.extend(partitions.concat());
    data
}

/// Decodes both ways; whether anything was found but bytes left over.
fn compare(data: &[u8], what: &impl std::fmt::Debug) {
    let bytes = webp(&[riff_chunk(*b"VP8 ", data)]);
    let (limits, cancel) = (Limits::default(), Cancellation::new());
    let structure = walk(Format::WebP, &bytes, &limits);
    let mut decoder = Decoder::new();
    let findings = verify::read_webp(&bytes, &structure, (&limits, &cancel), &mut decoder).unwrap();
    assert!(!findings.iter().any(crate::finding::Finding::is_error), "{findings:?} {what:?}");
    let theirs = Vp8Decoder::decode_frame(data).unwrap();
    let [luma, u, v] = decoder.into_planes();
    assert!(luma == theirs.ybuf, "luma of {what:?}");
    assert!(u == theirs.ubuf && v == theirs.vbuf, "chroma of {what:?}");
}

#[test]
fn pictures_of_noise_are_those_of_another_decoder() {
    let mut noise = Noise(1);
    for round in 0..600 {
        let even = |noise: &mut Noise| noise.below(2) == 1;
        let kind = Kind {
            size: (noise.below(80) as usize + 1, noise.below(80) as usize + 1),
            segments: [even(&mut noise), even(&mut noise), even(&mut noise)],
            simple: even(&mut noise),
            level: [0, 63, noise.below(64)][noise.below(3) as usize],
            sharpness: noise.below(8),
            adjusted: even(&mut noise),
            partitions: noise.below(4) as u32,
            quantizer: [0, 127, noise.below(128), noise.below(20)][noise.below(4) as usize],
            wild: [0, 0, 8, 200][noise.below(4) as usize],
            skips: even(&mut noise),
        };
        compare(&picture(&mut noise, kind), &(round, kind));
    }
}

#[test]
fn all_small_sizes_are_those_of_another_decoder() {
    let mut noise = Noise(2);
    for width in 1..=40 {
        for height in 1..=40 {
            let kind = Kind {
                size: (width, height),
                segments: [false; 3],
                simple: false,
                level: 20,
                sharpness: 0,
                adjusted: false,
                partitions: 0,
                quantizer: 10,
                wild: 0,
                skips: true,
            };
            compare(&picture(&mut noise, kind), &kind);
        }
    }
}

#[test]
fn written_pictures_are_those_of_another_decoder() {
    let files: [&[u8]; 2] = [
        include_bytes!("../../../../testdata/webp/lossy.webp"),
        include_bytes!("../../../../testdata/webp/icc-p3-xmp.webp"),
    ];
    for bytes in files {
        let structure = walk(Format::WebP, bytes, &Limits::default());
        let part = structure.parts.iter().find(|part| part.name.as_str() == "VP8 ").unwrap();
        compare(crate::container::slice(bytes, &part.payload), &part.span);
    }
}
