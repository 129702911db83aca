//! The one colour that stands for a picture, and how to write on it.

use palette::Oklab;

use super::Rgb;
use super::cluster::densest;
use super::contrast::wcag;
use super::oklab::{self, chroma, distance_squared, from_rgb};
use super::sample::Mass;
use super::tone;

/// A background for a player, with the text that can be read on it.
///
/// Every pair it names is tested as the 8-bit colours that are returned: text and background have
/// a WCAG ratio of 4.5 or more and an APCA contrast of |Lc| 60 or more, the `text` colour 75.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlayerColor {
    rgb: Rgb,
    text: Rgb,
    light: Rgb,
    dark: Rgb,
    primary: Rgb,
    secondary: Rgb,
}

impl PlayerColor {
    /// The background.
    pub fn rgb(&self) -> Rgb {
        self.rgb
    }

    /// The text colour to use on it, black or white.
    pub fn text(&self) -> Rgb {
        self.text
    }

    /// The WCAG ratio of text and background.
    pub fn contrast(&self) -> f64 {
        wcag(self.text, self.rgb)
    }

    /// The colour for light pages: at least 3:1 on #f4f4f5.
    pub fn light(&self) -> Rgb {
        self.light
    }

    /// The colour for dark pages: at least 3:1 on #000000.
    pub fn dark(&self) -> Rgb {
        self.dark
    }

    /// A text colour from the picture itself, for a title.
    pub fn primary(&self) -> Rgb {
        self.primary
    }

    /// A second text colour from the picture itself, for a subtitle.
    pub fn secondary(&self) -> Rgb {
        self.secondary
    }

    pub(super) fn new(color: Oklab, picture: &[(Oklab, f32)]) -> Self {
        let (rgb, text) = tone::background(color);
        let (primary, secondary) = texts(rgb, text, picture);
        Self {
            rgb,
            text,
            light: tone::for_light_page(color),
            dark: tone::for_dark_page(color),
            primary,
            secondary,
        }
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for PlayerColor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut fields = serializer.serialize_struct("PlayerColor", 7)?;
        fields.serialize_field("hex", &self.rgb)?;
        fields.serialize_field("text", &self.text)?;
        fields.serialize_field("contrast", &self.contrast())?;
        fields.serialize_field("light", &self.light)?;
        fields.serialize_field("dark", &self.dark)?;
        fields.serialize_field("primary", &self.primary)?;
        fields.serialize_field("secondary", &self.secondary)?;
        fields.end()
    }
}

/// Two text colours for `background`, out of the picture's colours and their shares where these
/// can be made readable without becoming others.
fn texts(background: Rgb, text: Rgb, picture: &[(Oklab, f32)]) -> (Rgb, Rgb) {
    /// How far a colour's lightness may be moved.
    const FARTHEST: f32 = 0.3;
    /// How different the two have to be.
    const APART: f32 = 0.1;
    let end = if text == Rgb::WHITE { 1.0 } else { 0.0 };
    let readable = |candidate: Rgb| tone::is_readable(candidate, background, tone::TEXT_LC);
    let mut candidates: Vec<(f32, Rgb)> = picture
        .iter()
        .filter_map(|&(color, share)| {
            let (lightness, moved) = tone::nearest(color, color.l, end, readable)?;
            let distance = (lightness - color.l).abs();
            (distance <= FARTHEST).then_some((distance - 0.2 * share.sqrt(), moved))
        })
        .collect();
    candidates.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let primary = candidates.first().map_or_else(|| tinted(background, text), |&(_, color)| color);
    let apart = |color: Rgb| distance_squared(from_rgb(color), from_rgb(primary)) >= APART * APART;
    let other = candidates.iter().map(|&(_, color)| color).find(|&color| apart(color));
    let secondary = other.unwrap_or_else(|| subdued(text, background));
    (primary, if secondary == primary { text } else { secondary })
}

