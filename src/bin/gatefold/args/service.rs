//! The options of the commands around the asset service.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use gatefold::service::Role;
use uuid::Uuid;

use crate::units;

/// Where the service keeps everything, when nothing is said.
pub(crate) const DATA: &str = "gatefold-data";

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The folder for everything that is kept, made if missing [default: ./gatefold-data]
    #[arg(long, value_name = "DIR", env = "GATEFOLD_DATA")]
    pub(crate) data: Option<PathBuf>,
    /// The address to listen at; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", env = "GATEFOLD_LISTEN")]
    pub(crate) listen: Option<String>,
    /// An address for /metrics alone, which is then not served at the other one
    #[arg(long, value_name = "ADDR", env = "GATEFOLD_METRICS_LISTEN")]
    pub(crate) metrics_listen: Option<String>,
    /// A key with every role and tenant, for trials and tests; it ends with the process
    #[arg(long, value_name = "ID:SECRET", env = "GATEFOLD_KEY", hide_env_values = true)]
    pub(crate) key: Option<String>,
    /// Where clients reach the service: links begin with it [default: the address listened at]
    #[arg(long, value_name = "URL", env = "GATEFOLD_PUBLIC_URL")]
    pub(crate) public_url: Option<String>,
    /// A TOML file with any of these and everything else that can be chosen; see the README
    #[arg(long, value_name = "FILE.toml", env = "GATEFOLD_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// The shape of the log, which goes to standard error [default: json]
    #[arg(long, value_enum, value_name = "SHAPE", env = "GATEFOLD_LOG")]
    pub(crate) log: Option<LogShape>,
    /// What is logged: a level, or levels of parts, such as warn or gatefold=debug,info
    /// [default: info]
    #[arg(long, value_name = "FILTER", env = "GATEFOLD_LOG_FILTER")]
    pub(crate) log_filter: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogShape {
    /// One JSON object a line
    Json,
    /// Lines for people
    Text,
}

#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    pub(crate) command: KeysCommand,
}

#[derive(Debug, Args)]
pub(crate) struct AssetsArgs {
    #[command(subcommand)]
    pub(crate) command: AssetsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AssetsCommand {
    /// Show stored pictures, the newest of each tenant first
    List {
        #[command(flatten)]
        data: DataArgs,
        /// Only this tenant's [default: every tenant's]
        #[arg(long, value_name = "TENANT")]
        tenant: Option<String>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Remove pictures for good, bytes and renditions included; those that others share stay for them
    Remove {
        #[command(flatten)]
        data: DataArgs,
        /// Only if it belongs to this tenant [default: any tenant]
        #[arg(long, value_name = "TENANT")]
        tenant: Option<String>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
        /// Ids, public ids, or links that end in one
        #[arg(required = true, value_name = "ID")]
        names: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct QuotasArgs {
    #[command(subcommand)]
    pub(crate) command: QuotasCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QuotasCommand {
    /// Show every tenant that has something or has limits of its own
    List {
        #[command(flatten)]
        data: DataArgs,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Give a tenant limits of its own, in place of those it had; what is left out is not limited
    Set {
        #[command(flatten)]
        data: DataArgs,
        /// The tenant, such as a Moov account's id
        #[arg(long, value_name = "TENANT")]
        tenant: String,
        /// Most pictures, covers and disabled ones included
        #[arg(long, value_name = "COUNT", value_parser = units::count)]
        max_assets: Option<u64>,
        /// Most bytes of pictures and recordings together, such as 50GiB
        #[arg(long, value_name = "BYTES", value_parser = units::bytes)]
        max_bytes: Option<u64>,
    },
    /// Let the settings of the service decide again
    Clear {
        #[command(flatten)]
        data: DataArgs,
        /// The tenant
        #[arg(long, value_name = "TENANT")]
        tenant: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    /// The service's folder
    #[arg(long, value_name = "DIR", env = "GATEFOLD_DATA", default_value = DATA)]
    pub(crate) data: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key and print it as ID:SECRET; the secret cannot be had again
    Create {
        #[command(flatten)]
        data: DataArgs,
        /// What it may do; may be given several times. An uploader may read too
        #[arg(long = "role", value_enum, value_name = "ROLE", required = true)]
        roles: Vec<RoleName>,
        /// A tenant that it reaches, such as a Moov account's id; may be given several times. The
        /// first is its own where an API names none [default: every tenant]
        #[arg(long = "tenant", value_name = "TENANT")]
        tenants: Vec<String>,
        /// The only collection that it reaches
        #[arg(long, value_name = "UUID")]
        collection: Option<Uuid>,
    },
    /// Show all keys, revoked ones included
    List {
        #[command(flatten)]
        data: DataArgs,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// End a key at once, also for a service that is running
    Revoke {
        #[command(flatten)]
        data: DataArgs,
        /// The half before the colon
        id: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleName {
    /// Read what its tenants have
    Reader,
    /// Upload, change and delete what its tenants have
    Uploader,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Reader => Self::Reader,
            RoleName::Uploader => Self::Uploader,
        }
    }
}
