#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::contrast::{apca, wcag};
use super::{Clustering, Palette, PlayerColor, Rgb};
use crate::geometry::Size;
use crate::pixels::{Layout, Pixels};

/// A picture of `side` × `side` pixels that `paint` gives, straight alpha last.
fn picture(side: u32, paint: impl Fn(u32, u32) -> [u8; 4]) -> Pixels {
    let samples = (0..side * side).flat_map(|at| paint(at % side, at / side)).collect();
    Pixels::new(Size::new(side, side), Layout::Rgba8, samples).unwrap()
}

fn opaque(side: u32, paint: impl Fn(u32, u32) -> [u8; 3]) -> Pixels {
    let samples = (0..side * side).flat_map(|at| paint(at % side, at / side)).collect();
    Pixels::new(Size::new(side, side), Layout::Rgb8, samples).unwrap()
}

fn plain(color: Rgb) -> Palette {
    Palette::of(&opaque(1, |_, _| [color.red, color.green, color.blue])).unwrap()
}

/// A number that looks random, from 0 to 255, for each place.
fn grain(x: u32, y: u32) -> u32 {
    (x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77)).wrapping_mul(0x27d4_eb2f) >> 24
}

/// Soft shapes, grain and a hard edge: something of a photograph.
fn scene(side: u32) -> Pixels {
    opaque(side, |x, y| {
        let (u, v) = (x * 256 / side, y * 256 / side);
        let noise = (grain(x, y) / 16) as u8;
        if u > 90 && v > 120 {
            [200 - noise, (60 + v / 8) as u8 + noise, 40]
        } else {
            [(u / 3) as u8 + noise, (90 + v / 4) as u8, 150 + noise]
        }
    })
}

/// The area mean at half the size, as a scaled decode gives it.
fn halved(pixels: &Pixels) -> Pixels {
    let (width, height) = (pixels.size().width / 2, pixels.size().height / 2);
    let at = |x: u32, y: u32, channel: u32| {
        u32::from(pixels.samples()[((y * pixels.size().width + x) * 3 + channel) as usize])
    };
    let mut samples = vec![];
    for y in 0..height {
        for x in 0..width {
            for c in 0..3 {
                let (x, y) = (2 * x, 2 * y);
                let sum = at(x, y, c) + at(x + 1, y, c) + at(x, y + 1, c) + at(x + 1, y + 1, c);
                samples.push(((sum + 2) / 4) as u8);
            }
        }
    }
    Pixels::new(Size::new(width, height), Layout::Rgb8, samples).unwrap()
}

fn assert_readable(player: &PlayerColor, of: Rgb) {
    let background = player.rgb();
    let lc = |text: Rgb| apca(text, background).abs();
    assert!(player.contrast() >= 4.5 && lc(player.text()) >= 75.0, "text on {background} of {of}");
    for text in [player.primary(), player.secondary()] {
        assert!(
            wcag(text, background) >= 4.5 && lc(text) >= 60.0,
            "{text} on {background} of {of}"
        );
    }
    assert!(
        wcag(player.light(), Rgb::new(0xf4, 0xf4, 0xf5)) >= 3.0,
        "light {} of {of}",
        player.light()
    );
    assert!(wcag(player.dark(), Rgb::BLACK) >= 3.0, "dark {} of {of}", player.dark());
}

#[test]
fn every_returned_pair_can_be_read() {
    let steps = [0_u8, 36, 73, 109, 146, 182, 219, 255];
    for red in steps {
        for green in steps {
            for blue in steps {
                let color = Rgb::new(red, green, blue);
                assert_readable(plain(color).player_color(), color);
            }
        }
    }
}

#[test]
fn text_colors_from_a_picture_of_many_colors_can_be_read() {
    for shift in 0..12 {
        let palette = Palette::of(&opaque(96, |x, y| {
            let part = x / 24 + 4 * (y / 48) + shift;
            [(part * 67 % 256) as u8, (part * 151 % 256) as u8, (part * 97 % 256) as u8]
        }))
        .unwrap();
        assert_readable(palette.player_color(), palette.image_colors()[0].rgb());
    }
}

#[test]
fn grey_stays_grey() {
    for value in 0..=u8::MAX {
        let palette = plain(Rgb::new(value, value, value));
        let player = palette.player_color();
        for color in [player.rgb(), player.light(), player.dark()] {
            assert!(
                color.red.abs_diff(color.green) <= 1 && color.green.abs_diff(color.blue) <= 1,
                "{color}"
            );
        }
    }
    let ramp = Palette::of(&opaque(256, |x, _| [x as u8; 3])).unwrap();
    for color in ramp.image_colors() {
        assert!(color.oklch().chroma < 0.002, "{color}");
    }
    assert!(ramp.player_color().rgb().oklch().chroma < 0.002);
}

