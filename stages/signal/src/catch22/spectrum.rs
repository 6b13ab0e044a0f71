//! low_freq_power and median_freq, and the Fourier transforms that other features share.
//!
//! N = nextpow2(n), F = FFT of y padded with zeros to N, w_k = 2 pi k / N.
//!
//! v1: bins k = 1..N/2 (no DC), S_k = 2 |F_k|^2 / n / (2 pi), values below 1e-12 of the largest set
//! to that floor. low_freq_power is the sum of the first floor((N/2)/5) bins times dw; median_freq
//! the first w_k where the cumulated power reaches half of the total.
//!
//! v0: one Welch segment with a rectangular window, mean removed, bins k = 0..N/2, doubled but for
//! DC and Nyquist; floor((N/2 + 1)/5) bins with DC; the median is the first w_k where the cumulated
//! power *exceeds* half.

use std::f64::consts::TAU;
use std::fmt;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use std::sync::Arc;

use super::Definitions;
use super::standardise::Standardised;

/// Planned transforms and their buffers.
pub(super) struct Transforms {
    planner: RealFftPlanner<f64>,
    time: Vec<f64>,
    frequency: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
}

impl Default for Transforms {
    fn default() -> Transforms {
        Transforms { planner: RealFftPlanner::new(), time: Vec::new(), frequency: Vec::new(), scratch: Vec::new() }
    }
}

impl fmt::Debug for Transforms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transforms").field("last_length", &self.time.len()).finish_non_exhaustive()
    }
}

impl Transforms {
    /// Lag products of all lags 0..n, replacing what `products` held.
    pub(super) fn autocorrelate(&mut self, series: &[f64], products: &mut Vec<f64>) {
        let length = 2 * series.len().next_power_of_two();
        self.forward(series, 0.0, length);
        for bin in &mut self.frequency {
            *bin = Complex::new(bin.norm_sqr(), 0.0);
        }
        let plan: Arc<dyn ComplexToReal<f64>> = self.planner.plan_fft_inverse(length);
        self.scratch.resize(plan.get_scratch_len(), Complex::default());
        // Lengths come from the plan and the edge bins are real: it cannot refuse.
        let done = plan.process_with_scratch(&mut self.frequency, &mut self.time, &mut self.scratch);
        debug_assert!(done.is_ok());
        products.clear();
        products.extend(self.time[..series.len()].iter().map(|value| value / length as f64));
    }

    /// |F_k|^2 for k = 0..=length/2 of `series` minus `centre`, zero-padded.
    fn power(&mut self, series: &[f64], centre: f64, length: usize, power: &mut Vec<f64>) {
        self.forward(series, centre, length);
        power.clear();
        power.extend(self.frequency.iter().map(Complex::norm_sqr));
    }

    fn forward(&mut self, series: &[f64], centre: f64, length: usize) {
        let plan: Arc<dyn RealToComplex<f64>> = self.planner.plan_fft_forward(length);
        self.time.clear();
        self.time.extend(series.iter().map(|value| value - centre));
        self.time.resize(length, 0.0);
        self.frequency.resize(length / 2 + 1, Complex::default());
        self.scratch.resize(plan.get_scratch_len(), Complex::default());
        let done = plan.process_with_scratch(&mut self.time, &mut self.frequency, &mut self.scratch);
        debug_assert!(done.is_ok());
    }
}

/// (low_freq_power, median_freq). NaN for fewer than three samples in v1 and fewer than two in v0.
pub(super) fn low_power_and_median(
    series: &Standardised,
    definitions: Definitions,
    transforms: &mut Transforms,
    power: &mut Vec<f64>,
) -> (f64, f64) {
    let n = series.values.len();
    let length = n.next_power_of_two();
    if length < 2 {
        return (f64::NAN, f64::NAN);
    }
    let scale = 1.0 / (n as f64 * TAU);
    let step = TAU / length as f64;
    match definitions {
        Definitions::V1 => {
            transforms.power(&series.values, 0.0, length, power);
            let bins = &mut power[1..];
            if bins.len() < 2 {
                return (f64::NAN, f64::NAN);
            }
            let floor = 1e-12 * bins.iter().copied().fold(0.0, f64::max);
            for bin in bins.iter_mut() {
                *bin = 2.0 * scale * bin.max(floor);
            }
            let low = bins[..bins.len() / 5].iter().sum::<f64>() * step;
            let half = 0.5 * bins.iter().sum::<f64>();
            (low, step * (1 + first_reaching(bins, |cumulated| cumulated >= half)) as f64)
        }
        Definitions::V0 => {
            transforms.power(&series.values, series.mean, length, power);
            let nyquist = power.len() - 1;
            for (k, bin) in power.iter_mut().enumerate() {
                *bin *= if k == 0 || k == nyquist { scale } else { 2.0 * scale };
            }
            let low = power[..power.len() / 5].iter().sum::<f64>() * step;
            let half = 0.5 * power.iter().sum::<f64>();
            (low, step * first_reaching(power, |cumulated| cumulated > half) as f64)
        }
    }
}

/// Index of the first bin at which the running sum satisfies `reached`; the last if rounding keeps
/// it from being reached.
fn first_reaching(bins: &[f64], reached: impl Fn(f64) -> bool) -> usize {
    let mut cumulated = 0.0;
    bins.iter()
        .position(|bin| {
            cumulated += bin;
            reached(cumulated)
        })
        .unwrap_or(bins.len().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catch22::standardise::moments;
    use std::f64::consts::PI;

    #[test]
    fn a_sine_has_its_power_at_its_frequency() {
        let wave: Vec<f64> = (0..1024).map(|i| (TAU * f64::from(i) / 32.0).sin()).collect();
        let mut series = Standardised::default();
        series.load(&wave, moments(&wave));
        for definitions in [Definitions::V0, Definitions::V1] {
            let (low, median) = low_power_and_median(&series, definitions, &mut Transforms::default(), &mut Vec::new());
            assert!((low - 1023.0 / 1024.0).abs() < 1e-9, "{definitions:?}: {low}");
            assert!((median - PI / 16.0).abs() < 1e-12, "{definitions:?}: {median}");
        }
    }
}
