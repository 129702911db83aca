//! Bounded fuzzing that runs with the other tests: files of `testdata/`, changed in ways that
//! follow from a seed, against what must hold for any bytes (`properties`). `GATEFOLD_FUZZ_RUNS`
//! sets the number of changed files per property, `GATEFOLD_FUZZ_SEED` the seed. The same targets
//! run under cargo-fuzz in `tests/fuzz`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;
mod properties;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use properties::seal;

/// Files longer than this take too long to go through often.
const LONGEST: usize = 24 * 1024;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Marsaglia's xorshift64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// 0 up to, not including, `end`.
    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 16) as usize % end.max(1)
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// Bytes that lengths, markers and counters turn on.
const TELLING: [u8; 10] = [0, 1, 2, 0x3b, 0x7f, 0x80, 0xc4, 0xd9, 0xfe, 0xff];

/// One to eight changes.
fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    for _ in 0..=random.below(8) {
        let at = random.below(bytes.len());
        let span = at..(at + 1 + random.below(32)).min(bytes.len());
        match random.below(9) {
            0 | 1 => bytes.iter_mut().skip(at).take(1).for_each(|b| *b ^= 1 << random.below(8)),
            2 | 3 => bytes.iter_mut().skip(at).take(1).for_each(|b| *b = random.of(&TELLING)),
            4 => bytes.iter_mut().skip(at).take(4).for_each(|b| *b = random.next() as u8),
            5 => drop(bytes.drain(span)),
            6 => {
                let again = bytes[span].to_vec();
                drop(bytes.splice(at..at, again));
            }
            7 => {
                let from = random.below(other.len());
                let piece = &other[from..(from + 64).min(other.len())];
                drop(bytes.splice(at..at, piece.iter().copied()));
            }
            _ => {
                if random.below(4) == 0 {
                    bytes.truncate(at);
                }
            }
        }
    }
}

/// Mends checksums and lengths after a change, so that it reaches what lies behind them.
type Seal = fn(&[u8]) -> Vec<u8>;

/// Goes through changed files; says which one broke the property and how to see it again.
fn hold(property: fn(&[u8]), seal: Option<Seal>, folder: Option<&str>) {
    let runs = setting("GATEFOLD_FUZZ_RUNS", 300);
    let seed = setting("GATEFOLD_FUZZ_SEED", 0x9e37_79b9_7f4a_7c15);
    let files: Vec<Vec<u8>> = common::manifest()
        .iter()
        .filter(|file| folder.is_none_or(|folder| file.path.starts_with(folder)))
        .map(common::File::read)
        .filter(|bytes| bytes.len() <= LONGEST)
        .collect();
    for run in 0..runs {
        let mut random = Random((seed ^ run.wrapping_mul(0xbf58_476d_1ce4_e5b9)).max(1));
        for _ in 0..4 {
            random.next();
        }
        let mut bytes = files[random.below(files.len())].clone();
        mutate(&mut bytes, &files[random.below(files.len())], &mut random);
        if let Some(seal) = seal {
            bytes = seal(&bytes);
        }
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| property(&bytes))) {
            let path = std::env::temp_dir().join(format!("gatefold-mutation-{seed:x}-{run}"));
            std::fs::write(&path, &bytes).unwrap();
            eprintln!("run {run} of seed {seed:#x} broke it; the file is {}", path.display());
            resume_unwind(panic);
        }
    }
}

#[test]
fn inspecting_changed_files_finds_places_inside_them() {
    hold(properties::inspect, None, None);
}

#[test]
fn checking_changed_files_agrees_with_inspecting() {
    hold(properties::check, None, None);
}

#[test]
fn processing_changed_files_agrees_with_checking() {
    hold(properties::process, None, None);
}

#[test]
fn sanitizing_changed_files_is_final() {
    hold(properties::sanitize, None, None);
}

#[test]
fn png_behind_right_checksums() {
    hold(properties::process, Some(seal::png), Some("png/"));
    hold(properties::sanitize, Some(seal::png), Some("png/"));
}

#[test]
fn webp_behind_right_lengths() {
    hold(properties::process, Some(seal::webp), Some("webp/"));
    hold(properties::sanitize, Some(seal::webp), Some("webp/"));
}

#[test]
fn sealing_leaves_whole_files_as_they_are() {
    for (path, seal) in [
        ("png/rgb.png", seal::png as fn(&[u8]) -> Vec<u8>),
        ("png/animated.png", seal::png),
        ("webp/lossless.webp", seal::webp),
        ("webp/animated.webp", seal::webp),
    ] {
        let bytes = common::file(path).read();
        assert!(seal(&bytes) == bytes, "{path}");
    }
    // The checksum that is wrong in the one is all that sets them apart.
    let [broken, whole] = ["png/bad-crc.png", "png/rgb.png"].map(|path| common::file(path).read());
    assert!(broken != whole && seal::png(&broken).len() == whole.len());
}

#[test]
fn size_texts_are_taken_whole_or_not_at_all() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let pieces: [&[u8]; 16] = [
        b"0",
        b"1",
        b"400",
        b"16384",
        b"16385",
        b"4294967296",
        b"x",
        b"X",
        b":",
        b"q",
        b"cover",
        b"pad",
        b"png",
        b"-",
        b" ",
        "\u{d7}".as_bytes(),
    ];
    for _ in 0..setting("GATEFOLD_FUZZ_RUNS", 300) * 20 {
        let text: Vec<u8> =
            (0..random.below(7)).flat_map(|_| random.of(&pieces)).copied().collect();
        properties::sizes(&text);
    }
}
