use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use gatefold::service::{Assets, Change, NewAsset, ServiceError, Settings, Spooled, Surface};
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

/// A service on this directory that keeps nothing in memory.
async fn reopened(directory: &Path, rendition_cache: u64) -> Assets {
    let settings = Settings { rendition_cache, hot_cache: 0, ..Settings::default() };
    Assets::open(directory, settings).await.unwrap()
}

/// The files of kept renditions.
fn kept(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in std::fs::read_dir(directory.join("renditions")).unwrap() {
        let folder = folder.unwrap();
        if folder.file_name().len() == 3 {
            let files = std::fs::read_dir(folder.path()).unwrap();
            found.extend(files.map(|file| file.unwrap().path()));
        }
    }
    found.sort();
    found
}

fn lose_originals(directory: &Path) {
    for blob in crate::common::blobs(directory) {
        std::fs::remove_file(blob).unwrap();
    }
}

/// Makes files look as if they were written a day ago.
fn age(files: &[PathBuf]) {
    let then = SystemTime::now() - Duration::from_secs(24 * 3600);
    for file in files {
        File::options().write(true).open(file).unwrap().set_modified(then).unwrap();
    }
}

#[tokio::test]
async fn kept_renditions_survive_a_restart_and_reading_one_writes_nothing() {
    let (directory, assets, _) = on_disk().await;
    let stored = store(&assets, Surface::Moov, "jpeg/baseline-420.jpg").await.unwrap();
    let spec = RenditionSpec::cover(10, 10);
    let made = assets.rendition(&stored, &spec).await.unwrap();
    assets.close().await;
    drop(assets);

    let assets = reopened(directory.path(), 1 << 30).await;
    lose_originals(directory.path());
    let [file] = <[PathBuf; 1]>::try_from(kept(directory.path())).unwrap();
    age(std::slice::from_ref(&file));
    let state = || {
        let wal = std::fs::metadata(directory.path().join("catalog.sqlite-wal"));
        let file = std::fs::metadata(&file).unwrap();
        (wal.map(|wal| wal.len()).ok(), file.modified().unwrap(), file.len())
    };
    let before = state();
    let served = assets.rendition(&stored, &spec).await.unwrap();
    assert_eq!((served.bytes, served.etag), (made.bytes, made.etag));
    assert_eq!(served.media_type, "image/jpeg");
    assert_eq!(state(), before);
}

#[tokio::test]
async fn a_rendition_that_is_cut_short_or_changed_is_made_again() {
    let (directory, assets, _) = on_disk().await;
    let stored = store(&assets, Surface::Moov, "jpeg/baseline-420.jpg").await.unwrap();
    let spec = RenditionSpec::cover(10, 10);
    let made = assets.rendition(&stored, &spec).await.unwrap();
    assets.close().await;
    drop(assets);

    let assets = reopened(directory.path(), 1 << 30).await;
    let [file] = <[PathBuf; 1]>::try_from(kept(directory.path())).unwrap();
    let whole = std::fs::read(&file).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    let mut longer = whole.clone();
    longer.push(0);
    let mut of_another_type = whole.clone();
    of_another_type[5] = 2;
    let cut = |length: usize| whole[..length].to_vec();
    let zeros = vec![0; whole.len()];
    for damaged in [
        cut(0),
        cut(1),
        cut(16),
        cut(47),
        cut(48),
        cut(whole.len() - 1),
        changed,
        longer,
        of_another_type,
        zeros,
    ] {
        std::fs::write(&file, &damaged).unwrap();
        let served = assets.rendition(&stored, &spec).await.unwrap();
        assert_eq!((&served.bytes, served.media_type), (&made.bytes, "image/jpeg"));
        assert_eq!(std::fs::read(&file).unwrap(), whole, "{} bytes", damaged.len());
    }
    // Without the original nothing can be made, and what is damaged is still not served.
    std::fs::write(&file, cut(48)).unwrap();
    lose_originals(directory.path());
    assert!(assets.rendition(&stored, &spec).await.is_err());
}

#[tokio::test]
async fn the_least_recently_used_are_given_up_past_a_cap_on_what_the_disk_holds() {
    let (directory, assets, _) = on_disk().await;
    let stored = store(&assets, Surface::Moov, "jpeg/baseline-420.jpg").await.unwrap();
    for side in 10..50 {
        assets.rendition(&stored, &RenditionSpec::cover(side, side)).await.unwrap();
    }
    assets.close().await;
    drop(assets);
    let all = kept(directory.path());
    assert_eq!(all.len(), 40);
    let held = || -> u64 {
        let files = kept(directory.path());
        let folders: BTreeSet<_> = files.iter().filter_map(|file| file.parent()).collect();
        let all = files.iter().map(PathBuf::as_path).chain(folders.iter().copied());
        all.map(on_disk_bytes).sum()
    };
    let cap = held() + 4096;

    age(&all);
    let assets = reopened(directory.path(), cap).await;
    // Read since: in use, whatever the file's time says.
    let used = RenditionSpec::cover(12, 12);
    assets.rendition(&stored, &used).await.unwrap();
    // These are too many for the cap.
    let newest = RenditionSpec::cover(59, 59);
    for side in 50..60 {
        assets.rendition(&stored, &RenditionSpec::cover(side, side)).await.unwrap();
    }
    assets.sweep().await.unwrap();
    let left = kept(directory.path()).len();
    assert!(held() <= cap, "{} of {cap}", held());
    assert!((35..=41).contains(&left), "{left}");

    lose_originals(directory.path());
    assert!(assets.rendition(&stored, &used).await.is_ok());
    assert!(assets.rendition(&stored, &newest).await.is_ok());
}

