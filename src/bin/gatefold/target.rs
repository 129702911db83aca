//! Output files: what each would replace is looked at before any work is done.

use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use gatefold::Format;

use crate::draft::Draft;
use crate::identity::Identity;
use crate::inputs::Input;
use crate::outcome::Failure;

/// The files that a run reads, which no output may replace, with the names they were given under.
#[derive(Debug, Default)]
pub(crate) struct Protected(HashMap<Identity, PathBuf>);

impl Protected {
    /// The inputs of a run, and the policy file where there is one.
    pub(crate) fn of(inputs: &[Input], policy: Option<&Path>) -> Self {
        let inputs =
            inputs.iter().filter_map(|input| Some((input.identity()?, input.path().to_owned())));
        let policy = policy.and_then(|path| Some((Identity::of_file(path)?, path.to_owned())));
        Self(inputs.chain(policy).collect())
    }

    /// The input that this path leads to, as it was named.
    pub(crate) fn input_at(&self, path: &Path) -> Option<&Path> {
        self.0.get(&Identity::of(path)?).map(PathBuf::as_path)
    }

    /// # Errors
    /// A usage failure when what the option `what` gives is an input.
    pub(crate) fn refuse(&self, what: &str, path: &Path) -> Result<(), Failure> {
        let Some(input) = self.input_at(path) else { return Ok(()) };
        Err(Failure::usage(format!(
            "{what} {} is {}, which this run reads; no input is ever replaced",
            path.display(),
            input.display()
        )))
    }
}

/// A path under which one file is written.
#[derive(Debug)]
pub(crate) struct Target {
    path: PathBuf,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// Standard output.
    Stdout,
    /// A device, a pipe or an open descriptor, which is written to and not replaced.
    Open,
    /// Nothing has this name.
    New,
    /// This file is replaced; links to it go on leading to it.
    Old(PathBuf),
}

impl Target {
    /// Looks at the path that the option `what` gives. `own` tells files that may be replaced without
    /// being asked for, because gatefold made them.
    ///
    /// # Errors
    /// A usage failure when an input would be replaced, or without `overwrite` any file but an own
    /// one.
    pub(crate) fn at(
        what: &str,
        path: &Path,
        overwrite: bool,
        protected: &Protected,
        own: impl FnOnce(&Path) -> bool,
    ) -> Result<Self, Failure> {
        let target = |place| Ok(Self { path: path.to_owned(), place });
        if is_stdout(path) {
            return target(Place::Stdout);
        }
        match fs::symlink_metadata(path) {
            Ok(_) => {}
            // A folder that is missing is told when the file is made.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return target(Place::New),
            Err(error) => return Err(Failure::io(format!("{what} {}: {error}", path.display()))),
        }
        protected.refuse(what, path)?;
        let refused = |why: &str| Err(Failure::usage(format!("{what} {} {why}", path.display())));
        match fs::metadata(path) {
            Ok(data) if data.is_dir() => refused("is a folder, not a file"),
            Ok(data) if !data.is_file() || is_descriptor(path) => target(Place::Open),
            Ok(_) if own(path) || overwrite => {
                let real = fs::canonicalize(path);
                let real = real.map_err(|e| Failure::io(format!("{}: {e}", path.display())))?;
                target(Place::Old(real))
            }
            Ok(_) => {
                refused("is there already, and gatefold did not make it; --overwrite replaces it")
            }
            Err(_) if overwrite => target(Place::Old(path.to_owned())),
            Err(_) => refused("is a link that leads nowhere; --overwrite replaces it"),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a file is made of this name in its folder.
    pub(crate) const fn is_file(&self) -> bool {
        matches!(self.place, Place::New | Place::Old(_))
    }

    /// A file for what is written in parts, on the way to this one.
    pub(crate) fn draft(&self) -> io::Result<Draft> {
        match &self.place {
            Place::Stdout | Place::Open => Draft::beside(&std::env::temp_dir().join("gatefold")),
            Place::New => Draft::beside(&self.path),
            Place::Old(real) => Draft::beside(real),
        }
    }

    /// Writes the file; it gets its name once it is whole.
    ///
    /// # Errors
    /// When writing fails, and when a file has come to be there since it was looked at.
    pub(crate) fn write(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        match &self.place {
            Place::Stdout => {
                let mut stdout = io::stdout().lock();
                write(&mut stdout).and_then(|()| stdout.flush())
            }
            Place::Open => write(&mut OpenOptions::new().append(true).open(&self.path)?),
            Place::New | Place::Old(_) => {
                let mut draft = self.draft()?;
                write(draft.file())?;
                match &self.place {
                    Place::Old(real) => draft.replace(real),
                    _ => draft.take(&self.path),
                }
            }
        }
    }
}

/// Names for standard output that are no files of their own: `/dev/stdout` leads to whatever file the
/// shell has opened, which is not to be replaced.
fn is_stdout(path: &Path) -> bool {
    let names = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
    names.iter().any(|name| path.as_os_str() == *name)
}

/// Whether this is a name for an open file, such as `/dev/fd/3`.
fn is_descriptor(path: &Path) -> bool {
    let parent = path.parent().unwrap_or(path);
    path.as_os_str() == "/dev/stderr"
        || parent == Path::new("/dev/fd")
        || (parent.starts_with("/proc") && parent.ends_with("fd"))
}

/// A path that two names for one file in one folder share, whether the file is there or not: links
/// in the folder's own path resolved, the name in lower case since some file systems do not tell
/// cases apart.
pub(crate) fn slot(path: &Path) -> (PathBuf, String) {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let folder = fs::canonicalize(folder).unwrap_or_else(|_| normal(folder));
    let name = path.file_name().unwrap_or_default();
    (folder, name.to_string_lossy().to_lowercase())
}

/// As far as a path can be resolved that is not there yet.
fn normal(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// The format of a regular file by its first bytes.
pub(crate) fn sniff(path: &Path) -> Option<Format> {
    Format::sniff(&head(path)?)
}

/// The first bytes of a regular file.
pub(crate) fn head(path: &Path) -> Option<Vec<u8>> {
    use std::io::Read as _;
    /// Enough for every signature, and for the head of a page.
    const BYTES: u64 = 1024;
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut head = Vec::new();
    fs::File::open(path).ok()?.take(BYTES).read_to_end(&mut head).ok()?;
    Some(head)
}
