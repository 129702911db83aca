//! Compares the records of a store with its bytes, also while a service runs on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::Serialize;

use super::assets::{DATABASE, Result};
use super::blobs::IDENTITY;
use super::catalog::{BlobRow, BlobState, Catalog};
use super::directory::{self, Directory};
use super::error::ServiceError;
use super::identity::has_database;
use super::spool::on_disk;

/// How long a file that is being written may look like one that was left over.
const IN_USE: Duration = Duration::from_secs(3600);
const PIECE: usize = 256 * 1024;

/// What is wrong with a file, or with the record that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StoreFault {
    /// A record names bytes that are not there.
    Missing,
    /// There are more or fewer bytes than the record tells.
    WrongLength,
    /// They are other bytes than the record tells.
    WrongDigest,
    /// Bytes that the database does not know of.
    Unnamed,
    /// Part of a file, left by a process that ended while it wrote it.
    Unfinished,
}

/// Something that is wrong in a store. See [`StoreCheck::run`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StoreFinding {
    /// What is wrong.
    pub fault: StoreFault,
    /// The file, below the store's directory.
    pub path: String,
    /// The length or the digest that the record tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The length or the digest that the file has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// The assets that name the bytes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assets: Vec<String>,
    /// The tracks that name the bytes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tracks: Vec<String>,
    /// Where the file is now, if it was set aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_aside: Option<String>,
}

/// How much was looked at, and how much of it is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct StoreSummary {
    /// Blobs that records name.
    pub named: u64,
    /// Their bytes, as the records tell.
    pub named_bytes: u64,
    /// Blobs of uploads under way.
    pub intended: u64,
    /// Blobs that a sweep will remove.
    pub doomed: u64,
    /// Findings of [`StoreFault::Missing`].
    pub missing: u64,
    /// Findings of [`StoreFault::WrongLength`].
    pub wrong_length: u64,
    /// Findings of [`StoreFault::WrongDigest`].
    pub wrong_digest: u64,
    /// Findings of [`StoreFault::Unnamed`].
    pub unnamed: u64,
    /// Findings of [`StoreFault::Unfinished`].
    pub unfinished: u64,
    /// Files that were set aside.
    pub set_aside: u64,
}

impl StoreSummary {
    /// Whether nothing is wrong.
    pub const fn is_sound(&self) -> bool {
        self.missing + self.wrong_length + self.wrong_digest + self.unnamed + self.unfinished == 0
    }

    fn count(&mut self, finding: &StoreFinding) {
        let count = match finding.fault {
            StoreFault::Missing => &mut self.missing,
            StoreFault::WrongLength => &mut self.wrong_length,
            StoreFault::WrongDigest => &mut self.wrong_digest,
            StoreFault::Unnamed => &mut self.unnamed,
            StoreFault::Unfinished => &mut self.unfinished,
        };
        *count += 1;
        self.set_aside += u64::from(finding.set_aside.is_some());
    }
}

/// A comparison of a store's records with its bytes. A backup is checked like a store.
///
/// ```no_run
/// # async fn run() -> Result<(), gatefold::service::ServiceError> {
/// use gatefold::service::StoreCheck;
/// let check = StoreCheck::new("gatefold-data").digests(false);
/// let summary = check.run(|finding| println!("{:?} {}", finding.fault, finding.path)).await?;
/// assert!(summary.is_sound());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct StoreCheck {
    data: PathBuf,
    digests: bool,
    repair: bool,
}

