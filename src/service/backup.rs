//! Copies of a store that can be served again: the database first, as it is at one moment, then
//! every blob that this copy of it names. Blobs never change, so a later backup into the same
//! directory adds the new ones alone.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::assets::{DATABASE, Result};
use super::blobs::{Blobs, IDENTITY};
use super::catalog::{BlobRecord, Catalog};
use super::clock::after;
use super::directory::{self, Directory};
use super::error::ServiceError;
use super::id;
use super::identity::{self, has_database};
use super::spool::on_disk;

/// What tells that a directory is a backup, and of which store.
const MARK: &str = "backup.json";
/// The database on its way in.
const UNFINISHED: &str = "catalog.sqlite.new";
/// How long the service is kept from removing bytes, unless it is told so again.
const LEASE: Duration = Duration::from_secs(600);
/// How often it is told so again.
const RENEWAL: Duration = Duration::from_secs(60);
/// Blobs looked at in one step.
const AT_ONCE: u64 = 500;
/// Copies of the database that are tried when bytes go while they are being copied.
const ATTEMPTS: usize = 5;
/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);
const PIECE: usize = 256 * 1024;

/// What a backup or a restoration has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Copied {
    /// The identity of the store.
    pub store: String,
    /// Blobs that the database names.
    pub blobs: u64,
    /// Blobs that were not there before.
    pub new_blobs: u64,
    /// The bytes of those.
    pub new_bytes: u64,
    /// Blobs that the database names and that were lost before; upload their pictures again.
    pub missing: Vec<String>,
    /// Blobs whose length or digest is not what the database tells; they were not copied.
    pub damaged: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Mark {
    store: String,
    /// When the last backup was finished; `None` while the first is under way.
    finished: Option<Timestamp>,
}

/// Keeps a backup from being served, which would change it.
pub(super) fn refuse_as_service(directory: &Path) -> Result<()> {
    if !directory.join(MARK).exists() {
        return Ok(());
    }
    let backup = directory.display();
    refused(format!(
        "{backup} is a backup, which serving would change; `gatefold restore {backup} --data DIR` \
         makes a store of it"
    ))
}

fn refused<T>(message: String) -> Result<T> {
    Err(ServiceError::StoreRefused { message })
}

fn disk(error: io::Error) -> ServiceError {
    ServiceError::storage("the disk", error)
}

/// Copies the store in `data`, which may be in use, to the directory `to`, which must be missing,
/// empty or an earlier backup of the same store. Then only what is new is copied: by hard link where
/// both are on one file system, else byte by byte. The copy of the database is exchanged last, so
/// an interrupted backup leaves the earlier one whole.
///
/// What a later backup does not name any more stays in the directory.
///
/// ```no_run
/// # async fn run() -> Result<(), gatefold::service::ServiceError> {
/// let done = gatefold::service::back_up("gatefold-data".as_ref(), "backup".as_ref()).await?;
/// assert!(done.missing.is_empty());
/// # Ok(()) }
/// ```
///
/// # Errors
/// [`ServiceError::StoreRefused`] when `data` holds no store or `to` holds anything else,
/// [`ServiceError::StorageFull`], [`ServiceError::Storage`] and [`ServiceError::Timeout`] when
/// reading or writing fails.
pub async fn back_up(data: &Path, to: &Path) -> Result<Copied> {
    if !has_database(data) {
        return refused(format!("{} holds no store: there is no {DATABASE}", data.display()));
    }
    let blobs = Blobs::in_directory(&data.join("blobs"), true, PATIENCE)?;
    let catalog = Catalog::connect(&data.join(DATABASE), false, PATIENCE).await?;
    let done = async {
        let store = if catalog.is_current().await? { catalog.store_id().await? } else { None };
        if store.is_none() || store != identity::id_of(&blobs).await? {
            return refused(format!(
                "the database in {} and the blobs beside it are not one store, or one that this \
                 version has not opened yet; `gatefold serve` tells more",
                data.display()
            ));
        }
        let store = store.unwrap_or_default();
        let (data, to) = (data.to_owned(), to.to_owned());
        let (from, into) = (data.clone(), to.clone());
        let mark = store.clone();
        let held = on_disk(move || Ok(prepare(&from, &into, &mark))).await??;
        let lease = id::letters(12)?;
        let copied = Source { catalog: &catalog, data, to, lease: &lease }.copy(store).await;
        catalog.end_lease(&lease).await?;
        drop(held);
        copied
    }
    .await;
    catalog.close().await;
    done
}

