//! `gatefold decode`: one file's pixels as a PNG.

use std::io::{self, BufWriter, Write};

use gatefold::{Layout, Pixels};

use crate::config::{DecodeTask, Setting};
use crate::console::note;
use crate::explain::{input, read};
use crate::outcome::{Exit, Failure};
use crate::target::{Protected, Target};

pub(crate) fn run(setting: &Setting, task: &DecodeTask) -> Result<Exit, Failure> {
    let pipeline = setting.pipeline(task.policy.clone()).build()?;
    let inputs = [input(&task.path)?];
    let protected = Protected::of(&inputs, None);
    let target = Target::at("-o", &task.out, task.overwrite, &protected, |_| false)?;
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
    let written = target.write(|file| {
        let mut file = BufWriter::new(file);
        encode(&mut file, &pixels)?;
        file.flush()
    });
    match written {
        // The reader of standard output had enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe || target.is_file() => {
            Err(Failure::io(format!("{}: {error}", task.out.display())))
        }
        _ => Ok(Exit::Accepted),
    }
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
