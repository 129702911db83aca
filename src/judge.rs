//! The policy's word on a structure, before one pixel is allocated.

use crate::container::{PartKind, Structure};
use crate::decode;
use crate::finding::{Finding, FindingKind, Severity};
use crate::format::Format;
use crate::policy::{Policy, Rule};
use crate::upload::Upload;

/// Everything the policy has to say about a walked file: limits first, then what the walk found,
/// then the rules.
pub(crate) fn judge(policy: &Policy, upload: &Upload<'_>, structure: &Structure) -> Vec<Finding> {
    let mut findings = Vec::new();
    limits(policy, structure, &mut findings);
    findings.extend(structure.findings().iter().filter_map(|finding| settle(policy, finding)));
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
        FindingKind::Irregular { .. } => policy.irregular,
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
    // The same verdict at every depth, so judged even where nothing will be decoded.
    let needed = decode::memory_needed(structure, decode::Mode::Shown);
    if findings.is_empty() && needed > limits.max_memory {
        findings
            .push(Finding::error(FindingKind::TooMuchMemory { needed, max: limits.max_memory }));
    }
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
    let name = upload.claimed_name().and_then(|name| {
        let format = Format::from_file_name(name);
        (format.is_some() || Format::is_other_claimed(name)).then_some((name, format))
    });
    let media = upload.claimed_media_type().and_then(|media| {
        let format = Format::from_media_type(media);
        // "application/octet-stream" and the like claim nothing; another image type claims wrongly.
        let is_image = media.trim_start().to_ascii_lowercase().starts_with("image/");
        (format.is_some() || (is_image && !media.contains('*'))).then_some((media, format))
    });
    let spoofed = match (name, media) {
        (Some((name, format)), _) if format != Some(actual) => Some(name),
        (_, Some((media, format))) if format != Some(actual) => Some(media),
        _ => None,
    };
    if let Some(claimed) = spoofed {
        under(policy.spoofed_type, findings, || FindingKind::SpoofedType {
            claimed: claimed.chars().take(255).collect(),
            actual,
        });
    }
}

fn under(rule: Rule, findings: &mut Vec<Finding>, kind: impl FnOnce() -> FindingKind) {
    if let Some(severity) = rule.severity() {
        findings.push(Finding::warning(kind()).with_severity(severity));
    }
}
