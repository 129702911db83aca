//! One upload the whole way: digests, duplicates, colours, renditions, the sanitised original.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod make;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use gatefold::{
    Cancellation, DuplicateRule, Error, Format, MemoryIndex, Pipeline, Policy, RenditionSpec, Size,
    Upload,
};

fn moov(index: &Arc<MemoryIndex>) -> Pipeline {
    Pipeline::builder(Policy::moov()).duplicates(index.clone()).build().unwrap()
}

#[test]
fn two_threads_with_the_same_bytes_one_is_new() {
    let png = make::png(40, 40, 1);
    for _ in 0..20 {
        let pipeline = moov(&Arc::new(MemoryIndex::new()));
        let (new, known) = (AtomicU32::new(0), AtomicU32::new(0));
        let barrier = std::sync::Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    barrier.wait();
                    let result = pipeline.process(&Upload::new(&png));
                    match &result {
                        Ok(_) => new.fetch_add(1, Ordering::SeqCst),
                        Err(error) if error.is_duplicate() => known.fetch_add(1, Ordering::SeqCst),
                        Err(error) => panic!("{error}"),
                    };
                    // Reports keep their reservation until everybody has asked.
                    barrier.wait();
                });
            }
        });
        assert_eq!((new.into_inner(), known.into_inner()), (1, 7));
    }
}

#[test]
fn a_dropped_report_releases_and_a_committed_one_is_known_by_its_id() {
    let index = Arc::new(MemoryIndex::new());
    let pipeline = moov(&index);
    let png = make::png(40, 40, 2);
    drop(pipeline.process(&Upload::new(&png)).unwrap());
    let mut report = pipeline.process(&Upload::new(&png)).unwrap();
    report.take_reservation().unwrap().commit("asset-7").unwrap();
    let error = pipeline.process(&Upload::new(&png)).unwrap_err();
    assert!(error.is_duplicate());
    assert!(error.to_string().contains("asset-7"), "{error}");
}

#[test]
fn a_damaged_upload_claims_nothing() {
    let index = Arc::new(MemoryIndex::new());
    let pipeline = moov(&index);
    let png = make::png(40, 40, 3);
    let cut = &png[..png.len() - 20];
    for _ in 0..2 {
        assert_eq!(pipeline.process(&Upload::new(cut)).unwrap_err().code(), "truncated");
    }
}

#[test]
fn other_metadata_is_the_same_image_other_orientation_is_not() {
    let jpeg = make::jpeg(64, 48, 4);
    let digest = |bytes: &[u8]| {
        let pipeline = Pipeline::builder(Policy::default()).build().unwrap();
        *pipeline.process(&Upload::new(bytes)).unwrap().digests()
    };
    let plain = digest(&jpeg);
    let described = digest(&make::with_segment(&jpeg, 0xe1, &make::exif(1, "by the sea")));
    let commented = digest(&make::with_segment(&jpeg, 0xfe, b"made with care"));
    let turned = digest(&make::with_segment(&jpeg, 0xe1, &make::exif(6, "by the sea")));
    assert_eq!(plain.image, described.image);
    assert_eq!(plain.image, commented.image);
    assert_ne!(plain.bytes, described.bytes);
    assert_ne!(plain.image, turned.image);
}

#[test]
fn the_same_pixels_in_two_formats_are_one_image_where_the_policy_asks() {
    let (png, webp) = (make::png(70, 50, 5), make::webp(70, 50, 5));
    let index = Arc::new(MemoryIndex::new());
    let policy = Policy::default().duplicates(DuplicateRule::Reject);
    let pipeline =
        |policy: Policy| Pipeline::builder(policy).duplicates(index.clone()).build().unwrap();
    let asked = pipeline(policy.clone().pixel_digest(true));
    asked.process(&Upload::new(&png)).unwrap().take_reservation().unwrap().commit("png").unwrap();
    assert!(asked.process(&Upload::new(&webp)).unwrap_err().is_duplicate());
    let unasked = pipeline(policy).process(&Upload::new(&webp)).unwrap();
    assert_eq!(unasked.digests().pixels, None);
}

#[test]
fn near_duplicates_are_reported_by_the_index_and_never_rejected() {
    let index = Arc::new(MemoryIndex::new());
    let pipeline = moov(&index);
    let mut first = pipeline.process(&Upload::new(make::jpeg(256, 192, 6))).unwrap();
    first.take_reservation().unwrap().commit("first").unwrap();
    let again = make::jpeg_with(256, 192, 6, 50, |encoder| encoder.set_progressive(true));
    let report = pipeline.process(&Upload::new(again)).unwrap();
    let hash = report.digests().perceptual.expect("a picture with detail");
    let near = gatefold::DuplicateIndex::near(&*index, "", hash, 10).unwrap();
    assert_eq!(near.iter().map(|near| near.id.as_str()).collect::<Vec<_>>(), ["first"]);
}

