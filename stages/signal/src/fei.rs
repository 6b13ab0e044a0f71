//! The functional ratio of excitation and inhibition: how the amplitude of an oscillation and its fluctuations go together.
//!
//! In windows of an amplitude envelope x, with the profile y_i = sum_(j <= i) (x_j - mean):
//!
//! W_amp = mean of x, W_nF = root mean square of what the least-squares line leaves of y / W_amp, fE/I = 1 - corr(W_amp, W_nF)
//!
//! Above 1 excitation prevails, below 1 inhibition; at 1 they are balanced. It is defined where the oscillation is near the critical
//! point, which its detrended fluctuations tell: their exponent must exceed a threshold.
//!
//! | parameter | default | unit | meaning | range |
//! |---|---|---|---|---|
//! | window | 5 | s | length of a window | at least 4 samples |
//! | overlap | 0.8 | | of neighbouring windows, as a part of them | 0 to below 1 |
//! | threshold | 0.6 | | the exponent ([`crate::dfa`]) must be greater | any; none: no exponent is asked for |
//!
//! Outliers among W_amp and among W_nF are found by themselves ([`crate::extreme_values`], alpha = 0.05, at most
//! 2.5 % of the windows, but two), and the windows of either are left out in `without_outliers`.
//!
//! [`Definition::Ncpi`] has the windows of ncpi ([`crate::dfa`]), studentises by the deviation of the population, and counts a window twice that
//! is an outlier in both.
//!
//! Reference: Bruining H et al. (2020) Sci Rep 10:9195, methods, "Functional excitatory/inhibitory ratio".

use crate::dfa::Definition;
use crate::extreme_values::{Deviation, outliers};
use crate::missing::missing;
use crate::profile::{Profile, mean};
use crate::rate::whole;

const ALPHA: f64 = 0.05;
/// Of the windows that may be outliers.
const LARGEST_PART: f64 = 0.025;
const FEWEST_SAMPLES: usize = 4;
/// A correlation of two pairs is 1 or -1 whatever they are.
const FEWEST_WINDOWS: usize = 3;

/// How the ratio is computed.
#[derive(Debug, Clone, PartialEq)]
pub struct FeiOptions {
    /// Length of a window.
    pub window_s: f64,
    /// Of neighbouring windows, as a part of them.
    pub overlap: f64,
    /// What the exponent of detrended fluctuations must exceed.
    pub threshold: Option<f64>,
    /// Whose numbers.
    pub definition: Definition,
}

impl Default for FeiOptions {
    fn default() -> Self {
        Self { window_s: 5.0, overlap: 0.8, threshold: Some(0.6), definition: Definition::default() }
    }
}

/// Why there is no such ratio.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum FeiError {
    #[error("rate_hz is {0} Hz; it must be a positive, finite rate")]
    Rate(f64),
    #[error("a window of {window_s} s has {samples} samples at {rate_hz} Hz; it must have at least {FEWEST_SAMPLES}")]
    Window { window_s: f64, rate_hz: f64, samples: f64 },
    #[error("an overlap of {0}; it must be at least 0 and below 1")]
    Overlap(f64),
}

/// Why a series has no ratio.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Undefined {
    #[error("{count} of {len} values are missing")]
    Missing { count: usize, len: usize },
    #[error("the value at index {index} is {value}; an envelope is never below 0")]
    Negative { index: usize, value: f64 },
    #[error("{len} values make {windows} windows of {window}; a correlation needs {FEWEST_WINDOWS}")]
    Short { len: usize, window: usize, windows: usize },
    #[error("the mean of a window is 0")]
    Silent,
    #[error("amplitudes or fluctuations are the same in all windows")]
    Constant,
    #[error("the exponent of its fluctuations is undefined")]
    NoExponent,
    #[error("the exponent of its fluctuations, {exponent:.3}, is not above {threshold}")]
    NotCritical { exponent: f64, threshold: f64 },
}

/// Amplitude and normalised fluctuation of the windows of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Windows {
    /// W_amp, in the unit of the series.
    pub amplitude: Vec<f64>,
    /// W_nF.
    pub fluctuation: Vec<f64>,
}

/// The ratio of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Fei {
    /// Of all windows.
    pub fei: f64,
    /// Of those that are no outliers.
    pub without_outliers: f64,
    /// How many are.
    pub outliers: usize,
    /// How many windows there were.
    pub windows: usize,
    /// Why the ratios are NaN, if they are.
    pub undefined: Option<Undefined>,
}

/// A computation at a sampling rate.
#[derive(Debug, Clone, PartialEq)]
pub struct FeiPlan {
    window: usize,
    step: usize,
    threshold: Option<f64>,
    definition: Definition,
}

