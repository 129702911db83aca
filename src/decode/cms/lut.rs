//! Profiles that are look-up tables: CMYK, and some RGB ones.
//!
//! ICC.1:2022 sections 10.10 (`lut16Type`), 10.11 (`lut8Type`) and 10.12 (`lutAToBType`). A profile
//! is evaluated once at the nodes of a grid, in `f64`; pixels are interpolated in that grid with
//! plain `f32` steps. So the answer is the same bit for bit on every machine.

use moxcms::{
    DataColorSpace, LutDataType, LutMultidimensionalType, LutStore, LutType, LutWarehouse,
};

use super::curve::{Curve, Tabulated};
use super::matrix::{self, Matrix};
use super::srgb;

/// Grids coarser than this are refined, because nodes are joined in coded sRGB, which bends
/// otherwise than the profile's own connection space.
const fn finest_step(channels: usize) -> usize {
    if channels >= 4 { 8 } else { 16 }
}

/// N device channels to sRGB through a grid.
pub(in crate::decode) struct Clut<const N: usize> {
    /// From samples to positions in the grid.
    inputs: [Tabulated; N],
    last: [usize; N],
    strides: [usize; N],
    /// Coded sRGB, 0..=255.
    nodes: Vec<[f32; 3]>,
}

impl<const N: usize> Clut<N> {
    /// The device-to-sRGB grid of an A2B table, or why there is none.
    pub(super) fn new(
        table: &LutWarehouse,
        space: DataColorSpace,
        sixteen_bits: bool,
    ) -> Result<Self, &'static str> {
        let stages = match table {
            LutWarehouse::Lut(lut) => Stages::from_lut(lut, space),
            LutWarehouse::Multidimensional(lut) => Stages::from_mab(lut, space),
        }?;
        if stages.inputs.len() != N {
            return Err("its table has another number of channels");
        }
        let to_srgb = matrix::d50_to_srgb().ok_or("no matrix to sRGB")?;
        let last: [usize; N] = std::array::from_fn(|axis| {
            let steps = stages.grid.last[axis].max(1);
            steps * finest_step(N).div_ceil(steps)
        });
        let mut strides = [1; N];
        let mut count = 1_usize;
        for axis in (0..N).rev() {
            strides[axis] = count;
            count = count.saturating_mul(last[axis] + 1);
        }
        if count > MAX_NODES {
            return Err("its table is too large");
        }
        let nodes = (0..count)
            .map(|index| {
                let at = std::array::from_fn::<f64, N, _>(|axis| {
                    (index / strides[axis] % (last[axis] + 1)) as f64 / last[axis] as f64
                });
                stages.srgb(&at, &to_srgb)
            })
            .collect();
        let inputs = std::array::from_fn(|axis| {
            let curve = &stages.inputs[axis];
            Tabulated::new(sixteen_bits, |x| curve.at(x) * last[axis] as f64)
        });
        Ok(Self { inputs, last, strides, nodes })
    }

    #[inline]
    pub(super) fn at8(&self, device: [u8; N]) -> [u8; 3] {
        self.at(std::array::from_fn(|axis| self.inputs[axis].at8(device[axis])))
    }

    #[inline]
    pub(super) fn at16(&self, device: [u16; N]) -> [u8; 3] {
        self.at(std::array::from_fn(|axis| self.inputs[axis].at16(device[axis])))
    }

    /// Interpolates in the simplex that the fractions select: N + 1 nodes along the path from the
    /// low corner of the cell to the high one, largest fraction first. Greys stay on one edge.
    #[inline]
    fn at(&self, position: [f32; N]) -> [u8; 3] {
        let mut node = 0;
        let mut steps: [(f32, usize); N] = std::array::from_fn(|axis| {
            let cell = (position[axis] as usize).min(self.last[axis].saturating_sub(1));
            node += cell * self.strides[axis];
            (position[axis] - cell as f32, self.strides[axis])
        });
        for i in 1..N {
            let mut j = i;
            while j > 0 && steps[j - 1].0 < steps[j].0 {
                steps.swap(j - 1, j);
                j -= 1;
            }
        }
        let mut mixed = [0.0_f32; 3];
        let mut before = 1.0_f32;
        for (fraction, stride) in steps {
            add(&mut mixed, self.nodes[node], before - fraction);
            before = fraction;
            node += stride;
        }
        add(&mut mixed, self.nodes[node], before);
        // Half up; `as` clips below 0 and above 255.
        mixed.map(|v| (v + 0.5) as u8)
    }
}

