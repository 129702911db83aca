//! What every duplicate index promises, asked of the in-memory one.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use gatefold::{
    ByteDigest, Digest, DuplicateIndex, Known, MemoryIndex, PerceptualHash, PixelDigest,
    Reservation, Reserve,
};

fn digest(of: &str) -> Digest {
    ByteDigest::of(of.as_bytes()).into()
}

fn digests<const N: usize>(of: [&str; N]) -> [Digest; N] {
    of.map(digest)
}

fn index() -> Arc<dyn DuplicateIndex> {
    Arc::new(MemoryIndex::new())
}

#[track_caller]
fn reserved(answer: Reserve) -> Reservation {
    match answer {
        Reserve::Reserved(reservation) => reservation,
        Reserve::Known(known) => panic!("{known:?} was in the way"),
    }
}

#[track_caller]
fn known(answer: Reserve) -> Known {
    match answer {
        Reserve::Known(known) => known,
        Reserve::Reserved(_) => panic!("nothing was known"),
    }
}

#[track_caller]
fn store(index: &dyn DuplicateIndex, scope: &str, digests: &[Digest], id: &str) {
    reserved(index.reserve(scope, digests, "upload", None).unwrap()).commit(id).unwrap();
}

fn owner(index: &dyn DuplicateIndex, scope: &str, of: &str) -> Option<String> {
    index.lookup(scope, &[digest(of)]).unwrap().map(|known| known.id)
}

#[test]
fn of_64_equal_uploads_at_once_one_is_new() {
    let index = index();
    for round in 0..20 {
        let digests = [digest(&format!("bytes {round}")), digest(&format!("image {round}"))];
        let start = Barrier::new(64);
        let new = AtomicUsize::new(0);
        std::thread::scope(|threads| {
            for thread in 0..64 {
                let (index, start, new) = (&index, &start, &new);
                threads.spawn(move || {
                    start.wait();
                    // Half of them know the file by one of its digests only.
                    let mine = &digests[..=thread % 2];
                    let id = format!("{round}-{thread}");
                    match index.reserve("", mine, &id, None).unwrap() {
                        Reserve::Reserved(reservation) => {
                            new.fetch_add(1, Ordering::Relaxed);
                            reservation.commit(&id).unwrap();
                        }
                        Reserve::Known(known) => {
                            assert!(known.id.starts_with(&format!("{round}-")));
                        }
                    }
                });
            }
        });
        assert_eq!(new.into_inner(), 1);
    }
}

#[test]
fn threads_that_give_up_leave_nothing_behind() {
    let index = MemoryIndex::new();
    std::thread::scope(|threads| {
        for thread in 0..8 {
            let index = &index;
            threads.spawn(move || {
                for round in 0..500 {
                    let mine = [digest(&format!("{}", (thread + round) % 5))];
                    if let Reserve::Reserved(mut reservation) =
                        index.reserve("", &mine, "x", None).unwrap()
                    {
                        reservation.extend(&[digest(&format!("more {round}"))]).unwrap();
                    }
                }
            });
        }
    });
    assert!(index.is_empty());
}

#[test]
fn a_dropped_reservation_is_given_back() {
    let index = index();
    let both = digests(["bytes", "image"]);
    let reservation = reserved(index.reserve("", &both, "first", None).unwrap());
    let in_the_way = known(index.reserve("", &both[1..], "second", None).unwrap());
    assert_eq!(in_the_way, Known { id: "first".to_owned(), committed: false });
    drop(reservation);
    let _again = reserved(index.reserve("", &both, "second", None).unwrap());
}

