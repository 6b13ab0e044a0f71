//! The power spectrum of a whole series by one Fourier transform.
//!
//! The series loses its mean or line, is multiplied by the window and transformed: Welch's method with one segment
//! ([`crate::welch`] has the equations). Its bins are f_s / n apart, and their spread does not fall with the length
//! of the series: each has a standard deviation as large as itself. The same as `scipy.signal.periodogram`.
//!
//! Reference: Schuster A (1898) Terr Magn 3:13; Percival DB, Walden AT (1993) Spectral Analysis for Physical
//! Applications, sections 6.2 and 6.4 (tapers).

use crate::welch::{Average, Detrend, PowerSpectrum, Scaling, Welch, WelchError, Window, welch};

/// How a series is transformed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Periodogram {
    /// Its taper.
    pub window: Window,
    /// Length of the transform in samples, at least that of the series; `None` for the series' own.
    pub transform: Option<usize>,
    /// What the series loses before.
    pub detrend: Detrend,
    /// Per Hz or per bin.
    pub scaling: Scaling,
}

impl Default for Periodogram {
    /// Without a taper, without the mean, to a density.
    fn default() -> Self {
        Self { window: Window::Boxcar, transform: None, detrend: Detrend::Mean, scaling: Scaling::Density }
    }
}

impl Periodogram {
    /// As Welch's method for series of `samples` values.
    pub fn as_welch(&self, samples: usize) -> Welch {
        let Periodogram { window, transform, detrend, scaling } = *self;
        Welch { segment: samples, overlap: 0, transform, window, detrend, average: Average::Mean, scaling }
    }
}

/// Power spectrum of `series`, sampled at `rate_hz`: floor(N / 2) + 1 bins from 0 Hz.
///
/// # Errors
/// As [`welch`].
pub fn periodogram(series: &[f64], rate_hz: f64, method: &Periodogram) -> Result<PowerSpectrum, WelchError> {
    if series.is_empty() {
        return Err(WelchError::Empty);
    }
    welch(series, rate_hz, &method.as_welch(series.len()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn all_bins_together_have_the_variance() {
        // Parseval, for even and odd lengths.
        for n in [1_u32, 2, 50, 51] {
            let series: Vec<f64> = (0..n).map(|i| f64::from(i * i % 7)).collect();
            let mean = series.iter().sum::<f64>() / f64::from(n);
            let variance = series.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / f64::from(n);
            let spectrum = periodogram(&series, 20.0, &Periodogram::default()).unwrap();
            let sum = spectrum.power.iter().sum::<f64>() * 20.0 / f64::from(n);
            assert!((sum - variance).abs() < 1e-12, "{n}: {sum} {variance}");
        }
        assert_eq!(periodogram(&[], 20.0, &Periodogram::default()), Err(WelchError::Empty));
        let short = Periodogram { transform: Some(2), ..Periodogram::default() };
        assert!(periodogram(&[1.0; 3], 20.0, &short).unwrap_err().to_string().contains("at least the segment of 3"));
    }
}
