//! Finding 64-bit hashes within a Hamming distance without looking at all of them.
//!
//! Multi-index hashing: Norouzi, Punjani and Fleet, "Fast Search in Hamming Space with Multi-Index
//! Hashing" (CVPR 2012). A hash is cut into four substrings of 16 bits, each with a table of its own.
//! Two hashes that differ in at most r = 4a + b bits (b < 4) differ in at most a bits in one of the
//! first b + 1 substrings, or in at most a − 1 in one of the others: were it not so, they would differ
//! in at least (b + 1)(a + 1) + (3 − b)a = r + 1 bits. So few buckets hold every answer.

use crate::digest::PerceptualHash;

/// Substrings, each with its table.
const TABLES: usize = 4;
/// Bits of a substring.
const BITS: u32 = 16;
/// Buckets of a table.
const BUCKETS: usize = 1 << BITS;

/// From this many hashes on there are tables. Comparing with fewer takes some ten microseconds.
const TABLES_FROM: usize = 16 * 1024;
/// So many hashes wait in a list before the tables are made anew: compared with one by one, they must
/// stay few, but a large index may not be made anew at every turn. The larger of the two counts.
const WAITING: usize = 4 * 1024;
/// The part of what is in the tables that may wait.
const WAITING_SHARE: usize = 64;

/// What opening a bucket costs, in comparisons of two hashes; measured between 36 (100 000 hashes)
/// and 140 (a million, when it is rarely in the cache).
const BUCKET_COST: u64 = 70;

/// Hashes that are compared before anything is decided about them.
const AT_ONCE: usize = 64;

/// A set of perceptual hashes with keys, searched by distance.
///
/// Every radius from 0 to 64 gives exactly what comparing with all hashes would give. At radius 10
/// a million hashes take a small fraction of that time; large radii compare with all of them.
/// Several keys may have the same hash, and a key several hashes.
///
/// Memory is some 50 bytes per hash with a key of 4 bytes, and 2 MB once there are tables. Now and
/// then an insertion makes the tables anew; to build a large index at once, collect it.
///
/// ```
/// use gatefold::{HammingIndex, PerceptualHash};
/// let mut index = HammingIndex::new();
/// index.insert(PerceptualHash::from_bits(0b1111), "cover");
/// index.insert(PerceptualHash::from_bits(u64::MAX), "other");
/// assert_eq!(index.within(PerceptualHash::from_bits(0b0011), 10), [(2, "cover")]);
/// ```
#[derive(Debug, Clone)]
pub struct HammingIndex<K> {
    /// Inserted since the tables were made.
    waiting: Pairs<K>,
    /// None, or all four.
    tables: Vec<Table<K>>,
    /// Pairs in each of the tables.
    settled: usize,
}

/// Hashes and their keys side by side, so that comparing reads hashes alone.
#[derive(Debug, Clone)]
struct Pairs<K> {
    hashes: Vec<u64>,
    keys: Vec<K>,
}

/// Pairs in the order of one substring.
#[derive(Debug, Clone)]
struct Table<K> {
    pairs: Pairs<K>,
    /// Where each bucket starts.
    starts: Vec<u32>,
    /// Where it ends; before the next one's start once something was taken out.
    ends: Vec<u32>,
}

impl<K> Default for HammingIndex<K> {
    fn default() -> Self {
        let waiting = Pairs { hashes: Vec::new(), keys: Vec::new() };
        Self { waiting, tables: Vec::new(), settled: 0 }
    }
}

