//! Renditions of a JPEG that is not turned into pixels: its components are resampled one by one, and
//! go into the new file as they are.

use std::borrow::Cow;

use jpeg_encoder::{ChromaSubsamplingMethod, Encoder, ImageBuffer, JpegColorType, SamplingFactor};

use super::encode::{EncodeFailed, buffer, full_chroma};
use super::plan::Crop;
use super::resize::{Resampler, ResizeFailed};
use crate::decode::turn;
use crate::geometry::{Orientation, Size};
use crate::planes::{Plane, Planes, Ratio};

/// The part `crop` of `source`, in pixels as shown, at the size `target`; colour differences at that
/// size, or at half of it.
pub(super) fn resample(
    resampler: &mut Resampler,
    source: &Planes,
    crop: &Crop,
    target: Size,
    full: bool,
) -> Result<Planes, ResizeFailed> {
    let planes = source.components.iter().enumerate().map(|(index, plane)| {
        let by = if index == 0 || full { 1 } else { 2 };
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
        let mut samples = resampler.resample_plane(plane, part, stored)?;
        turn(&mut samples, stored, 1, source.orientation);
        let density = [Ratio { of: 1, to: by }; 2];
        Ok(Plane { samples, stride: size.width as usize, size, density })
    });
    let components = planes.collect::<Result<_, _>>()?;
    Ok(Planes { stored: target, orientation: Orientation::Normal, components })
}

/// The bytes of a whole JPEG file, of planes that are resampled for this quality.
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
    encoder.set_sampling_factor(if full_chroma(quality) {
        SamplingFactor::F_1_1
    } else {
        SamplingFactor::F_2_2
    });
    // Halved planes give each of their samples four times.
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
