//! From the paths of the command line to the files of a run.

use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use gatefold::Source;

/// One row of the run.
#[derive(Debug)]
pub(crate) enum Input {
    /// A file, or something that is hoped to be one: reading it will tell.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// Something that the walk could not look into.
    Unreadable(PathBuf, io::Error),
}

impl Input {
    /// Whether this argument means standard input.
    pub(crate) fn is_stdin(path: &Path) -> bool {
        path.as_os_str() == OsStr::new("-")
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Unreadable(path, _) => path,
            Self::Stdin => Path::new("-"),
        }
    }

    pub(crate) fn into_source(self) -> Source {
        match self {
            Self::File(path) => Source::path(path),
            Self::Stdin => Source::reader("-", io::stdin()),
            Self::Unreadable(path, error) => {
                Source::reader(path.to_string_lossy(), Broken(Some(error)))
            }
        }
    }
}

/// A reader that fails as the walk did, so that the failure gets its row in its place.
struct Broken(Option<io::Error>);

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self.0.take().unwrap_or_else(|| io::Error::other("already failed")))
    }
}

/// The files of a run, in order: arguments as given, folders sorted by name within each folder.
///
/// Standard input can be read once; a second `-` is refused by the configuration.
pub(crate) fn gather(paths: Vec<PathBuf>) -> Vec<Input> {
    let mut inputs = Vec::new();
    for path in paths {
        if Input::is_stdin(&path) {
            inputs.push(Input::Stdin);
        } else if path.is_dir() {
            walk(path, &mut inputs);
        } else {
            inputs.push(Input::File(path));
        }
    }
    inputs
}

/// What is still to be looked at, the next on top.
enum Pending {
    Folder(PathBuf),
    Entry(DirEntry),
}

fn walk(folder: PathBuf, inputs: &mut Vec<Input>) {
    let mut pending = vec![Pending::Folder(folder)];
    while let Some(next) = pending.pop() {
        match next {
            Pending::Folder(path) => match list(&path) {
                Ok(entries) => pending.extend(entries.into_iter().rev().map(Pending::Entry)),
                Err(error) => inputs.push(Input::Unreadable(path, error)),
            },
            Pending::Entry(entry) => match kind(&entry) {
                Ok(Kind::File) => inputs.push(Input::File(entry.path())),
                Ok(Kind::Folder) => pending.push(Pending::Folder(entry.path())),
                Ok(Kind::Other) => {}
                Err(error) => inputs.push(Input::Unreadable(entry.path(), error)),
            },
        }
    }
}

fn list(folder: &Path) -> io::Result<Vec<DirEntry>> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(DirEntry::file_name);
    Ok(entries)
}

enum Kind {
    File,
    Folder,
    /// Sockets, devices, pipes, and links to folders, which could lead round in circles.
    Other,
}

fn kind(entry: &DirEntry) -> io::Result<Kind> {
    let own = entry.file_type()?;
    if own.is_dir() {
        return Ok(Kind::Folder);
    }
    let is_file =
        if own.is_symlink() { fs::metadata(entry.path())?.is_file() } else { own.is_file() };
    Ok(if is_file { Kind::File } else { Kind::Other })
}
