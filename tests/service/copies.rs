//! Backups that can be served, and checks that tell what is wrong.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gatefold::service::{
    Asset, Assets, NewAsset, Settings, Spooled, StoreCheck, StoreFault, StoreFinding, StoreSummary,
    Surface, back_up, restore,
};

use crate::common::{blobs, database, on_disk, store};

/// A picture of its own for each number.
fn picture(number: u32) -> Vec<u8> {
    let samples: Vec<u8> = (0..16 * 16_u32)
        .flat_map(|at| (at.wrapping_mul(number.wrapping_mul(2_654_435_761) | 1) >> 7).to_le_bytes())
        .collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 32, 32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&samples).unwrap();
    bytes
}

async fn upload(assets: &Assets, number: u32) -> Asset {
    let new = NewAsset::new("shop", Surface::Backoffice);
    assets.store(new, Spooled::of(picture(number))).await.unwrap()
}

async fn check(data: &Path) -> (Vec<StoreFinding>, StoreSummary) {
    let mut findings = Vec::new();
    let summary = StoreCheck::new(data).run(|found| findings.push(found.clone())).await.unwrap();
    (findings, summary)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_made_under_load_is_restored_and_served() {
    let directory = tempfile::tempdir().unwrap();
    // Nothing that goes is kept for a while: only the backup holds it.
    let settings = Settings { sweep_grace: Duration::ZERO, ..Settings::default() };
    let assets = Assets::open(directory.path(), settings.clone()).await.unwrap();
    let mut first = Vec::new();
    for number in 0..20 {
        first.push((upload(&assets, number).await, number));
    }
    let over = Arc::new(AtomicBool::new(false));
    let load = {
        let (assets, over) = (assets.clone(), Arc::clone(&over));
        tokio::spawn(async move {
            let mut number = 100;
            while !over.load(Ordering::Relaxed) {
                let asset = upload(&assets, number).await;
                if number % 2 == 0 {
                    assets.remove("shop", asset.id).await.unwrap();
                    assets.sweep().await.unwrap();
                }
                number += 1;
            }
        })
    };
    let kept = tempfile::tempdir().unwrap();
    let to = kept.path().join("backup");
    for round in 0..3 {
        let done = back_up(directory.path(), &to).await.unwrap();
        assert_eq!((&done.missing, &done.damaged), (&Vec::new(), &Vec::new()));
        assert!(done.blobs >= 20);
        assert!(round == 0 || done.new_blobs < done.blobs, "{done:?}");
    }
    over.store(true, Ordering::Relaxed);
    load.await.unwrap();
    assert_eq!(check(&to).await.1.missing, 0);

    let elsewhere = kept.path().join("restored");
    let done = restore(&to, &elsewhere).await.unwrap();
    assert_eq!((&done.missing, &done.damaged), (&Vec::new(), &Vec::new()));
    let restored = Assets::open(&elsewhere, settings).await.unwrap();
    for (asset, number) in &first {
        assert_eq!(&restored.public(&asset.public_id).await.unwrap(), asset);
        assert_eq!(restored.original_bytes(asset, None).await.unwrap(), picture(*number));
    }
    let mut count = 0;
    for skip in (0..).step_by(200) {
        let page = restored.list("shop", None, skip, 200).await.unwrap();
        for asset in &page {
            restored.original_bytes(asset, None).await.unwrap();
        }
        count += page.len();
        if page.is_empty() {
            break;
        }
    }
    assert!(count >= 20);
    upload(&restored, 50_000).await;
    assert_eq!(check(&elsewhere).await.1.missing, 0);
}

#[tokio::test]
async fn a_later_backup_adds_what_is_new_and_blobs_are_held_while_one_is_made() {
    let (directory, assets, _) = on_disk().await;
    let asset = upload(&assets, 1).await;
    let to = tempfile::tempdir().unwrap();
    let done = back_up(directory.path(), to.path()).await.unwrap();
    assert_eq!((done.blobs, done.new_blobs), (1, 1));
    upload(&assets, 2).await;
    let done = back_up(directory.path(), to.path()).await.unwrap();
    assert_eq!((done.blobs, done.new_blobs), (2, 1));

    // As a backup that is under way in another process.
    let pool = database(directory.path()).await;
    let lease = "INSERT INTO leases (id, purpose, expires_at) VALUES ('a', 'backup', ?)";
    sqlx::query(lease).bind(i64::MAX).execute(&pool).await.unwrap();
    assets.remove("shop", asset.id).await.unwrap();
    assets.close().await;
    drop(assets);
    let settings = Settings { sweep_grace: Duration::ZERO, ..Settings::default() };
    let assets = Assets::open(directory.path(), settings).await.unwrap();
    assert_eq!(assets.sweep().await.unwrap().blobs, 0);
    sqlx::raw_sql("DELETE FROM leases").execute(&pool).await.unwrap();
    assert_eq!(assets.sweep().await.unwrap().blobs, 1);
    assert_eq!(blobs(directory.path()).len(), 1);
}

#[tokio::test]
async fn nothing_is_backed_up_or_restored_over_anything_else() {
    let (directory, assets, _) = on_disk().await;
    upload(&assets, 1).await;
    let (other, other_assets, _) = on_disk().await;
    upload(&other_assets, 2).await;
    let kept = tempfile::tempdir().unwrap();
    let (backup, filled) = (kept.path().join("backup"), kept.path().join("filled"));
    back_up(directory.path(), &backup).await.unwrap();
    std::fs::create_dir(&filled).unwrap();
    std::fs::write(filled.join("letter.txt"), b"mine").unwrap();

    for (from, to) in [
        (directory.path(), filled.as_path()),
        (other.path(), &backup),
        (directory.path(), directory.path()),
        (directory.path(), other.path()),
        (&filled, &kept.path().join("new")),
    ] {
        let refused = back_up(from, to).await.unwrap_err();
        assert_eq!(refused.code(), "store_refused", "{refused}");
    }
    for (from, to) in [(&backup, &filled), (&filled, &kept.path().join("new"))] {
        let refused = restore(from, to).await.unwrap_err();
        assert_eq!(refused.code(), "store_refused", "{refused}");
    }
    assert_eq!(std::fs::read_dir(&filled).unwrap().count(), 1);
    assert!(!kept.path().join("new").exists());
    // A backup is not served, which would change it.
    let refused = Assets::open(&backup, Settings::default()).await.unwrap_err();
    assert_eq!(refused.code(), "store_refused");
}

#[tokio::test]
async fn a_backup_tells_what_is_lost_and_a_restoration_what_is_damaged() {
    let (directory, assets, _) = on_disk().await;
    let assets = [upload(&assets, 1).await, upload(&assets, 2).await, upload(&assets, 3).await];
    let (data, kept) = (directory.path(), tempfile::tempdir().unwrap());
    let file = |asset: &Asset| {
        let all = blobs(data);
        all.into_iter().find(|path| path.to_str().unwrap().contains(asset.digest())).unwrap()
    };
    std::fs::remove_file(file(&assets[0])).unwrap();
    let backup = kept.path().join("backup");
    let done = back_up(data, &backup).await.unwrap();
    assert_eq!((done.missing.len(), done.new_blobs), (1, 2));
    assert!(done.missing[0].starts_with(assets[0].digest()));
    // Not through a link, which would change the store too.
    let path = backup.join(file(&assets[1]).strip_prefix(data).unwrap());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[40] ^= 1;
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, bytes).unwrap();

    let elsewhere = kept.path().join("restored");
    let done = restore(&backup, &elsewhere).await.unwrap();
    assert_eq!((done.missing.len(), done.damaged.len(), done.new_blobs), (1, 1, 1));
    let restored = Assets::open(&elsewhere, Settings::default()).await.unwrap();
    assert!(restored.original_bytes(&assets[2], None).await.is_ok());
    let error = restored.original_bytes(&assets[1], None).await.unwrap_err();
    assert_eq!(error.code(), "blob_missing");
}

