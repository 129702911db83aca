//! Moving a colour's lightness, at constant hue, until something can be read.

use palette::Oklab;

use super::Rgb;
use super::contrast::{apca, wcag};
use super::oklab::{chroma, to_rgb, with_lightness};

/// WCAG 2.2, success criterion 1.4.3 (AA).
pub(super) const TEXT_RATIO: f64 = 4.5;
/// WCAG 2.2, success criterion 1.4.11: parts of a user interface.
const PART_RATIO: f64 = 3.0;
/// APCA's least for body text.
const BODY_LC: f64 = 75.0;
/// APCA's least for other text.
pub(super) const TEXT_LC: f64 = 60.0;
const LIGHT_PAGE: Rgb = Rgb::new(0xf4, 0xf4, 0xf5);

/// The lightest and the darkest lightness a player's background is given unasked.
const LIGHTNESS: (f32, f32) = (0.18, 0.93);

/// True when `text` on `background` has both contrasts.
pub(super) fn is_readable(text: Rgb, background: Rgb, lc: f64) -> bool {
    wcag(text, background) >= TEXT_RATIO && apca(text, background).abs() >= lc
}

/// The background nearest to `color` on which white or black can be read well, and which of them.
pub(super) fn background(color: Oklab) -> (Rgb, Rgb) {
    let start = color.l.clamp(LIGHTNESS.0, LIGHTNESS.1);
    let reads = |text: Rgb| move |candidate: Rgb| is_readable(text, candidate, BODY_LC);
    let darker = nearest(color, start, 0.0, reads(Rgb::WHITE));
    let lighter = nearest(color, start, 1.0, reads(Rgb::BLACK));
    // Yellow and orange turn brown and olive on the way down: another colour in all but hue.
    let warm = chroma(color) > 0.05 && color.b > 0.7 * color.a.abs();
    match (darker, lighter) {
        (Some((down, dark)), Some((up, light))) => {
            // Where the colour lies on the way between the two.
            let place = (start - down) / (up - down).max(f32::EPSILON);
            let dark_until = if warm { 0.33 } else { 0.62 };
            if place <= dark_until { (dark, Rgb::WHITE) } else { (light, Rgb::BLACK) }
        }
        (Some((_, dark)), None) => (dark, Rgb::WHITE),
        (None, Some((_, light))) => (light, Rgb::BLACK),
        (None, None) => (Rgb::BLACK, Rgb::WHITE),
    }
}

/// The colour as a part of a light page: at least 3:1 on #f4f4f5.
pub(super) fn for_light_page(color: Oklab) -> Rgb {
    nearest(color, color.l, 0.0, |candidate| wcag(candidate, LIGHT_PAGE) >= PART_RATIO)
        .map_or(Rgb::BLACK, |(_, color)| color)
}

/// The colour as a part of a dark page: at least 3:1 on black.
pub(super) fn for_dark_page(color: Oklab) -> Rgb {
    nearest(color, color.l, 1.0, |candidate| wcag(candidate, Rgb::BLACK) >= PART_RATIO)
        .map_or(Rgb::WHITE, |(_, color)| color)
}

/// The first lightness from `start` towards `end` at which the 8-bit colour is `good`, and that
/// colour. `None` when not even `end` is.
pub(super) fn nearest(
    color: Oklab,
    start: f32,
    end: f32,
    good: impl Fn(Rgb) -> bool,
) -> Option<(f32, Rgb)> {
    let at = |lightness: f32| to_rgb(with_lightness(color, lightness));
    if good(at(start)) {
        return Some((start, at(start)));
    }
    if !good(at(end)) {
        return None;
    }
    // Contrast grows with the way, but for rounding to 8 bits; what is returned was itself tested.
    let (mut bad, mut best) = (start, (end, at(end)));
    for _ in 0..10 {
        let middle = f32::midpoint(bad, best.0);
        let candidate = at(middle);
        if good(candidate) {
            best = (middle, candidate);
        } else {
            bad = middle;
        }
    }
    Some(best)
}
