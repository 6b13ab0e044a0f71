#![allow(clippy::unwrap_used)]
use std::f64::consts::TAU;

use super::*;
use crate::welch::{Welch, welch};

const fn band(low_hz: f64, high_hz: f64) -> Band {
    Band { low_hz, high_hz }
}

/// 0, 1, .. 50 Hz.
fn spectrum(power: impl Fn(f64) -> f64) -> PowerSpectrum {
    let frequencies_hz: Vec<f64> = (0..=50).map(f64::from).collect();
    PowerSpectrum { power: frequencies_hz.iter().map(|f| power(*f)).collect(), frequencies_hz }
}

#[test]
fn a_flat_spectrum_has_power_by_width() {
    let flat = spectrum(|_| 2.0);
    for integration in [Integration::Trapezoid, Integration::Rectangle] {
        assert_eq!(band_power(&flat, band(8.0, 13.0), integration), 10.0);
        assert_eq!(band_power(&flat, band(0.0, 50.0), integration), 100.0);
    }
    assert!((quantile_frequency_hz(&flat, band(0.0, 50.0), 0.95) - 47.5).abs() < 1e-12);
    assert!((quantile_frequency_hz(&flat, band(10.0, 20.0), 0.5) - 15.0).abs() < 1e-12);
    assert_eq!(centre_of_gravity_hz(&flat, band(8.0, 12.0)), 10.0);
    assert_eq!(peak_frequency_hz(&flat, band(8.0, 12.0)), 8.0);
    assert!(inner_peak_frequency_hz(&flat, band(8.0, 12.0)).is_nan());
}

#[test]
fn a_straight_spectrum_is_integrated_exactly_by_trapezoids() {
    let rising = spectrum(|f| 3.0 * f);
    assert!((band_power(&rising, band(4.0, 8.0), Integration::Trapezoid) - 1.5 * (64.0 - 16.0)).abs() < 1e-12);
    assert_eq!(band_power(&rising, band(4.0, 8.0), Integration::Rectangle), 3.0 * (4.0 + 5.0 + 6.0 + 7.0));
    assert_eq!(peak_frequency_hz(&rising, band(4.0, 8.0)), 8.0);
    // At the edge it goes on to rise: no peak.
    assert!(inner_peak_frequency_hz(&rising, band(4.0, 8.0)).is_nan());
    let tent = spectrum(|f| 20.0 - (f - 10.0).abs().min(20.0));
    assert_eq!(inner_peak_frequency_hz(&tent, band(7.0, 13.0)), 10.0);
    assert_eq!(centre_of_gravity_hz(&tent, band(7.0, 13.0)), 10.0);
}

#[test]
fn edges_are_met_in_spite_of_rounding() {
    // 360 samples per second from an interval of 1000 / 360 ms: 360.00000000000006.
    let rate_hz = 1e3 / (1e3 / 360.0_f64);
    let wave: Vec<f64> = (0..7200).map(|i| (TAU * 8.0 * f64::from(i) / 360.0).sin()).collect();
    let mut found = Vec::new();
    for rate_hz in [rate_hz * (1.0 + 1e-15), rate_hz * (1.0 - 1e-15), 360.0] {
        let spectrum = welch(&wave, rate_hz, &Welch::new(720)).unwrap();
        found.push([band(4.0, 8.0), band(8.0, 13.0)].map(|band| band_power(&spectrum, band, Integration::Rectangle)));
    }
    for [low, high] in &found {
        assert!((low - found[0][0]).abs() < 1e-9 && (high - found[0][1]).abs() < 1e-9, "{found:?}");
        // The bins at 8 and 8.5 Hz of the taper's three; that at 7.5 Hz is of the band below.
        assert!((low + high - 0.5).abs() < 1e-9 && (high / low - 5.0).abs() < 1e-6, "{low} {high}");
    }
}