impl<K: Copy + Ord> HammingIndex<K> {
    /// An index of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many pairs of hash and key there are.
    pub const fn len(&self) -> usize {
        self.settled + self.waiting.hashes.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a hash under a key. The same pair twice is there twice.
    pub fn insert(&mut self, hash: PerceptualHash, key: K) {
        self.waiting.hashes.push(hash.bits());
        self.waiting.keys.push(key);
        let most =
            if self.settled == 0 { TABLES_FROM } else { WAITING.max(self.settled / WAITING_SHARE) };
        if self.waiting.hashes.len() >= most {
            self.settle();
        }
    }

    /// Takes a pair out; false when it was not there.
    pub fn remove(&mut self, hash: PerceptualHash, key: K) -> bool {
        let bits = hash.bits();
        let waiting = &mut self.waiting;
        if let Some(at) = position(&waiting.hashes, &waiting.keys, bits, &key) {
            waiting.hashes.swap_remove(at);
            waiting.keys.swap_remove(at);
            return true;
        }
        let mut found = false;
        for (t, table) in self.tables.iter_mut().enumerate() {
            found |= table.take(substring(bits, t), bits, key);
        }
        self.settled -= usize::from(found);
        // Half of the tables is empty: time to give the room back.
        if self.tables.first().is_some_and(|table| table.pairs.hashes.len() / 2 > self.settled) {
            self.settle();
        }
        found
    }

    /// Every pair within `radius` bits of `hash` as (distance, key), nearest first, then by key. A
    /// radius above 64 is 64.
    pub fn within(&self, hash: PerceptualHash, radius: u32) -> Vec<(u32, K)> {
        let radius = radius.min(u64::BITS);
        let query = hash.bits();
        let mut found = Vec::new();
        let mut add = |difference: u64, key: K| found.push((difference.count_ones(), key));
        compare(&self.waiting.hashes, &self.waiting.keys, query, radius, &mut add);
        match Split::of(radius, self.settled as u64) {
            Some(split) => probe(&self.tables, query, radius, &split, &mut add),
            None => {
                if let Some(table) = self.tables.first() {
                    table.compare_all(self.settled, query, radius, &mut add);
                }
            }
        }
        found.sort_unstable();
        found
    }

    /// Makes the tables from everything there is, or a list when that is little.
    fn settle(&mut self) {
        let Self { waiting: mut all, tables, .. } = std::mem::take(self);
        if let Some(table) = tables.first() {
            for bucket in 0..BUCKETS {
                let (hashes, keys) = table.bucket(bucket);
                all.hashes.extend_from_slice(hashes);
                all.keys.extend_from_slice(keys);
            }
        }
        drop(tables);
        let len = all.hashes.len();
        // Buckets count in 32 bits. An index beyond that stays a list.
        if len < TABLES_FROM || u32::try_from(len).is_err() {
            self.waiting = all;
        } else {
            self.tables = (0..TABLES).map(|t| Table::new(&all, t)).collect();
            self.settled = len;
        }
    }
}

impl<K: Copy + Ord> FromIterator<(PerceptualHash, K)> for HammingIndex<K> {
    fn from_iter<I: IntoIterator<Item = (PerceptualHash, K)>>(pairs: I) -> Self {
        let mut index = Self::new();
        for (hash, key) in pairs {
            index.waiting.hashes.push(hash.bits());
            index.waiting.keys.push(key);
        }
        index.settle();
        index
    }
}

impl<K: Copy + PartialEq> Table<K> {
    fn new(all: &Pairs<K>, t: usize) -> Self {
        let mut starts = vec![0u32; BUCKETS];
        for bits in &all.hashes {
            starts[substring(*bits, t)] += 1;
        }
        let mut total = 0;
        for start in &mut starts {
            total += std::mem::replace(start, total);
        }
        let mut ends = starts.clone();
        let mut pairs = all.clone();
        for (bits, key) in all.hashes.iter().zip(&all.keys) {
            let end = &mut ends[substring(*bits, t)];
            pairs.hashes[*end as usize] = *bits;
            pairs.keys[*end as usize] = *key;
            *end += 1;
        }
        Self { pairs, starts, ends }
    }

    fn bucket(&self, bucket: usize) -> (&[u64], &[K]) {
        let range = self.starts[bucket] as usize..self.ends[bucket] as usize;
        (&self.pairs.hashes[range.clone()], &self.pairs.keys[range])
    }

    fn take(&mut self, bucket: usize, bits: u64, key: K) -> bool {
        let (hashes, keys) = self.bucket(bucket);
        let Some(at) = position(hashes, keys, bits, &key) else {
            return false;
        };
        let at = self.starts[bucket] as usize + at;
        let last = self.ends[bucket] - 1;
        self.pairs.hashes.swap(at, last as usize);
        self.pairs.keys.swap(at, last as usize);
        self.ends[bucket] = last;
        true
    }

