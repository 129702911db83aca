//! Colour management: from a file's own colours to sRGB.
//!
//! `moxcms` reads the profiles; the conversion itself is done here, because its fast paths differ
//! from processor to processor and colours have to be equal on every machine. All tables are made
//! with `libm` in `f64`, all pixels go through table look-ups and single `f32` operations.
//! Colorimetry is relative: white becomes white, and what sRGB cannot show is clipped.

mod cicp;
mod curve;
mod lut;
mod matrix;
mod shaper;
mod srgb;

use moxcms::{ColorProfile, DataColorSpace, LutWarehouse, RenderingIntent};

use curve::{Curve, Tabulated};
use lut::Clut;
use shaper::{Shaper, Tone};

use crate::finding::ColorModel;

/// Profiles larger than this are not looked at: real ones end at 3 MB.
pub(super) const MAX_PROFILE: usize = 4 << 20;

/// Bytes that a profile of this size takes at most, from its bytes to the finished tables.
pub(super) fn memory_needed(profile: u64) -> u64 {
    if profile == 0 {
        return 0;
    }
    let profile = profile.min(MAX_PROFILE as u64);
    // Its bytes (buffers grow by doubling), what the parser keeps, curves as f64, the grid.
    profile
        .saturating_mul(2 + 2 + 8)
        .saturating_add(lut::memory_needed(profile))
        .saturating_add(1 << 20)
}

/// How to bring a file's samples to sRGB.
pub(super) enum Transform {
    /// All channels alike.
    Tone(Box<Tone>),
    Rgb(Box<Shaper>),
    Table(Box<Clut<3>>),
    Cmyk(Box<Clut<4>>),
}

/// What to do about a file's colours: nothing, or a transform.
pub(super) type Plan = Option<Transform>;

impl Transform {
    /// From an ICC profile that describes samples of this model. `sixteen_bits` prepares for 16-bit
    /// samples too. The error says why the profile cannot be used.
    pub(super) fn from_icc(
        profile: &[u8],
        model: ColorModel,
        sixteen_bits: bool,
    ) -> Result<Plan, &'static str> {
        if profile.len() > MAX_PROFILE {
            return Err("it is too large");
        }
        let icc = ColorProfile::new_from_slice(profile).map_err(|_| "it cannot be read")?;
        let fits = match model {
            ColorModel::Grey => icc.color_space == DataColorSpace::Gray,
            ColorModel::Rgb => icc.color_space == DataColorSpace::Rgb,
            ColorModel::Cmyk => icc.color_space == DataColorSpace::Cmyk,
        };
        if !fits {
            return Err("it is for another kind of colours");
        }
        let transform = match model {
            ColorModel::Grey => Self::Tone(Box::new(Tone::new(grey(&icc, sixteen_bits)?))),
            ColorModel::Cmyk => {
                let table = device_to_pcs(&icc).ok_or("it has no table")?;
                Self::Cmyk(Box::new(Clut::new(table, icc.pcs, sixteen_bits)?))
            }
            ColorModel::Rgb => match device_to_pcs(&icc) {
                Some(table) => Self::Table(Box::new(Clut::new(table, icc.pcs, sixteen_bits)?)),
                None => Self::Rgb(Box::new(rgb(&icc, sixteen_bits)?)),
            },
        };
        Ok(transform.unless_idle())
    }

    /// From PNG's `gAMA` (times 100 000) and `cHRM` (PNG 3rd edition section 11.3.2.1 and .2).
    ///
    /// As in browsers, `cHRM` alone says nothing; a gamma within 5 % of 1/2.2 over the primaries of
    /// sRGB means sRGB.
    pub(super) fn from_gamma(
        gamma: u32,
        chromaticities: Option<[[f64; 2]; 4]>,
        sixteen_bits: bool,
    ) -> Result<Plan, &'static str> {
        let exponent = 100_000.0 / f64::from(gamma);
        if !(0.05..=20.0).contains(&exponent) {
            return Err("its gamma is out of range");
        }
        let srgb = matrix::SRGB_CHROMATICITIES;
        let own = chromaticities.filter(|own| {
            own.iter().flatten().zip(srgb.iter().flatten()).any(|(a, b)| (a - b).abs() > 0.002)
        });
        let curve = Curve::Gamma(exponent);
        let Some(own) = own else {
            let usual = (exponent / 2.2 - 1.0).abs() < 0.05;
            let light = || Tabulated::new(sixteen_bits, |x| curve.at(x));
            let tone = || Self::Tone(Box::new(Tone::new(light())));
            return Ok((!usual).then(tone));
        };
        Self::from_curve(&curve, &own, sixteen_bits).ok_or("its primaries enclose no colours")
    }

    /// From PNG's `cICP`: primaries, transfer, matrix, range (PNG 3rd edition section 11.3.2.6).
    ///
    /// Light above the reference white of an HDR picture is clipped.
    pub(super) fn from_cicp(codes: [u8; 4], sixteen_bits: bool) -> Result<Plan, &'static str> {
        let [primaries, transfer, matrix, full_range] = codes;
        if matrix != 0 || full_range != 1 {
            return Err("its code points are not for full-range RGB");
        }
        let (Some(own), Some(curve)) = (cicp::primaries(primaries), cicp::transfer(transfer))
        else {
            return Err("its code points are not known");
        };
        Self::from_curve(&curve, &own, sixteen_bits).ok_or("its primaries enclose no colours")
    }

    fn from_curve(curve: &Curve, own: &[[f64; 2]; 4], sixteen_bits: bool) -> Option<Plan> {
        let to_d50 = matrix::rgb_to_d50(own)?;
        let curves = std::array::from_fn(|_| Tabulated::new(sixteen_bits, |x| curve.at(x)));
        Some(Self::Rgb(Box::new(Shaper::new(curves, &to_d50)?)).unless_idle())
    }

    /// `None` when no colour would move by more than one step: the many spellings of sRGB.
    fn unless_idle(self) -> Plan {
        const LEVELS: [u8; 6] = [0, 51, 102, 153, 204, 255];
        let greys = (0..=255).step_by(5).map(|v| [v; 3]);
        let cube = LEVELS
            .into_iter()
            .flat_map(|r| LEVELS.into_iter().flat_map(move |g| LEVELS.map(|b| [r, g, b])));
        let moves = matches!(self, Self::Cmyk(_))
            || greys.chain(cube).any(|color| {
                self.rgb8(color).into_iter().zip(color).any(|(a, b)| a.abs_diff(b) > 1)
            });
        moves.then_some(self)
    }

    /// One colour of 8-bit RGB (or grey, three times).
    #[inline]
    pub(super) fn rgb8(&self, color: [u8; 3]) -> [u8; 3] {
        match self {
            Self::Tone(tone) => color.map(|v| tone.code8(v)),
            Self::Rgb(shaper) => shaper.rgb8(color),
            Self::Table(table) => table.at8(color),
            Self::Cmyk(_) => color,
        }
    }

    /// One colour of 16-bit RGB (or grey, three times).
    #[inline]
    pub(super) fn rgb16(&self, color: [u16; 3]) -> [u8; 3] {
        match self {
            Self::Tone(tone) => color.map(|v| tone.code16(v)),
            Self::Rgb(shaper) => shaper.rgb16(color),
            Self::Table(table) => table.at16(color),
            Self::Cmyk(_) => color.map(to_eight_bits),
        }
    }

    /// Ink amounts, 255 is full, to sRGB.
    #[inline]
    pub(super) fn cmyk8(&self, inks: [u8; 4]) -> [u8; 3] {
        match self {
            Self::Cmyk(table) => table.at8(inks),
            _ => naive_cmyk(inks),
        }
    }

    /// RGB or RGBA pixels in place; alpha stays.
    pub(super) fn convert(&self, samples: &mut [u8], channels: usize) {
        // Neighbours are often equal: flat areas of drawings cost next to nothing.
        let mut last = ([0; 3], self.rgb8([0; 3]));
        for pixel in samples.chunks_exact_mut(channels) {
            let Some(color) = pixel.first_chunk_mut::<3>() else {
                continue;
            };
            if *color != last.0 {
                last = (*color, self.rgb8(*color));
            }
            *color = last.1;
        }
    }
}

