//! Files that are written under another name first, so that nobody ever sees half of one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

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

    /// Takes the final name, in place of what has it.
    pub(crate) fn replace(mut self, target: &Path) -> io::Result<()> {
        self.file.flush()?;
        fs::rename(&self.path, target)?;
        self.kept = true;
        Ok(())
    }

    /// Takes the final name.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] when something has it by now.
    pub(crate) fn take(self, target: &Path) -> io::Result<()> {
        // Holds the name, so that no other process can come between.
        OpenOptions::new().write(true).create_new(true).open(target)?;
        self.replace(target).inspect_err(|_| {
            let _ = fs::remove_file(target);
        })
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
