//! From the paths of the command line to the files of a run.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use gatefold::Source;

use crate::console::note;
use crate::identity::Identity;
use crate::outcome::Failure;
use crate::target::sniff;

/// One row of the run.
#[derive(Debug)]
pub(crate) enum Input {
    /// A file, or something that is hoped to be one: reading it will tell.
    File(PathBuf),
    /// A file that the walk of a folder came upon.
    Found(PathBuf),
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
            Self::File(path) | Self::Found(path) | Self::Unreadable(path, _) => path,
            Self::Stdin => Path::new("-"),
        }
    }

    /// Whether the path is a symbolic link, or standard input: a file has a better name than these.
    pub(crate) fn is_link(&self) -> bool {
        match self {
            Self::File(path) | Self::Found(path) => path.is_symlink(),
            Self::Stdin | Self::Unreadable(..) => true,
        }
    }

    /// Which regular file is read; `None` for pipes and the like.
    pub(crate) fn identity(&self) -> Option<Identity> {
        match self {
            Self::File(path) | Self::Found(path) => Identity::of_file(path),
            Self::Stdin => Identity::of_stdin(),
            Self::Unreadable(..) => None,
        }
    }

    pub(crate) fn into_source(self) -> Source {
        match self {
            Self::File(path) | Self::Found(path) => Source::path(path),
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
/// Standard input can be read once; a second `-` is refused by the configuration. A file that
/// standard output goes to is left out where a walk came upon it.
///
/// # Errors
/// A usage failure when standard output goes to a file that was named.
pub(crate) fn gather(paths: Vec<PathBuf>) -> Result<Vec<Input>, Failure> {
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
    if let Some(output) = Identity::of_stdout() {
        // Rows may be kept in the folder that they are about, but not in one of its pictures.
        let is_picture = |input: &Input| {
            input.identity().as_ref() == Some(&output) && sniff(input.path()).is_some()
        };
        if !inputs.iter().any(is_picture) {
            leave_out(&mut inputs, &output, "standard output");
        }
        refuse_output(&inputs)?;
    }
    Ok(inputs)
}

/// Leaves out files that the walk of a folder came upon and that are an output of this run.
pub(crate) fn leave_out(inputs: &mut Vec<Input>, output: &Identity, what: &str) {
    inputs.retain(|input| {
        let is_output =
            matches!(input, Input::Found(_)) && input.identity().as_ref() == Some(output);
        if is_output {
            note(&format!("{} is left out: it is {what}", input.path().display()));
        }
        !is_output
    });
}

/// Refuses inputs that standard output goes to: they would grow while they are read.
pub(crate) fn refuse_output(inputs: &[Input]) -> Result<(), Failure> {
    let Some(output) = Identity::of_stdout() else { return Ok(()) };
    match inputs.iter().find(|input| input.identity().as_ref() == Some(&output)) {
        Some(input) => Err(Failure::usage(format!(
            "standard output goes to {}, which is an input of this run; no input is ever replaced",
            input.path().display()
        ))),
        None => Ok(()),
    }
}

/// Files, each of them once, and beside each the further paths that lead to it.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) inputs: Vec<Input>,
    /// As many as inputs.
    pub(crate) other_paths: Vec<Vec<String>>,
}

impl Files {
    /// One file under several paths (links, a path given twice, other spellings) is one input, where
    /// its first path was. It goes by the first of its paths that is no link.
    pub(crate) fn of(inputs: Vec<Input>) -> Self {
        let mut files = Self { inputs: Vec::new(), other_paths: Vec::new() };
        let mut places: HashMap<Identity, usize> = HashMap::new();
        for mut input in inputs {
            let place = match input.identity() {
                Some(identity) => *places.entry(identity).or_insert(files.inputs.len()),
                None => files.inputs.len(),
            };
            if let (Some(first), Some(others)) =
                (files.inputs.get_mut(place), files.other_paths.get_mut(place))
            {
                if first.is_link() && !input.is_link() {
                    std::mem::swap(first, &mut input);
                }
                others.push(input.path().to_string_lossy().into_owned());
            } else {
                files.inputs.push(input);
                files.other_paths.push(Vec::new());
            }
        }
        files
    }
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
                Ok(Kind::File) => inputs.push(Input::Found(entry.path())),
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
