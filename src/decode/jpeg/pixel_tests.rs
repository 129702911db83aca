#![allow(clippy::unwrap_used, clippy::expect_used)]

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::container;
use crate::decode::{Decoded, Mode, Scale, Scales, Stop, decode, examine, memory_needed};
use crate::finding::FindingKind;
use crate::format::Format;
use crate::policy::Limits;
use crate::{Cancellation, Pixels};

const SAMPLINGS: [SamplingFactor; 8] = [
    SamplingFactor::F_1_1,
    SamplingFactor::F_2_1,
    SamplingFactor::F_1_2,
    SamplingFactor::F_2_2,
    SamplingFactor::F_4_1,
    SamplingFactor::F_4_2,
    SamplingFactor::F_1_4,
    SamplingFactor::F_2_4,
];

/// Slopes, so gentle that halved colours stay what they are.
fn picture(width: u16, height: u16) -> Vec<u8> {
    (0..u32::from(height))
        .flat_map(|y| (0..u32::from(width)).map(move |x| (x, y)))
        .flat_map(|(x, y)| [40 + x / 2, 200 - y / 2, 60 + (x + y) / 4])
        .map(|sample| sample as u8)
        .collect()
}

fn encode(
    (width, height): (u16, u16),
    sampling: SamplingFactor,
    set: impl Fn(&mut Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 95);
    encoder.set_sampling_factor(sampling);
    set(&mut encoder);
    encoder.encode(&picture(width, height), width, height, ColorType::Rgb).unwrap();
    out
}

fn run(bytes: &[u8]) -> Result<Pixels, Stop> {
    let limits = Limits::default();
    let structure = container::walk(Format::Jpeg, bytes, &limits);
    decode(bytes, &structure, Mode::Shown, &limits, &Cancellation::new())
        .and_then(Decoded::into_pixels)
}

/// At one scale, or two.
fn scaled(bytes: &[u8], scales: Scales) -> (Pixels, Option<Pixels>) {
    let limits = Limits::default();
    let structure = container::walk(Format::Jpeg, bytes, &limits);
    let wanted = (Mode::Shown, scales);
    let examined =
        examine(bytes, &structure, wanted, &limits, &Cancellation::new(), &|_| true).unwrap();
    assert_eq!(examined.findings, []);
    let decoded = examined.decoded.unwrap();
    let canonical = decoded.canonical.clone();
    (decoded.into_pixels().unwrap(), canonical)
}

fn at(bytes: &[u8], main: Scale) -> Pixels {
    scaled(bytes, Scales { main, canonical: None, planar: false }).0
}

