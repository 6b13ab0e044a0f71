//! Power spectra by Welch's method: averaged periodograms of overlapping, tapered segments.
//!
//! Segment m, samples x_i, i = m (L - overlap) .. + L, loses its mean or line, is multiplied by the
//! window w and transformed with zeros up to the transform's length N: P_m(k) = c |F_m(k)|^2
//! ([`crate::power_spectrum`] has c and the sides). A median over segments is divided by its bias,
//! 1 + sum_(i <= (M - 1) / 2) (1 / (2 i + 1) - 1 / (2 i)) for M segments. The same as `scipy.signal.welch`.
//!
//! | setting | default | unit | meaning | range |
//! |---|---|---|---|---|
//! | segment L | | samples | length of a segment; a shorter series is one segment of its own length | 1 or more |
//! | overlap | L / 2 | samples | that neighbouring segments share | below L |
//! | transform N | L | samples | length of the transform, the rest is zeros | L or more |
//! | window, detrend, average, scaling | Hann, mean, mean, density | | | |
//!
//! What is left at the end of a series is not used. A series without samples has no spectrum; of one sample, or a
//! constant, it is 0 where segments lose their mean. A value that is not finite makes all of it NaN (a median of
//! segments too: none can be said to be the middle one).
//!
//! Reference: Welch PD (1967) IEEE Trans Audio Electroacoust 15:70, equations 4-9; Allen B et al.
//! (2012) Phys Rev D 85:122006, appendix B (median).

pub use crate::power_spectrum::{Detrend, PowerSpectrum, Scaling};
use crate::power_spectrum::{Transform, detrend, frequencies_hz, one_sided};
pub use crate::windows::{Window, WindowError};

/// How the periodograms of the segments become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Average {
    /// The mean.
    #[default]
    Mean,
    /// Corrected for its bias: an artefact in a few segments does little.
    Median,
}

/// How a spectrum is estimated; lengths in samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Welch {
    /// Length of a segment. A shorter series is one segment of its own length.
    pub segment: usize,
    /// Samples that neighbouring segments share, less than `segment`.
    pub overlap: usize,
    /// Length of the transform, at least `segment`; `None` for the segment's.
    pub transform: Option<usize>,
    /// The taper of each segment.
    pub window: Window,
    /// What each segment loses before the taper.
    pub detrend: Detrend,
    /// How segments become one spectrum.
    pub average: Average,
    /// Per Hz or per bin.
    pub scaling: Scaling,
}

impl Welch {
    /// Half-overlapping Hann windows without their mean, averaged to a density.
    pub fn new(segment: usize) -> Welch {
        Welch {
            segment,
            overlap: segment / 2,
            transform: None,
            window: Window::default(),
            detrend: Detrend::default(),
            average: Average::default(),
            scaling: Scaling::default(),
        }
    }
}

/// Why no spectrum was estimated.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum WelchError {
    #[error("rate_hz is {0} Hz; it must be a positive, finite rate")]
    Rate(f64),
    #[error("the series is empty; a spectrum needs at least one sample")]
    Empty,
    #[error("segment is 0 samples; it must be at least 1")]
    Segment,
    #[error("overlap is {overlap} samples; it must be less than the segment of {segment}")]
    Overlap { overlap: usize, segment: usize },
    #[error("transform is {transform} samples; it must be at least the segment of {segment}")]
    Transform { transform: usize, segment: usize },
    #[error(transparent)]
    Window(#[from] WindowError),
}

/// Power spectrum of `series`, sampled at `rate_hz`: floor(N / 2) + 1 bins from 0 Hz.
///
/// # Errors
/// An empty series, a rate that is not positive and finite, or lengths that do not fit each other.
pub fn welch(series: &[f64], rate_hz: f64, welch: &Welch) -> Result<PowerSpectrum, WelchError> {
    Segments::new(welch, series.len(), rate_hz)?.spectrum(series)
}

/// Window, transform and buffers for series of one length and rate: what many spectra have in common.
pub struct Segments {
    welch: Welch,
    rate_hz: f64,
    samples: usize,
    step: usize,
    weights: Vec<f64>,
    factor: f64,
    len: usize,
    transform: Transform,
    segment: Vec<f64>,
    power: Vec<f64>,
}

impl Segments {
    /// For series of `samples` values at `rate_hz`.
    ///
    /// # Errors
    /// As [`welch`].
    pub fn new(welch: &Welch, samples: usize, rate_hz: f64) -> Result<Segments, WelchError> {
        let Welch { segment, overlap, .. } = *welch;
        if !(rate_hz.is_finite() && rate_hz > 0.0) {
            return Err(WelchError::Rate(rate_hz));
        }
        if samples == 0 {
            return Err(WelchError::Empty);
        }
        if segment == 0 {
            return Err(WelchError::Segment);
        }
        if overlap >= segment {
            return Err(WelchError::Overlap { overlap, segment });
        }
        if let Some(transform) = welch.transform.filter(|transform| *transform < segment) {
            return Err(WelchError::Transform { transform, segment });
        }
        let step = segment - overlap;
        let segment = segment.min(samples);
        let len = welch.transform.unwrap_or(segment);
        let weights = welch.window.weights(segment)?;
        let factor = welch.scaling.factor(&weights, rate_hz);
        Ok(Segments {
            welch: *welch,
            rate_hz,
            samples,
            step,
            weights,
            factor,
            len,
            transform: Transform::new(len),
            segment: vec![0.0; segment],
            power: Vec::new(),
        })
    }

