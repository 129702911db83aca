//! A service that is killed at any moment keeps every promise it has made: what it answered with 2xx
//! is there afterwards, whole, and nothing else is left behind.

mod clients;

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use gatefold::service::{Assets, Clock, ManualClock, Settings, Surface, TrackStatus};

use self::clients::{Clients, KEY, Promise, Replaced, Told, kept, settled, status_of};
use crate::folder::Folder;
use crate::serving::Service;

/// So many of the older promises are looked at again after each round; looking at all of them would
/// take ever longer.
const AGAIN: usize = 8;

/// More rounds: `GATEFOLD_KILL_ROUNDS=500 cargo test --all-features --test cli killing`. A round
/// takes about half a second.
#[test]
fn what_was_answered_outlives_being_killed() {
    let rounds: u32 =
        std::env::var("GATEFOLD_KILL_ROUNDS").map_or(6, |rounds| rounds.parse().unwrap());
    let folder = Folder::new().with(
        "a.toml",
        b"sweep_interval = 1\nlog_filter = \"error\"\n[service]\nsweep_grace = 5\n\
          rendition_cache = 20000\n[http]\nrequests_per_second = 0\n",
    );
    let start = || Service::start(&folder, &["--config", "a.toml", "--key", KEY]);
    let told = Told::default();
    let mut old: Vec<Promise> = Vec::new();

    let service = start();
    let clients = Clients { service: &service, told: &told, over: &AtomicBool::new(false) };
    let moov = clients.to_be_replaced("/accounts/a/images");
    let audicient = clients.to_be_replaced("/media/image/upload");
    drop(service);

    for round in 0..rounds {
        let mut service = start();
        check(&service, &told, &mut old, &[&moov, &audicient], AGAIN, round as usize);
        let over = AtomicBool::new(false);
        let clients = Clients { service: &service, told: &told, over: &over };
        let id = service.id();
        scope(|threads| {
            threads.spawn(|| clients.upload());
            threads.spawn(|| clients.upload_and_delete());
            threads.spawn(|| clients.upload_profiles());
            threads.spawn(|| clients.replace("PUT", &moov));
            threads.spawn(|| clients.replace("POST", &audicient));
            threads.spawn(|| clients.publish());
            threads.spawn(|| clients.look(&moov.show));
            // After some answers, however fast the machine is, at any moment of those to come; after
            // a sweep from time to time.
            let enough = told.answers.load(Ordering::Relaxed) + 8 + round * 7 % 13;
            let end = Instant::now() + Duration::from_secs(20);
            while told.answers.load(Ordering::Relaxed) < enough && Instant::now() < end {
                sleep(Duration::from_millis(1));
            }
            let sweep = if round % 10 == 9 { 1_000 } else { 0 };
            sleep(Duration::from_millis(sweep + u64::from(round * 7_919 % 37)));
            kill(id);
            over.store(true, Ordering::Relaxed);
        });
        service.wait();
    }

    let service = start();
    check(&service, &told, &mut old, &[&moov, &audicient], usize::MAX, 0);
    let made = |of: fn(&Promise) -> bool| old.iter().filter(|promise| of(promise)).count();
    let counts = [
        made(|promise| matches!(promise, Promise::Picture { .. })),
        made(|promise| matches!(promise, Promise::Disabled { .. })),
        made(|promise| matches!(promise, Promise::Cover { .. })),
        made(|promise| matches!(promise, Promise::Audio { .. })),
    ];
    eprintln!("{rounds} rounds: {counts:?} pictures, disabled, covers, recordings");
    assert!(counts.iter().all(|count| *count > 0), "next to nothing was written: {counts:?}");
    all_audio_is_read(&service, &old);
    drop(service);
    tokio::runtime::Runtime::new().unwrap().block_on(nothing_is_left_over(&folder));
}

fn kill(id: u32) {
    let killed = std::process::Command::new("kill").args(["-KILL", &id.to_string()]).status();
    assert!(killed.unwrap().success());
}

/// Every answer since the last look is still true, and some of those before.
fn check(
    service: &Service,
    told: &Told,
    old: &mut Vec<Promise>,
    replaced: &[&Replaced],
    again: usize,
    round: usize,
) {
    for image in replaced {
        settled(service, image);
    }
    let length = old.len().max(1);
    for at in (0..again.min(old.len())).map(|step| (round * AGAIN + step) % length) {
        kept(service, old[at].clone());
    }
    let fresh = std::mem::take(&mut *told.promises.lock().unwrap());
    old.extend(fresh.into_iter().map(|promise| kept(service, promise)));
}

/// What was accepted is read in the end, also what a kill interrupted.
fn all_audio_is_read(service: &Service, promises: &[Promise]) {
    let end = Instant::now() + Duration::from_secs(60);
    for promise in promises {
        let Promise::Audio { track } = promise else { continue };
        while status_of(service, track) != "ready" {
            assert!(Instant::now() < end, "{track} is {}", status_of(service, track));
            sleep(Duration::from_millis(50));
        }
    }
}

/// Each record has its bytes, and there are no bytes without a record.
async fn nothing_is_left_over(folder: &Folder) {
    // Later than any upload may take that was interrupted.
    let clock = ManualClock::new();
    clock.advance(Duration::from_secs(3600));
    let clock = Clock::Manual(clock);
    let settings = Settings { sweep_grace: Duration::ZERO, clock, ..Settings::default() };
    let assets = Assets::open(&folder.join("gatefold-data"), settings).await.unwrap();
    // What no record names is noted by one sweep and removed by a later one.
    for _ in 0..3 {
        assets.sweep().await.unwrap();
    }
    let mut digests = HashSet::new();
    for (tenant, surface) in [
        ("default", Surface::Backoffice),
        ("default", Surface::Audicient),
        ("default", Surface::Audiodelivery),
        ("a", Surface::Moov),
    ] {
        for skip in (0..).step_by(200) {
            let some = assets.list(tenant, Some(surface), skip, 200).await.unwrap();
            if some.is_empty() {
                break;
            }
            for asset in some {
                let bytes = assets.original_bytes(&asset, None).await.unwrap();
                assert_eq!(bytes.len() as u64, asset.bytes);
                digests.insert(asset.digest().to_owned());
            }
        }
    }
    let mut recordings = 0;
    for skip in (0..).step_by(200) {
        let some = assets.collections("default", skip, 200).await.unwrap();
        if some.is_empty() {
            break;
        }
        for collection in some {
            let tracks = assets.tracks("default", collection.id, 0, 200).await.unwrap();
            let stored = |status| matches!(status, TrackStatus::Ready | TrackStatus::Processing);
            recordings += tracks.iter().filter(|track| stored(track.status)).count();
        }
    }
    // The identity of the store is one more.
    let files = count(&folder.join("gatefold-data/blobs")) - 1;
    assert_eq!(files, digests.len() + recordings, "files, and what records name");
    assert_eq!(count(&folder.join("gatefold-data/spool")), 0);
}

fn count(folder: &std::path::Path) -> usize {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { count(&path) } else { 1 })
        .sum()
}
