//! ami2 and ami_timescale: automutual information from a histogram and from the linear correlation.
//!
//! ami2: lag 2, five equal bins over y, sum p ln(p / (p_i p_j)) of the joint counts of (y_i,
//! y_(i+2)); v1 uses the edges of the histogram modes and subtracts the bias (M_xy - M_x - M_y + 1)
//! / (2 (n - 2)), M counting nonempty bins; v0 has edges lo - 0.1 + i (hi - lo + 0.2) / 5 and no
//! correction.
//!
//! ami_timescale: a_k = -ln(1 - r_k^2) / 2 with the Pearson correlation r_k of (y_0..y_(n-k-1),
//! y_k..y_(n-1)), each part with its own mean, k = 1..T, T = min(40, ceil(n / 2)); the first strict
//! interior minimum. v1 returns its lag, v0 one less; T if there is none. v1 bounds 1 - r^2 from
//! below by 1e-12.

use super::Definitions;
use super::histogram::Bins;
use super::lag_products::LagProducts;
use super::spectrum::Transforms;
use super::standardise::Standardised;

const LAG: usize = 2;
const BINS: usize = 5;

/// NaN for fewer than three samples.
pub(super) fn histogram_information(series: &Standardised, definitions: Definitions, labels: &mut Vec<u8>) -> f64 {
    let n = series.values.len();
    if n <= LAG {
        return f64::NAN;
    }
    label(series, definitions, labels);
    let mut joint = [[0_u32; BINS]; BINS];
    for (&earlier, &later) in labels.iter().zip(&labels[LAG..]) {
        joint[usize::from(earlier).min(BINS - 1)][usize::from(later).min(BINS - 1)] += 1;
    }
    let total = (n - LAG) as f64;
    let rows = joint.map(|row| row.iter().sum::<u32>());
    let columns: [u32; BINS] = std::array::from_fn(|j| joint.iter().map(|row| row[j]).sum());
    let mut information = 0.0;
    for (row, &of_row) in joint.iter().zip(&rows) {
        for (&count, &of_column) in row.iter().zip(&columns).filter(|(count, _)| **count > 0) {
            let p = f64::from(count) / total;
            let independent = (f64::from(of_row) / total) * (f64::from(of_column) / total);
            information += p * (p / independent).ln();
        }
    }
    let nonempty = |counts: &[u32]| counts.iter().filter(|count| **count > 0).count() as f64;
    match definitions {
        Definitions::V1 => {
            let excess = nonempty(joint.as_flattened()) - nonempty(&rows) - nonempty(&columns) + 1.0;
            information - excess / (2.0 * total)
        }
        Definitions::V0 => information,
    }
}

/// Bin of every sample: the number of inner edges at or below it.
fn label(series: &Standardised, definitions: Definitions, labels: &mut Vec<u8>) {
    let inner: [f64; BINS - 1] = match definitions {
        Definitions::V1 => {
            let bins = Bins::new(definitions, series.min, series.max, BINS);
            std::array::from_fn(|i| if i + 1 < bins.count { bins.edge(i + 1) } else { f64::INFINITY })
        }
        Definitions::V0 => {
            let step = (series.max - series.min + 0.2) / BINS as f64;
            std::array::from_fn(|i| series.min + step * (i + 1) as f64 - 0.1)
        }
    };
    labels.clear();
    labels.extend(series.values.iter().map(|&y| inner.iter().map(|&edge| u8::from(y >= edge)).sum::<u8>()));
}

/// Lag of the first minimum of the Gaussian automutual information.
pub(super) fn gaussian_timescale(
    series: &Standardised,
    products: &mut LagProducts,
    definitions: Definitions,
    transforms: &mut Transforms,
) -> f64 {
    let n = series.values.len();
    let last = n.div_ceil(2).min(40);
    if last < 3 {
        return last as f64;
    }
    let mut parts = Parts::whole(&series.values, series.mean);
    let mut information = [0.0; 41];
    for lag in 1..=last {
        parts.shorten(&series.values, series.mean, lag);
        let r = parts.correlation(products.at(lag, transforms));
        let unexplained = match definitions {
            Definitions::V1 => (1.0 - r * r).max(1e-12),
            Definitions::V0 => 1.0 - r * r,
        };
        information[lag] = -0.5 * unexplained.ln();
        let middle = lag - 1;
        if middle >= 2 && information[middle] < information[middle - 1] && information[middle] < information[lag] {
            return match definitions {
                Definitions::V1 => middle as f64,
                Definitions::V0 => middle as f64 - 1.0,
            };
        }
    }
    last as f64
}

/// Sums over the early part (0..n-k) and the late part (k..n) of the centred series.
struct Parts {
    len: f64,
    early_sum: f64,
    early_squares: f64,
    late_sum: f64,
    late_squares: f64,
}

impl Parts {
    fn whole(values: &[f64], mean: f64) -> Parts {
        let sum = super::standardise::sum_of(values, |y| y - mean);
        let squares = super::standardise::sum_of(values, |y| (y - mean) * (y - mean));
        Parts { len: values.len() as f64, early_sum: sum, early_squares: squares, late_sum: sum, late_squares: squares }
    }

    /// From lag - 1 to lag: the early part loses its last sample, the late part its first.
    fn shorten(&mut self, values: &[f64], mean: f64, lag: usize) {
        let leaving_early = values[values.len() - lag] - mean;
        let leaving_late = values[lag - 1] - mean;
        self.len -= 1.0;
        self.early_sum -= leaving_early;
        self.early_squares -= leaving_early * leaving_early;
        self.late_sum -= leaving_late;
        self.late_squares -= leaving_late * leaving_late;
    }

    fn correlation(&self, product: f64) -> f64 {
        let covariance = product - self.early_sum * self.late_sum / self.len;
        let early = self.early_squares - self.early_sum * self.early_sum / self.len;
        let late = self.late_squares - self.late_sum * self.late_sum / self.len;
        covariance / (early * late).sqrt()
    }
}