impl FeiPlan {
    /// Lays out the windows.
    ///
    /// # Errors
    /// A window of fewer than four samples, or an overlap that is not from 0 to below 1.
    pub fn new(options: &FeiOptions, rate_hz: f64) -> Result<FeiPlan, FeiError> {
        let FeiOptions { window_s, overlap, threshold, definition } = *options;
        if !(rate_hz > 0.0 && rate_hz.is_finite()) {
            return Err(FeiError::Rate(rate_hz));
        }
        let samples = window_s * whole(rate_hz);
        let samples = match definition {
            Definition::Hardstone => (samples + 1e-6).floor(),
            Definition::Ncpi => samples.floor(),
        };
        if !(samples >= FEWEST_SAMPLES as f64 && samples < 1e15) {
            return Err(FeiError::Window { window_s, rate_hz, samples });
        }
        if !(0.0..1.0).contains(&overlap) {
            return Err(FeiError::Overlap(overlap));
        }
        let window = samples as usize;
        Ok(FeiPlan { window, step: definition.step(window, overlap), threshold, definition })
    }

    /// Whether [`FeiPlan::run`] asks for an exponent.
    pub fn needs_exponent(&self) -> bool {
        self.threshold.is_some()
    }

    /// The ratio of an envelope, whose detrended fluctuations have this exponent (NaN where undefined).
    pub fn run(&self, envelope: &[f64], exponent: f64) -> Fei {
        let len = envelope.len();
        let without = |why, windows| Fei {
            fei: f64::NAN,
            without_outliers: f64::NAN,
            outliers: 0,
            windows,
            undefined: Some(why),
        };
        if let Some(missing) = missing(envelope) {
            return without(Undefined::Missing { count: missing.count, len }, 0);
        }
        if let Some(index) = envelope.iter().position(|value| *value < 0.0) {
            return without(Undefined::Negative { index, value: envelope[index] }, 0);
        }
        let windows = self.windows(envelope);
        let count = windows.amplitude.len();
        if count < FEWEST_WINDOWS {
            return without(Undefined::Short { len, window: self.window, windows: count }, count);
        }
        if windows.amplitude.contains(&0.0) {
            return without(Undefined::Silent, count);
        }
        let all = vec![true; count];
        let fei = 1.0 - correlation(&windows, &all);
        if fei.is_nan() {
            return without(Undefined::Constant, count);
        }
        if let Some(threshold) = self.threshold {
            if exponent.is_nan() {
                return without(Undefined::NoExponent, count);
            }
            if exponent <= threshold {
                return without(Undefined::NotCritical { exponent, threshold }, count);
            }
        }
        let (kept, outliers) = self.kept(&windows);
        let without_outliers = if outliers == 0 { fei } else { 1.0 - correlation(&windows, &kept) };
        Fei { fei, without_outliers, outliers, windows: count, undefined: None }
    }

    /// Amplitude and fluctuation of each window.
    pub fn windows(&self, envelope: &[f64]) -> Windows {
        let profile = Profile::of(envelope);
        let mut windows = Windows { amplitude: Vec::new(), fluctuation: Vec::new() };
        for start in self.definition.starts(envelope.len(), self.window, self.step) {
            let window = start..start + self.window;
            let amplitude = mean(&envelope[window.clone()]);
            windows.amplitude.push(amplitude);
            let residual = (profile.squared_residuals(window) / self.window as f64).sqrt();
            windows.fluctuation.push(residual / amplitude);
        }
        windows
    }

    /// Which windows are no outliers, and how many are told to be.
    fn kept(&self, windows: &Windows) -> (Vec<bool>, usize) {
        let count = windows.amplitude.len();
        let most = ((LARGEST_PART * count as f64).round_ties_even() as usize).max(2);
        let deviation = match self.definition {
            Definition::Hardstone => Deviation::Sample,
            Definition::Ncpi => Deviation::Population,
        };
        let mut kept = vec![true; count];
        let mut told = 0;
        for values in [&windows.amplitude, &windows.fluctuation] {
            let found = outliers(values, most, ALPHA, deviation);
            told += found.len();
            found.into_iter().for_each(|i| kept[i] = false);
        }
        let outliers = match self.definition {
            Definition::Hardstone => kept.iter().filter(|kept| !**kept).count(),
            Definition::Ncpi => told,
        };
        (kept, outliers)
    }
}

/// Relative to their values, what deviations from the mean are made of if all are the same.
const ROUNDING: f64 = 1e-12;

/// NaN where either does not vary.
fn correlation(windows: &Windows, kept: &[bool]) -> f64 {
    let pick = |values: &[f64]| -> Vec<f64> {
        values.iter().zip(kept).filter(|(_, kept)| **kept).map(|(value, _)| *value).collect()
    };
    let centred = |mut values: Vec<f64>| {
        let mean = mean(&values);
        values.iter_mut().for_each(|value| *value -= mean);
        let square: f64 = values.iter().map(|value| value * value).sum();
        let varies = square.sqrt() > ROUNDING * mean.abs() * (values.len() as f64).sqrt();
        (values, if varies { square } else { f64::NAN })
    };
    let (amplitude, amplitude_square) = centred(pick(&windows.amplitude));
    let (fluctuation, fluctuation_square) = centred(pick(&windows.fluctuation));
    let product: f64 = amplitude.iter().zip(&fluctuation).map(|(a, b)| a * b).sum();
    product / (amplitude_square * fluctuation_square).sqrt()
}

#[cfg(test)]
mod tests;
