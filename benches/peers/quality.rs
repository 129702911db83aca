//! How near a thumbnail comes to a full decode and the same kernel.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::numbers::Spread;
use crate::peer::{Peer, Worker};
use crate::setup::Places;

const SIDES: [u32; 3] = [320, 640, 1200];

fn words(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Who is compared; [`Peer::Pillow`] also makes what they are compared with.
const PEERS: [Peer; 4] = [Peer::Gatefold, Peer::Vips, Peer::Sharp, Peer::Pillow];

/// Prints the table.
pub(crate) fn run() -> Outcome<()> {
    let places = Places::set_up()?;
    let mut workers = Vec::new();
    for peer in PEERS {
        workers.push(Worker::start(peer, &places, 1)?);
    }
    let mut reader = Worker::start(Peer::Pillow, &places, 1)?;
    let mut judge = Worker::of(Command::new(places.judge()?))?;
    let mut photographs: Vec<_> = fs::read_dir(places.files("quality")?)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    photographs.sort();
    let out = places.results("quality.out");
    fs::create_dir_all(&out)?;
    println!(
        "PNG thumbnails of 4:2:0 JPEGs, against the full decode and the Lanczos of {}. \
         Median (least–most) of {} photographs.\n",
        reader.version,
        photographs.len()
    );
    let names = PEERS.map(Peer::name).join(" | ");
    println!("| longer side | PSNR in dB, {names} | SSIMULACRA2, {names} |");
    println!("|---|{}", "---|".repeat(2 * PEERS.len()));
    for side in SIDES {
        let mut found: [Vec<f64>; 2 * PEERS.len()] = <_>::default();
        for path in &photographs {
            let reference = words(&out.join("reference.png"));
            reader.work("reference", &[side.to_string(), reference.clone(), words(path)])?;
            for (at, worker) in workers.iter_mut().enumerate() {
                let made = words(&out.join(format!("{at}.png")));
                worker.work("png", &[side.to_string(), made.clone(), words(path)])?;
                let scores = judge.work("compare", &[reference.clone(), made])?.made;
                let [psnr, ssimulacra2] = scores[..] else { return Err("no scores".into()) };
                eprintln!(
                    "{side} {} {}: {psnr:.1} dB, {ssimulacra2:.1}",
                    path.file_stem().unwrap_or_default().display(),
                    worker.version
                );
                // One that came out a row shorter than asked is not judged.
                if !psnr.is_nan() {
                    found[at].push(psnr);
                    found[PEERS.len() + at].push(ssimulacra2);
                }
            }
        }
        let cells = found.map(|values| Spread::of(values).map_or(String::new(), |s| s.to_string()));
        println!("| {side} | {} |", cells.join(" | "));
    }
    Ok(())
}
