//! What can be written on the command line. Raw: [`crate::config`] makes sense of it.

// Doc comments here are help texts, which are shown as they stand.
#![allow(clippy::doc_markdown)]
// Flags of a command line do not depend on each other.
#![allow(clippy::struct_excessive_bools)]

mod policy;
#[cfg(feature = "http")]
mod service;
#[cfg(feature = "http")]
mod storage;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(crate) use policy::{ColorModelName, InputFormat, LimitArgs, PolicyArgs};
#[cfg(feature = "http")]
pub(crate) use service::{
    AssetsArgs, AssetsCommand, DATA, KeysArgs, KeysCommand, LogShape, QuotasArgs, QuotasCommand,
    ServeArgs,
};
#[cfg(feature = "http")]
pub(crate) use storage::{BackupArgs, RestoreArgs, StoreArgs, StoreCommand};

use crate::units;

const ABOUT: &str = "\
The gate for image uploads: a verdict on every file, digests, duplicates, colours and renditions.

PNG, JPEG, WebP and GIF are recognised by their content and read to the real end of the file; names \
and media types are never believed. PATHs are files or folders. A folder is walked recursively in \
sorted order and every regular file in it gets a row, whatever it is called; symbolic links to \
folders are not entered. `-` is standard input. A broken file never stops the others.";

const EXIT: &str = "\
Exit status:
  0  every file was accepted
  1  some were rejected
  2  the command line or the policy file is wrong
  3  something could not be read, judged or written (beats 1)

Environment:
  NO_COLOR  no colours and no swatches, unless --color always";

/// The heading of the options that every command has.
const EVERYWHERE: &str = "Global options";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(name = "gatefold", version, about = "The gate for image uploads", long_about = ABOUT)]
#[command(after_help = EXIT, propagate_version = true, arg_required_else_help = true)]
#[command(max_term_width = 100)]
pub(crate) struct Cli {
    /// Worker threads [default: the number of CPUs]
    #[arg(long, short = 'j', global = true, help_heading = EVERYWHERE, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,

    /// Memory over everything in flight, such as 512MiB; a file that needs more runs alone
    /// [default: 1GiB; 512MiB for a service]
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "BYTES", value_parser = units::bytes)]
    pub(crate) memory: Option<u64>,

    /// No rows, no summary, no progress: the exit status tells. What --json or -o asks for is written
    #[arg(long, short, global = true, help_heading = EVERYWHERE)]
    pub(crate) quiet: bool,

    /// Colours in the output; auto: when standard output is a terminal and NO_COLOR is not set
    #[arg(long, global = true, help_heading = EVERYWHERE, value_enum, value_name = "WHEN", default_value_t = When::Auto)]
    pub(crate) color: When,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Validate: walk the container, judge it, read every coded byte; no pixels are kept
    #[command(after_help = "\
Examples:
  gatefold check cover.jpg
  gatefold check --policy moov --max-bytes 5MiB uploads/
  gatefold check --json uploads/ | jq -r 'select(.verdict == \"rejected\") | .path'
  curl -s https://example.org/a.png | gatefold check -")]
    Check(CheckArgs),

    /// Everything: verdict, digests, duplicates, colours, renditions
    #[command(after_help = "\
Duplicates within the run are reported, and rejected where the policy says so (--reject-duplicates, \
--policy moov): of equal files the first in input order is the original. A file that is seen under \
several paths (links, a path given twice) is no duplicate of itself: it is processed once, and its \
further paths are told as other_paths.

Renditions are called STEM-WxH.EXT. No input is ever replaced, and what is there already only with \
--overwrite; see `gatefold resize --help`. A page that --report has written before is replaced, and is \
no input where a folder is walked that it lies in.

Examples:
  gatefold process covers/
  gatefold process --report report.html covers/
  gatefold process --size 1200x1200 --size 400x400:webp -o out covers/
  gatefold process --json --reject-duplicates --pixel-digest uploads/")]
    Process(Box<ProcessArgs>),

    /// The main colours of each picture, and one to paint a player with
    #[command(after_help = "\
Examples:
  gatefold colors covers/
  gatefold colors --json cover.jpg | jq -r .player_color.hex")]
    Colors(ColorsArgs),

    /// Write a smaller version of each picture
    #[command(after_help = "\
Outputs are called STEM.EXT, in the order of the inputs; where two inputs have the same stem, the \
later one is called STEM-2.EXT and so on. Where a file has such a name already, nothing is done unless \
--overwrite is given; where it is an input of the same run, nothing is done at all. Every output is \
written beside its final name first and then renamed.

Orientation is applied, colours are converted to sRGB, and no metadata is written.

Examples:
  gatefold resize --size 320x320 -o thumbs photos/
  gatefold resize --size 1200x0 --format webp -o out cover.png
  gatefold resize --size 400x400 --fit cover --focus 0.5,0.2 -o out portrait.jpg
  gatefold resize --size 512x512 --fit pad --background '#101010' -o out logos/")]
    Resize(Box<ResizeArgs>),

    /// Show a file's chunks, segments or blocks, what was found where, and why it was (not) accepted
    #[command(after_help = "\
