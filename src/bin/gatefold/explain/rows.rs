//! The explanation as JSON.

use gatefold::{Error, Inspection, Part, Policy, Structure, Trailing};
use serde::Serialize;

use super::limits::{Limit, RuleRow, limits, rules};
use crate::rows::{self, Judged, Row};

#[derive(Serialize)]
struct Explained<'a> {
    #[serde(flatten)]
    judged: Judged<'a>,
    policy: &'a str,
    #[serde(flatten)]
    structure: Option<StructureRow<'a>>,
    limits: Vec<Limit>,
    rules: Vec<RuleRow>,
    parts: Vec<PartRow<'a>>,
}

#[derive(Serialize)]
struct StructureRow<'a> {
    stored_width: u32,
    stored_height: u32,
    coding: &'a str,
    color_model: gatefold::ColorModel,
    bit_depth: u8,
    duration_ms: Option<u128>,
    metadata_bytes: u64,
    /// Where the picture ends.
    end: u64,
    trailing: Option<TrailingRow<'a>>,
}

#[derive(Serialize)]
struct TrailingRow<'a> {
    offset: u64,
    bytes: u64,
    looks_like: Option<&'a str>,
    announced: bool,
}

#[derive(Serialize)]
struct PartRow<'a> {
    name: &'a str,
    kind: gatefold::PartKind,
    depth: u8,
    offset: u64,
    bytes: u64,
    payload_offset: u64,
    payload_bytes: u64,
}

impl<'a> StructureRow<'a> {
    fn of(structure: &'a Structure) -> Self {
        Self {
            stored_width: structure.stored_size().width,
            stored_height: structure.stored_size().height,
            coding: structure.coding(),
            color_model: structure.color_model(),
            bit_depth: structure.bit_depth(),
            duration_ms: structure.duration().map(|duration| duration.as_millis()),
            metadata_bytes: structure.metadata_bytes(),
            end: structure.end(),
            trailing: structure.trailing().map(TrailingRow::of),
        }
    }
}

impl<'a> TrailingRow<'a> {
    fn of(trailing: &'a Trailing) -> Self {
        Self {
            offset: trailing.span.start,
            bytes: trailing.span.end.saturating_sub(trailing.span.start),
            looks_like: trailing.looks_like,
            announced: trailing.announced,
        }
    }
}

impl<'a> PartRow<'a> {
    fn of(part: &'a Part) -> Self {
        Self {
            name: part.name.as_str(),
            kind: part.kind,
            depth: part.depth,
            offset: part.span.start,
            bytes: part.span.end.saturating_sub(part.span.start),
            payload_offset: part.payload.start,
            payload_bytes: part.payload.end.saturating_sub(part.payload.start),
        }
    }
}

pub(super) fn line(path: &str, answer: Result<&Inspection, &Error>, policy: &Policy) -> String {
    let inspection = match answer {
        Ok(inspection) => Some(inspection),
        Err(error) => error.inspection(),
    };
    let structure = inspection.and_then(Inspection::structure);
    let parts = structure.map_or(&[][..], Structure::parts);
    rows::line(&Row {
        path,
        rest: Explained {
            judged: Judged::of(answer),
            policy: &policy.name,
            structure: structure.map(StructureRow::of),
            limits: inspection.map_or_else(Vec::new, |known| limits(policy, known)),
            rules: inspection.map_or_else(Vec::new, |known| rules(policy, known)),
            parts: parts.iter().map(PartRow::of).collect(),
        },
    })
}
