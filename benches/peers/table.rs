//! What came out: a table in Markdown, and the bars of the plot.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::numbers::Spread;
use crate::peer::Peer;
use crate::plot::Bars;
use crate::rows::{WORK, place};

/// By key of the row; batches have several.
pub(crate) type Results = BTreeMap<String, Measured>;

/// Measurements of one quantity in order of the rounds, for each who was measured.
pub(crate) type Columns = Vec<(Peer, Vec<f64>)>;

#[derive(Serialize, Deserialize)]
pub(crate) struct Measured {
    title: String,
    unit: String,
    /// By peer.
    columns: BTreeMap<String, Spread>,
    /// gatefold ÷ the best peer.
    ratio: Option<Spread>,
    /// The same on the clock.
    wall_ratio: Option<Spread>,
}

/// The peer with the smallest median.
fn best(columns: &Columns) -> Option<&Vec<f64>> {
    let peers = columns.iter().filter(|(peer, _)| *peer != Peer::Gatefold);
    let medians = peers.filter_map(|(_, v)| Some((v, Spread::of(v.iter().copied())?.median)));
    medians.min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(values, _)| values)
}

/// Median ÷ median, and the least and most of single rounds.
fn ratio(columns: &Columns) -> Option<Spread> {
    let own = &columns.iter().find(|(peer, _)| *peer == Peer::Gatefold)?.1;
    let best = best(columns)?;
    let rounds = Spread::of(own.iter().zip(best).map(|(own, best)| own / best))?;
    let middle = |values: &[f64]| Spread::of(values.iter().copied()).map(|s| s.median);
    Some(Spread { median: middle(own)? / middle(best)?, ..rounds })
}

pub(crate) fn measured(
    title: String,
    unit: &str,
    columns: &Columns,
    walls: Option<&Columns>,
) -> Measured {
    let spread = |(peer, values): &(Peer, Vec<f64>)| {
        Some((peer.name().to_owned(), Spread::of(values.iter().copied())?))
    };
    Measured {
        title,
        unit: unit.to_owned(),
        columns: columns.iter().filter_map(spread).collect(),
        ratio: ratio(columns),
        wall_ratio: walls.and_then(ratio),
    }
}

fn in_order(results: &Results) -> Vec<(&String, &Measured)> {
    let mut rows: Vec<_> = results.iter().collect();
    rows.sort_by_key(|(key, _)| (place(key), *key));
    rows
}

pub(crate) fn print(results: &Results) {
    println!("{WORK}\n");
    let names = Peer::ALL.map(Peer::name);
    println!("| | {} | gatefold ÷ best peer | on the clock |", names.join(" | "));
    println!("|---|{}---|---|", "---|".repeat(names.len()));
    let told = |ratio: Option<Spread>| ratio.map_or("–".to_owned(), |ratio| ratio.to_string());
    let (walks, rows): (Vec<_>, Vec<_>) =
        in_order(results).into_iter().partition(|(key, _)| key.starts_with("inspect"));
    for (_, row) in rows {
        let cells = names.map(|name| told(row.columns.get(name).copied()));
        let (ratio, wall) = (told(row.ratio), told(row.wall_ratio));
        println!("| {}, {} | {} | **{ratio}** | {wall} |", row.title, row.unit, cells.join(" | "));
    }
    println!("\n| `inspect` | ms per MiB of the file |\n|---|---|");
    for (_, row) in walks {
        println!("| {} | {} |", row.title, told(row.columns.values().next().copied()));
    }
}

/// The rows of the plot; of batches CPU time, which others on the machine disturb less.
pub(crate) fn bars(results: &Results) -> Vec<Bars> {
    let drawn = |key: &str| !key.starts_with("inspect") && !key.ends_with(":wall");
    let rows = in_order(results).into_iter().filter(|(key, _)| drawn(key));
    rows.map(|(_, row)| Bars {
        title: format!("{}, {}", row.title, row.unit),
        values: Peer::ALL.map(|peer| row.columns.get(peer.name()).map(|spread| spread.median)),
    })
    .collect()
}
