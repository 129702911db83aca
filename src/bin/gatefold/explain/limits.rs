//! Each limit of the policy beside what the file has.

use gatefold::{Finding, FindingKind, Inspection, Policy, Rule, Size};
use serde::Serialize;

/// A number the policy bounds.
#[derive(Debug, Serialize)]
pub(super) struct Limit {
    pub(super) name: &'static str,
    /// `None` where the file was not followed far enough to tell.
    pub(super) actual: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) min: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max: Option<u64>,
    pub(super) passed: bool,
}

impl Limit {
    fn most(name: &'static str, actual: Option<u64>, max: u64) -> Self {
        Self {
            name,
            actual,
            min: None,
            max: Some(max),
            passed: actual.is_none_or(|actual| actual <= max),
        }
    }

    fn least(name: &'static str, actual: Option<u64>, min: u64) -> Self {
        Self {
            name,
            actual,
            min: Some(min),
            max: None,
            passed: actual.is_none_or(|actual| actual >= min),
        }
    }

    /// The walk stops at some limits, so that only the finding knows that they were passed.
    fn unless(mut self, exceeded: bool) -> Self {
        self.passed &= !exceeded;
        self
    }
}

pub(super) fn limits(policy: &Policy, inspection: &Inspection) -> Vec<Limit> {
    let limits = &policy.limits;
    let mut all = vec![Limit::most("bytes", Some(inspection.bytes()), limits.max_bytes)];
    let Some(structure) = inspection.structure() else {
        return all;
    };
    let found = |test: fn(&FindingKind) -> bool| {
        inspection.findings().iter().any(|finding| test(finding.kind()))
    };
    let stored = Some(structure.stored_size()).filter(|size| !size.is_empty());
    let (pixels, frames) = (stored.map(Size::pixels), structure.frames());
    let side = stored.map(|size| u64::from(size.long_side()));
    all.push(Limit::most("side", side, limits.max_side.into()));
    all.push(Limit::most("pixels", pixels, limits.max_pixels));
    all.push(Limit::most("frames", Some(frames), limits.max_frames));
    if frames > 1 {
        let total = pixels.map(|pixels| pixels.saturating_mul(frames));
        all.push(Limit::most("frame_pixels", total, limits.max_frame_pixels));
    }
    let metadata = Some(structure.metadata_bytes());
    all.push(Limit::most("metadata_bytes", metadata, limits.max_metadata_bytes));
    let parts = structure.parts();
    all.push(
        Limit::most("parts", Some(parts.len() as u64), limits.max_parts)
            .unless(found(|kind| matches!(kind, FindingKind::TooManyParts { .. }))),
    );
    let scans = parts.iter().filter(|part| part.name.as_str() == "SOS").count();
    if scans > 0 {
        all.push(
            Limit::most("scans", Some(scans as u64), limits.max_scans)
                .unless(found(|kind| matches!(kind, FindingKind::TooManyScans { .. }))),
        );
    }
    // What decoding needs is computed by the judge alone, and told when it is too much.
    let memory = inspection.findings().iter().find_map(|finding| match finding.kind() {
        FindingKind::TooMuchMemory { needed, .. } => Some(*needed),
        _ => None,
    });
    if memory.is_some() {
        all.push(Limit::most("memory", memory, limits.max_memory));
    }
    all.push(Limit::most("work", Some(structure.work()), limits.max_work));
    let short = inspection.size().map(|size| u64::from(size.short_side()));
    all.push(Limit::least("short_side", short, policy.min_side.into()));
    all
}

/// A rule of the policy beside what the file has.
#[derive(Debug, Serialize)]
pub(super) struct RuleRow {
    pub(super) name: &'static str,
    pub(super) rule: String,
    /// The codes of the findings that the rule decided on.
    pub(super) actual: String,
    pub(super) passed: bool,
}

pub(super) fn rules(policy: &Policy, inspection: &Inspection) -> Vec<RuleRow> {
    let found = |code: &str| inspection.findings().iter().find(|found| found.code() == code);
    let ruled = |name: &'static str, rule: Rule, code: &str| {
        let finding = found(code);
        RuleRow {
            name,
            rule: word(rule).to_owned(),
            actual: finding.map_or_else(|| "nothing to report".to_owned(), ToString::to_string),
            passed: !finding.is_some_and(Finding::is_error),
        }
    };
    let formats: Vec<&str> = policy.formats.iter().map(|format| format.name()).collect();
    let mut rows = vec![RuleRow {
        name: "formats",
        rule: formats.join(" "),
        actual: inspection
            .format()
            .map_or_else(|| "none of ours".to_owned(), |format| format.to_string()),
        passed: inspection.format().is_some_and(|format| policy.accepts(format)),
    }];
    if policy.square {
        rows.push(RuleRow {
            name: "square",
            rule: "required".to_owned(),
            actual: inspection.size().map_or_else(|| "-".to_owned(), |size| size.to_string()),
            passed: found("not_square").is_none(),
        });
    }
    if let (Some(wanted), Some(structure)) = (policy.color_model, inspection.structure()) {
        rows.push(RuleRow {
            name: "color_model",
            rule: wanted.to_string(),
            actual: structure.color_model().to_string(),
            passed: structure.color_model() == wanted,
        });
    }
    rows.extend([
        ruled("animation", policy.animation, "animation_not_accepted"),
        ruled("metadata", policy.metadata, "metadata_not_accepted"),
        ruled("spoofed_type", policy.spoofed_type, "spoofed_type"),
        ruled("trailing_data", policy.trailing_data, "trailing_data"),
        ruled("embedded_script", policy.embedded_script, "embedded_script"),
        ruled("irregular", policy.irregular, "irregular"),
    ]);
    rows
}

const fn word(rule: Rule) -> &'static str {
    match rule {
        Rule::Allow => "allow",
        Rule::Warn => "warn",
        Rule::Reject => "reject",
    }
}
