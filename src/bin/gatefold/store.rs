//! Writing outputs: nothing half-written, nothing overwritten by accident.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::config::OutFolder;
use crate::inputs::Input;
use crate::outcome::Failure;

/// A file under a name of its own that takes its final name when it is whole; removed when it is
/// dropped before.
#[derive(Debug)]
pub(crate) struct Draft {
    path: PathBuf,
    file: File,
    kept: bool,
}

impl Draft {
    pub(crate) fn beside(target: &Path) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!(".gatefold-{}-{count}.tmp", std::process::id());
            let path = target.with_file_name(name);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => {
                    return Ok(Self { path, file, kept: false });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// The name that it has until then.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn take_name(mut self, target: &Path) -> io::Result<()> {
        self.file.flush()?;
        fs::rename(&self.path, target)?;
        self.kept = true;
        Ok(())
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Writes to exactly this path, replacing a file of that name.
pub(crate) fn replace(
    target: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    // A link is written through; a device or a pipe must not be replaced by a file.
    let target = fs::canonicalize(target).unwrap_or_else(|_| target.to_owned());
    if fs::metadata(&target).is_ok_and(|data| !data.is_file()) {
        return write(&mut OpenOptions::new().write(true).open(&target)?);
    }
    let mut draft = Draft::beside(&target)?;
    write(draft.file())?;
    draft.take_name(&target)
}

/// A folder of outputs whose names come from the inputs.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    overwrite: bool,
    /// Names given in this run, in lower case since some file systems do not tell cases apart.
    taken: HashSet<OsString>,
    /// The next number to try for a name that was taken.
    next: HashMap<OsString, u64>,
    inputs: HashSet<PathBuf>,
}

impl Store {
    /// Makes the folder if it is missing.
    pub(crate) fn open(out: &OutFolder, inputs: &[Input]) -> Result<Self, Failure> {
        let folder = out.folder.clone();
        fs::create_dir_all(&folder).map_err(|error| {
            Failure::io(format!("{} cannot be made: {error}", folder.display()))
        })?;
        let inputs = inputs
            .iter()
            .filter(|_| out.overwrite)
            .filter_map(|input| fs::canonicalize(input.path()).ok())
            .collect();
        Ok(Self {
            folder,
            overwrite: out.overwrite,
            taken: HashSet::new(),
            next: HashMap::new(),
            inputs,
        })
    }

    /// Writes `STEM<suffix>.EXT`, or `STEM<suffix>-2.EXT` and so on where this run took the name.
    ///
    /// # Errors
    /// When the file was there before the run and overwriting was not asked for, when it is an input
    /// of the run, and when writing fails.
    pub(crate) fn write(
        &mut self,
        input: &str,
        suffix: &str,
        extension: &str,
        bytes: &[u8],
    ) -> Result<PathBuf, String> {
        let name = self.name(input, suffix, extension);
        let target = self.folder.join(name);
        self.put(&target, bytes).map(|()| target.clone()).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                format!("{} is there already; --overwrite replaces it", target.display())
            }
            _ => format!("{} cannot be written: {error}", target.display()),
        })
    }

    fn put(&self, target: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut draft = Draft::beside(target)?;
        draft.file().write_all(bytes)?;
        if self.overwrite {
            let is_input = fs::canonicalize(target).is_ok_and(|real| self.inputs.contains(&real));
            if is_input {
                return Err(io::Error::other("it is an input of this run"));
            }
            return draft.take_name(target);
        }
        // Holds the name, so that no other process can come between.
        OpenOptions::new().write(true).create_new(true).open(target)?;
        draft.take_name(target).inspect_err(|_| {
            let _ = fs::remove_file(target);
        })
    }

    fn name(&mut self, input: &str, suffix: &str, extension: &str) -> OsString {
        let stem = match input {
            "-" => OsStr::new("stdin"),
            path => Path::new(path).file_stem().unwrap_or(OsStr::new("unnamed")),
        };
        let mut base = stem.to_owned();
        base.push(suffix);
        let with = |number: Option<u64>| {
            let mut name = base.clone();
            if let Some(number) = number {
                name.push(format!("-{number}"));
            }
            name.push(format!(".{extension}"));
            name
        };
        let plain = with(None);
        let key = |name: &OsStr| OsString::from(name.to_string_lossy().to_lowercase());
        if self.taken.insert(key(&plain)) {
            return plain;
        }
        let next = self.next.entry(key(&plain)).or_insert(2);
        loop {
            let name = with(Some(*next));
            *next += 1;
            if self.taken.insert(key(&name)) {
                return name;
            }
        }
    }
}
