//! Weighted k-means over histogram bins, and what is wrong with its clusters put right: same
//! colours are merged, mixes at edges and dust dissolved.

use palette::Oklab;

use super::oklab::distance_squared;
use super::sample::Mass;

/// A weighted mean in the making. In f64 and always in the order of the bins, so that it comes
/// out the same everywhere.
#[derive(Clone, Copy, Default)]
pub(super) struct Sum {
    l: f64,
    a: f64,
    b: f64,
    weight: f64,
}

impl Sum {
    #[inline]
    pub(super) fn add(&mut self, color: Oklab, weight: f32) {
        let weight = f64::from(weight);
        self.l += f64::from(color.l) * weight;
        self.a += f64::from(color.a) * weight;
        self.b += f64::from(color.b) * weight;
        self.weight += weight;
    }

    /// `None` of nothing.
    pub(super) fn mean(&self) -> Option<Oklab> {
        let mean = |sum: f64| (sum / self.weight) as f32;
        (self.weight > 0.0).then(|| Oklab::new(mean(self.l), mean(self.a), mean(self.b)))
    }
}

/// Which centre each bin belongs to.
pub(super) struct Assignment {
    pub(super) labels: Vec<u8>,
}

impl Assignment {
    pub(super) fn new(bins: &[Mass]) -> Self {
        Self { labels: vec![0; bins.len()] }
    }

    /// Gives each bin to the nearest centre; of equally near ones to the first.
    fn assign(&mut self, bins: &[Mass], centers: &[Oklab]) {
        // Eight bins against one centre at a time, which the compiler turns into vectors.
        const LANES: usize = 8;
        for (bins, labels) in bins.chunks(LANES).zip(self.labels.chunks_mut(LANES)) {
            let (mut l, mut a, mut b) = ([0_f32; LANES], [0_f32; LANES], [0_f32; LANES]);
            for (lane, bin) in bins.iter().enumerate() {
                (l[lane], a[lane], b[lane]) = (bin.color.l, bin.color.a, bin.color.b);
            }
            let (mut closest, mut nearest) = ([f32::MAX; LANES], [0_u32; LANES]);
            for (index, center) in (0_u32..).zip(centers) {
                for lane in 0..LANES {
                    let (dl, da, db) = (l[lane] - center.l, a[lane] - center.a, b[lane] - center.b);
                    let distance = dl * dl + da * da + db * db;
                    let closer = distance < closest[lane];
                    nearest[lane] = if closer { index } else { nearest[lane] };
                    closest[lane] = if closer { distance } else { closest[lane] };
                }
            }
            for (label, nearest) in labels.iter_mut().zip(nearest) {
                *label = nearest as u8;
            }
        }
    }

    /// Lloyd's algorithm: assigns and recentres until nothing moves or `rounds` are over. A centre
    /// without bins stays where it is.
    pub(super) fn refine(&mut self, bins: &[Mass], centers: &mut [Oklab], rounds: usize) {
        const CONVERGED: f32 = 1e-7;
        for _ in 0..rounds {
            self.assign(bins, centers);
            let mut sums = vec![Sum::default(); centers.len()];
            for (bin, &label) in bins.iter().zip(&self.labels) {
                sums[usize::from(label)].add(bin.color, bin.weight);
            }
            let mut moved = 0_f32;
            for (center, sum) in centers.iter_mut().zip(&sums) {
                if let Some(mean) = sum.mean() {
                    moved = moved.max(distance_squared(*center, mean));
                    *center = mean;
                }
            }
            if moved < CONVERGED {
                break;
            }
        }
        self.assign(bins, centers);
    }

    /// The clusters with all that belongs to them.
    pub(super) fn clusters(&self, bins: &[Mass], centers: &[Oklab]) -> Vec<Mass> {
        let empty = |&color: &Oklab| Mass { color, weight: 0.0, area: 0.0, middle: 0.0, flat: 0.0 };
        let mut clusters: Vec<Mass> = centers.iter().map(empty).collect();
        for (bin, &label) in bins.iter().zip(&self.labels) {
            clusters[usize::from(label)].take(bin);
        }
        clusters
    }

