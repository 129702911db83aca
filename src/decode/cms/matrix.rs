//! 3×3 matrices over tristimulus values.

/// Rows of a 3×3 matrix.
pub(super) type Matrix = [[f64; 3]; 3];

/// The PCS illuminant D50 (ICC.1:2022 section 7.2.16).
pub(super) const D50: [f64; 3] = [0.9642, 1.0, 0.8249];

/// The sRGB primaries (IEC 61966-2-1) and the white D65 as xy pairs: red, green, blue, white.
pub(super) const SRGB_CHROMATICITIES: [[f64; 2]; 4] =
    [[0.64, 0.33], [0.30, 0.60], [0.15, 0.06], [0.3127, 0.3290]];

pub(super) fn multiply(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
}

pub(super) fn apply(m: &Matrix, v: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|i| m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2])
}

/// The inverse, or `None` for a matrix that has none worth using.
pub(super) fn inverse(m: &Matrix) -> Option<Matrix> {
    let minor = |r: usize, c: usize| {
        let (r1, r2, c1, c2) = ((r + 1) % 3, (r + 2) % 3, (c + 1) % 3, (c + 2) % 3);
        m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]
    };
    let determinant = m[0][0] * minor(0, 0) + m[0][1] * minor(0, 1) + m[0][2] * minor(0, 2);
    if !determinant.is_finite() || determinant.abs() < 1e-9 {
        return None;
    }
    Some(std::array::from_fn(|i| std::array::from_fn(|j| minor(j, i) / determinant)))
}

fn xyz_of(xy: [f64; 2]) -> Option<[f64; 3]> {
    let [x, y] = xy;
    (y > 1e-6 && x.is_finite() && y.is_finite()).then(|| [x / y, 1.0, (1.0 - x - y) / y])
}

/// Linear RGB with these primaries and white to XYZ under D50, adapted with Bradford
/// (ICC.1:2022 annex E). Chromaticities as red, green, blue, white.
pub(super) fn rgb_to_d50(chromaticities: &[[f64; 2]; 4]) -> Option<Matrix> {
    const BRADFORD: Matrix =
        [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]];
    let [r, g, b, white] = chromaticities;
    let (r, g, b, white) = (xyz_of(*r)?, xyz_of(*g)?, xyz_of(*b)?, xyz_of(*white)?);
    let columns: Matrix = std::array::from_fn(|i| [r[i], g[i], b[i]]);
    let scale = apply(&inverse(&columns)?, white);
    let to_xyz: Matrix = std::array::from_fn(|i| std::array::from_fn(|j| columns[i][j] * scale[j]));
    let (from, to) = (apply(&BRADFORD, white), apply(&BRADFORD, D50));
    if from.iter().any(|c| c.abs() < 1e-6) {
        return None;
    }
    let cones: Matrix =
        std::array::from_fn(|i| std::array::from_fn(|j| BRADFORD[i][j] * to[i] / from[i]));
    Some(multiply(&multiply(&inverse(&BRADFORD)?, &cones), &to_xyz))
}

/// XYZ under D50 to linear sRGB.
pub(super) fn d50_to_srgb() -> Option<Matrix> {
    inverse(&rgb_to_d50(&SRGB_CHROMATICITIES)?)
}