#[cfg(unix)]
fn on_disk_bytes(file: &Path) -> u64 {
    std::os::unix::fs::MetadataExt::blocks(&std::fs::metadata(file).unwrap()) * 512
}

#[cfg(not(unix))]
fn on_disk_bytes(file: &Path) -> u64 {
    std::fs::metadata(file).unwrap().len()
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_what_is_kept() {
    use std::os::unix::fs::PermissionsExt;
    let (directory, assets, _) = on_disk().await;
    let stored = store(&assets, Surface::Moov, "png/rgb.png").await.unwrap();
    assets.rendition(&stored, &RenditionSpec::cover(9, 9)).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let [file] = <[PathBuf; 1]>::try_from(kept(directory.path())).unwrap();
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
}

#[tokio::test]
async fn what_former_versions_kept_is_removed_in_the_background() {
    let (directory, assets, _) = on_disk().await;
    assets.close().await;
    drop(assets);
    let former = directory.path().join("renditions/a7");
    std::fs::create_dir_all(&former).unwrap();
    for number in 0..600 {
        std::fs::write(former.join(format!("a7{number:030x}")), b"a picture").unwrap();
    }
    let _assets = reopened(directory.path(), 1 << 30).await;
    while former.exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A service whose policy serves no more than so many sizes of a picture.
async fn with_sizes(directory: &Path, rules: &str) -> Assets {
    let text = format!("[policies.moov.renditions]\n{rules}");
    let settings: Settings = toml::from_str(&text).unwrap();
    Assets::open(directory, Settings { hot_cache: 0, ..settings }).await.unwrap()
}

#[tokio::test]
async fn a_picture_has_no_more_sizes_than_its_policy_permits() {
    let directory = tempfile::tempdir().unwrap();
    let assets = with_sizes(directory.path(), "max_sizes = 3\ndefault_size = \"30x30\"").await;
    let stored = store(&assets, Surface::Moov, "jpeg/baseline-420.jpg").await.unwrap();
    let other = store(&assets, Surface::Moov, "png/rgb.png").await.unwrap();
    let size = |side| RenditionSpec::cover(side, side);
    for side in 10..13 {
        assets.rendition(&stored, &size(side)).await.unwrap();
    }
    let refused = assets.rendition(&stored, &size(13)).await.unwrap_err();
    let ServiceError::TooManySizes { actual: 3, max: 3 } = refused else {
        panic!("{refused}");
    };
    // What is there, in whatever format, and the size that links have by default go on.
    for spec in [size(10), size(11).format(OutputFormat::WebP), size(30)] {
        assets.rendition(&stored, &spec).await.unwrap();
    }
    assets.rendition(&other, &size(13)).await.unwrap();

    // A restart forgets nothing.
    assets.close().await;
    drop(assets);
    let assets = with_sizes(directory.path(), "max_sizes = 3").await;
    assert_eq!(assets.rendition(&stored, &size(14)).await.unwrap_err().code(), "too_many_sizes");
    assets.rendition(&stored, &size(12)).await.unwrap();

    // Another picture in its place starts anew, and nothing is left of the former one.
    let new = NewAsset::new("shop", Surface::Moov);
    let body = Spooled::of(file("png/rgba.png"));
    let replaced = assets.replace(stored.id, new, Change::Keep, body).await.unwrap();
    assert_eq!(kept(directory.path()).len(), 1);
    assets.rendition(&replaced, &size(14)).await.unwrap();
}

#[tokio::test]
async fn however_many_ask_at_once_the_limit_on_sizes_holds() {
    let directory = tempfile::tempdir().unwrap();
    let assets = with_sizes(directory.path(), "max_sizes = 4").await;
    let stored = store(&assets, Surface::Moov, "png/rgb.png").await.unwrap();
    let mut asked = tokio::task::JoinSet::new();
    for side in 1..=20 {
        let (assets, stored) = (assets.clone(), stored.clone());
        asked.spawn(async move {
            assets.rendition(&stored, &RenditionSpec::cover(side, side)).await.is_ok()
        });
    }
    let served = asked.join_all().await.into_iter().filter(|served| *served).count();
    assert_eq!(served, 4);
}

#[tokio::test]
async fn a_policy_may_name_the_sizes_that_it_serves() {
    let directory = tempfile::tempdir().unwrap();
    let rules = "sizes = [\"20x20\", \"40x0\"]\nmax_sizes = 0\ndefault_size = \"30x30\"";
    let assets = with_sizes(directory.path(), rules).await;
    let stored = store(&assets, Surface::Moov, "png/rgb.png").await.unwrap();
    for (width, height) in [(20, 20), (40, 0), (30, 30)] {
        assets.rendition(&stored, &RenditionSpec::cover(width, height)).await.unwrap();
    }
    let refused = assets.rendition(&stored, &RenditionSpec::cover(21, 20)).await.unwrap_err();
    assert_eq!(refused.code(), "invalid");
    assert_eq!(
        refused.to_string(),
        "a rendition of 21x20 is not served; ask for 20x20, 40x0, 30x30"
    );
}
