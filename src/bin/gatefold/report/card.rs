//! One file on the page.

use gatefold::{
    Error, Finding, ImageColor, Inspection, PlayerColor, Rendition, Report, Rgb, Severity,
};

use super::markup::{data_uri, escape, fill};
use super::{Related, Relation};
use crate::text::{facts, put};
use crate::units;

const ACCEPTED: &str = include_str!("accepted.html");
const REJECTED: &str = include_str!("rejected.html");
const PLAYER: &str = include_str!("player.html");

/// The grounds of light and dark pages, for which a player colour has variants.
const LIGHT_PAGE: Rgb = Rgb::new(0xf4, 0xf4, 0xf5);
const DARK_PAGE: Rgb = Rgb::BLACK;

/// Renditions up to this size are shown, larger ones are only named.
const SHOWN_SIDE: u32 = 640;
const SHOWN_BYTES: usize = 96 * 1024;

/// The pictures of a card.
pub(super) struct Pictures<'a> {
    /// The whole picture, small.
    pub(super) whole: Option<&'a Rendition>,
    /// A square of it.
    pub(super) square: Option<&'a Rendition>,
    /// What the user asked for.
    pub(super) asked: &'a [Rendition],
}

/// What a card needs beside the result.
pub(super) struct Place<'a> {
    pub(super) number: usize,
    pub(super) path: &'a str,
    pub(super) related: &'a [Related],
}

impl Place<'_> {
    fn name(&self) -> &str {
        let cut = self.path.trim_end_matches('/').rfind(['/', '\\']).map_or(0, |at| at + 1);
        self.path.get(cut..).unwrap_or(self.path)
    }

    fn folder(&self) -> String {
        match self.path.strip_suffix(self.name()) {
            Some(folder) if !folder.is_empty() => {
                format!("<p class=\"folder\">{}</p>\n", escape(folder))
            }
            _ => String::new(),
        }
    }

    fn relations(&self) -> String {
        let mut items = String::new();
        for related in self.related {
            let what = match related.relation {
                Relation::Same => "the same picture as".to_owned(),
                Relation::Near(bits) => format!("looks like (distance {bits} of 64)"),
            };
            let path = escape(&related.path);
            let linked = match related.number {
                Some(number) => format!("<a href=\"#f{number}\">{path}</a>"),
                None => path,
            };
            put(&mut items, format_args!("<p>{what} {linked}</p>\n"));
        }
        block("div", "relations", &items)
    }
}

pub(super) fn accepted(place: &Place<'_>, report: &Report, pictures: &Pictures<'_>) -> String {
    let mut classes = "accepted".to_owned();
    if !report.findings().is_empty() {
        classes.push_str(" warned");
    }
    if report.duplicate_of().is_some() {
        classes.push_str(" duplicate");
    }
    let name = escape(place.name());
    let players = match report.player_color() {
        Some(player) => players(place, report, player, pictures.square),
        None => "<p class=\"none\">Nothing of the picture is visible, so it has no colours.</p>\n"
            .to_owned(),
    };
    fill(
        ACCEPTED,
        &[
            ("classes", &classes),
            ("number", &place.number.to_string()),
            ("name", &name),
            ("folder", &place.folder()),
            ("facts", &all_facts(report.inspection())),
            (
                "picture",
                &pictures.whole.map_or_else(String::new, |whole| image(whole, place.name())),
            ),
            ("relations", &place.relations()),
            ("findings", &findings(report.findings())),
            ("palette", &palette(report.image_colors())),
            ("renditions", &renditions(pictures.asked)),
            ("digests", &digests(report)),
            ("players", &players),
        ],
    )
}

pub(super) fn rejected(place: &Place<'_>, error: &Error) -> String {
    let inspection = error.inspection();
    let decided = inspection.and_then(Inspection::rejecting);
    let others: Vec<Finding> = inspection
        .map_or(&[][..], Inspection::findings)
        .iter()
        .filter(|finding| Some(*finding) != decided)
        .cloned()
        .collect();
    let mut classes = "rejected".to_owned();
    if error.is_duplicate() {
        classes.push_str(" duplicate");
    }
    let at = decided
        .and_then(Finding::offset)
        .map(|offset| format!(" <small>at byte {}</small>", units::grouped(offset)))
        .unwrap_or_default();
    fill(
        REJECTED,
        &[
            ("classes", &classes),
            ("number", &place.number.to_string()),
            ("name", &escape(place.name())),
            ("folder", &place.folder()),
            ("verdict", if error.is_rejected() { "rejected" } else { "not judged" }),
            ("facts", &inspection.map_or_else(String::new, all_facts)),
            ("code", error.code()),
            ("message", &(escape(&error.to_string()) + &at)),
            ("relations", &place.relations()),
            ("findings", &findings(&others)),
        ],
    )
}

/// An element around content, or nothing around nothing.
fn block(tag: &str, class: &str, content: &str) -> String {
    if content.is_empty() {
        return String::new();
    }
    format!("<{tag} class=\"{class}\">\n{content}</{tag}>\n")
}

fn all_facts(inspection: &Inspection) -> String {
    let mut all = Vec::new();
    all.extend(
        inspection.format().map(|format| format.name().to_uppercase().replace("WEBP", "WebP")),
    );
    all.extend(inspection.size().map(|size| format!("{} \u{d7} {}", size.width, size.height)));
    all.push(units::size(inspection.bytes()));
    let special = facts(inspection);
    if !special.is_empty() {
        all.push(special);
    }
    escape(&all.join(" \u{b7} "))
}

