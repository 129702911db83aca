//! Bytes in an object store: what records name.

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
use object_store::{
    GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode, PutPayload, WriteMultipart,
};
use tokio::time::timeout;

use super::catalog::BlobRecord;
use super::directory;
use super::error::ServiceError;
use super::spool::{Spooled, on_disk};

type Result<T> = std::result::Result<T, ServiceError>;

/// Bytes handed to the store at once when a long body is stored, or read back at once.
const PIECE: usize = 1024 * 1024;
/// Parts of a long body that may be on their way to the store at once.
const PARTS_AT_ONCE: usize = 2;
/// The object that tells which store these bytes belong to.
pub(crate) const IDENTITY: &str = "gatefold-store";

/// One kind of bytes in the store.
#[derive(Debug, Clone)]
pub(crate) struct Blobs {
    store: Arc<dyn ObjectStore>,
    timeout: Duration,
    /// Where they are files.
    root: Option<PathBuf>,
}

/// What is behind a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Behind {
    /// The bytes that the row tells of.
    Sound,
    /// Nothing.
    Missing,
    /// Other bytes; in what they differ.
    Damaged(String),
}

impl Blobs {
    /// Bytes in a directory. `durable` ones are on the disk itself before a write is answered.
    pub(crate) fn in_directory(root: &FilePath, durable: bool, timeout: Duration) -> Result<Self> {
        let store = LocalFileSystem::new_with_prefix(root).map_err(failed)?;
        let root = Some(root.to_owned());
        Ok(Self { store: Arc::new(store.with_fsync(durable)), timeout, root })
    }

    /// Bytes in memory.
    pub(crate) fn in_memory(timeout: Duration) -> Self {
        Self { store: Arc::new(InMemory::new()), timeout, root: None }
    }

