//! Near duplicates among a million, against comparing with all of them; exact ones, reserved and
//! committed.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gatefold::{ByteDigest, DuplicateIndex, HammingIndex, MemoryIndex, PerceptualHash, Reserve};

const COUNT: usize = 1_000_000;

/// The generator `SplitMix64`.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn spread(count: usize) -> Vec<u64> {
    let mut state = 1;
    (0..count).map(|_| random(&mut state)).collect()
}

/// A hundred pictures around each centre, up to twelve bits from it.
fn clustered(count: usize) -> Vec<u64> {
    let mut state = 2;
    let mut hashes = Vec::with_capacity(count);
    while hashes.len() < count {
        let centre = random(&mut state);
        for _ in 0..100 {
            let flips = random(&mut state) % 13;
            hashes.push((0..flips).fold(centre, |h, _| h ^ 1 << (random(&mut state) % 64)));
        }
    }
    hashes
}

fn index_of(hashes: &[u64]) -> HammingIndex<u32> {
    let mut index = HammingIndex::new();
    for (key, bits) in hashes.iter().enumerate() {
        index.insert(PerceptualHash::from_bits(*bits), key as u32);
    }
    index
}

fn collected(hashes: &[u64]) -> HammingIndex<u32> {
    hashes.iter().map(|bits| PerceptualHash::from_bits(*bits)).zip(0..).collect()
}

fn near(c: &mut Criterion) {
    for (name, hashes) in [("spread", spread(COUNT)), ("clustered", clustered(COUNT))] {
        let index = collected(&hashes);
        let mut group = c.benchmark_group(format!("near, 1 M {name}"));
        group.sample_size(20);
        group.throughput(Throughput::Elements(1));
        let mut question = 0;
        let mut next = || {
            question = (question + 7_919) % COUNT;
            // A changed copy of something that is there.
            hashes[question] ^ 0x0100_0000_0001_0000
        };
        for radius in [4, 10, 16] {
            group.bench_function(BenchmarkId::new("index, radius", radius), |b| {
                b.iter_batched(
                    &mut next,
                    |query| index.within(PerceptualHash::from_bits(query), radius),
                    BatchSize::SmallInput,
                );
            });
        }
        group.bench_function("all compared, radius 10", |b| {
            b.iter_batched(
                &mut next,
                |query| {
                    let near = hashes.iter().enumerate();
                    near.filter(|(_, bits)| (**bits ^ query).count_ones() <= 10)
                        .map(|(key, _)| key)
                        .collect::<Vec<_>>()
                },
                BatchSize::SmallInput,
            );
        });
        group.finish();
    }

    let mut group = c.benchmark_group("near, building");
    group.sample_size(10);
    for count in [10_000, 100_000] {
        let hashes = spread(count);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::new("insert in turn", count), |b| {
            b.iter(|| index_of(&hashes));
        });
    }
    let hashes = spread(COUNT);
    group.throughput(Throughput::Elements(COUNT as u64));
    group.bench_function(BenchmarkId::new("collect", COUNT), |b| {
        b.iter(|| collected(&hashes));
    });
    group.finish();
}

/// The size from which tables pay: just below it every hash is compared.
fn around_the_mark(c: &mut Criterion) {
    let mut group = c.benchmark_group("near, radius 10, by size");
    for count in [1_000, 16_000, 17_000, 100_000] {
        let hashes = spread(count);
        let index = index_of(&hashes);
        let mut state = 3;
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::from_parameter(count), |b| {
            b.iter(|| index.within(PerceptualHash::from_bits(random(&mut state)), 10));
        });
    }
    group.finish();
}

fn exact(c: &mut Criterion) {
    let index = MemoryIndex::new();
    let digest = |n: u64| ByteDigest::of(&n.to_le_bytes()).into();
    let mut next = 0;
    let mut group = c.benchmark_group("exact");
    group.throughput(Throughput::Elements(1));
    group.bench_function("reserve and commit", |b| {
        b.iter(|| {
            next += 1;
            let answer = index.reserve("", &[digest(next)], "upload", None).unwrap();
            if let Reserve::Reserved(reservation) = answer {
                reservation.commit(&next.to_string()).unwrap();
            }
        });
    });
    let stored = next;
    group.bench_function("lookup", |b| {
        b.iter(|| {
            next = next % stored + 1;
            black_box(index.lookup("", &[digest(next)]).unwrap())
        });
    });
    group.finish();
}

criterion_group!(benches, near, around_the_mark, exact);
criterion_main!(benches);
