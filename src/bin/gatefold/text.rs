//! Rows for people: aligned, short, with swatches where colours can be shown.

use std::borrow::Cow;
use std::fmt::{self, Display, Write as _};

use gatefold::{Error, Finding, ImageColor, Inspection, PlayerColor, Rgb, Severity};

use crate::units;

/// Under a file's row everything begins here.
pub(crate) const INDENT: &str = "          ";

/// Swatches of a palette fill so many cells.
const BAR: usize = 32;

/// Whether and how text is painted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    color: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Tone {
    Good,
    Bad,
    Warn,
    Dim,
    Strong,
}

impl Style {
    pub(crate) const fn new(color: bool) -> Self {
        Self { color }
    }

    pub(crate) fn paint(self, tone: Tone, text: impl Display) -> String {
        if !self.color {
            return text.to_string();
        }
        let code = match tone {
            Tone::Good => "32",
            Tone::Bad => "1;31",
            Tone::Warn => "33",
            Tone::Dim => "2",
            Tone::Strong => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    /// Text on a ground, in true colour.
    fn on(self, ground: Rgb, ink: Rgb, text: &str) -> String {
        if !self.color {
            return String::new();
        }
        let (g, i) = (ground, ink);
        format!(
            "\x1b[48;2;{};{};{}m\x1b[38;2;{};{};{}m{text}\x1b[0m",
            g.red, g.green, g.blue, i.red, i.green, i.blue
        )
    }

    /// A bar in which each colour is as long as its share.
    fn bar(self, colors: &[ImageColor]) -> String {
        let mut bar = String::new();
        let (mut share, mut filled) = (0.0, 0);
        for (at, color) in colors.iter().enumerate() {
            share += color.share();
            let last = at + 1 == colors.len();
            let until = if last { BAR } else { (share * BAR as f64).round() as usize };
            let cells = until.clamp(filled, BAR) - filled;
            filled += cells;
            bar.push_str(&self.on(color.rgb(), color.rgb(), &" ".repeat(cells)));
        }
        bar
    }
}

/// A text without anything that a terminal would obey, or that would show it in another order: names
/// and messages come from strangers.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    let hostile = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(hostile) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        if hostile(c) {
            cleaned.extend(c.escape_default());
        } else {
            cleaned.push(c);
        }
    }
    Cow::Owned(cleaned)
}

/// The row of a file, its findings under it.
pub(crate) fn judged(style: Style, path: &str, result: Result<&Inspection, &Error>) -> String {
    let (inspection, error) = match result {
        Ok(inspection) => (Some(inspection), None),
        Err(error) => (error.inspection(), Some(error)),
    };
    let verdict = match error {
        None => style.paint(Tone::Good, "accepted"),
        Some(Error::Rejected(_)) => style.paint(Tone::Bad, "rejected"),
        Some(_) => style.paint(Tone::Bad, "failed  "),
    };
    let format = inspection.and_then(Inspection::format).map_or("-", gatefold::Format::name);
    let size = inspection
        .and_then(Inspection::size)
        .map_or_else(|| "-".to_owned(), |size| size.to_string());
    let bytes = inspection.map_or_else(|| "-".to_owned(), |known| units::size(known.bytes()));
    let mut row = format!(
        "{verdict}  {format:<4}  {size:>11}  {bytes:>8}  {}",
        style.paint(Tone::Strong, clean(path))
    );
    if let Some(facts) = inspection.map(facts).filter(|facts| !facts.is_empty()) {
        row.push_str("  ");
        row.push_str(&style.paint(Tone::Dim, facts));
    }
    row.push('\n');
    match (inspection, error) {
        (Some(inspection), _) => {
            for finding in inspection.findings() {
                line(&mut row, &self::finding(style, finding));
            }
        }
        (None, Some(error)) => {
            let severity = style.paint(Tone::Bad, "error  ");
            line(&mut row, &format!("{severity}  {}: {}", error.code(), clean(&error.to_string())));
        }
        (None, None) => {}
    }
    row
}

/// What is worth knowing beside size and format.
pub(crate) fn facts(inspection: &Inspection) -> String {
    let mut facts = Vec::new();
    if inspection.orientation().exif() != 1 {
        facts.push(format!("orientation {}", inspection.orientation().exif()));
    }
    if inspection.frames() > 1 {
        facts.push(format!("{} frames", inspection.frames()));
    }
    if inspection.has_alpha() {
        facts.push("alpha".to_owned());
    }
    facts.join(", ")
}

/// One finding: severity, code, place, message.
pub(crate) fn finding(style: Style, finding: &Finding) -> String {
    let severity = match finding.severity() {
        Severity::Warning => style.paint(Tone::Warn, "warning"),
        Severity::Error => style.paint(Tone::Bad, "error  "),
    };
    let place = finding
        .offset()
        .map(|offset| format!(" at {}", units::grouped(offset)))
        .unwrap_or_default();
    let message = finding.to_string();
    format!("{severity}  {}{place}: {}", finding.code(), clean(&message))
}

/// Appends formatted text, as `write!` does; to a string that cannot fail.
pub(crate) fn put(text: &mut String, what: fmt::Arguments<'_>) {
    let _ = text.write_fmt(what);
}

pub(crate) fn line(row: &mut String, text: &str) {
    row.push_str(INDENT);
    row.push_str(text);
    row.push('\n');
}

/// The colours of a picture and its player colour, in two lines.
pub(crate) fn colors(style: Style, colors: &[ImageColor], player: Option<&PlayerColor>) -> String {
    let mut text = String::new();
    let Some(player) = player else {
        line(&mut text, "no colours: nothing of the picture is visible");
        return text;
    };
    let mut first = String::from("colors   ");
    for color in colors {
        let (rgb, percent) = (color.rgb(), color.share() * 100.0);
        put(&mut first, format_args!("{rgb} {percent:>2.0}%  "));
    }
    first.push_str(&style.bar(colors));
    line(&mut text, first.trim_end());
    let mut second = format!(
        "player   {}  text {} ({:.1}:1)  on light {}  on dark {}  ",
        player.rgb(),
        player.text(),
        player.contrast(),
        player.light(),
        player.dark()
    );
    second.push_str(&style.on(player.rgb(), player.text(), "  \u{25b6} Title  "));
    second.push_str(&style.on(Rgb::new(0xf4, 0xf4, 0xf5), player.light(), "  \u{25b6} light  "));
    second.push_str(&style.on(Rgb::BLACK, player.dark(), "  \u{25b6} dark  "));
    line(&mut text, second.trim_end());
    text
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn nothing_that_a_terminal_obeys_passes() {
        assert_eq!(clean("a\x1b[2Jb\r\n"), "a\\u{1b}[2Jb\\r\\n");
        assert_eq!(clean("gpj.\u{202e}exe"), "gpj.\\u{202e}exe");
        assert_eq!(clean("größe 图.png"), "größe 图.png");
    }
}