#[test]
fn renditions_come_in_the_order_asked_for_and_are_never_enlarged() {
    let pipeline = Pipeline::builder(Policy::default())
        .rendition("20x10".parse().unwrap())
        .rendition("0x30".parse().unwrap())
        .rendition("400x400".parse().unwrap())
        .build()
        .unwrap();
    let report = pipeline.process(&Upload::new(make::jpeg(120, 60, 7))).unwrap();
    let made: Vec<_> = report.renditions().iter().map(|r| (r.size(), r.format())).collect();
    assert_eq!(
        made,
        [
            (Size::new(20, 10), Format::Jpeg),
            (Size::new(60, 30), Format::Jpeg),
            (Size::new(60, 60), Format::Jpeg)
        ]
    );
    for rendition in report.renditions() {
        let inspected = pipeline.check(&Upload::new(rendition.bytes())).unwrap();
        assert_eq!(inspected.size(), Some(rendition.size()));
        assert_eq!(inspected.structure().unwrap().metadata_bytes(), 0);
    }
}

#[test]
fn a_size_that_the_policy_forbids_is_a_configuration_error() {
    let spec: RenditionSpec = "4000x10".parse().unwrap();
    let error = Pipeline::builder(Policy::moov()).rendition(spec).build().unwrap_err();
    assert_eq!(error.code(), "config");
    assert!(error.to_string().contains("2048"), "{error}");
}

#[test]
fn a_turned_photograph_is_measured_and_shown_upright() {
    let turned = make::with_segment(&make::jpeg(60, 40, 8), 0xe1, &make::exif(6, "sideways"));
    let pipeline =
        Pipeline::builder(Policy::default()).rendition("0x30".parse().unwrap()).build().unwrap();
    let report = pipeline.process(&Upload::new(&turned)).unwrap();
    assert_eq!(report.size(), Size::new(40, 60));
    assert_eq!(report.renditions()[0].size(), Size::new(20, 30));
    let upright = pipeline.decode(&Upload::new(&turned)).unwrap();
    let stored = pipeline.decode_stored(&Upload::new(&turned)).unwrap();
    // Turned 90° clockwise: the first shown pixel is the first of the last stored row.
    let first = &upright.row(0).unwrap()[..3];
    assert_eq!(first, &stored.row(39).unwrap()[..3]);
}

#[test]
fn the_sanitised_original_is_the_same_image_without_its_metadata() {
    let secret = "taken at 52.5200 N 13.4050 E";
    let jpeg = make::with_segment(&make::jpeg(60, 40, 9), 0xe1, &make::exif(6, secret));
    let mut png = make::with_chunk(
        make::png(30, 20, 9),
        *b"tEXt",
        &[b"Location\0", secret.as_bytes()].concat(),
    );
    png.extend(b"PK\x03\x04 and more");
    let pipeline = Pipeline::builder(Policy::default()).build().unwrap();
    for bytes in [jpeg, png] {
        let upload = Upload::new(&bytes);
        let report = pipeline.process(&upload).unwrap();
        let clean = report.sanitized(&upload).unwrap();
        assert!(!clean.windows(secret.len()).any(|window| window == secret.as_bytes()));
        let again = pipeline.process(&Upload::new(&clean)).unwrap();
        assert!(again.findings().is_empty(), "{:?}", again.findings());
        assert_eq!(again.digests().image, report.digests().image);
        assert_eq!(again.size(), report.size());
        assert_eq!(again.sanitized(&Upload::new(&clean)).unwrap(), clean);
    }
}

#[test]
fn a_raised_flag_stops_the_work() {
    let stop = Cancellation::new();
    stop.cancel();
    let pipeline = Pipeline::builder(Policy::default()).build().unwrap();
    let png = make::png(200, 200, 1);
    let result = pipeline.process(&Upload::new(&png).cancelled_by(&stop));
    assert!(matches!(result, Err(Error::Cancelled)));
}

#[test]
fn a_rejection_keeps_what_is_known() {
    let png = make::png(30, 20, 1);
    let error = Pipeline::builder(Policy::audicient_release())
        .build()
        .unwrap()
        .check(&Upload::new(&png))
        .unwrap_err();
    let inspection = error.inspection().unwrap();
    assert_eq!(
        (inspection.format(), inspection.size()),
        (Some(Format::Png), Some(Size::new(30, 20)))
    );
    let codes: Vec<_> = inspection.findings().iter().map(gatefold::Finding::code).collect();
    assert_eq!(codes, ["side_too_short", "not_square"]);
}