Examples:
  gatefold explain upload.jpg
  gatefold explain --policy strict --all animation.gif
  gatefold explain --json upload.png | jq '.parts[] | select(.kind == \"metadata\")'")]
    Explain(ExplainArgs),

    /// Groups of files that show the same picture, exactly or nearly
    #[command(after_help = "\
Exact: the same picture whatever its metadata; with --pixel-digest also the same pixels in another \
format. Near: perceptual hashes that differ in at most --radius of 64 bits from the first file of the \
group, as after a resize or a re-encode; a hint, not a proof. A picture joins the first group that it \
is near to.

A file that is seen under several paths (links, a path given twice) is one file: it is compared once, \
and its further paths are told as other_paths. Files with the very bytes of another one are told as \
copy_of it; that one is never told as a copy itself, nor is any file that a link leads to.

Examples:
  gatefold duplicates photos/
  gatefold duplicates --pixel-digest --radius 4 covers/ more-covers/
  gatefold duplicates --json photos/ | jq -r '.files[] | select(.copy_of) | .path'")]
    Duplicates(DuplicatesArgs),

    /// Decode one file to a PNG
    #[command(after_help = "\
A file of the output's name is replaced with --overwrite only, the input never. Without --raw the picture is written as it is shown: \
oriented, in sRGB, the first frame that shows something. With --raw: the first frame as stored, in \
RGBA, 8 bits a sample, without orientation and colour management, for comparing decoders. The \
limits apply, the other rules of a policy do not.

Examples:
  gatefold decode -o out.png photo.jpg
  gatefold decode --raw -o raw.png photo.jpg")]
    Decode(DecodeArgs),

    /// Run the asset service with all its APIs
    #[cfg(feature = "http")]
    #[command(after_help = "\
A service without keys gets a first one, which is printed once. The page at / shows what it can do; \
/openapi.json describes it, /healthz, /readyz and /metrics watch it. It ends after SIGTERM or \
Ctrl-C, once what it accepted is done.

Examples:
  gatefold serve
  gatefold serve --data /srv/gatefold --listen 0.0.0.0:80 --public-url https://images.example
  gatefold serve --data \"$(mktemp -d)\" --key trial:secret")]
    Serve(Box<ServeArgs>),

    /// Make, show and revoke the API keys of a service
    #[cfg(feature = "http")]
    #[command(after_help = "\
Examples:
  gatefold keys create --role uploader --tenant acme
  gatefold keys list
  gatefold keys revoke xu3Ft9Qm2LbK")]
    Keys(KeysArgs),

    /// Copy what a service keeps, also while it runs
    #[cfg(feature = "http")]
    #[command(after_help = "\
The database is copied as it is at one moment, then every file that it names: by hard link on the same \
file system, else byte by byte. Into an earlier backup only what is new is copied. Exit status 1 when \
bytes were lost or damaged before.

Examples:
  gatefold backup /backup/gatefold --data /srv/gatefold")]
    Backup(BackupArgs),

    /// Make the folder of a service from a backup
    #[cfg(feature = "http")]
    #[command(after_help = "\
Every file is copied and its digest compared. Exit status 1 when some are missing or damaged; the rest \
is there.

Examples:
  gatefold restore /backup/gatefold --data /srv/gatefold-restored")]
    Restore(RestoreArgs),

    /// Check what a service keeps, and mend its folder
    #[cfg(feature = "http")]
    Store(StoreArgs),

    /// Show what a service keeps, and take it down
    #[cfg(feature = "http")]
    #[command(after_help = "\
Removing is for good: record, links, kept renditions and bytes go at once. A service that runs serves \
no new request for it after at most a few seconds; what caches elsewhere hold is theirs to purge.

Exit status: 1 when one of them was not there.

Examples:
  gatefold assets list --tenant acme
  gatefold assets remove https://images.example/images/8Yb0wV5sT1nQk3HcJd7Lz")]
    Assets(AssetsArgs),

    /// Show how much each tenant of a service has, and limit it
    #[cfg(feature = "http")]
    #[command(after_help = "\
What is set here counts before the settings of the service, at once. What a tenant has already stays.

Examples:
  gatefold quotas list
  gatefold quotas set --tenant acme --max-assets 10k --max-bytes 50GiB
  gatefold quotas clear --tenant acme")]
    Quotas(QuotasArgs),

    /// Print a completion script for a shell
    #[command(after_help = "\
Examples:
  gatefold completions bash > ~/.local/share/bash-completion/completions/gatefold
  gatefold completions zsh > ~/.zfunc/_gatefold")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },

    /// Print a manual page, in roff
    #[command(after_help = "\
