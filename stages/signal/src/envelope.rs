//! Amplitude envelopes: the magnitude of the analytic signal.
//!
//! a_i = |x_i + i h_i|, where h, the Hilbert transform of x, has the spectrum -i sign(f) X(f). The series is continued by
//! zeros to the next length whose prime factors are 2, 3 and 5, as MNE and scipy do, so within about a period of
//! its ends an envelope depends on that, too.
//!
//! Reference: Boashash B (1992) Proc IEEE 80:520, equations 12 and 13.

use realfft::RealFftPlanner;
use realfft::num_complex::Complex;

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