#[test]
fn a_plain_picture_has_its_one_color() {
    for color in [Rgb::WHITE, Rgb::BLACK, Rgb::new(49, 55, 136), Rgb::new(255, 255, 0)] {
        let palette =
            Palette::of(&opaque(300, |_, _| [color.red, color.green, color.blue])).unwrap();
        let [only] = palette.image_colors() else { panic!("{:?}", palette.image_colors()) };
        assert_eq!(only.rgb(), color);
        assert!((only.share() - 1.0).abs() < 1e-12);
        assert_eq!(palette.average(), color);
    }
}

#[test]
fn one_pixel_is_enough() {
    let palette = plain(Rgb::new(194, 24, 91));
    assert_eq!(palette.image_colors()[0].to_hex(), "#c2185b");
    assert_eq!(palette.player_color().rgb(), Rgb::new(194, 24, 91));
    assert!(!palette.thumb_hash().is_empty());
}

#[test]
fn nothing_visible_has_no_colors() {
    assert!(Palette::of(&picture(40, |x, _| [x as u8, 255, 0, 0])).is_none());
    assert!(Palette::of_many([]).is_none());
}

#[test]
fn transparent_pixels_do_not_count_and_faint_ones_little() {
    let palette = Palette::of(&picture(120, |x, _| match x {
        0..30 => [255, 0, 255, 0],
        30..60 => [0, 200, 0, 51],
        _ => [20, 40, 200, 255],
    }))
    .unwrap();
    let [blue, green] = palette.image_colors() else { panic!("{:?}", palette.image_colors()) };
    assert_eq!(blue.rgb(), Rgb::new(20, 40, 200));
    assert_eq!(green.rgb(), Rgb::new(0, 200, 0));
    // Half the width at full alpha against a quarter at a fifth of it.
    assert!((green.share() - 1.0 / 11.0).abs() < 0.01, "{}", green.share());
}