/// Makes sure that the directory is one that a backup may be written to, and takes it.
fn prepare(data: &Path, to: &Path, store: &str) -> Result<Directory> {
    directory::make_folder(to).map_err(disk)?;
    let (data, real) = (data.canonicalize().map_err(disk)?, to.canonicalize().map_err(disk)?);
    if real.starts_with(&data) {
        return refused(format!("{} is part of the store itself", to.display()));
    }
    let empty = fs::read_dir(to).map_err(disk)?.next().is_none();
    match mark_of(to)? {
        Some(mark) if mark.store == store => {}
        Some(mark) => {
            return refused(format!(
                "{} is a backup of store {}, not of store {store}",
                to.display(),
                mark.store
            ));
        }
        None if empty => {
            write_mark(to, &Mark { store: store.to_owned(), finished: None }).map_err(disk)?;
        }
        None => {
            return refused(format!(
                "{} is neither empty nor an earlier backup of this store; nothing was written",
                to.display()
            ));
        }
    }
    directory::make_folder(&to.join("blobs")).map_err(disk)?;
    Directory::take(to)
}

fn mark_of(directory: &Path) -> Result<Option<Mark>> {
    match fs::read(directory.join(MARK)) {
        Ok(text) => serde_json::from_slice(&text).map(Some).map_err(|error| disk(error.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(disk(error)),
    }
}

fn write_mark(directory: &Path, mark: &Mark) -> io::Result<()> {
    let new = directory.join("backup.json.new");
    let mut file = directory::private_file(&new)?;
    file.set_len(0)?;
    file.write_all(serde_json::to_string(mark)?.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, directory.join(MARK))?;
    directory::sync_folder(directory)
}

/// A store that may be in use.
struct Source<'a> {
    catalog: &'a Catalog,
    data: PathBuf,
    to: PathBuf,
    lease: &'a str,
}

impl Source<'_> {
    async fn copy(&self, store: String) -> Result<Copied> {
        let mut copied = Copied::of(store);
        let mut attempt = 1;
        while !self.attempt(&mut copied, attempt == ATTEMPTS).await? {
            attempt += 1;
        }
        let (data, to, store) = (self.data.clone(), self.to.clone(), copied.store.clone());
        on_disk(move || {
            let (from, into) = (data.join("blobs").join(IDENTITY), to.join("blobs").join(IDENTITY));
            if !into.exists() {
                copy_file(&from, &into, None)?;
            }
            take_name(&to)?;
            write_mark(&to, &Mark { store, finished: Some(Timestamp::now()) })
        })
        .await?;
        Ok(copied)
    }

    /// Copies the database and the blobs that it names. False when some of these went meanwhile
    /// because nothing names them any more: a newer copy of the database does not name them either.
    async fn attempt(&self, copied: &mut Copied, last: bool) -> Result<bool> {
        self.hold().await?;
        let file = self.to.join(UNFINISHED);
        let made = file.clone();
        on_disk(move || directory::private_file(&made)?.set_len(0)).await?;
        self.catalog.copy_to(&file).await?;
        let copy = Catalog::read_only(&file, PATIENCE).await?;
        let done = self.copy_named(&copy, copied).await;
        copy.close().await;
        for id in done? {
            if self.catalog.is_named(&id).await? {
                copied.missing.push(id);
            } else if !last {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The blobs that could not be found.
    async fn copy_named(&self, copy: &Catalog, copied: &mut Copied) -> Result<Vec<String>> {
        let mut held = Instant::now();
        let (mut missing, mut last) = (Vec::new(), String::new());
        copied.restart();
        loop {
            let named = copy.named_blobs(&last, AT_ONCE).await?;
            let Some(end) = named.last() else { return Ok(missing) };
            last.clone_from(&end.id);
            if held.elapsed() > RENEWAL {
                self.hold().await?;
                held = Instant::now();
            }
            let (from, into) = (self.data.join("blobs"), self.to.join("blobs"));
            let outcomes = on_disk(move || each(&from, &into, named, link_or_copy)).await?;
            missing.extend(copied.count(outcomes));
        }
    }

    async fn hold(&self) -> Result<()> {
        self.catalog.put_lease(self.lease, "backup", after(Timestamp::now(), LEASE)).await
    }
}

/// Makes a store of a backup in the directory `data`, which must be missing or empty. Every blob is
/// copied and its digest compared; those that are lost or damaged are told, and the rest is there.
///
/// # Errors
/// [`ServiceError::StoreRefused`] when `from` is no finished backup or there is anything in `data`,
/// [`ServiceError::StorageFull`] and [`ServiceError::Storage`] when reading or writing fails; empty
/// `data` then, and try again.
pub async fn restore(from: &Path, data: &Path) -> Result<Copied> {
    let (source, target) = (from.to_owned(), data.to_owned());
    let (mark, held) = on_disk(move || Ok(prepare_restore(&source, &target))).await??;
    let (source, target) = (from.to_owned(), data.to_owned());
    on_disk(move || copy_file(&source.join(DATABASE), &target.join(UNFINISHED), None)).await?;
    let catalog = Catalog::read_only(&data.join(UNFINISHED), PATIENCE).await?;
    let copied = restore_blobs(&catalog, from, data, Copied::of(mark.store)).await;
    catalog.close().await;
    let copied = copied?;
    let (source, target) = (from.to_owned(), data.to_owned());
    on_disk(move || {
        let [from, into] = [&source, &target].map(|root| root.join("blobs").join(IDENTITY));
        copy_file(&from, &into, None)?;
        take_name(&target)
    })
    .await?;
    drop(held);
    Ok(copied)
}

fn prepare_restore(from: &Path, data: &Path) -> Result<(Mark, Directory)> {
    let mark = match mark_of(from)? {
        Some(mark) if mark.finished.is_some() => mark,
        Some(_) => return refused(format!("the backup in {} was not finished", from.display())),
        None => return refused(format!("{} is no backup", from.display())),
    };
    let taken = match fs::read_dir(data) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(disk(error)),
    };
    if taken {
        return refused(format!(
            "{} is not empty; restore into a new directory, which nothing is lost in",
            data.display()
        ));
    }
    Ok((mark, Directory::open(data)?))
}

async fn restore_blobs(
    catalog: &Catalog,
    from: &Path,
    data: &Path,
    mut copied: Copied,
) -> Result<Copied> {
    let mut last = String::new();
    loop {
        let named = catalog.named_blobs(&last, AT_ONCE).await?;
        let Some(end) = named.last() else { return Ok(copied) };
        last.clone_from(&end.id);
        let (from, into) = (from.join("blobs"), data.join("blobs"));
        let outcomes = on_disk(move || each(&from, &into, named, copy_whole)).await?;
        let missing = copied.count(outcomes);
        copied.missing.extend(missing);
    }
}

/// What became of one blob.
enum Outcome {
    Kept,
    New(u64),
    Missing,
    Damaged,
}

impl Copied {
    fn of(store: String) -> Self {
        let (missing, damaged) = (Vec::new(), Vec::new());
        Self { store, blobs: 0, new_blobs: 0, new_bytes: 0, missing, damaged }
    }

    /// A newer copy of the database is gone through from its start.
    fn restart(&mut self) {
        self.blobs = 0;
        self.missing.clear();
        self.damaged.clear();
    }

    /// Those that are missing are not counted among the missing yet.
    fn count(&mut self, outcomes: Vec<(String, Outcome)>) -> Vec<String> {
        let mut missing = Vec::new();
        for (id, outcome) in outcomes {
            self.blobs += 1;
            match outcome {
                Outcome::Kept => {}
                Outcome::New(bytes) => {
                    self.new_blobs += 1;
                    self.new_bytes += bytes;
                }
                Outcome::Missing => missing.push(id),
                Outcome::Damaged => self.damaged.push(id),
            }
        }
        missing
    }
}

/// Does the same for each blob; the folders are on the disk itself afterwards.
fn each(
    from: &Path,
    into: &Path,
    blobs: Vec<BlobRecord>,
    work: impl Fn(&Path, &Path, &BlobRecord) -> io::Result<Outcome>,
) -> io::Result<Vec<(String, Outcome)>> {
    let mut folders = BTreeSet::new();
    let mut outcomes = Vec::with_capacity(blobs.len());
    for blob in blobs {
        let folder = blob.id.get(..2).unwrap_or("00");
        let (source, target) = (from.join(folder).join(&blob.id), into.join(folder).join(&blob.id));
        if folders.insert(folder.to_owned()) {
            directory::make_inside(into, &into.join(folder))?;
        }
        let outcome = work(&source, &target, &blob).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", source.display()))
        })?;
        outcomes.push((blob.id, outcome));
    }
    for folder in folders {
        directory::sync_folder(&into.join(folder))?;
    }
    Ok(outcomes)
}

