//! Bytes in an object store: what records name, and finished renditions beside them.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart};
use tokio::time::timeout;

use super::error::ServiceError;
use super::spool::{Spooled, on_disk};

type Result<T> = std::result::Result<T, ServiceError>;

/// Bytes handed to the store at once when a long body is stored.
const PIECE: usize = 1024 * 1024;
/// Parts of a long body that may be on their way to the store at once.
const PARTS_AT_ONCE: usize = 2;

/// One kind of bytes in the store.
#[derive(Debug, Clone)]
pub(crate) struct Blobs {
    store: Arc<dyn ObjectStore>,
    timeout: Duration,
}

impl Blobs {
    /// Bytes in a directory. `durable` ones are on the disk itself before a write is answered.
    pub(crate) fn in_directory(
        directory: &FilePath,
        durable: bool,
        timeout: Duration,
    ) -> Result<Self> {
        let store = LocalFileSystem::new_with_prefix(directory).map_err(failed)?;
        Ok(Self { store: Arc::new(store.with_fsync(durable)), timeout })
    }

    /// Bytes in memory.
    pub(crate) fn in_memory(timeout: Duration) -> Self {
        Self { store: Arc::new(InMemory::new()), timeout }
    }

    async fn within<T>(&self, work: impl Future<Output = object_store::Result<T>>) -> Result<T> {
        match timeout(self.timeout, work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(object_store::Error::NotFound { .. })) => Err(ServiceError::BlobMissing),
            Ok(Err(error)) => Err(failed(error)),
            Err(_) => Err(ServiceError::Timeout { what: "the blob store" }),
        }
    }

    pub(crate) async fn put(&self, id: &str, bytes: Bytes) -> Result<()> {
        self.within(self.store.put(&path_of(id), PutPayload::from(bytes))).await.map(|_| ())
    }

    /// Stores a body of any length without holding it in memory.
    pub(crate) async fn put_body(&self, id: &str, body: &Spooled) -> Result<()> {
        let mut reader = body.reader().map_err(|error| ServiceError::storage("the disk", error))?;
        let upload = self.within(self.store.put_multipart(&path_of(id))).await?;
        let mut writer = WriteMultipart::new(upload);
        let mut left = body.length();
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            let (piece, back) = on_disk(move || {
                let mut piece = vec![0; wanted];
                reader.read_exact(&mut piece)?;
                Ok((piece, reader))
            })
            .await?;
            reader = back;
            left -= piece.len() as u64;
            self.within(writer.wait_for_capacity(PARTS_AT_ONCE)).await?;
            writer.put(Bytes::from(piece));
        }
        self.within(writer.finish()).await.map(|_| ())
    }

    pub(crate) async fn get(&self, id: &str, range: Option<Range<u64>>) -> Result<Bytes> {
        let path = path_of(id);
        match range {
            Some(range) => self.within(self.store.get_range(&path, range)).await,
            None => self.within(async { self.store.get(&path).await?.bytes().await }).await,
        }
    }

    /// Removes bytes; their being gone already is no error.
    pub(crate) async fn delete(&self, id: &str) -> Result<()> {
        match self.within(self.store.delete(&path_of(id))).await {
            Ok(()) | Err(ServiceError::BlobMissing) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The ids of everything stored.
    pub(crate) async fn ids(&self) -> Result<Vec<String>> {
        let listed = self.store.list(None).map_ok(|meta| meta.location);
        let paths: Vec<Path> = self.within(listed.try_collect()).await?;
        Ok(paths.iter().filter_map(|path| path.filename().map(str::to_owned)).collect())
    }
}

/// Two letters spread the files over 256 directories.
fn path_of(id: &str) -> Path {
    Path::from_iter([id.get(..2).unwrap_or("00"), id])
}

fn failed(error: object_store::Error) -> ServiceError {
    ServiceError::storage("the blob store", error)
}

/// The directory of a service on one machine.
#[derive(Debug)]
pub(crate) struct Directory {
    root: PathBuf,
    /// Held while the service runs, so that no second one sweeps what the first is writing.
    _lock: File,
}

impl Directory {
    /// Makes the directory where it is missing and takes it for this process.
    pub(crate) fn open(root: &FilePath) -> Result<Self> {
        let open = || -> io::Result<File> {
            for part in ["blobs", "renditions", "spool"] {
                std::fs::create_dir_all(root.join(part))?;
            }
            File::options().create(true).truncate(false).write(true).open(root.join("lock"))
        };
        let lock = open().map_err(|error| ServiceError::storage("the data directory", error))?;
        lock.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => {
                ServiceError::storage("the data directory", "another process is using it")
            }
            std::fs::TryLockError::Error(error) => {
                ServiceError::storage("the data directory", error)
            }
        })?;
        let directory = Self { root: root.to_owned(), _lock: lock };
        directory
            .remove_unfinished()
            .map_err(|error| ServiceError::storage("the data directory", error))?;
        Ok(directory)
    }

    pub(crate) fn part(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Removes what a process left that ended while it wrote: the store writes to `NAME#N` and
    /// renames, and does not list such files.
    fn remove_unfinished(&self) -> io::Result<()> {
        for part in ["blobs", "renditions"] {
            for folder in std::fs::read_dir(self.part(part))? {
                let folder = folder?;
                if !folder.file_type()?.is_dir() {
                    continue;
                }
                for file in std::fs::read_dir(folder.path())? {
                    let file = file?;
                    if file.file_name().to_string_lossy().contains('#') {
                        std::fs::remove_file(file.path())?;
                    }
                }
            }
        }
        Ok(())
    }
}
