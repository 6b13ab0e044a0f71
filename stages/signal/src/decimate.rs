//! Decimation without phase shift: low-pass filter forwards and backwards, then every q-th sample.
//!
//! The filter is a Chebyshev filter of the first kind, order 8, ripple 0.05 dB, cutoff 0.8 / q of
//! the Nyquist frequency, as four second-order sections (direct form II transposed), passed twice.
//!
//! | frequency, of the new Nyquist frequency | gain of both passes |
//! |---|---|
//! | 0 | 1 exactly |
//! | up to 0.8 (edge of the pass-band) | 0 to +0.1 dB, 0 dB at the edge |
//! | 1 | -46 dB (large q) to -66 dB (q = 2) |
//! | from 1.2 on, what would fold into the pass-band | below -83 dB |
//!
//! Offsets and straight trends are kept whatever their size: the line through the first and the last
//! value is taken off before the filter and added to what comes out, and beyond the ends the rest is
//! reflected with its sign changed (the odd reflection of the series through its end points), for as
//! long as the filter remembers. The first value that comes out is the first of the series.
//!
//! [`decimate_as_scipy`] is `scipy.signal.decimate(x, q, zero_phase=True)`: the same filter with a gain
//! of -0.1 dB at frequency 0, and 27 reflected samples whatever q, each pass from the steady state of
//! its first sample. There an offset loses 1.1 % of its size, and from about q = 13 on the ends of the
//! series are distorted.
//!
//! Design: analog poles p_m = -sinh(mu + i theta_m), mu = asinh(1 / eps) / 8, theta_m = pi m / 16,
//! m = -7, -5, .., 7, eps^2 = 10^(ripple / 10) - 1 (Oppenheim & Schafer, Discrete-Time Signal
//! Processing, appendix B), warped by 4 tan(pi cutoff / 2) and brought to the z plane by the
//! bilinear transform with sampling rate 2.
//!
//! Reference: Gustafsson F (1996) IEEE Trans Signal Process 44:988 (forward-backward filtering).

use std::f64::consts::PI;

use realfft::num_complex::Complex;

use crate::end_line::EndLine;
use crate::filter::sections::{Section, Sections};

const ORDER: i32 = 8;
const SECTIONS: usize = 4;
const RIPPLE_DB: f64 = 0.05;
/// Cutoff, of the new Nyquist frequency.
const EDGE: f64 = 0.8;
/// What the response of the filter has decayed to where it counts as over.
const FORGOTTEN: f64 = 1e-10;
/// Lengths of the series that are reflected at most: beyond, it is taken to go on along its end line.
const REFLECTIONS: usize = 16;
/// Samples that scipy reflects at each end: three times the number of taps of the whole filter,
/// 2 SECTIONS + 1.
const SCIPY_PADDING: usize = 3 * (2 * SECTIONS + 1);

/// Why a series was not decimated.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimateError {
    #[error("decimation factor is 0; it must be at least 1")]
    ZeroFactor,
    #[error(
        "a series of {len} samples is too short to decimate by {factor} as scipy does: \
         at least {} samples are needed", SCIPY_PADDING + 1
    )]
    TooShort { len: usize, factor: usize },
}

/// Every `factor`-th sample of the low-passed series, the first sample first: ceil(n / factor)
/// samples.
///
/// A factor of 1 returns the series as it is. Any length will do; in a series shorter than [`reach`]
/// all values depend on how it is continued beyond its ends.
///
/// # Errors
/// A factor of 0.
pub fn decimate(series: &[f64], factor: usize) -> Result<Vec<f64>, DecimateError> {
    if factor == 0 {
        return Err(DecimateError::ZeroFactor);
    }
    // Reflected through its first point, the rest cancels there.
    if factor == 1 || factor >= series.len() {
        return Ok(series.iter().step_by(factor).copied().collect());
    }
    let filter = with_gain_one(EDGE / factor as f64);
    let padding = filter.decay(FORGOTTEN).min(REFLECTIONS * (series.len() - 1));
    let line = EndLine::of(series);
    let mut rest = line.remainder(series, padding, padding);
    filter.run_both_ways(&mut rest);
    let kept = rest[padding..padding + series.len()].iter().rev().step_by(factor).enumerate();
    Ok(kept.map(|(k, rest)| line.at((k * factor) as f64) + rest).collect())
}

