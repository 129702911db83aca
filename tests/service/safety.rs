//! Nothing that is stored is lost to a mistake: wrong databases, damaged bytes, full disks.

use std::path::Path;

use gatefold::RenditionSpec;
use gatefold::service::{
    Assets, CollectionFields, NewAsset, NewSession, Role, ServiceError, Settings, Spooled, Surface,
    TicketFor, TrackFields, adopt_store,
};

use crate::common::{blobs, database, file, on_disk, store};

async fn reopen(directory: &Path) -> Result<Assets, ServiceError> {
    Assets::open(directory, Settings::default()).await
}

/// A closed store with these pictures in it.
async fn filled(names: &[&str]) -> tempfile::TempDir {
    let (directory, assets, _) = on_disk().await;
    for name in names {
        store(&assets, Surface::Moov, name).await.unwrap();
    }
    assets.close().await;
    directory
}

fn remove_database(directory: &Path) {
    for name in ["catalog.sqlite", "catalog.sqlite-wal", "catalog.sqlite-shm"] {
        let _ = std::fs::remove_file(directory.join(name));
    }
}

fn copy_database(from: &Path, to: &Path) {
    remove_database(to);
    std::fs::copy(from.join("catalog.sqlite"), to.join("catalog.sqlite")).unwrap();
}

/// That a start was refused with these words, and nothing was touched.
async fn refused(directory: &Path, words: &[&str]) {
    let before = blobs(directory);
    let error = reopen(directory).await.unwrap_err();
    assert_eq!(error.code(), "store_refused", "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "{word} is not in {error}");
    }
    assert_eq!(blobs(directory), before);
}

