//! The folders of kept renditions, how much they hold, and what is given up when that is too much.
//!
//! Each folder knows what it holds from when it was last looked into; the sum of all is compared with
//! the cap. A start reads what an earlier process wrote down and counts anew in the background.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::SystemTime;

use super::file::{self, Content};
use super::names::{AssetKey, Name, parse};
use crate::Format;

/// Folders that the renditions are spread over.
pub(super) const SHARDS: usize = 1024;
/// Folders that are looked into for what to give up.
const SAMPLED: usize = 4;
/// The part of what was found there that may be given up before others are looked into.
const GIVEN_UP_SHARE: usize = 8;
/// The part of the cap that is made free at once, so that it is not looked for at every rendition.
const FREED_SHARE: u64 = 128;
/// How far the next folder looked into is: odd, so that every one has its turn.
const STRIDE: usize = 617;
/// Reads that are remembered, twice over, to know what is in use.
const READS: usize = 64 * 1024;
/// Files that are given up in one go; the next rendition or sweep goes on.
const GIVEN_UP_AT_ONCE: u64 = 4096;
/// Files of the former layout that are removed in one go.
const FORMER_AT_ONCE: usize = 256;
/// What is written is put here first.
const UNFINISHED: &str = "unfinished";
/// What every folder held when that was last written down.
const TOTALS: &str = "totals";

#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    cap: u64,
    /// Bytes of each folder; whoever changes files there holds its lock.
    shards: Box<[Mutex<u64>]>,
    /// Their sum.
    total: AtomicU64,
    reads: Mutex<Reads>,
    /// Held by whoever gives up files.
    trimming: Mutex<()>,
    /// The folder to look into next.
    next: AtomicUsize,
    /// Names what is unfinished.
    written: AtomicU64,
}

/// When files were last read, in milliseconds since 1970, without writing that to the disk.
#[derive(Debug, Default)]
struct Reads {
    latest: HashMap<u64, u64>,
    before: HashMap<u64, u64>,
}

/// A file that may be given up.
struct Candidate {
    last_used: u64,
    shard: usize,
    file: String,
}

impl Folder {
    pub(super) fn open(root: &Path, cap: u64) -> io::Result<Self> {
        file::create_folder(root)?;
        let unfinished = root.join(UNFINISHED);
        file::create_folder(&unfinished)?;
        // Few: as many as were being written when a process ended.
        for left in fs::read_dir(&unfinished)? {
            fs::remove_file(left?.path())?;
        }
        let totals = read_totals(&root.join(TOTALS)).unwrap_or_else(|| vec![0; SHARDS]);
        let total = totals.iter().fold(0, |sum: u64, bytes| sum.wrapping_add(*bytes));
        Ok(Self {
            root: root.to_owned(),
            cap,
            shards: totals.into_iter().map(Mutex::new).collect(),
            total: AtomicU64::new(total),
            reads: Mutex::default(),
            trimming: Mutex::default(),
            next: AtomicUsize::new(0),
            written: AtomicU64::new(0),
        })
    }

    fn shard(&self, shard: usize) -> PathBuf {
        self.root.join(format!("{shard:03x}"))
    }

