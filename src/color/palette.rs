//! The colours of a picture, or of several pictures together.

use palette::Oklab;

use super::cluster::{Assignment, agglomerate, dissolve};
#[cfg(feature = "service")]
use super::kept::Cluster;
use super::oklab;
use super::player::{self, PlayerColor};
use super::sample::{Mass, sample};
use super::{Clustering, Hsl, Oklch, Rgb};
use crate::pixels::Pixels;

/// Clusters that the search begins with.
const FIRST_CLUSTERS: usize = 12;
/// Distance in Oklab under which two clusters are one colour.
const NEAR: f32 = 0.04;
/// Smallest part of the visible area that makes a colour.
const DUST: f32 = 0.006;

/// The colours of a picture.
///
/// ```
/// use gatefold::{Layout, Palette, Pixels, Rgb, Size};
/// let mut samples = [16, 28, 58].repeat(75);
/// samples.extend([255, 122, 0].repeat(25));
/// let cover = Pixels::new(Size::new(10, 10), Layout::Rgb8, samples)?;
///
/// let palette = Palette::of(&cover).expect("the picture is not transparent");
/// let [navy, orange] = palette.image_colors() else { panic!("there are two colours") };
/// assert_eq!(navy.to_string(), "#101c3a");
/// assert!((orange.share() - 0.25).abs() < 1e-6);
/// assert!(palette.player_color().contrast() >= 4.5);
/// # Ok::<(), gatefold::WrongSampleCount>(())
/// ```
#[derive(Debug, Clone)]
pub struct Palette {
    image_colors: Vec<ImageColor>,
    player_color: PlayerColor,
    average: Rgb,
    thumb_hash: Vec<u8>,
    /// What the picture adds to the colours of a collection.
    clusters: Vec<Mass>,
}

impl Palette {
    /// The colours of `pixels`, 5 at most. `None` when nothing of the picture is visible.
    pub fn of(pixels: &Pixels) -> Option<Self> {
        Self::builder().build(pixels)
    }

    /// The colours that several pictures have together, each picture counting as much as any
    /// other: the theme of a collection from the covers of its tracks. `None` of no pictures.
    pub fn of_many<'a>(palettes: impl IntoIterator<Item = &'a Palette>) -> Option<Self> {
        Self::builder().build_many(palettes)
    }

    /// Other choices than those of [`Palette::of`].
    pub fn builder() -> PaletteBuilder {
        PaletteBuilder::default()
    }

    /// The colours, the largest share first; at least one. None is a mix that only stands along
    /// the edges of two others.
    pub fn image_colors(&self) -> &[ImageColor] {
        &self.image_colors
    }

    /// The colour to paint a player with.
    pub fn player_color(&self) -> &PlayerColor {
        &self.player_color
    }

    /// The mean of all that is visible, in linear light.
    pub fn average(&self) -> Rgb {
        self.average
    }

    /// A blurred picture in 25 bytes or so, to show until the real one is there
    /// (<https://evanw.github.io/thumbhash/>). Empty for a palette of several pictures.
    pub fn thumb_hash(&self) -> &[u8] {
        &self.thumb_hash
    }
}

#[cfg(feature = "service")]
impl Palette {
    /// What [`Palette::of_many`] takes of this palette.
    pub(crate) fn clusters(&self) -> Vec<Cluster> {
        self.clusters.iter().map(Cluster::of_mass).collect()
    }

