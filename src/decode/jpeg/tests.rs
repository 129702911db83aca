#![allow(clippy::unwrap_used, clippy::expect_used)]

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::*;
use crate::container;
use crate::container::PartKind;
use crate::format::Format;

/// A picture with some of everything: a slope, an edge, and noise that follows from its place.
fn picture(width: u16, height: u16) -> Vec<u8> {
    let sample = |x: u32, y: u32, c: u32| {
        let noise = (x * 7919 + y * 104_729 + c * 1_299_709).wrapping_mul(2_654_435_761) >> 27;
        (x * 3 + y * 2 + c * 40 + noise + if x > y { 60 } else { 0 }) as u8
    };
    (0..u32::from(height))
        .flat_map(|y| (0..u32::from(width)).map(move |x| (x, y)))
        .flat_map(|(x, y)| (0..3).map(move |c| sample(x, y, c)))
        .collect()
}

fn encode(width: u16, height: u16, set: impl Fn(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 90);
    set(&mut encoder);
    encoder.encode(&picture(width, height), width, height, ColorType::Rgb).unwrap();
    out
}

fn found(bytes: &[u8]) -> Vec<Finding> {
    let limits = Limits::default();
    let structure = container::walk(Format::Jpeg, bytes, &limits);
    assert!(!structure.findings().iter().any(Finding::is_error), "{:?}", structure.findings());
    verify(bytes, &structure, &limits, &Cancellation::new()).unwrap()
}

/// All ways of coding that the encoder has, small and large enough for the larger tables.
fn variants() -> Vec<(String, Vec<u8>)> {
    let samplings = [
        SamplingFactor::F_1_1,
        SamplingFactor::F_2_1,
        SamplingFactor::F_1_2,
        SamplingFactor::F_2_2,
        SamplingFactor::F_4_1,
        SamplingFactor::F_4_2,
        SamplingFactor::F_1_4,
        SamplingFactor::F_2_4,
    ];
    let mut all = Vec::new();
    for (width, height) in [(1, 1), (37, 19), (250, 170)] {
        for sampling in samplings {
            for (progressive, optimized, restart) in
                [(0, false, 3), (0, true, 0), (2, false, 0), (5, true, 0), (4, false, 2)]
            {
                let jpeg = encode(width, height, |encoder| {
                    encoder.set_sampling_factor(sampling);
                    encoder.set_optimized_huffman_tables(optimized);
                    if progressive > 0 {
                        encoder.set_progressive_scans(progressive);
                    }
                    if restart > 0 {
                        encoder.set_restart_interval(restart);
                    }
                });
                let name =
                    format!("{width}x{height} {sampling:?} {progressive} {optimized} {restart}");
                all.push((name, jpeg));
            }
        }
    }
    all
}

#[test]
fn whole_files_are_clean_and_their_scans_end_exactly() {
    for (name, jpeg) in variants() {
        assert_eq!(found(&jpeg), [], "{name}");
    }
}

#[test]
fn a_scan_cut_anywhere_is_noticed() {
    for (name, jpeg) in variants() {
        let structure = container::walk(Format::Jpeg, &jpeg, &Limits::default());
        for part in structure.parts().iter().filter(|part| part.kind == PartKind::ImageData) {
            let (start, end) = (part.span.start as usize, part.span.end as usize);
            // Not every place, or the test takes minutes.
            for cut in (start..end).step_by((end - start) / 7 + 1) {
                let short = [&jpeg[..cut], &jpeg[end..]].concat();
                let findings = found(&short);
                assert!(
                    findings.iter().any(Finding::is_error),
                    "{name} cut at {cut}: {findings:?}"
                );
            }
        }
    }
}

#[test]
fn decoding_finds_what_verifying_finds() {
    use crate::decode::{Mode, Scale, examine};
    let limits = Limits::default();
    let mut state = 7_u32;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below.max(1)
    };
    let mut told = 0;
    for (name, jpeg) in variants().into_iter().filter(|(name, _)| !name.starts_with("1x1")) {
        let structure = container::walk(Format::Jpeg, &jpeg, &limits);
        let scans: Vec<_> =
            structure.parts().iter().filter(|part| part.kind == PartKind::ImageData).collect();
        for main in Scale::ALL {
            let part = scans[random(scans.len())];
            let (start, end) = (part.span.start as usize, part.span.end as usize);
            let at = start + random(end - start);
            let mut damaged = jpeg.clone();
            match random(3) {
                0 => drop(damaged.drain(at..end)),
                1 => drop(damaged.drain(at..(at + random(40)).min(end))),
                _ => damaged[at] ^= 1 << random(8),
            }
            let structure = container::walk(Format::Jpeg, &damaged, &limits);
            let wanted = (Mode::Shown, Scales { main, canonical: None, planar: false });
            let none = Cancellation::new();
            let examined =
                examine(&damaged, &structure, wanted, &limits, &none, &|_| false).unwrap();
            let found = verify(&damaged, &structure, &limits, &none).unwrap();
            assert_eq!(examined.findings, found, "{name} {main:?} at {at}");
            told += usize::from(!found.is_empty());
        }
    }
    assert!(told > 100, "{told} are too few to tell");
}

