use std::time::Duration;

use gatefold::service::{
    Assets, Change, Clock, NewAsset, ServiceError, Settings, Spooled, Surface,
};

use crate::common::{blobs, database, file, on_disk, store};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn temporary_assets_die_unless_claimed_and_their_bytes_follow() {
    let (directory, assets, clock) = on_disk().await;
    let doomed = store(&assets, Surface::Audicient, "png/rgb.png").await.unwrap();
    let kept = store(&assets, Surface::Audicient, "png/rgba.png").await.unwrap();
    assert!(doomed.expires_at.is_some());
    assets.claim("shop", kept.id).await.unwrap();
    clock.advance(25 * HOUR);
    // Dead at once, whether swept or not.
    assert!(matches!(
        assets.asset("shop", doomed.id).await,
        Err(ServiceError::NotFound { what: "image" })
    ));
    assert_eq!(assets.claim("shop", doomed.id).await.unwrap_err().code(), "not_found");
    // The first sweep forgets the record and marks the bytes, a later one removes them.
    assert_eq!(assets.sweep().await.unwrap().assets, 1);
    assert_eq!(blobs(directory.path()).len(), 2);
    clock.advance(2 * HOUR);
    assert_eq!(assets.sweep().await.unwrap().blobs, 1);
    assert_eq!(blobs(directory.path()).len(), 1);
    assert!(assets.original_bytes(&kept, None).await.is_ok());
    assert_eq!(assets.sweep().await.unwrap(), gatefold::service::Swept::default());
}

#[tokio::test]
async fn shared_bytes_go_with_the_last_record_that_names_them() {
    let (directory, assets, clock) = on_disk().await;
    store(&assets, Surface::Audicient, "png/rgb.png").await.unwrap();
    let second = store(&assets, Surface::Audicient, "png/rgb.png").await.unwrap();
    let sweep_twice = async || {
        assets.sweep().await.unwrap();
        clock.advance(2 * HOUR);
        assets.sweep().await.unwrap().blobs
    };
    assets.claim("shop", second.id).await.unwrap();
    clock.advance(25 * HOUR);
    assert_eq!(sweep_twice().await, 0);
    assert!(assets.original_bytes(&second, None).await.is_ok());
    let new = NewAsset::new("shop", Surface::Audicient);
    let body = Spooled::of(file("png/rgba.png"));
    assets.replace(second.id, new, Change::Keep, body).await.unwrap();
    assert_eq!(sweep_twice().await, 1);
    assert_eq!(blobs(directory.path()).len(), 1);
}

#[tokio::test]
async fn bytes_that_are_doomed_are_stored_anew() {
    let (directory, assets, clock) = on_disk().await;
    store(&assets, Surface::Audicient, "png/rgb.png").await.unwrap();
    clock.advance(25 * HOUR);
    assets.sweep().await.unwrap();
    let second = store(&assets, Surface::Backoffice, "png/rgb.png").await.unwrap();
    assert_eq!(blobs(directory.path()).len(), 2);
    clock.advance(2 * HOUR);
    assert_eq!(assets.sweep().await.unwrap().blobs, 1);
    assert!(assets.original_bytes(&second, None).await.is_ok());
}

#[tokio::test]
async fn files_that_no_record_knows_stay_through_starts_and_sweeps() {
    let (directory, assets, clock) = on_disk().await;
    store(&assets, Surface::Moov, "png/rgb.png").await.unwrap();
    let folder = directory.path().join("blobs/ab");
    std::fs::create_dir_all(&folder).unwrap();
    for number in 0..20 {
        std::fs::write(folder.join(format!("abandoned-{number}")), b"bytes").unwrap();
    }
    for _ in 0..3 {
        clock.advance(2 * HOUR);
        assert_eq!(assets.sweep().await.unwrap().blobs, 0);
    }
    assets.close().await;
    drop(assets);
    let assets = Assets::open(directory.path(), Settings::default()).await.unwrap();
    assets.sweep().await.unwrap();
    assert_eq!(blobs(directory.path()).len(), 21);
}

#[tokio::test]
async fn an_upload_that_was_interrupted_is_swept_after_the_grace_period() {
    let (directory, assets, clock) = on_disk().await;
    let kept = store(&assets, Surface::Moov, "png/rgba.png").await.unwrap();
    assets.close().await;
    drop(assets);
    // As a process leaves it that ends between its intent and its record.
    let folder = directory.path().join("blobs/ab");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("ab-whole"), b"bytes").unwrap();
    std::fs::write(folder.join("ab-partial#1"), b"by").unwrap();
    let (pool, now) = (database(directory.path()).await, clock.now().as_millisecond());
    for id in ["ab-whole", "ab-partial"] {
        let insert = "INSERT INTO blobs (id, digest, bytes, created_at, intended_at) \
                      VALUES (?, 'ab', 5, ?, ?)";
        sqlx::query(insert).bind(id).bind(now).bind(now).execute(&pool).await.unwrap();
    }
    pool.close().await;

    let settings = Settings { clock: Clock::Manual(clock.clone()), ..Settings::default() };
    let assets = Assets::open(directory.path(), settings).await.unwrap();
    clock.advance(HOUR / 2);
    assert_eq!(assets.sweep().await.unwrap().blobs, 0);
    clock.advance(HOUR);
    // Marked by the first sweep after the grace period, removed a grace period later.
    assert_eq!(assets.sweep().await.unwrap().blobs, 0);
    assert!(folder.join("ab-whole").exists());
    clock.advance(HOUR);
    assert_eq!(assets.sweep().await.unwrap().blobs, 2);
    assert!(!folder.join("ab-whole").exists() && !folder.join("ab-partial#1").exists());
    assert!(assets.original_bytes(&kept, None).await.is_ok());
    assert_eq!(blobs(directory.path()).len(), 1);
}