    fn lock(&self, shard: usize) -> MutexGuard<'_, u64> {
        // Folders are always numbered below SHARDS.
        self.shards[shard % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what a folder holds now.
    fn set(&self, held: &mut u64, now: u64) {
        // Wraps on the way at most: the sum of all folders is what it comes to.
        self.total.fetch_add(now.wrapping_sub(*held), Ordering::Relaxed);
        *held = now;
    }

    fn is_full(&self) -> bool {
        self.total.load(Ordering::Relaxed) > self.cap
    }

    pub(super) fn get(&self, name: &Name) -> io::Result<Option<(bytes::Bytes, Format)>> {
        let file_name = name.file();
        let shard = name.asset.shard();
        match file::read(&self.shard(shard).join(&file_name))? {
            Content::Whole(bytes, format) => {
                let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
                reads.note(&file_name);
                Ok(Some((bytes, format)))
            }
            Content::Absent => Ok(None),
            Content::Damaged => {
                tracing::warn!(file = file_name, "a damaged rendition is removed and made again");
                self.remove(&mut self.lock(shard), shard, &file_name)?;
                Ok(None)
            }
        }
    }

    /// Writes a rendition; whether the folders hold more than the cap afterwards.
    pub(super) fn put(&self, name: &Name, format: Format, bytes: &[u8]) -> io::Result<bool> {
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let unfinished = self.root.join(UNFINISHED).join(number.to_string());
        let done = file::write(&unfinished, format, bytes)
            .and_then(|()| self.place(&unfinished, name.asset.shard(), &name.file()));
        if done.is_err() {
            // A disk that is full must not stay so because of what was not finished.
            let _ = fs::remove_file(&unfinished);
        }
        done.map(|()| self.is_full())
    }

    fn place(&self, from: &Path, shard: usize, file: &str) -> io::Result<()> {
        let folder = self.shard(shard);
        let to = folder.join(file);
        let new = file::used(&fs::metadata(from)?);
        let mut held = self.lock(shard);
        let mut now = *held;
        if file::create_folder(&folder)? {
            now = file::used(&fs::metadata(&folder)?);
        }
        let former = fs::metadata(&to).map_or(0, |metadata| file::used(&metadata));
        fs::rename(from, &to)?;
        now = now.saturating_sub(former).saturating_add(new);
        self.set(&mut held, now);
        Ok(())
    }

    /// Removes a file of a folder whose lock is held.
    fn remove(&self, held: &mut u64, shard: usize, file: &str) -> io::Result<()> {
        let path = self.shard(shard).join(file);
        let removed = fs::metadata(&path).and_then(|metadata| {
            fs::remove_file(&path)?;
            Ok(file::used(&metadata))
        });
        match removed {
            Ok(used) => {
                let now = held.saturating_sub(used);
                self.set(held, now);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Calls `see` with every file of a folder.
    fn files(&self, shard: usize, mut see: impl FnMut(&DirEntry)) -> io::Result<bool> {
        let entries = match fs::read_dir(self.shard(shard)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        for entry in entries {
            see(&entry?);
        }
        Ok(true)
    }

    /// The sizes in which an asset is kept.
    pub(super) fn sizes(&self, asset: AssetKey) -> io::Result<BTreeSet<(u32, u32)>> {
        let prefix = asset.prefix();
        let mut sizes = BTreeSet::new();
        self.files(asset.shard(), |entry| {
            let file = entry.file_name();
            let ours = file.to_str().filter(|file| file.starts_with(&prefix)).and_then(parse);
            sizes.extend(ours.map(|(size, _)| size));
        })?;
        Ok(sizes)
    }

    /// Removes every rendition of an asset.
    pub(super) fn forget(&self, asset: AssetKey) -> io::Result<()> {
        let (prefix, shard) = (asset.prefix(), asset.shard());
        let mut held = self.lock(shard);
        let mut found = Vec::new();
        self.files(shard, |entry| {
            found.extend(entry.file_name().into_string().ok().filter(|f| f.starts_with(&prefix)));
        })?;
        found.iter().try_for_each(|file| self.remove(&mut held, shard, file))
    }

    /// Looks how much a folder really holds.
    pub(super) fn count(&self, shard: usize) -> io::Result<()> {
        self.look_into(shard, |_, _, _| ()).map(|_| ())
    }

    /// Counts a folder and shows its files, with the time of writing; whether there is such a folder.
    fn look_into(
        &self,
        shard: usize,
        mut see: impl FnMut(String, (u32, u32), u64),
    ) -> io::Result<bool> {
        let mut held = self.lock(shard);
        let mut sum: u64 = 0;
        let there = self.files(shard, |entry| {
            // It may have gone since the folder was read.
            let Ok(metadata) = entry.metadata() else { return };
            sum = sum.saturating_add(file::used(&metadata));
            let Ok(file) = entry.file_name().into_string() else { return };
            if let Some((size, _)) = parse(&file) {
                see(file, size, millis(metadata.modified().ok()));
            }
        })?;
        if there {
            sum = sum.saturating_add(file::used(&fs::metadata(self.shard(shard))?));
        }
        self.set(&mut held, sum);
        Ok(there)
    }

    /// As [`Folder::trim`], unless that is going on already.
    pub(super) fn trim_unless_busy(&self, hot: &dyn Fn() -> HashSet<String>) {
        match self.trimming.try_lock() {
            Ok(_alone) => _ = self.trim_alone(hot),
            Err(TryLockError::Poisoned(alone)) => {
                let _alone = alone.into_inner();
                self.trim_alone(hot);
            }
            Err(TryLockError::WouldBlock) => {}
        }
    }

    /// Gives up files until no more is held than the cap, or many of them; how many.
    pub(super) fn trim(&self, hot: &dyn Fn() -> HashSet<String>) -> u64 {
        let _alone = self.trimming.lock().unwrap_or_else(PoisonError::into_inner);
        self.trim_alone(hot)
    }

    fn trim_alone(&self, hot: &dyn Fn() -> HashSet<String>) -> u64 {
        let mut given_up = 0;
        if !self.is_full() {
            return given_up;
        }
        let hot = hot();
        let target = self.cap - self.cap / FREED_SHARE;
        while given_up < GIVEN_UP_AT_ONCE && self.total.load(Ordering::Relaxed) > target {
            let mut found = match self.sample(&hot) {
                Ok(found) => found,
                Err(error) => {
                    tracing::warn!(%error, "kept renditions cannot be looked at");
                    return given_up;
                }
            };
            if found.is_empty() {
                return given_up;
            }
            found.sort_unstable_by_key(|candidate| candidate.last_used);
            let most = found.len().div_ceil(GIVEN_UP_SHARE);
            for Candidate { shard, file, .. } in found.into_iter().take(most) {
                if self.total.load(Ordering::Relaxed) <= target {
                    break;
                }
                let mut held = self.lock(shard);
                if let Err(error) = self.remove(&mut held, shard, &file) {
                    tracing::warn!(%error, file, "a kept rendition cannot be removed");
                    return given_up;
                }
                given_up += 1;
                // Takes only what is empty.
                if fs::remove_dir(self.shard(shard)).is_ok() {
                    self.set(&mut held, 0);
                }
            }
        }
        given_up
    }

    /// The files of a few folders that hold any.
    fn sample(&self, hot: &HashSet<String>) -> io::Result<Vec<Candidate>> {
        let mut found = Vec::new();
        let mut sampled = 0;
        for _ in 0..SHARDS {
            let shard = self.next.fetch_add(STRIDE, Ordering::Relaxed) % SHARDS;
            if *self.lock(shard) == 0 {
                continue;
            }
            self.look_into(shard, |file, _, written| {
                let used = self.reads.lock().unwrap_or_else(PoisonError::into_inner).of(&file);
                let is_hot = parse(&file).is_some_and(|(_, tag)| hot.contains(tag));
                let last_used = if is_hot { u64::MAX } else { written.max(used) };
                found.push(Candidate { last_used, shard, file });
            })?;
            sampled += 1;
            if sampled == SAMPLED && !found.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    /// Writes down what each folder holds, for the next start.
    pub(super) fn write_totals(&self) -> io::Result<()> {
        let mut totals = Vec::with_capacity(SHARDS * 8);
        for shard in 0..SHARDS {
            totals.extend_from_slice(&self.lock(shard).to_le_bytes());
        }
        let number = self.written.fetch_add(1, Ordering::Relaxed);
        let unfinished = self.root.join(UNFINISHED).join(number.to_string());
        let mut file = file::create(&unfinished)?;
        io::Write::write_all(&mut file, blake3::hash(&totals).as_bytes())?;
        io::Write::write_all(&mut file, &totals)?;
        fs::rename(unfinished, self.root.join(TOTALS))
    }

    /// Removes some of what versions before this layout kept, in folders of two digits; whether
    /// there may be more.
    pub(super) fn remove_former_layout(&self) -> io::Result<bool> {
        let mut removed = 0;
        for folder in fs::read_dir(&self.root)? {
            let folder = folder?;
            let name = folder.file_name();
            let former = name.len() == 2
                && name.to_str().is_some_and(|name| name.bytes().all(|b| b.is_ascii_hexdigit()));
            if !former || !folder.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(folder.path())? {
                if removed == FORMER_AT_ONCE {
                    return Ok(true);
                }
                fs::remove_file(file?.path())?;
                removed += 1;
            }
            fs::remove_dir(folder.path())?;
        }
        Ok(false)
    }
}

impl Reads {
    fn note(&mut self, file: &str) {
        if self.latest.len() >= READS {
            self.before = std::mem::take(&mut self.latest);
        }
        self.latest.insert(short(file), millis(Some(SystemTime::now())));
    }

    fn of(&self, file: &str) -> u64 {
        let key = short(file);
        self.latest.get(&key).or_else(|| self.before.get(&key)).copied().unwrap_or(0)
    }
}

/// A file's name in 64 bits; the names are digests themselves.
fn short(file: &str) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *blake3::hash(file.as_bytes()).as_bytes();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

fn millis(time: Option<SystemTime>) -> u64 {
    let since = time.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// What [`Folder::write_totals`] wrote; `None` when it is missing or damaged.
fn read_totals(path: &Path) -> Option<Vec<u64>> {
    let file = fs::read(path).ok()?;
    let (digest, totals) = file.split_at_checked(32)?;
    if totals.len() != SHARDS * 8 || blake3::hash(totals).as_bytes() != digest {
        return None;
    }
    let (totals, _) = totals.as_chunks::<8>();
    Some(totals.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect())
}
