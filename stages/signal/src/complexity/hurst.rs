//! Hurst's exponent by rescaled ranges.
//!
//! In a window of w values with mean m and population standard deviation S, the range R is the largest
//! less the smallest of the sums of the first i values less i m, i = 0 .. w. (R/S)_w is the mean over
//! windows side by side in which S > 0. The exponent is the slope of ln (R/S)_w over ln w, for windows of
//! `shortest` to n / 2 values in 20 steps of equal ratio. White noise has a slope above 1/2 at such lengths;
//! so the slope of its expectation (Anis AA & Lloyd EH (1976) Biometrika 63:111, with the factor
//! (w - 1/2) / w of Peters, equations 4 and 5 of Weron) is taken off first, and 1/2 added:
//!
//! E_w = (w - 1/2) / w  Gamma((w - 1) / 2) / (sqrt(pi) Gamma(w / 2))  sum_(i < w) sqrt((w - i) / i).

use std::f64::consts::PI;

use super::fractal::slope;
use super::variance::{all_finite, finite, of_rounding};

const STEPS: usize = 20;

/// Hurst's exponent of the values as increments: 0.5 for white noise, above where it persists.
///
/// `corrected` for what white noise has in windows of such lengths. NaN for fewer than 4 `shortest` samples, and for
/// windows without variance.
pub fn hurst(series: &[f64], shortest: usize, corrected: bool) -> f64 {
    let n = series.len();
    if shortest < 2 || n < shortest.saturating_mul(4) || !all_finite(series) {
        return f64::NAN;
    }
    let ratio = (n / 2) as f64 / shortest as f64;
    let window = |step: usize| (shortest as f64 * ratio.powf(step as f64 / (STEPS - 1) as f64)).round() as usize;
    let mut windows: Vec<usize> = (0..STEPS).map(window).collect();
    windows.dedup();
    let gammas = if corrected { gamma_ratios(n / 2) } else { Vec::new() };
    let rounding = of_rounding(series);
    let points: Vec<(f64, f64)> = windows
        .into_iter()
        .map(|window| {
            let own = rescaled_range(series, window, rounding).ln();
            let expected = if corrected { of_white_noise(window, gammas[window]).ln() } else { 0.0 };
            ((window as f64).ln(), own - expected)
        })
        .collect();
    finite(slope(&points) + if corrected { 0.5 } else { 0.0 })
}

fn rescaled_range(series: &[f64], window: usize, rounding: f64) -> f64 {
    let (mut sum, mut count) = (0.0, 0_usize);
    for values in series.chunks_exact(window) {
        let mean = values.iter().sum::<f64>() / window as f64;
        let (mut walk, mut low, mut high, mut squares) = (0.0, 0.0_f64, 0.0_f64, 0.0);
        for x in values {
            walk += x - mean;
            squares += (x - mean).powi(2);
            low = low.min(walk);
            high = high.max(walk);
        }
        let sd = (squares / window as f64).sqrt();
        if sd > rounding {
            sum += (high - low) / sd;
            count += 1;
        }
    }
    sum / count as f64
}

/// E_w, with Gamma((w - 1) / 2) / Gamma(w / 2).
fn of_white_noise(window: usize, gammas: f64) -> f64 {
    let w = window as f64;
    let sum: f64 = (1..window).map(|i| ((w - i as f64) / i as f64).sqrt()).sum();
    (w - 0.5) / w * gammas / PI.sqrt() * sum
}

/// Gamma((w - 1) / 2) / Gamma(w / 2) for w up to `longest`: sqrt(pi) at w = 2, and two neighbours have the product
/// 2 / (w - 1).
fn gamma_ratios(longest: usize) -> Vec<f64> {
    let mut ratios = vec![f64::NAN; longest + 1];
    let mut ratio = PI.sqrt();
    for (window, own) in ratios.iter_mut().enumerate().skip(2) {
        *own = ratio;
        ratio = 2.0 / ((window as f64 - 1.0) * ratio);
    }
    ratios
}
