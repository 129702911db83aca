//! Renditions as the command line asks for them.

use gatefold::{Bounds, Fit, FocalPoint, OutputFormat, Policy, RenditionSpec};

use crate::args::{FitName, FormatName, ResizeArgs};
use crate::outcome::Failure;

/// Lifts the rules that a policy has for links: who calls this command may ask for any size.
pub(crate) fn open_rules(policy: &mut Policy, enlarge: bool) {
    policy.renditions.max_side = Bounds::MAX_SIDE;
    policy.renditions.enlarge = enlarge;
    policy.renditions.sizes = None;
}

/// `400x300`, `400x0:contain:webp:q80`.
pub(crate) fn parse(text: &str, policy: &Policy) -> Result<RenditionSpec, Failure> {
    let spec: RenditionSpec =
        text.parse().map_err(|error| Failure::usage(format!("--size: {error}")))?;
    permitted(spec, policy)
}

/// What `resize` was asked for.
pub(crate) fn spec(args: &ResizeArgs, policy: &Policy) -> Result<RenditionSpec, Failure> {
    let bounds: Bounds =
        args.size.parse().map_err(|error| Failure::usage(format!("--size: {error}")))?;
    if args.focus.is_some() && args.fit != FitName::Cover {
        return Err(Failure::usage("--focus needs --fit cover"));
    }
    let focus = args.focus.map_or(FocalPoint::CENTRE, |(x, y)| FocalPoint::new(x, y));
    let spec = RenditionSpec::new(bounds)
        .fit(match args.fit {
            FitName::Cover => Fit::Cover(focus),
            FitName::Contain => Fit::Contain,
            FitName::Pad => Fit::Pad,
            FitName::Exact => Fit::Exact,
        })
        .format(match args.format {
            FormatName::Same => OutputFormat::SameAsInput,
            FormatName::Jpeg => OutputFormat::Jpeg,
            FormatName::Png => OutputFormat::Png,
            FormatName::Webp => OutputFormat::WebP,
        })
        .quality(args.quality.unwrap_or(RenditionSpec::DEFAULT_QUALITY));
    let spec = match args.background {
        Some(rgb) => spec.background(rgb),
        None => spec,
    };
    permitted(spec, policy)
}

fn permitted(spec: RenditionSpec, policy: &Policy) -> Result<RenditionSpec, Failure> {
    spec.check(&policy.renditions).map_err(|error| Failure::usage(format!("--size: {error}")))?;
    Ok(spec)
}