    /// As [`Palette::of_many`], of what was kept of each picture.
    pub(crate) fn of_clusters(pictures: &[Vec<Cluster>]) -> Option<Self> {
        let masses: Vec<Vec<Mass>> =
            pictures.iter().map(|clusters| clusters.iter().map(Cluster::mass).collect()).collect();
        let pictures: Vec<&[Mass]> = masses.iter().map(Vec::as_slice).collect();
        Self::builder().together(&pictures)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Palette {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut fields = serializer.serialize_struct("Palette", 3)?;
        fields.serialize_field("image_colors", &self.image_colors)?;
        fields.serialize_field("player_color", &self.player_color)?;
        fields.serialize_field("average", &self.average)?;
        fields.end()
    }
}

/// How a [`Palette`] is made.
#[derive(Debug, Clone)]
#[must_use]
pub struct PaletteBuilder {
    max_colors: usize,
    clustering: Clustering,
}

impl Default for PaletteBuilder {
    fn default() -> Self {
        Self { max_colors: 5, clustering: Clustering::default() }
    }
}

impl PaletteBuilder {
    /// The most image colours there may be, 1..=16 (what lies outside is brought inside); 5 by
    /// default. The player colour does not depend on it.
    pub fn max_colors(mut self, max_colors: usize) -> Self {
        self.max_colors = max_colors.clamp(1, 16);
        self
    }

    /// How clusters are found; [`Clustering::Greedy`] by default.
    pub fn clustering(mut self, clustering: Clustering) -> Self {
        self.clustering = clustering;
        self
    }

    /// The colours of `pixels`. `None` when nothing of the picture is visible.
    pub fn build(&self, pixels: &Pixels) -> Option<Palette> {
        let sample = sample(pixels);
        self.of_masses(&sample.bins, &sample.calm, sample.noise, sample.thumbnail.thumb_hash())
    }

    /// The colours of several pictures together, as [`Palette::of_many`].
    pub fn build_many<'a>(
        &self,
        palettes: impl IntoIterator<Item = &'a Palette>,
    ) -> Option<Palette> {
        let pictures: Vec<&[Mass]> =
            palettes.into_iter().map(|palette| &*palette.clusters).collect();
        self.together(&pictures)
    }

    /// The colours of several pictures together.
    fn together(&self, pictures: &[&[Mass]]) -> Option<Palette> {
        let part = 1.0 / pictures.len() as f32;
        let masses = pictures.iter().copied().flatten().map(|mass| Mass {
            color: mass.color,
            weight: mass.weight * part,
            area: mass.area * part,
            middle: mass.middle * part,
            flat: mass.flat * part,
        });
        let masses: Vec<Mass> = masses.collect();
        self.of_masses(&masses, &masses, 0, Vec::new())
    }

    fn of_masses(
        &self,
        bins: &[Mass],
        calm: &[Mass],
        noise: u32,
        thumb_hash: Vec<u8>,
    ) -> Option<Palette> {
        let near = near(spread(bins), noise);
        let mut assignment = Assignment::new(bins);
        let mut centers = self.clustering.centers(bins, FIRST_CLUSTERS.max(self.max_colors + 4));
        assignment.refine(bins, &mut centers, 4);
        let mut clusters = assignment.clusters(bins, &centers);
        clusters.retain(|cluster| cluster.area > 0.0);
        let mut clusters = agglomerate(clusters, usize::MAX, near);
        dissolve(&mut clusters, DUST);
        let mut starts: Vec<Oklab> = clusters.iter().map(|cluster| cluster.color).collect();
        assignment.refine(bins, &mut starts, 2);
        let player = player::choose(calm, &starts)?;

        let few = agglomerate(clusters.clone(), self.max_colors, near);
        let mut centers: Vec<Oklab> = few.iter().map(|cluster| cluster.color).collect();
        assignment.refine(bins, &mut centers, 4);
        let mut found: Vec<(Oklab, f32)> = vec![];
        for (label, cluster) in assignment.clusters(bins, &centers).iter().enumerate() {
            if cluster.area > 0.0 {
                found.push((assignment.trimmed_center(bins, label, cluster.color), cluster.area));
            }
        }
        Some(Palette {
            image_colors: image_colors(&found),
            player_color: PlayerColor::new(player, &found),
            average: average(bins),
            thumb_hash,
            clusters,
        })
    }
}

