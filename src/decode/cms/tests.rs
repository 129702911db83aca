#![allow(clippy::unwrap_used, clippy::expect_used)]

use moxcms::{ColorProfile, DataColorSpace};

use super::*;

fn transform(profile: &ColorProfile, model: ColorModel) -> Plan {
    Transform::from_icc(&profile.encode().unwrap(), model, true).unwrap()
}

#[test]
fn srgb_needs_nothing() {
    assert!(transform(&ColorProfile::new_srgb(), ColorModel::Rgb).is_none());
    assert!(Transform::from_gamma(45_455, None, false).unwrap().is_none());
    let srgb = Some(matrix::SRGB_CHROMATICITIES);
    assert!(Transform::from_gamma(45_455, srgb, false).unwrap().is_none());
    assert!(Transform::from_cicp([1, 13, 0, 1], false).unwrap().is_none());
}

#[test]
fn display_p3_agrees_with_the_published_matrix() {
    let p3 = transform(&ColorProfile::new_display_p3(), ColorModel::Rgb).unwrap();
    // By the matrices of CSS Color 4 section 17.2 color(display-p3 0.2 0.8 0.4) has -0.10, 0.628 and
    // 0.0978 of sRGB's light; the greys are the same.
    assert_eq!(p3.rgb8([128; 3]), [128; 3]);
    let [r, g, b] = p3.rgb8([51, 204, 102]);
    assert!(r == 0 && g.abs_diff(208) <= 1 && b.abs_diff(88) <= 1, "{r} {g} {b}");
    assert_eq!(p3.rgb16([51 * 257, 204 * 257, 102 * 257]), [r, g, b]);
    // The same primaries by code points.
    let cicp = Transform::from_cicp([12, 13, 0, 1], false).unwrap().unwrap();
    assert_eq!(cicp.rgb8([51, 204, 102]), [r, g, b]);
}

#[test]
fn a_gamma_of_one_is_light_itself() {
    let linear = Transform::from_gamma(100_000, None, true).unwrap().unwrap();
    // 0.5 of the light is 188 in sRGB.
    assert_eq!(linear.rgb8([128; 3])[0], 188);
    assert_eq!(linear.rgb16([0x8000; 3])[0], 188);
    // Dark values keep their 16 bits: 1/1000 of the light is 12.92/1000.
    assert_eq!(linear.rgb16([66; 3])[0], 3);
}

#[test]
fn profiles_of_another_kind_are_refused() {
    let srgb = ColorProfile::new_srgb().encode().unwrap();
    assert!(Transform::from_icc(&srgb, ColorModel::Grey, false).is_err());
    assert!(Transform::from_icc(&srgb, ColorModel::Cmyk, false).is_err());
    assert!(Transform::from_icc(b"no profile", ColorModel::Rgb, false).is_err());
}

#[test]
fn grey_profiles_are_one_curve() {
    let grey = ColorProfile::new_gray_with_gamma(1.0);
    assert_eq!(grey.color_space, DataColorSpace::Gray);
    let plan = transform(&grey, ColorModel::Grey).unwrap();
    assert_eq!(plan.rgb8([128; 3]), [188; 3]);
}

#[test]
fn inks_without_a_profile() {
    assert_eq!(naive_cmyk([0; 4]), [255; 3]);
    assert_eq!(naive_cmyk([0, 0, 0, 255]), [0; 3]);
    assert_eq!(naive_cmyk([255, 0, 0, 0]), [0, 255, 255]);
    assert_eq!(naive_cmyk([128, 0, 0, 128]), [63, 127, 127]);
}

#[test]
fn sixteen_bits_round_to_nearest() {
    for v in 0..=u16::MAX {
        let exact = f64::from(v) * 255.0 / 65_535.0;
        assert!((f64::from(to_eight_bits(v)) - exact).abs() <= 0.501, "{v}");
    }
}

/// A `lut16Type` profile of CMYK over Lab whose lightness is what the inks leave over.
fn cmyk_profile(grid: u8) -> Vec<u8> {
    let mut table = b"mft2\0\0\0\0".to_vec();
    table.extend([4, 3, grid, 0]);
    for value in [1, 0, 0, 0, 1, 0, 0, 0, 1_u32] {
        table.extend((value << 16).to_be_bytes());
    }
    table.extend([0, 2, 0, 2]);
    let ramp = [0_u16, 65_535];
    (0..4).for_each(|_| ramp.iter().for_each(|v| table.extend(v.to_be_bytes())));
    let points = usize::from(grid);
    for node in 0..points.pow(4) {
        let ink = |axis: u32| (node / points.pow(3 - axis) % points) as f64 / (points - 1) as f64;
        let left = (1.0 - ink(3)) * (1.0 - (ink(0) + ink(1) + ink(2)) / 3.0);
        table.extend(((left * 65_280.0) as u16).to_be_bytes());
        table.extend([0x80, 0, 0x80, 0]);
    }
    (0..3).for_each(|_| ramp.iter().for_each(|v| table.extend(v.to_be_bytes())));

    let mut icc = vec![0; 128];
    let length = (128 + 4 + 12 + table.len()) as u32;
    icc[..4].copy_from_slice(&length.to_be_bytes());
    icc[8..12].copy_from_slice(&[2, 0x40, 0, 0]);
    icc[12..24].copy_from_slice(b"prtrCMYKLab ");
    icc[36..40].copy_from_slice(b"acsp");
    icc[64..68].copy_from_slice(&1_u32.to_be_bytes());
    for (at, value) in [(68, 0xF6D6_u32), (72, 0x1_0000), (76, 0xD32D)] {
        icc[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
    icc.extend(1_u32.to_be_bytes());
    icc.extend(b"A2B0");
    icc.extend(144_u32.to_be_bytes());
    icc.extend((table.len() as u32).to_be_bytes());
    icc.extend(table);
    icc
}

#[test]
fn cmyk_tables_are_evaluated_at_their_nodes_and_between() {
    for grid in [2, 5, 9] {
        let icc = cmyk_profile(grid);
        let plan = Transform::from_icc(&icc, ColorModel::Cmyk, false).expect("usable").unwrap();
        assert_eq!(plan.cmyk8([0; 4]), [255; 3]);
        assert_eq!(plan.cmyk8([0, 0, 0, 255]), [0; 3]);
        // Black alone is linear in L*: half of it is L* 49.8, which is 118 or 119 in sRGB.
        let [r, g, b] = plan.cmyk8([0, 0, 0, 128]);
        assert!(r.abs_diff(118) <= 1 && r.abs_diff(g) <= 1 && r.abs_diff(b) <= 1, "{r} {g} {b}");
        assert!(Transform::from_icc(&icc[..icc.len() - 4], ColorModel::Cmyk, false).is_err());
    }
}
