//! `gatefold man`: the manual pages.

use clap::CommandFactory;
use clap_mangen::Man;

use crate::args::Cli;
use crate::console::print;
use crate::outcome::{Exit, Failure};

/// The page of the whole command, or of one of its subcommands.
pub(crate) fn run(command: Option<&str>) -> Result<Exit, Failure> {
    let mut all = Cli::command();
    // Gives subcommands their full names and the options that hold everywhere.
    all.build();
    let page = match command {
        None => all,
        Some(name) => all
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| Failure::usage(format!("there is no command \"{name}\"")))?,
    };
    let title = page.get_display_name().unwrap_or("gatefold").to_owned();
    let mut roff = Vec::new();
    Man::new(page).title(title.to_uppercase()).render(&mut roff).map_err(Failure::io)?;
    print(&roff)?;
    Ok(Exit::Accepted)
}
