//! The policy of a run: a preset or a file, then what the command line overrides.

use std::path::{Path, PathBuf};

use gatefold::{ColorModel, Format, Policy, Rule};
use toml::{Table, Value};

use crate::args::{ColorModelName, InputFormat, LimitArgs, PolicyArgs};
use crate::outcome::Failure;

/// A policy file larger than this is a mistake.
const MAX_BYTES: u64 = 1024 * 1024;

pub(crate) fn policy(args: &PolicyArgs) -> Result<Policy, Failure> {
    let mut policy = match Policy::preset(&args.policy) {
        Some(preset) => preset,
        None => named(&args.policy)?,
    };
    if let Some(formats) = &args.formats {
        policy.formats = formats.iter().copied().map(Format::from).collect();
    }
    limit(&mut policy, &args.limits);
    if let Some(side) = args.min_side {
        policy.min_side = side;
    }
    policy.square |= args.square;
    if let Some(model) = args.color_model {
        policy.color_model = match model {
            ColorModelName::Any => None,
            ColorModelName::Grey => Some(ColorModel::Grey),
            ColorModelName::Rgb => Some(ColorModel::Rgb),
            ColorModelName::Cmyk => Some(ColorModel::Cmyk),
        };
    }
    let rules = [
        (args.reject_trailing, &mut policy.trailing_data),
        (args.reject_spoofed, &mut policy.spoofed_type),
        (args.reject_scripts, &mut policy.embedded_script),
        (args.reject_irregular, &mut policy.irregular),
        (args.reject_animation, &mut policy.animation),
        (args.reject_metadata, &mut policy.metadata),
    ];
    for (asked, rule) in rules {
        if asked {
            *rule = Rule::Reject;
        }
    }
    Ok(policy)
}

/// The file that the policy comes from, where it is no preset.
pub(crate) fn path(args: &PolicyArgs) -> Option<PathBuf> {
    Policy::preset(&args.policy).is_none().then(|| PathBuf::from(&args.policy))
}

/// The default limits, overridden, under rules that let everything pass that can be decoded.
pub(crate) fn limits_only(args: &LimitArgs) -> Policy {
    let mut policy = Policy::default();
    policy.animation = Rule::Allow;
    policy.metadata = Rule::Allow;
    policy.spoofed_type = Rule::Allow;
    policy.trailing_data = Rule::Allow;
    policy.embedded_script = Rule::Allow;
    policy.irregular = Rule::Allow;
    limit(&mut policy, args);
    policy
}

fn limit(policy: &mut Policy, args: &LimitArgs) {
    fn set<T: Copy>(limit: &mut T, given: Option<T>) {
        if let Some(given) = given {
            *limit = given;
        }
    }
    let limits = &mut policy.limits;
    set(&mut limits.max_bytes, args.max_bytes);
    set(&mut limits.max_side, args.max_side);
    set(&mut limits.max_pixels, args.max_pixels);
    set(&mut limits.max_frames, args.max_frames);
    set(&mut limits.max_frame_pixels, args.max_frame_pixels);
    set(&mut limits.max_metadata_bytes, args.max_metadata);
    set(&mut limits.max_parts, args.max_parts);
    set(&mut limits.max_scans, args.max_scans);
    set(&mut limits.max_memory, args.max_memory);
    set(&mut limits.max_work, args.max_work);
}

impl From<InputFormat> for Format {
    fn from(format: InputFormat) -> Self {
        match format {
            InputFormat::Png => Self::Png,
            InputFormat::Jpeg => Self::Jpeg,
            InputFormat::Webp => Self::WebP,
            InputFormat::Gif => Self::Gif,
        }
    }
}

/// What is no preset is a file; what is no file either was probably meant as a preset.
fn named(name: &str) -> Result<Policy, Failure> {
    let path = Path::new(name);
    if !path.exists() {
        let presets = Policy::PRESETS.join(", ");
        let message = format!("\"{name}\" is neither a policy ({presets}) nor a file");
        return Err(Failure::usage(message));
    }
    let wrong = |error: &dyn std::fmt::Display| Failure::usage(format!("policy {name}: {error}"));
    let length = std::fs::metadata(path).map_err(|e| wrong(&e))?.len();
    if length > MAX_BYTES {
        return Err(wrong(&"the file is too large for a policy"));
    }
    let text = std::fs::read_to_string(path).map_err(|e| wrong(&e))?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    read(&text, &stem).map_err(|e| wrong(&e))
}

/// Reads a policy from TOML: the fields of [`Policy`], upon the preset that `preset` names.
fn read(text: &str, name: &str) -> Result<Policy, String> {
    let mut own: Table = text.parse().map_err(|e| toml_error(text, &e))?;
    let base = match own.remove("preset") {
        None => Policy::default(),
        Some(Value::String(preset)) => Policy::preset(&preset).ok_or_else(|| {
            let presets = Policy::PRESETS.join(", ");
            format!("there is no preset \"{preset}\"; use {presets}")
        })?,
        Some(_) => return Err("`preset` must be the name of a preset".to_owned()),
    };
    let mut merged = Table::try_from(&base).map_err(|e| e.to_string())?;
    merged.insert("name".to_owned(), Value::String(name.to_owned()));
    overlay(&mut merged, own);
    merged.try_into().map_err(|e| toml_error("", &e))
}

/// What is wrong with a TOML file, in one line.
pub(crate) fn toml_error(text: &str, error: &toml::de::Error) -> String {
    match error.span().and_then(|span| text.get(..span.start)) {
        Some(before) => {
            let line = before.matches('\n').count() + 1;
            format!("line {line}: {}", error.message())
        }
        None => error.message().to_owned(),
    }
}

/// Tables are merged, everything else is replaced.
fn overlay(base: &mut Table, own: Table) {
    for (key, value) in own {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(base)), Value::Table(own)) => overlay(base, own),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_builds_on_a_preset() {
        let text = "preset = \"moov\"\nsquare = true\n[limits]\nmax_side = 9000\n";
        let policy = read(text, "mine").unwrap();
        assert_eq!(policy.name, "mine");
        assert_eq!(policy.formats, Policy::moov().formats);
        assert_eq!(policy.duplicates, Policy::moov().duplicates);
        assert_eq!(policy.renditions, Policy::moov().renditions);
        assert!(policy.square);
        assert_eq!(policy.limits.max_side, 9_000);
        assert_eq!(policy.limits.max_bytes, Policy::moov().limits.max_bytes);
        assert_eq!(read("preset = \"audicient\"", "mine").unwrap().ttl, Policy::audicient().ttl);
    }

    #[test]
    fn what_a_file_may_not_say() {
        for wrong in
            ["sqare = true", "preset = \"mov\"", "preset = 1", "square", "[limits]\nmax = 1"]
        {
            assert!(read(wrong, "mine").is_err(), "{wrong}");
        }
    }
}
