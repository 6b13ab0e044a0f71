#![allow(clippy::unwrap_used)]
use std::f64::consts::TAU;

use super::*;

/// A wave and something like noise.
fn series(n: u32) -> Vec<f64> {
    let noise = |i: u32| f64::from(i.wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 24) - 0.5;
    (0..n).map(|i| (TAU * 0.1 * f64::from(i)).sin() + noise(i)).collect()
}

#[test]
fn power_is_that_of_the_series_whatever_the_weights() {
    let series = series(2000);
    let variance = {
        let mean = series.iter().sum::<f64>() / 2000.0;
        series.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 2000.0
    };
    for weights in [Weights::Adaptive, Weights::Eigenvalue, Weights::Uniform] {
        let spectrum = multitaper(&series, 100.0, &Multitaper { weights, ..Multitaper::default() }).unwrap();
        let sum = spectrum.power.iter().sum::<f64>() * spectrum.frequencies_hz[1];
        assert!((sum / variance - 1.0).abs() < 0.02, "{weights:?}: {sum} {variance}");
    }
}

#[test]
fn adaptive_weights_see_through_leakage_where_uniform_ones_do_not() {
    // 120 dB: what is beside the wave under uniform weights leaks out of it.
    let series: Vec<f64> = (0..1000).map(|i| 1e3 * (TAU * 0.1003 * f64::from(i)).sin()).collect();
    let of = |weights| {
        let method = Multitaper { weights, bandwidth_hz: Some(1.0), ..Multitaper::default() };
        multitaper(&series, 100.0, &method).unwrap().power[400]
    };
    assert!(of(Weights::Adaptive) < 1e-3 * of(Weights::Uniform), "{} {}", of(Weights::Adaptive), of(Weights::Uniform));
}

#[test]
fn few_samples_constants_and_missing_values() {
    let all =
        |series: &[f64]| multitaper(series, 1.0, &Multitaper { bandwidth_hz: Some(0.5), ..Multitaper::default() });
    assert_eq!(all(&[3.0]).unwrap().power, [0.0]);
    assert_eq!(all(&[]), Err(MultitaperError::Empty));
    assert!(all(&[1.0, 2.0]).unwrap().power.iter().all(|power| power.is_finite()));
    assert!(all(&[4.0; 64]).unwrap().power.iter().all(|power| *power == 0.0));
    for missing in [f64::NAN, f64::INFINITY] {
        let mut series = series(64);
        series[5] = missing;
        assert!(all(&series).unwrap().power.iter().all(|power| power.is_nan()));
    }
    // The default bandwidth is more than eight samples have.
    let message = multitaper(&[1.0; 8], 1.0, &Multitaper::default()).unwrap_err().to_string();
    assert!(message.contains("must be below it"), "{message}");
    let narrow = multitaper(&[1.0; 8], 1.0, &Multitaper { bandwidth_hz: Some(0.1), ..Multitaper::default() });
    assert!(narrow.unwrap_err().to_string().contains("at least 0.125 Hz"));
}

#[test]
fn with_two_tapers_weights_are_their_concentrations() {
    let series = series(200);
    let method = |weights| Multitaper { weights, tapers: Some(2), ..Multitaper::default() };
    let mut two = Tapered::new(&method(Weights::Adaptive), 200, 10.0).unwrap();
    assert_eq!((two.tapers(), two.weights()), (2, Weights::Eigenvalue));
    assert_eq!(two.spectrum(&series), multitaper(&series, 10.0, &method(Weights::Eigenvalue)));
    assert_eq!(Tapered::new(&method(Weights::Adaptive), 200, 10.0).unwrap().samples(), 200);
}