/// `text` with a trace of the background's hue.
fn tinted(background: Rgb, text: Rgb) -> Rgb {
    let (hue, end) = (from_rgb(background), from_rgb(text).l);
    let lightness = if end > 0.5 { 0.97 } else { 0.16 };
    let chroma_kept = (0.03 / chroma(hue).max(0.03)).min(1.0);
    let tint = oklab::to_rgb(oklab::with_lightness(
        Oklab::new(lightness, hue.a * chroma_kept, hue.b * chroma_kept),
        lightness,
    ));
    if tone::is_readable(tint, background, tone::TEXT_LC) { tint } else { text }
}

/// `text` moved towards the background as far as it stays readable, a quarter of the way at most.
fn subdued(text: Rgb, background: Rgb) -> Rgb {
    let (from, to) = (from_rgb(text), from_rgb(background));
    let mixed = |part: f32| {
        oklab::to_rgb(Oklab::new(
            from.l + part * (to.l - from.l),
            from.a + part * (to.a - from.a),
            from.b + part * (to.b - from.b),
        ))
    };
    let parts = [0.25, 0.2, 0.15, 0.1, 0.05];
    parts
        .into_iter()
        .map(mixed)
        .find(|&mix| tone::is_readable(mix, background, tone::TEXT_LC))
        .unwrap_or(text)
}

fn smooth(from: f32, to: f32, value: f32) -> f32 {
    let t = ((value - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// The colour that stands for the picture. Each centre of a cluster and each common colour is a
/// start from which to climb to the nearest dense place in the picture's colours; the best of these
/// places is the answer, so it hangs on the picture and not on where the borders of the clusters
/// fell.
pub(super) fn choose(bins: &[Mass], starts: &[Oklab]) -> Option<Oklab> {
    /// Part of the visible area that makes a bin common.
    const COMMON: f32 = 0.02;
    let common = bins.iter().filter(|bin| bin.area.max(bin.weight) >= COMMON);
    let mut best: Option<(f32, Oklab)> = None;
    let mut known = vec![];
    for start in starts.iter().copied().chain(common.map(|bin| bin.color)) {
        let Some(color) = densest(bins, start, &known) else {
            continue;
        };
        known.push(color);
        let score = score(bins, color);
        if best.is_none_or(|(highest, _)| score > highest) {
            best = Some((score, color));
        }
    }
    best.map(|(_, color)| color)
}

/// How well a colour stands for the picture: present, or in the middle, colourful, neither black
/// nor white, and with others of its hue to support it.
fn score(bins: &[Mass], color: Oklab) -> f32 {
    /// Colours nearer than this are the colour itself.
    const RADIUS: f32 = 0.08;
    /// Below these chromas a colour counts as grey, or its hue means nothing.
    const GREY: f32 = 0.03;
    const HUELESS: f32 = 0.02;
    let own_chroma = chroma(color);
    let (mut own, mut support) = (0.0_f32, 0.0_f32);
    for bin in bins {
        let presence = f32::midpoint(bin.area, bin.middle);
        own += presence * (1.0 - distance_squared(bin.color, color) / (RADIUS * RADIUS)).max(0.0);
        let theirs = chroma(bin.color);
        if own_chroma >= GREY {
            if theirs >= HUELESS {
                let cosine =
                    (color.a * bin.color.a + color.b * bin.color.b) / (own_chroma * theirs);
                support += presence * smooth(0.80, 0.95, cosine);
            }
        } else if theirs < GREY {
            support += presence * (1.0 - (bin.color.l - color.l).abs() / 0.3).max(0.0);
        }
    }
    let presence = f32::midpoint(own, support);
    let colorful = (0.06 + 0.94 * smooth(0.015, 0.11, own_chroma))
        * (1.0 + 0.5 * smooth(0.10, 0.22, own_chroma));
    let tone = 0.45 + 0.55 * smooth(0.12, 0.32, color.l) * (1.0 - smooth(0.88, 0.97, color.l));
    presence.sqrt() * colorful * tone * (0.15 + 0.85 * smooth(0.004, 0.025, presence))
}