    /// Compares with all `settled` pairs.
    fn compare_all(&self, settled: usize, query: u64, radius: u32, mut found: impl FnMut(u64, K)) {
        if self.pairs.hashes.len() == settled {
            compare(&self.pairs.hashes, &self.pairs.keys, query, radius, found);
        } else {
            for bucket in 0..BUCKETS {
                let (hashes, keys) = self.bucket(bucket);
                compare(hashes, keys, query, radius, &mut found);
            }
        }
    }
}

fn position<K: PartialEq>(hashes: &[u64], keys: &[K], bits: u64, key: &K) -> Option<usize> {
    hashes.iter().zip(keys).position(|(h, k)| *h == bits && k == key)
}

/// Calls `found` with the difference and the key of every pair within `radius` of `query`.
fn compare<K: Copy>(
    hashes: &[u64],
    keys: &[K],
    query: u64,
    radius: u32,
    mut found: impl FnMut(u64, K),
) {
    for (hashes, keys) in hashes.chunks(AT_ONCE).zip(keys.chunks(AT_ONCE)) {
        // Most pieces hold nothing near, and a minimum over a piece needs no branches.
        let nearest = hashes.iter().fold(u64::BITS, |n, h| n.min((h ^ query).count_ones()));
        if nearest > radius {
            continue;
        }
        for (hash, key) in hashes.iter().zip(keys) {
            let difference = hash ^ query;
            if difference.count_ones() <= radius {
                found(difference, *key);
            }
        }
    }
}

/// The substring of a hash that table `t` is about.
const fn substring(bits: u64, t: usize) -> usize {
    (bits >> (t as u32 * BITS)) as usize & (BUCKETS - 1)
}

/// For each substring its values near that of `hash`: whichever hash differs from it in at most
/// `radius` bits has one of them there.
#[cfg(feature = "service")]
pub(crate) fn substrings_near(hash: PerceptualHash, radius: u32) -> [Vec<u16>; TABLES] {
    let Split(split) = Split::new(radius);
    std::array::from_fn(|t| {
        let mut values = Vec::new();
        if let Some(near) = split[t] {
            let centre = substring(hash.bits(), t);
            for_each_mask(near, |mask| values.push((centre ^ mask) as u16));
        }
        values
    })
}

/// How far to look in each table; `None` where not at all.
struct Split([Option<u32>; TABLES]);

impl Split {
    fn new(radius: u32) -> Self {
        let (a, b) = (radius / TABLES as u32, radius % TABLES as u32);
        Self(std::array::from_fn(|t| if t as u32 <= b { Some(a) } else { a.checked_sub(1) }))
    }

    /// The split of a radius, or `None` when comparing with all `len` hashes is cheaper.
    fn of(radius: u32, len: u64) -> Option<Self> {
        let split = Self::new(radius);
        let buckets: u64 = split.0.iter().flatten().map(|near| ball(*near)).sum();
        // What the buckets hold if hashes are spread evenly.
        let items = len.saturating_mul(buckets) / BUCKETS as u64;
        (buckets * BUCKET_COST + items < len).then_some(split)
    }
}

/// How many substrings lie within `radius` bits of one: the sum of the binomials of 16.
fn ball(radius: u32) -> u64 {
    let mut binomial = 1;
    let mut sum = 1;
    for k in 1..=u64::from(radius.min(BITS)) {
        binomial = binomial * (u64::from(BITS) + 1 - k) / k;
        sum += binomial;
    }
    sum
}

fn probe<K: Copy + PartialEq>(
    tables: &[Table<K>],
    query: u64,
    radius: u32,
    split: &Split,
    mut found: impl FnMut(u64, K),
) {
    for (t, (table, near)) in tables.iter().zip(split.0).enumerate() {
        let Some(near) = near else { continue };
        let centre = substring(query, t);
        for_each_mask(near, |mask| {
            let (hashes, keys) = table.bucket(centre ^ mask);
            compare(hashes, keys, query, radius, |difference, key| {
                // An earlier table may have shown the same pair.
                if !is_in_earlier_table(difference, t, split) {
                    found(difference, key);
                }
            });
        });
    }
}

fn is_in_earlier_table(difference: u64, t: usize, split: &Split) -> bool {
    split.0.iter().take(t).enumerate().any(|(earlier, near)| {
        near.is_some_and(|near| substring(difference, earlier).count_ones() <= near)
    })
}

/// Calls `visit` with every 16-bit mask of at most `radius` bits.
fn for_each_mask(radius: u32, mut visit: impl FnMut(usize)) {
    visit(0);
    for ones in 1..=radius.min(BITS) {
        let mut mask: u32 = (1 << ones) - 1;
        while mask < BUCKETS as u32 {
            visit(mask as usize);
            // The next larger number with as many ones (Gosper, HAKMEM item 175).
            let lowest = mask & mask.wrapping_neg();
            let ripple = mask + lowest;
            mask = ripple | ((mask ^ ripple) / lowest) >> 2;
        }
    }
}
