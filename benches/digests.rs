//! Digests of what decoding gives: a picture of twelve megapixels, and one at the scale from which
//! perceptual hashes are usually taken.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gatefold::{ByteDigest, Layout, PerceptualHash, PixelDigest, Pixels, Size};

fn picture(width: u32, height: u32, layout: Layout) -> Pixels {
    let bytes = width as usize * height as usize * layout.channels();
    let samples = (0..bytes).map(|i| (i ^ i >> 9) as u8).collect();
    Pixels::new(Size::new(width, height), layout, samples).unwrap()
}

fn digests(c: &mut Criterion) {
    let mut group = c.benchmark_group("digest");
    group.sample_size(20);
    for (width, height, layout, name) in [
        (4000, 3000, Layout::Rgb8, "12 MP rgb"),
        (4000, 3000, Layout::Rgba8, "12 MP rgba"),
        (512, 384, Layout::Rgb8, "512x384 rgb"),
    ] {
        let pixels = picture(width, height, layout);
        group.throughput(Throughput::Bytes(pixels.samples().len() as u64));
        group.bench_with_input(BenchmarkId::new("bytes", name), &pixels, |b, pixels| {
            b.iter(|| ByteDigest::of(pixels.samples()));
        });
        group.bench_with_input(BenchmarkId::new("pixels", name), &pixels, |b, pixels| {
            b.iter(|| PixelDigest::of(pixels));
        });
        group.bench_with_input(BenchmarkId::new("perceptual", name), &pixels, |b, pixels| {
            b.iter(|| PerceptualHash::of(pixels));
        });
    }
    group.finish();
}

criterion_group!(benches, digests);
criterion_main!(benches);
