//! Renditions of a JPEG that is not turned into pixels: its components are resampled one by one, and
//! go into the new file as they are.

use std::borrow::Cow;

use jpeg_encoder::{ChromaSubsamplingMethod, Encoder, ImageBuffer, JpegColorType, SamplingFactor};

use super::encode::{EncodeFailed, buffer};
use super::plan::Crop;
use super::resize::{Resampler, ResizeFailed};
use crate::decode::turn;
use crate::geometry::{Orientation, Size};
use crate::planes::{Plane, Planes, Ratio};

/// The part `crop` of `source`, in pixels as shown, at the size `target`; colour differences at half
/// of it.
pub(super) fn resample(
    resampler: &mut Resampler,
    source: &Planes,
    crop: &Crop,
    target: Size,
) -> Result<Planes, ResizeFailed> {
    let planes = source.components.iter().enumerate().map(|(index, plane)| {
        let by = if index == 0 { 1 } else { 2 };
        let size = Size::new(target.width.div_ceil(by), target.height.div_ceil(by));
        // Half of an odd side is rounded up: such a plane reaches past the crop.
        let reach =
            |length: f64, own: u32, target: u32| length * f64::from(own * by) / f64::from(target);
        let part = [
            crop.left,
            crop.top,
            reach(crop.width, size.width, target.width),
            reach(crop.height, size.height, target.height),
        ];
        let [left, top, width, height] = source.stored_part(part);
        let [across, down] = plane.density;
        let part = [across.times(left), down.times(top), across.times(width), down.times(height)];
        let stored = source.orientation.apply_to(size);
        let mut samples = reaching(resampler, plane, part, stored)?;
        turn(&mut samples, stored, 1, source.orientation);
        let density = [Ratio { of: 1, to: by }; 2];
        Ok(Plane { samples, stride: size.width as usize, size, density })
    });
    let components = planes.collect::<Result<_, _>>()?;
    Ok(Planes { stored: target, orientation: Orientation::Normal, components })
}

/// As [`Resampler::resample_plane`]; what reaches past the edge repeats it.
fn reaching(
    resampler: &mut Resampler,
    plane: &Plane,
    part: [f64; 4],
    target: Size,
) -> Result<Vec<u8>, ResizeFailed> {
    // Less than that is the rounding of quotients.
    const NOTHING: f64 = 1e-6;
    let [left, top, width, height] = part;
    let past = |beyond: f64| if beyond > NOTHING { beyond.ceil() as u32 } else { 0 };
    let Size { width: across, height: down } = plane.size;
    let (before, above) = (past(-left), past(-top));
    let (after, below) =
        (past(left + width - f64::from(across)), past(top + height - f64::from(down)));
    let more = [before, after, above, below];
    if more == [0; 4] {
        return resampler.resample_plane(plane, part, target);
    }
    let part = [left + f64::from(before), top + f64::from(above), width, height];
    resampler.resample_plane(&plane.grown(more), part, target)
}

/// The bytes of a whole JPEG file, its colour differences at half the resolution.
pub(super) fn encode(planes: &Planes, quality: u8) -> Result<Vec<u8>, EncodeFailed> {
    let width = u16::try_from(planes.stored.width).map_err(|_| EncodeFailed)?;
    let height = u16::try_from(planes.stored.height).map_err(|_| EncodeFailed)?;
    let planes = match &planes.components[..] {
        // Without differences it is grey.
        [y, rest @ ..] if rest.iter().all(|p| p.samples.iter().all(|&s| s == 128)) => {
            Cow::Owned(vec![y.clone()])
        }
        all => Cow::Borrowed(all),
    };
    let mut bytes = buffer(usize::from(width) * usize::from(height) * 3);
    let mut encoder = Encoder::new(&mut bytes, quality.clamp(1, 100));
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    // Each sample of a halved plane comes four times.
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Nearest);
    let image = Components { planes: &planes, width, height };
    encoder.encode_image(image).map_err(|_| EncodeFailed)?;
    Ok(bytes)
}

struct Components<'a> {
    planes: &'a [Plane],
    width: u16,
    height: u16,
}

impl ImageBuffer for Components<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        if self.planes.len() == 1 { JpegColorType::Luma } else { JpegColorType::Ycbcr }
    }

    fn width(&self) -> u16 {
        self.width
    }

    fn height(&self) -> u16 {
        self.height
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let width = usize::from(self.width);
        for (buffer, plane) in buffers.iter_mut().zip(self.planes) {
            if plane.density[0] == Ratio::ONE {
                buffer.extend_from_slice(plane.row(u32::from(y)));
                continue;
            }
            let start = buffer.len();
            let row = plane.row(u32::from(y / 2));
            buffer.resize(start + 2 * row.len(), 0);
            let pairs = buffer.get_mut(start..).unwrap_or_default();
            for (pair, sample) in pairs.as_chunks_mut::<2>().0.iter_mut().zip(row) {
                *pair = [*sample; 2];
            }
            buffer.truncate(start + width);
        }
    }
}
