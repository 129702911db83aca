//! The policy's word on a structure, before one pixel is allocated.

use crate::container::{PartKind, Structure};
use crate::decode::{self, Mode, Scales};
use crate::finding::{Finding, FindingKind, Severity};
use crate::format::Format;
use crate::policy::{Policy, Rule};
use crate::upload::Upload;

/// Everything the policy has to say about a walked file; the first error gives the verdict its code.
pub(crate) fn judge(policy: &Policy, upload: &Upload<'_>, structure: &Structure) -> Vec<Finding> {
    // What is never read need not be small: it leads, and limits come before what else is wrong.
    let (unsupported, walked): (Vec<_>, Vec<_>) = structure
        .findings()
        .iter()
        .filter_map(|finding| settle(policy, finding))
        .partition(|finding| matches!(finding.kind(), FindingKind::Unsupported { .. }));
    let mut findings = unsupported;
    limits(policy, structure, &mut findings);
    findings.extend(walked);
    if !structure.size().is_empty() {
        rules(policy, structure, &mut findings);
    }
    claims(policy, upload, structure.format(), &mut findings);
    findings
}

/// A finding under the policy's rules: with the severity they give it, or `None` when they allow it.
pub(crate) fn settle(policy: &Policy, finding: &Finding) -> Option<Finding> {
    if finding.severity() == Severity::Error {
        return Some(finding.clone());
    }
    let rule = match finding.kind() {
        FindingKind::TrailingData { .. } => policy.trailing_data,
        FindingKind::EmbeddedScript { .. } => policy.embedded_script,
        FindingKind::Irregular { .. } | FindingKind::OutsidePalette { .. } => policy.irregular,
        // A whole picture in a file that ends untidily: never silent.
        FindingKind::Truncated { .. } | FindingKind::Corrupt { .. } => match policy.irregular {
            Rule::Reject => Rule::Reject,
            Rule::Allow | Rule::Warn => Rule::Warn,
        },
        _ => Rule::Warn,
    };
    rule.severity().map(|severity| finding.clone().with_severity(severity))
}

fn limits(policy: &Policy, structure: &Structure, findings: &mut Vec<Finding>) {
    let limits = &policy.limits;
    let size = structure.stored_size();
    let mut refuse = |kind| findings.push(Finding::error(kind));
    if size.long_side() > limits.max_side {
        refuse(FindingKind::SideTooLong { actual: size.long_side(), max: limits.max_side });
    }
    if size.pixels() > limits.max_pixels {
        refuse(FindingKind::TooManyPixels { actual: size.pixels(), max: limits.max_pixels });
    }
    let frames = structure.frames();
    if frames > limits.max_frames {
        refuse(FindingKind::TooManyFrames { actual: frames, max: limits.max_frames });
    }
    let frame_pixels = frames.saturating_mul(size.pixels());
    if frames > 1 && frame_pixels > limits.max_frame_pixels {
        refuse(FindingKind::TooManyFramePixels {
            actual: frame_pixels,
            max: limits.max_frame_pixels,
        });
    }
    if structure.metadata_bytes() > limits.max_metadata_bytes {
        refuse(FindingKind::TooMuchMetadata {
            actual: structure.metadata_bytes(),
            max: limits.max_metadata_bytes,
        });
    }
    let work = structure.work();
    if work > limits.max_work {
        refuse(FindingKind::TooMuchWork { estimated: work, max: limits.max_work });
    }
}

/// Whether decoding stays under the memory limit; asked where something is about to be decoded.
pub(crate) fn judge_memory(
    policy: &Policy,
    structure: &Structure,
    mode: Mode,
    scales: Scales,
) -> Option<Finding> {
    let needed = decode::memory_needed(structure, mode, scales);
    let max = policy.limits.max_memory;
    (needed > max).then(|| Finding::error(FindingKind::TooMuchMemory { needed, max }))
}

fn rules(policy: &Policy, structure: &Structure, findings: &mut Vec<Finding>) {
    let size = structure.size();
    if size.short_side() < policy.min_side {
        findings.push(Finding::error(FindingKind::SideTooShort {
            actual: size.short_side(),
            min: policy.min_side,
        }));
    }
    if policy.square && size.width != size.height {
        findings.push(Finding::error(FindingKind::NotSquare { actual: size }));
    }
    if let Some(wanted) = policy.color_model {
        let actual = structure.color_model();
        if actual != wanted {
            findings.push(Finding::error(FindingKind::WrongColorModel { actual, wanted }));
        }
    }
    if structure.frames() > 1 {
        under(policy.animation, findings, || FindingKind::AnimationNotAccepted {
            frames: structure.frames(),
        });
    }
    let metadata: u64 = structure
        .parts()
        .iter()
        .filter(|part| part.kind == PartKind::Metadata && part.depth == 0)
        .map(|part| part.span.end.saturating_sub(part.span.start))
        .sum();
    if metadata > 0 {
        under(policy.metadata, findings, || FindingKind::MetadataNotAccepted { bytes: metadata });
    }
}

fn claims(policy: &Policy, upload: &Upload<'_>, actual: Format, findings: &mut Vec<Finding>) {
    let differs = |claim| !matches!(claim, Claim::Nothing) && claim != Claim::Format(actual);
    let name = upload.claimed_name().filter(|name| differs(Claim::of_name(name)));
    let media = upload.claimed_media_type().filter(|media| differs(Claim::of_media_type(media)));
    if let Some(claimed) = name.or(media) {
        under(policy.spoofed_type, findings, || FindingKind::SpoofedType {
            claimed: claimed.chars().take(255).collect(),
            actual,
        });
    }
}

/// What a name or a media type says that the content is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    Nothing,
    Format(Format),
    SomethingElse,
}

impl Claim {
    fn of_name(name: &str) -> Self {
        match Format::from_file_name(name) {
            Some(format) => Self::Format(format),
            None if Format::is_other_claimed(name) => Self::SomethingElse,
            None => Self::Nothing,
        }
    }

    fn of_media_type(media_type: &str) -> Self {
        // What clients send for "some bytes".
        const ANY: [&str; 5] = [
            "",
            "application/octet-stream",
            "application/x-www-form-urlencoded",
            "binary/octet-stream",
            "multipart/form-data",
        ];
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if ANY.contains(&essence.as_str()) || essence.contains('*') {
            return Self::Nothing;
        }
        Format::from_media_type(&essence).map_or(Self::SomethingElse, Self::Format)
    }
}

fn under(rule: Rule, findings: &mut Vec<Finding>, kind: impl FnOnce() -> FindingKind) {
    if let Some(severity) = rule.severity() {
        findings.push(Finding::warning(kind()).with_severity(severity));
    }
}