/// As [`decimate`], with the numbers of `scipy.signal.decimate(x, factor, zero_phase=True)`.
///
/// # Errors
/// A factor of 0, or fewer than 28 samples (unless the factor is 1).
pub fn decimate_as_scipy(series: &[f64], factor: usize) -> Result<Vec<f64>, DecimateError> {
    match factor {
        0 => return Err(DecimateError::ZeroFactor),
        1 => return Ok(series.to_vec()),
        _ => {}
    }
    if series.len() <= SCIPY_PADDING {
        return Err(DecimateError::TooShort { len: series.len(), factor });
    }
    let filtered = low_pass(EDGE / factor as f64).both_ways(series, SCIPY_PADDING);
    Ok(filtered.into_iter().step_by(factor).collect())
}

/// How far a value reaches, in samples of the series: values further away have together at most 1 % of
/// the weight, so that errors of any number of values beyond this distance change the result by at
/// most 1 % of the largest of them.
pub fn reach(factor: usize) -> usize {
    /// Beyond, the response is as good as continuous.
    const LARGEST: usize = 1000;
    const OUTSIDE: f64 = 0.01;
    match factor {
        0 | 1 => return 0,
        2..=LARGEST => {}
        _ => return (reach(LARGEST) * factor).div_ceil(LARGEST),
    }
    let filter = with_gain_one(EDGE / factor as f64);
    let half = filter.decay(FORGOTTEN);
    let mut response = vec![0.0; 2 * half + 1];
    response[half] = 1.0;
    filter.run_both_ways(&mut response);
    let mut outside = 0.0;
    for distance in (1..=half).rev() {
        outside += response[half - distance].abs() + response[half + distance].abs();
        if outside > OUTSIDE {
            return distance;
        }
    }
    0
}

/// The low-pass filter; `cutoff` as a fraction of the Nyquist frequency.
fn low_pass(cutoff: f64) -> Sections {
    let epsilon = (10_f64.powf(0.1 * RIPPLE_DB) - 1.0).sqrt();
    let mu = (1.0 / epsilon).asinh() / f64::from(ORDER);
    let rate = 4.0;
    let warped = rate * (0.5 * PI * cutoff).tan();
    // An even order starts at the bottom of a ripple.
    let mut gain = 1.0 / (1.0 + epsilon * epsilon).sqrt();
    let sections = (0..SECTIONS as i32).map(|i| {
        // One of each conjugate pair. The pole nearest to the unit circle comes last, where the
        // signal is smallest.
        let m = f64::from(ORDER - 1 - 2 * i);
        let analog = -Complex::new(mu, PI * m / f64::from(2 * ORDER)).sinh() * warped;
        let pole = (analog + rate) / (Complex::from(rate) - analog);
        // Each pair scales by |p|^2 of the analog prototype and by 1 / |rate - p|^2 of the
        // bilinear transform.
        gain *= analog.norm_sqr() / (Complex::from(rate) - analog).norm_sqr();
        Section { b: [1.0, 2.0, 1.0], a: [-2.0 * pole.re, pole.norm_sqr()] }
    });
    let sections = sections.collect();
    Sections { gain, sections }
}

