//! Power spectra by Welch's method: averaged periodograms of overlapping, tapered segments.
//!
//! Segment m, samples x_i, i = m (L - overlap) .. + L, loses its mean or line, is multiplied by the
//! window w and transformed with zeros up to the transform's length N: P_m(k) = c |F_m(k)|^2, with
//! c = 1 / (f_s sum w^2) for a density (unit^2 / Hz) and c = 1 / (sum w)^2 for a spectrum (unit^2).
//! The spectrum is one-sided: all bins but 0 and, for even N, N/2 are doubled. Frequencies are
//! k f_s / N. A median over segments is divided by its bias, 1 + sum_(i <= (M - 1) / 2)
//! (1 / (2 i + 1) - 1 / (2 i)) for M segments. The same as `scipy.signal.welch`.
//!
//! Reference: Welch PD (1967) IEEE Trans Audio Electroacoust 15:70, equations 4-9; Allen B et al.
//! (2012) Phys Rev D 85:122006, appendix B (median).

use std::f64::consts::TAU;

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

/// Taper of a segment, periodic: w_i with i / L in [0, 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Window {
    /// 0.5 - 0.5 cos(2 pi i / L)
    #[default]
    Hann,
    /// 0.54 - 0.46 cos(2 pi i / L)
    Hamming,
    /// 0.42 - 0.5 cos(2 pi i / L) + 0.08 cos(4 pi i / L)
    Blackman,
    /// 1
    Boxcar,
}

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

/// How the periodograms of the segments become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Average {
    /// The mean.
    #[default]
    Mean,
    /// Corrected for its bias: an artefact in a few segments does little.
    Median,
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

/// How a spectrum is estimated; lengths in samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

/// A one-sided power spectrum.
#[derive(Debug, Clone, PartialEq)]
pub struct PowerSpectrum {
    /// k f_s / N, from 0.
    pub frequencies_hz: Vec<f64>,
    /// Unit^2 / Hz or unit^2, see [`Scaling`].
    pub power: Vec<f64>,
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
}

/// Power spectrum of `series`, sampled at `rate_hz`: floor(N / 2) + 1 bins from 0 Hz.
///
/// # Errors
/// An empty series, a rate that is not positive and finite, or lengths that do not fit each other.
pub fn welch(series: &[f64], rate_hz: f64, welch: &Welch) -> Result<PowerSpectrum, WelchError> {
    let Welch { segment, overlap, .. } = *welch;
    if !(rate_hz.is_finite() && rate_hz > 0.0) {
        return Err(WelchError::Rate(rate_hz));
    }
    if series.is_empty() {
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
    let segment = segment.min(series.len());
    let transform = welch.transform.unwrap_or(segment);
    let window = taper(welch.window, segment);
    let scale = match welch.scaling {
        Scaling::Density => 1.0 / (rate_hz * window.iter().map(|w| w * w).sum::<f64>()),
        Scaling::Spectrum => window.iter().sum::<f64>().powi(-2),
    };

    let plan = RealFftPlanner::<f64>::new().plan_fft_forward(transform);
    let mut time = plan.make_input_vec();
    let mut frequency = plan.make_output_vec();
    let mut scratch = plan.make_scratch_vec();
    let mut periodograms = Vec::new();
    for samples in series.windows(segment).step_by(step) {
        time.fill(0.0);
        time[..segment].copy_from_slice(samples);
        detrend(&mut time[..segment], welch.detrend);
        for (value, weight) in time.iter_mut().zip(&window) {
            *value *= weight;
        }
        // The buffers are the plan's own: it cannot refuse.
        let done = plan.process_with_scratch(&mut time, &mut frequency, &mut scratch);
        debug_assert!(done.is_ok());
        periodograms.push(one_sided(&frequency, transform, scale));
    }
    let bins = transform / 2 + 1;
    let power = match welch.average {
        Average::Mean => mean(&periodograms, bins),
        Average::Median => unbiased_median(&periodograms, bins),
    };
    let frequencies_hz = (0..bins).map(|k| k as f64 * rate_hz / transform as f64).collect();
    Ok(PowerSpectrum { frequencies_hz, power })
}

fn taper(window: Window, len: usize) -> Vec<f64> {
    let weight = |i: usize| {
        let angle = TAU * i as f64 / len as f64;
        match window {
            Window::Hann => 0.5 - 0.5 * angle.cos(),
            Window::Hamming => 0.54 - 0.46 * angle.cos(),
            Window::Blackman => 0.42 - 0.5 * angle.cos() + 0.08 * (2.0 * angle).cos(),
            Window::Boxcar => 1.0,
        }
    };
    // One sample cannot be tapered.
    if len == 1 { vec![1.0] } else { (0..len).map(weight).collect() }
}

fn detrend(values: &mut [f64], detrend: Detrend) {
    if detrend == Detrend::Nothing {
        return;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let middle = 0.5 * (n - 1.0);
    let moments = values.iter().enumerate().map(|(i, v)| (v - mean) * (i as f64 - middle));
    let slope = if detrend == Detrend::Line && values.len() > 1 {
        moments.sum::<f64>() / (n * (n * n - 1.0) / 12.0)
    } else {
        0.0
    };
    for (i, value) in values.iter_mut().enumerate() {
        *value -= mean + slope * (i as f64 - middle);
    }
}

fn one_sided(frequency: &[Complex<f64>], transform: usize, scale: f64) -> Vec<f64> {
    let nyquist = transform.is_multiple_of(2).then_some(transform / 2);
    let power = |(k, bin): (usize, &Complex<f64>)| {
        let once = k == 0 || Some(k) == nyquist;
        bin.norm_sqr() * if once { scale } else { 2.0 * scale }
    };
    frequency.iter().enumerate().map(power).collect()
}

fn mean(periodograms: &[Vec<f64>], bins: usize) -> Vec<f64> {
    let count = periodograms.len() as f64;
    (0..bins).map(|k| periodograms.iter().map(|power| power[k]).sum::<f64>() / count).collect()
}

fn unbiased_median(periodograms: &[Vec<f64>], bins: usize) -> Vec<f64> {
    let count = periodograms.len();
    let bias = (1..=(count - 1) / 2).fold(1.0, |bias, i| {
        let even = 2.0 * i as f64;
        bias + 1.0 / (even + 1.0) - 1.0 / even
    });
    let median = |k: usize| {
        let mut powers: Vec<f64> = periodograms.iter().map(|power| power[k]).collect();
        powers.sort_unstable_by(f64::total_cmp);
        let upper = powers[count / 2];
        if count % 2 == 1 { upper } else { 0.5 * (powers[count / 2 - 1] + upper) }
    };
    (0..bins).map(|k| median(k) / bias).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
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
    fn one_sample_and_what_is_refused() {
        let one = welch(&[2.0], 1.0, &Welch::new(8)).unwrap();
        assert_eq!(one, PowerSpectrum { frequencies_hz: vec![0.0], power: vec![0.0] });
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
    }
}
