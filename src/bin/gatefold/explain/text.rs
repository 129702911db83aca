//! The explanation for people.

use gatefold::{Error, Finding, Inspection, Part, PartKind, Policy, Structure};

use super::fold::{Stretch, fold};
use super::limits::{limits, rules};
use crate::text::{Style, Tone, clean, finding, put};
use crate::units::{grouped, size};

/// Bytes of the file that are shown at a finding.
const GLIMPSE: usize = 16;

pub(super) fn explained(
    style: Style,
    path: &str,
    bytes: &[u8],
    answer: Result<&Inspection, &Error>,
    policy: &Policy,
    all: bool,
) -> String {
    let mut text = format!(
        "{}
",
        style.paint(Tone::Strong, clean(path))
    );
    let inspection = match answer {
        Ok(inspection) => Some(inspection),
        Err(error) => error.inspection(),
    };
    let Some(inspection) = inspection else {
        let error =
            answer.map_or_else(|error| format!("{}: {error}", error.code()), |_| String::new());
        text.push_str(&format_line(&clean(&error)));
        return text;
    };
    if let Some(structure) = inspection.structure() {
        text.push_str(&format_line(&summary(structure, inspection.bytes())));
        text.push('\n');
        parts(&mut text, style, bytes, structure, inspection.findings(), all);
    } else {
        text.push_str(&format_line(&format!("{} bytes", grouped(inspection.bytes()))));
    }
    let unplaced: Vec<&Finding> = inspection
        .findings()
        .iter()
        .filter(|finding| finding.offset().is_none() || inspection.structure().is_none())
        .collect();
    if !unplaced.is_empty() {
        text.push_str("\nabout the whole file\n");
        for found in unplaced {
            text.push_str(&format_line(&finding(style, found)));
        }
    }
    verdict(&mut text, style, policy, inspection);
    text
}

fn format_line(text: &str) -> String {
    format!("  {text}\n")
}

fn summary(structure: &Structure, bytes: u64) -> String {
    let mut facts = vec![structure.format().name().to_owned()];
    if !structure.coding().is_empty() {
        facts.push(structure.coding().to_owned());
    }
    facts.push(format!("{} as shown", structure.size()));
    if structure.orientation().exif() != 1 {
        let turned = structure.orientation().exif();
        facts.push(format!("{} stored, orientation {turned}", structure.stored_size()));
    }
    let alpha = if structure.has_alpha() { " with alpha" } else { "" };
    let (model, depth) = (structure.color_model(), structure.bit_depth());
    facts.push(format!("{model}{alpha}, {depth} bits a sample"));
    if structure.frames() != 1 {
        facts.push(format!("{} frames", structure.frames()));
    }
    if let Some(duration) = structure.duration() {
        facts.push(format!("plays for {:.2} s", duration.as_secs_f64()));
    }
    facts.push(format!("{} bytes", grouped(bytes)));
    facts.join(", ")
}

/// The parts in a table, each finding under the part in which it lies.
fn parts(
    text: &mut String,
    style: Style,
    bytes: &[u8],
    structure: &Structure,
    findings: &[Finding],
    all: bool,
) {
    let parts = structure.parts();
    let placed = place(parts, findings);
    let mut findings_of = placed.iter().peekable();
    let head = format!("  {:>13}  {:>13}  {:<22} {}\n", "offset", "bytes", "part", "kind");
    text.push_str(&style.paint(Tone::Dim, head.trim_end()));
    text.push('\n');
    // Parts before the first one do not exist, but an offset can lie there all the same.
    while let Some(placed) = findings_of.next_if(|placed| placed.part.is_none()) {
        found(text, style, bytes, None, placed.finding);
    }
    let has_finding: Vec<usize> = placed.iter().filter_map(|placed| placed.part).collect();
    let alone = |at: usize| has_finding.binary_search(&at).is_ok();
    let same = |a: usize, b: usize| {
        let key = |part: &Part| (part.name, part.kind, part.depth);
        !all && !alone(a) && !alone(b) && key(&parts[a]) == key(&parts[b])
    };
    for stretch in fold(parts.len(), same) {
        for at in stretch.shown.clone() {
            row(text, style, parts, at, &stretch);
            while let Some(placed) = findings_of.next_if(|placed| placed.part == Some(at)) {
                found(text, style, bytes, parts.get(at), placed.finding);
            }
        }
        if stretch.times > 1 {
            folded(text, style, parts, &stretch);
        }
    }
}

struct Placed<'a> {
    /// The last part that begins at or before the finding.
    part: Option<usize>,
    finding: &'a Finding,
}

fn place<'a>(parts: &[Part], findings: &'a [Finding]) -> Vec<Placed<'a>> {
    let mut placed: Vec<Placed<'a>> = findings
        .iter()
        .filter_map(|finding| {
            let offset = finding.offset()?;
            let after = parts.partition_point(|part| part.span.start <= offset);
            let part = after.checked_sub(1);
            Some(Placed { part, finding })
        })
        .collect();
    placed.sort_by_key(|placed| (placed.part, placed.finding.offset()));
    placed
}

