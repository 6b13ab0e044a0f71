#![allow(clippy::unwrap_used)]
use super::*;

const RATE: f64 = 250.0;

fn noise(len: usize) -> Vec<f64> {
    (0..len as u32).map(|i| f64::from(i.wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 24) - 0.5).collect()
}

fn mains(harmonics: u32) -> LineNoise {
    LineNoise { frequency_hz: 50.0, harmonics, width_hz: 0.5, span_s: 4.0 }
}

/// A line that wanders around 50.08 Hz by 0.05 Hz within a minute, with its second multiple.
fn line(i: usize) -> f64 {
    let t = i as f64 / RATE;
    let turns = 50.08 * t + 0.05 * 60.0 / TAU * (TAU * t / 60.0).sin();
    20.0 * (TAU * turns + 1.0).cos() + 3.0 * (TAU * 2.0 * turns).sin()
}

#[test]
fn a_line_of_another_frequency_is_found_and_taken_away() {
    // 1.1 Hz next to it stays, and so do offset and trend.
    let rest = |i: usize| 1e4 + 0.01 * i as f64 + 2.0 * (TAU * 48.9 * i as f64 / RATE).sin();
    let exactly: Vec<f64> = (0..5000).map(|i| rest(i) + 20.0 * (TAU * 50.13 * i as f64 / RATE).sin()).collect();
    let cleaned = remove(&exactly, RATE, &mains(0)).unwrap();
    for (i, y) in cleaned.iter().enumerate() {
        assert!((y - rest(i)).abs() < 0.1, "{i}: {y} != {}", rest(i));
    }
}

#[test]
fn a_line_that_wanders_is_followed() {
    let noise = noise(15_000);
    let series: Vec<f64> = noise.iter().enumerate().map(|(i, x)| x + line(i)).collect();
    let cleaned = remove(&series, RATE, &mains(1)).unwrap();
    let power = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64;
    let left: Vec<f64> = cleaned.iter().zip(&noise).map(|(y, x)| y - x).collect();
    assert!(power(&left) < 5e-3 * power(&noise) * 10.0, "{} of {}", power(&left), power(&noise));
    // With a frequency that is taken as it is, most of it stays.
    let fixed = remove(&series, RATE, &LineNoise { width_hz: 0.0, ..mains(1) }).unwrap();
    assert!(power(&fixed) > 20.0 * power(&cleaned));
    // The second multiple stays where it is not asked for.
    let first = remove(&series, RATE, &mains(0)).unwrap();
    assert!((power(&first) - power(&noise) - 4.5).abs() < 0.2, "{}", power(&first));
}

#[test]
fn without_a_line_little_goes() {
    let noise = noise(15_000);
    let cleaned = remove(&noise, RATE, &mains(0)).unwrap();
    let changed: f64 = cleaned.iter().zip(&noise).map(|(y, x)| (y - x).powi(2)).sum();
    let all: f64 = noise.iter().map(|x| x * x).sum();
    // 1.5 / span of 125 Hz, and somewhat more as the largest of some frequencies is taken.
    assert!(changed < 4.0 * 1.5 / 4.0 / 125.0 * all, "{}", changed / all);
}

#[test]
fn one_window_is_enough_and_windows_end_with_the_series() {
    for len in [30, 500, 999, 1000, 1001, 1499, 1500, 1501] {
        let series: Vec<f64> = (0..len).map(|i| 5.0 * (TAU * 50.0 * i as f64 / RATE + 0.3).sin()).collect();
        let cleaned = remove(&series, RATE, &LineNoise { width_hz: 0.0, ..mains(0) }).unwrap();
        assert_eq!(cleaned.len(), len);
        assert!(cleaned.iter().all(|y| y.abs() < 0.05), "{len}: {cleaned:?}");
    }
    assert_eq!(remove(&[], RATE, &mains(0)).unwrap(), []);
    let zeros = remove(&[0.0; 1000], RATE, &mains(0)).unwrap();
    assert!(zeros.iter().all(|y| *y == 0.0));
}

#[test]
fn what_cannot_be_removed_is_told() {
    let of = |noise: LineNoise, len: usize| remove(&vec![0.0; len], RATE, &noise).unwrap_err().to_string();
    assert!(of(mains(2), 5000).contains("150.75 Hz cannot be filtered at a sampling rate of 250 Hz"));
    assert!(of(mains(0), 10).contains("10 samples, holds fewer than 5 periods of 50 Hz"));
    assert!(of(LineNoise { span_s: 0.01, ..mains(0) }, 5000).contains("fewer than 5 periods"));
    assert!(of(LineNoise { width_hz: -1.0, ..mains(0) }, 5000).contains("a width of -1 Hz"));
    assert!(of(LineNoise { width_hz: 50.0, ..mains(0) }, 5000).contains("a width of 50 Hz"));
}
