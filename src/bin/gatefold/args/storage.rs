//! The options of the commands that look after what a service keeps.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::service::{DATA, DataArgs};

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The folder to write to: missing, empty, or an earlier backup of the same store
    #[arg(value_name = "DIR")]
    pub(crate) to: PathBuf,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// A folder that `gatefold backup` has written
    #[arg(value_name = "DIR")]
    pub(crate) from: PathBuf,
    /// The folder of the new store: missing or empty
    #[arg(long, value_name = "DIR", env = "GATEFOLD_DATA", default_value = DATA)]
    pub(crate) data: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    #[command(subcommand)]
    pub(crate) command: StoreCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Compare the records with the files, also while the service runs; nothing is changed
    #[command(after_help = "\
Tells records whose bytes are missing or have another length or digest, files that the database does \
not know of, and parts of files that an interrupted upload left. Uploading a picture again puts its \
bytes right. A backup can be checked in the same way.

Exit status: 0 when nothing is wrong, 1 when something is, 3 when it could not be looked at.")]
    Check {
        #[command(flatten)]
        data: DataArgs,
        /// One JSON object a line, the summary last
        #[arg(long)]
        json: bool,
        /// Compare lengths alone, without reading every byte
        #[arg(long)]
        quick: bool,
        /// Move what is damaged, unknown or unfinished to the folder set-aside, with a note; nothing is
        /// deleted. Not while the service runs
        #[arg(long)]
        repair: bool,
    },
    /// Make one store of a database and files that are refused because they belong to two
    Adopt {
        #[command(flatten)]
        data: DataArgs,
    },
}
