//! Sorting a list of pictures into groups of duplicates.

use std::collections::HashMap;

use super::HammingIndex;
use crate::digest::{Digest, PerceptualHash};

/// What is known of one picture of a list.
#[derive(Debug, Clone, Default)]
pub struct Fingerprint {
    /// Its exact digests; pictures that share one are the same.
    pub digests: Vec<Digest>,
    /// Its perceptual hash, where it has one.
    pub perceptual: Option<PerceptualHash>,
}

/// Pictures that belong together, as indices into the list that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateGroup {
    /// Pictures in one set are exactly the same; different sets look similar to the first picture.
    /// Every set is in ascending order, and so are the sets by their first picture.
    pub sets: Vec<Vec<usize>>,
}

impl DuplicateGroup {
    /// Whether all pictures of the group are the same.
    pub const fn is_exact(&self) -> bool {
        self.sets.len() == 1
    }

    /// All pictures of the group, in ascending order.
    pub fn members(&self) -> Vec<usize> {
        let mut members = self.sets.concat();
        members.sort_unstable();
        members
    }
}

/// Sorts pictures into groups: those that share a digest and, with a `radius`, those whose
/// perceptual hashes differ in at most so many of 64 bits from the hash of the group's first picture.
/// Pictures without a duplicate are in no group; groups come in the order of their first pictures.
///
/// Sharing a digest is passed on, looking similar is not: from the first picture on, each that is in
/// no group yet opens one and takes in what is near it and in none. So two pictures that are near
/// each other are in different groups where only one of them is near the first. Pictures that are
/// exactly the same stay together: they join a group when all their hashes are near its first.
///
/// ```
/// use gatefold::{Fingerprint, PerceptualHash, group_duplicates};
/// let pictures = [0b0000, !0, 0b0111, 0b111111].map(|bits| Fingerprint {
///     perceptual: Some(PerceptualHash::from_bits(bits)),
///     ..Fingerprint::default()
/// });
/// let groups = group_duplicates(&pictures, Some(3));
/// assert_eq!(groups[0].sets, [vec![0], vec![2]]);
/// assert_eq!(groups.len(), 1, "the last is near the third, but not the first");
/// ```
pub fn group_duplicates(pictures: &[Fingerprint], radius: Option<u32>) -> Vec<DuplicateGroup> {
    let sets = exact_sets(pictures);
    let groups = match radius {
        Some(radius) => near_groups(pictures, &sets, radius),
        None => (0..sets.len()).map(|set| vec![set]).collect(),
    };
    let mut sets: Vec<Option<Vec<usize>>> = sets.into_iter().map(Some).collect();
    groups
        .into_iter()
        .map(|group| group.into_iter().filter_map(|set| sets[set].take()).collect())
        .filter(|sets: &Vec<Vec<usize>>| sets.iter().map(Vec::len).sum::<usize>() > 1)
        .map(|sets| DuplicateGroup { sets })
        .collect()
}

/// Pictures that share digests, also through others, in the order of their first ones.
fn exact_sets(pictures: &[Fingerprint]) -> Vec<Vec<usize>> {
    let mut exact = Sets::new(pictures.len());
    let mut first_with = HashMap::new();
    for (index, picture) in pictures.iter().enumerate() {
        for digest in &picture.digests {
            exact.join(index, *first_with.entry(*digest).or_insert(index));
        }
    }
    // Roots are the smallest members, so walking upwards meets every set in order.
    let mut sets: Vec<Vec<usize>> = vec![Vec::new(); pictures.len()];
    for index in 0..pictures.len() {
        sets[exact.root(index)].push(index);
    }
    sets.retain(|set| !set.is_empty());
    sets
}

/// Sets, by their numbers, in groups: each opened by the first that is left, with those near its
/// first picture, in ascending order.
fn near_groups(pictures: &[Fingerprint], sets: &[Vec<usize>], radius: u32) -> Vec<Vec<usize>> {
    let hashes: Vec<Vec<PerceptualHash>> = sets
        .iter()
        .map(|set| {
            let mut hashes: Vec<_> =
                set.iter().filter_map(|&index| pictures[index].perceptual).collect();
            // As a rule they are equal.
            hashes.dedup();
            hashes
        })
        .collect();
    // One key per different hash: a thousand flat pictures are one answer, not a thousand.
    let mut numbers = HashMap::new();
    let mut left: Vec<(PerceptualHash, Vec<usize>)> = Vec::new();
    for (set, hashes) in hashes.iter().enumerate() {
        for &hash in hashes {
            let number = *numbers.entry(hash).or_insert_with(|| {
                left.push((hash, Vec::new()));
                left.len() - 1
            });
            left[number].1.push(set);
        }
    }
    let mut index: HammingIndex<usize> =
        left.iter().enumerate().map(|(number, (hash, _))| (*hash, number)).collect();

    let mut grouped = vec![false; sets.len()];
    let mut groups = Vec::new();
    for (set, members) in sets.iter().enumerate() {
        if grouped[set] {
            continue;
        }
        let mut group = vec![set];
        grouped[set] = true;
        if let Some(first) = pictures[members[0]].perceptual {
            for (_, number) in index.within(first, radius) {
                let (hash, waiting) = &mut left[number];
                waiting.retain(|&other| {
                    let near = hashes[other].iter().all(|hash| hash.distance(first) <= radius);
                    if near && !grouped[other] {
                        grouped[other] = true;
                        group.push(other);
                    }
                    !grouped[other]
                });
                // What is in a group is not found again, so that chains of similar pictures cost
                // what others do.
                if waiting.is_empty() {
                    index.remove(*hash, number);
                }
            }
        }
        group.sort_unstable();
        groups.push(group);
    }
    groups
}

/// Disjoint sets; the smallest member is the root.
struct Sets(Vec<usize>);

impl Sets {
    fn new(len: usize) -> Self {
        Self((0..len).collect())
    }

    fn root(&mut self, mut index: usize) -> usize {
        // Path halving keeps later walks short.
        while self.0[index] != index {
            self.0[index] = self.0[self.0[index]];
            index = self.0[index];
        }
        index
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}
