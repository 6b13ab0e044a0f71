//! Detrended fluctuation analysis: how fast the fluctuations of a series grow with the length of windows.
//!
//! The profile is y_i = sum_(j <= i) (x_j - mean). In each window of w samples the least-squares line is taken off, which
//! leaves the mean squared residual F_v^2. The fluctuation at w is the mean of F_v over the windows, and the exponent alpha is the slope
//! of the least-squares line through log10 F over log10 w in the fit interval: 0.5 without correlations, from 0.5 to 1 with
//! long-range temporal correlations, 1.5 for Brownian motion.
//!
//! | parameter | default | unit | meaning | range |
//! |---|---|---|---|---|
//! | fit interval | by band, [`default_fit_s`] | s | windows that the line is fitted to | within 0.1 to 1000 |
//! | computed interval | the fit interval | s | windows that fluctuations are computed of | holds the fit interval |
//! | overlap | 0.5 | | of neighbouring windows, as a part of them | 0 to below 1 |
//!
//! Window sizes are floor(10^(-1 + k / 20) rate), k = 0 .. 80, each once. As this rounds down, the size just below the fit interval belongs to it
//! if it is within 1 % and nearer to its beginning than the next one. Windows begin every floor(w (1 - overlap)) samples, and
//! the last one may end with the series.
//!
//! [`Definition::Ncpi`] gives the numbers of ncpi 1.0 (and crosci, whose code it is): a window that would end exactly with the series is left
//! out, and the products that are rounded down are those of floating point (5 s at 100 Hz and an overlap of 0.8 begin every 99 samples).
//!
//! References: Hardstone R et al. (2012) Front Physiol 3:450, section 3; Peng C-K et al. (1994) Phys Rev E 49:1685.

use std::ops::Range;

use crate::missing::missing;
use crate::profile::Profile;
use crate::rate::whole;

/// Window sizes per decade.
const PER_DECADE: f64 = 20.0;
/// The grid of windows, in s.
pub const WINDOWS_S: [f64; 2] = [0.1, 1000.0];
/// A line leaves nothing of fewer samples, or next to nothing.
const FEWEST_SAMPLES: usize = 4;
/// Points that a slope is fitted to, at least.
const FEWEST_SIZES: usize = 3;
/// The part of the fit interval's beginning that a size may lie below it.
const NEAR: f64 = 0.01;

/// Lower edges in Hz of bands, and from which window on their fluctuations are those of the amplitude: shorter ones are governed by
/// the filter. From 4 Hz on edges are 15 steps to 150 Hz, equal on a logarithmic scale.
const LOWER_FITS_S: [f64; 16] =
    [5.0, 5.0, 5.0, 3.981, 3.162, 2.238, 1.412, 1.122, 0.794, 0.562, 0.398, 0.281, 0.141, 0.1, 0.1, 0.1];
const UPPER_FIT_S: f64 = 30.0;

/// The 16 bands of the table, in Hz: 1 to 4 Hz, and 15 from 4 to 150 Hz, equal on a logarithmic scale.
pub fn bands_hz() -> [[f64; 2]; 16] {
    let edge = |i: usize| 4.0 * 37.5_f64.powf(i as f64 / 15.0);
    std::array::from_fn(|i| match i {
        0 => [1.0, 4.0],
        _ => [edge(i - 1), edge(i)],
    })
}

/// The fit interval of the band that a frequency lies in, which is the lower edge of what is analysed: of bands that
/// are none of the table, this takes the later beginning.
pub fn default_fit_s(lower_edge_hz: f64) -> [f64; 2] {
    // Edges that were written down have few digits.
    let above = |band: &[f64; 2]| lower_edge_hz >= band[0] * (1.0 - 1e-2);
    let number = bands_hz().iter().rposition(above).unwrap_or(0);
    [LOWER_FITS_S[number], UPPER_FIT_S]
}

/// Whose numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Definition {
    /// As published.
    #[default]
    Hardstone,
    /// Those of ncpi.
    Ncpi,
}

impl Definition {
    /// Samples from one window to the next.
    pub(crate) fn step(self, size: usize, overlap: f64) -> usize {
        let step = size as f64 * (1.0 - overlap);
        let step = match self {
            Definition::Hardstone => (step + 1e-6).floor(),
            Definition::Ncpi => step.floor(),
        };
        (step as usize).max(1)
    }

    /// Beginnings of windows.
    pub(crate) fn starts(self, len: usize, size: usize, step: usize) -> std::iter::StepBy<Range<usize>> {
        let end = match self {
            Definition::Hardstone => (len + 1).saturating_sub(size),
            Definition::Ncpi => len.saturating_sub(size),
        };
        (0..end).step_by(step)
    }
}