#[inline]
fn add(to: &mut [f32; 3], node: [f32; 3], weight: f32) {
    for (to, v) in to.iter_mut().zip(node) {
        *to += v * weight;
    }
}

/// 33 nodes on each of four axes.
const MAX_NODES: usize = 33 * 33 * 33 * 33;

/// Bytes that the grid of a profile of `profile` bytes takes at most.
pub(super) fn memory_needed(profile: u64) -> u64 {
    // A node of 12 bytes comes from 3 bytes or more of the profile. A refined grid has less than
    // twice finest_step steps on each axis.
    let refined = [4_u32, 3].map(|n| 12 * (2 * finest_step(n as usize) as u64).pow(n));
    profile.saturating_mul(4).saturating_add(refined[0].max(refined[1]))
}

/// The multi-dimensional table of a profile.
struct Grid<'a> {
    last: Vec<usize>,
    strides: Vec<usize>,
    store: Option<&'a LutStore>,
}

impl<'a> Grid<'a> {
    fn new(points: &[u8], store: &'a LutStore) -> Result<Self, &'static str> {
        let mut strides = vec![0; points.len()];
        let mut count = 3_usize;
        for (stride, points) in strides.iter_mut().zip(points).rev() {
            *stride = count;
            count = count.saturating_mul(usize::from(*points));
        }
        let stored = match store {
            LutStore::Store8(v) => v.len(),
            LutStore::Store16(v) => v.len(),
        };
        if count == 0 || stored < count {
            return Err("its table is cut short");
        }
        let last = points.iter().map(|p| usize::from(*p) - 1).collect();
        Ok(Self { last, strides, store: Some(store) })
    }

    fn node(&self, at: usize) -> [f64; 3] {
        std::array::from_fn(|channel| match self.store {
            Some(LutStore::Store8(v)) => v.get(at + channel).map_or(0.0, |v| f64::from(*v) / 255.0),
            Some(LutStore::Store16(v)) => {
                v.get(at + channel).map_or(0.0, |v| f64::from(*v) / 65_535.0)
            }
            None => 0.0,
        })
    }

    /// The same simplex interpolation as above, on the profile's own values.
    fn at(&self, position: &[f64]) -> [f64; 3] {
        if self.store.is_none() {
            return [position[0], position[1], position[2]];
        }
        let mut node = 0;
        let mut steps: Vec<(f64, usize)> = Vec::with_capacity(4);
        for ((x, last), stride) in position.iter().zip(&self.last).zip(&self.strides) {
            let x = x * *last as f64;
            let cell = (x as usize).min(last.saturating_sub(1));
            node += cell * stride;
            steps.push((x - cell as f64, if *last == 0 { 0 } else { *stride }));
        }
        steps.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut mixed = [0.0; 3];
        let mut before = 1.0;
        let mut mix = |at: usize, weight: f64| {
            for (to, v) in mixed.iter_mut().zip(self.node(at)) {
                *to += v * weight;
            }
        };
        for (fraction, stride) in steps {
            mix(node, before - fraction);
            before = fraction;
            node += stride;
        }
        mix(node, before);
        mixed
    }
}

/// How the last values of a table are to be read.
#[derive(Clone, Copy)]
enum Connection {
    Xyz,
    /// The encoding of ICC version 4, and of 8-bit tables.
    Lab,
    /// The 16-bit encoding of ICC version 2, where 100 and 127 + 255/256 are 0xFF00.
    LegacyLab,
}

/// One A2B table, stage by stage.
struct Stages<'a> {
    inputs: Vec<Curve>,
    grid: Grid<'a>,
    middle: Vec<Curve>,
    matrix: Option<(Matrix, [f64; 3])>,
    outputs: Vec<Curve>,
    connection: Connection,
}

