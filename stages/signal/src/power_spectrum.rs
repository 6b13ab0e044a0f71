//! What power spectra have in common: what a segment loses first, scaling, and one side of the frequencies.
//!
//! F(k) is the transform of a tapered segment with zeros up to the length N; its power is c |F(k)|^2 with
//! c = 1 / (f_s sum w^2) for a density (unit^2 / Hz) and c = 1 / (sum w)^2 for a spectrum (unit^2). The spectrum
//! is one-sided: all bins but 0 and, for even N, N/2 are doubled. Frequencies are k f_s / N.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// What each segment loses first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Detrend {
    /// Nothing.
    Nothing,
    /// The mean.
    #[default]
    Mean,
    /// The least-squares line.
    Line,
}

/// What a value of the spectrum is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Scaling {
    /// Per Hz: integrates over frequency to the variance.
    #[default]
    Density,
    /// Per bin: a sine of amplitude a at a bin has a^2 / 2 there.
    Spectrum,
}

/// A one-sided power spectrum.
#[derive(Debug, Clone, PartialEq)]
pub struct PowerSpectrum {
    /// k f_s / N, from 0.
    pub frequencies_hz: Vec<f64>,
    /// Unit^2 / Hz or unit^2, see [`Scaling`].
    pub power: Vec<f64>,
}

impl PowerSpectrum {
    /// The bins from `low_hz` to `high_hz`, both included.
    pub fn between(mut self, low_hz: f64, high_hz: f64) -> PowerSpectrum {
        let within = bins_between(&self.frequencies_hz, low_hz, high_hz);
        self.power = self.power[within.clone()].to_vec();
        self.frequencies_hz = self.frequencies_hz[within].to_vec();
        self
    }
}

/// Which of rising frequencies lie from `low_hz` to `high_hz`, both included.
pub fn bins_between(frequencies_hz: &[f64], low_hz: f64, high_hz: f64) -> std::ops::Range<usize> {
    let begin = frequencies_hz.partition_point(|frequency| *frequency < low_hz);
    let end = frequencies_hz.partition_point(|frequency| *frequency <= high_hz);
    begin..end.max(begin)
}

impl Scaling {
    /// c of a window.
    pub(crate) fn factor(self, window: &[f64], rate_hz: f64) -> f64 {
        match self {
            Scaling::Density => 1.0 / (rate_hz * window.iter().map(|w| w * w).sum::<f64>()),
            Scaling::Spectrum => window.iter().sum::<f64>().powi(-2),
        }
    }
}

/// 0, f_s / N, 2 f_s / N, .. f_s / 2.
pub(crate) fn frequencies_hz(transform: usize, rate_hz: f64) -> Vec<f64> {
    (0..transform / 2 + 1).map(|k| k as f64 * rate_hz / transform as f64).collect()
}

/// Takes away the mean or the line.
pub(crate) fn detrend(values: &mut [f64], detrend: Detrend) {
    if detrend == Detrend::Nothing {
        return;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    if detrend == Detrend::Mean || values.len() < 2 {
        values.iter_mut().for_each(|value| *value -= mean);
        return;
    }
    let middle = 0.5 * (n - 1.0);
    let moments = values.iter().enumerate().map(|(i, v)| (v - mean) * (i as f64 - middle));
    let slope = moments.sum::<f64>() / (n * (n * n - 1.0) / 12.0);
    for (i, value) in values.iter_mut().enumerate() {
        *value -= mean + slope * (i as f64 - middle);
    }
}

/// A transform with its buffers.
pub(crate) struct Transform {
    plan: Arc<dyn RealToComplex<f64>>,
    time: Vec<f64>,
    frequency: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
}

impl Transform {
    pub(crate) fn new(len: usize) -> Transform {
        let plan = RealFftPlanner::<f64>::new().plan_fft_forward(len);
        let (time, frequency, scratch) = (plan.make_input_vec(), plan.make_output_vec(), plan.make_scratch_vec());
        Transform { plan, time, frequency, scratch }
    }

    /// F(k) of values times weights, with zeros behind them; no more values than the transform has.
    pub(crate) fn of(&mut self, values: &[f64], weights: &[f64]) -> &[Complex<f64>] {
        for ((time, value), weight) in self.time.iter_mut().zip(values).zip(weights) {
            *time = value * weight;
        }
        self.time[values.len()..].fill(0.0);
        // The buffers are the plan's own: it cannot refuse.
        let done = self.plan.process_with_scratch(&mut self.time, &mut self.frequency, &mut self.scratch);
        debug_assert!(done.is_ok());
        &self.frequency
    }
}

/// One-sided power of a transform of `len` samples.
pub(crate) fn one_sided(frequency: &[Complex<f64>], len: usize, factor: f64, power: &mut Vec<f64>) {
    power.clear();
    power.extend(frequency.iter().map(|bin| bin.norm_sqr() * (2.0 * factor)));
    power[0] *= 0.5;
    if len.is_multiple_of(2) {
        power[len / 2] *= 0.5;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_away_whole_and_single_values_become_zero() {
        let mut line: Vec<f64> = (0..9).map(|i| 3.0 - 0.25 * f64::from(i)).collect();
        detrend(&mut line, Detrend::Line);
        assert!(line.iter().all(|value| value.abs() < 1e-14), "{line:?}");
        let mut one = [2.0];
        detrend(&mut one, Detrend::Line);
        assert_eq!(one, [0.0]);
    }

    #[test]
    fn a_range_of_frequencies_has_both_its_ends() {
        let frequencies = [0.0, 1.0, 2.0, 3.0];
        assert_eq!(bins_between(&frequencies, 1.0, 2.0), 1..3);
        assert_eq!(bins_between(&frequencies, 1.1, 1.9), 2..2);
        assert_eq!(bins_between(&frequencies, 5.0, 1.0), 4..4);
        let spectrum = PowerSpectrum { frequencies_hz: frequencies.to_vec(), power: vec![4.0, 5.0, 6.0, 7.0] };
        assert_eq!(spectrum.between(2.0, 9.0).power, [6.0, 7.0]);
    }
}
