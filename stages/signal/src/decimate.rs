//! Decimation without phase shift: low-pass filter forwards and backwards, then every q-th sample.
//!
//! The filter is a Chebyshev filter of the first kind, order 8, ripple 0.05 dB, cutoff 0.8 / q of
//! the Nyquist frequency, as four second-order sections (direct form II transposed). The series is
//! extended by 27 samples at both ends, reflected through its end points, and each pass starts from
//! the steady state of its first sample. The same as `scipy.signal.decimate(x, q,
//! zero_phase=True)`.
//!
//! Design: analog poles p_m = -sinh(mu + i theta_m), mu = asinh(1 / eps) / 8, theta_m = pi m / 16,
//! m = -7, -5, .., 7, eps^2 = 10^(ripple / 10) - 1 (Oppenheim & Schafer, Discrete-Time Signal
//! Processing, appendix B), warped by 4 tan(pi cutoff / 2) and brought to the z plane by the
//! bilinear transform with sampling rate 2.
//!
//! Reference: Gustafsson F (1996) IEEE Trans Signal Process 44:988 (forward-backward filtering).

use std::f64::consts::PI;

use realfft::num_complex::Complex;

const ORDER: i32 = 8;
const SECTIONS: usize = 4;
const RIPPLE_DB: f64 = 0.05;
/// Samples reflected at each end: three times the number of taps of the whole filter, 2 SECTIONS +
/// 1.
const PADDING: usize = 3 * (2 * SECTIONS + 1);

/// Why a series was not decimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimateError {
    #[error("decimation factor is 0; it must be at least 1")]
    ZeroFactor,
    #[error(
        "a series of {len} samples is too short to decimate by {factor}: \
         at least {} samples are needed", PADDING + 1
    )]
    TooShort { len: usize, factor: usize },
}

/// Every `factor`-th sample of the low-passed series, the first sample first: ceil(n / factor)
/// samples.
///
/// A factor of 1 returns the series as it is. Any factor is allowed; from about 13 on scipy advises
/// decimating in stages (30 = 6 x 5), because the 27 reflected samples get short against the
/// response of so narrow a filter.
///
/// # Errors
/// A factor of 0, or fewer than 28 samples (unless the factor is 1).
pub fn decimate(series: &[f64], factor: usize) -> Result<Vec<f64>, DecimateError> {
    match factor {
        0 => return Err(DecimateError::ZeroFactor),
        1 => return Ok(series.to_vec()),
        _ => {}
    }
    let (Some(&first), Some(&last)) = (series.first(), series.last()) else {
        return Err(DecimateError::TooShort { len: 0, factor });
    };
    if series.len() <= PADDING {
        return Err(DecimateError::TooShort { len: series.len(), factor });
    }
    let filter = Chebyshev::low_pass(0.8 / factor as f64);
    let before = series[1..=PADDING].iter().rev().map(|x| 2.0 * first - x);
    let after = series[series.len() - 1 - PADDING..series.len() - 1].iter().rev().map(|x| 2.0 * last - x);
    let mut extended: Vec<f64> = before.chain(series.iter().copied()).chain(after).collect();
    filter.run(&mut extended);
    extended.reverse();
    filter.run(&mut extended);
    Ok(extended[PADDING..PADDING + series.len()].iter().rev().step_by(factor).copied().collect())
}

/// b_0, b_1, b_2 over 1, a_1, a_2.
#[derive(Debug, Clone, Copy, Default)]
struct Section {
    b: [f64; 3],
    a: [f64; 2],
}

#[derive(Debug, Clone, Copy)]
struct Chebyshev {
    sections: [Section; SECTIONS],
    /// Delay elements after an endless input of ones.
    steady: [[f64; 2]; SECTIONS],
}

impl Chebyshev {
    /// `cutoff` as a fraction of the Nyquist frequency.
    fn low_pass(cutoff: f64) -> Chebyshev {
        let epsilon = (10_f64.powf(0.1 * RIPPLE_DB) - 1.0).sqrt();
        let mu = (1.0 / epsilon).asinh() / f64::from(ORDER);
        let rate = 4.0;
        let warped = rate * (0.5 * PI * cutoff).tan();
        // An even order starts at the bottom of a ripple.
        let mut gain = 1.0 / (1.0 + epsilon * epsilon).sqrt();
        let mut sections = [Section::default(); SECTIONS];
        for (i, section) in sections.iter_mut().enumerate() {
            // One of each conjugate pair. The pole nearest to the unit circle comes last, where the
            // signal is smallest.
            let m = f64::from(ORDER - 1 - 2 * i as i32);
            let analog = -Complex::new(mu, PI * m / f64::from(2 * ORDER)).sinh() * warped;
            let pole = (analog + rate) / (Complex::from(rate) - analog);
            // Each pair scales by |p|^2 of the analog prototype and by 1 / |rate - p|^2 of the
            // bilinear transform.
            gain *= analog.norm_sqr() / (Complex::from(rate) - analog).norm_sqr();
            *section = Section { b: [1.0, 2.0, 1.0], a: [-2.0 * pole.re, pole.norm_sqr()] };
        }
        sections[0].b = sections[0].b.map(|b| gain * b);
        let mut level = 1.0;
        let steady = sections.map(|Section { b, a }| {
            let response = b.iter().sum::<f64>() / (1.0 + a[0] + a[1]);
            let second = b[2] - a[1] * response;
            let state = [level * (b[1] - a[0] * response + second), level * second];
            level *= response;
            state
        });
        Chebyshev { sections, steady }
    }

    /// Filters in place, starting from the steady state of the first sample.
    fn run(&self, signal: &mut [f64]) {
        let start = signal.first().copied().unwrap_or(0.0);
        let mut states = self.steady.map(|state| state.map(|level| level * start));
        for sample in signal {
            let mut x = *sample;
            for (Section { b, a }, state) in self.sections.iter().zip(&mut states) {
                let y = b[0] * x + state[0];
                state[0] = b[1] * x - a[0] * y + state[1];
                state[1] = b[2] * x - a[1] * y;
                x = y;
            }
            *sample = x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_stays_and_the_length_is_rounded_up() {
        for (len, factor, expected) in [(28, 2, 14), (29, 2, 15), (1000, 7, 143), (100, 40, 3)] {
            let decimated = decimate(&vec![5.0; len], factor).unwrap_or_default();
            assert_eq!(decimated.len(), expected);
            // Twice the ripple's bottom of 0.05 dB at zero frequency.
            let level = 5.0 * 10_f64.powf(-2.0 * RIPPLE_DB / 20.0);
            assert!(decimated.iter().all(|y| (y - level).abs() < 1e-9), "{decimated:?}");
        }
    }

    #[test]
    fn what_cannot_be_decimated() {
        assert_eq!(decimate(&[1.0; 100], 0), Err(DecimateError::ZeroFactor));
        assert_eq!(decimate(&[1.0; 27], 3), Err(DecimateError::TooShort { len: 27, factor: 3 }));
        assert_eq!(decimate(&[], 3), Err(DecimateError::TooShort { len: 0, factor: 3 }));
        assert_eq!(decimate(&[1.0, 2.0], 1), Ok(vec![1.0, 2.0]));
        let message = DecimateError::TooShort { len: 27, factor: 3 }.to_string();
        assert!(message.contains("27 samples") && message.contains("at least 28"), "{message}");
    }
}