#[test]
fn reduced_pictures_show_what_the_full_one_does() {
    for size in [(1, 1), (7, 8), (16, 17), (65, 130), (200, 100)] {
        for sampling in SAMPLINGS {
            let jpeg = encode(size, sampling, |_| {});
            for scale in Scale::ALL {
                let pixels = at(&jpeg, scale);
                let full = crate::Size::new(size.0.into(), size.1.into());
                assert_eq!(pixels.size(), scale.of(full));
                // The middle of the square that a pixel stands for, as far as it is in the picture.
                let step = 8 / scale.side();
                let middle = |x: u32, side: u16| {
                    (2 * x * step + step.min(u32::from(side) - x * step)).saturating_sub(1) / 2
                };
                for y in 0..pixels.size().height {
                    for x in 0..pixels.size().width {
                        let (x0, y0) = (middle(x, size.0), middle(y, size.1));
                        let want = [40 + x0 / 2, 200 - y0 / 2, 60 + (x0 + y0) / 4];
                        let row = pixels.row(y).unwrap();
                        let got = &row[3 * x as usize..3 * x as usize + 3];
                        for (got, want) in got.iter().zip(want) {
                            assert!(
                                u32::from(*got).abs_diff(want) < 10,
                                "{size:?} {sampling:?} {scale:?} {x},{y}: {got} {want}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn two_scales_at_once_give_what_each_gives_alone() {
    let apart = &include_bytes!("../../../testdata/jpeg/non-interleaved.jpg")[..];
    let mut files = vec![apart.to_vec()];
    for sampling in SAMPLINGS {
        files.push(encode((131, 77), sampling, |_| {}));
        files.push(encode((131, 77), sampling, |encoder| encoder.set_progressive_scans(6)));
    }
    for jpeg in files {
        for main in Scale::ALL {
            for canonical in Scale::ALL.into_iter().filter(|canonical| *canonical != main) {
                let (first, second) =
                    scaled(&jpeg, Scales { main, canonical: Some(canonical), planar: false });
                assert_eq!(first, at(&jpeg, main));
                assert_eq!(second.unwrap(), at(&jpeg, canonical));
            }
        }
    }
}

#[test]
fn small_scales_of_progressive_files_need_little_memory() {
    let jpeg = encode((2000, 400), SamplingFactor::F_2_2, |encoder| encoder.set_progressive(true));
    let structure = container::walk(Format::Jpeg, &jpeg, &Limits::default());
    let needed = Scale::ALL.map(|main| {
        memory_needed(&structure, Mode::Shown, Scales { main, canonical: None, planar: false })
            >> 10
    });
    // Two MiB whatever the file; three bytes a pixel; and for each block, of which there are 1.5 for
    // 64 pixels, 8 bytes and two for each coefficient. At 1/8 chroma needs all of its own.
    assert!(needed.iter().take(3).all(|reduced| 3 * reduced < 2 * needed[3]), "{needed:?} KiB");
    assert!(needed[1] < needed[0] && needed[1] < needed[2], "{needed:?} KiB");
}

#[test]
fn every_sampling_and_size_gives_the_picture() {
    for size in [(1, 1), (2, 3), (7, 8), (8, 9), (16, 17), (33, 31), (65, 130), (200, 100)] {
        for sampling in SAMPLINGS {
            let pixels = run(&encode(size, sampling, |_| {})).unwrap();
            let want = picture(size.0, size.1);
            assert_eq!(pixels.samples().len(), want.len());
            for (index, (got, want)) in pixels.samples().iter().zip(&want).enumerate() {
                assert!(got.abs_diff(*want) < 9, "{size:?} {sampling:?} {index}: {got} {want}");
            }
        }
    }
}

#[test]
fn the_same_coefficients_give_the_same_samples_however_they_are_sent() {
    for sampling in SAMPLINGS {
        let size = (131, 77);
        let plain = encode(size, sampling, |_| {});
        let plain = Scale::ALL.map(|scale| at(&plain, scale));
        for scans in [0, 2, 5, 16] {
            for restart in [0, 1, 7] {
                let jpeg = encode(size, sampling, |encoder| {
                    if scans > 0 {
                        encoder.set_progressive_scans(scans);
                    }
                    encoder.set_restart_interval(restart);
                    // The encoder counts no differences anew after restarts.
                    encoder.set_optimized_huffman_tables(restart == 0);
                });
                for (scale, plain) in Scale::ALL.into_iter().zip(&plain) {
                    let same = at(&jpeg, scale) == *plain;
                    assert!(same, "{sampling:?} {scans} {restart} {scale:?}");
                }
            }
        }
    }
}

#[test]
fn a_cut_file_gives_no_pixels() {
    let cut = include_bytes!("../../../testdata/jpeg/cut-progressive-to-60-percent.jpg");
    let stopped = run(cut).unwrap_err();
    assert!(matches!(stopped, Stop::Finding(finding) if finding.code() == "truncated"));
}

#[test]
fn components_in_scans_of_their_own_are_decoded() {
    let apart = include_bytes!("../../../testdata/jpeg/non-interleaved.jpg");
    let structure = container::walk(Format::Jpeg, apart, &Limits::default());
    assert!(structure.jpeg.non_interleaved);
    assert_eq!(run(apart).unwrap().size(), structure.stored);
    // One scan fewer, and a component is missing.
    let last = apart.windows(2).rposition(|pair| pair == [0xff, 0xda]).unwrap();
    let short = [&apart[..last], &[0xff, 0xd9]].concat();
    let stopped = run(&short).unwrap_err();
    assert!(matches!(stopped, Stop::Finding(finding) if finding.code() == "truncated"));
}

#[test]
fn fractional_sampling_is_served() {
    // Luma three blocks wide in an MCU, chroma two; every block is two zero bits: mid grey.
    let mut jpeg = vec![0xff, 0xd8, 0xff, 0xdb, 0, 67, 0];
    jpeg.extend_from_slice(&[1; 64]);
    jpeg.extend_from_slice(&[0xff, 0xc0, 0, 17, 8, 0, 8, 0, 40, 3]);
    jpeg.extend_from_slice(&[1, 0x31, 0, 2, 0x21, 0, 3, 0x21, 0]);
    for class in [0x00, 0x10] {
        jpeg.extend_from_slice(&[0xff, 0xc4, 0, 20, class, 1]);
        jpeg.extend_from_slice(&[0; 16]);
    }
    jpeg.extend_from_slice(&[0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 63, 0]);
    jpeg.extend_from_slice(&[0, 0, 0, 0x0f, 0xff, 0xd9]);
    let pixels = run(&jpeg).unwrap();
    assert_eq!((pixels.size().width, pixels.size().height), (40, 8));
    assert!(pixels.samples().iter().all(|sample| *sample == 128));
}

#[test]
fn no_damage_makes_it_panic() {
    let mut state = 1_u32;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below.max(1)
    };
    for sampling in SAMPLINGS {
        for scans in [0, 4] {
            let jpeg = encode((50, 41), sampling, |encoder| {
                if scans > 0 {
                    encoder.set_progressive_scans(scans);
                }
            });
            for _ in 0..300 {
                let mut damaged = jpeg.clone();
                for _ in 0..=random(6) {
                    let at = random(damaged.len());
                    damaged[at] = random(256) as u8;
                }
                damaged.truncate(damaged.len() - random(3) * random(damaged.len() / 2));
                let structure = container::walk(Format::Jpeg, &damaged, &Limits::default());
                if memory_needed(&structure, Mode::Shown, Scales::FULL) > 1 << 28 {
                    continue;
                }
                if let Err(Stop::Finding(finding)) = run(&damaged) {
                    let internal = matches!(finding.kind(), FindingKind::Internal { .. });
                    assert!(!internal, "{finding:?}");
                }
            }
        }
    }
}
