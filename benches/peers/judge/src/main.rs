//! PSNR and SSIMULACRA2 of pairs of PNGs in 8-bit RGB: a worker as `protocol.py` has them. A package
//! of its own, so that what it needs is built for this measurement only.

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, Write};

use fast_ssim2::{PixelDescriptor, PixelSlice, compute_ssimulacra2};

type Outcome<T> = Result<T, Box<dyn Error>>;

struct Picture {
    width: u32,
    height: u32,
    samples: Vec<u8>,
}

impl Picture {
    fn read(path: &str) -> Outcome<Self> {
        let mut reader = png::Decoder::new(BufReader::new(File::open(path)?)).read_info()?;
        let mut samples = vec![0; reader.output_buffer_size().ok_or("too large")?];
        let frame = reader.next_frame(&mut samples)?;
        if (frame.color_type, frame.bit_depth) != (png::ColorType::Rgb, png::BitDepth::Eight) {
            return Err(format!("{path} is not in 8-bit RGB").into());
        }
        Ok(Self { width: frame.width, height: frame.height, samples })
    }

    fn slice(&self) -> Outcome<PixelSlice<'_>> {
        let stride = self.width as usize * 3;
        let kind = PixelDescriptor::RGB8_SRGB;
        Ok(PixelSlice::new(&self.samples, self.width, self.height, stride, kind)?)
    }
}

/// 10 log₁₀(255² ÷ mean squared error), over all samples; infinite for equal pictures.
fn psnr(one: &Picture, other: &Picture) -> f64 {
    let squares = one.samples.iter().zip(&other.samples).map(|(a, b)| {
        let apart = f64::from(*a) - f64::from(*b);
        apart * apart
    });
    10.0 * (255.0 * 255.0 * one.samples.len() as f64 / squares.sum::<f64>()).log10()
}

fn compare(reference: &str, other: &str) -> Outcome<(f64, f64)> {
    let (one, two) = (Picture::read(reference)?, Picture::read(other)?);
    if (one.width, one.height) != (two.width, two.height) {
        return Ok((f64::NAN, f64::NAN));
    }
    Ok((psnr(&one, &two), compute_ssimulacra2(&one.slice()?, &two.slice()?)?))
}

fn main() -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "judge")?;
    out.flush()?;
    for line in std::io::stdin().lines() {
        let line = line?;
        let ["compare", reference, other] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("no such job: {line}").into());
        };
        let (psnr, ssimulacra2) = compare(reference, other)?;
        writeln!(out, "0 0 {psnr} {ssimulacra2}")?;
        out.flush()?;
    }
    Ok(())
}
