#![allow(clippy::unwrap_used)]
use std::f64::consts::TAU;

use super::*;

const RATE_HZ: f64 = 1000.0;

/// Sines of 10 Hz in three bursts of 1 s, with 1 s of a small, fast wave between them.
fn three_bursts() -> Vec<f64> {
    (0..6000)
        .map(|i| {
            let (time, on) = (f64::from(i) / RATE_HZ, i % 2000 >= 1000);
            let fast = 0.02 * (TAU * 71.0 * time).sin();
            if on { -2.0 * (TAU * 10.0 * time).cos() + 2.0 + fast } else { fast }
        })
        .collect()
}

#[test]
fn a_sine_has_even_cycles_and_one_burst() {
    let wave: Vec<f64> = (0..3000).map(|i| 5.0 - 3.0 * (TAU * f64::from(i) / 100.0).cos()).collect();
    for center in [Center::Peak, Center::Trough] {
        let method = Method { center, ..Method::new(8.0, 12.0) };
        let found = cycles(&wave, RATE_HZ, &method).unwrap();
        assert!(found.len() >= 27, "{}", found.len());
        // At its ends the series is continued by zeros.
        for cycle in &found[1..found.len() - 1] {
            assert_eq!((cycle.period(), cycle.center - cycle.start), (100, 50));
            assert_eq!(cycle.center % 100, if center == Center::Peak { 50 } else { 0 });
            assert!((cycle.amplitude - 6.0).abs() < 1e-9);
            assert!((cycle.peak_trough_symmetry - 0.5).abs() < 0.011 && cycle.rise_decay_symmetry == 0.5);
            assert_eq!(cycle.monotonicity, 1.0);
        }
        let inner = &found[1..found.len() - 1];
        assert!(inner.iter().all(|cycle| cycle.in_burst && cycle.period_consistency > 0.98));
        assert!(!found[0].in_burst && !found[found.len() - 1].in_burst && found[0].period_consistency.is_nan());
        let told = summary(&found, wave.len());
        assert_eq!((told.bursts, told.cycles, told.period), (1, found.len(), 100.0));
        assert_eq!(told.burst, 100.0 * inner.len() as f64);
        assert_eq!(told.fraction, told.burst / 3000.0);
    }
}

#[test]
fn a_slow_rise_is_told_from_a_slow_decay() {
    // 70 of 100 samples rise.
    let saw: Vec<f64> = (0..4000)
        .map(|i| if i % 100 < 70 { f64::from(i % 100) / 70.0 } else { f64::from(100 - i % 100) / 30.0 })
        .collect();
    let told = |x: &[f64], center| {
        let method = Method { center, ..Method::new(8.0, 12.0) };
        summary(&cycles(x, RATE_HZ, &method).unwrap(), x.len())
    };
    let falling: Vec<f64> = saw.iter().map(|x| -x).collect();
    for center in [Center::Peak, Center::Trough] {
        assert!((told(&saw, center).rise_decay_symmetry - 0.7).abs() < 1e-12);
        assert!((told(&falling, center).rise_decay_symmetry - 0.3).abs() < 1e-12);
        assert!((told(&saw, center).amplitude - 1.0).abs() < 1e-12);
    }
}

#[test]
fn bursts_are_found_where_they_are() {
    let series = three_bursts();
    let found = cycles(&series, RATE_HZ, &Method::new(8.0, 12.0)).unwrap();
    let told = summary(&found, series.len());
    assert_eq!(told.bursts, 3);
    assert!(found.iter().filter(|cycle| cycle.in_burst).all(|cycle| cycle.center % 2000 >= 1000));
    assert!((told.period - 100.0).abs() < 1.0 && (told.amplitude - 4.0).abs() < 0.1, "{told:?}");
    assert!((0.25..0.5).contains(&told.fraction) && (500.0..1000.0).contains(&told.burst), "{told:?}");
    // Longer ones than there are.
    let strict = Method { fewest_cycles: 11, ..Method::new(8.0, 12.0) };
    let none = summary(&cycles(&series, RATE_HZ, &strict).unwrap(), series.len());
    assert_eq!((none.bursts, none.fraction), (0, 0.0));
    assert!(none.period.is_nan() && none.amplitude.is_nan() && none.burst.is_nan());
}

#[test]
fn series_without_cycles_have_none() {
    let method = Method::new(8.0, 12.0);
    let none = |x: &[f64]| assert_eq!(cycles(x, RATE_HZ, &method).unwrap(), []);
    for n in [0, 1, 2, 375] {
        none(&(0..n).map(|i| (TAU * f64::from(i) / 100.0).sin()).collect::<Vec<f64>>());
    }
    none(&[7.0; 5000]);
    none(&[0.0; 5000]);
    let mut holed = three_bursts();
    for value in [f64::NAN, f64::INFINITY] {
        holed[100] = value;
        none(&holed);
    }
    assert!(summary(&[], 0).fraction.is_nan());
    assert_eq!((summary(&[], 10).fraction, summary(&[], 10).cycles), (0.0, 0));
}

#[test]
fn impossible_bands_and_rates_are_named() {
    let refused =
        |low, high, rate_hz: f64| cycles(&[0.0; 10], rate_hz, &Method::new(low, high)).unwrap_err().to_string();
    assert!(refused(8.0, 12.0, 0.0).contains("rate_hz is 0 Hz"));
    for (low, high) in [(0.0, 12.0), (12.0, 8.0), (8.0, 500.0), (f64::NAN, 12.0)] {
        assert!(refused(low, high, 1000.0).contains("half of the sampling rate of 1000 Hz"), "{low} {high}");
    }
    let method = Method { filter_cycles: 0.0, ..Method::new(8.0, 12.0) };
    assert_eq!(cycles(&[0.0; 10], 1000.0, &method), Err(BurstError::FilterCycles(0.0)));
    // Longer than any memory: no cycles, and no memory.
    assert_eq!(cycles(&[0.0, 1.0], 1e12, &Method::new(1e-6, 1.0)), Ok(Vec::new()));
    assert_eq!(filter_samples(1000.0, &Method::new(8.0, 12.0)), Ok(375.0));
}

#[test]
fn a_million_values_have_their_cycles() {
    let series: Vec<f64> = (0..1_000_000).map(|i| (TAU * f64::from(i) / 25.0).sin()).collect();
    let found = cycles(&series, 250.0, &Method::new(8.0, 12.0)).unwrap();
    assert!((39_990..=40_000).contains(&found.len()));
    let told = summary(&found, series.len());
    assert!(told.bursts == 1 && (told.period - 25.0).abs() < 1e-3);
}