#[test]
fn a_picture_taller_than_its_data_is_truncated_and_a_lower_one_irregular() {
    for progressive in [false, true] {
        let jpeg = encode(64, 64, |encoder| encoder.set_progressive(progressive));
        let frame = jpeg.windows(2).position(|p| p == [0xff, 0xc0] || p == [0xff, 0xc2]).unwrap();
        for (height, code, error) in [(128, "truncated", true), (32, "irregular", false)] {
            let mut other = jpeg.clone();
            other[frame + 6] = height;
            let findings = found(&other);
            assert!(
                findings.iter().any(|f| f.code() == code && f.is_error() == error),
                "{findings:?}"
            );
        }
    }
}

#[test]
fn restart_markers_must_come_in_turn() {
    let jpeg = encode(64, 64, |encoder| encoder.set_restart_interval(2));
    let marker = |n: u8| jpeg.windows(2).position(|pair| pair == [0xff, 0xd0 + n]).unwrap();
    let mut swapped = jpeg.clone();
    swapped[marker(1) + 1] = 0xd2;
    let mut early = jpeg.clone();
    early.drain(marker(0) - 4..marker(0));
    let mut missing = jpeg.clone();
    missing.drain(marker(0)..marker(0) + 2);
    for damaged in [swapped, early, missing] {
        let findings = found(&damaged);
        assert!(findings.iter().any(Finding::is_error), "{findings:?}");
    }
}

#[test]
fn scans_left_out_of_a_progressive_file_are_noticed() {
    let jpeg = encode(64, 64, |encoder| encoder.set_progressive_scans(6));
    let structure = container::walk(Format::Jpeg, &jpeg, &Limits::default());
    let scans: Vec<_> = structure.parts().iter().filter(|p| p.name.as_str() == "scan").collect();
    assert!(scans.len() > 3);
    // The first scans of the lowest frequencies, then ever more: complete only with the last.
    for (index, scan) in scans.iter().enumerate() {
        let ended = [&jpeg[..scan.span.end as usize], &[0xff, 0xd9]].concat();
        let truncated = found(&ended).iter().any(|finding| finding.code() == "truncated");
        assert_eq!(truncated, index + 1 < scans.len(), "after scan {index}");
    }
}

#[test]
fn brightness_beyond_8_bits_is_told() {
    // Sixteen grey blocks whose DC differences (size 11, +1024) add up beyond any sample.
    let mut jpeg = vec![0xff, 0xd8, 0xff, 0xdb, 0, 67, 0];
    jpeg.extend_from_slice(&[1; 64]);
    jpeg.extend_from_slice(&[0xff, 0xc0, 0, 11, 8, 0, 32, 0, 32, 1, 1, 0x11, 0]);
    for class in [0x00, 0x10] {
        // One code, `0`: size 11 for DC, end of block for AC.
        jpeg.extend_from_slice(&[0xff, 0xc4, 0, 20, class, 1]);
        jpeg.extend_from_slice(&[0; 15]);
        jpeg.push(if class == 0 { 11 } else { 0 });
    }
    jpeg.extend_from_slice(&[0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
    // Thirteen bits a block: 0, 1 and ten zeros, 0.
    let mut bits = vec![0_u8; 26];
    (0..16).for_each(|block| bits[(block * 13 + 1) / 8] |= 0x80 >> ((block * 13 + 1) % 8));
    jpeg.extend_from_slice(&bits);
    jpeg.extend_from_slice(&[0xff, 0xd9]);
    let findings = found(&jpeg);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!((findings[0].code(), findings[0].is_error()), ("corrupt", false));
}

#[test]
fn memory_is_judged_before_it_is_taken() {
    let jpeg = encode(64, 64, |encoder| encoder.set_progressive(true));
    let limits = Limits::default();
    let structure = container::walk(Format::Jpeg, &jpeg, &limits);
    let needed = verify_memory(&structure);
    for (max_memory, refused) in [(needed, false), (needed - 1, true)] {
        let limits = Limits { max_memory, ..limits.clone() };
        let findings = verify(&jpeg, &structure, &limits, &Cancellation::new()).unwrap();
        assert_eq!(findings.iter().any(|f| f.code() == "too_much_memory"), refused);
    }
}

#[test]
fn cancellation_stops_the_walk() {
    let jpeg = encode(64, 64, |_| {});
    let limits = Limits::default();
    let structure = container::walk(Format::Jpeg, &jpeg, &limits);
    let cancel = Cancellation::new();
    cancel.cancel();
    assert_eq!(verify(&jpeg, &structure, &limits, &cancel), Err(Stop::Cancelled));
}
