use crate::rendition::plan::{Crop, Plan};
use crate::{Fit, FocalPoint, RenditionRules, RenditionSpec, Size};

fn rules(enlarge: bool) -> RenditionRules {
    RenditionRules { enlarge, ..RenditionRules::default() }
}

fn plan(shown: (u32, u32), spec: &RenditionSpec, enlarge: bool) -> Plan {
    Plan::new(Size::new(shown.0, shown.1), spec, &rules(enlarge), 65_535)
}

fn crop(left: f64, top: f64, width: f64, height: f64) -> Crop {
    Crop { left, top, width, height }
}

#[test]
fn sizes_are_as_the_table_says() {
    const NO: bool = false;
    const YES: bool = true;
    let cover = RenditionSpec::cover;
    let contain = RenditionSpec::contain;
    let pad = RenditionSpec::pad;
    let exact = RenditionSpec::exact;
    #[rustfmt::skip]
    let table = [
        // shown, spec, may enlarge, target, canvas
        ((4000, 3000), cover(400, 400), NO, (400, 400), (400, 400)),
        ((4000, 3000), cover(400, 0), NO, (400, 300), (400, 300)),
        ((4000, 3000), cover(0, 300), NO, (400, 300), (400, 300)),
        ((3001, 2000), cover(300, 0), NO, (300, 200), (300, 200)),
        // Larger than the picture: the largest box of the same proportions inside it.
        ((300, 200), cover(400, 400), NO, (200, 200), (200, 200)),
        ((300, 200), cover(400, 100), NO, (300, 75), (300, 75)),
        ((300, 200), cover(400, 400), YES, (400, 400), (400, 400)),
        ((300, 200), cover(600, 0), NO, (300, 200), (300, 200)),
        ((300, 200), cover(600, 0), YES, (600, 400), (600, 400)),
        ((300, 200), cover(300, 200), NO, (300, 200), (300, 200)),
        ((300, 200), contain(150, 150), NO, (150, 100), (150, 100)),
        ((200, 300), contain(150, 150), NO, (100, 150), (100, 150)),
        ((300, 200), contain(600, 600), NO, (300, 200), (300, 200)),
        ((300, 200), contain(600, 600), YES, (600, 400), (600, 400)),
        ((300, 200), contain(301, 150), NO, (225, 150), (225, 150)),
        ((300, 200), pad(150, 150), NO, (150, 100), (150, 150)),
        ((300, 200), pad(600, 600), NO, (300, 200), (600, 600)),
        ((300, 200), pad(600, 600), YES, (600, 400), (600, 600)),
        ((300, 200), pad(150, 0), NO, (150, 100), (150, 100)),
        ((300, 200), exact(100, 100), NO, (100, 100), (100, 100)),
        ((300, 200), exact(400, 400), NO, (200, 200), (200, 200)),
        ((300, 200), exact(400, 400), YES, (400, 400), (400, 400)),
        // One pixel, and strips: no side becomes 0.
        ((1, 1), cover(400, 300), NO, (1, 1), (1, 1)),
        ((1, 1), cover(400, 300), YES, (400, 300), (400, 300)),
        ((1, 5000), cover(100, 100), NO, (1, 1), (1, 1)),
        ((5000, 1), contain(100, 100), NO, (100, 1), (100, 1)),
        ((1, 5000), contain(100, 100), NO, (1, 100), (1, 100)),
        ((5000, 1), cover(100, 0), NO, (100, 1), (100, 1)),
        ((5000, 1), cover(0, 100), NO, (5000, 1), (5000, 1)),
        ((5000, 3), cover(1, 2048), NO, (1, 3), (1, 3)),
        ((3, 5000), exact(2048, 1), NO, (3, 1), (3, 1)),
        ((5000, 1), pad(10, 10), NO, (10, 1), (10, 10)),
        // In proportion without end: kept to what the rules and the picture know as long.
        ((1, 5000), cover(2048, 0), YES, (1, 5000), (1, 5000)),
        ((1, 100), cover(2048, 0), YES, (20, 2048), (20, 2048)),
        ((16_384, 1), cover(0, 2048), YES, (16_384, 1), (16_384, 1)),
    ];
    for (shown, spec, enlarge, target, canvas) in table {
        let plan = plan(shown, &spec, enlarge);
        let case = format!("{shown:?} {spec} enlarge {enlarge}");
        assert_eq!((plan.target.width, plan.target.height), target, "{case}");
        assert_eq!((plan.canvas.width, plan.canvas.height), canvas, "{case}");
    }
}