Examples:
  gatefold man | man -l -
  gatefold man resize > ~/.local/share/man/man1/gatefold-resize.1")]
    Man {
        /// The command that the page is about [default: gatefold itself]
        command: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Inputs {
    /// Files or folders; - is standard input
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Json {
    /// One JSON object a line on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    #[command(flatten)]
    pub(crate) json: Json,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ProcessArgs {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    #[command(flatten)]
    pub(crate) json: Json,
    /// A rendition: WIDTHxHEIGHT in pixels, one side 0 for "in proportion", then if wanted a fit, a
    /// format and a quality, such as 400x300:contain:webp:q80. May be given several times
    #[arg(long = "size", value_name = "WxH[:…]")]
    pub(crate) sizes: Vec<String>,
    /// Renditions may be larger than the picture
    #[arg(long, requires = "sizes")]
    pub(crate) enlarge: bool,
    /// Write the renditions into this folder, made if missing
    #[arg(long, short = 'o', value_name = "DIR", requires = "sizes")]
    pub(crate) out: Option<PathBuf>,
    /// Replace files that are there already
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Write one self-contained HTML page that shows everything, in place of an earlier such page
    #[arg(long, value_name = "FILE.html")]
    pub(crate) report: Option<PathBuf>,
    /// Compare pixels too: the same picture in another format is a duplicate. Costs a full-size decode
    #[arg(long)]
    pub(crate) pixel_digest: bool,
    /// Reject duplicates within the run
    #[arg(long)]
    pub(crate) reject_duplicates: bool,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ColorsArgs {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    #[command(flatten)]
    pub(crate) json: Json,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ResizeArgs {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    #[command(flatten)]
    pub(crate) json: Json,
    /// The box in pixels: WIDTHxHEIGHT, one side 0 for "in proportion"
    #[arg(long, value_name = "WxH")]
    pub(crate) size: String,
    /// How the picture is brought into the box
    #[arg(long, value_enum, default_value_t = FitName::Contain)]
    pub(crate) fit: FitName,
    /// The point that --fit cover keeps nearest the middle: fractions of width and height from the
    /// top left corner [default: 0.5,0.5]
    #[arg(long, value_name = "X,Y", value_parser = units::point)]
    pub(crate) focus: Option<(f32, f32)>,
    /// The format of the outputs; same: as the input, where that serves a still (GIF becomes PNG)
    #[arg(long, value_enum, default_value_t = FormatName::Same)]
    pub(crate) format: FormatName,
    /// Quality of JPEG and lossy WebP, 1 to 100 [default: 82]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quality: Option<u8>,
    /// Outputs may be larger than the picture
    #[arg(long)]
    pub(crate) enlarge: bool,
    /// The ground around padded pictures, and under transparent ones in JPEG [default: #ffffff]
    #[arg(long, value_name = "#RRGGBB", value_parser = units::color)]
    pub(crate) background: Option<[u8; 3]>,
    /// The folder for the outputs, made if missing
    #[arg(long, short = 'o', value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Replace files that are there already
    #[arg(long)]
    pub(crate) overwrite: bool,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The file; - is standard input
    #[arg(value_name = "FILE")]
    pub(crate) path: PathBuf,
    #[command(flatten)]
    pub(crate) json: Json,
    /// Show every part; runs of equal ones are folded otherwise
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DuplicatesArgs {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    /// One JSON object a group and line on standard output
    #[arg(long)]
    pub(crate) json: bool,
    /// Bits of 64 in which perceptual hashes of near duplicates may differ
    #[arg(long, value_name = "BITS", default_value_t = 10, value_parser = clap::value_parser!(u8).range(0..=32))]
    pub(crate) radius: u8,
    /// Exact duplicates only
    #[arg(long, conflicts_with = "radius")]
    pub(crate) exact: bool,
    /// Compare pixels too: the same picture in another format is exact. Costs a full-size decode
    #[arg(long)]
    pub(crate) pixel_digest: bool,
    #[command(flatten)]
    pub(crate) policy: PolicyArgs,
}

#[derive(Debug, Args)]
pub(crate) struct DecodeArgs {
    /// The file; - is standard input
    #[arg(value_name = "FILE")]
    pub(crate) path: PathBuf,
    /// The first frame as stored: RGBA, no orientation, no colour management
    #[arg(long)]
    pub(crate) raw: bool,
    /// The PNG to write; - is standard output
    #[arg(long, short = 'o', value_name = "OUT.png")]
    pub(crate) out: PathBuf,
    /// Replace a file that is there already
    #[arg(long)]
    pub(crate) overwrite: bool,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FitName {
    /// Fill the box and cut what is outside
    Cover,
    /// The largest size of the same proportions inside the box
    Contain,
    /// As contain, then centred on a ground that fills the box
    Pad,
    /// Exactly the box, proportions ignored
    Exact,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    Same,
    Jpeg,
    Png,
    Webp,
}
