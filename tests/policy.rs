//! The numbers of the presets, the `WxH` texts, and the names of formats: what clients depend on.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use gatefold::{
    Bounds, ColorModel, DuplicateRule, Format, Limits, ParseBoundsError, Policy, RenditionRules,
    Rule, Severity,
};

const MIB: u64 = 1 << 20;
const DAY: Duration = Duration::from_secs(86_400);

/// The default limits with another cap; the struct grows, so it cannot be written out here.
fn limits(max_bytes: u64) -> Limits {
    let mut limits = Limits::default();
    limits.max_bytes = max_bytes;
    limits
}

#[test]
fn default_limits() {
    let expected = [
        ("bytes", 20 * MIB),
        ("side", 16_384),
        ("pixels", 50_000_000),
        ("frames", 1_000),
        ("frame pixels", 250_000_000),
        ("metadata", 8 * MIB),
        ("parts", 100_000),
        ("scans", 100),
        ("memory", 256 * MIB),
        ("work", 10_000_000_000),
    ];
    let l = Limits::default();
    let actual = [
        ("bytes", l.max_bytes),
        ("side", u64::from(l.max_side)),
        ("pixels", l.max_pixels),
        ("frames", l.max_frames),
        ("frame pixels", l.max_frame_pixels),
        ("metadata", l.max_metadata_bytes),
        ("parts", l.max_parts),
        ("scans", l.max_scans),
        ("memory", l.max_memory),
        ("work", l.max_work),
    ];
    assert_eq!(actual, expected);
}

#[test]
fn default_policy_warns_and_accepts() {
    let p = Policy::default();
    assert_eq!(p.name, "default");
    assert_eq!(p.formats, Format::ALL);
    assert_eq!(p.limits, Limits::default());
    assert_eq!((p.min_side, p.square, p.color_model), (1, false, None));
    assert_eq!([p.spoofed_type, p.trailing_data, p.embedded_script, p.irregular], [Rule::Warn; 4]);
    assert_eq!([p.animation, p.metadata], [Rule::Allow; 2]);
    assert_eq!((p.duplicates, p.pixel_digest, p.ttl), (DuplicateRule::Report, false, None));
}

#[test]
fn strict_rejects_what_the_default_warns_of() {
    let p = Policy::strict();
    assert_eq!(
        [p.spoofed_type, p.trailing_data, p.embedded_script, p.irregular],
        [Rule::Reject; 4]
    );
    assert_eq!([p.animation, p.metadata], [Rule::Allow; 2]);
    assert_eq!(p.limits, Limits::default());
}

#[test]
fn presets_have_the_numbers_of_their_systems() {
    let all = Format::ALL.as_slice();
    let without_gif = &[Format::Png, Format::Jpeg, Format::WebP][..];
    let (allow, reject) = (DuplicateRule::Allow, DuplicateRule::Reject);
    // Name, cap in MiB, formats, duplicates, least side, square, colours, animation, time to live.
    let table = [
        ("moov", 16, without_gif, reject, 1, false, None, Rule::Allow, None),
        ("audiodelivery", 16, all, allow, 1, false, None, Rule::Allow, None),
        ("audicient", 25, all, allow, 1, false, None, Rule::Allow, Some(DAY)),
        (
            "audicient-release",
            25,
            all,
            allow,
            3_000,
            true,
            Some(ColorModel::Rgb),
            Rule::Reject,
            Some(DAY),
        ),
        ("backoffice", 15, all, allow, 1, false, None, Rule::Allow, None),
    ];
    for (name, mib, formats, duplicates, min_side, square, colors, animation, ttl) in table {
        let p = Policy::preset(name).unwrap();
        assert_eq!(p.name, name);
        assert_eq!(p.formats, formats, "{name}");
        assert_eq!(p.limits, limits(mib * MIB), "{name}");
        assert_eq!(p.duplicates, duplicates, "{name}");
        assert_eq!((p.min_side, p.square, p.color_model), (min_side, square, colors), "{name}");
        assert_eq!((p.animation, p.ttl, p.pixel_digest), (animation, ttl, false), "{name}");
        assert_eq!(
            [p.spoofed_type, p.trailing_data, p.embedded_script, p.irregular],
            [Rule::Warn; 4],
            "{name}"
        );
    }
}