    async fn within<T>(&self, work: impl Future<Output = object_store::Result<T>>) -> Result<T> {
        match timeout(self.timeout, work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(object_store::Error::NotFound { .. })) => Err(ServiceError::BlobMissing),
            Ok(Err(error)) => Err(failed(error)),
            Err(_) => Err(ServiceError::Timeout { what: "the blob store" }),
        }
    }

    /// Does to files what object stores have no operation for.
    async fn locally(
        &self,
        id: &str,
        work: impl FnOnce(&FilePath, &FilePath) -> io::Result<()> + Send + 'static,
    ) -> Result<()> {
        let Some(root) = self.root.clone() else { return Ok(()) };
        let file = root.join(path_of(id).as_ref());
        on_disk(move || work(&root, &file)).await
    }

    /// Its folder, for nobody else to enter.
    async fn make_folder(&self, id: &str) -> Result<()> {
        self.locally(id, |root, file| match file.parent() {
            Some(folder) if !folder.is_dir() => directory::make_inside(root, folder),
            _ => Ok(()),
        })
        .await
    }

    pub(crate) async fn put(&self, id: &str, bytes: Bytes) -> Result<()> {
        self.make_folder(id).await?;
        self.within(self.store.put(&path_of(id), PutPayload::from(bytes))).await?;
        self.locally(id, |_, file| directory::keep_private(file)).await
    }

    /// Stores a body of any length without holding it in memory.
    pub(crate) async fn put_body(&self, id: &str, body: &Spooled) -> Result<()> {
        self.make_folder(id).await?;
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
        self.within(writer.finish()).await?;
        self.locally(id, |_, file| directory::keep_private(file)).await
    }

    pub(crate) async fn get(&self, id: &str, range: Option<Range<u64>>) -> Result<Bytes> {
        let path = path_of(id);
        match range {
            Some(range) => self.within(self.store.get_range(&path, range)).await,
            None => self.within(async { self.store.get(&path).await?.bytes().await }).await,
        }
    }

    /// Bytes of which there must be `length` altogether, or some of them.
    pub(crate) async fn read(
        &self,
        id: &str,
        range: Option<Range<u64>>,
        length: u64,
    ) -> Result<Bytes> {
        let wanted = range.clone().unwrap_or(0..length);
        let options = GetOptions { range: range.map(GetRange::Bounded), ..GetOptions::default() };
        let read = self.within(async {
            let found = self.store.get_opts(&path_of(id), options).await?;
            if found.meta.size == length { Ok(found.bytes().await?) } else { Ok(Bytes::new()) }
        });
        match read.await {
            Ok(bytes) if bytes.len() as u64 == wanted.end.saturating_sub(wanted.start) => Ok(bytes),
            Err(error @ (ServiceError::BlobMissing | ServiceError::Timeout { .. })) => Err(error),
            other => {
                // A range past the end of a file that was cut short is an error to the store.
                let size = self.size(id).await?;
                if size != length {
                    let detail = format!("{size} bytes are stored, the record tells of {length}");
                    return Err(ServiceError::BlobDamaged { detail });
                }
                other.and_then(|bytes| {
                    let detail = format!("only {} bytes of {wanted:?} were read", bytes.len());
                    Err(ServiceError::BlobDamaged { detail })
                })
            }
        }
    }

    async fn size(&self, id: &str) -> Result<u64> {
        Ok(self.within(self.store.head(&path_of(id))).await?.size)
    }

    /// Reads what a row tells of, without holding more than a piece of it.
    pub(crate) async fn look_behind(&self, blob: &BlobRecord) -> Result<Behind> {
        let mut hasher = blake3::Hasher::new();
        let mut at = 0_u64;
        loop {
            let end = at.saturating_add(PIECE as u64).min(blob.bytes);
            if at == end && at > 0 {
                break;
            }
            match self.read(&blob.id, (end > 0).then_some(at..end), blob.bytes).await {
                Ok(piece) => hasher.update(&piece),
                Err(ServiceError::BlobMissing) => return Ok(Behind::Missing),
                Err(ServiceError::BlobDamaged { detail }) => return Ok(Behind::Damaged(detail)),
                Err(error) => return Err(error),
            };
            if end == 0 {
                break;
            }
            at = end;
        }
        let digest = hasher.finalize().to_hex();
        if digest.as_str() == blob.digest {
            return Ok(Behind::Sound);
        }
        let detail = format!("their BLAKE3 is {digest}, the record tells of {}", blob.digest);
        Ok(Behind::Damaged(detail))
    }

    /// Removes bytes, and what was left beside them when a process ended while it wrote them. Their
    /// being gone already is no error.
    pub(crate) async fn delete(&self, id: &str) -> Result<()> {
        match self.within(self.store.delete(&path_of(id))).await {
            Ok(()) | Err(ServiceError::BlobMissing) => {}
            Err(error) => return Err(error),
        }
        self.locally(id, |_, file| directory::remove_partial(file)).await
    }

    /// Up to `count` ids of what is stored beside the identity.
    pub(crate) async fn some_ids(&self, count: usize) -> Result<Vec<String>> {
        let mut listed = self.store.list(None);
        let mut ids = Vec::new();
        while ids.len() < count {
            let Some(meta) = self.within(listed.try_next()).await? else { break };
            match meta.location.filename() {
                Some(id) if id != IDENTITY => ids.push(id.to_owned()),
                _ => {}
            }
        }
        Ok(ids)
    }

    /// Whether there are bytes at this place.
    pub(crate) async fn has(&self, id: &str) -> Result<bool> {
        match self.size(id).await {
            Ok(_) => Ok(true),
            Err(ServiceError::BlobMissing) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// What tells which store these bytes belong to; `None` when nothing does.
    pub(crate) async fn identity(&self) -> Result<Option<Bytes>> {
        let path = Path::from(IDENTITY);
        match self.within(async { self.store.get(&path).await?.bytes().await }).await {
            Ok(text) => Ok(Some(text)),
            Err(ServiceError::BlobMissing) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether what tells the identity answers, which it does in every store that is open.
    pub(crate) async fn answers(&self) -> Result<()> {
        self.within(self.store.head(&Path::from(IDENTITY))).await.map(|_| ())
    }

    /// Writes the identity, in place of another one only where that is wanted.
    pub(crate) async fn write_identity(&self, text: String, replace: bool) -> Result<()> {
        let mode = if replace { PutMode::Overwrite } else { PutMode::Create };
        let path = Path::from(IDENTITY);
        self.within(self.store.put_opts(&path, text.into(), mode.into())).await?;
        let Some(root) = self.root.clone() else { return Ok(()) };
        on_disk(move || directory::keep_private(&root.join(IDENTITY))).await
    }
}

/// Two letters spread the files over 256 directories.
fn path_of(id: &str) -> Path {
    Path::from_iter([id.get(..2).unwrap_or("00"), id])
}

fn failed(error: object_store::Error) -> ServiceError {
    ServiceError::storage("the blob store", error)
}
