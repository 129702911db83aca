//! The directory of a service on one machine, and files and folders that nobody else may read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::error::ServiceError;

type Result<T> = std::result::Result<T, ServiceError>;

/// Held while the service runs on the directory, so that no second one works on it.
const LOCK: &str = "lock";

/// The directory of a service on one machine.
#[derive(Debug)]
pub(crate) struct Directory {
    root: PathBuf,
    _lock: File,
}

impl Directory {
    /// Makes the directory where it is missing and takes it for this process.
    pub(crate) fn open(root: &Path) -> Result<Self> {
        let make = || -> io::Result<()> {
            for part in ["blobs", "renditions", "spool"] {
                make_folder(&root.join(part))?;
            }
            Ok(())
        };
        make().map_err(failed)?;
        Self::take(root)
    }

    /// Takes a directory that is there for this process.
    pub(crate) fn take(root: &Path) -> Result<Self> {
        let lock = private_file(&root.join(LOCK)).map_err(failed)?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => {
                ServiceError::storage("the data directory", "another process is using it")
            }
            fs::TryLockError::Error(error) => failed(error),
        })?;
        Ok(Self { root: root.to_owned(), _lock: lock })
    }

    pub(crate) fn part(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

fn failed(error: io::Error) -> ServiceError {
    ServiceError::storage("the data directory", error)
}

/// Makes a folder and those above it where they are missing, for their owner alone; those that are
/// there keep their mode.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    builder().recursive(true).create(folder)
}

/// Makes a folder directly inside another one, on the disk itself before this returns.
pub(crate) fn make_inside(parent: &Path, folder: &Path) -> io::Result<()> {
    match builder().create(folder) {
        Ok(()) => sync_folder(parent),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn builder() -> DirBuilder {
    #[allow(unused_mut)]
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// Opens a file for writing, made where it is missing for its owner alone, and not cut short.
pub(crate) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Takes the permissions of everybody but the owner from a new file.
pub(crate) fn keep_private(file: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(file, fs::Permissions::from_mode(0o600))
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        Ok(())
    }
}

/// Removes what object stores in directories write to before they rename: `FILE#1`, `FILE#2` and so
/// on.
pub(crate) fn remove_partial(file: &Path) -> io::Result<()> {
    for number in 1_u32.. {
        let mut partial = file.as_os_str().to_owned();
        partial.push(format!("#{number}"));
        match fs::remove_file(Path::new(&partial)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes a folder's entries to the disk itself, where the system can.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
