//! The workers' side: a greeting, then one line for each job, as in `protocol.py`.

use std::io::{BufRead, Write};
use std::time::Instant;

use crate::Outcome;

/// Seconds of CPU that this process has taken, all threads together.
#[cfg(unix)]
fn cpu() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// No worker starts where the peers cannot be set up.
#[cfg(not(unix))]
fn cpu() -> f64 {
    f64::NAN
}

/// Answers jobs until there are no more. `job` gets a name and arguments and tells how many bytes it
/// made.
pub(crate) fn serve(version: &str, job: impl Fn(&str, &[&str]) -> Outcome<usize>) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{version}")?;
    out.flush()?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split('\t').collect();
        let (name, arguments) = words.split_first().ok_or("an empty line")?;
        let (started, used) = (Instant::now(), cpu());
        let made = job(name, arguments)?;
        writeln!(out, "{} {} {made}", cpu() - used, started.elapsed().as_secs_f64())?;
        out.flush()?;
    }
    Ok(())
}
