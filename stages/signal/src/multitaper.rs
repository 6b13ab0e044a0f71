//! Power spectra by Thomson's multitaper method: the weighted mean of spectra under orthogonal tapers.
//!
//! With tapers v_k of unit energy ([`crate::dpss`]) and x without its mean or line,
//! S_k(f) = |sum_i x_i v_k(i) exp(-2 pi j f i / f_s)|^2 / f_s and S(f) = sum_k w_k(f) S_k(f) / sum_k w_k(f):
//!
//! | weights | w_k(f) | |
//! |---|---|---|
//! | uniform | 1 | |
//! | eigenvalue | lambda_k | the concentration of the taper |
//! | adaptive | b_k(f)^2 lambda_k, b_k = S / (lambda_k S + (1 - lambda_k) s^2 / f_s) | s^2 the variance of x; S as it comes out, from the first two tapers on |
//!
//! S is two-sided here; the result is one-sided, all bins but 0 and f_s / 2 are doubled.
//!
//! | setting | default | unit | meaning | range |
//! |---|---|---|---|---|
//! | bandwidth 2 W | 8 f_s / n | Hz | full width over which power is smoothed | more than 0, below f_s; N W = bandwidth n / (2 f_s) at least 0.5 |
//! | tapers K | those of concentration above 0.9 | | at most so many | 1 to 2 N W |
//!
//! Adaptive weights need three tapers; with fewer, eigenvalue weights take their place ([`Tapered::weights`]
//! tells). [`Definition::Mne`] gives the numbers of `mne.time_frequency.psd_array_multitaper`: its tapers are those of
//! n + 1 samples without the last one (so that their energy is a little below 1), and its adaptive weights compare a
//! one-sided S with a two-sided variance, so that leakage counts half of what it is.
//!
//! A series without samples has no spectrum; a constant has none beside 0 where its mean is taken away. A value that
//! is not finite makes all of it NaN.
//!
//! Reference: Thomson DJ (1982) Proc IEEE 70:1055, equations 5.1-5.4; Percival DB, Walden AT (1993) Spectral
//! Analysis for Physical Applications, equations 333, 368a and 370a.

use crate::dpss::{DpssError, dpss};
use crate::power_spectrum::{Detrend, PowerSpectrum, Transform, detrend, frequencies_hz};

/// How spectra under the tapers become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs, reason = "the table above says what they are")]
pub enum Weights {
    #[default]
    Adaptive,
    Eigenvalue,
    Uniform,
}

/// Whose multitaper spectrum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Definition {
    /// As in the references.
    #[default]
    Thomson,
    /// MNE-Python's.
    Mne,
}

/// How a spectrum is estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Multitaper {
    /// Full bandwidth 2 W; `None` for 8 f_s / n.
    pub bandwidth_hz: Option<f64>,
    /// At most so many tapers; `None` for all that are concentrated enough.
    pub tapers: Option<usize>,
    /// Of the tapers.
    pub weights: Weights,
    /// Length of the transform in samples, at least that of the series; `None` for the series' own.
    pub transform: Option<usize>,
    /// What the series loses before.
    pub detrend: Detrend,
    /// Whose.
    pub definition: Definition,
}

impl Default for Multitaper {
    fn default() -> Self {
        Self {
            bandwidth_hz: None,
            tapers: None,
            weights: Weights::default(),
            transform: None,
            detrend: Detrend::Mean,
            definition: Definition::default(),
        }
    }
}

/// Why no spectrum was estimated.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum MultitaperError {
    #[error("rate_hz is {0} Hz; it must be a positive, finite rate")]
    Rate(f64),
    #[error("the series is empty; a spectrum needs at least one sample")]
    Empty,
    #[error(
        "a bandwidth of {bandwidth_hz} Hz is too small for {samples} samples at {rate_hz} Hz; it must be at least {least_hz} Hz"
    )]
    Narrow { bandwidth_hz: f64, samples: usize, rate_hz: f64, least_hz: f64 },
    #[error("a bandwidth of {bandwidth_hz} Hz is all that a sampling rate of {rate_hz} Hz has; it must be below it")]
    Wide { bandwidth_hz: f64, rate_hz: f64 },
    #[error("tapers is 0; it must be at least 1")]
    Tapers,
    #[error("transform is {transform} samples; it must be at least the series' {samples}")]
    Transform { transform: usize, samples: usize },
    #[error(transparent)]
    Dpss(#[from] DpssError),
}