impl<'a> Stages<'a> {
    fn from_lut(lut: &'a LutDataType, space: DataColorSpace) -> Result<Self, &'static str> {
        if lut.num_output_channels != 3 || !(3..=4).contains(&lut.num_input_channels) {
            return Err("its table has another number of channels");
        }
        let inputs = tables(&lut.input_table, usize::from(lut.num_input_channels))?;
        let points = vec![lut.num_clut_grid_points; inputs.len()];
        let connection = match (space, lut.lut_type) {
            (DataColorSpace::Xyz, _) => Connection::Xyz,
            (DataColorSpace::Lab, LutType::Lut16) => Connection::LegacyLab,
            (DataColorSpace::Lab, _) => Connection::Lab,
            _ => return Err("its connection space is neither XYZ nor Lab"),
        };
        Ok(Self {
            inputs,
            grid: Grid::new(&points, &lut.clut_table)?,
            middle: Vec::new(),
            // Used for XYZ input alone (ICC.1:2022 section 10.10).
            matrix: None,
            outputs: tables(&lut.output_table, 3)?,
            connection,
        })
    }

    fn from_mab(
        lut: &'a LutMultidimensionalType,
        space: DataColorSpace,
    ) -> Result<Self, &'static str> {
        let channels = usize::from(lut.num_input_channels);
        if lut.num_output_channels != 3 || !(3..=4).contains(&channels) {
            return Err("its table has another number of channels");
        }
        let connection = match space {
            DataColorSpace::Xyz => Connection::Xyz,
            DataColorSpace::Lab => Connection::Lab,
            _ => return Err("its connection space is neither XYZ nor Lab"),
        };
        let curves = |icc: &[moxcms::ToneReprCurve], count: usize| match icc.len() {
            0 => Ok(vec![Curve::Linear; count]),
            n if n == count => Ok(icc.iter().map(Curve::from_icc).collect()),
            _ => Err("its curves do not fit its channels"),
        };
        let grid = match &lut.clut {
            Some(store) => {
                let points = lut.grid_points.get(..channels).ok_or("its table is cut short")?;
                Grid::new(points, store)?
            }
            None if channels == 3 => Grid { last: vec![1; 3], strides: vec![0; 3], store: None },
            None => return Err("its table is missing"),
        };
        Ok(Self {
            inputs: curves(&lut.a_curves, channels)?,
            grid,
            middle: curves(&lut.m_curves, 3)?,
            matrix: Some((lut.matrix.v, lut.bias.v)),
            outputs: curves(&lut.b_curves, 3)?,
            connection,
        })
    }

    /// Coded sRGB, 0..=255, of a position in the grid.
    fn srgb(&self, position: &[f64], to_srgb: &Matrix) -> [f32; 3] {
        let mut v = self.grid.at(position);
        for (v, curve) in v.iter_mut().zip(&self.middle) {
            *v = curve.at(*v);
        }
        if let Some((m, bias)) = &self.matrix {
            let turned = matrix::apply(m, v);
            v = std::array::from_fn(|i| turned[i] + bias[i]);
        }
        for (v, curve) in v.iter_mut().zip(&self.outputs) {
            *v = curve.at(*v);
        }
        let xyz = match self.connection {
            // ICC.1:2022 table 11: 1.0 is coded as 0x8000.
            Connection::Xyz => v.map(|v| v * (1.0 + 32_767.0 / 32_768.0)),
            Connection::Lab => {
                lab_to_xyz([v[0] * 100.0, v[1] * 255.0 - 128.0, v[2] * 255.0 - 128.0])
            }
            Connection::LegacyLab => lab_to_xyz([
                v[0] * 65_535.0 / 652.8,
                v[1] * 65_535.0 / 256.0 - 128.0,
                v[2] * 65_535.0 / 256.0 - 128.0,
            ]),
        };
        matrix::apply(to_srgb, xyz)
            .map(|light| (srgb::encode(light.clamp(0.0, 1.0)) * 255.0) as f32)
    }
}

fn tables(store: &LutStore, channels: usize) -> Result<Vec<Curve>, &'static str> {
    let values: Vec<f64> = match store {
        LutStore::Store8(v) => v.iter().map(|v| f64::from(*v) / 255.0).collect(),
        LutStore::Store16(v) => v.iter().map(|v| f64::from(*v) / 65_535.0).collect(),
    };
    let entries = values.len() / channels.max(1);
    if entries < 2 {
        return Err("its curves are cut short");
    }
    Ok(values.chunks_exact(entries).take(channels).map(|t| Curve::Table(t.to_vec())).collect())
}

/// CIE 15: L*a*b* to XYZ under D50.
pub(super) fn lab_to_xyz([l, a, b]: [f64; 3]) -> [f64; 3] {
    let fy = (l + 16.0) / 116.0;
    let f = [fy + a / 500.0, fy, fy - b / 200.0];
    std::array::from_fn(|i| {
        let t = f[i];
        let ratio = if t > 6.0 / 29.0 { t * t * t } else { (t - 16.0 / 116.0) * 108.0 / 841.0 };
        ratio * matrix::D50[i]
    })
}