#[test]
fn renditions_are_bounded_and_never_enlarged_by_default() {
    for name in Policy::PRESETS {
        let rules = Policy::preset(name).unwrap().renditions;
        assert_eq!(
            (rules.max_side, rules.enlarge, rules.background),
            (2_048, false, [255; 3]),
            "{name}"
        );
        let size = (name == "moov").then(|| Bounds::new(400, 400).unwrap());
        assert_eq!(rules.default_size, size, "{name}");
    }
    assert_eq!(RenditionRules::default(), Policy::default().renditions);
}

#[test]
fn every_preset_is_found_by_its_own_name_and_no_other() {
    for name in Policy::PRESETS {
        assert_eq!(Policy::preset(name).unwrap().name, name);
    }
    for name in ["", "Moov", "audicient_release", "none"] {
        assert_eq!(Policy::preset(name), None, "{name}");
    }
}

#[test]
fn rules_decide_severity() {
    assert_eq!(Rule::Allow.severity(), None);
    assert_eq!(Rule::Warn.severity(), Some(Severity::Warning));
    assert_eq!(Rule::Reject.severity(), Some(Severity::Error));
}

#[test]
fn sizes_that_a_link_may_ask_for() {
    let table = [
        ("400x300", Some(400), Some(300)),
        ("1x1", Some(1), Some(1)),
        ("0x300", None, Some(300)),
        ("300x0", Some(300), None),
        ("00x7", None, Some(7)),
        ("0400x0300", Some(400), Some(300)),
        ("65535x65535", Some(65_535), Some(65_535)),
    ];
    for (text, width, height) in table {
        let bounds: Bounds = text.parse().unwrap();
        assert_eq!((bounds.width(), bounds.height()), (width, height), "{text}");
        assert_eq!(bounds.to_string().parse(), Ok(bounds), "{text}");
    }
}

#[test]
fn sizes_that_no_link_may_ask_for() {
    assert_eq!("0x0".parse::<Bounds>(), Err(ParseBoundsError::BothZero));
    for (text, actual) in
        [("65536x1", 65_536), ("1x65536", 65_536), ("0x9999999999", 9_999_999_999)]
    {
        assert_eq!(text.parse::<Bounds>(), Err(ParseBoundsError::TooLarge { actual }), "{text}");
    }
    let malformed = [
        "",
        "x",
        "400",
        "400x",
        "x300",
        "400X300",
        "400×300",
        "400*300",
        "400x300x2",
        " 400x300",
        "400x300 ",
        "400 x 300",
        "+400x300",
        "-1x300",
        "4e2x300",
        "400.5x300",
        "0x190x300",
        "４00x300",
        "99999999999x1",
    ];
    for text in malformed {
        let error = text.parse::<Bounds>().unwrap_err();
        assert!(matches!(error, ParseBoundsError::Malformed(_)), "{text}: {error:?}");
    }
}

#[test]
fn a_refused_size_is_quoted_in_part_and_says_what_to_write() {
    let long = "9".repeat(10_000);
    let message = long.parse::<Bounds>().unwrap_err().to_string();
    assert!(message.len() < 200 && message.contains("400x300"), "{message}");
    let cut_between_characters = "é".repeat(40).parse::<Bounds>().unwrap_err().to_string();
    assert!(cut_between_characters.contains(&"é".repeat(32)), "{cut_between_characters}");
}

#[test]
fn media_types_and_names() {
    for format in Format::ALL {
        assert_eq!(Format::from_media_type(format.media_type()), Some(format));
        assert_eq!(Format::from_file_name(&format!("a.{}", format.extension())), Some(format));
        assert_eq!(format.name().parse(), Ok(format));
        assert_eq!(format.to_string(), format.name());
    }
    for (text, format) in [
        ("IMAGE/PNG", Some(Format::Png)),
        (" image/jpeg ; charset=x", Some(Format::Jpeg)),
        ("image/jpg", Some(Format::Jpeg)),
        ("image/apng", Some(Format::Png)),
        ("application/octet-stream", None),
        ("image/svg+xml", None),
        ("image/*", None),
        ("", None),
    ] {
        assert_eq!(Format::from_media_type(text), format, "{text}");
    }
    assert_eq!("jpg".parse(), Ok(Format::Jpeg));
    assert!("tiff".parse::<Format>().unwrap_err().to_string().contains("\"tiff\""));
}
