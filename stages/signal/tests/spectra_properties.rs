//! What holds for every series and spectrum.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_signal::multitaper::{Multitaper, multitaper};
use lapicque_signal::periodogram::{Periodogram, periodogram};
use lapicque_signal::spectral_parameters::{Aperiodic, Definition, Settings, fit};
use lapicque_signal::spectrogram::spectrogram;
use lapicque_signal::welch::{Average, Welch, Window, welch};
use proptest::collection::vec;
use proptest::num::f64::ANY;
use proptest::prelude::*;

/// Noise and a wave.
fn series(n: usize) -> Vec<f64> {
    let mut state = 3_u64;
    let mut previous = 0.0;
    let next = |i: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        previous = 0.9 * previous + (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5;
        previous + (0.3 * i as f64).sin()
    };
    (0..n).map(next).collect()
}

proptest! {
    #[test]
    fn spectra_survive_any_bits(series in vec(ANY, 0..150), segment in 1_usize..40) {
        let method = Welch { average: Average::Median, window: Window::Slepian(0.4), ..Welch::new(segment) };
        let _ = welch(&series, 100.0, &method);
        let _ = spectrogram(&series, 100.0, &Welch::new(segment));
        let _ = periodogram(&series, 100.0, &Periodogram::default());
        let _ = multitaper(&series, 100.0, &Multitaper { bandwidth_hz: Some(30.0), ..Multitaper::default() });
    }

    #[test]
    fn fits_survive_any_power(power in vec(ANY, 0..60), positive in vec(1e-300..1e300, 5..60)) {
        for power in [power, positive] {
            let frequencies: Vec<f64> = (0..power.len()).map(|i| i as f64).collect();
            for aperiodic in [Aperiodic::Fixed, Aperiodic::Knee] {
                for definition in [Definition::Converged, Definition::Specparam] {
                    let settings = Settings { aperiodic, definition, ..Settings::default() };
                    if let Ok(found) = fit(&frequencies, &power, &settings) {
                        prop_assert!(found.exponent.is_finite() && found.offset.is_finite(), "{found:?}");
                        prop_assert!(found.peaks.iter().all(|peak| peak.power.is_finite() && peak.bandwidth_hz >= 0.5 - 1e-9));
                    }
                }
            }
        }
    }

    #[test]
    fn another_unit_moves_the_offset_alone(noise in vec(-0.2..0.2, 90), scale in 1e-6..1e6) {
        let frequencies: Vec<f64> = (0..90).map(|i| 1.0 + 0.5 * f64::from(i)).collect();
        let power: Vec<f64> = frequencies
            .iter()
            .zip(&noise)
            .map(|(f, noise)| 10_f64.powf(1.0 - 1.3 * f.log10() + (-(f - 10.0).powi(2) / 4.0).exp() + noise))
            .collect();
        let scaled: Vec<f64> = power.iter().map(|p| scale * p).collect();
        let settings = Settings { max_peaks: Some(1), ..Settings::default() };
        let (one, other) = (fit(&frequencies, &power, &settings).unwrap(), fit(&frequencies, &scaled, &settings).unwrap());
        prop_assert!((other.offset - one.offset - f64::log10(scale)).abs() < 1e-6);
        prop_assert!((other.exponent - one.exponent).abs() < 1e-6);
        prop_assert_eq!(other.peaks.len(), one.peaks.len());
    }
}

#[test]
fn a_million_samples_have_spectra() {
    let series = series(1_000_000);
    let variance = series.iter().map(|v| v * v).sum::<f64>() / 1e6;
    let sum = |frequencies: &[f64], power: &[f64]| power.iter().sum::<f64>() * frequencies[1];
    let averaged = welch(&series, 1000.0, &Welch::new(2000)).unwrap();
    assert!((sum(&averaged.frequencies_hz, &averaged.power) / variance - 1.0).abs() < 0.01);
    let found = fit(&averaged.frequencies_hz, &averaged.power, &Settings { max_peaks: Some(3), ..Settings::default() });
    // The wave has 0.3 / (2 pi) of the sampling rate.
    assert!(found.unwrap().peaks.iter().any(|peak| (peak.center_frequency_hz - 47.7).abs() < 0.5));
    let tapered = multitaper(&series, 1000.0, &Multitaper { tapers: Some(3), ..Multitaper::default() }).unwrap();
    assert!((sum(&tapered.frequencies_hz, &tapered.power) / variance - 1.0).abs() < 0.01);
}