    /// The colour that a cluster has where it is densest: the mean of its bins near the centre,
    /// which is then the centre again, a few times over. Mixes and noise at the rim of a cluster
    /// shift its mean, but not this.
    pub(super) fn trimmed_center(&self, bins: &[Mass], label: usize, center: Oklab) -> Oklab {
        const ROUNDS: usize = 3;
        const SMALLEST_RADIUS: f32 = 0.035;
        const SPREADS: f32 = 1.2;
        let own = || {
            bins.iter()
                .zip(&self.labels)
                .filter(|(_, own)| usize::from(**own) == label)
                .map(|(bin, _)| bin)
        };
        let (mut squares, mut weight) = (0.0_f64, 0.0_f64);
        for bin in own() {
            squares += f64::from(distance_squared(bin.color, center)) * f64::from(bin.weight);
            weight += f64::from(bin.weight);
        }
        if weight <= 0.0 {
            return center;
        }
        let radius = (SPREADS * (squares / weight).sqrt() as f32).max(SMALLEST_RADIUS);
        let mut center = center;
        for _ in 0..ROUNDS {
            let mut sum = Sum::default();
            for bin in own().filter(|bin| distance_squared(bin.color, center) <= radius * radius) {
                sum.add(bin.color, bin.weight);
            }
            center = sum.mean().unwrap_or(center);
        }
        center
    }
}

/// Climbs from `start` to where the picture's colours are densest: the mean of all that is near,
/// the nearer the more, over and over (mean shift; Fukunaga and Hostetler, 1975). It depends on
/// no border between clusters, so that another encoding of the same picture ends at the same place.
///
/// `None` when the way leads to one of the places that are `known`.
pub(super) fn densest(bins: &[Mass], start: Oklab, known: &[Oklab]) -> Option<Oklab> {
    const RADIUS: f32 = 0.1;
    // Where the colours are almost evenly dense the climb is slow; ending it early would leave an
    // answer that hangs on where it began.
    const ROUNDS: usize = 32;
    const CONVERGED: f32 = 1e-7;
    // A mean lies short of the place it leads to; going farther gets there in half the rounds.
    const STRIDE: f32 = 1.6;
    const SAME_PLACE: f32 = 0.01;
    let mut center = start;
    for _ in 0..ROUNDS {
        if known.iter().any(|&place| distance_squared(place, center) < SAME_PLACE * SAME_PLACE) {
            return None;
        }
        let mut sum = Sum::default();
        for bin in bins {
            let closeness = 1.0 - distance_squared(bin.color, center) / (RADIUS * RADIUS);
            if closeness > 0.0 {
                sum.add(bin.color, bin.weight * closeness * closeness);
            }
        }
        let Some(mean) = sum.mean() else { break };
        let moved = distance_squared(mean, center);
        let stretched = |from: f32, to: f32| from + STRIDE * (to - from);
        center = Oklab::new(
            stretched(center.l, mean.l),
            stretched(center.a, mean.a),
            stretched(center.b, mean.b),
        );
        if moved < CONVERGED {
            break;
        }
    }
    Some(center)
}

impl Mass {
    /// Adds the masses of `other` and leaves the colour.
    fn take(&mut self, other: &Self) {
        self.weight += other.weight;
        self.area += other.area;
        self.middle += other.middle;
        self.flat += other.flat;
    }

    /// Both in one, with the weighted mean of the colours.
    fn merged(&self, other: &Self) -> Self {
        let mut sum = Sum::default();
        sum.add(self.color, self.weight);
        sum.add(other.color, other.weight);
        let mut merged = *self;
        merged.take(other);
        merged.color = sum.mean().unwrap_or(self.color);
        merged
    }
}