/// What is analysed how.
#[derive(Debug, Clone, PartialEq)]
pub struct Dfa {
    /// Windows that the line is fitted to.
    pub fit_s: [f64; 2],
    /// Windows that fluctuations are computed of; `None` for those of the fit.
    pub computed_s: Option<[f64; 2]>,
    /// Of neighbouring windows, as a part of them.
    pub overlap: f64,
    /// Whose numbers.
    pub definition: Definition,
}

impl Dfa {
    /// Half-overlapping windows, as published.
    pub fn new(fit_s: [f64; 2]) -> Dfa {
        Dfa { fit_s, computed_s: None, overlap: 0.5, definition: Definition::default() }
    }
}

/// Why there is no such analysis.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum DfaError {
    #[error("rate_hz is {0} Hz; it must be a positive, finite rate")]
    Rate(f64),
    #[error(
        "an interval from {} to {} s; it must rise and lie within {} to {} s", .0[0], .0[1], WINDOWS_S[0], WINDOWS_S[1]
    )]
    Interval([f64; 2]),
    #[error(
        "the fit interval from {} to {} s does not lie within the computed one from {} to {} s",
        fit_s[0], fit_s[1], computed_s[0], computed_s[1]
    )]
    FitNotComputed { fit_s: [f64; 2], computed_s: [f64; 2] },
    #[error("an overlap of {0}; it must be at least 0 and below 1")]
    Overlap(f64),
    #[error(
        "{sizes} window sizes lie in the fit interval from {} to {} s at {rate_hz} Hz (20 per decade, of at least \
         {FEWEST_SAMPLES} samples); a line needs {FEWEST_SIZES}", fit_s[0], fit_s[1]
    )]
    FewSizes { fit_s: [f64; 2], rate_hz: f64, sizes: usize },
}

/// Why a series has no exponent.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Undefined {
    #[error("{count} of {len} values are missing")]
    Missing { count: usize, len: usize },
    #[error("{len} values are fewer than the longest window of the fit, {window}")]
    Short { len: usize, window: usize },
    #[error("it does not fluctuate")]
    Constant,
}

/// The fluctuation in windows of one size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fluctuation {
    /// Samples of a window.
    pub size: usize,
    /// How many there were.
    pub windows: usize,
    /// Mean root mean squared residual, in the unit of the series.
    pub fluctuation: f64,
    /// Whether the line was fitted to it.
    pub in_fit: bool,
}

/// The slope of a series' fluctuations.
#[derive(Debug, Clone, PartialEq)]
pub struct Scaling {
    /// alpha.
    pub exponent: f64,
    /// log10 F at windows of one sample.
    pub intercept: f64,
    /// Of the line, the squared correlation.
    pub r_squared: f64,
    /// Of the windows that fit into the series, shortest first.
    pub fluctuations: Vec<Fluctuation>,
    /// Why the numbers above are NaN, if they are.
    pub undefined: Option<Undefined>,
}

/// An analysis at a sampling rate.
#[derive(Debug, Clone, PartialEq)]
pub struct DfaPlan {
    sizes: Vec<usize>,
    fitted: Range<usize>,
    overlap: f64,
    definition: Definition,
}

impl DfaPlan {
    /// Lays out the windows.
    ///
    /// # Errors
    /// Intervals or an overlap that make no sense, or leave too few window sizes to fit a line to.
    pub fn new(dfa: &Dfa, rate_hz: f64) -> Result<DfaPlan, DfaError> {
        if !(rate_hz > 0.0 && rate_hz.is_finite()) {
            return Err(DfaError::Rate(rate_hz));
        }
        let rate_hz = whole(rate_hz);
        let computed_s = dfa.computed_s.unwrap_or(dfa.fit_s);
        for interval in [dfa.fit_s, computed_s] {
            if !(WINDOWS_S[0] <= interval[0] && interval[0] < interval[1] && interval[1] <= WINDOWS_S[1]) {
                return Err(DfaError::Interval(interval));
            }
        }
        if dfa.fit_s[0] < computed_s[0] || dfa.fit_s[1] > computed_s[1] {
            return Err(DfaError::FitNotComputed { fit_s: dfa.fit_s, computed_s });
        }
        if !(0.0..1.0).contains(&dfa.overlap) {
            return Err(DfaError::Overlap(dfa.overlap));
        }
        let mut sizes: Vec<usize> =
            (0..=80).map(|k| (10_f64.powf(f64::from(k) / PER_DECADE - 1.0) * rate_hz).floor() as usize).collect();
        sizes.retain(|size| *size >= FEWEST_SAMPLES);
        sizes.dedup();
        let in_fit = fitted(&sizes, dfa.fit_s, rate_hz);
        let computed = |size: &usize| (computed_s[0] * rate_hz..=computed_s[1] * rate_hz).contains(&(*size as f64));
        let first = sizes.iter().position(computed).unwrap_or(in_fit.start).min(in_fit.start);
        let end = sizes.iter().rposition(computed).map_or(in_fit.end, |last| last + 1).max(in_fit.end);
        if in_fit.len() < FEWEST_SIZES {
            return Err(DfaError::FewSizes { fit_s: dfa.fit_s, rate_hz, sizes: in_fit.len() });
        }
        let fitted = in_fit.start - first..in_fit.end - first;
        Ok(DfaPlan { sizes: sizes[first..end].to_vec(), fitted, overlap: dfa.overlap, definition: dfa.definition })
    }