fn link_or_copy(source: &Path, target: &Path, blob: &BlobRecord) -> io::Result<Outcome> {
    if fs::metadata(target).is_ok_and(|file| file.len() == blob.bytes) {
        return Ok(Outcome::Kept);
    }
    match fs::metadata(source) {
        Ok(file) if file.len() == blob.bytes => {}
        Ok(_) => return Ok(Outcome::Damaged),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Outcome::Missing),
        Err(error) => return Err(error),
    }
    let partial = partial(target);
    let _ = fs::remove_file(&partial);
    match fs::hard_link(source, &partial) {
        Ok(()) => fs::rename(&partial, target)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Outcome::Missing),
        // Another file system, or one without links.
        Err(_) => match copy_file(source, target, None) {
            Ok(length) if length == blob.bytes => {}
            Ok(_) => return Ok(Outcome::Damaged),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Outcome::Missing),
            Err(error) => return Err(error),
        },
    }
    Ok(Outcome::New(blob.bytes))
}

fn copy_whole(source: &Path, target: &Path, blob: &BlobRecord) -> io::Result<Outcome> {
    match copy_file(source, target, Some(blob)) {
        Ok(length) => Ok(Outcome::New(length)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Outcome::Missing),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(Outcome::Damaged),
        Err(error) => Err(error),
    }
}