/// A 16-bit sample as 8 bits, rounded to nearest.
#[inline]
pub(super) fn to_eight_bits(sample: u16) -> u8 {
    ((u32::from(sample) * 255 + 32_895) >> 16) as u8
}

/// Inks to RGB without a profile: each ink and the black take their share of light.
#[inline]
pub(super) fn naive_cmyk([c, m, y, k]: [u8; 4]) -> [u8; 3] {
    let rest = u32::from(255 - k);
    // Exactly rounded division by 255.
    let share = |ink: u8| {
        let t = u32::from(255 - ink) * rest + 128;
        ((t + (t >> 8)) >> 8) as u8
    };
    [share(c), share(m), share(y)]
}

/// The table from device to connection space for the profile's own intent, or the next best one
/// (ICC.1:2022 section 8.10).
fn device_to_pcs(icc: &ColorProfile) -> Option<&LutWarehouse> {
    let own = match icc.rendering_intent {
        RenderingIntent::Perceptual => &icc.lut_a_to_b_perceptual,
        RenderingIntent::Saturation => &icc.lut_a_to_b_saturation,
        RenderingIntent::RelativeColorimetric | RenderingIntent::AbsoluteColorimetric => {
            &icc.lut_a_to_b_colorimetric
        }
    };
    own.as_ref()
        .or(icc.lut_a_to_b_perceptual.as_ref())
        .or(icc.lut_a_to_b_colorimetric.as_ref())
        .or(icc.lut_a_to_b_saturation.as_ref())
}

fn rgb(icc: &ColorProfile, sixteen_bits: bool) -> Result<Shaper, &'static str> {
    let (Some(r), Some(g), Some(b)) = (&icc.red_trc, &icc.green_trc, &icc.blue_trc) else {
        return Err("it has neither curves nor a table");
    };
    if icc.pcs != DataColorSpace::Xyz {
        return Err("its connection space does not fit its curves");
    }
    let columns = [icc.red_colorant, icc.green_colorant, icc.blue_colorant];
    let to_d50 = [columns.map(|c| c.x), columns.map(|c| c.y), columns.map(|c| c.z)];
    if matrix::inverse(&to_d50).is_none() {
        return Err("its primaries enclose no colours");
    }
    let curves = [r, g, b].map(|trc| {
        let curve = Curve::from_icc(trc);
        Tabulated::new(sixteen_bits, |x| curve.at(x))
    });
    Shaper::new(curves, &to_d50).ok_or("its primaries enclose no colours")
}

fn grey(icc: &ColorProfile, sixteen_bits: bool) -> Result<Tabulated, &'static str> {
    let trc = icc.gray_trc.as_ref().ok_or("it has no curve")?;
    let curve = Curve::from_icc(trc);
    let lightness = icc.pcs == DataColorSpace::Lab;
    Ok(Tabulated::new(sixteen_bits, |x| {
        let y = curve.at(x);
        if lightness { lut::lab_to_xyz([y * 100.0, 0.0, 0.0])[1] } else { y }
    }))
}

#[cfg(test)]
mod tests;
