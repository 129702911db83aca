//! The search for near hashes against comparing with all of them, and grouping.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use gatefold::{
    ByteDigest, DuplicateGroup, Fingerprint, HammingIndex, PerceptualHash, group_duplicates,
};

fn random(state: &mut u64) -> u64 {
    // SplitMix64.
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Half of the hashes anywhere, half a few bits from one of some centres.
fn hashes(count: usize) -> Vec<u64> {
    let mut state = count as u64;
    let centres: Vec<u64> = (0..50).map(|_| random(&mut state)).collect();
    (0..count)
        .map(|i| {
            if i % 2 == 0 {
                return random(&mut state);
            }
            let flips = random(&mut state) % 14;
            (0..flips).fold(centres[i % 50], |hash, _| hash ^ 1 << (random(&mut state) % 64))
        })
        .collect()
}

#[test]
fn near_search_equals_comparing_with_all_at_every_radius() {
    // Below and above the size from which there are tables.
    for count in [0, 1, 500, 40_000] {
        let hashes = hashes(count);
        let mut index = HammingIndex::new();
        for (key, bits) in hashes.iter().enumerate() {
            index.insert(PerceptualHash::from_bits(*bits), key);
        }
        assert_eq!(index.len(), count);
        let mut state = 7;
        let questions = hashes.iter().take(4).copied().chain([random(&mut state), 0, u64::MAX]);
        for query in questions.collect::<Vec<_>>() {
            let mut expected: Vec<(u32, usize)> = hashes
                .iter()
                .enumerate()
                .map(|(key, bits)| ((bits ^ query).count_ones(), key))
                .collect();
            expected.sort_unstable();
            for radius in 0..=65 {
                let end = expected.partition_point(|(distance, _)| *distance <= radius);
                let found = index.within(PerceptualHash::from_bits(query), radius);
                assert_eq!(found, expected[..end], "{count} hashes, radius {radius}");
            }
        }
    }
}

#[test]
fn hashes_taken_out_are_not_found_with_tables_and_without() {
    let hashes = hashes(20_000);
    let mut index = HammingIndex::new();
    for (key, bits) in hashes.iter().enumerate() {
        index.insert(PerceptualHash::from_bits(*bits), key);
    }
    // A fifth leaves gaps in the tables; four fifths leave so little that there are none.
    for kept in [4, 3, 2, 1] {
        for (key, bits) in hashes.iter().enumerate().filter(|(key, _)| key % 5 == kept) {
            let hash = PerceptualHash::from_bits(*bits);
            assert!(index.remove(hash, key));
            assert!(!index.remove(hash, key));
        }
        assert_eq!(index.len(), kept * 4_000);
        for radius in [0, 5, 10, 25, 64] {
            let query = hashes[0];
            let left = hashes.iter().enumerate().filter(|(key, _)| key % 5 < kept);
            let mut expected: Vec<(u32, usize)> = left
                .map(|(key, bits)| ((bits ^ query).count_ones(), key))
                .filter(|(distance, _)| *distance <= radius)
                .collect();
            expected.sort_unstable();
            let found = index.within(PerceptualHash::from_bits(query), radius);
            assert_eq!(found, expected, "{kept} fifths left, radius {radius}");
        }
    }
}

#[test]
fn a_collected_index_answers_as_one_filled_in_turn() {
    let pairs: Vec<_> =
        hashes(17_000).into_iter().map(PerceptualHash::from_bits).zip(0..).collect();
    let collected: HammingIndex<u32> = pairs.iter().copied().collect();
    let mut filled = HammingIndex::new();
    for (hash, key) in &pairs {
        filled.insert(*hash, *key);
    }
    assert_eq!(collected.len(), filled.len());
    assert_eq!(collected.within(pairs[1].0, 12), filled.within(pairs[1].0, 12));
}

fn fingerprint(of: &[&str], bits: Option<u64>) -> Fingerprint {
    Fingerprint {
        digests: of.iter().map(|name| ByteDigest::of(name.as_bytes()).into()).collect(),
        perceptual: bits.map(PerceptualHash::from_bits),
    }
}

#[test]
fn groups_are_exact_inside_and_near_between() {
    let pictures = [
        fingerprint(&["alone"], Some(0xffff_ffff)),
        fingerprint(&["b1", "image b"], Some(0)),
        fingerprint(&["flat"], None),
        fingerprint(&["near b"], Some(0b11)),
        fingerprint(&["b2", "image b"], Some(0)),
        fingerprint(&["flat again"], None),
        fingerprint(&["c"], Some(u64::MAX)),
        fingerprint(&["c"], Some(u64::MAX)),
        fingerprint(&["near near b"], Some(0b1111)),
    ];
    let exact = group_duplicates(&pictures, None);
    assert!(exact.iter().all(DuplicateGroup::is_exact));
    assert_eq!(exact.iter().map(DuplicateGroup::members).collect::<Vec<_>>(), [[1, 4], [6, 7]]);
    let near = group_duplicates(&pictures, Some(2));
    assert_eq!(near.len(), 2);
    // "near near b" is near "near b", but not the first of the group.
    assert_eq!(near[0].sets, [vec![1, 4], vec![3]]);
    assert_eq!(near[0].members(), [1, 3, 4]);
    let wide = group_duplicates(&pictures, Some(4));
    assert_eq!(wide[0].sets, [vec![1, 4], vec![3], vec![8]]);
    assert!(!near[0].is_exact() && near[1].is_exact());
    assert!(group_duplicates(&[], Some(10)).is_empty());
}

#[test]
fn equal_hashes_without_equal_digests_are_near() {
    let pictures = [fingerprint(&["a"], Some(5)), fingerprint(&["b"], Some(5))];
    assert_eq!(group_duplicates(&pictures, Some(0))[0].sets, [vec![0], vec![1]]);
}

#[test]
fn pictures_that_are_exactly_the_same_are_not_torn_apart() {
    let pictures = [
        fingerprint(&["a"], Some(0)),
        fingerprint(&["b1", "b"], Some(0b11)),
        fingerprint(&["b2", "b"], Some(0b1111)),
        fingerprint(&["c1", "c"], Some(0b1)),
        fingerprint(&["c2", "c"], None),
    ];
    // One of b is too far from a, so none of them joins it; what has no hash goes with its set.
    let groups = group_duplicates(&pictures, Some(2));
    assert_eq!(groups[0].sets, [vec![0], vec![3, 4]]);
    assert_eq!(groups[1].sets, [vec![1, 2]]);
    assert_eq!(groups.len(), 2);
}

/// What the documentation says, word for word.
fn groups_by_comparing_all(bits: &[u64], radius: u32) -> Vec<Vec<usize>> {
    let mut grouped = vec![false; bits.len()];
    let mut groups = Vec::new();
    for first in 0..bits.len() {
        if grouped[first] {
            continue;
        }
        let near = |at: &usize| (bits[*at] ^ bits[first]).count_ones() <= radius;
        let group: Vec<usize> =
            (first..bits.len()).filter(|at| !grouped[*at] && near(at)).collect();
        for at in &group {
            grouped[*at] = true;
        }
        if group.len() > 1 {
            groups.push(group);
        }
    }
    groups
}

#[test]
fn every_member_of_a_group_is_within_the_radius_of_its_first() {
    // Below and above the size from which the index has tables.
    for (count, radii) in [(2_000, &[0, 4, 10, 24, 64][..]), (16_500, &[10])] {
        let bits = hashes(count);
        let pictures: Vec<Fingerprint> =
            bits.iter().map(|bits| fingerprint(&[], Some(*bits))).collect();
        for radius in radii {
            let groups = group_duplicates(&pictures, Some(*radius));
            let members: Vec<_> = groups.iter().map(DuplicateGroup::members).collect();
            assert_eq!(members, groups_by_comparing_all(&bits, *radius), "{count}, {radius}");
        }
    }
}

#[test]
fn a_chain_of_similar_pictures_is_cut_where_it_leaves_the_radius() {
    // Each differs in 3 bits from the one before; the last in 60 from the first.
    let pictures: Vec<Fingerprint> =
        (0..21).map(|link| fingerprint(&[], Some((1_u64 << (3 * link)) - 1))).collect();
    let groups = group_duplicates(&pictures, Some(10));
    let members: Vec<_> = groups.iter().map(DuplicateGroup::members).collect();
    assert_eq!(members[0], [0, 1, 2, 3]);
    assert_eq!(members[1], [4, 5, 6, 7]);
    assert_eq!(members.concat(), (0..20).collect::<Vec<_>>());
}
