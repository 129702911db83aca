//! Which file a path leads to: one file can be seen under many paths.

use std::fs::{self, Metadata};
use std::path::Path;

/// The file behind a path, whatever the path: a symbolic or hard link and another spelling of the
/// path have the identity of the file that they lead to. On Unix its device and inode; elsewhere its
/// canonical path, which does not tell hard links.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Identity(Key);

#[cfg(unix)]
type Key = (u64, u64);
#[cfg(not(unix))]
type Key = std::path::PathBuf;

impl Identity {
    /// Of what this path leads to; `None` when that is nothing.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let data = fs::metadata(path).ok()?;
        Self::with(path, &data)
    }

    /// Of a regular file only: nothing else can be read twice, or lost by being replaced.
    pub(crate) fn of_file(path: &Path) -> Option<Self> {
        let data = fs::metadata(path).ok()?;
        data.is_file().then(|| Self::with(path, &data)).flatten()
    }

    #[cfg(unix)]
    #[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
    fn with(_: &Path, data: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        Some(Self((data.dev(), data.ino())))
    }

    #[cfg(not(unix))]
    fn with(path: &Path, _: &Metadata) -> Option<Self> {
        fs::canonicalize(path).ok().map(Self)
    }

    /// Of standard input, where it comes from a regular file.
    pub(crate) fn of_stdin() -> Option<Self> {
        #[cfg(unix)]
        return Self::of_open(&std::io::stdin());
        #[cfg(not(unix))]
        None
    }

    /// Of standard output, where it goes to a regular file.
    pub(crate) fn of_stdout() -> Option<Self> {
        #[cfg(unix)]
        return Self::of_open(&std::io::stdout());
        #[cfg(not(unix))]
        None
    }

    #[cfg(unix)]
    fn of_open(open: &impl std::os::fd::AsFd) -> Option<Self> {
        let file = fs::File::from(open.as_fd().try_clone_to_owned().ok()?);
        let data = file.metadata().ok()?;
        data.is_file().then(|| Self::with(Path::new(""), &data)).flatten()
    }
}
