//! What a page shows before the picture is there: `ThumbHash` and the average colour.

/// Samples along the long side. A `ThumbHash` keeps seven waves at most, so more would be lost.
const SIDE: usize = 32;

/// The picture as a few samples, summed in integers.
pub(super) struct Thumbnail {
    width: usize,
    height: usize,
    /// The shape of the picture itself, of which the few samples keep little.
    picture: (usize, usize),
    cells: Vec<Cell>,
}

#[derive(Clone, Copy, Default)]
struct Cell {
    /// Sums of samples times alpha.
    color: [u32; 3],
    alpha: u32,
    count: u32,
}

impl Thumbnail {
    /// An empty thumbnail of a picture of `picture` pixels that is sampled in `columns` × `rows`.
    pub(super) fn new(picture: (usize, usize), columns: usize, rows: usize) -> Self {
        let long_side = columns.max(rows).max(1);
        let side = SIDE.min(long_side);
        let (width, height) =
            ((columns * side / long_side).max(1), (rows * side / long_side).max(1));
        Self { width, height, picture, cells: vec![Cell::default(); width * height] }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn height(&self) -> usize {
        self.height
    }

    /// Counts one sample (red, green, blue, straight alpha) into a cell.
    #[inline]
    pub(super) fn add(&mut self, column: usize, row: usize, [red, green, blue, alpha]: [u8; 4]) {
        let cell = &mut self.cells[row * self.width + column];
        let alpha = u32::from(alpha);
        cell.color[0] += u32::from(red) * alpha;
        cell.color[1] += u32::from(green) * alpha;
        cell.color[2] += u32::from(blue) * alpha;
        cell.alpha += alpha;
        cell.count += 1;
    }

    /// The `ThumbHash` of the picture, as described at <https://evanw.github.io/thumbhash/>:
    /// cosine transforms of lightness, yellow-blue, red-green and alpha, quantised.
    ///
    /// Written here because the crate of that name takes its cosines from the machine's C
    /// library, and the hash of a picture has to be the same on every machine.
    pub(super) fn thumb_hash(&self) -> Vec<u8> {
        let total_alpha: u64 = self.cells.iter().map(|cell| u64::from(cell.alpha)).sum();
        let full_alpha: u64 = self.cells.iter().map(|cell| 255 * u64::from(cell.count)).sum();
        let has_alpha = total_alpha < full_alpha;
        let average = self.average();

        let (mut lightness, mut yellow_blue, mut red_green, mut alphas) =
            (vec![], vec![], vec![], vec![]);
        for cell in &self.cells {
            let alpha = f64::from(cell.alpha) / f64::from((255 * cell.count).max(1));
            let mut color = average;
            if cell.alpha > 0 {
                for (value, (&sum, mean)) in color.iter_mut().zip(cell.color.iter().zip(average)) {
                    *value = mean * (1.0 - alpha)
                        + alpha * f64::from(sum) / (255.0 * f64::from(cell.alpha));
                }
            }
            let [red, green, blue] = color;
            lightness.push((red + green + blue) / 3.0);
            yellow_blue.push(f64::midpoint(red, green) - blue);
            red_green.push(red - green);
            alphas.push(alpha);
        }

        let (width, height) = self.picture;
        // Fewer waves of lightness where alpha needs room.
        let limit = if has_alpha { 5 } else { 7 };
        let waves = |side: usize| {
            let exact = (limit * side) as f64 / width.max(height).max(1) as f64;
            (libm::round(exact) as usize).max(1)
        };
        let (across, down) = (waves(width), waves(height));
        let l = self.transform(&lightness, across.max(3), down.max(3));
        let p = self.transform(&yellow_blue, 3, 3);
        let q = self.transform(&red_green, 3, 3);

        let is_landscape = width > height;
        let header = quantize(l.constant, 63.0)
            | quantize(0.5 + 0.5 * p.constant, 63.0) << 6
            | quantize(0.5 + 0.5 * q.constant, 63.0) << 12
            | quantize(l.scale, 31.0) << 18
            | u32::from(has_alpha) << 23;
        let shape = (if is_landscape { down } else { across }) as u32
            | quantize(p.scale, 63.0) << 3
            | quantize(q.scale, 63.0) << 9
            | u32::from(is_landscape) << 15;
        let mut hash = vec![
            header as u8,
            (header >> 8) as u8,
            (header >> 16) as u8,
            shape as u8,
            (shape >> 8) as u8,
        ];
        let mut waves = l.waves;
        waves.extend(p.waves);
        waves.extend(q.waves);
        if has_alpha {
            let a = self.transform(&alphas, 5, 5);
            hash.push((quantize(a.constant, 15.0) | quantize(a.scale, 15.0) << 4) as u8);
            waves.extend(a.waves);
        }
        for pair in waves.chunks(2) {
            let low = quantize(pair[0], 15.0);
            let high = pair.get(1).map_or(0, |&wave| quantize(wave, 15.0));
            hash.push((low | high << 4) as u8);
        }
        hash
    }

    /// The mean of the visible samples, as encoded values 0.0..=1.0.
    fn average(&self) -> [f64; 3] {
        let alpha: u64 = self.cells.iter().map(|cell| u64::from(cell.alpha)).sum();
        [0, 1, 2].map(|channel| {
            let sum: u64 = self.cells.iter().map(|cell| u64::from(cell.color[channel])).sum();
            sum as f64 / (255 * alpha.max(1)) as f64
        })
    }

    /// The low waves of the cosine transform (those in the triangle under `across` × `down`),
    /// scaled to 0..=1 by the largest of them.
    fn transform(&self, values: &[f64], across: usize, down: usize) -> Transformed {
        let (columns, rows) = (cosines(across, self.width), cosines(down, self.height));
        // Along the rows first: what a row has of a wave across serves all waves down.
        let along = |cosines: &Vec<f64>| -> Vec<f64> {
            let part = |row: &[f64]| {
                row.iter().zip(cosines).fold(0.0, |part, (value, cosine)| part + value * cosine)
            };
            values.chunks(self.width).map(part).collect()
        };
        let parts: Vec<Vec<f64>> = columns.iter().map(along).collect();
        let mut waves = vec![];
        for (wave_down, cosines) in rows.iter().enumerate() {
            for (wave_across, parts) in parts.iter().enumerate() {
                if wave_across * down >= across * (down - wave_down) {
                    break;
                }
                let sum =
                    parts.iter().zip(cosines).fold(0.0, |sum, (part, cosine)| sum + part * cosine);
                waves.push(sum / (self.width * self.height) as f64);
            }
        }
        let constant = if waves.is_empty() { 0.0 } else { waves.remove(0) };
        let scale = waves.iter().fold(0.0, |scale: f64, wave| scale.max(wave.abs()));
        // What is left of a flat channel is rounding noise: not worth scaling up.
        let factor = if scale > 1e-9 { 0.5 / scale } else { 0.0 };
        for wave in &mut waves {
            *wave = 0.5 + factor * *wave;
        }
        Transformed { constant, scale, waves }
    }
}

/// One transformed channel.
struct Transformed {
    constant: f64,
    scale: f64,
    /// All other waves, 0.0..=1.0 with 0.5 for none.
    waves: Vec<f64>,
}

/// For each of `waves` waves its values at the middles of `length` samples.
fn cosines(waves: usize, length: usize) -> Vec<Vec<f64>> {
    let value = |wave: usize, at: usize| {
        libm::cos(std::f64::consts::PI / length as f64 * wave as f64 * (at as f64 + 0.5))
    };
    (0..waves).map(|wave| (0..length).map(|at| value(wave, at)).collect()).collect()
}

/// A value of 0.0..=1.0 in `steps` steps.
fn quantize(value: f64, steps: f64) -> u32 {
    libm::round(value.clamp(0.0, 1.0) * steps) as u32
}
