//! The command line of gatefold: a thin layer over the library's public API.

mod args;
#[cfg(feature = "http")]
mod assets;
mod batch;
mod check;
mod colors;
mod completions;
mod config;
mod console;
mod decode;
mod draft;
mod duplicates;
mod explain;
mod identity;
mod inputs;
#[cfg(feature = "http")]
mod keys;
mod man;
mod outcome;
mod policy_file;
mod process;
#[cfg(feature = "http")]
mod quotas;
mod renditions;
mod report;
mod resize;
mod rows;
#[cfg(feature = "http")]
mod serve;
#[cfg(feature = "http")]
mod storage;
mod store;
mod target;
mod text;
mod units;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser;

use crate::config::{Config, Task};
use crate::outcome::{Exit, Failure};

fn main() -> ExitCode {
    let args = args::Cli::parse();
    quieten_panics(args.quiet);
    let exit = match Config::of(args) {
        Ok(config) => catch_unwind(AssertUnwindSafe(|| run(config)))
            .unwrap_or_else(|_| Err(Failure::internal())),
        Err(failure) => Err(failure),
    };
    match exit {
        Ok(exit) => exit.into(),
        Err(failure) => failure.tell().into(),
    }
}

fn run(config: Config) -> Result<Exit, Failure> {
    let Config { setting, task } = config;
    match task {
        Task::Check(task) => check::run(&setting, task),
        Task::Process(task) => process::run(&setting, *task),
        Task::Colors(task) => colors::run(&setting, task),
        Task::Resize(task) => resize::run(&setting, *task),
        Task::Explain(task) => explain::run(&setting, &task),
        Task::Duplicates(task) => duplicates::run(&setting, task),
        Task::Decode(task) => decode::run(&setting, &task),
        #[cfg(feature = "http")]
        Task::Serve(task) => serve::run(&setting, *task),
        #[cfg(feature = "http")]
        Task::Keys(command) => keys::run(command),
        #[cfg(feature = "http")]
        Task::Storage(task) => storage::run(&setting, task),
        #[cfg(feature = "http")]
        Task::Assets(command) => assets::run(command),
        #[cfg(feature = "http")]
        Task::Quotas(command) => quotas::run(command),
        Task::Completions(shell) => completions::run(shell),
        Task::Man(command) => man::run(command.as_deref()),
    }
}

/// A panic of a decoder is caught by the library and becomes a row with the code `internal`; what
/// is left to say on standard error is the place, in one line.
fn quieten_panics(quiet: bool) {
    std::panic::set_hook(Box::new(move |info| {
        if quiet {
            return;
        }
        match info.location() {
            Some(place) => console::note(&format!("internal error at {place}")),
            None => console::note("internal error"),
        }
    }));
}