fn findings(findings: &[Finding]) -> String {
    let mut items = String::new();
    for finding in findings {
        let class = match finding.severity() {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        let message = escape(&finding.to_string());
        let at = finding
            .offset()
            .map(|offset| format!(" <small>at byte {}</small>", units::grouped(offset)))
            .unwrap_or_default();
        let code = finding.code();
        put(
            &mut items,
            format_args!("<li class=\"{class}\"><code>{code}</code> {message}{at}</li>\n"),
        );
    }
    block("ul", "findings", &items)
}

fn palette(colors: &[ImageColor]) -> String {
    if colors.is_empty() {
        return String::new();
    }
    let mut strip = String::new();
    let mut list = String::new();
    for color in colors {
        let (rgb, percent) = (color.rgb(), color.share() * 100.0);
        put(&mut strip, format_args!("<span style=\"flex:{percent:.2};background:{rgb}\"></span>"));
        put(
            &mut list,
            format_args!(
                "<li><i style=\"background:{rgb}\"></i><code>{rgb}</code> {percent:.0}\u{202f}%</li>\n"
            ),
        );
    }
    format!(
        "<div class=\"palette\">\n<div class=\"strip\" aria-hidden=\"true\">{strip}</div>\n<ul class=\"swatches\" aria-label=\"Image colours\">\n{list}</ul>\n</div>\n"
    )
}

fn image(rendition: &Rendition, alt: &str) -> String {
    let size = rendition.size();
    format!(
        "<img src=\"{}\" width=\"{}\" height=\"{}\" alt=\"{}\" decoding=\"async\">",
        data_uri(rendition.media_type(), rendition.bytes()),
        size.width,
        size.height,
        escape(alt)
    )
}

fn renditions(renditions: &[Rendition]) -> String {
    let mut items = String::new();
    for rendition in renditions {
        let size = rendition.size();
        let caption = format!(
            "{} \u{d7} {} {}, {}",
            size.width,
            size.height,
            rendition.format(),
            units::size(rendition.bytes().len() as u64)
        );
        let small = size.long_side() <= SHOWN_SIDE && rendition.bytes().len() <= SHOWN_BYTES;
        let shown = if small { image(rendition, &caption) } else { String::new() };
        put(
            &mut items,
            format_args!("<figure>{shown}<figcaption>{caption}</figcaption></figure>\n"),
        );
    }
    block("div", "renditions", &items)
}

fn digests(report: &Report) -> String {
    let digests = report.digests();
    let mut items = String::new();
    let mut add = |name: &str, digest: Option<String>| {
        if let Some(digest) = digest {
            let short: String = digest.chars().take(12).collect();
            put(
                &mut items,
                format_args!(
                    "<div><dt>{name}</dt><dd><code title=\"{digest}\">{short}</code></dd></div>\n"
                ),
            );
        }
    };
    add("bytes", Some(digests.bytes.to_string()));
    add("image", Some(digests.image.to_string()));
    add("pixels", digests.pixels.map(|digest| digest.to_string()));
    add("looks", digests.perceptual.map(|hash| hash.to_string()));
    items
}

fn players(
    place: &Place<'_>,
    report: &Report,
    player: &PlayerColor,
    square: Option<&Rendition>,
) -> String {
    let name = place.name();
    let title = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let size = report.size();
    let subtitle = format!("{} \u{d7} {} {}", size.width, size.height, report.format());
    let cover = square.map_or_else(String::new, |square| image(square, "") + "\n");
    let one = |kind: &str, ground: Rgb, ink: Rgb, soft: Rgb, accent: Rgb, label: String| {
        fill(
            PLAYER,
            &[
                ("kind", kind),
                ("ground", &ground.to_hex()),
                ("ink", &ink.to_hex()),
                ("soft", &soft.to_hex()),
                ("accent", &accent.to_hex()),
                ("on_accent", &ground.to_hex()),
                ("label", &label),
                ("cover", if kind == "large" { &cover } else { "" }),
                ("title", &escape(title)),
                ("subtitle", &escape(&subtitle)),
            ],
        )
    };
    let (rgb, text) = (player.rgb(), player.text());
    let label =
        format!("Player in {rgb} with text in {text}, contrast {:.1} to 1", player.contrast());
    let mut all = one("large", rgb, text, player.secondary(), text, label);
    let (light, dark) = (player.light(), player.dark());
    let ink = Rgb::new(0x18, 0x18, 0x1b);
    let label = format!("Controls in {light} on a light page");
    all.push_str(&one("small", LIGHT_PAGE, ink, ink, light, label));
    let ink = Rgb::new(0xf4, 0xf4, 0xf5);
    let label = format!("Controls in {dark} on a dark page");
    all.push_str(&one("small", DARK_PAGE, ink, ink, dark, label));
    put(
        &mut all,
        format_args!(
            "<ul class=\"swatches\" aria-label=\"Player colours\">\n<li><i style=\"background:{rgb}\"></i><code>{rgb}</code> {:.1}:1</li>\n<li><i style=\"background:{light}\"></i><code>{light}</code> light</li>\n<li><i style=\"background:{dark}\"></i><code>{dark}</code> dark</li>\n</ul>\n",
            player.contrast()
        ),
    );
    all
}
