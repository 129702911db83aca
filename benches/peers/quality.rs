//! How near a thumbnail comes to a full decode and the same kernel.

use std::fs;
use std::path::Path;

use crate::Outcome;
use crate::numbers::Spread;
use crate::peer::{Peer, Worker};
use crate::setup::Places;

const SIDES: [u32; 3] = [320, 640, 1200];

fn words(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Prints the table.
pub(crate) fn run() -> Outcome<()> {
    let places = Places::set_up()?;
    let mut own = Worker::start(Peer::Gatefold, &places, 1)?;
    let mut vips = Worker::start(Peer::Vips, &places, 1)?;
    let mut pillow = Worker::start(Peer::Pillow, &places, 1)?;
    let mut photographs: Vec<_> = fs::read_dir(places.files("quality")?)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    photographs.sort();
    let out = places.results("quality.out");
    fs::create_dir_all(&out)?;
    println!(
        "{} and {}: PNG thumbnails of 4:2:0 JPEGs, against the full decode and the Lanczos of {}. \
         Median (least–most) of {} photographs.\n",
        own.version,
        vips.version,
        pillow.version,
        photographs.len()
    );
    println!("| longer side | PSNR in dB, gatefold | libvips | SSIMULACRA2, gatefold | libvips |");
    println!("|---|---|---|---|---|");
    for side in SIDES {
        let mut found: [Vec<f64>; 4] = <_>::default();
        for path in &photographs {
            let reference = words(&out.join("reference.png"));
            pillow.work("reference", &[side.to_string(), reference.clone(), words(path)])?;
            for (at, worker) in [&mut own, &mut vips].into_iter().enumerate() {
                let made = words(&out.join(format!("{at}.png")));
                worker.work("png", &[side.to_string(), made.clone(), words(path)])?;
                let scores = pillow.work("compare", &[reference.clone(), made])?.made;
                let [psnr, ssimulacra2] = scores[..] else { return Err("no scores".into()) };
                found[at].push(psnr);
                found[2 + at].push(ssimulacra2);
            }
        }
        let cells = found.map(|values| Spread::of(values).map_or(String::new(), |s| s.to_string()));
        println!("| {side} | {} |", cells.join(" | "));
    }
    Ok(())
}