#[test]
fn shares_add_up_and_fall() {
    for max_colors in [0, 1, 2, 5, 16, 99] {
        let palette = Palette::builder().max_colors(max_colors).build(&scene(200)).unwrap();
        let colors = palette.image_colors();
        assert!((1..=max_colors.clamp(1, 16)).contains(&colors.len()));
        assert!((colors.iter().map(super::ImageColor::share).sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(colors.is_sorted_by(|a, b| a.share() >= b.share()));
    }
}

#[test]
fn an_edge_makes_no_color_of_its_own() {
    // Discs with a soft rim of three pixels.
    let palette = Palette::of(&opaque(400, |x, y| {
        let distance = f64::hypot(f64::from(x % 100) - 50.0, f64::from(y % 100) - 50.0);
        let part = ((distance - 30.0) / 3.0).clamp(0.0, 1.0);
        [(250.0, 10.0), (200.0, 20.0), (0.0, 90.0)]
            .map(|(disc, ground)| (disc + part * (ground - disc)) as u8)
    }))
    .unwrap();
    let [ground, disc] = palette.image_colors() else { panic!("{:?}", palette.image_colors()) };
    assert_eq!(ground.rgb(), Rgb::new(10, 20, 90));
    assert_eq!(disc.rgb(), Rgb::new(250, 200, 0));
}

#[test]
fn noise_makes_no_colors() {
    let palette = Palette::of(&opaque(400, |x, y| {
        let ground: [u8; 3] = if x < 200 { [60, 90, 150] } else { [190, 110, 60] };
        [0, 1, 2].map(|channel| ground[channel as usize] + (grain(x + 977 * channel, y) / 6) as u8)
    }))
    .unwrap();
    assert_eq!(palette.image_colors().len(), 2, "{:?}", palette.image_colors());
}

#[test]
fn a_small_accent_is_kept() {
    let palette = Palette::of(&opaque(500, |x, y| {
        if (200..290).contains(&x) && (200..290).contains(&y) {
            [255, 122, 0]
        } else {
            [16, 28, 58]
        }
    }))
    .unwrap();
    assert_eq!(palette.image_colors()[1].rgb(), Rgb::new(255, 122, 0));
}

#[test]
fn the_same_pixels_give_the_same_answer() {
    let first = Palette::of(&scene(333)).unwrap();
    for clustering in [Clustering::Greedy, Clustering::PlusPlus] {
        let run = move || Palette::builder().clustering(clustering).build(&scene(333)).unwrap();
        let (one, other) = (run(), std::thread::spawn(run).join().unwrap());
        assert_eq!(one.image_colors(), other.image_colors());
        assert_eq!(one.player_color(), other.player_color());
        assert_eq!(one.thumb_hash(), first.thumb_hash());
    }
    // Known on every machine: a change here is a change of everybody's colours.
    let digest =
        first.image_colors().iter().map(super::ImageColor::to_hex).collect::<Vec<_>>().join(" ");
    assert_eq!(digest, "#31659d #c05b28 #2a769d #178c9d");
    assert_eq!(first.player_color().rgb().to_hex(), "#be5926");
}

#[test]
fn alpha_of_255_changes_nothing() {
    let opaque = scene(150);
    let samples = opaque.samples().chunks_exact(3).flat_map(|p| [p[0], p[1], p[2], 255]).collect();
    let with_alpha = Pixels::new(opaque.size(), Layout::Rgba8, samples).unwrap();
    let (one, other) = (Palette::of(&opaque).unwrap(), Palette::of(&with_alpha).unwrap());
    assert_eq!(one.image_colors(), other.image_colors());
    assert_eq!(one.thumb_hash(), other.thumb_hash());
}

#[test]
fn a_reduced_decode_has_the_colors_of_the_full_picture() {
    let full = scene(2048);
    let half = halved(&full);
    let palettes = [&full, &half, &halved(&half)].map(|pixels| Palette::of(pixels).unwrap());
    for palette in &palettes[1..] {
        // Rounding twice on the way is all that differs.
        let distance = |a: Rgb, b: Rgb| {
            a.red.abs_diff(b.red).max(a.green.abs_diff(b.green)).max(a.blue.abs_diff(b.blue))
        };
        assert!(distance(palette.player_color().rgb(), palettes[0].player_color().rgb()) <= 2);
        assert_eq!(palette.image_colors().len(), palettes[0].image_colors().len());
    }
}

#[test]
fn a_line_and_a_tall_picture_have_colors() {
    for (width, height) in [(5000, 1), (1, 5000), (1200, 24), (3, 3), (97, 95)] {
        let samples = (0..width * height)
            .flat_map(|at| if at % 4 == 0 { [255, 213, 79] } else { [0, 105, 92] });
        let pixels =
            Pixels::new(Size::new(width, height), Layout::Rgb8, samples.collect()).unwrap();
        assert!(Palette::of(&pixels).is_some(), "{width}x{height}");
    }
}

#[test]
fn a_collection_has_the_colors_of_its_covers() {
    let cover = |color: [u8; 3]| {
        Palette::of(&opaque(64, |x, _| if x < 48 { color } else { [250, 250, 250] })).unwrap()
    };
    let (red, blue) = (cover([190, 30, 40]), cover([30, 60, 180]));
    let palettes = [&red, &red, &blue];
    let theme = Palette::of_many(palettes).unwrap();
    let [first, second, third] = theme.image_colors() else { panic!("{:?}", theme.image_colors()) };
    assert_eq!(first.rgb(), Rgb::new(190, 30, 40));
    assert!((first.share() - 0.5).abs() < 1e-6);
    assert!((second.share() - 0.25).abs() < 1e-6 && (third.share() - 0.25).abs() < 1e-6);
    assert_eq!(theme.player_color().rgb(), red.player_color().rgb());
    assert!(theme.thumb_hash().is_empty());
    assert_eq!(Palette::of_many([&blue]).unwrap().image_colors(), blue.image_colors());
}

#[test]
fn the_placeholder_is_what_other_decoders_expect() {
    let pixels =
        picture(90, |x, y| [(x * 2) as u8, (y * 2) as u8, 128, if x < 20 { 0 } else { 255 }]);
    let ours = Palette::of(&pixels).unwrap();
    let theirs = thumbhash::rgba_to_thumb_hash(90, 90, pixels.samples());
    assert_eq!(ours.thumb_hash().len(), theirs.len());
    let (ours, theirs) = (
        thumbhash::thumb_hash_to_rgba(ours.thumb_hash()).unwrap(),
        thumbhash::thumb_hash_to_rgba(&theirs).unwrap(),
    );
    assert_eq!((ours.0, ours.1), (theirs.0, theirs.1));
    let difference: u64 =
        ours.2.iter().zip(&theirs.2).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!(difference / (ours.2.len() as u64) < 8, "{difference}");
}

#[cfg(feature = "serde")]
#[test]
fn json_has_the_names_that_scripts_read() {
    let palette = plain(Rgb::new(255, 122, 0));
    let json = serde_json::to_value(&palette).unwrap();
    assert_eq!(json["image_colors"][0]["hex"], "#ff7a00");
    assert_eq!(json["image_colors"][0]["share"], 1.0);
    for name in ["red", "green", "blue", "hue", "saturation", "lightness", "intensity", "area"] {
        assert!(json["image_colors"][0][name].is_number(), "{name}");
    }
    for name in ["hex", "text", "light", "dark", "primary", "secondary"] {
        assert!(json["player_color"][name].as_str().unwrap().starts_with('#'), "{name}");
    }
    assert!(json["player_color"]["contrast"].as_f64().unwrap() >= 4.5);
}
