//! Who gets memory and a worker, in which order, and who is told to come back later.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gatefold::RenditionSpec;
use gatefold::service::{Assets, Client, NewAsset, ServiceError, Settings, Spooled, Surface};
use tokio::task::JoinSet;

use crate::common::{file, store};

const MIB: u64 = 1024 * 1024;

/// One worker for each lane, and time enough that nobody is refused for waiting too long.
fn settings() -> Settings {
    let admission_timeout = Duration::from_secs(600);
    Settings { threads: 1, admission_timeout, ..Settings::default() }
}

async fn upload(assets: Assets, tenant: &str, name: &str) -> Result<(), ServiceError> {
    let new = NewAsset::new(tenant, Surface::Backoffice);
    assets.store(new, Spooled::of(file(name))).await.map(|_| ())
}

/// Lets others go on until this is so.
async fn until(so: impl Fn() -> bool) {
    while !so() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_renditions_are_asked_for_at_once_memory_stays_under_the_budget() {
    let budget = 12 * MIB;
    let settings = Settings { memory_budget: budget, hot_cache: MIB, threads: 2, ..settings() };
    let assets = Assets::in_memory(settings).await.unwrap();
    let mut stored = Vec::new();
    for name in ["covers/teal-record.jpg", "covers/coral-sun.jpg", "covers/violet-peaks.jpg"] {
        stored.push(store(&assets, Surface::Backoffice, name).await.unwrap());
    }
    let mut asked = JoinSet::new();
    for (side, asset) in (20..140).zip(stored.iter().cycle()) {
        let (assets, asset) = (assets.clone(), asset.clone());
        asked.spawn(
            async move { assets.rendition(&asset, &RenditionSpec::cover(side, side)).await },
        );
    }
    for served in asked.join_all().await {
        served.unwrap();
    }
    let load = assets.load();
    assert!((MIB..=budget).contains(&load.peak_memory), "{load:?}");
    assert_eq!((load.waiting, load.working, load.memory), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_waits_for_one_job_of_another_not_for_all() {
    let assets = Assets::in_memory(settings()).await.unwrap();
    let done = Arc::new(AtomicUsize::new(0));
    let mut uploads = JoinSet::new();
    for _ in 0..64 {
        let (assets, done) = (assets.clone(), Arc::clone(&done));
        uploads.spawn(async move {
            upload(assets, "many", "covers/teal-record.jpg").await.unwrap();
            done.fetch_add(1, Ordering::SeqCst);
        });
    }
    until(|| assets.load().waiting > 40).await;
    let before = done.load(Ordering::SeqCst);
    upload(assets.clone(), "one", "covers/coral-sun.jpg").await.unwrap();
    let meanwhile = done.load(Ordering::SeqCst) - before;
    assert!(meanwhile < 16, "{meanwhile} of the other tenant's uploads came first");
    uploads.join_all().await;
    assert_eq!(done.load(Ordering::SeqCst), 64);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_take_turns_by_their_address() {
    let assets = Assets::in_memory(settings()).await.unwrap();
    let stored = store(&assets, Surface::Backoffice, "covers/teal-record.jpg").await.unwrap();
    let other = store(&assets, Surface::Backoffice, "covers/coral-sun.jpg").await.unwrap();
    let done = Arc::new(AtomicUsize::new(0));
    let mut asked = JoinSet::new();
    let of = |last| assets.acting_for(Client::Address(std::net::IpAddr::from([192, 0, 2, last])));
    for side in 100..164 {
        let (assets, stored, done) = (of(1), stored.clone(), Arc::clone(&done));
        asked.spawn(async move {
            assets.rendition(&stored, &RenditionSpec::cover(side, side)).await.unwrap();
            done.fetch_add(1, Ordering::SeqCst);
        });
    }
    until(|| assets.load().waiting > 40).await;
    let before = done.load(Ordering::SeqCst);
    of(2).rendition(&other, &RenditionSpec::cover(50, 50)).await.unwrap();
    let meanwhile = done.load(Ordering::SeqCst) - before;
    assert!(meanwhile < 16, "{meanwhile} renditions of the other reader came first");
    asked.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn past_the_cap_requests_are_refused_at_once_and_other_tenants_are_not() {
    let settings = Settings { max_waiting_per_client: 4, ..settings() };
    let assets = Assets::in_memory(settings).await.unwrap();
    let mut uploads = JoinSet::new();
    for _ in 0..64 {
        uploads.spawn(upload(assets.clone(), "many", "covers/teal-record.jpg"));
    }
    upload(assets.clone(), "one", "covers/coral-sun.jpg").await.unwrap();
    let answers = uploads.join_all().await;
    let refused: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
    assert!(!refused.is_empty() && refused.len() < 64, "{}", refused.len());
    assert!(refused.iter().all(|error| matches!(error, ServiceError::Overloaded { .. })));

    let settings = Settings { max_waiting: 0, ..self::settings() };
    let assets = Assets::in_memory(settings).await.unwrap();
    let refused = upload(assets, "one", "covers/coral-sun.jpg").await.unwrap_err();
    assert_eq!(refused.code(), "overloaded");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_gives_up_leaves_its_place_and_its_work() {
    let assets = Assets::in_memory(settings()).await.unwrap();
    let stored = store(&assets, Surface::Backoffice, "covers/teal-record.jpg").await.unwrap();
    let mut asked = JoinSet::new();
    for side in 100..132 {
        asked.spawn(upload(assets.clone(), "many", "covers/teal-record.jpg"));
        let (assets, stored) = (assets.clone(), stored.clone());
        asked.spawn(async move {
            assets.rendition(&stored, &RenditionSpec::cover(side, side)).await.map(|_| ())
        });
    }
    until(|| assets.load().waiting > 40).await;
    asked.shutdown().await;
    assert_eq!(assets.load().waiting, 0);
    until(|| assets.load().working == 0).await;
    assert_eq!(assets.load().memory, 0);
    upload(assets, "one", "covers/coral-sun.jpg").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rendition_that_several_wait_for_is_made_though_the_first_gives_up() {
    let assets = Assets::in_memory(settings()).await.unwrap();
    let stored = store(&assets, Surface::Backoffice, "covers/teal-record.jpg").await.unwrap();
    let spec = RenditionSpec::cover(300, 300);
    let asked = |assets: &Assets| {
        let (assets, stored) = (assets.clone(), stored.clone());
        tokio::spawn(async move { assets.rendition(&stored, &spec).await })
    };
    let first = asked(&assets);
    until(|| assets.load().working > 0).await;
    let second = asked(&assets);
    tokio::task::yield_now().await;
    first.abort();
    assert!(second.await.unwrap().is_ok());
}

#[tokio::test]
async fn work_that_takes_too_long_stores_nothing() {
    let settings = Settings { processing_timeout: Duration::ZERO, ..settings() };
    let assets = Assets::in_memory(settings).await.unwrap();
    let refused = store(&assets, Surface::Moov, "covers/teal-record.jpg").await.unwrap_err();
    assert_eq!(refused.code(), "took_too_long");
    assert!(assets.list("shop", Surface::Moov, 0, 10).await.unwrap().is_empty());
}

#[test]
fn the_wait_may_be_set_under_its_former_name() {
    let settings: Settings = toml::from_str("patience = 3").unwrap();
    assert_eq!(settings.admission_timeout, Duration::from_secs(3));
}