    /// Samples of the longest window that the line is fitted to.
    pub fn longest_in_fit(&self) -> usize {
        self.sizes[..self.fitted.end].last().copied().unwrap_or(0)
    }

    /// Analyses a series.
    pub fn run(&self, series: &[f64]) -> Scaling {
        let undefined = |why, fluctuations| Scaling {
            exponent: f64::NAN,
            intercept: f64::NAN,
            r_squared: f64::NAN,
            fluctuations,
            undefined: Some(why),
        };
        let len = series.len();
        if let Some(missing) = missing(series) {
            return undefined(Undefined::Missing { count: missing.count, len }, Vec::new());
        }
        let fluctuations = self.fluctuations(series);
        let fitted: Vec<_> = fluctuations.iter().filter(|point| point.in_fit).copied().collect();
        if fitted.len() < self.fitted.len() {
            return undefined(Undefined::Short { len, window: self.longest_in_fit() }, fluctuations);
        }
        // What a constant leaves is rounding.
        let largest = series.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
        if fitted.iter().any(|point| point.fluctuation <= largest * ROUNDING) {
            return undefined(Undefined::Constant, fluctuations);
        }
        let x: Vec<f64> = fitted.iter().map(|point| (point.size as f64).log10()).collect();
        let y: Vec<f64> = fitted.iter().map(|point| point.fluctuation.log10()).collect();
        let (exponent, intercept, r_squared) = line(&x, &y);
        Scaling { exponent, intercept, r_squared, fluctuations, undefined: None }
    }

    fn fluctuations(&self, series: &[f64]) -> Vec<Fluctuation> {
        let profile = Profile::of(series);
        let at = |(number, &size): (usize, &usize)| {
            let step = self.definition.step(size, self.overlap);
            let (mut windows, mut sum) = (0, 0.0);
            for start in self.definition.starts(series.len(), size, step) {
                sum += (profile.squared_residuals(start..start + size) / size as f64).sqrt();
                windows += 1;
            }
            let fluctuation = sum / windows as f64;
            let in_fit = self.fitted.contains(&number);
            (windows > 0).then_some(Fluctuation { size, windows, fluctuation, in_fit })
        };
        self.sizes.iter().enumerate().filter_map(at).collect()
    }
}

/// Relative to the largest value of a series, what its fluctuations are made of if it is constant.
const ROUNDING: f64 = 1e-12;

/// The sizes of the fit interval.
fn fitted(sizes: &[usize], [from_s, to_s]: [f64; 2], rate_hz: f64) -> Range<usize> {
    let (from, to) = (from_s * rate_hz, to_s * rate_hz);
    let mut first = sizes.partition_point(|size| (*size as f64) < from);
    if let Some(before) = first.checked_sub(1).map(|i| sizes[i] as f64) {
        let next = sizes.get(first).map_or(f64::INFINITY, |size| *size as f64);
        if from - before <= NEAR * from && from - before < next - from {
            first -= 1;
        }
    }
    first..sizes.partition_point(|size| *size as f64 <= to).max(first)
}

/// Slope, intercept and squared correlation of the least-squares line.
fn line(x: &[f64], y: &[f64]) -> (f64, f64, f64) {
    let n = x.len() as f64;
    let (x_mean, y_mean) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let product = |a: &[f64], a_mean: f64, b: &[f64], b_mean: f64| -> f64 {
        a.iter().zip(b).map(|(a, b)| (a - a_mean) * (b - b_mean)).sum()
    };
    let (xx, xy, yy) = (product(x, x_mean, x, x_mean), product(x, x_mean, y, y_mean), product(y, y_mean, y, y_mean));
    let slope = xy / xx;
    (slope, y_mean - slope * x_mean, if yy == 0.0 { 1.0 } else { xy * xy / (xx * yy) })
}

#[cfg(test)]
mod tests;
