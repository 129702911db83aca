//! CPU time, time and memory, interleaved: every round has each row done by each peer in turn.

use std::fs;
use std::path::Path;

use crate::peer::{Peer, Worker};
use crate::rows::{ROWS, Row, Work};
use crate::setup::Places;
use crate::table::{self, Columns, Results, measured};
use crate::{Outcome, plot};

/// Rounds that count, after one that warms up.
const ROUNDS: usize = 11;
/// Of what takes longer.
const FEWER_ROUNDS: usize = 3;

/// Files of a kind.
fn files(folder: &Path, kind: &str) -> Outcome<Vec<String>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(&format!("{kind}-")) {
            paths.push(path.to_string_lossy().into_owned());
        }
    }
    paths.sort();
    Ok(paths)
}

/// All rows on files, interleaved.
fn on_files(places: &Places, rows: &[&Row], results: &mut Results) -> Outcome<()> {
    let mut workers = Vec::new();
    for peer in Peer::ALL {
        let worker = Worker::start(peer, places, 1)?;
        eprintln!("{}", worker.version);
        workers.push(worker);
    }
    let folder = places.files("rows")?;
    let mut taken: Vec<(Columns, Columns)> = rows.iter().map(|_| <_>::default()).collect();
    for round in 0..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        for (row, (cpus, walls)) in rows.iter().zip(&mut taken) {
            let Work::Files(kind, jobs) = row.work else { continue };
            let paths = files(&folder, kind)?;
            let pictures = paths.len() as f64;
            for (peer, job) in jobs {
                let took = workers[*peer as usize].work(job, &paths)?;
                if round == 0 {
                    cpus.push((*peer, Vec::new()));
                    walls.push((*peer, Vec::new()));
                    continue;
                }
                for (columns, value) in [(&mut *cpus, took.cpu), (&mut *walls, took.wall)] {
                    let column = columns.iter_mut().find(|(of, _)| of == peer);
                    column.ok_or("no column")?.1.push(value * 1e3 / pictures);
                }
            }
        }
    }
    for (row, (cpus, walls)) in rows.iter().zip(&taken) {
        if matches!(row.work, Work::Files(..)) {
            let row_measured = measured(row.title.to_owned(), "CPU ms", cpus, Some(walls));
            results.insert(row.key.to_owned(), row_measured);
        }
    }
    Ok(())
}

/// Each run in a fresh process, so that its peak of memory is that of the batch.
fn in_batches(
    places: &Places,
    row: &Row,
    jobs: &[(Peer, &str)],
    results: &mut Results,
) -> Outcome<()> {
    let folder = [places.files("batch")?.to_string_lossy().into_owned()];
    let mut columns: [Columns; 3] =
        std::array::from_fn(|_| jobs.iter().map(|(peer, _)| (*peer, Vec::new())).collect());
    for round in 1..=FEWER_ROUNDS {
        eprintln!("{}: round {round} of {FEWER_ROUNDS}", row.key);
        for (at, (peer, job)) in jobs.iter().enumerate() {
            let mut worker = Worker::start(*peer, places, 2)?;
            let took = worker.work(job, &folder)?;
            let values = [took.wall, took.cpu, worker.memory("VmHWM")?];
            for (columns, value) in columns.iter_mut().zip(values) {
                columns[at].1.push(value);
            }
        }
    }
    let kinds = [("wall", "s"), ("cpu", "CPU s"), ("memory", "peak MiB")];
    for (columns, (name, unit)) in columns.iter().zip(kinds) {
        let row_measured = measured(row.title.to_owned(), unit, columns, None);
        results.insert(format!("{}:{name}", row.key), row_measured);
    }
    Ok(())
}

fn walks(places: &Places, row: &Row, kind: &str, results: &mut Results) -> Outcome<()> {
    let mut worker = Worker::start(Peer::Gatefold, places, 1)?;
    let path = files(&places.files("rows")?, kind)?.pop().ok_or("no file")?;
    let mib = fs::metadata(&path)?.len() as f64 / 1024.0 / 1024.0;
    // The job reads the file, too: the difference between many and few walks is that of walks.
    let (few, many) = (10, 1_010);
    let mut values = Vec::new();
    for _ in 0..FEWER_ROUNDS {
        let mut timed = |times: i32| worker.work("inspect", &[times.to_string(), path.clone()]);
        let (less, more) = (timed(few)?, timed(many)?);
        values.push((more.cpu - less.cpu).max(0.0) * 1e3 / f64::from(many - few) / mib);
    }
    let columns = vec![(Peer::Gatefold, values)];
    let row_measured = measured(row.title.to_owned(), "ms per MiB", &columns, None);
    results.insert(row.key.to_owned(), row_measured);
    Ok(())
}

/// Measures the rows whose keys contain `filter`; others stay as they were measured before.
pub(crate) fn run(filter: &str) -> Outcome<()> {
    let places = Places::set_up()?;
    let stored = places.results("speed.json");
    let mut results: Results = match fs::read(&stored) {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(_) => Results::new(),
    };
    let rows: Vec<&Row> = ROWS.iter().filter(|row| row.key.contains(filter)).collect();
    // Kept after every step: it takes long, and what was measured stays measured.
    let keep = |results: &Results| -> Outcome<()> {
        Ok(fs::write(&stored, serde_json::to_vec_pretty(results)?)?)
    };
    if rows.iter().any(|row| matches!(row.work, Work::Files(..))) {
        on_files(&places, &rows, &mut results)?;
        keep(&results)?;
    }
    for row in rows {
        match row.work {
            Work::Files(..) => {}
            Work::Batch(jobs) => in_batches(&places, row, jobs, &mut results)?,
            Work::Inspect(kind) => walks(&places, row, kind, &mut results)?,
        }
        keep(&results)?;
    }
    table::print(&results);
    fs::write(Places::plots().join("speed.svg"), plot::bars(&table::bars(&results)))?;
    Ok(())
}