/// Power spectrum of `series`, sampled at `rate_hz`: floor(N / 2) + 1 bins from 0 Hz.
///
/// # Errors
/// An empty series, a rate that is not positive and finite, a bandwidth that the length does not allow.
pub fn multitaper(series: &[f64], rate_hz: f64, method: &Multitaper) -> Result<PowerSpectrum, MultitaperError> {
    Tapered::new(method, series.len(), rate_hz)?.spectrum(series)
}

/// Tapers, transform and buffers for series of one length and rate: what many spectra have in common.
pub struct Tapered {
    method: Multitaper,
    rate_hz: f64,
    samples: usize,
    tapers: Vec<Vec<f64>>,
    concentrations: Vec<f64>,
    len: usize,
    transform: Transform,
}

/// Tapers that are less concentrated are left out.
const LEAST_CONCENTRATION: f64 = 0.9;
/// Adaptive weights tell leakage from power by how tapers differ.
const FEWEST_ADAPTIVE: usize = 3;

impl Tapered {
    /// For series of `samples` values at `rate_hz`.
    ///
    /// # Errors
    /// As [`multitaper`].
    pub fn new(method: &Multitaper, samples: usize, rate_hz: f64) -> Result<Tapered, MultitaperError> {
        if !(rate_hz.is_finite() && rate_hz > 0.0) {
            return Err(MultitaperError::Rate(rate_hz));
        }
        if samples == 0 {
            return Err(MultitaperError::Empty);
        }
        if method.tapers == Some(0) {
            return Err(MultitaperError::Tapers);
        }
        if let Some(transform) = method.transform.filter(|transform| *transform < samples) {
            return Err(MultitaperError::Transform { transform, samples });
        }
        let (tapers, concentrations) = chosen(method, samples, rate_hz)?;
        let len = method.transform.unwrap_or(samples);
        Ok(Tapered { method: *method, rate_hz, samples, tapers, concentrations, len, transform: Transform::new(len) })
    }

    /// The length of the series that these are for.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// How many tapers there are.
    pub fn tapers(&self) -> usize {
        self.tapers.len()
    }

    /// The weights that are used: adaptive ones need three tapers.
    pub fn weights(&self) -> Weights {
        match self.method.weights {
            Weights::Adaptive if self.tapers.len() < FEWEST_ADAPTIVE => Weights::Eigenvalue,
            weights => weights,
        }
    }

    /// Of a series of this length.
    ///
    /// # Errors
    /// A series of another length is given a spectrum by [`multitaper`], which may refuse it.
    pub fn spectrum(&mut self, series: &[f64]) -> Result<PowerSpectrum, MultitaperError> {
        if series.len() != self.samples {
            return multitaper(series, self.rate_hz, &self.method);
        }
        let mut rest = series.to_vec();
        detrend(&mut rest, self.method.detrend);
        let mut powers = Vec::with_capacity(self.tapers.len());
        for taper in &self.tapers {
            let frequency = self.transform.of(&rest, taper);
            powers.push(frequency.iter().map(|bin| bin.norm_sqr() / self.rate_hz).collect::<Vec<f64>>());
        }
        let mut power = match self.weights() {
            Weights::Uniform => weighted(&powers, &vec![1.0; powers.len()]),
            Weights::Eigenvalue => weighted(&powers, &self.concentrations),
            Weights::Adaptive => self.adaptive(&powers, &rest),
        };
        let last = if self.len.is_multiple_of(2) { self.len / 2 } else { power.len() };
        for bin in power.iter_mut().take(last).skip(1) {
            *bin *= 2.0;
        }
        Ok(PowerSpectrum { frequencies_hz: frequencies_hz(self.len, self.rate_hz), power })
    }

