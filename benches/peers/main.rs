//! gatefold beside libvips, sharp, Pillow and the `image` crate, on the same photographs. Everything
//! runs in long-lived processes that are given jobs in turn, so starting costs nobody anything.
//!
//! ```sh
//! cargo bench --bench peers                    # CPU time, time and memory: a table and a plot
//! cargo bench --bench peers -- speed webp      # only the rows whose names contain this
//! cargo bench --bench peers -- quality         # thumbnails against a full decode
//! cargo bench --bench peers -- cost            # how the cost grows with the size of the picture
//! ```
//!
//! Needs Linux with Debian's `apt-get` and `dpkg-deb`, Python 3 with venv, and npm; what it fetches
//! lies under `target/peers`.
#![allow(missing_docs)]

mod clock;
mod cost;
mod gate;
mod numbers;
mod peer;
mod plain;
mod plot;
mod quality;
mod rows;
mod setup;
mod speed;
mod table;

use std::error::Error;
use std::process::ExitCode;

/// What goes wrong is told and ends the run.
type Outcome<T> = Result<T, Box<dyn Error>>;

fn run(words: &[&str]) -> Outcome<()> {
    match words {
        ["worker", "gatefold"] => gate::serve(),
        ["worker", "image"] => plain::serve(),
        [] | ["speed"] => speed::run(""),
        ["speed", filter] => speed::run(filter),
        ["quality"] => quality::run(),
        ["cost"] => cost::run(),
        _ => Err("give one of: speed [ROW], quality, cost".into()),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // `cargo bench` says `--bench`; as a test there is nothing to do.
    let words: Vec<&str> = words.into_iter().filter(|word| !word.starts_with("--")).collect();
    if words.is_empty() && !arguments.iter().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
