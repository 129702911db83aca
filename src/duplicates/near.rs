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

/// From this many hashes on there are tables. Fewer are looked at one by one in some ten
/// microseconds, and the tables' own 6 MB would be most of the memory.
const TABLES_FROM: usize = 16 * 1024;

/// What opening a bucket costs, in comparisons of two hashes: it is rarely in the cache.
const BUCKET_COST: u64 = 8;

type Item<K> = (u64, K);
type Table<K> = Vec<Vec<Item<K>>>;

/// A set of perceptual hashes with keys, searched by distance.
///
/// Every radius from 0 to 64 gives exactly what comparing with all hashes would give. At radius 10
/// a million hashes take a small fraction of that time; large radii compare with all of them.
/// Several keys may have the same hash, and a key several hashes.
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
    store: Store<K>,
    len: usize,
}

#[derive(Debug, Clone)]
enum Store<K> {
    Few(Vec<Item<K>>),
    Many(Vec<Table<K>>),
}

impl<K> Default for HammingIndex<K> {
    fn default() -> Self {
        Self { store: Store::Few(Vec::new()), len: 0 }
    }
}

impl<K: Copy + Ord> HammingIndex<K> {
    /// An index of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many pairs of hash and key there are.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a hash under a key. The same pair twice is there twice.
    pub fn insert(&mut self, hash: PerceptualHash, key: K) {
        if let Store::Few(items) = &mut self.store
            && items.len() >= TABLES_FROM
        {
            let mut tables: Vec<Table<K>> =
                (0..TABLES).map(|_| vec![Vec::new(); BUCKETS]).collect();
            for item in std::mem::take(items) {
                add(&mut tables, item);
            }
            self.store = Store::Many(tables);
        }
        match &mut self.store {
            Store::Few(items) => items.push((hash.bits(), key)),
            Store::Many(tables) => add(tables, (hash.bits(), key)),
        }
        self.len += 1;
    }

    /// Takes a pair out; false when it was not there.
    pub fn remove(&mut self, hash: PerceptualHash, key: K) -> bool {
        let item = (hash.bits(), key);
        let found = match &mut self.store {
            Store::Few(items) => take(items, item),
            Store::Many(tables) => {
                tables.iter_mut().enumerate().fold(false, |found, (t, table)| {
                    take(&mut table[bucket(item.0, t)], item) || found
                })
            }
        };
        self.len -= usize::from(found);
        // Back at half the mark, so that a set around the mark does not move to and fro.
        if let Store::Many(tables) = &mut self.store
            && self.len < TABLES_FROM / 2
        {
            self.store = Store::Few(tables.swap_remove(0).into_iter().flatten().collect());
        }
        found
    }

    /// Every pair within `radius` bits of `hash` as (distance, key), nearest first, then by key. A
    /// radius above 64 is 64.
    pub fn within(&self, hash: PerceptualHash, radius: u32) -> Vec<(u32, K)> {
        let radius = radius.min(u64::BITS);
        let query = hash.bits();
        let mut found = Vec::new();
        let mut compare = |items: &[Item<K>]| {
            let near = items.iter().map(|(bits, key)| ((bits ^ query).count_ones(), *key));
            found.extend(near.filter(|(distance, _)| *distance <= radius));
        };
        match &self.store {
            Store::Few(items) => compare(items),
            Store::Many(tables) => match Split::of(radius, self.len as u64) {
                None => tables[0].iter().for_each(|items| compare(items)),
                Some(split) => probe(tables, query, radius, &split, &mut found),
            },
        }
        found.sort_unstable();
        found
    }
}

/// The bucket of a hash in table `t`.
const fn bucket(bits: u64, t: usize) -> usize {
    (bits >> (t as u32 * BITS)) as usize & (BUCKETS - 1)
}

fn add<K: Copy>(tables: &mut [Table<K>], item: Item<K>) {
    for (t, table) in tables.iter_mut().enumerate() {
        table[bucket(item.0, t)].push(item);
    }
}

/// Takes one such item out and gives the room back once most of it is empty.
fn take<K: Copy + PartialEq>(items: &mut Vec<Item<K>>, item: Item<K>) -> bool {
    let Some(at) = items.iter().position(|i| *i == item) else {
        return false;
    };
    items.swap_remove(at);
    if items.len() < items.capacity() / 4 {
        items.shrink_to(items.len() * 2);
    }
    true
}

/// How far to look in each table; `None` where not at all.
struct Split([Option<u32>; TABLES]);

impl Split {
    /// The split of a radius, or `None` when comparing with all `len` hashes is cheaper.
    fn of(radius: u32, len: u64) -> Option<Self> {
        let (a, b) = (radius / TABLES as u32, radius % TABLES as u32);
        let split =
            Self(std::array::from_fn(|t| if t as u32 <= b { Some(a) } else { a.checked_sub(1) }));
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

fn probe<K: Copy>(
    tables: &[Table<K>],
    query: u64,
    radius: u32,
    split: &Split,
    found: &mut Vec<(u32, K)>,
) {
    for (t, (table, near)) in tables.iter().zip(split.0).enumerate() {
        let Some(near) = near else { continue };
        let centre = bucket(query, t);
        for_each_mask(near, |mask| {
            for (bits, key) in &table[centre ^ mask] {
                let difference = bits ^ query;
                let distance = difference.count_ones();
                // An earlier table may have shown the same pair.
                if distance <= radius && !is_in_earlier_table(difference, t, split) {
                    found.push((distance, *key));
                }
            }
        });
    }
}

fn is_in_earlier_table(difference: u64, t: usize, split: &Split) -> bool {
    split.0.iter().take(t).enumerate().any(|(earlier, near)| {
        near.is_some_and(|near| bucket(difference, earlier).count_ones() <= near)
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
