//! A band-pass of finite response without phase shift: a sinc with Hamming's window.

use std::f64::consts::{PI, TAU};

use super::{BurstError, Method};

/// How many taps the filter has, an odd number; as a float, since it may be more than fit into memory.
pub(super) fn tap_count(method: &Method, rate_hz: f64) -> Result<f64, BurstError> {
    let Method { low_hz, high_hz, filter_cycles, .. } = *method;
    if !(rate_hz > 0.0 && rate_hz.is_finite()) {
        return Err(BurstError::Rate(rate_hz));
    }
    if !(low_hz > 0.0 && low_hz < high_hz && high_hz < 0.5 * rate_hz) {
        return Err(BurstError::Band { low_hz, high_hz, rate_hz });
    }
    if !(filter_cycles > 0.0 && filter_cycles.is_finite()) {
        return Err(BurstError::FilterCycles(filter_cycles));
    }
    let len = (rate_hz * filter_cycles / low_hz).ceil();
    Ok(if len % 2.0 == 0.0 { len + 1.0 } else { len })
}

/// The taps; the middle one is at no delay.
pub(super) fn taps(method: &Method, rate_hz: f64) -> Result<Vec<f64>, BurstError> {
    let Method { low_hz, high_hz, .. } = *method;
    let len = tap_count(method, rate_hz)? as usize;
    let middle = (len / 2) as f64;
    // Ideal low-pass of cutoff f, over the sampling rate, less that of the lower edge.
    let sinc = |f: f64, i: f64| if i == 0.0 { 2.0 * f } else { (TAU * f * i).sin() / (PI * i) };
    let tap = |k: usize| {
        let window = if len == 1 { 1.0 } else { 0.54 - 0.46 * (TAU * k as f64 / (len - 1) as f64).cos() };
        let i = k as f64 - middle;
        window * (sinc(high_hz / rate_hz, i) - sinc(low_hz / rate_hz, i))
    };
    let taps: Vec<f64> = (0..len).map(tap).collect();
    let center = 0.5 * (low_hz + high_hz) / rate_hz;
    let gain: f64 = taps.iter().enumerate().map(|(k, tap)| tap * (TAU * center * (k as f64 - middle)).cos()).sum();
    Ok(taps.iter().map(|tap| tap / gain).collect())
}

/// The filtered series with `margin` values more at each end, as if it were 0 there. Few enough taps that each value is
/// summed by itself: what is 0 stays 0, where a transform would leave signs of rounding.
pub(super) fn filtered(series: &[f64], taps: &[f64], margin: usize) -> Vec<f64> {
    let half = taps.len() / 2;
    let mut out = vec![0.0; series.len() + 2 * margin];
    // Blocks that stay in the cache while all taps pass over them. The taps are symmetric.
    const BLOCK: usize = 2048;
    for (block, out) in out.chunks_mut(BLOCK).enumerate() {
        let begin = (block * BLOCK) as isize - margin as isize - half as isize;
        for (k, tap) in taps.iter().enumerate() {
            // out[i] takes series[begin + k + i].
            let shift = begin + k as isize;
            let first = (-shift).max(0) as usize;
            let from = shift.max(0) as usize;
            let (Some(out), Some(series)) = (out.get_mut(first..), series.get(from..)) else {
                continue;
            };
            for (y, x) in out.iter_mut().zip(series) {
                *y += tap * x;
            }
        }
    }
    out
}