#[test]
fn bands_beyond_the_spectrum_and_without_bins_are_undefined() {
    let flat = spectrum(|_| 1.0);
    let undefined = |band: Band| {
        [
            band_power(&flat, band, Integration::Trapezoid),
            band_power(&flat, band, Integration::Rectangle),
            quantile_frequency_hz(&flat, band, 0.5),
            peak_frequency_hz(&flat, band),
            centre_of_gravity_hz(&flat, band),
        ]
        .map(f64::is_nan)
    };
    assert_eq!(undefined(band(30.0, 52.0)), [true; 5]);
    assert_eq!(undefined(band(13.0, 8.0)), [true; 5]);
    assert_eq!(undefined(band(8.2, 8.8)), [true; 5]);
    // One bin is no area between bins.
    assert_eq!(undefined(band(7.5, 8.5)), [true, false, true, false, false]);
    assert_eq!(undefined(band(30.0, 50.5)), [false; 5]);
    for len in 0..2 {
        let short = PowerSpectrum { frequencies_hz: vec![0.0; len], power: vec![1.0; len] };
        assert!(band_power(&short, band(0.0, 1.0), Integration::Trapezoid).is_nan());
        assert!(peak_frequency_hz(&short, band(0.0, 1.0)).is_nan());
    }
    for power in [f64::NAN, f64::INFINITY] {
        let spoilt = spectrum(|f| if f == 10.0 { power } else { 1.0 });
        assert!(band_power(&spoilt, band(8.0, 13.0), Integration::Trapezoid).is_nan());
        assert!(quantile_frequency_hz(&spoilt, band(8.0, 13.0), 0.5).is_nan());
        assert!(peak_frequency_hz(&spoilt, band(8.0, 13.0)).is_nan());
        assert!(centre_of_gravity_hz(&spoilt, band(8.0, 13.0)).is_nan());
        assert_eq!(band_power(&spoilt, band(4.0, 8.0), Integration::Trapezoid), 4.0);
    }
    let silent = spectrum(|_| 0.0);
    assert_eq!(band_power(&silent, band(8.0, 13.0), Integration::Trapezoid), 0.0);
    assert!(quantile_frequency_hz(&silent, band(8.0, 13.0), 0.95).is_nan());
    assert!(peak_frequency_hz(&silent, band(8.0, 13.0)).is_nan());
    assert!(centre_of_gravity_hz(&silent, band(8.0, 13.0)).is_nan());
}

#[test]
fn nothing_but_rounding_is_no_power() {
    for offset in [0.0, 0.1, 1e6 + 0.3, -1e-9] {
        let constant = density(&vec![offset; 3001], 250.0, &Welch::new(500)).unwrap();
        assert!(constant.power.iter().all(|power| *power == 0.0), "{offset}");
        let ramp: Vec<f64> = (0..3001).map(|i| offset + 0.1 * f64::from(i)).collect();
        let line = Welch { detrend: crate::welch::Detrend::Line, ..Welch::new(500) };
        assert!(density(&ramp, 250.0, &line).unwrap().power.iter().all(|power| *power == 0.0), "{offset}");
    }
    // A millionth of a microvolt on a hundred millivolts is more.
    let small: Vec<f64> = (0..3000).map(|i| 1e5 + 1e-6 * (TAU * f64::from(i) / 25.0).sin()).collect();
    let power = band_power(&density(&small, 250.0, &Welch::new(500)).unwrap(), band(8.0, 13.0), Integration::Trapezoid);
    assert!((power / 0.5e-12 - 1.0).abs() < 1e-3, "{power}");
    assert_eq!(band_entropy(&spectrum(|_| 3.0), band(8.0, 13.0)), 1.0);
    assert_eq!(band_entropy(&spectrum(|f| if f == 10.0 { 3.0 } else { 0.0 }), band(8.0, 13.0)), 0.0);
    assert!(band_entropy(&spectrum(|_| 0.0), band(8.0, 13.0)).is_nan());
}