    fn adaptive(&self, powers: &[Vec<f64>], series: &[f64]) -> Vec<f64> {
        let lambda = &self.concentrations;
        let leaking = match self.method.definition {
            Definition::Thomson => series.iter().map(|x| x * x).sum::<f64>() / (series.len() as f64 * self.rate_hz),
            Definition::Mne => 0.5 * self.variance_as_mne(powers),
        };
        let bins = powers[0].len();
        let bin = |k: usize| {
            let power: Vec<f64> = powers.iter().map(|power| power[k]).collect();
            // In MNE, bins 0 and f_s / 2 are halved before all this, so that weights see half of their power.
            let alone = k == 0 || (self.len.is_multiple_of(2) && k == bins - 1);
            let leaking = if alone && self.method.definition == Definition::Mne { 2.0 * leaking } else { leaking };
            settled(&power, lambda, leaking)
        };
        (0..bins).map(bin).collect()
    }

    /// The integral of the one-sided spectrum under eigenvalue weights by the trapezoid rule, as MNE has it.
    fn variance_as_mne(&self, powers: &[Vec<f64>]) -> f64 {
        let power = weighted(powers, &self.concentrations);
        let bins = power.len();
        let one_sided = |k: usize| {
            let alone = k == 0 || (self.len.is_multiple_of(2) && k == bins - 1);
            power[k] * if alone { 1.0 } else { 2.0 }
        };
        let sum: f64 = (1..bins).map(|k| 0.5 * (one_sided(k - 1) + one_sided(k))).sum();
        sum / (2.0 * bins as f64)
    }
}

/// Tapers that are concentrated enough, the most concentrated one in any case.
fn chosen(method: &Multitaper, samples: usize, rate_hz: f64) -> Result<(Vec<Vec<f64>>, Vec<f64>), MultitaperError> {
    let n = samples as f64;
    let least_hz = rate_hz / n;
    let bandwidth_hz = method.bandwidth_hz.unwrap_or(8.0 * least_hz);
    if samples == 1 {
        return Ok((vec![vec![1.0]], vec![1.0]));
    }
    if bandwidth_hz.is_nan() || bandwidth_hz < least_hz {
        return Err(MultitaperError::Narrow { bandwidth_hz, samples, rate_hz, least_hz });
    }
    let half_bandwidth = bandwidth_hz * n / (2.0 * rate_hz);
    let longer = match method.definition {
        Definition::Thomson => samples,
        Definition::Mne => samples + 1,
    };
    if half_bandwidth >= 0.5 * longer as f64 {
        return Err(MultitaperError::Wide { bandwidth_hz, rate_hz });
    }
    let count = ((2.0 * half_bandwidth) as usize).clamp(1, samples).min(method.tapers.unwrap_or(usize::MAX));
    let found = dpss(longer, half_bandwidth, count)?;
    let concentrated = found.concentrations.iter().filter(|part| **part > LEAST_CONCENTRATION).count().max(1);
    let mut tapers = found.tapers;
    tapers.truncate(concentrated);
    tapers.iter_mut().for_each(|taper| taper.truncate(samples));
    Ok((tapers, found.concentrations[..concentrated].to_vec()))
}

fn weighted(powers: &[Vec<f64>], weights: &[f64]) -> Vec<f64> {
    let sum: f64 = weights.iter().sum();
    let bin = |k: usize| powers.iter().zip(weights).map(|(power, weight)| weight * power[k]).sum::<f64>() / sum;
    (0..powers[0].len()).map(bin).collect()
}

/// The power that adaptive weights give, at one frequency.
fn settled(power: &[f64], lambda: &[f64], leaking: f64) -> f64 {
    /// It gains a digit in a few turns; where power is far below leakage, in some dozen.
    const MOST_TURNS: usize = 1000;
    let mut now = (lambda[0] * power[0] + lambda[1] * power[1]) / (lambda[0] + lambda[1]);
    for _ in 0..MOST_TURNS {
        // Nothing, of which nothing is a part.
        if now == 0.0 {
            break;
        }
        let (mut sum, mut weights) = (0.0, 0.0);
        for (power, lambda) in power.iter().zip(lambda) {
            let b = now / (lambda * now + (1.0 - lambda) * leaking);
            let weight = b * b * lambda;
            sum += weight * power;
            weights += weight;
        }
        let next = sum / weights;
        if next.is_nan() || (next - now).abs() <= 1e-13 * next {
            return next;
        }
        now = next;
    }
    now
}

#[cfg(test)]
mod tests;
