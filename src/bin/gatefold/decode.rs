//! `gatefold decode`: one file's pixels as a PNG.

use std::io::{self, BufWriter, Write};

use gatefold::{Layout, Pixels};

use crate::config::{DecodeTask, Setting};
use crate::console::{note, print};
use crate::explain::read;
use crate::inputs::Input;
use crate::outcome::{Exit, Failure};
use crate::store;

pub(crate) fn run(setting: &Setting, task: &DecodeTask) -> Result<Exit, Failure> {
    let pipeline = setting.pipeline(task.policy.clone()).build()?;
    let decoded = read(&pipeline, &task.path).and_then(|upload| {
        // What a name claims is of no interest to who wants the pixels.
        if task.raw { pipeline.decode_stored(&upload) } else { pipeline.decode(&upload) }
    });
    let pixels = match decoded {
        Ok(pixels) => pixels,
        Err(error) => {
            note(&format!("{}: {}: {error}", task.path.display(), error.code()));
            return Ok(Exit::of_error(&error));
        }
    };
    if Input::is_stdin(&task.out) {
        let mut png = Vec::new();
        encode(&mut png, &pixels).map_err(Failure::io)?;
        return print(&png).map(|()| Exit::Accepted);
    }
    store::replace(&task.out, |file| {
        let mut file = BufWriter::new(file);
        encode(&mut file, &pixels)?;
        file.flush()
    })
    .map_err(|error| Failure::io(format!("{}: {error}", task.out.display())))?;
    Ok(Exit::Accepted)
}

/// Fast rather than small: these files are compared and thrown away.
fn encode(to: impl Write, pixels: &Pixels) -> io::Result<()> {
    let size = pixels.size();
    let mut encoder = png::Encoder::new(to, size.width, size.height);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_color(match pixels.layout() {
        Layout::Rgb8 => png::ColorType::Rgb,
        Layout::Rgba8 => png::ColorType::Rgba,
        _ => return Err(io::Error::other("this pixel layout has no PNG form")),
    });
    encoder.set_compression(png::Compression::Fastest);
    let mut writer = encoder.write_header().map_err(io::Error::other)?;
    writer.write_image_data(pixels.samples()).map_err(io::Error::other)?;
    writer.finish().map_err(io::Error::other)
}
