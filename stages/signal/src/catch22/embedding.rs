//! embedding_dist: how exponential the step lengths in a two-dimensional time-delay embedding are.
//!
//! tau = first lag with ACF <= 0, at most floor(n / 10). D_i = hypot(d_i, d_(i+tau)), i = 0..m, m =
//! n - tau - 1, l its mean.
//! v1: bins = max(Sturges ceil(log2 m + 1), Freedman-Diaconis ceil(range / (2 IQR m^(-1/3)))),
//! within 1..=m, Sturges alone if the Hazen IQR is below 1e-12 of the maximum; NaN if the range is.
//! Densities count / (m width).
//! v0: bins = ceil(range / (3.5 sd m^(-1/3))), no bins and the value 0 if sd < 0.001; probabilities
//! count / m. The feature is the mean over bins of | histogram - exp(-c / l) / l |, c the bin
//! centre.

use super::Definitions;
use super::autocorrelation::first_zero;
use super::histogram::Bins;
use super::lag_products::LagProducts;
use super::quantile::hazen_pair;
use super::spectrum::Transforms;
use super::standardise::{range, sum_of};

#[derive(Debug, Default)]
pub(super) struct StepLengths {
    lengths: Vec<f64>,
    counts: Vec<usize>,
}

impl StepLengths {
    pub(super) fn embedding_distance(
        &mut self,
        increments: &[f64],
        products: &mut LagProducts,
        definitions: Definitions,
        transforms: &mut Transforms,
        scratch: &mut Vec<f64>,
    ) -> f64 {
        let n = products.len();
        let delay = first_zero(products, n.min(n / 10), transforms);
        let Some(delayed) = increments.get(delay..).filter(|delayed| !delayed.is_empty()) else {
            return f64::NAN;
        };
        self.lengths.clear();
        self.lengths.extend(delayed.iter().zip(increments).map(|(b, a)| (a * a + b * b).sqrt()));
        let (low, high) = range(&self.lengths);
        let m = self.lengths.len() as f64;
        let mean = sum_of(&self.lengths, |length| length) / m;
        let bin_count = match definitions {
            Definitions::V1 if high - low <= 1e-12 * high => return f64::NAN,
            Definitions::V1 => self.bin_count(low, high, scratch),
            Definitions::V0 => {
                let sd = (sum_of(&self.lengths, |d| (d - mean) * (d - mean)) / (m - 1.0)).sqrt();
                if sd < 0.001 {
                    return 0.0;
                }
                ((high - low) / (3.5 * sd / m.cbrt())).ceil() as usize
            }
        };
        if bin_count == 0 {
            return f64::NAN;
        }
        let bins = Bins::new(definitions, low, high, bin_count);
        bins.fill(&self.lengths, &mut self.counts);
        let deviation = |(i, &count): (usize, &usize)| {
            let observed = match definitions {
                Definitions::V1 => count as f64 / (m * bins.width_of(i)),
                Definitions::V0 => count as f64 / m,
            };
            let exponential = ((-bins.centre(i) / mean).exp() / mean).max(0.0);
            (observed - exponential).abs()
        };
        self.counts.iter().enumerate().map(deviation).sum::<f64>() / self.counts.len() as f64
    }

    fn bin_count(&self, low: f64, high: f64, scratch: &mut Vec<f64>) -> usize {
        let m = self.lengths.len();
        let sturges = ((m as f64).log2() + 1.0).ceil();
        let [lower, upper] = hazen_pair(&self.lengths, [0.25, 0.75], scratch);
        let iqr = upper - lower;
        let bins = if iqr <= 1e-12 * high {
            sturges
        } else {
            sturges.max(((high - low) / (2.0 * iqr / (m as f64).cbrt())).ceil())
        };
        (bins as usize).clamp(1, m)
    }
}
