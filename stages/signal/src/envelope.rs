//! Amplitude envelopes: the magnitude of the analytic signal.
//!
//! a_i = |x_i + i h_i|, where h, the Hilbert transform of x, has the spectrum -i sign(f) X(f). The series is continued by
//! zeros to the next length whose prime factors are 2, 3 and 5, as MNE and scipy do, so within about a period of
//! its ends an envelope depends on that, too. [`Trim`] takes the ends off.
//!
//! Reference: Boashash B (1992) Proc IEEE 80:520, equations 12 and 13.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

use crate::filter::design::Filter;
use crate::filter::{FilterError, Phase};

/// What is taken off the ends of an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Trim {
    /// Samples at each end.
    pub samples: usize,
    /// Whether they are taken off before the transform, as ncpi does: its ends are those of the envelope then, and the first
    /// value may be wrong by half.
    pub before_transform: bool,
}

/// The envelope of what passes a filter, without its ends; empty where there is nothing else.
///
/// # Errors
/// As [`Filter::run`].
pub fn filtered_envelope(
    series: &[f64],
    filter: Option<&Filter>,
    phase: Phase,
    trim: Trim,
) -> Result<Vec<f64>, FilterError> {
    let filtered = filter.map(|filter| filter.run(series, phase)).transpose()?;
    let filtered = filtered.as_deref().unwrap_or(series);
    let kept = trim.samples..series.len().saturating_sub(trim.samples);
    if kept.start >= kept.end {
        return Ok(Vec::new());
    }
    if trim.before_transform {
        return Ok(envelope(&filtered[kept]));
    }
    let mut whole = envelope(filtered);
    whole.truncate(kept.end);
    whole.drain(..kept.start);
    Ok(whole)
}

/// The envelope, as long as the series.
pub fn envelope(series: &[f64]) -> Vec<f64> {
    let len = next_fast_length(series.len());
    if series.is_empty() {
        return Vec::new();
    }
    let mut planner = RealFftPlanner::new();
    let (forward, inverse) = (planner.plan_fft_forward(len), planner.plan_fft_inverse(len));
    let mut block = forward.make_input_vec();
    block[..series.len()].copy_from_slice(series);
    let mut spectrum = forward.make_output_vec();
    // Lengths are those of the plan, the only thing that could be wrong.
    let there = forward.process(&mut block, &mut spectrum);
    for value in &mut spectrum {
        *value = Complex::new(value.im, -value.re);
    }
    // Neither an offset nor the Nyquist frequency has a transform.
    spectrum[0] = Complex::default();
    if len.is_multiple_of(2) {
        spectrum[len / 2] = Complex::default();
    }
    let back = inverse.process(&mut spectrum, &mut block);
    debug_assert!(there.is_ok() && back.is_ok());
    let scale = 1.0 / len as f64;
    series.iter().zip(&block).map(|(x, h)| x.hypot(scale * h)).collect()
}

/// The least length from `len` on whose prime factors are 2, 3 and 5; 0 for 0.
pub fn next_fast_length(len: usize) -> usize {
    let is_fast = |length: &usize| {
        let rest = [2, 3, 5].into_iter().fold(*length, |mut rest, prime| {
            while rest > 1 && rest.is_multiple_of(prime) {
                rest /= prime;
            }
            rest
        });
        rest <= 1
    };
    (len..).find(is_fast).unwrap_or(len)
}

#[cfg(test)]
mod tests;