#[test]
fn a_committed_image_is_known_by_its_final_id_until_it_is_released() {
    let index = index();
    let both = digests(["bytes", "image"]);
    store(&*index, "", &both, "image 1");
    let found = Known { id: "image 1".to_owned(), committed: true };
    assert_eq!(index.lookup("", &both[1..]).unwrap(), Some(found.clone()));
    assert_eq!(known(index.reserve("", &both, "upload 2", None).unwrap()), found);
    assert!(!index.release("", "upload").unwrap(), "the provisional id is gone");
    assert!(index.release("", "image 1").unwrap());
    assert!(!index.release("", "image 1").unwrap());
    assert_eq!(index.lookup("", &both).unwrap(), None);
}

#[test]
fn a_refused_upload_takes_nothing() {
    let index = index();
    store(&*index, "", &digests(["image"]), "image 1");
    known(index.reserve("", &digests(["new bytes", "image"]), "upload", None).unwrap());
    assert_eq!(owner(&*index, "", "new bytes"), None);
}

#[test]
fn a_stored_image_answers_before_a_reservation() {
    let index = index();
    let _pending = reserved(index.reserve("", &digests(["bytes"]), "pending", None).unwrap());
    store(&*index, "", &digests(["image"]), "stored");
    let answer = index.lookup("", &digests(["bytes", "image"])).unwrap().unwrap();
    assert_eq!(answer, Known { id: "stored".to_owned(), committed: true });
}

#[test]
fn digests_learnt_later_join_the_reservation() {
    let index = index();
    let pixels: Digest = PixelDigest::from_bytes([7; 32]).into();
    let mut first = reserved(index.reserve("", &digests(["png"]), "png", None).unwrap());
    let mut second = reserved(index.reserve("", &digests(["webp"]), "webp", None).unwrap());
    assert_eq!(first.extend(&[pixels]).unwrap(), None);
    assert_eq!(first.extend(&[pixels]).unwrap(), None, "its own digest is no obstacle");
    let in_the_way = second.extend(&[digest("extra"), pixels]).unwrap().unwrap();
    assert_eq!(in_the_way.id, "png");
    assert_eq!(owner(&*index, "", "extra"), None, "all are taken or none");
    second.commit("second").unwrap();
    drop(first);
    assert_eq!(owner(&*index, "", "webp").as_deref(), Some("second"));
    assert_eq!(index.lookup("", &[pixels]).unwrap(), None);
}

#[test]
fn an_image_replaced_by_itself_is_no_duplicate() {
    let index = index();
    let both = digests(["bytes", "image"]);
    store(&*index, "", &both, "image 1");
    let retry = reserved(index.reserve("", &both, "upload", Some("image 1")).unwrap());
    assert_eq!(owner(&*index, "", "bytes").as_deref(), Some("image 1"));
    known(index.reserve("", &both, "upload", Some("image 2")).unwrap());
    retry.commit("image 1").unwrap();
    assert_eq!(owner(&*index, "", "image").as_deref(), Some("image 1"));
}

#[test]
fn a_replaced_image_gives_up_its_digests_with_the_commit_and_not_before() {
    let index = index();
    store(&*index, "", &digests(["old bytes", "image"]), "image 1");
    let replacing = digests(["new bytes", "image"]);
    drop(reserved(index.reserve("", &replacing, "upload", Some("image 1")).unwrap()));
    assert_eq!(owner(&*index, "", "image").as_deref(), Some("image 1"));
    assert_eq!(owner(&*index, "", "new bytes"), None);
    let replacement = reserved(index.reserve("", &replacing, "upload", Some("image 1")).unwrap());
    assert_eq!(owner(&*index, "", "old bytes").as_deref(), Some("image 1"));
    replacement.commit("image 1").unwrap();
    assert_eq!(owner(&*index, "", "old bytes"), None);
    assert_eq!(owner(&*index, "", "image").as_deref(), Some("image 1"));
    assert_eq!(owner(&*index, "", "new bytes").as_deref(), Some("image 1"));
}

