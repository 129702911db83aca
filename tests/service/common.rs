//! What the tests of the service share.

use std::path::{Path, PathBuf};

use gatefold::service::{
    Asset, Assets, Clock, ManualClock, NewAsset, ServiceError, Settings, Spooled, Surface,
};

/// Bytes of a file in `testdata`.
pub(crate) fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)).unwrap()
}

/// A service in memory, on a clock that the test moves.
pub(crate) async fn in_memory() -> (Assets, ManualClock) {
    let clock = ManualClock::new();
    let settings = Settings { clock: Clock::Manual(clock.clone()), ..Settings::default() };
    (Assets::in_memory(settings).await.unwrap(), clock)
}

/// A service in a directory of the test's own.
pub(crate) async fn on_disk() -> (tempfile::TempDir, Assets, ManualClock) {
    let directory = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    let settings = Settings { clock: Clock::Manual(clock.clone()), ..Settings::default() };
    let assets = Assets::open(directory.path(), settings).await.unwrap();
    (directory, assets, clock)
}

pub(crate) async fn store(
    assets: &Assets,
    surface: Surface,
    name: &str,
) -> Result<Asset, ServiceError> {
    assets.store(NewAsset::new("shop", surface), Spooled::of(file(name))).await
}

/// The files that hold blobs.
pub(crate) fn blobs(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in std::fs::read_dir(directory.join("blobs")).unwrap() {
        // The identity of the store lies beside the folders.
        let folder = folder.unwrap().path();
        if folder.is_dir() {
            found.extend(std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()));
        }
    }
    found.sort();
    found
}

/// The database of a service that is not running, or beside one that is.
pub(crate) async fn database(directory: &Path) -> sqlx::SqlitePool {
    let options = sqlx::sqlite::SqliteConnectOptions::new();
    sqlx::SqlitePool::connect_with(options.filename(directory.join("catalog.sqlite")))
        .await
        .unwrap()
}

/// One second of silence: PCM, 8 kHz, 8 bit, mono.
pub(crate) fn wav() -> Vec<u8> {
    let mut bytes = b"RIFF\x64\x1f\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    bytes.extend(8000u32.to_le_bytes());
    bytes.extend(8000u32.to_le_bytes());
    bytes.extend(b"\x01\0\x08\0data");
    bytes.extend(8000u32.to_le_bytes());
    bytes.extend([0x80; 8000]);
    bytes
}
