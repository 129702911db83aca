use gatefold::service::{Assets, Change, NewAsset, Settings, Spooled, Surface};
use gatefold::{OutputFormat, Pipeline, Policy, RenditionSpec, Upload};

use crate::common::{file, in_memory, on_disk, store};

#[tokio::test]
async fn a_rendition_is_what_the_pipeline_makes() {
    let (assets, _) = in_memory().await;
    let stored = store(&assets, Surface::Moov, "jpeg/baseline-420.jpg").await.unwrap();
    let spec = RenditionSpec::cover(40, 30);
    let served = assets.rendition(&stored, &spec).await.unwrap();
    assert_eq!(served.media_type, "image/jpeg");
    assert_eq!(served.etag, assets.rendition_etag(&stored, &spec).unwrap());

    let original = assets.original_bytes(&stored, None).await.unwrap();
    // Nothing but renditions: with colours, pixels would be there to make them of.
    let pipeline = Pipeline::builder(Policy::default())
        .rendition(spec)
        .image_colors(false)
        .perceptual_hash(false)
        .build()
        .unwrap();
    let report = pipeline.process(&Upload::new(original.as_ref())).unwrap();
    assert_eq!(served.bytes, report.renditions()[0].bytes());
}

#[tokio::test]
async fn what_the_policy_forbids_is_refused() {
    let (assets, _) = in_memory().await;
    let stored = store(&assets, Surface::Moov, "png/rgb.png").await.unwrap();
    for spec in [RenditionSpec::cover(0, 0), RenditionSpec::cover(2049, 10)] {
        assert_eq!(assets.rendition(&stored, &spec).await.unwrap_err().code(), "invalid");
    }
}

#[tokio::test]
async fn entity_tags_tell_everything_apart() {
    let (assets, _) = in_memory().await;
    let stored = store(&assets, Surface::Moov, "png/rgba.png").await.unwrap();
    let spec = RenditionSpec::cover(20, 20);
    let variants = [
        spec,
        RenditionSpec::cover(20, 21),
        RenditionSpec::contain(20, 20),
        spec.format(OutputFormat::Jpeg),
        spec.quality(50),
        spec.background([0, 0, 0]),
    ];
    let tags: std::collections::BTreeSet<_> =
        variants.iter().map(|spec| assets.rendition_etag(&stored, spec).unwrap()).collect();
    assert_eq!(tags.len(), variants.len());
}

#[tokio::test]
async fn a_replaced_image_serves_its_new_pixels_under_a_new_tag() {
    let (assets, _) = in_memory().await;
    let stored = store(&assets, Surface::Moov, "png/rgb.png").await.unwrap();
    let spec = RenditionSpec::cover(8, 8);
    let before = assets.rendition(&stored, &spec).await.unwrap();
    let body = Spooled::of(file("jpeg/baseline-420.jpg"));
    let new = NewAsset::new("shop", Surface::Moov);
    let replaced = assets.replace(stored.id, new, Change::Keep, body).await.unwrap();
    let after = assets.rendition(&replaced, &spec).await.unwrap();
    assert_ne!(before.etag, after.etag);
    assert_ne!(before.bytes, after.bytes);
}

#[tokio::test]
async fn finished_renditions_are_kept_under_a_cap_and_survive_a_restart() {
    let (directory, assets, clock) = on_disk().await;
    let stored = store(&assets, Surface::Moov, "jpeg/baseline-420.jpg").await.unwrap();
    let kept = || {
        let folders = std::fs::read_dir(directory.path().join("renditions")).unwrap();
        folders
            .map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap().count())
            .sum::<usize>()
    };
    let mut sizes = 0;
    for side in 10..20 {
        clock.advance(std::time::Duration::from_secs(1));
        let spec = RenditionSpec::cover(side, side);
        sizes += assets.rendition(&stored, &spec).await.unwrap().bytes.len() as u64;
    }
    assert_eq!(kept(), 10);
    assets.close().await;
    drop(assets);

    let settings = Settings { rendition_cache: sizes / 2, ..Settings::default() };
    let assets = Assets::open(directory.path(), settings).await.unwrap();
    assets.sweep().await.unwrap();
    let left = kept();
    assert!((1..=6).contains(&left), "{left}");
    // The latest is still there: without the original it can be served all the same.
    for blob in crate::common::blobs(directory.path()) {
        std::fs::remove_file(blob).unwrap();
    }
    assert!(assets.rendition(&stored, &RenditionSpec::cover(19, 19)).await.is_ok());
    assert!(assets.rendition(&stored, &RenditionSpec::cover(10, 10)).await.is_err());
}
