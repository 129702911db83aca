//! Where the search for clusters begins.

use kmeans_colors::Calculate;
use palette::Oklab;
use rand::Rng;

use super::oklab::distance_squared;
use super::sample::Mass;

/// How the first centres of the clusters are found. Both ways give the same answer every time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Clustering {
    /// Each next centre is the colour that the centres so far serve worst, by area and distance.
    #[default]
    Greedy,
    /// k-means++ of the crate `kmeans_colors` with three fixed seeds, the tightest of which wins.
    PlusPlus,
}

impl Clustering {
    /// At most `count` centres.
    pub(super) fn centers(self, bins: &[Mass], count: usize) -> Vec<Oklab> {
        match self {
            Self::Greedy => greedy(bins, count),
            Self::PlusPlus => plus_plus(bins, count),
        }
    }
}

fn greedy(bins: &[Mass], count: usize) -> Vec<Oklab> {
    // Below this everything has a centre at its own place.
    const NOTHING_LEFT: f32 = 1e-9;
    let mut centers = Vec::with_capacity(count);
    let mut distances = vec![f32::MAX; bins.len()];
    // The heaviest bin begins; of equals the first.
    let mut next =
        bins.iter().reduce(|best, bin| if bin.weight > best.weight { bin } else { best });
    while let Some(bin) = next {
        let center = bin.color;
        centers.push(center);
        if centers.len() == count {
            break;
        }
        let mut worst = NOTHING_LEFT;
        next = None;
        for (bin, distance) in bins.iter().zip(&mut distances) {
            *distance = distance.min(distance_squared(bin.color, center));
            let cost = *distance * bin.weight;
            if cost > worst {
                worst = cost;
                next = Some(bin);
            }
        }
    }
    centers
}

fn plus_plus(bins: &[Mass], count: usize) -> Vec<Oklab> {
    const SEEDS: std::ops::Range<u64> = 0..3;
    const ITERATIONS: usize = 10;
    const CONVERGED: f32 = 1e-7;
    if bins.is_empty() {
        return Vec::new();
    }
    let points: Vec<Point> =
        bins.iter().map(|bin| Point { color: bin.color, weight: bin.weight }).collect();
    let runs = SEEDS.map(|seed| {
        let run = kmeans_colors::get_kmeans(count, ITERATIONS, CONVERGED, false, &points, seed);
        // The crate's score tells how far the centres moved last, not how tight the clusters are.
        let inertia: f64 = points
            .iter()
            .zip(&run.indices)
            .map(|(point, &index)| {
                f64::from(Point::difference(point, &run.centroids[usize::from(index)]))
            })
            .sum();
        (inertia, run.centroids)
    });
    let best = runs.reduce(|best, run| if run.0 < best.0 { run } else { best });
    best.map(|(_, centroids)| centroids.iter().map(|center| center.color).collect())
        .unwrap_or_default()
}

/// A weighted colour for `kmeans_colors`, which itself knows neither weights nor Oklab.
#[derive(Clone, Copy)]
struct Point {
    color: Oklab,
    weight: f32,
}

impl Calculate for Point {
    fn get_closest_centroid(points: &[Self], centroids: &[Self], indices: &mut Vec<u8>) {
        for point in points {
            let (mut nearest, mut closest) = (0, f32::MAX);
            for (index, centroid) in (0_u8..).zip(centroids) {
                let distance = distance_squared(point.color, centroid.color);
                if distance < closest {
                    closest = distance;
                    nearest = index;
                }
            }
            indices.push(nearest);
        }
    }

    fn recalculate_centroids(
        _: &mut impl Rng,
        points: &[Self],
        centroids: &mut [Self],
        indices: &[u8],
    ) {
        let mut sums = vec![super::cluster::Sum::default(); centroids.len()];
        for (point, &index) in points.iter().zip(indices) {
            sums[usize::from(index)].add(point.color, point.weight);
        }
        for (centroid, sum) in centroids.iter_mut().zip(&sums) {
            // A centre that lost all its points stays where it is; the crate's own types would
            // become a random colour.
            if let Some(mean) = sum.mean() {
                centroid.color = mean;
            }
        }
    }

    fn check_loop(centroids: &[Self], old_centroids: &[Self]) -> f32 {
        let moved = centroids
            .iter()
            .zip(old_centroids)
            .map(|(new, old)| distance_squared(new.color, old.color));
        moved.fold(0.0, f32::max)
    }

    /// Never called: only an emptied cluster would need it.
    fn create_random(_: &mut impl Rng) -> Self {
        Self { color: Oklab::new(0.5, 0.0, 0.0), weight: 0.0 }
    }

    fn difference(point: &Self, center: &Self) -> f32 {
        distance_squared(point.color, center.color) * point.weight
    }
}
