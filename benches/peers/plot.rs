//! Plots as SVG, readable on light and on dark ground.

use std::fmt::Write;

use crate::numbers::short;
use crate::peer::Peer;

/// One row of the table: a value for each of [`Peer::ALL`].
pub(crate) struct Bars {
    pub(crate) title: String,
    pub(crate) values: [Option<f64>; Peer::ALL.len()],
}

/// A line of a log-log plot.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) color: &'static str,
    pub(crate) dashed: bool,
    pub(crate) points: Vec<(f64, f64)>,
}

/// One log-log plot: a title and its lines.
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    pub(crate) lines: Vec<Line>,
}

/// In the order of [`Peer::ALL`].
const COLORS: [&str; Peer::ALL.len()] = ["#d9480f", "#4c78a8", "#72a98f", "#b79a20", "#9a7aa0"];
const STYLE: &str = "<style>text{font:12px system-ui,sans-serif;fill:#24292f}\
    .small{font-size:10px}.grid{stroke:#8c959f;stroke-opacity:.35}\
    @media(prefers-color-scheme:dark){text{fill:#d0d7de}}</style>";

fn svg(width: f64, height: f64, body: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\">\
         {STYLE}\n{body}</svg>\n"
    )
}

fn text(body: &mut String, (x, y): (f64, f64), class: &str, anchor: &str, words: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('`', "");
    let _ = writeln!(
        body,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\" text-anchor=\"{anchor}\">{words}</text>"
    );
}

fn stroke(body: &mut String, from: (f64, f64), to: (f64, f64)) {
    let _ = writeln!(
        body,
        "<path class=\"grid\" d=\"M{:.1} {:.1}L{:.1} {:.1}\"/>",
        from.0, from.1, to.0, to.1
    );
}

/// Bars side by side, the best peer of each row as long as one unit.
pub(crate) fn bars(rows: &[Bars]) -> String {
    const LEFT: f64 = 360.0;
    const UNIT: f64 = 150.0;
    /// In units; a longer bar ends here, its number tells the rest.
    const LONGEST: f64 = 3.0;
    const BAR: f64 = 11.0;
    let mut body = String::new();
    for (at, (peer, color)) in Peer::ALL.iter().zip(COLORS).enumerate() {
        let x = LEFT + at as f64 * 90.0;
        let _ =
            writeln!(body, "<rect x=\"{x}\" y=\"8\" width=\"10\" height=\"10\" fill=\"{color}\"/>");
        text(&mut body, (x + 14.0, 17.0), "", "start", peer.name());
    }
    let mut y = 34.0;
    let top = y;
    for row in rows {
        let peers = row.values.iter().skip(1).flatten();
        let Some(best) = peers.copied().min_by(f64::total_cmp) else { continue };
        let there = row.values.iter().flatten().count() as f64;
        text(&mut body, (LEFT - 10.0, y + there * BAR / 2.0 + 4.0), "", "end", &row.title);
        for (value, color) in row.values.iter().zip(COLORS) {
            let Some(value) = value else { continue };
            let long = (value / best).min(LONGEST) * UNIT;
            let _ = writeln!(
                body,
                "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{long:.1}\" height=\"{:.1}\" \
                 fill=\"{color}\"/>",
                BAR - 1.0
            );
            let end = (LEFT + long + 4.0, y + BAR - 2.0);
            text(&mut body, end, "small", "start", &short(*value));
            y += BAR;
        }
        y += 9.0;
    }
    for unit in 0..=3 {
        let x = LEFT + f64::from(unit) * UNIT;
        stroke(&mut body, (x, top - 6.0), (x, y));
        let words = if unit == 1 { "best peer = 1".to_owned() } else { unit.to_string() };
        text(&mut body, (x, y + 12.0), "small", "middle", &words);
    }
    svg(LEFT + LONGEST * UNIT + 60.0, y + 20.0, &body)
}

/// Where the values of an axis lie between whole powers of ten.
struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Axis {
    fn new(values: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Self {
        let low = values.clone().fold(f64::INFINITY, f64::min).log10().floor();
        let high = values.fold(0.0, f64::max).log10().ceil();
        Self { low, high, from, to }
    }

    fn at(&self, value: f64) -> f64 {
        self.from + (value.log10() - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    fn powers(&self) -> impl Iterator<Item = f64> + use<> {
        (self.low as i32..=self.high as i32).map(|power| 10f64.powi(power))
    }
}

/// Plots side by side, all over megapixels, with one legend.
pub(crate) fn log_log(panels: &[Panel]) -> String {
    const WIDTH: f64 = 330.0;
    const HEIGHT: f64 = 300.0;
    let mut body = String::new();
    for (at, panel) in panels.iter().enumerate() {
        let left = 46.0 + at as f64 * (WIDTH + 60.0);
        let points = panel.lines.iter().flat_map(|line| line.points.iter().copied());
        let x = Axis::new(points.clone().map(|(x, _)| x), left, left + WIDTH);
        let y = Axis::new(points.map(|(_, y)| y), 30.0 + HEIGHT, 30.0);
        text(&mut body, (left, 16.0), "", "start", panel.title);
        for power in x.powers() {
            stroke(&mut body, (x.at(power), y.from), (x.at(power), y.to));
            let below = (x.at(power), y.from + 14.0);
            text(&mut body, below, "small", "middle", &format!("{power} MP"));
        }
        for power in y.powers() {
            stroke(&mut body, (x.from, y.at(power)), (x.to, y.at(power)));
            text(&mut body, (x.from - 5.0, y.at(power) + 3.0), "small", "end", &power.to_string());
        }
        for line in &panel.lines {
            let places =
                line.points.iter().map(|(px, py)| format!("{:.1} {:.1}", x.at(*px), y.at(*py)));
            let path = places.collect::<Vec<_>>().join("L");
            let dashes = if line.dashed { " stroke-dasharray=\"4 3\"" } else { "" };
            let _ = writeln!(
                body,
                "<path d=\"M{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"{dashes}/>",
                line.color
            );
        }
    }
    let left = panels.len() as f64 * (WIDTH + 60.0) + 4.0;
    let lines = panels.first().map_or(&[][..], |panel| &panel.lines);
    for (at, line) in lines.iter().enumerate() {
        let y = 40.0 + at as f64 * 18.0;
        let dashes = if line.dashed { " stroke-dasharray=\"4 3\"" } else { "" };
        let _ = writeln!(
            body,
            "<path d=\"M{left:.1} {y:.1}h22\" stroke=\"{}\" stroke-width=\"1.5\"{dashes}/>",
            line.color
        );
        text(&mut body, (left + 28.0, y + 4.0), "", "start", &line.name);
    }
    svg(left + 170.0, HEIGHT + 60.0, &body)
}
