//! The options that make a policy.

use clap::{Args, ValueEnum};

use crate::units;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum InputFormat {
    Png,
    #[value(alias = "jpg")]
    Jpeg,
    Webp,
    Gif,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorModelName {
    Any,
    Grey,
    Rgb,
    Cmyk,
}

/// The policy and what overrides it. Every limit is inclusive.
#[derive(Debug, Args)]
#[command(next_help_heading = "Policy")]
pub(crate) struct PolicyArgs {
    /// A preset (default, strict, audicient, audicient-release, audiodelivery, moov, backoffice) or
    /// a TOML file; the options below override it. A file may name the preset it builds on
    /// (preset = "moov") and sets any field of a policy, limits in a [limits] table
    #[arg(long, value_name = "NAME|FILE.toml", default_value = "default")]
    pub(crate) policy: String,
    /// The formats taken [default policy: png,jpeg,webp,gif]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "LIST")]
    pub(crate) formats: Option<Vec<InputFormat>>,
    /// Least length of the shorter side, in pixels [default policy: 1]
    #[arg(long, value_name = "PIXELS")]
    pub(crate) min_side: Option<u32>,
    /// Width and height must be equal
    #[arg(long)]
    pub(crate) square: bool,
    /// The only colour model taken [default policy: any]
    #[arg(long, value_enum, value_name = "MODEL")]
    pub(crate) color_model: Option<ColorModelName>,
    /// Reject files with bytes after the end of the picture
    #[arg(long)]
    pub(crate) reject_trailing: bool,
    /// Reject files whose name claims another type than the content has
    #[arg(long)]
    pub(crate) reject_spoofed: bool,
    /// Reject scripts and markup in comments and text
    #[arg(long)]
    pub(crate) reject_scripts: bool,
    /// Reject what is untidy though the whole picture is there
    #[arg(long)]
    pub(crate) reject_irregular: bool,
    /// Reject more than one frame
    #[arg(long)]
    pub(crate) reject_animation: bool,
    /// Reject EXIF, XMP, comments and other text
    #[arg(long)]
    pub(crate) reject_metadata: bool,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
}

/// What one file may cost. Every limit is inclusive.
#[derive(Debug, Args)]
// Each field is the option of its name.
#[allow(clippy::struct_field_names)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Bytes of the file, such as 5MiB [default policy: 20MiB]
    #[arg(long, value_name = "BYTES", value_parser = units::bytes)]
    pub(crate) max_bytes: Option<u64>,
    /// The longer side, in pixels [default policy: 16384]
    #[arg(long, value_name = "PIXELS")]
    pub(crate) max_side: Option<u32>,
    /// Width times height, such as 50M [default policy: 50M]
    #[arg(long, value_name = "COUNT", value_parser = units::count)]
    pub(crate) max_pixels: Option<u64>,
    /// Frames of an animation [default policy: 1000]
    #[arg(long, value_name = "COUNT", value_parser = units::count)]
    pub(crate) max_frames: Option<u64>,
    /// Frames times canvas, in pixels, for animations [default policy: 250M]
    #[arg(long, value_name = "COUNT", value_parser = units::count)]
    pub(crate) max_frame_pixels: Option<u64>,
    /// Metadata and colour profiles, inflated [default policy: 8MiB]
    #[arg(long, value_name = "BYTES", value_parser = units::bytes)]
    pub(crate) max_metadata: Option<u64>,
    /// Chunks, segments or blocks [default policy: 100000]
    #[arg(long, value_name = "COUNT", value_parser = units::count)]
    pub(crate) max_parts: Option<u64>,
    /// Scans of a JPEG [default policy: 100]
    #[arg(long, value_name = "COUNT", value_parser = units::count)]
    pub(crate) max_scans: Option<u64>,
    /// Memory that decoding one file may take, beside the file [default policy: 256MiB]
    #[arg(long, value_name = "BYTES", value_parser = units::bytes)]
    pub(crate) max_memory: Option<u64>,
    /// Estimated work of decoding one file, about a nanosecond each [default policy: 10000M]
    #[arg(long, value_name = "COUNT", value_parser = units::count)]
    pub(crate) max_work: Option<u64>,
}
