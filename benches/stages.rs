//! Each stage of the pipeline on its own and together, with throughput in bytes of the file or in
//! pixels of the picture. The picture is 6 megapixels of soft colour with grain, as a photograph
//! has, in each of the four formats.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gatefold::{
    BatchOptions, ByteDigest, Format, OutputFormat, Palette, PerceptualHash, Pipeline, PixelDigest,
    Pixels, Policy, RenditionSpec, Source, Upload, stages,
};

const WIDTH: u32 = 3_000;
const HEIGHT: u32 = 2_000;

/// RGB: slow waves of colour, edges every few hundred pixels, and grain.
fn photograph() -> Vec<u8> {
    let mut noise = 0x2545_f491u32;
    let mut samples = Vec::with_capacity((WIDTH * HEIGHT * 3) as usize);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            noise ^= noise << 13;
            noise ^= noise >> 17;
            noise ^= noise << 5;
            let grain = (noise % 9) as i32 - 4;
            let edge = if (x / 300 + y / 200) % 2 == 0 { 24 } else { 0 };
            let wave = |a: u32, b: u32| ((x * a + y * b) / 64 % 512) as i32;
            for value in [wave(3, 1), wave(1, 4), wave(2, 2)] {
                let value = if value > 255 { 511 - value } else { value };
                samples.push((value / 2 + 64 + edge + grain).clamp(0, 255) as u8);
            }
        }
    }
    samples
}

fn files() -> Vec<(Format, Vec<u8>)> {
    let samples = photograph();
    let mut jpeg = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 88);
    encoder.encode(&samples, WIDTH as u16, HEIGHT as u16, jpeg_encoder::ColorType::Rgb).unwrap();
    let mut png_bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut png_bytes, WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&samples).unwrap();
    writer.finish().unwrap();
    let mut webp = Vec::new();
    image_webp::WebPEncoder::new(&mut webp)
        .encode(&samples, WIDTH, HEIGHT, image_webp::ColorType::Rgb8)
        .unwrap();
    let mut gif_bytes = Vec::new();
    let palette: Vec<u8> = (0..=255u8).flat_map(|i| [i & 0xe0, i << 3 & 0xe0, i << 6]).collect();
    let mut encoder =
        gif::Encoder::new(&mut gif_bytes, WIDTH as u16, HEIGHT as u16, &palette).unwrap();
    let indexed: Vec<u8> = samples
        .as_chunks::<3>()
        .0
        .iter()
        .map(|[r, g, b]| r & 0xe0 | g >> 3 & 0x1c | b >> 6)
        .collect();
    let frame = gif::Frame {
        width: WIDTH as u16,
        height: HEIGHT as u16,
        buffer: indexed.into(),
        ..gif::Frame::default()
    };
    encoder.write_frame(&frame).unwrap();
    drop(encoder);
    vec![
        (Format::Jpeg, jpeg),
        (Format::Png, png_bytes),
        (Format::WebP, webp),
        (Format::Gif, gif_bytes),
    ]
}

fn per_format(c: &mut Criterion) {
    let pipeline = Pipeline::builder(Policy::default()).build().unwrap();
    for (format, bytes) in files() {
        let upload = Upload::new(&bytes);
        let structure = pipeline.inspect(&upload).unwrap().structure().unwrap().clone();
        let mut group = c.benchmark_group("file");
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(BenchmarkId::new("inspect", format), |b| {
            b.iter(|| pipeline.inspect(black_box(&upload)).unwrap());
        });
        group.finish();
        let mut group = c.benchmark_group("pixels");
        group.sample_size(10);
        group.throughput(Throughput::Elements(u64::from(WIDTH * HEIGHT)));
        group.bench_function(BenchmarkId::new("verify", format), |b| {
            b.iter(|| stages::verify(black_box(&bytes), &structure));
        });
        group.bench_function(BenchmarkId::new("decode", format), |b| {
            b.iter(|| stages::decode(black_box(&bytes), &structure));
        });
        group.bench_function(BenchmarkId::new("check", format), |b| {
            b.iter(|| pipeline.check(black_box(&upload)).unwrap());
        });
        group.finish();
    }
}

fn on_pixels(c: &mut Criterion) {
    let pipeline = Pipeline::builder(Policy::default()).build().unwrap();
    let (_, jpeg) = files().swap_remove(0);
    let pixels: Pixels = pipeline.decode(&Upload::new(&jpeg)).unwrap();
    let mut group = c.benchmark_group("digest");
    group.throughput(Throughput::Bytes(jpeg.len() as u64));
    group.bench_function("bytes", |b| b.iter(|| ByteDigest::of(black_box(&jpeg))));
    group.throughput(Throughput::Elements(pixels.size().pixels()));
    group.sample_size(20);
    group.bench_function("pixels", |b| b.iter(|| PixelDigest::of(black_box(&pixels))));
    group.bench_function("perceptual", |b| b.iter(|| PerceptualHash::of(black_box(&pixels))));
    group.finish();

    let mut group = c.benchmark_group("make");
    group.sample_size(20);
    group.throughput(Throughput::Elements(pixels.size().pixels()));
    group.bench_function("palette", |b| b.iter(|| Palette::of(black_box(&pixels))));
    for (name, format) in
        [("jpeg", OutputFormat::Jpeg), ("png", OutputFormat::Png), ("webp", OutputFormat::WebP)]
    {
        let specs = [RenditionSpec::cover(400, 400).format(format)];
        group.bench_function(BenchmarkId::new("400x400", name), |b| {
            b.iter(|| stages::render(black_box(&pixels), &specs));
        });
    }
    let specs =
        [1200, 640, 320].map(|side| RenditionSpec::contain(side, side).format(OutputFormat::Jpeg));
    group.bench_function("1200+640+320/jpeg", |b| {
        b.iter(|| stages::render(black_box(&pixels), &specs));
    });
    group.finish();
}

fn whole(c: &mut Criterion) {
    let pipeline = Pipeline::builder(Policy::default())
        .rendition(RenditionSpec::contain(320, 320))
        .build()
        .unwrap();
    let files = files();
    let mut group = c.benchmark_group("whole");
    group.sample_size(10);
    group.throughput(Throughput::Elements(u64::from(WIDTH * HEIGHT)));
    for (format, bytes) in &files {
        group.bench_function(BenchmarkId::new("process", format), |b| {
            b.iter(|| pipeline.process(&Upload::new(black_box(bytes))).unwrap());
        });
    }
    group.throughput(Throughput::Elements(u64::from(WIDTH * HEIGHT) * files.len() as u64 * 2));
    group.bench_function("batch", |b| {
        b.iter(|| {
            let twice = files.iter().chain(&files);
            let sources = twice.map(|(format, bytes)| Source::bytes(format.name(), bytes.clone()));
            pipeline.process_batch(sources.collect::<Vec<_>>(), &BatchOptions::default(), |_| {})
        });
    });
    group.finish();
}

criterion_group!(benches, per_format, on_pixels, whole);
criterion_main!(benches);
