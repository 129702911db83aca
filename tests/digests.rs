//! Digests as text, and the perceptual hash against what happens to pictures on their way.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use gatefold::{ByteDigest, Digest, Layout, PerceptualHash, PixelDigest, Pixels, Size};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;

/// A picture of soft blobs and a few hard edges, different for every seed.
fn picture(seed: u64, width: u32, height: u32) -> Pixels {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) % below
    };
    // Positions in 1/1000 of the sides, so that another size shows the same.
    let mut spots = Vec::new();
    for _ in 0..14 {
        let (x, y, radius) = (random(1000), random(1000), 60 + random(300));
        let color = [random(256), random(256), random(256)];
        spots.push((x, y, radius, color, random(3) == 0));
    }
    let mut samples = Vec::new();
    for y in 0..u64::from(height) {
        for x in 0..u64::from(width) {
            let mut shown = [90u64, 110, 140];
            let (px, py) = (x * 1000 / u64::from(width), y * 1000 / u64::from(height));
            for (sx, sy, radius, color, hard) in &spots {
                let squared = px.abs_diff(*sx).pow(2) + py.abs_diff(*sy).pow(2);
                let whole = radius * radius;
                if squared < whole {
                    let cover = if *hard { 100 } else { 100 - squared * 100 / whole };
                    for (s, c) in shown.iter_mut().zip(color) {
                        *s = (*s * (100 - cover) + c * cover) / 100;
                    }
                }
            }
            samples.extend(shown.map(|s| s as u8));
        }
    }
    rgb(width, height, samples)
}

fn rgb(width: u32, height: u32, samples: Vec<u8>) -> Pixels {
    Pixels::new(Size::new(width, height), Layout::Rgb8, samples).unwrap()
}

fn with_alpha(pixels: &Pixels, alpha: impl Fn(usize) -> u8) -> Pixels {
    let pixels_with_alpha = pixels.samples().chunks_exact(3).enumerate();
    let samples = pixels_with_alpha.flat_map(|(i, p)| [p[0], p[1], p[2], alpha(i)]).collect();
    Pixels::new(pixels.size(), Layout::Rgba8, samples).unwrap()
}

fn through_jpeg(pixels: &Pixels, quality: u8) -> Pixels {
    let mut file = Vec::new();
    let (width, height) = (pixels.size().width, pixels.size().height);
    jpeg_encoder::Encoder::new(&mut file, quality)
        .encode(pixels.samples(), width as u16, height as u16, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    rgb(width, height, JpegDecoder::new(ZCursor::new(&file)).decode().unwrap())
}

fn mapped(pixels: &Pixels, change: impl Fn(u8) -> u8) -> Pixels {
    let samples = pixels.samples().iter().map(|s| change(*s)).collect();
    Pixels::new(pixels.size(), pixels.layout(), samples).unwrap()
}

/// Half the size, each pixel the mean of four.
fn halved(pixels: &Pixels) -> Pixels {
    let (width, height) = (pixels.size().width / 2, pixels.size().height / 2);
    let mut samples = Vec::new();
    for y in 0..height {
        let (above, below) = (pixels.row(2 * y).unwrap(), pixels.row(2 * y + 1).unwrap());
        for (a, b) in above.chunks_exact(6).zip(below.chunks_exact(6)) {
            for c in 0..3 {
                let sum: u16 = [a[c], a[c + 3], b[c], b[c + 3]].iter().map(|s| u16::from(*s)).sum();
                samples.push((sum / 4) as u8);
            }
        }
    }
    rgb(width, height, samples)
}

fn hash(pixels: &Pixels) -> PerceptualHash {
    PerceptualHash::of(pixels).expect("a picture with detail")
}

#[test]
fn what_happens_to_pictures_changes_few_bits() {
    for seed in 1..=24 {
        let original = picture(seed, 420, 300);
        let before = hash(&original);
        let changes = [
            ("quality 60", through_jpeg(&original, 60), 4),
            ("half the size", halved(&original), 2),
            ("half the size, quality 60", through_jpeg(&halved(&original), 60), 6),
            ("brighter", mapped(&original, |s| s.saturating_add(20)), 8),
            ("less contrast", mapped(&original, |s| s / 2 + 60), 4),
            ("another aspect", picture(seed, 300, 300), 4),
        ];
        for (what, changed, most) in changes {
            let distance = before.distance(hash(&changed));
            assert!(distance <= most, "seed {seed}, {what}: {distance} bits");
        }
    }
}

#[test]
fn other_pictures_are_far_away() {
    let hashes: Vec<_> = (1..=60).map(|seed| hash(&picture(seed, 200, 150))).collect();
    let mut sum = 0;
    let mut pairs = 0;
    for (i, a) in hashes.iter().enumerate() {
        for b in &hashes[..i] {
            assert!(a.distance(*b) > 10);
            sum += a.distance(*b);
            pairs += 1;
        }
    }
    let mean = sum / pairs;
    assert!((26..=36).contains(&mean), "mean distance {mean}");
}

#[test]
fn pictures_without_detail_have_no_hash() {
    let side = 256;
    let draw = |shade: fn(u32, u32) -> u8| {
        let samples = (0..side * side).flat_map(|i| [shade(i % side, i / side); 3]).collect();
        rgb(side, side, samples)
    };
    let flat = draw(|_, _| 90);
    let gradient = draw(|x, _| x as u8);
    let stripes = draw(|_, y| if y / 16 % 2 == 0 { 0 } else { 255 });
    let noise = draw(|x, y| 120 + ((x * 7919 + y * 104_729) % 5) as u8);
    for (what, pixels) in [
        ("flat", through_jpeg(&flat, 60)),
        ("flat", flat),
        ("gradient", through_jpeg(&gradient, 60)),
        ("gradient", gradient),
        ("stripes", stripes),
        ("noise", noise),
        ("one pixel", rgb(1, 1, vec![1, 2, 3])),
    ] {
        assert_eq!(PerceptualHash::of(&pixels), None, "{what}");
    }
}

#[test]
fn small_and_narrow_pictures_are_no_special_case() {
    for (width, height) in [(7, 5), (31, 33), (3, 900), (900, 3)] {
        let small = picture(3, width, height);
        // Every pixel twice in both directions covers the same areas.
        let mut samples = Vec::new();
        for y in 0..2 * height {
            let row = small.row(y / 2).unwrap();
            samples.extend(row.chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], p[0], p[1], p[2]]));
        }
        let doubled = rgb(2 * width, 2 * height, samples);
        assert_eq!(hash(&small), hash(&doubled), "{width}x{height}");
    }
}

