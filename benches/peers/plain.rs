//! The `image` crate as a worker: decoded in full, resampled with Lanczos3, encoded.

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;

use crate::{Outcome, clock};

fn thumb(path: &str) -> Outcome<usize> {
    let picture = image::open(path)?.resize(320, 320, FilterType::Lanczos3).into_rgb8();
    let mut out = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut out, 82))?;
    Ok(out.len())
}

pub(crate) fn serve() -> Outcome<()> {
    clock::serve("image 0.25", |name, paths| match name {
        "thumb" => paths.iter().map(|path| thumb(path)).sum(),
        _ => Err(format!("no such job: {name}").into()),
    })
}
