//! The page of `process --report`: one file that holds everything it shows.

mod card;
mod markup;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use gatefold::{Error, OutputFormat, Policy, Rendition, RenditionSpec, Report};

use crate::draft::Draft;
use crate::outcome::Failure;
use crate::rows::duplicate_of;
use crate::target::{Target, head};
use card::{Pictures, Place};
use markup::{escape, fill};

const PAGE: &str = include_str!("report/page.html");
const FOOT: &str = include_str!("report/foot.html");
const STYLE: &str = include_str!("report/style.css");
/// What tells a page of ours, of any version; see `page.html`.
const GENERATOR: &str = "<meta name=\"generator\" content=\"gatefold ";

/// Whether this file is a page that gatefold has written.
pub(crate) fn is_page(path: &Path) -> bool {
    let head = head(path).unwrap_or_default();
    let head = String::from_utf8_lossy(&head);
    head.starts_with("<!doctype html>") && head.contains(GENERATOR)
}

/// How a file relates to an earlier one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Relation {
    Same,
    /// Bits in which the perceptual hashes differ.
    Near(u32),
}

#[derive(Debug)]
struct Related {
    path: String,
    relation: Relation,
    /// The number of its card.
    number: Option<usize>,
}

/// A page that grows by one card for each file. Cards wait in a file of their own, since the head of
/// the page counts them and a run can have more of them than memory.
#[derive(Debug)]
pub(crate) struct Page {
    target: Target,
    policy: String,
    cards: BufWriter<Draft>,
    numbers: HashMap<String, usize>,
    files: usize,
    accepted: usize,
    warned: usize,
    duplicates: usize,
    failed: Option<io::Error>,
}

impl Page {
    /// The renditions that a page needs of every picture: the whole picture twice, since JPEG is
    /// small and PNG keeps alpha, and a square for the player.
    pub(crate) fn renditions() -> [RenditionSpec; 3] {
        let whole = RenditionSpec::contain(480, 480);
        [
            whole.format(OutputFormat::Jpeg),
            whole.format(OutputFormat::Png),
            RenditionSpec::cover(112, 112).format(OutputFormat::Jpeg),
        ]
    }

    pub(crate) fn begin(target: Target, policy: &Policy) -> Result<Self, Failure> {
        let cards = target
            .draft()
            .map_err(|error| Failure::io(format!("{}: {error}", target.path().display())))?;
        Ok(Self {
            target,
            policy: policy.name.clone(),
            cards: BufWriter::new(cards),
            numbers: HashMap::new(),
            files: 0,
            accepted: 0,
            warned: 0,
            duplicates: 0,
            failed: None,
        })
    }

    /// Adds a card. `own` are [`Page::renditions`], `asked` those of the user, `near` the earlier
    /// files that this one looks like.
    pub(crate) fn add(
        &mut self,
        path: &str,
        result: &Result<Report, Error>,
        own: &[Rendition],
        asked: &[Rendition],
        near: &[(String, u32)],
    ) {
        let same = duplicate_of(result).map(|of| (of.to_owned(), Relation::Same));
        self.duplicates += usize::from(same.is_some());
        let near = near.iter().map(|(path, bits)| (path.clone(), Relation::Near(*bits)));
        let related: Vec<Related> = same
            .into_iter()
            .chain(near)
            .map(|(path, relation)| Related {
                number: self.numbers.get(&path).copied(),
                path,
                relation,
            })
            .collect();
        self.files += 1;
        let place = Place { number: self.files, path, related: &related };
        let card = match result {
            Ok(report) => {
                self.accepted += 1;
                self.warned += usize::from(!report.findings().is_empty());
                // Alpha needs the PNG, which is many times the bytes of the JPEG otherwise.
                let whole = usize::from(report.inspection().has_alpha());
                let pictures = Pictures { whole: own.get(whole), square: own.get(2), asked };
                card::accepted(&place, report, &pictures)
            }
            Err(error) => card::rejected(&place, error),
        };
        self.numbers.entry(path.to_owned()).or_insert(self.files);
        if self.failed.is_none() {
            self.failed = self.cards.write_all(card.as_bytes()).err();
        }
    }

    /// Writes the page.
    pub(crate) fn end(mut self) -> Result<PathBuf, String> {
        let path = self.target.path().to_owned();
        match self.write() {
            Ok(()) => Ok(path),
            Err(error) => Err(format!("{} cannot be written: {error}", path.display())),
        }
    }

    fn write(&mut self) -> io::Result<()> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        self.cards.flush()?;
        let version = env!("CARGO_PKG_VERSION");
        let count = |number: usize| number.to_string();
        let head = fill(
            PAGE,
            &[
                ("version", version),
                ("style", STYLE),
                ("policy", &escape(&self.policy)),
                ("files", &count(self.files)),
                ("accepted", &count(self.accepted)),
                ("warned", &count(self.warned)),
                ("duplicates", &count(self.duplicates)),
                ("rejected", &count(self.files - self.accepted)),
            ],
        );
        let mut cards = File::open(self.cards.get_ref().path())?;
        self.target.write(|mut page| {
            page.write_all(head.as_bytes())?;
            io::copy(&mut cards, &mut page)?;
            page.write_all(fill(FOOT, &[("version", version)]).as_bytes())
        })
    }
}