#[test]
fn transparency_is_hashed_as_it_is_flattened() {
    let original = picture(5, 160, 160);
    assert_eq!(hash(&original), hash(&with_alpha(&original, |_| 255)));
    let cut_out = |i: usize| {
        if (i % 160).abs_diff(80) + (i / 160).abs_diff(80) < 70 { 255 } else { 0 }
    };
    let mut flattened = original.samples().to_vec();
    for (i, p) in flattened.chunks_exact_mut(3).enumerate() {
        if cut_out(i) == 0 {
            p.fill(255);
        }
    }
    assert_eq!(hash(&rgb(160, 160, flattened)), hash(&with_alpha(&original, cut_out)));
    // A white logo shows on black.
    let white = mapped(&original, |_| 255);
    let logo = |i: usize| original.samples()[i * 3];
    assert!(PerceptualHash::of(&with_alpha(&white, logo)).is_some());
}

/// Hashes are stored for years: a change of any of these is a change of the format.
#[test]
fn hashes_do_not_change_from_version_to_version() {
    let seen: Vec<String> = (1..=3).map(|seed| hash(&picture(seed, 97, 61)).to_string()).collect();
    assert_eq!(seen, ["64330cce73acf832", "78e68e748f0b1d30", "7dcde22624b2ba22"]);
    let pixels = PixelDigest::of(&picture(1, 97, 61)).to_string();
    assert_eq!(pixels, "77028cceab7554e42b084c90f7fcfcfde8a2325ea08d2acb7ed7572567a490f7");
}

#[test]
fn text_and_back() {
    let digest = PixelDigest::of(&picture(1, 5, 5));
    assert_eq!(digest.to_string().parse(), Ok(digest));
    assert_eq!(PixelDigest::from_bytes(*digest.as_bytes()), digest);
    let hash = PerceptualHash::from_bits(0x0123_4567_89ab_cdef);
    assert_eq!(hash.to_string(), "0123456789abcdef");
    assert_eq!("0123456789abcdef".parse(), Ok(hash));
    for bad in [
        "",
        "0123456789abcde",
        "0123456789abcdeF",
        "0123456789abcdef0",
        "0123456789abcde é",
        "+123456789abcdef",
    ] {
        assert!(bad.parse::<PerceptualHash>().is_err(), "{bad:?}");
    }
    let upper = ByteDigest::of(b"").to_string().to_uppercase();
    assert_eq!(upper.parse::<ByteDigest>().unwrap_err().expected, 64);
}

#[test]
fn kinds_keep_digests_apart() {
    let bytes = ByteDigest::of(b"x");
    let as_pixels = Digest::from(PixelDigest::from_bytes(*bytes.as_bytes()));
    assert_ne!(Digest::from(bytes), as_pixels);
    assert_eq!((Digest::from(bytes).kind(), as_pixels.kind()), ("bytes", "pixels"));
    assert_eq!(Digest::from(bytes).as_bytes(), as_pixels.as_bytes());
}

#[cfg(feature = "serde")]
#[test]
fn serde_writes_hex() {
    let digest = ByteDigest::of(b"x");
    let json = serde_json::to_string(&(digest, PerceptualHash::from_bits(1))).unwrap();
    assert_eq!(json, format!("[\"{digest}\",\"0000000000000001\"]"));
    assert_eq!(serde_json::from_str::<(ByteDigest, PerceptualHash)>(&json).unwrap().0, digest);
    assert!(serde_json::from_str::<ByteDigest>("\"abc\"").is_err());
}
