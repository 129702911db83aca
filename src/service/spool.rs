//! A request's body on its way in: small ones in memory, larger ones in a file without a name, which
//! the system removes whatever happens to the process.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use bytes::Bytes;

use super::error::ServiceError;

/// Bodies up to this many bytes stay in memory.
const IN_MEMORY: usize = 64 * 1024;

enum Store {
    Memory(Vec<u8>),
    File(std::fs::File),
}

/// Takes a body piece by piece and stops it at its cap. See [`Assets::spool`](super::Assets::spool).
pub struct Spool {
    directory: Option<PathBuf>,
    max: u64,
    length: u64,
    digest: blake3::Hasher,
    store: Store,
}

impl Spool {
    pub(crate) fn new(directory: Option<PathBuf>, max: u64) -> Self {
        Self {
            directory,
            max,
            length: 0,
            digest: blake3::Hasher::new(),
            store: Store::Memory(Vec::new()),
        }
    }

    /// Refuses a body by its declared length, before any of it is read.
    ///
    /// # Errors
    /// [`ServiceError::TooLarge`] when it is longer than the cap.
    pub fn expect(&self, length: u64) -> Result<(), ServiceError> {
        if length > self.max {
            return Err(ServiceError::TooLarge { actual: Some(length), max: self.max });
        }
        Ok(())
    }

    /// Takes the next piece.
    ///
    /// # Errors
    /// [`ServiceError::TooLarge`] as soon as the pieces together pass the cap;
    /// [`ServiceError::Storage`] when the disk refuses them.
    pub async fn write(&mut self, piece: Bytes) -> Result<(), ServiceError> {
        let length = self.length.saturating_add(piece.len() as u64);
        if length > self.max {
            return Err(ServiceError::TooLarge { actual: Some(length), max: self.max });
        }
        self.length = length;
        self.digest.update(&piece);
        if let Store::Memory(bytes) = &mut self.store {
            if bytes.len() + piece.len() <= IN_MEMORY {
                bytes.extend_from_slice(&piece);
                return Ok(());
            }
            let held = std::mem::take(bytes);
            let directory = self.directory.clone();
            let file = on_disk(move || {
                let mut file = match directory {
                    Some(directory) => tempfile::tempfile_in(directory)?,
                    None => tempfile::tempfile()?,
                };
                file.write_all(&held)?;
                Ok(file)
            })
            .await?;
            self.store = Store::File(file);
        }
        if let Store::File(file) = &self.store {
            let mut file = file.try_clone().map_err(spool_failed)?;
            on_disk(move || file.write_all(&piece)).await?;
        }
        Ok(())
    }

    /// The body, whole.
    pub fn finish(self) -> Spooled {
        let store = match self.store {
            Store::Memory(bytes) => Whole::Memory(bytes.into()),
            Store::File(file) => Whole::File(file),
        };
        Spooled { length: self.length, digest: self.digest.finalize(), store }
    }
}

/// A whole body.
pub struct Spooled {
    length: u64,
    digest: blake3::Hash,
    store: Whole,
}

enum Whole {
    Memory(Bytes),
    File(std::fs::File),
}

impl Spooled {
    /// A body that is in memory already.
    pub fn of(bytes: impl Into<Bytes>) -> Self {
        let bytes: Bytes = bytes.into();
        Self {
            length: bytes.len() as u64,
            digest: blake3::hash(&bytes),
            store: Whole::Memory(bytes),
        }
    }

    /// Its length in bytes.
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// The BLAKE3 of its bytes, in hexadecimal.
    pub(crate) fn digest(&self) -> String {
        self.digest.to_hex().to_string()
    }

    /// Its bytes in memory. Whoever calls has admission for them.
    pub(crate) async fn read(&self) -> Result<Bytes, ServiceError> {
        match &self.store {
            Whole::Memory(bytes) => Ok(bytes.clone()),
            Whole::File(file) => {
                let mut file = file.try_clone().map_err(spool_failed)?;
                let length = usize::try_from(self.length).unwrap_or(usize::MAX);
                on_disk(move || {
                    let mut bytes = Vec::with_capacity(length);
                    file.seek(SeekFrom::Start(0))?;
                    file.read_to_end(&mut bytes)?;
                    Ok(Bytes::from(bytes))
                })
                .await
            }
        }
    }

    /// Its bytes as something to read from the start, on a thread that may block.
    pub(crate) fn reader(&self) -> io::Result<Box<dyn ReadSeek>> {
        Ok(match &self.store {
            Whole::Memory(bytes) => Box::new(io::Cursor::new(bytes.clone())),
            Whole::File(file) => {
                let mut file = file.try_clone()?;
                file.seek(SeekFrom::Start(0))?;
                Box::new(io::BufReader::with_capacity(64 * 1024, file))
            }
        })
    }
}

/// Something to read from, anywhere in it.
pub(crate) trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

/// Runs what may block on the threads meant for it.
pub(crate) async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ServiceError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(spool_failed),
        Err(error) => Err(ServiceError::Internal(error.to_string())),
    }
}

fn spool_failed(error: io::Error) -> ServiceError {
    ServiceError::storage("the disk", error)
}