/// Merges clusters until no two are nearer than `near` and at most `most` are left, those first
/// whose union costs least (Ward, 1963).
pub(super) fn agglomerate(mut clusters: Vec<Mass>, most: usize, near: f32) -> Vec<Mass> {
    loop {
        let (mut nearest, mut cheapest) = ((0, 0, f32::MAX), (0, 0, f32::MAX));
        for (j, b) in clusters.iter().enumerate() {
            for (i, a) in clusters[..j].iter().enumerate() {
                let distance = distance_squared(a.color, b.color);
                let cost =
                    distance * a.weight * b.weight / (a.weight + b.weight).max(f32::MIN_POSITIVE);
                if distance < nearest.2 {
                    nearest = (i, j, distance);
                }
                if cost < cheapest.2 {
                    cheapest = (i, j, cost);
                }
            }
        }
        let (i, j) = if nearest.2 < near * near {
            (nearest.0, nearest.1)
        } else if clusters.len() > most.max(1) {
            (cheapest.0, cheapest.1)
        } else {
            return clusters;
        };
        clusters[i] = clusters[i].merged(&clusters[j]);
        clusters.remove(j);
    }
}

/// Removes clusters that nobody painted, the smallest first: dust, and mixes along edges.
pub(super) fn dissolve(clusters: &mut Vec<Mass>, dust: f32) {
    while clusters.len() > 1 {
        let needless =
            (0..clusters.len()).filter(|&i| clusters[i].area < dust || is_mix(clusters, i));
        let smallest = needless
            .reduce(|best, i| if clusters[i].area < clusters[best].area { i } else { best });
        match smallest {
            Some(i) => clusters.remove(i),
            None => break,
        };
    }
}

/// True for a small cluster, mostly of edge pixels, with a colour that two larger ones make where
/// they meet.
fn is_mix(clusters: &[Mass], index: usize) -> bool {
    const LARGEST_AREA: f32 = 0.08;
    const LARGEST_FLAT_PART: f32 = 0.6;
    let cluster = clusters[index];
    if cluster.area > LARGEST_AREA || cluster.flat > LARGEST_FLAT_PART * cluster.area {
        return false;
    }
    let larger = |i: usize| i != index && clusters[i].area >= cluster.area;
    (0..clusters.len()).filter(|&j| larger(j)).any(|j| {
        (0..j)
            .filter(|&i| larger(i))
            .any(|i| is_between(cluster.color, clusters[i].color, clusters[j].color))
    })
}

/// True when `color` can come about along an edge of the other two.
fn is_between(color: Oklab, from: Oklab, to: Oklab) -> bool {
    const ALONG: std::ops::RangeInclusive<f32> = 0.06..=0.94;
    const BESIDE: f32 = 0.05;
    const BEYOND: f32 = 0.08;
    const SHORTEST: f32 = 0.01;
    const LEAST_CHROMA: f32 = 0.06;

    let (l, a, b) = (to.l - from.l, to.a - from.a, to.b - from.b);
    let (dl, da, db) = (color.l - from.l, color.a - from.a, color.b - from.b);
    let squared = |l: f32, a: f32, b: f32| l * l + a * a + b * b;

    // Anti-aliasing mixes lie on the straight line.
    let length = squared(l, a, b);
    if length < SHORTEST * SHORTEST {
        return false;
    }
    let along = (dl * l + da * a + db * b) / length;
    let beside = squared(dl - along * l, da - along * a, db - along * b);
    if ALONG.contains(&along) && beside < BESIDE * BESIDE {
        return true;
    }

    // JPEG blurs chroma and keeps lightness sharp: chroma on its line, lightness anywhere between
    // the two, or a little beyond where the decoder had to clip.
    let length = squared(0.0, a, b);
    if length < LEAST_CHROMA * LEAST_CHROMA {
        return false;
    }
    let along = (da * a + db * b) / length;
    let beside = squared(0.0, da - along * a, db - along * b);
    let lightness = from.l.min(to.l) - BEYOND..from.l.max(to.l) + BEYOND;
    ALONG.contains(&along) && beside < BESIDE * BESIDE && lightness.contains(&color.l)
}
