use std::f64::consts::TAU;

use super::*;
use crate::filter::Band;
use crate::filter::design::Method;
use crate::filter::fir::Window;

#[test]
fn a_sine_has_its_amplitude_everywhere_where_periods_fit() {
    // 1200 values are 12 periods, and 1200 is a fast length.
    let wave: Vec<f64> = (0..1200).map(|i| 3.0 * (TAU * f64::from(i) / 100.0 + 0.7).cos()).collect();
    assert!(envelope(&wave).iter().all(|a| (a - 3.0).abs() < 1e-12));
}

#[test]
fn the_amplitude_of_a_modulated_sine_is_its_modulation() {
    let amplitude = |i: i32| 2.0 + (TAU * f64::from(i) / 6000.0).sin();
    let wave: Vec<f64> = (0..6001).map(|i| amplitude(i) * (TAU * f64::from(i) / 25.0).cos()).collect();
    let found = envelope(&wave);
    for i in 500..5500 {
        assert!((found[i as usize] - amplitude(i)).abs() < 5e-3, "{i}: {}", found[i as usize]);
    }
}

#[test]
fn short_constant_and_missing_series() {
    assert_eq!(envelope(&[]), []);
    assert_eq!(envelope(&[-2.0]), [2.0]);
    // The transform of 1, 0 is 0, 0: both bins are kept as they are.
    assert_eq!(envelope(&[1.0, -3.0]), [1.0, 3.0]);
    assert!(envelope(&[0.0; 50]).iter().all(|a| *a == 0.0));
    assert!(envelope(&[7.0; 60]).iter().all(|a| (a - 7.0).abs() < 1e-12));
    assert!(envelope(&[1.0, f64::NAN, 2.0]).iter().all(|a| a.is_nan()));
}

#[test]
fn fast_lengths_have_small_factors_alone() {
    for (len, expected) in [(0, 0), (1, 1), (2, 2), (7, 8), (11, 12), (13, 15), (14_500, 14_580), (15_000, 15_000)] {
        assert_eq!(next_fast_length(len), expected);
    }
}

#[test]
fn trimming_after_the_transform_leaves_the_amplitude_to_the_very_end() {
    let wave: Vec<f64> = (0..3000).map(|i| 3.0 * (TAU * 10.37 * f64::from(i) / 250.0).cos() + 7.0).collect();
    let method = Method::Fir { window: Window::Hamming, transition_hz: None };
    let filter = Filter::of_band(method, Band::BandPass(8.0, 13.0), 250.0).ok();
    let of = |samples, before_transform| {
        filtered_envelope(&wave, filter.as_ref(), Phase::Zero, Trim { samples, before_transform }).unwrap_or_default()
    };
    let (after, before) = (of(250, false), of(250, true));
    assert_eq!((after.len(), before.len()), (2500, 2500));
    assert!(after.iter().all(|a| (a - 3.0).abs() < 0.05));
    assert!(before.iter().any(|a| (a - 3.0).abs() > 0.2));
    assert_eq!((of(1500, false).len(), of(1500, true).len(), of(2000, false).len()), (0, 0, 0));
    let plain = filtered_envelope(&wave, None, Phase::Zero, Trim::default());
    assert_eq!(plain, Ok(envelope(&wave)));
}