/// The name under which a file is written before it takes its own.
fn partial(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push("#1");
    name.into()
}

/// Copies a file so that it has its name only once it is whole and on the disk itself; as
/// `InvalidData` when it is not the blob that it should be. Its length.
fn copy_file(source: &Path, target: &Path, expected: Option<&BlobRecord>) -> io::Result<u64> {
    let mut from = File::open(source)?;
    let partial = partial(target);
    let mut into = directory::private_file(&partial)?;
    into.set_len(0)?;
    let (mut digest, mut length) = (blake3::Hasher::new(), 0_u64);
    let mut piece = vec![0; PIECE];
    loop {
        let count = from.read(&mut piece)?;
        let Some(read) = piece.get(..count).filter(|read| !read.is_empty()) else { break };
        into.write_all(read)?;
        if expected.is_some() {
            digest.update(read);
        }
        length += read.len() as u64;
    }
    let right = expected.is_none_or(|blob| {
        blob.bytes == length && blob.digest == digest.finalize().to_hex().as_str()
    });
    if !right {
        drop(into);
        fs::remove_file(&partial)?;
        return Err(io::ErrorKind::InvalidData.into());
    }
    into.sync_all()?;
    fs::rename(&partial, target)?;
    Ok(length)
}

/// The copied database takes its name.
fn take_name(root: &Path) -> io::Result<()> {
    directory::sync_folder(&root.join("blobs"))?;
    let new = root.join(UNFINISHED);
    File::options().write(true).open(&new)?.sync_all()?;
    fs::rename(&new, root.join(DATABASE))?;
    directory::sync_folder(root)
}