#[tokio::test]
async fn a_claimed_asset_stays_claimed_when_it_is_replaced() {
    let (_directory, assets, clock) = on_disk().await;
    let stored = store(&assets, Surface::Audicient, "png/rgb.png").await.unwrap();
    assets.claim("shop", stored.id).await.unwrap();
    let new = NewAsset::new("shop", Surface::Audicient);
    let body = Spooled::of(file("png/rgba.png"));
    assets.replace(stored.id, new, Change::Keep, body).await.unwrap();
    clock.advance(48 * HOUR);
    assert_eq!(assets.asset("shop", stored.id).await.unwrap().expires_at, None);
}

#[tokio::test]
async fn one_directory_is_one_process() {
    let (directory, _assets, _) = on_disk().await;
    let second = Assets::open(directory.path(), Settings::default()).await.unwrap_err();
    assert_eq!(second.code(), "storage");
}

#[tokio::test]
async fn a_missing_blob_is_told_and_the_rest_goes_on() {
    let (directory, assets, _) = on_disk().await;
    let lost = store(&assets, Surface::Backoffice, "png/rgb.png").await.unwrap();
    for blob in blobs(directory.path()) {
        std::fs::remove_file(blob).unwrap();
    }
    let kept = store(&assets, Surface::Backoffice, "png/rgba.png").await.unwrap();
    let error = assets.original_bytes(&lost, None).await.unwrap_err();
    assert_eq!(error.code(), "blob_missing");
    let spec = gatefold::RenditionSpec::cover(10, 10);
    assert_eq!(assets.rendition(&lost, &spec).await.unwrap_err().code(), "blob_missing");
    assert!(assets.rendition(&kept, &spec).await.is_ok());
    assets.ready().await.unwrap();
}

#[tokio::test]
async fn a_full_budget_refuses_instead_of_growing() {
    let settings = Settings { admission_timeout: Duration::from_millis(1), ..Settings::default() };
    let assets =
        Assets::in_memory(Settings { memory_budget: 64 * 1024, ..settings }).await.unwrap();
    let mut uploads = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let assets = assets.clone();
        uploads.spawn(async move {
            store(&assets, Surface::Backoffice, "jpeg/baseline-420.jpg").await.map_err(|e| e.code())
        });
    }
    let answers = uploads.join_all().await;
    assert!(answers.iter().any(|answer| answer.as_ref().err() == Some(&"overloaded")));
    assert!(answers.iter().all(|answer| answer.as_ref().err().is_none_or(|c| *c == "overloaded")));
}

#[tokio::test]
async fn links_follow_every_change_of_what_they_have_served() {
    let (_directory, assets, clock) = on_disk().await;
    let new = || NewAsset::new("shop", Surface::Audicient);
    let stored = store(&assets, Surface::Audicient, "png/rgb.png").await.unwrap();
    let served = async || assets.public(&stored.public_id).await;
    assert_eq!(served().await.unwrap(), stored);

    let text = Some("a sleeve".to_owned());
    let told = assets.set_alt_text("shop", stored.id, text).await.unwrap();
    assert_eq!(served().await.unwrap(), told);
    let body = Spooled::of(file("png/rgba.png"));
    let replaced = assets.replace(stored.id, new(), Change::Keep, body).await.unwrap();
    assert_eq!(served().await.unwrap(), replaced);
    assert_ne!(replaced.digest(), stored.digest());
    let claimed = assets.claim("shop", stored.id).await.unwrap();
    assert_eq!(served().await.unwrap(), claimed);
    let disabled = assets.disable("shop", stored.id).await.unwrap();
    assert_eq!(served().await.unwrap(), disabled);
    assets.remove("shop", stored.id).await.unwrap();
    assert_eq!(served().await.unwrap_err().code(), "not_found");

    let temporary = store(&assets, Surface::Audicient, "png/rgb.png").await.unwrap();
    assert_eq!(assets.public(&temporary.public_id).await.unwrap(), temporary);
    clock.advance(25 * HOUR);
    assert_eq!(assets.public(&temporary.public_id).await.unwrap_err().code(), "not_found");
}
