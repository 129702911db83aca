//! The JSON rows that scripts depend on.

use gatefold::{Digests, Error, Finding, ImageColor, Inspection, PlayerColor, Rendition, Report};
use serde::Serialize;

/// A row as one line of JSON.
pub(crate) fn line(row: &impl Serialize) -> String {
    // Strings and numbers cannot fail to serialise; an empty object still keeps the line count.
    serde_json::to_string(row).unwrap_or_else(|_| "{}".to_owned())
}

/// A row of a file: its path, then what there is to say.
#[derive(Debug, Serialize)]
pub(crate) struct Row<'a, T: Serialize> {
    pub(crate) path: &'a str,
    #[serde(flatten)]
    pub(crate) rest: T,
}

/// Verdict, facts and findings, whether the file was accepted or not.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Judged<'a> {
    Inspected(&'a Inspection),
    Unjudged(Unjudged),
}

impl<'a> Judged<'a> {
    pub(crate) fn of(result: Result<&'a Inspection, &'a Error>) -> Self {
        match result {
            Ok(inspection) => Self::Inspected(inspection),
            Err(error) => match error.inspection() {
                Some(inspection) => Self::Inspected(inspection),
                None => Self::Unjudged(Unjudged::of(error)),
            },
        }
    }
}

/// The same keys as an inspection has, for a file that could not be read.
#[derive(Debug, Serialize)]
pub(crate) struct Unjudged {
    verdict: &'static str,
    code: &'static str,
    message: String,
    format: Option<()>,
    width: Option<()>,
    height: Option<()>,
    orientation: u8,
    frames: u64,
    has_alpha: bool,
    bytes: u64,
    findings: [Finding; 0],
}

impl Unjudged {
    fn of(error: &Error) -> Self {
        Self {
            verdict: "rejected",
            code: error.code(),
            message: error.to_string(),
            format: None,
            width: None,
            height: None,
            orientation: 1,
            frames: 0,
            has_alpha: false,
            bytes: 0,
            findings: [],
        }
    }
}

/// A rendition, and where it was written.
#[derive(Debug, Serialize)]
pub(crate) struct RenditionRow {
    size: String,
    format: &'static str,
    bytes: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

impl RenditionRow {
    pub(crate) fn of(rendition: &Rendition, path: Option<&std::path::Path>) -> Self {
        Self {
            size: rendition.size().to_string(),
            format: rendition.format().name(),
            bytes: rendition.bytes().len(),
            path: path.map(|path| path.to_string_lossy().into_owned()),
        }
    }
}

/// What `process` adds to a judgement; the keys are there in every row.
#[derive(Debug, Serialize)]
pub(crate) struct Processed<'a> {
    #[serde(flatten)]
    judged: Judged<'a>,
    digests: Option<&'a Digests>,
    image_colors: &'a [ImageColor],
    player_color: Option<&'a PlayerColor>,
    renditions: &'a [RenditionRow],
    duplicate_of: Option<&'a str>,
    /// Further paths to this same file, which are no duplicates of it; as a rule there are none.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    other_paths: &'a [String],
}

impl<'a> Processed<'a> {
    pub(crate) fn of(
        result: &'a Result<Report, Error>,
        other_paths: &'a [String],
        renditions: &'a [RenditionRow],
    ) -> Self {
        let report = result.as_ref().ok();
        Self {
            judged: Judged::of(result.as_ref().map(Report::inspection)),
            digests: report.map(Report::digests),
            image_colors: report.map_or(&[], Report::image_colors),
            player_color: report.and_then(Report::player_color),
            renditions,
            duplicate_of: duplicate_of(result),
            other_paths,
        }
    }
}

/// The path of the earlier one, whether duplicates are reported or rejected.
pub(crate) fn duplicate_of(result: &Result<Report, Error>) -> Option<&str> {
    match result {
        Ok(report) => report.duplicate_of().map(|known| known.id.as_str()),
        Err(Error::Rejected(rejection)) => match rejection.finding().kind() {
            gatefold::FindingKind::Duplicate { of } => Some(of),
            _ => None,
        },
        Err(_) => None,
    }
}

/// What `resize` adds to a judgement.
#[derive(Debug, Serialize)]
pub(crate) struct Resized<'a> {
    #[serde(flatten)]
    pub(crate) judged: Judged<'a>,
    pub(crate) renditions: &'a [RenditionRow],
}

/// What `colors` prints.
#[derive(Debug, Serialize)]
// The keys are fixed.
#[allow(clippy::struct_field_names)]
pub(crate) struct Colors<'a> {
    image_colors: &'a [ImageColor],
    player_color: Option<&'a PlayerColor>,
    code: Option<&'static str>,
    message: Option<String>,
}

impl<'a> Colors<'a> {
    pub(crate) fn of(result: &'a Result<Report, Error>) -> Self {
        let report = result.as_ref().ok();
        let error = result.as_ref().err();
        Self {
            image_colors: report.map_or(&[], Report::image_colors),
            player_color: report.and_then(Report::player_color),
            code: error.map(Error::code),
            message: error.map(ToString::to_string),
        }
    }
}