#[tokio::test]
async fn a_check_tells_every_kind_of_damage_and_repair_sets_aside() {
    let (directory, assets, _) = on_disk().await;
    let data = directory.path();
    let mut stored = HashMap::new();
    for number in 0..5 {
        let asset = upload(&assets, number).await;
        let all = blobs(data);
        let path = all.into_iter().find(|path| path.to_str().unwrap().contains(asset.digest()));
        stored.insert(number, (asset, path.unwrap()));
    }
    store(&assets, Surface::Moov, "png/rgb.png").await.unwrap();
    // Also while the service runs.
    let (findings, summary) = check(data).await;
    assert_eq!((findings, summary.named), (Vec::new(), 6));
    assert!(summary.is_sound());

    std::fs::remove_file(&stored[&0].1).unwrap();
    std::fs::write(&stored[&1].1, b"short").unwrap();
    let mut flipped = std::fs::read(&stored[&2].1).unwrap();
    flipped[50] ^= 1;
    std::fs::write(&stored[&2].1, &flipped).unwrap();
    let unnamed = data.join("blobs/ab/unnamed");
    std::fs::create_dir_all(unnamed.parent().unwrap()).unwrap();
    std::fs::write(&unnamed, b"whose").unwrap();
    std::fs::write(data.join("blobs/ab/part#3"), b"wh").unwrap();
    std::fs::write(data.join("blobs/stray"), b"wh").unwrap();

    let (findings, summary) = check(data).await;
    let fault = |path: &Path| {
        let path = path.strip_prefix(data).unwrap().to_str().unwrap();
        findings.iter().find(|found| found.path == path).map(|found| found.fault)
    };
    assert_eq!(fault(&stored[&0].1), Some(StoreFault::Missing));
    assert_eq!(fault(&stored[&1].1), Some(StoreFault::WrongLength));
    assert_eq!(fault(&stored[&2].1), Some(StoreFault::WrongDigest));
    assert_eq!(fault(&unnamed), Some(StoreFault::Unnamed));
    assert_eq!(fault(&data.join("blobs/stray")), Some(StoreFault::Unnamed));
    assert_eq!(fault(&data.join("blobs/ab/part#3")), Some(StoreFault::Unfinished));
    assert_eq!((findings.len(), summary.unnamed), (6, 2));
    let lost = findings.iter().find(|found| found.fault == StoreFault::Missing).unwrap();
    assert_eq!(lost.assets, [stored[&0].0.id.to_string()]);
    // Nothing was changed, and lengths alone find less.
    assert_eq!(std::fs::read(&unnamed).unwrap(), b"whose");
    let quick = StoreCheck::new(data).digests(false).run(|_| ()).await.unwrap();
    assert_eq!((quick.wrong_length, quick.wrong_digest), (1, 0));

    let repair = StoreCheck::new(data).repair(true);
    assert_eq!(repair.run(|_| ()).await.unwrap_err().code(), "storage");
    assets.close().await;
    drop(assets);
    let mut moved = Vec::new();
    let summary = repair.run(|found| moved.extend(found.set_aside.clone())).await.unwrap();
    assert_eq!((summary.set_aside, moved.len()), (5, 5));
    for place in &moved {
        assert!(data.join(place).is_file(), "{place}");
    }
    assert!(!unnamed.exists() && !stored[&2].1.exists());
    let notes = data.join(moved[0].split("/blobs/").next().unwrap()).join("notes.jsonl");
    assert_eq!(std::fs::read_to_string(notes).unwrap().lines().count(), 5);
    let (findings, summary) = check(data).await;
    assert_eq!((findings.len(), summary.missing), (3, 3));

    // Uploading them again is all that is left to do.
    let assets = Assets::open(data, Settings::default()).await.unwrap();
    for number in 0..3 {
        upload(&assets, number).await;
    }
    assert!(check(data).await.1.is_sound());
}