#[test]
fn two_equal_replacements_of_one_image_do_not_hinder_each_other() {
    let index = index();
    store(&*index, "", &digests(["old"]), "image 1");
    let new = digests(["new"]);
    let first = reserved(index.reserve("", &new, "upload 1", Some("image 1")).unwrap());
    let second = reserved(index.reserve("", &new, "upload 2", Some("image 1")).unwrap());
    known(index.reserve("", &new, "upload 3", None).unwrap());
    first.commit("image 1").unwrap();
    second.commit("image 1").unwrap();
    assert_eq!(owner(&*index, "", "new").as_deref(), Some("image 1"));
    assert!(index.release("", "image 1").unwrap());
    assert_eq!(owner(&*index, "", "new"), None);
}

#[test]
fn an_image_deleted_while_it_is_replaced_leaves_its_digests_to_the_replacement() {
    let index = index();
    store(&*index, "", &digests(["same"]), "image 1");
    let replacement =
        reserved(index.reserve("", &digests(["same"]), "upload", Some("image 1")).unwrap());
    assert!(index.release("", "image 1").unwrap());
    known(index.reserve("", &digests(["same"]), "other", None).unwrap());
    replacement.commit("image 1").unwrap();
    assert_eq!(owner(&*index, "", "same").as_deref(), Some("image 1"));
}

#[test]
fn of_two_images_under_one_id_the_later_counts() {
    let index = index();
    store(&*index, "", &digests(["one"]), "image");
    store(&*index, "", &digests(["two"]), "image");
    assert_eq!(owner(&*index, "", "one"), None);
    assert_eq!(owner(&*index, "", "two").as_deref(), Some("image"));
}

#[test]
fn scopes_know_nothing_of_each_other() {
    let index = index();
    store(&*index, "a", &digests(["same"]), "image");
    assert_eq!(owner(&*index, "b", "same"), None);
    store(&*index, "b", &digests(["same"]), "image");
    assert!(index.release("a", "image").unwrap());
    assert_eq!(owner(&*index, "b", "same").as_deref(), Some("image"));
}

#[test]
fn near_images_come_nearest_first_then_by_id() {
    let index = index();
    let store = |id: &str, bits: u64| {
        let mut reservation = reserved(index.reserve("", &digests([id]), id, None).unwrap());
        reservation.set_perceptual(Some(PerceptualHash::from_bits(bits)));
        assert_eq!(near(&*index, bits, 0), Vec::<(String, u32)>::new(), "not before the commit");
        reservation.commit(id).unwrap();
    };
    store("far", 0xff);
    store("d", 0b0001);
    store("b", 0b0011);
    store("c", 0b0101);
    store("a", 0b1001);
    let expected = [("d", 1), ("a", 2), ("b", 2), ("c", 2)].map(|(id, d)| (id.to_owned(), d));
    assert_eq!(near(&*index, 0, 7), expected);
    assert_eq!(near(&*index, 0, 1), expected[..1]);
    assert!(index.near("other scope", PerceptualHash::from_bits(0), 64).unwrap().is_empty());
    index.release("", "d").unwrap();
    assert_eq!(near(&*index, 0, 1), []);
}

fn near(index: &dyn DuplicateIndex, bits: u64, radius: u32) -> Vec<(String, u32)> {
    let found = index.near("", PerceptualHash::from_bits(bits), radius).unwrap();
    found.into_iter().map(|near| (near.id, near.distance)).collect()
}

#[test]
fn a_replacement_takes_the_hash_of_the_old_image_away() {
    let index = index();
    for (bytes, bits, replaces) in [("old", 0, None), ("new", u64::MAX, Some("image"))] {
        let answer = index.reserve("", &digests([bytes]), "upload", replaces).unwrap();
        let mut reservation = reserved(answer);
        reservation.set_perceptual(Some(PerceptualHash::from_bits(bits)));
        reservation.commit("image").unwrap();
    }
    assert_eq!(near(&*index, 0, 10), []);
    assert_eq!(near(&*index, u64::MAX, 0), [("image".to_owned(), 0)]);
}