impl StoreCheck {
    /// A check of the store in this directory that reads every byte and changes nothing.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into(), digests: true, repair: false }
    }

    /// Whether every byte is read and its digest compared, or only lengths are. Default true.
    #[must_use]
    pub const fn digests(mut self, yes: bool) -> Self {
        self.digests = yes;
        self
    }

    /// Whether files that are damaged, unfinished or unknown to the database are moved to the folder
    /// `set-aside`, with a note; nothing is ever deleted. Default false.
    #[must_use]
    pub const fn repair(mut self, yes: bool) -> Self {
        self.repair = yes;
        self
    }

    /// Looks through the store and tells what is wrong, as it is found.
    ///
    /// # Errors
    /// [`ServiceError::StoreRefused`] when there is no store, or one that this version has not opened
    /// yet; [`ServiceError::Storage`] when it cannot be read, or is to be repaired while a service
    /// runs on it.
    pub async fn run(&self, mut told: impl FnMut(&StoreFinding)) -> Result<StoreSummary> {
        let refused = |message| Err(ServiceError::StoreRefused { message });
        let data = self.data.display();
        if !has_database(&self.data) {
            return refused(format!("{data} holds no store: there is no {DATABASE}"));
        }
        let root = self.data.clone();
        let held = if self.repair { Some(Directory::take(&root)?) } else { None };
        let catalog = Catalog::read_only(&root.join(DATABASE), Duration::from_secs(30)).await?;
        if !catalog.is_current().await? {
            return refused(format!(
                "the store in {data} is of an earlier version; `gatefold serve` brings it up to date"
            ));
        }
        let mut summary = StoreSummary::default();
        let aside = Aside::new(&root);
        let folders = on_disk(move || folders(&root.join("blobs"))).await?;
        for folder in folders {
            for mut finding in self.look_through(&catalog, &folder, &mut summary).await? {
                if self.repair && finding.fault != StoreFault::Missing {
                    let (aside, moved) = (aside.clone(), finding.clone());
                    finding.set_aside = Some(on_disk(move || aside.take(&moved)).await?);
                }
                summary.count(&finding);
                told(&finding);
            }
        }
        catalog.close().await;
        drop(held);
        Ok(summary)
    }

    /// One folder of blobs: its files first and then the rows, so that what an upload writes
    /// meanwhile has its row.
    async fn look_through(
        &self,
        catalog: &Catalog,
        folder: &str,
        summary: &mut StoreSummary,
    ) -> Result<Vec<StoreFinding>> {
        let (root, name) = (self.data.clone(), folder.to_owned());
        let files = on_disk(move || files(&root.join("blobs").join(name))).await?;
        // What lies anywhere else belongs to nothing.
        let rows = if folder.len() == 2 { catalog.blobs_in(folder).await? } else { Vec::new() };
        let mut rows: BTreeMap<String, BlobRow> =
            rows.into_iter().map(|row| (row.blob.id.clone(), row)).collect();
        let mut findings = Vec::new();
        for (name, length) in &files {
            let finding = |fault| finding(fault, folder, name);
            let whole = name.split_once('#').map_or(name.as_str(), |(whole, _)| whole);
            let actual = Some(length.to_string());
            match rows.get(whole) {
                _ if !self.is_there(folder, name).await? => {}
                Some(row) if whole != name => {
                    // Written just now by an upload, or by one that puts bytes right.
                    let old = self.is_old(folder, name).await?;
                    if old && row.state != BlobState::Doomed {
                        findings.push(StoreFinding { actual, ..finding(StoreFault::Unfinished) });
                    }
                }
                None if whole != name => {
                    findings.push(StoreFinding { actual, ..finding(StoreFault::Unfinished) });
                }
                None => findings.push(StoreFinding { actual, ..finding(StoreFault::Unnamed) }),
                Some(_) => {}
            }
        }
        while let Some((id, row)) = rows.pop_first() {
            match row.state {
                BlobState::Intended => summary.intended += 1,
                BlobState::Doomed => summary.doomed += 1,
                BlobState::Unnamed => {}
                BlobState::Named => {
                    summary.named += 1;
                    summary.named_bytes += row.blob.bytes;
                    let Some((fault, expected, actual)) = self.compare(folder, &row).await? else {
                        continue;
                    };
                    // It may have been removed since the rows were read.
                    let (assets, tracks) = catalog.who_names(&id).await?;
                    if !assets.is_empty() || !tracks.is_empty() {
                        let found = finding(fault, folder, &id);
                        findings.push(StoreFinding { expected, actual, assets, tracks, ..found });
                    }
                }
            }
        }
        Ok(findings)
    }

    fn path(&self, folder: &str, name: &str) -> PathBuf {
        self.data.join("blobs").join(folder).join(name)
    }

    async fn is_there(&self, folder: &str, name: &str) -> Result<bool> {
        let path = self.path(folder, name);
        on_disk(move || Ok(path.exists())).await
    }

    async fn is_old(&self, folder: &str, name: &str) -> Result<bool> {
        let path = self.path(folder, name);
        on_disk(move || {
            let written = fs::metadata(path).and_then(|file| file.modified());
            let age = written.map(|time| SystemTime::now().duration_since(time));
            Ok(matches!(age, Ok(Ok(age)) if age > IN_USE))
        })
        .await
    }

    /// What a file has other than its row, with what it should have and what it has.
    async fn compare(
        &self,
        folder: &str,
        row: &BlobRow,
    ) -> Result<Option<(StoreFault, Option<String>, Option<String>)>> {
        let (path, blob, digests) =
            (self.path(folder, &row.blob.id), row.blob.clone(), self.digests);
        on_disk(move || {
            let mut file = match File::open(path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Ok(Some((StoreFault::Missing, None, None)));
                }
                Err(error) => return Err(error),
            };
            let length = file.metadata()?.len();
            if length != blob.bytes {
                let (expected, actual) = (blob.bytes.to_string(), length.to_string());
                return Ok(Some((StoreFault::WrongLength, Some(expected), Some(actual))));
            }
            if !digests {
                return Ok(None);
            }
            let (mut digest, mut piece) = (blake3::Hasher::new(), vec![0; PIECE]);
            loop {
                let count = file.read(&mut piece)?;
                match piece.get(..count) {
                    Some(read) if !read.is_empty() => digest.update(read),
                    _ => break,
                };
            }
            let actual = digest.finalize().to_hex().to_string();
            let wrong = actual != blob.digest;
            Ok(wrong.then_some((StoreFault::WrongDigest, Some(blob.digest), Some(actual))))
        })
        .await
    }
}

