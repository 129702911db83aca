use crate::{Fit, FocalPoint, OutputFormat, RenditionRules, RenditionSpec, SpecError};

#[test]
fn a_box_with_both_sides_covers_around_the_middle() {
    let spec: RenditionSpec = "400x300".parse().unwrap();
    assert_eq!((spec.width(), spec.height()), (400, 300));
    assert_eq!(spec.chosen_fit(), Fit::Cover(FocalPoint::CENTRE));
    assert_eq!(spec.chosen_format(), OutputFormat::SameAsInput);
    assert_eq!(spec.chosen_quality(), 82);
}

#[test]
fn text_and_spec_agree() {
    for text in
        ["400x300", "0x300", "1x1:contain", "640x0:webp", "9x9:pad:jpeg:q1", "9x9:exact:q100"]
    {
        let spec: RenditionSpec = text.parse().unwrap();
        assert_eq!(spec.to_string(), text);
    }
    for text in [
        "",
        "400",
        "x",
        "400x",
        "0x0",
        "-1x5",
        "4e2x3",
        "70000x1",
        "400x300:",
        "400x300:crop",
        "400x300:q0",
        "400x300:q101",
        "400x300:gif",
    ] {
        assert!(text.parse::<RenditionSpec>().is_err(), "{text}");
    }
}

#[test]
fn the_rules_are_checked_at_their_limits() {
    let rules = RenditionRules { max_side: 2048, ..RenditionRules::default() };
    let spec = RenditionSpec::cover(2048, 2048);
    assert_eq!(spec.check(&rules), Ok(()));
    assert_eq!(
        RenditionSpec::contain(0, 2049).check(&rules),
        Err(SpecError::SideTooLong { actual: 2049, max: 2048 })
    );
    assert_eq!(RenditionSpec::pad(0, 0).check(&rules), Err(SpecError::BothZero));
    assert_eq!(spec.quality(1).check(&rules), Ok(()));
    assert_eq!(spec.quality(100).check(&rules), Ok(()));
    assert_eq!(spec.quality(0).check(&rules), Err(SpecError::Quality { actual: 0 }));
    assert_eq!(spec.quality(101).check(&rules), Err(SpecError::Quality { actual: 101 }));
    assert_eq!(spec.enlarge(false).check(&rules), Ok(()));
    assert_eq!(spec.enlarge(true).check(&rules), Err(SpecError::EnlargingForbidden));
    let enlarging = RenditionRules { enlarge: true, ..rules };
    assert_eq!(spec.enlarge(true).check(&enlarging), Ok(()));
}

#[test]
fn webp_asked_for_by_name_ends_at_its_own_longest_side() {
    let rules = RenditionRules { max_side: 65_535, ..RenditionRules::default() };
    let webp = |side| RenditionSpec::contain(side, 1).format(OutputFormat::WebP).check(&rules);
    assert_eq!(webp(16_383), Ok(()));
    assert_eq!(webp(16_384), Err(SpecError::SideTooLong { actual: 16_384, max: 16_383 }));
    assert_eq!(RenditionSpec::contain(65_535, 1).check(&rules), Ok(()));
}
