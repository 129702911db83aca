//! Which store a database and the blobs beside it belong to: the same id is kept in both.

use std::path::Path;

use super::assets::{DATABASE, Result};
use super::backup;
use super::blobs::Blobs;
use super::catalog::Catalog;
use super::directory::Directory;
use super::error::ServiceError;
use super::id;

/// What stands before the id beside the blobs.
const TITLE: &str = "gatefold store ";
/// Letters and digits of an id.
const LENGTH: usize = 24;
/// Records and blobs that are looked at where nothing tells whether they belong together.
const SAMPLE: u64 = 8;

fn refused(directory: &Path, found: &str, help: &str) -> ServiceError {
    let message = format!("{}: {found}. Nothing was changed. {help}", directory.display());
    ServiceError::StoreRefused { message }
}

fn adopting(directory: &Path) -> String {
    format!(
        "Put the database back that belongs to these blobs (`gatefold restore` brings both). To keep \
         this database with these blobs all the same, run `gatefold store adopt --data {}`, then \
         `gatefold store check`",
        directory.display()
    )
}

/// Whether there is a database in this directory, with anything in it.
pub(super) fn has_database(directory: &Path) -> bool {
    std::fs::metadata(directory.join(DATABASE)).is_ok_and(|file| file.is_file() && file.len() > 0)
}

/// Opens the database of a directory, or makes one where nothing was ever stored. Refuses one that
/// does not belong to the blobs before anything is changed.
pub(super) async fn open(
    directory: &Path,
    blobs: &Blobs,
    timeout: std::time::Duration,
) -> Result<Catalog> {
    let beside = id_of(blobs).await?;
    if !has_database(directory) && (beside.is_some() || !blobs.some_ids(1).await?.is_empty()) {
        let found =
            format!("blobs are stored here, but their database {DATABASE} is missing or empty");
        let help = "Put the database back (`gatefold restore` brings it with its blobs), or use another \
                    directory to start anew";
        return Err(refused(directory, &found, help));
    }
    let catalog = Catalog::connect(&directory.join(DATABASE), true, timeout).await?;
    let own = catalog.store_id().await?;
    match (&own, &beside) {
        (Some(own), Some(beside)) if own == beside => {}
        (own, Some(beside)) => {
            let own =
                own.as_ref().map_or_else(|| "no store yet".to_owned(), |id| format!("store {id}"));
            let found =
                format!("the database belongs to {own}, the blobs beside it to store {beside}");
            return Err(refused(directory, &found, &adopting(directory)));
        }
        // A new store, or one of a version that kept no identity, or a start that was interrupted.
        (_, None) => belong_together(directory, &catalog, blobs).await?,
    }
    catalog.migrate().await?;
    if beside.is_none() {
        let id = match own {
            Some(id) => id,
            None => catalog.keep_store_id(&id::letters(LENGTH)?).await?,
        };
        blobs.write_identity(format!("{TITLE}{id}\n"), false).await?;
    }
    Ok(catalog)
}

/// Gives a database and the blobs beside it, whatever they are, a new identity in common.
///
/// For a pair that [`Assets::open`](super::Assets::open) refuses, once an operator has decided that
/// it shall be one store: records whose bytes are elsewhere stay without them, and blobs that no
/// record names stay where they are; a check of the store tells both. Gives the new identity.
///
/// # Errors
/// [`ServiceError::StoreRefused`] when the directory has no database, [`ServiceError::Storage`] when a
/// service is running on it or it cannot be written.
pub async fn adopt_store(directory: &Path) -> Result<String> {
    if !has_database(directory) {
        let found = format!("there is no database {DATABASE} that could be adopted");
        return Err(refused(directory, &found, "Put it there first"));
    }
    backup::refuse_as_service(directory)?;
    let held = Directory::open(directory)?;
    let timeout = std::time::Duration::from_secs(30);
    let blobs = Blobs::in_directory(&held.part("blobs"), true, timeout)?;
    let catalog = Catalog::connect(&directory.join(DATABASE), false, timeout).await?;
    catalog.migrate().await?;
    let id = id::letters(LENGTH)?;
    catalog.replace_store_id(&id).await?;
    blobs.write_identity(format!("{TITLE}{id}\n"), true).await?;
    catalog.close().await;
    Ok(id)
}

/// The identity beside blobs.
pub(super) async fn id_of(blobs: &Blobs) -> Result<Option<String>> {
    let Some(text) = blobs.identity().await? else { return Ok(None) };
    let text = String::from_utf8_lossy(&text);
    match text.trim_end().strip_prefix(TITLE) {
        Some(id) if id.len() == LENGTH && id.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            Ok(Some(id.to_owned()))
        }
        _ => {
            Err(ServiceError::storage("the blob store", "the identity of the store is unreadable"))
        }
    }
}

/// The identity of a store in memory.
pub(super) async fn of_memory(catalog: &Catalog, blobs: &Blobs) -> Result<()> {
    let id = catalog.keep_store_id(&id::letters(LENGTH)?).await?;
    blobs.write_identity(format!("{TITLE}{id}\n"), false).await
}

/// Whether a database without a word on its blobs has the ones beside it: some of what its records
/// name must be there.
async fn belong_together(directory: &Path, catalog: &Catalog, blobs: &Blobs) -> Result<()> {
    let named = catalog.some_blobs(SAMPLE).await?;
    for id in &named {
        if blobs.has(id).await? {
            return Ok(());
        }
    }
    let stored = !blobs.some_ids(1).await?.is_empty();
    let found = match (named.is_empty(), stored) {
        (true, false) => return Ok(()),
        (true, true) => "blobs are stored here, but the database names none".to_owned(),
        (false, _) => format!(
            "of {} blobs that the database names none is stored beside it, perhaps because a disk is \
             not mounted",
            named.len()
        ),
    };
    Err(refused(directory, &found, &adopting(directory)))
}
