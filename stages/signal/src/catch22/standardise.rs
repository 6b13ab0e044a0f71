//! The z-scored series on which 22 of the 24 features act: y = (x - mean) / sd, sd with divisor n -
//! 1.
//!
//! The three sums here run in the order of the samples, as in the C code that defines the features:
//! whether a constant 0.1 has a spread, or a sample lies above the mean of y, is decided by their
//! rounding. Every other sum of this folder is free to be reordered.

/// What one pass over the raw series says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments {
    pub(super) mean: f64,
    /// Divisor n - 1: NaN for fewer than two samples.
    pub(super) sd: f64,
    pub(super) finite: bool,
    /// All samples equal the first.
    pub(super) constant: bool,
}

pub(super) fn moments(series: &[f64]) -> Moments {
    let first = series.first().copied().unwrap_or(f64::NAN);
    let mut sum = 0.0;
    let mut finite = true;
    let mut constant = true;
    for &x in series {
        sum += x;
        finite &= x.is_finite();
        constant &= x == first;
    }
    let n = series.len() as f64;
    let mean = sum / n;
    let sd = if series.len() < 2 {
        f64::NAN
    } else {
        (series.iter().fold(0.0, |squares, x| squares + (x - mean) * (x - mean)) / (n - 1.0)).sqrt()
    };
    Moments { mean, sd, finite, constant }
}

/// Samples that are z-scored together.
const PART: usize = 64;

/// The z-scored series and what several features need of it.
#[derive(Debug, Default)]
pub(super) struct Standardised {
    pub(super) values: Vec<f64>,
    /// Successive differences d_i = y_(i+1) - y_i.
    pub(super) increments: Vec<f64>,
    /// Mean of y: zero up to rounding.
    pub(super) mean: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Standardised {
    pub(super) fn load(&mut self, series: &[f64], moments: Moments) {
        let (mean, sd) = (moments.mean, moments.sd);
        self.values.resize(series.len(), 0.0);
        let mut sum = 0.0;
        // In parts: the sum of one waits for itself while the next is divided.
        for (values, series) in self.values.chunks_mut(PART).zip(series.chunks(PART)) {
            for (y, x) in values.iter_mut().zip(series) {
                *y = (x - mean) / sd;
            }
            sum = values.iter().fold(sum, |sum, y| sum + y);
        }
        self.mean = sum / self.values.len() as f64;
        self.increments.clear();
        self.increments.extend(self.values.array_windows().map(|[a, b]| b - a));
        (self.min, self.max) = range(&self.values);
    }
}

/// Smallest and largest value; (inf, -inf) of an empty slice.
pub(super) fn range(values: &[f64]) -> (f64, f64) {
    const LANES: usize = 8;
    let mut low = [f64::INFINITY; LANES];
    let mut high = [f64::NEG_INFINITY; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for ((low, high), &value) in low.iter_mut().zip(&mut high).zip(chunk) {
            *low = if value < *low { value } else { *low };
            *high = if value > *high { value } else { *high };
        }
    }
    let low = low.iter().chain(rest).copied().fold(f64::INFINITY, f64::min);
    let high = high.iter().chain(rest).copied().fold(f64::NEG_INFINITY, f64::max);
    (low, high)
}

/// Sum in a fixed order that vectorises: eight interleaved partial sums, then the rest.
pub(super) fn sum_of(values: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    const LANES: usize = 8;
    let mut partial = [0.0; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        for (sum, &value) in partial.iter_mut().zip(chunk) {
            *sum += term(value);
        }
    }
    partial.iter().sum::<f64>() + rest.iter().map(|&value| term(value)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_edge_cases() {
        assert!(moments(&[]).mean.is_nan());
        let one = moments(&[3.0]);
        assert_eq!(one.mean, 3.0);
        assert!(one.sd.is_nan() && one.constant);
        assert!(!moments(&[1.0, f64::NAN]).finite);
        assert!(!moments(&[1.0, f64::INFINITY]).finite);
        let two = moments(&[1.0, 3.0]);
        assert_eq!((two.mean, two.sd, two.constant), (2.0, 2.0_f64.sqrt(), false));
    }

    #[test]
    fn ranges_and_sums_cover_the_remainder() {
        let values: Vec<f64> = (0..21).map(|i| f64::from((i * 8) % 21)).collect();
        assert_eq!(range(&values), (0.0, 20.0));
        assert_eq!(sum_of(&values, |v| v), 210.0);
    }
}