#[tokio::test]
async fn blobs_without_their_database_are_refused_and_kept() {
    let directory = filled(&["png/rgb.png", "png/rgba.png"]).await;
    let saved = tempfile::tempdir().unwrap();
    copy_database(directory.path(), saved.path());

    remove_database(directory.path());
    refused(directory.path(), &["catalog.sqlite", "missing", "restore", "another directory"]).await;
    assert!(!directory.path().join("catalog.sqlite").exists());
    std::fs::write(directory.path().join("catalog.sqlite"), b"").unwrap();
    refused(directory.path(), &["empty"]).await;
    // Also where what tells the identity is gone.
    std::fs::remove_file(directory.path().join("blobs/gatefold-store")).unwrap();
    refused(directory.path(), &["missing"]).await;

    copy_database(saved.path(), directory.path());
    let assets = reopen(directory.path()).await.unwrap();
    assert_eq!(assets.list("shop", Surface::Moov, 0, 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_database_of_another_store_is_refused_until_it_is_adopted() {
    let own = filled(&["png/rgb.png"]).await;
    let other = filled(&["png/rgba.png", "jpeg/baseline-420.jpg"]).await;
    copy_database(other.path(), own.path());
    refused(own.path(), &["the database belongs to store", "gatefold store adopt"]).await;

    adopt_store(own.path()).await.unwrap();
    let assets = reopen(own.path()).await.unwrap();
    let listed = assets.list("shop", Surface::Moov, 0, 10).await.unwrap();
    assert_eq!(listed.len(), 2);
    let error = assets.original_bytes(&listed[0], None).await.unwrap_err();
    assert_eq!(error.code(), "blob_missing");
    assets.sweep().await.unwrap();
    assert_eq!(blobs(own.path()).len(), 1);

    let nothing = tempfile::tempdir().unwrap();
    assert_eq!(adopt_store(nothing.path()).await.unwrap_err().code(), "store_refused");
    assert_eq!(std::fs::read_dir(nothing.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn an_older_copy_of_the_database_loses_no_file() {
    let (directory, assets, _) = on_disk().await;
    store(&assets, Surface::Moov, "png/rgb.png").await.unwrap();
    assets.close().await;
    drop(assets);
    let saved = tempfile::tempdir().unwrap();
    copy_database(directory.path(), saved.path());
    let assets = reopen(directory.path()).await.unwrap();
    let later = store(&assets, Surface::Moov, "png/rgba.png").await.unwrap();
    assets.close().await;
    drop(assets);

    copy_database(saved.path(), directory.path());
    let settings = Settings { sweep_grace: std::time::Duration::ZERO, ..Settings::default() };
    let assets = Assets::open(directory.path(), settings).await.unwrap();
    for _ in 0..3 {
        assets.sweep().await.unwrap();
    }
    assert_eq!(assets.asset("shop", later.id).await.unwrap_err().code(), "not_found");
    assert_eq!(blobs(directory.path()).len(), 2);
}

#[tokio::test]
async fn a_store_of_the_former_version_gets_an_identity_and_an_empty_database_does_not() {
    let directory = filled(&["png/rgb.png"]).await;
    let identity = directory.path().join("blobs/gatefold-store");
    let forget = async |also: &str| {
        std::fs::remove_file(&identity).unwrap();
        let pool = database(directory.path()).await;
        sqlx::raw_sql("DELETE FROM settings WHERE name = 'store id'").execute(&pool).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(also)).execute(&pool).await.unwrap();
        pool.close().await;
    };
    forget("SELECT 1").await;
    reopen(directory.path()).await.unwrap().close().await;
    assert!(std::fs::read_to_string(&identity).unwrap().starts_with("gatefold store "));

    forget("DELETE FROM claims; DELETE FROM assets; DELETE FROM blobs").await;
    refused(directory.path(), &["names none"]).await;
    assert!(!identity.exists());
}

#[tokio::test]
async fn a_database_whose_blobs_are_not_mounted_is_refused() {
    let directory = filled(&["png/rgb.png"]).await;
    let (here, away) = (directory.path().join("blobs"), directory.path().join("elsewhere"));
    std::fs::rename(&here, &away).unwrap();
    refused_before_blobs(directory.path(), "not mounted").await;
    std::fs::remove_dir_all(&here).unwrap();
    std::fs::rename(&away, &here).unwrap();
    reopen(directory.path()).await.unwrap();
}

async fn refused_before_blobs(directory: &Path, word: &str) {
    let error = reopen(directory).await.unwrap_err();
    assert!(error.to_string().contains(word), "{error}");
    assert_eq!(error.code(), "store_refused");
}

#[tokio::test]
async fn bytes_cut_short_or_changed_are_not_served_and_another_upload_puts_them_right() {
    let (directory, assets, _) = on_disk().await;
    let name = "jpeg/baseline-420.jpg";
    let stored = store(&assets, Surface::Moov, name).await.unwrap();
    let path = blobs(directory.path()).remove(0);
    let good = std::fs::read(&path).unwrap();
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    let spec = RenditionSpec::cover(10, 10);
    let half = &good[..good.len() / 2];
    for (damage, code) in
        [(Some(&flipped[..]), "blob_damaged"), (Some(half), "blob_damaged"), (None, "blob_missing")]
    {
        match damage {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        assert_eq!(assets.original_bytes(&stored, None).await.unwrap_err().code(), code);
        assert_eq!(assets.rendition(&stored, &spec).await.unwrap_err().code(), code);
        let part = assets.original_bytes(&stored, Some(0..10)).await;
        assert_eq!(part.is_ok(), damage.is_some_and(|bytes| bytes.len() == good.len()));

        // Where duplicates are refused, the refusal has mended it all the same.
        let refused = store(&assets, Surface::Moov, name).await.unwrap_err();
        assert_eq!(refused.code(), "duplicate");
        assert_eq!(std::fs::read(&path).unwrap(), good);
    }
    // Where they are not, the bytes are shared only once they are whole.
    std::fs::write(&path, &flipped).unwrap();
    let shared = store(&assets, Surface::Backoffice, name).await.unwrap();
    assert_eq!(assets.original_bytes(&shared, None).await.unwrap(), good);
    assert_eq!(blobs(directory.path()), [path]);
    assert!(assets.rendition(&stored, &spec).await.is_ok());
}

#[tokio::test]
async fn a_ticket_that_is_used_again_puts_its_cover_and_its_recording_right() {
    let (directory, assets, _) = on_disk().await;
    let mut fields = CollectionFields::default();
    fields.title = Some("Album".to_owned());
    let collection = assets.create_collection("label", fields).await.unwrap();
    let hour = std::time::Duration::from_secs(3600);
    let what = TicketFor::CollectionCover(collection.id);
    let ticket = assets.issue_ticket("label", what, hour, None).await.unwrap();
    let cover = async || {
        let body = Spooled::of(file("png/rgb.png"));
        assets.redeem_cover(&ticket.token, None, None, body).await.unwrap()
    };
    let stored = cover().await;
    let path = blobs(directory.path()).remove(0);
    let good = std::fs::read(&path).unwrap();
    std::fs::write(&path, &good[1..]).unwrap();
    assert_eq!(cover().await, stored);
    assert_eq!(std::fs::read(&path).unwrap(), good);

    let session = assets.create_session("label", collection.id, NewSession::default());
    let mut fields = TrackFields::default();
    fields.file_name = Some("one.mp3".to_owned());
    let track = assets.create_track(&session.await.unwrap(), fields).await.unwrap();
    let what = TicketFor::TrackAudio(track.id);
    let ticket = assets.issue_ticket("label", what, hour, None).await.unwrap();
    // The header of an MPEG frame; what follows need not be readable to be stored.
    let recording = [&[0xff, 0xfb, 0x90, 0x64][..], &[0; 4_000]].concat();
    let upload =
        async || assets.redeem_audio(&ticket.token, Spooled::of(recording.clone())).await.unwrap();
    upload().await;
    let other = blobs(directory.path()).into_iter().find(|other| *other != path).unwrap();
    std::fs::remove_file(&other).unwrap();
    upload().await;
    assert_eq!(std::fs::read(&other).unwrap(), recording);
}

#[tokio::test]
async fn a_whole_read_tells_damage_before_its_last_piece() {
    let (directory, assets, _) = on_disk().await;
    // Noise of more than one piece.
    let mut state = 1_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let samples: Vec<u8> = (0..1000 * 1000).map(|_| noise()).collect();
    let mut picture = Vec::new();
    let mut encoder = png::Encoder::new(&mut picture, 1000, 1000);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&samples).unwrap();
    let new = NewAsset::new("shop", Surface::Moov);
    let stored = assets.store(new, Spooled::of(picture.clone())).await.unwrap();

    let read = async || {
        let (mut reader, mut bytes) = (assets.read_original(&stored, None), Vec::new());
        while let Some(piece) = reader.next().await.map_err(|error| (error.code(), bytes.len()))? {
            bytes.extend_from_slice(&piece);
        }
        Ok::<_, (&str, usize)>(bytes)
    };
    assert_eq!(read().await.unwrap(), picture);
    let path = blobs(directory.path()).remove(0);
    let mut flipped = picture.clone();
    flipped[100] ^= 1;
    std::fs::write(&path, &flipped).unwrap();
    let (code, given) = read().await.unwrap_err();
    assert_eq!(code, "blob_damaged");
    assert!(given > 0 && given < picture.len(), "{given} of {} were given", picture.len());
    // A part is given for its length alone.
    let part = assets.original_bytes(&stored, Some(0..200)).await.unwrap();
    assert_eq!(part, &flipped[..200]);
}

#[tokio::test]
async fn a_locked_database_is_a_timeout_and_makes_the_service_unready() {
    let directory = tempfile::tempdir().unwrap();
    let storage_timeout = std::time::Duration::from_millis(400);
    let settings = Settings { storage_timeout, ..Settings::default() };
    let assets = Assets::open(directory.path(), settings).await.unwrap();
    let stored = store(&assets, Surface::Moov, "png/rgb.png").await.unwrap();
    let pool = database(directory.path()).await;
    let lock = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let refused = store(&assets, Surface::Moov, "png/rgba.png").await.unwrap_err();
    assert_eq!(refused.code(), "timeout", "{refused}");
    assert_eq!(
        assets.keyring().create(&Role::ALL, None, None).await.unwrap_err().code(),
        "timeout"
    );
    // The answer before, or a write of a moment ago, holds for a second.
    let unready = loop {
        if let Err(error) = assets.ready().await {
            break error;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!(unready.code(), "timeout");
    // What is there is served meanwhile.
    assert!(assets.public(&stored.public_id).await.is_ok());
    lock.rollback().await.unwrap();
    store(&assets, Surface::Moov, "png/rgba.png").await.unwrap();
}

#[tokio::test]
async fn a_service_without_room_or_blobs_is_not_ready() {
    let directory = tempfile::tempdir().unwrap();
    let settings = Settings { min_free_bytes: u64::MAX, ..Settings::default() };
    let assets = Assets::open(directory.path(), settings).await.unwrap();
    assert_eq!(assets.ready().await.unwrap_err().code(), "storage_full");
    assets.close().await;
    drop(assets);
    let assets = reopen(directory.path()).await.unwrap();
    std::fs::rename(directory.path().join("blobs"), directory.path().join("away")).unwrap();
    assert_eq!(assets.ready().await.unwrap_err().code(), "storage");
}

#[tokio::test]
async fn asking_whether_it_is_ready_writes_nothing() {
    let (directory, assets, _) = on_disk().await;
    store(&assets, Surface::Moov, "png/rgb.png").await.unwrap();
    let bytes = || {
        ["catalog.sqlite", "catalog.sqlite-wal"]
            .map(|name| std::fs::read(directory.path().join(name)).unwrap())
    };
    let before = bytes();
    assets.ready().await.unwrap();
    assets.ready().await.unwrap();
    assert!(bytes() == before);
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_made_is_for_its_owner_alone_and_what_was_there_keeps_its_mode() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = tempfile::tempdir().unwrap();
    let root = parent.path().join("data");
    std::fs::create_dir(&root).unwrap();
    std::fs::set_permissions(&root, std::fs::Permissions::from_mode(0o750)).unwrap();
    let assets = reopen(&root).await.unwrap();
    let stored = store(&assets, Surface::Moov, "jpeg/baseline-420.jpg").await.unwrap();
    assets.rendition(&stored, &RenditionSpec::cover(10, 10)).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (mut open, mut seen) = (vec![root.clone()], 0);
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let expected = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode(&path), expected, "{}", path.display());
            seen += 1;
            if path.is_dir() {
                open.push(path);
            }
        }
    }
    assert!(seen >= 10, "{seen}");
    assert_eq!(mode(&root), 0o750);
}