/// The same filter with a gain of 1 at frequency 0.
fn with_gain_one(cutoff: f64) -> Sections {
    let filter = low_pass(cutoff);
    let gain = filter.sections.iter().map(|Section { a: [a1, a2], .. }| 0.25 * (1.0 + a1 + a2)).product();
    Sections { gain, ..filter }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_constant_stays_and_the_length_is_rounded_up() {
        for (len, factor, expected) in [(28, 2, 14), (29, 2, 15), (1000, 7, 143), (100, 40, 3), (3, 2, 2), (0, 4, 0)] {
            assert_eq!(decimate(&vec![5.0; len], factor).unwrap(), vec![5.0; expected]);
        }
    }

    #[test]
    fn the_scipy_form_lowers_a_constant_by_the_ripple() {
        for (len, factor, expected) in [(28, 2, 14), (29, 2, 15), (1000, 7, 143), (100, 40, 3)] {
            let decimated = decimate_as_scipy(&vec![5.0; len], factor).unwrap();
            assert_eq!(decimated.len(), expected);
            // Twice the ripple's bottom of 0.05 dB at zero frequency.
            let level = 5.0 * 10_f64.powf(-2.0 * RIPPLE_DB / 20.0);
            assert!(decimated.iter().all(|y| (y - level).abs() < 1e-9), "{decimated:?}");
        }
    }

    /// Gain in dB at a frequency, of the new Nyquist frequency, from a cosine in the middle of a long series.
    fn gain_db(factor: usize, frequency: f64) -> f64 {
        let n = 401 * factor;
        let middle = (n / 2 / factor * factor) as f64;
        let wave = |i: usize| (PI * frequency / factor as f64 * (i as f64 - middle)).cos();
        let series: Vec<f64> = (0..n).map(wave).collect();
        let decimated = decimate(&series, factor).unwrap();
        20.0 * decimated[n / 2 / factor].abs().log10()
    }

    #[test]
    fn the_pass_band_is_flat_and_what_would_fold_into_it_is_gone() {
        for factor in [2, 3, 5, 10, 40] {
            for percent in (1..=80).step_by(3) {
                let gain = gain_db(factor, f64::from(percent) * 0.01);
                assert!((-1e-6..0.1 + 1e-6).contains(&gain), "{factor}, {percent} %: {gain} dB");
            }
            assert!(gain_db(factor, EDGE).abs() < 1e-6);
            assert!(gain_db(factor, 1.0) < -45.5, "{}", gain_db(factor, 1.0));
            for percent in (120..=100 * factor as u32).step_by(9) {
                let gain = gain_db(factor, f64::from(percent) * 0.01);
                assert!(gain < -82.9, "{factor}, {percent} %: {gain} dB");
            }
        }
        assert!((gain_db(2, 1.0) + 66.3).abs() < 0.5 && (gain_db(40, 1.0) + 45.6).abs() < 0.5);
    }

    #[test]
    fn values_beyond_the_reach_hardly_count() {
        for factor in [2, 5, 10, 100, 3000] {
            let reach = reach(factor);
            assert!((20 * factor..40 * factor).contains(&reach), "{factor}: {reach}");
        }
        assert_eq!((reach(0), reach(1)), (0, 0));
        // A step at a distance: all values beyond it are off by one.
        let factor = 10;
        let n = 4000;
        let (mut wrong, distance) = (vec![0.0; n], reach(factor));
        wrong[2000 + distance + 1..].fill(1.0);
        let changed = decimate(&wrong, factor).unwrap();
        assert!(changed[..=200].iter().all(|y| y.abs() < 0.01 + 1e-9));
        assert!(changed[200..200 + distance / factor + 1].iter().any(|y| y.abs() > 0.01));
    }

    #[test]
    fn what_cannot_be_decimated() {
        assert_eq!(decimate(&[1.0; 100], 0), Err(DecimateError::ZeroFactor));
        assert_eq!(decimate(&[1.0, 2.0], 1), Ok(vec![1.0, 2.0]));
        assert_eq!(decimate(&[1.0, 2.0], usize::MAX), Ok(vec![1.0]));
        assert_eq!(decimate_as_scipy(&[1.0; 100], 0), Err(DecimateError::ZeroFactor));
        assert_eq!(decimate_as_scipy(&[1.0; 27], 3), Err(DecimateError::TooShort { len: 27, factor: 3 }));
        assert_eq!(decimate_as_scipy(&[], 3), Err(DecimateError::TooShort { len: 0, factor: 3 }));
        assert_eq!(decimate_as_scipy(&[1.0, 2.0], 1), Ok(vec![1.0, 2.0]));
        let message = DecimateError::TooShort { len: 27, factor: 3 }.to_string();
        assert!(message.contains("27 samples") && message.contains("at least 28"), "{message}");
    }
}