    /// The length of the series that these are for.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Of a series of this length.
    ///
    /// # Errors
    /// A series without samples; one of another length is given a spectrum by [`welch`].
    pub fn spectrum(&mut self, series: &[f64]) -> Result<PowerSpectrum, WelchError> {
        if series.len() != self.samples {
            return welch(series, self.rate_hz, &self.welch);
        }
        let power = match self.welch.average {
            Average::Mean => self.mean(series),
            Average::Median => {
                let mut periodograms = Vec::new();
                self.each(series, |_, power| periodograms.push(power.to_vec()));
                unbiased_median(&periodograms, self.len / 2 + 1)
            }
        };
        Ok(PowerSpectrum { frequencies_hz: frequencies_hz(self.len, self.rate_hz), power })
    }

    /// Calls `use_power` with the first sample of each segment and its one-sided power.
    pub(crate) fn each(&mut self, series: &[f64], mut use_power: impl FnMut(usize, &[f64])) {
        for (number, samples) in series.windows(self.weights.len()).step_by(self.step).enumerate() {
            self.segment.copy_from_slice(samples);
            detrend(&mut self.segment, self.welch.detrend);
            let frequency = self.transform.of(&self.segment, &self.weights);
            one_sided(frequency, self.len, self.factor, &mut self.power);
            use_power(number * self.step, &self.power);
        }
    }

    /// How long a segment is here, in samples.
    pub(crate) fn segment_len(&self) -> usize {
        self.weights.len()
    }

    /// The frequencies of each power.
    pub(crate) fn frequencies_hz(&self) -> Vec<f64> {
        frequencies_hz(self.len, self.rate_hz)
    }

    fn mean(&mut self, series: &[f64]) -> Vec<f64> {
        let mut sum = vec![0.0; self.len / 2 + 1];
        let mut count = 0.0;
        self.each(series, |_, power| {
            sum.iter_mut().zip(power).for_each(|(sum, power)| *sum += power);
            count += 1.0;
        });
        sum.iter_mut().for_each(|sum| *sum /= count);
        sum
    }
}

fn unbiased_median(periodograms: &[Vec<f64>], bins: usize) -> Vec<f64> {
    let count = periodograms.len();
    let bias = (1..=(count - 1) / 2).fold(1.0, |bias, i| {
        let even = 2.0 * i as f64;
        bias + 1.0 / (even + 1.0) - 1.0 / even
    });
    let median = |k: usize| {
        let mut powers: Vec<f64> = periodograms.iter().map(|power| power[k]).collect();
        if powers.iter().any(|power| power.is_nan()) {
            return f64::NAN;
        }
        powers.sort_unstable_by(f64::total_cmp);
        let upper = powers[count / 2];
        if count % 2 == 1 { upper } else { 0.5 * (powers[count / 2 - 1] + upper) }
    };
    (0..bins).map(|k| median(k) / bias).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::f64::consts::TAU;

    use super::*;

    #[test]
    fn a_density_integrates_to_the_variance_and_a_spectrum_shows_the_amplitude() {
        let wave: Vec<f64> = (0..4000).map(|i| 3.0 * (TAU * f64::from(i) / 20.0).sin()).collect();
        let density = welch(&wave, 200.0, &Welch::new(400)).unwrap();
        let step = density.frequencies_hz[1];
        assert!((density.power.iter().sum::<f64>() * step - 4.5).abs() < 1e-9);
        let scaling = Scaling::Spectrum;
        let spectrum = welch(&wave, 200.0, &Welch { scaling, ..Welch::new(400) }).unwrap();
        assert_eq!(spectrum.frequencies_hz[20], 10.0);
        assert!((spectrum.power[20] - 4.5).abs() < 1e-9);
    }

    #[test]
    fn few_samples_constants_and_missing_values() {
        let power = |series: &[f64], average| welch(series, 1.0, &Welch { average, ..Welch::new(8) }).unwrap().power;
        for average in [Average::Mean, Average::Median] {
            assert_eq!(power(&[2.0], average), [0.0]);
            // Two samples of a Hann window: 0 and 1.
            assert_eq!(power(&[1.0, 3.0], average), [1.0, 1.0]);
            assert_eq!(power(&[5.0; 100], average), [0.0; 5]);
            for missing in [f64::NAN, f64::INFINITY] {
                let mut series = [1.0; 40];
                series[3] = missing;
                assert!(power(&series, average).iter().all(|power| power.is_nan()), "{average:?} {missing}");
            }
        }
    }

    #[test]
    fn what_is_refused() {
        let standard = Welch::new(8);
        assert_eq!(welch(&[1.0], 0.0, &standard), Err(WelchError::Rate(0.0)));
        assert_eq!(welch(&[], 1.0, &standard), Err(WelchError::Empty));
        assert_eq!(welch(&[1.0], 1.0, &Welch { segment: 0, ..standard }), Err(WelchError::Segment));
        let overlap = Welch { overlap: 8, ..standard };
        let error = WelchError::Overlap { overlap: 8, segment: 8 };
        assert_eq!(welch(&[1.0], 1.0, &overlap), Err(error));
        let transform = Welch { transform: Some(7), ..standard };
        let error = WelchError::Transform { transform: 7, segment: 8 };
        assert_eq!(welch(&[1.0], 1.0, &transform), Err(error));
        assert!(welch(&[1.0], 1.0, &Welch { window: Window::Tukey(2.0), ..standard }).is_err());
    }

    #[test]
    fn buffers_that_were_used_before_change_nothing() {
        let series = |seed: usize, len| -> Vec<f64> { (0..len).map(|i| ((i * seed % 17) as f64).sin()).collect() };
        let method = Welch { transform: Some(40), ..Welch::new(25) };
        let mut segments = Segments::new(&method, 200, 10.0).unwrap();
        for (seed, len) in [(3, 200), (5, 200), (7, 31), (3, 200)] {
            let series = series(seed, len);
            assert_eq!(segments.spectrum(&series), welch(&series, 10.0, &method));
        }
    }
}
