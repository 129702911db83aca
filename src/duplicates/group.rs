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
    /// Pictures in one set are exactly the same; different sets look similar. Every set is in
    /// ascending order, and so are the sets by their first picture.
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
/// perceptual hashes differ in at most so many of 64 bits. Pictures without a duplicate are in no
/// group; groups come in the order of their first pictures.
///
/// Similarity is passed on: if a is near b and b is near c, all three are one group, however far a
/// is from c.
///
/// ```
/// use gatefold::{Fingerprint, PerceptualHash, group_duplicates};
/// let pictures = [0b0000, !0, 0b0111].map(|bits| Fingerprint {
///     perceptual: Some(PerceptualHash::from_bits(bits)),
///     ..Fingerprint::default()
/// });
/// let groups = group_duplicates(&pictures, Some(10));
/// assert_eq!(groups[0].sets, [vec![0], vec![2]]);
/// assert_eq!(groups.len(), 1);
/// ```
pub fn group_duplicates(pictures: &[Fingerprint], radius: Option<u32>) -> Vec<DuplicateGroup> {
    let mut exact = Sets::new(pictures.len());
    let mut first_with = HashMap::new();
    for (index, picture) in pictures.iter().enumerate() {
        for digest in &picture.digests {
            exact.join(index, *first_with.entry(*digest).or_insert(index));
        }
    }

    let mut near = exact.clone();
    if let Some(radius) = radius {
        // One key per different hash: a thousand copies of a picture are one question, not a million
        // pairs.
        let mut first_with = HashMap::new();
        let mut index_of_hashes = HammingIndex::new();
        for (index, hash) in
            pictures.iter().enumerate().filter_map(|(i, p)| Some((i, p.perceptual?)))
        {
            let first = *first_with.entry(hash).or_insert(index);
            near.join(index, first);
            if first == index {
                for (_, other) in index_of_hashes.within(hash, radius) {
                    near.join(index, other);
                }
                index_of_hashes.insert(hash, index);
            }
        }
    }

    // Roots are the smallest members, so walking upwards meets every set and group in order.
    let mut sets: Vec<Vec<usize>> = vec![Vec::new(); pictures.len()];
    for index in 0..pictures.len() {
        sets[exact.root(index)].push(index);
    }
    let mut groups: Vec<Vec<Vec<usize>>> = vec![Vec::new(); pictures.len()];
    for (root, set) in sets.into_iter().enumerate().filter(|(_, set)| !set.is_empty()) {
        groups[near.root(root)].push(set);
    }
    groups
        .into_iter()
        .filter(|sets| sets.iter().map(Vec::len).sum::<usize>() > 1)
        .map(|sets| DuplicateGroup { sets })
        .collect()
}

/// Disjoint sets; the smallest member is the root.
#[derive(Clone)]
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