fn finding(fault: StoreFault, folder: &str, name: &str) -> StoreFinding {
    let path =
        if folder.is_empty() { format!("blobs/{name}") } else { format!("blobs/{folder}/{name}") };
    StoreFinding {
        fault,
        path,
        expected: None,
        actual: None,
        assets: Vec::new(),
        tracks: Vec::new(),
        set_aside: None,
    }
}

/// The folders of blobs, and every one that a digest may lead to; the empty name is the folder of
/// the folders.
fn folders(blobs: &Path) -> io::Result<BTreeSet<String>> {
    let mut folders: BTreeSet<String> = (0..=255_u8).map(|byte| format!("{byte:02x}")).collect();
    folders.insert(String::new());
    for entry in fs::read_dir(blobs)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            folders.extend(entry.file_name().into_string().ok());
        }
    }
    Ok(folders)
}

/// The files in a folder, with their lengths.
fn files(folder: &Path) -> io::Result<Vec<(String, u64)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        match entry.metadata() {
            Ok(file) if file.is_file() && name != IDENTITY => files.push((name, file.len())),
            _ => {}
        }
    }
    files.sort_unstable();
    Ok(files)
}

/// Where files go that are set aside in one run.
#[derive(Debug, Clone)]
struct Aside {
    root: PathBuf,
    folder: String,
}

impl Aside {
    fn new(root: &Path) -> Self {
        let now = Timestamp::now().strftime("%Y%m%dT%H%M%S%fZ");
        Self { root: root.to_owned(), folder: format!("set-aside/{now}") }
    }

    /// Moves the file of a finding, and notes why; its new place.
    fn take(&self, finding: &StoreFinding) -> io::Result<String> {
        let place = format!("{}/{}", self.folder, finding.path);
        let target = self.root.join(&place);
        if target.exists() {
            return Err(io::Error::other(format!("{place} is there already")));
        }
        if let Some(parent) = target.parent() {
            directory::make_folder(parent)?;
        }
        let mut notes = directory::private_file(&self.root.join(&self.folder).join("notes.jsonl"))?;
        io::Seek::seek(&mut notes, io::SeekFrom::End(0))?;
        writeln!(notes, "{}", serde_json::to_string(finding)?)?;
        notes.sync_all()?;
        fs::rename(self.root.join(&finding.path), &target)?;
        Ok(place)
    }
}