fn row(text: &mut String, style: Style, parts: &[Part], at: usize, stretch: &Stretch) {
    let Some(part) = parts.get(at) else { return };
    let name = format!("{}{}", "  ".repeat(part.depth.into()), part.name);
    let length = part.span.end.saturating_sub(part.span.start);
    let times = match stretch {
        Stretch { times, shown } if *times > 1 && shown.len() == 1 => {
            format!("  \u{d7} {}", grouped(*times as u64))
        }
        _ => String::new(),
    };
    let tone = match part.kind {
        PartKind::ImageData | PartKind::Header => None,
        PartKind::Trailing => Some(Tone::Warn),
        _ => Some(Tone::Dim),
    };
    let kind = kind(part.kind);
    let kind = tone.map_or_else(|| kind.to_owned(), |tone| style.paint(tone, kind));
    put(
        text,
        format_args!(
            "  {:>13}  {:>13}  {name:<22} {kind}{}\n",
            grouped(part.span.start),
            grouped(length),
            style.paint(Tone::Dim, times)
        ),
    );
}

/// What a fold stands for, under what it shows.
fn folded(text: &mut String, style: Style, parts: &[Part], stretch: &Stretch) {
    let covered = parts.get(stretch.covered()).unwrap_or_default();
    let (Some(first), Some(last)) = (covered.first(), covered.last()) else {
        return;
    };
    let outer = covered.iter().filter(|part| part.depth == first.depth);
    let end = outer.map(|part| part.span.end).max().unwrap_or(last.span.end);
    let what = match stretch.shown.len() {
        1 => format!(
            "in all {} bytes up to {}",
            grouped(end.saturating_sub(first.span.start)),
            grouped(end)
        ),
        many => format!(
            "these {many} parts {} times, in all {} bytes up to {}",
            grouped(stretch.times as u64),
            grouped(end.saturating_sub(first.span.start)),
            grouped(end)
        ),
    };
    put(text, format_args!("  {:>13}  {}\n", "\u{2026}", style.paint(Tone::Dim, what)));
}

const fn kind(kind: PartKind) -> &'static str {
    match kind {
        PartKind::Header => "header",
        PartKind::ImageData => "image data",
        PartKind::Color => "color",
        PartKind::Metadata => "metadata",
        PartKind::Neutral => "neutral",
        PartKind::Trailing => "trailing",
        _ => "other",
    }
}

fn found(text: &mut String, style: Style, bytes: &[u8], part: Option<&Part>, what: &Finding) {
    let offset = what.offset().unwrap_or_default();
    put(text, format_args!("  {:>13}  \u{2514} {}\n", "", finding(style, what)));
    let within = match part {
        Some(part) if offset == part.span.start => format!("at the start of {}", part.name),
        Some(part) if offset < part.span.end => format!(
            "{} bytes into {}, which goes from {} to {}",
            grouped(offset.saturating_sub(part.span.start)),
            part.name,
            grouped(part.span.start),
            grouped(part.span.end)
        ),
        Some(part) => format!("after {}, which ends at {}", part.name, grouped(part.span.end)),
        None => "before the first part".to_owned(),
    };
    put(text, format_args!("  {:>13}    {}\n", "", style.paint(Tone::Dim, within)));
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let there = bytes.get(start..).unwrap_or_default();
    let there = there.get(..GLIMPSE).unwrap_or(there);
    let glimpse = if there.is_empty() { "the file ends here".to_owned() } else { glimpse(there) };
    put(text, format_args!("  {:>13}    {}\n", "", style.paint(Tone::Dim, glimpse)));
}

fn glimpse(bytes: &[u8]) -> String {
    let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let plain: String = bytes
        .iter()
        .map(|byte| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' })
        .collect();
    format!("{}  |{plain}|", hex.join(" "))
}

fn verdict(text: &mut String, style: Style, policy: &Policy, inspection: &Inspection) {
    let name = clean(&policy.name);
    match inspection.rejecting() {
        None => {
            let word = style.paint(Tone::Good, "accepted");
            put(text, format_args!("\n{word} under the policy \"{name}\"\n"));
        }
        Some(reason) => {
            let word = style.paint(Tone::Bad, "rejected");
            let message = reason.to_string();
            put(
                text,
                format_args!(
                    "\n{word} under the policy \"{name}\" as {}: {}\n",
                    reason.code(),
                    clean(&message)
                ),
            );
        }
    }
    let mark = |passed: bool| {
        if passed { style.paint(Tone::Good, "ok") } else { style.paint(Tone::Bad, "NO") }
    };
    for limit in limits(policy, inspection) {
        let written = |number: u64| match limit.name {
            "bytes" | "metadata_bytes" | "memory" => {
                format!("{} ({})", grouped(number), size(number))
            }
            _ => grouped(number),
        };
        let actual = limit.actual.map_or_else(|| "not counted".to_owned(), written);
        let bound = match (limit.min, limit.max) {
            (Some(min), _) => format!("at least {}", written(min)),
            (_, Some(max)) => format!("at most {}", written(max)),
            (None, None) => String::new(),
        };
        put(
            text,
            format_args!("  {}  {:<16} {actual:>24}  {bound}\n", mark(limit.passed), limit.name),
        );
    }
    for rule in rules(policy, inspection) {
        let actual = clean(&rule.actual);
        put(
            text,
            format_args!(
                "  {}  {:<16} {:>24}  {actual}\n",
                mark(rule.passed),
                rule.name,
                rule.rule
            ),
        );
    }
}