/// The distance under which two clusters are one colour. In a picture of little contrast small
/// differences are all there is to see; in a noisy one they are noise.
fn near(spread: f32, noise: u32) -> f32 {
    const SMALLEST: f32 = 0.012;
    const LARGEST: f32 = 0.08;
    (0.35 * spread).clamp(SMALLEST, NEAR).max((0.003 * noise as f32).min(LARGEST))
}

/// How far the colours lie from their mean, root mean square.
fn spread(bins: &[Mass]) -> f32 {
    let mut sum = super::cluster::Sum::default();
    for bin in bins {
        sum.add(bin.color, bin.area);
    }
    let Some(mean) = sum.mean() else { return 0.0 };
    bins.iter().map(|bin| oklab::distance_squared(bin.color, mean) * bin.area).sum::<f32>().sqrt()
}

/// Sorted, each 8-bit colour once, the shares adding up to 1.
fn image_colors(found: &[(Oklab, f32)]) -> Vec<ImageColor> {
    let total: f64 = found.iter().map(|&(_, area)| f64::from(area)).sum();
    let mut colors: Vec<ImageColor> = vec![];
    for &(color, area) in found {
        let (rgb, share) = (oklab::to_rgb(color), f64::from(area) / total);
        match colors.iter_mut().find(|other| other.rgb == rgb) {
            Some(other) => other.share += share,
            None => colors.push(ImageColor { rgb, share }),
        }
    }
    colors.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.rgb.cmp(&b.rgb)));
    colors
}

fn average(bins: &[Mass]) -> Rgb {
    use palette::{IntoColor, LinSrgb};
    let mut sums = [0.0_f64; 4];
    for bin in bins {
        let linear: LinSrgb = bin.color.into_color();
        let area = f64::from(bin.area);
        for (sum, value) in sums.iter_mut().zip([linear.red, linear.green, linear.blue, 1.0]) {
            *sum += f64::from(value) * area;
        }
    }
    let mean = |sum: f64| (sum / sums[3]) as f32;
    oklab::to_rgb(oklab::from_linear(mean(sums[0]), mean(sums[1]), mean(sums[2])))
}

/// One of a picture's colours. Displays as `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImageColor {
    rgb: Rgb,
    share: f64,
}

impl ImageColor {
    /// The colour.
    pub fn rgb(&self) -> Rgb {
        self.rgb
    }

    /// Its part of the visible area, over 0.0 and up to 1.0; those of one palette add up to 1.
    pub fn share(&self) -> f64 {
        self.share
    }

    /// `#rrggbb`.
    pub fn to_hex(&self) -> String {
        self.rgb.to_hex()
    }

    /// Hue, saturation and lightness.
    pub fn hsl(&self) -> Hsl {
        self.rgb.hsl()
    }

    /// Lightness, chroma and hue in Oklch.
    pub fn oklch(&self) -> Oklch {
        self.rgb.oklch()
    }

    /// How strong the colour is, 0.0 (a grey) to 1.0: the saturation, less towards black and
    /// white, as the npm package extract-colors counts it.
    pub fn intensity(&self) -> f32 {
        let Hsl { saturation, lightness, .. } = self.hsl();
        saturation * (0.5 - (0.5 - lightness).abs()) * 2.0
    }
}

impl std::fmt::Display for ImageColor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.rgb.fmt(f)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for ImageColor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let hsl = self.hsl();
        let mut fields = serializer.serialize_struct("ImageColor", 11)?;
        fields.serialize_field("hex", &self.rgb)?;
        fields.serialize_field("share", &self.share)?;
        fields.serialize_field("red", &self.rgb.red)?;
        fields.serialize_field("green", &self.rgb.green)?;
        fields.serialize_field("blue", &self.rgb.blue)?;
        fields.serialize_field("hue", &hsl.hue)?;
        fields.serialize_field("saturation", &hsl.saturation)?;
        fields.serialize_field("lightness", &hsl.lightness)?;
        fields.serialize_field("intensity", &self.intensity())?;
        fields.serialize_field("area", &self.share)?;
        fields.serialize_field("oklch", &self.oklch())?;
        fields.end()
    }
}
