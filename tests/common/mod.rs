//! The manifest of `testdata/`: what is true of every file there, from independent decoders.
#![allow(dead_code, reason = "each test crate reads the facts it needs")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// One `[[file]]` of the manifest; the head of `testdata/make.py` explains the keys.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) what: String,
    pub(crate) source: String,
    pub(crate) license: String,
    pub(crate) bytes: u64,
    pub(crate) verdict: Verdict,
    pub(crate) code: Option<String>,
    /// Codes of the warnings that an accepted file earns, sorted.
    #[serde(default)]
    pub(crate) findings: Vec<String>,
    pub(crate) format: Option<String>,
    pub(crate) stored: Option<[u32; 2]>,
    pub(crate) shown: Option<[u32; 2]>,
    pub(crate) orientation: Option<u16>,
    pub(crate) frames: Option<u64>,
    pub(crate) has_alpha: Option<bool>,
    pub(crate) color_model: Option<String>,
    pub(crate) scene: Option<String>,
    pub(crate) same_image_as: Option<String>,
    pub(crate) same_pixels_as: Option<String>,
    pub(crate) near: Option<String>,
    /// `#rrggbb` of the four quarters as shown, in sRGB on white; good to 6 of 255.
    pub(crate) quarters: Option<[String; 4]>,
    /// Degrees of HSL, from (inclusive) and to (exclusive).
    pub(crate) player_hue: Option<[u16; 2]>,
    #[serde(default)]
    pub(crate) player_grey: bool,
    /// Preset → "accepted" or a code among its errors.
    #[serde(default)]
    pub(crate) under: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    Accepted,
    Rejected,
}

impl File {
    /// The whole file.
    pub(crate) fn read(&self) -> Vec<u8> {
        std::fs::read(folder().join(&self.path)).unwrap()
    }

    pub(crate) fn is_accepted(&self) -> bool {
        self.verdict == Verdict::Accepted
    }

    /// The part of the path after the last slash, as a client would claim it.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }
}

/// Where the test pictures lie.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

/// All files in the order of the manifest.
pub(crate) fn manifest() -> Vec<File> {
    #[derive(Deserialize)]
    struct Manifest {
        file: Vec<File>,
    }
    let text = std::fs::read_to_string(folder().join("manifest.toml")).unwrap();
    toml::from_str::<Manifest>(&text).unwrap().file
}

/// The one file with this path; panics when there is none.
pub(crate) fn file(path: &str) -> File {
    manifest().into_iter().find(|f| f.path == path).unwrap()
}