#[test]
fn cover_keeps_the_proportions_of_the_box_and_the_focal_point() {
    let at = |x, y| RenditionSpec::cover(100, 100).fit(Fit::Cover(FocalPoint::new(x, y)));
    let cut = |spec| plan((400, 300), &spec, false).crop;
    assert_eq!(cut(at(0.5, 0.5)), crop(50.0, 0.0, 300.0, 300.0));
    assert_eq!(cut(at(0.0, 0.0)), crop(0.0, 0.0, 300.0, 300.0));
    assert_eq!(cut(at(1.0, 1.0)), crop(100.0, 0.0, 300.0, 300.0));
    assert_eq!(cut(at(0.625, 0.0)), crop(100.0, 0.0, 300.0, 300.0));
    assert_eq!(cut(at(0.5625, 0.9)), crop(75.0, 0.0, 300.0, 300.0));
    // Fractions where the sides do not divide, so that nothing is squeezed.
    let wide = plan((1000, 1000), &RenditionSpec::cover(300, 200), false).crop;
    assert!((wide.width - 1000.0).abs() < 1e-9);
    assert!((wide.width / wide.height - 1.5).abs() < 1e-12);
}

#[test]
fn a_box_that_is_cut_lies_on_whole_pixels() {
    let spec = RenditionSpec::cover(401, 401);
    for shown in [(300, 201), (401, 402), (402, 401), (401, 401)] {
        let plan = plan(shown, &spec, false);
        assert!(plan.crop.as_cut(plan.target).is_some(), "{shown:?}: {plan:?}");
    }
}

#[test]
fn no_crop_leaves_the_picture() {
    let points = [(0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.333, 0.777)];
    for shown in [(1, 1), (1, 7), (13, 1), (333, 77), (16_384, 3)] {
        for (w, h) in [(1, 1), (1, 2048), (2048, 1), (400, 300), (7, 5)] {
            for (x, y) in points {
                for enlarge in [false, true] {
                    let fit = Fit::Cover(FocalPoint::new(x, y));
                    let plan = plan(shown, &RenditionSpec::cover(w, h).fit(fit), enlarge);
                    let c = plan.crop;
                    let case = format!("{shown:?} {w}x{h} at {x},{y}: {plan:?}");
                    assert!(c.left >= 0.0 && c.top >= 0.0, "{case}");
                    assert!(c.left + c.width <= f64::from(shown.0) + 1e-9, "{case}");
                    assert!(c.top + c.height <= f64::from(shown.1) + 1e-9, "{case}");
                    assert!(c.width >= 1.0 && c.height >= 1.0, "{case}");
                    assert!(!plan.target.is_empty(), "{case}");
                    if !enlarge {
                        assert!(c.reduction_to(plan.target) >= 1.0 - 1e-9, "{case}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_format_bounds_every_side() {
    let long = Size::new(40_000, 20);
    let spec = RenditionSpec::cover(0, 20);
    let plan = Plan::new(long, &spec, &rules(false), 16_383);
    assert_eq!(plan.target, Size::new(16_383, 8));
}

#[test]
fn a_crop_is_found_again_in_what_was_made_from_a_larger_one() {
    let whole = Crop::whole(Size::new(4000, 3000));
    let square = crop(500.0, 0.0, 3000.0, 3000.0);
    let half = Size::new(2000, 1500);
    assert_eq!(square.within(&whole, half), Some(crop(250.0, 0.0, 1500.0, 1500.0)));
    assert_eq!(whole.within(&square, half), None);
    assert_eq!(square.within(&square, Size::new(7, 7)), Some(crop(0.0, 0.0, 7.0, 7.0)));
}
