//! `gatefold completions`: a script for the user's shell.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::console::print;
use crate::outcome::{Exit, Failure};

pub(crate) fn run(shell: Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "gatefold", &mut script);
    print(&script)?;
    Ok(Exit::Accepted)
}
