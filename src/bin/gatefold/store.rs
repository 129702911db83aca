//! A folder of outputs that are called after their inputs.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use gatefold::{Format, OutputFormat, RenditionSpec};

use crate::config::OutFolder;
use crate::draft::Draft;
use crate::inputs::Input;
use crate::outcome::Failure;
use crate::target::{Protected, Target, slot, sniff};

/// So many names that are taken are told one by one.
const TOLD: usize = 3;

/// A folder for outputs.
#[derive(Debug)]
pub(crate) struct Store<'a> {
    folder: &'a Path,
    overwrite: bool,
    names: Names,
    protected: &'a Protected,
}

impl<'a> Store<'a> {
    /// Makes the folder if it is missing, once it is sure that no output will take the name of an
    /// input, of another output (`report`), or of a file that must stay.
    ///
    /// # Errors
    /// A usage failure with both names where one would.
    pub(crate) fn open(
        out: &'a OutFolder,
        inputs: &[Input],
        kinds: &[Kind],
        protected: &'a Protected,
        report: Option<&Target>,
    ) -> Result<Self, Failure> {
        let folder = out.folder.as_path();
        if fs::metadata(folder).is_ok_and(|data| !data.is_dir()) {
            return Err(Failure::usage(format!("-o {} is not a folder", folder.display())));
        }
        let store = Self { folder, overwrite: out.overwrite, names: Names::default(), protected };
        store.refuse_taken(inputs, kinds, report)?;
        fs::create_dir_all(folder).map_err(|error| {
            Failure::io(format!("{} cannot be made: {error}", folder.display()))
        })?;
        Ok(store)
    }

    /// Goes through the names that the outputs will have if every input is accepted. When some are
    /// not, fewer of the same names are used.
    fn refuse_taken(
        &self,
        inputs: &[Input],
        kinds: &[Kind],
        report: Option<&Target>,
    ) -> Result<(), Failure> {
        let report = report.filter(|report| report.is_file()).map(|report| slot(report.path()));
        // Slots share their folder.
        let (folder, _) = slot(&self.folder.join("name"));
        let report = report.filter(|(parent, _)| *parent == folder).map(|(_, name)| name);
        let mut names = Names::default();
        let mut told = Vec::new();
        let mut taken = 0_usize;
        for input in inputs {
            let own = input.path().to_string_lossy();
            for kind in kinds {
                for extension in kind.extensions(input) {
                    let name = names.next(&own, &kind.suffix, extension);
                    let target = self.folder.join(&name);
                    let why = if report.as_ref() == Some(&lower(&name)) {
                        "which --report names too".to_owned()
                    } else if let Some(why) = self.taken(&target) {
                        why
                    } else {
                        continue;
                    };
                    taken += 1;
                    if told.len() < TOLD {
                        told.push(format!("{own} would become {}, {why}", target.display()));
                    }
                }
            }
        }
        if taken == 0 {
            return Ok(());
        }
        if taken > told.len() {
            told.push(format!("and {} more", taken - told.len()));
        }
        Err(Failure::usage(told.join("; ")))
    }

    /// Why this name cannot be given to an output.
    fn taken(&self, target: &Path) -> Option<String> {
        let data = fs::symlink_metadata(target).ok()?;
        if let Some(input) = self.protected.input_at(target) {
            let input = input.display();
            return Some(format!(
                "which is {input}, which this run reads; no input is ever replaced"
            ));
        }
        if data.is_dir() {
            return Some("which is a folder".to_owned());
        }
        (!self.overwrite).then(|| "which is there already; --overwrite replaces it".to_owned())
    }

    /// Writes `STEM<suffix>.EXT`, or `STEM<suffix>-2.EXT` and so on where this run took the name.
    ///
    /// # Errors
    /// When an input or a file that must stay has come to be there since the run began, and when
    /// writing fails.
    pub(crate) fn write(
        &mut self,
        input: &str,
        kind: &Kind,
        format: Format,
        bytes: &[u8],
    ) -> Result<PathBuf, String> {
        let name = self.names.next(input, &kind.suffix, format.extension());
        let target = self.folder.join(name);
        if let Some(why) = self.taken(&target) {
            return Err(format!("{}, {why}", target.display()));
        }
        match self.put(&target, bytes) {
            Ok(()) => Ok(target),
            Err(error) => Err(format!("{} cannot be written: {error}", target.display())),
        }
    }

    fn put(&self, target: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut draft = Draft::beside(target)?;
        draft.file().write_all(bytes)?;
        if self.overwrite { draft.replace(target) } else { draft.take(target) }
    }
}

/// Outputs of one sort: what is added to an input's stem, and the format they are in.
#[derive(Debug)]
pub(crate) struct Kind {
    suffix: String,
    format: OutputFormat,
}

impl Kind {
    /// Outputs called as their inputs.
    pub(crate) const fn plain(spec: &RenditionSpec) -> Self {
        Self { suffix: String::new(), format: spec.chosen_format() }
    }

    /// Outputs with the box that was asked for in their names, not the size they come out with: names
    /// must follow from the call.
    pub(crate) fn sized(spec: &RenditionSpec) -> Self {
        let suffix = format!("-{}x{}", spec.width(), spec.height());
        Self { suffix, format: spec.chosen_format() }
    }

    /// The extensions that an input's output may have: none when it is no picture, several when that
    /// cannot be told without reading it.
    fn extensions(&self, input: &Input) -> Vec<&'static str> {
        let all = &[Format::Jpeg, Format::Png, Format::WebP][..];
        let same: &[Format] = if input.path().is_file() {
            match sniff(input.path()) {
                None => &[],
                Some(Format::Png | Format::Gif) => &[Format::Png],
                Some(Format::Jpeg) => &[Format::Jpeg],
                // It depends on whether it is lossy, and transparent somewhere.
                Some(Format::WebP) => &[Format::Jpeg, Format::WebP],
                Some(_) => all,
            }
        } else {
            all
        };
        let formats = match self.format {
            _ if same.is_empty() => same,
            OutputFormat::Jpeg => &[Format::Jpeg],
            OutputFormat::Png => &[Format::Png],
            OutputFormat::WebP => &[Format::WebP],
            OutputFormat::SameAsInput => same,
            _ => all,
        };
        formats.iter().map(|format| format.extension()).collect()
    }
}

/// The names given in a run.
#[derive(Debug, Default)]
struct Names {
    /// In lower case, since some file systems do not tell cases apart.
    taken: HashSet<String>,
    /// The next number to try for a name that was taken.
    next: HashMap<String, u64>,
}

fn lower(name: &OsStr) -> String {
    name.to_string_lossy().to_lowercase()
}

impl Names {
    /// `STEM<suffix>.EXT` for this input, or the first free one of `STEM<suffix>-2.EXT` and so on.
    fn next(&mut self, input: &str, suffix: &str, extension: &str) -> OsString {
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
        if self.taken.insert(lower(&plain)) {
            return plain;
        }
        let next = self.next.entry(lower(&plain)).or_insert(2);
        loop {
            let name = with(Some(*next));
            *next += 1;
            if self.taken.insert(lower(&name)) {
                return name;
            }
        }
    }
}
