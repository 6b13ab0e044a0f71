//! Change of the sampling rate by a rational factor: polyphase filtering with a Kaiser-windowed
//! sinc.
//!
//! Raising the rate by `up` (zeros in between), low-pass filtering at the lower of the two Nyquist
//! frequencies and keeping every `down`-th sample, without ever forming the zeros: y_k = up sum_i
//! x_i h(k down - i up). The filter h(m) = sinc(m / r) I0(5 sqrt(1 - (m / 10 r)^2)), |m| <= 10 r, r
//! = max(up, down), normalised to sum 1, is symmetric, so there is no phase shift.
//!
//! | frequency, of the lower Nyquist frequency | gain |
//! |---|---|
//! | 0 | 1 exactly |
//! | up to 0.84 (edge of the pass-band) | 1 within 0.25 % |
//! | 1 | 0.5 (-6 dB) |
//! | from 1.16 on, what would fold into the pass-band | below 0.25 % (-52 dB) |
//!
//! Offsets and straight trends are kept whatever their size: the taps that meet samples have the sum
//! 1 for every output, the line through the first and the last value is taken off before the filter
//! and added to what comes out, and beyond the ends the rest is reflected with its sign changed (the
//! odd reflection of the series through its end points).
//!
//! [`resample_as_scipy`] is `scipy.signal.resample_poly` by default: outside the series the signal is
//! taken to be zero, so that within ten samples of the lower rate from either end a signal that does
//! not end at zero is distorted, and an offset gets a ripple of up to 0.2 % of its size where the rate
//! is raised.
//!
//! Reference: Kaiser JF (1974) Proc IEEE Int Symp Circuits Syst, 20 (window); Crochiere RE, Rabiner
//! LR (1983) Multirate Digital Signal Processing, chapter 3.

use crate::end_line::EndLine;

/// Largest term of the fraction of rates. The filter has 20 times as many taps.
pub const LARGEST_TERM: u32 = 10_000;
/// Lobes of the sinc on each side.
const ZERO_CROSSINGS: usize = 10;
/// Largest relative error of the fraction: one sample in a thousand million.
const TOLERANCE: f64 = 1e-9;

/// Why a series was not resampled.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum ResampleError {
    #[error("{parameter} is {value} Hz; it must be a positive, finite rate")]
    Rate { parameter: &'static str, value: f64 },
    #[error("{parameter} is {value}; it must be within 1..={LARGEST_TERM} after cancelling")]
    Term { parameter: &'static str, value: u32 },
    #[error(
        "the ratio of {to_hz} Hz to {from_hz} Hz is no fraction with terms up to {LARGEST_TERM}; \
         {up}/{down} would come near and lead to {nearest_hz} Hz"
    )]
    Irrational { from_hz: f64, to_hz: f64, up: u32, down: u32, nearest_hz: f64 },
}

/// `series`, sampled at `from_hz`, at the rate `to_hz`: ceil(n up / down) samples, the first at the
/// same time.
///
/// ```
/// let tone: Vec<f64> = (0..500).map(|i| (0.1 * f64::from(i)).sin()).collect();
/// let resampled = lapicque_signal::resample::resample(&tone, 250.0, 200.0)?;
/// assert_eq!(resampled.len(), 400);
/// assert!((resampled[200] - tone[250]).abs() < 1e-3);
/// # Ok::<(), lapicque_signal::resample::ResampleError>(())
/// ```
///
/// # Errors
/// A rate that is not positive and finite, or a ratio that is not a fraction up/down with terms up
/// to [`LARGEST_TERM`].
pub fn resample(series: &[f64], from_hz: f64, to_hz: f64) -> Result<Vec<f64>, ResampleError> {
    let (up, down) = rate_fraction(from_hz, to_hz)?;
    resample_by(series, up, down)
}

/// `series` at `up / down` times its rate: ceil(n up / down) samples.
///
/// # Errors
/// A term that is 0, or above [`LARGEST_TERM`] after cancelling.
pub fn resample_by(series: &[f64], up: u32, down: u32) -> Result<Vec<f64>, ResampleError> {
    let (up, down) = cancelled(up, down)?;
    Ok(if up == down { series.to_vec() } else { reflected(series, up, down) })
}

/// As [`resample`], with the numbers of `scipy.signal.resample_poly`.
///
/// # Errors
/// As [`resample`].
pub fn resample_as_scipy(series: &[f64], from_hz: f64, to_hz: f64) -> Result<Vec<f64>, ResampleError> {
    let (up, down) = rate_fraction(from_hz, to_hz)?;
    resample_by_as_scipy(series, up, down)
}

/// As [`resample_by`], with the numbers of `scipy.signal.resample_poly(series, up, down)`.
///
/// # Errors
/// As [`resample_by`].
pub fn resample_by_as_scipy(series: &[f64], up: u32, down: u32) -> Result<Vec<f64>, ResampleError> {
    let (up, down) = cancelled(up, down)?;
    Ok(if up == down { series.to_vec() } else { between_zeros(series, up, down) })
}

/// How far a value reaches, in samples of a series whose rate is changed by `up / down`: none of the
/// values that come out further away depend on it.
pub fn reach(up: u32, down: u32) -> f64 {
    if up == down || up == 0 { 0.0 } else { ZERO_CROSSINGS as f64 * f64::from(up.max(down)) / f64::from(up) }
}

fn cancelled(up: u32, down: u32) -> Result<(usize, usize), ResampleError> {
    let divisor = greatest_common_divisor(up, down).max(1);
    let term = |parameter, value: u32| match value / divisor {
        0 => Err(ResampleError::Term { parameter, value }),
        term if term > LARGEST_TERM => Err(ResampleError::Term { parameter, value }),
        term => Ok(term as usize),
    };
    Ok((term("up", up)?, term("down", down)?))
}

/// The fraction `up / down` in lowest terms of the ratio `to_hz / from_hz`.
///
/// # Errors
/// As [`resample`].
pub fn rate_fraction(from_hz: f64, to_hz: f64) -> Result<(u32, u32), ResampleError> {
    for (parameter, value) in [("from_hz", from_hz), ("to_hz", to_hz)] {
        if !(value.is_finite() && value > 0.0) {
            return Err(ResampleError::Rate { parameter, value });
        }
    }
    let ratio = to_hz / from_hz;
    let (up, down) = last_convergent(ratio);
    let nearest = f64::from(up) / f64::from(down);
    if !ratio.is_finite() || (nearest - ratio).abs() > TOLERANCE * ratio {
        let nearest_hz = from_hz * nearest;
        return Err(ResampleError::Irrational { from_hz, to_hz, up, down, nearest_hz });
    }
    Ok((up, down))
}

/// The first convergent of the continued fraction within the tolerance, or the last with terms up
/// to `LARGEST_TERM`.
fn last_convergent(ratio: f64) -> (u32, u32) {
    let largest = f64::from(LARGEST_TERM);
    let (mut before, mut here) = ((0.0, 1.0), (1.0, 0.0));
    let mut rest = ratio;
    loop {
        let whole = rest.floor();
        let next = (whole * here.0 + before.0, whole * here.1 + before.1);
        if !(next.0 <= largest && next.1 <= largest) {
            break;
        }
        (before, here) = (here, next);
        let exact = (here.0 / here.1 - ratio).abs() <= TOLERANCE * ratio;
        rest = 1.0 / (rest - whole);
        if exact || !rest.is_finite() {
            break;
        }
    }
    match here {
        // Beyond the largest term on either side there is no convergent but these two.
        (_, 0.0) => (LARGEST_TERM, 1),
        (0.0, _) => (1, LARGEST_TERM),
        (up, down) => (up as u32, down as u32),
    }
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// Without the end line, which is added afterwards, and reflected.
fn reflected(series: &[f64], up: usize, down: usize) -> Vec<f64> {
    let mut phases = phases(up, down);
    for phase in &mut phases {
        let sum: f64 = phase.taps.iter().sum();
        phase.taps.iter_mut().for_each(|tap| *tap /= sum);
    }
    let before = phases.iter().map(|phase| phase.before).max().unwrap_or(0);
    let after = phases.iter().map(|phase| phase.after).max().unwrap_or(0);
    let line = EndLine::of(series);
    let rest = line.remainder(series, before, after);
    let step = down as f64 / up as f64;
    let count = output_len(series.len(), up, down);
    let mut outputs = Vec::with_capacity(count);
    // k down = centre up + phase, without a division for each k.
    let (mut place, mut centre, mut phase) = (0.0, before, 0);
    for _ in 0..count {
        let Phase { taps, before, .. } = &phases[phase];
        outputs.push(line.at(place * step) + dot(&rest[centre - before..][..taps.len()], taps));
        place += 1.0;
        centre += down / up;
        phase += down % up;
        if phase >= up {
            phase -= up;
            centre += 1;
        }
    }
    outputs
}

fn between_zeros(series: &[f64], up: usize, down: usize) -> Vec<f64> {
    let phases = phases(up, down);
    (0..output_len(series.len(), up, down))
        .map(|k| {
            let Phase { taps, before, after } = &phases[k * down % up];
            let centre = k * down / up;
            let first = centre.saturating_sub(*before);
            let end = (centre + after + 1).min(series.len());
            let skipped = before - (centre - first);
            if first >= end {
                return 0.0;
            }
            dot(&series[first..end], &taps[skipped..skipped + end - first])
        })
        .collect()
}

fn output_len(len: usize, up: usize, down: usize) -> usize {
    (len * up).div_ceil(down)
}

/// Taps that meet the samples from `before` samples before the output to `after` after it.
struct Phase {
    taps: Vec<f64>,
    before: usize,
    after: usize,
}

/// Output k sits at m = k down on the raised grid; its phase m mod up decides which taps meet samples.
/// Those taps, last first, so that each output is one dot product with a stretch of the series.
fn phases(up: usize, down: usize) -> Vec<Phase> {
    let rate = up.max(down);
    let half = ZERO_CROSSINGS * rate;
    let filter = kaiser_sinc(rate, ZERO_CROSSINGS);
    (0..up)
        .map(|phase| {
            // Samples i = m / up + offset lie at a distance (phase - offset up) from the output.
            let reach_back = (half + phase) / up;
            let start = half + phase - reach_back * up;
            let mut taps: Vec<f64> = filter[start..].iter().step_by(up).map(|tap| tap * up as f64).collect();
            taps.reverse();
            let reach_ahead = taps.len() - 1 - reach_back;
            // The tap for the earliest sample is the largest index of the filter.
            Phase { taps, before: reach_ahead, after: reach_back }
        })
        .collect()
}

/// Low-pass filter at 1 / `rate` of the Nyquist frequency: 2 `zero_crossings` `rate` + 1 taps with
/// sum 1.
pub(crate) fn kaiser_sinc(rate: usize, zero_crossings: usize) -> Vec<f64> {
    const BETA: f64 = 5.0;
    let half = rate * zero_crossings;
    // sin(pi m / rate) repeats with alternating sign, and is exactly zero at its zeros this way.
    let sines: Vec<f64> = (0..rate).map(|m| (std::f64::consts::PI * m as f64 / rate as f64).sin()).collect();
    let side: Vec<f64> = (0..=half)
        .map(|m| {
            let place = m as f64 / half as f64;
            let window = bessel_i0(BETA * (1.0 - place * place).sqrt());
            if m == 0 {
                return window;
            }
            let sign = if (m / rate).is_multiple_of(2) { 1.0 } else { -1.0 };
            let angle = std::f64::consts::PI * m as f64 / rate as f64;
            window * sign * sines[m % rate] / angle
        })
        .collect();
    let sum = side[0] + 2.0 * side[1..].iter().sum::<f64>();
    side[1..].iter().rev().chain(&side).map(|tap| tap / sum).collect()
}

/// Modified Bessel function of order 0: sum over k of ((x / 2)^k / k!)^2, to full precision for |x|
/// <= 5.
fn bessel_i0(x: f64) -> f64 {
    let quarter_square = 0.25 * x * x;
    // The terms from the 25th on are below 1e-28 of the sum.
    (1..25).rev().fold(1.0, |inner, k| 1.0 + inner * quarter_square / f64::from(k * k))
}

/// Dot product in a fixed order that vectorises.
#[inline(always)]
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut partial = [0.0; LANES];
    let ((a_chunks, a_rest), (b_chunks, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for ((sum, a), b) in partial.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    partial.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn rates_become_fractions() {
        for (from_hz, to_hz, fraction) in [
            (250.0, 256.0, (128, 125)),
            (44_100.0, 48_000.0, (160, 147)),
            (1000.0, 1000.0, (1, 1)),
            (24414.0625, 1000.0, (128, 3125)),
            (1000.0 / 3.0, 1000.0, (3, 1)),
            (1.0, 9999.0, (9999, 1)),
            (9999.0, 1.0, (1, 9999)),
            (0.1 + 0.2, 0.3, (1, 1)),
        ] {
            assert_eq!(rate_fraction(from_hz, to_hz), Ok(fraction), "{from_hz} -> {to_hz}");
        }
    }

    #[test]
    fn what_is_no_fraction_is_refused() {
        let message = rate_fraction(1000.0, 333.33).unwrap_err().to_string();
        assert!(message.contains("333.33") && message.contains("1/3"), "{message}");
        for (from_hz, to_hz) in [(1.0, 1e5), (1e5, 1.0), (1.0, 1e300), (1e300, 1e-300), (1e-300, 1e300)] {
            let error = rate_fraction(from_hz, to_hz).unwrap_err();
            assert!(matches!(error, ResampleError::Irrational { .. }), "{error}");
        }
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(rate_fraction(rate, 1.0), Err(ResampleError::Rate { parameter: "from_hz", .. })));
            assert!(matches!(rate_fraction(1.0, rate), Err(ResampleError::Rate { parameter: "to_hz", .. })));
        }
        assert!(matches!(resample_by(&[1.0], 0, 1), Err(ResampleError::Term { parameter: "up", .. })));
        assert!(matches!(resample_by(&[1.0], 1, 0), Err(ResampleError::Term { parameter: "down", .. })));
        assert!(resample_by(&[1.0], 20_000, 10_000).is_ok());
    }

    #[test]
    fn lengths_and_identity() {
        for (n, up, down, expected) in [(0, 3, 2, 0), (1, 3, 2, 2), (1, 1, 100, 1), (7, 2, 3, 5), (100, 5, 1, 500)] {
            assert_eq!(resample_by(&vec![1.0; n], up, down).unwrap().len(), expected);
        }
        assert_eq!(resample(&[1.0, -2.0], 7.0, 7.0).unwrap(), [1.0, -2.0]);
    }

    #[test]
    fn a_level_and_a_sine_survive_away_from_the_ends() {
        let cases = [(3, 2), (2, 3), (7, 1), (1, 4), (128, 125), (125, 128)];
        for (up, down) in cases {
            let n = 2000;
            let frequency = 0.02;
            let wave = |t: f64| 1.5 + (std::f64::consts::TAU * frequency * t).sin();
            let series: Vec<f64> = (0..n).map(|i| wave(f64::from(i))).collect();
            let resampled = resample_by(&series, up, down).unwrap();
            let step = f64::from(down) / f64::from(up);
            let margin = 10 * (down.div_ceil(up) as usize + up.div_ceil(down) as usize);
            for (k, y) in resampled.iter().enumerate().take(resampled.len() - margin).skip(margin) {
                let expected = wave(k as f64 * step);
                // The pass-band ripple of a Kaiser window with beta 5 is about 53 dB down, for each
                // of the two parts.
                assert!((y - expected).abs() < 1e-2, "{up}/{down} at {k}: {y} != {expected}");
            }
        }
    }

    /// Largest deviation of the middle of a resampled cosine from `gain` times that cosine; the frequency
    /// is that of the lower Nyquist frequency.
    fn deviation(up: u32, down: u32, frequency: f64, gain: f64) -> f64 {
        let omega = std::f64::consts::PI * frequency * (f64::from(up) / f64::from(down)).min(1.0);
        let n = 60 * down.div_ceil(up) * up.max(10);
        let wave = |t: f64| (omega * (t - 0.5 * f64::from(n))).cos();
        let series: Vec<f64> = (0..n).map(|i| wave(f64::from(i))).collect();
        let resampled = resample_by(&series, up, down).unwrap();
        let step = f64::from(down) / f64::from(up);
        let margin = (reach(up, down) / step).ceil() as usize;
        let middle = resampled.iter().enumerate().skip(margin).take(resampled.len() - 2 * margin);
        middle.map(|(k, y)| (y - gain * wave(k as f64 * step)).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn the_pass_band_is_flat_and_what_would_fold_into_it_is_gone() {
        for (up, down) in [(1, 2), (1, 10), (2, 3), (125, 128), (3, 2), (2, 1), (7, 1)] {
            // With zeros in between there are images besides.
            let due = if up == 1 { 2.5e-3 } else { 5e-3 };
            for percent in (2..=84).step_by(2) {
                let deviation = deviation(up, down, f64::from(percent) * 0.01, 1.0);
                assert!(deviation < due, "{up}/{down}, {percent} %: {deviation}");
            }
            // Only lowering the rate leaves frequencies above the lower Nyquist frequency.
            let highest = 100 * down / up;
            for percent in (116..highest).step_by(7) {
                let deviation = deviation(up, down, f64::from(percent) * 0.01, 0.0);
                assert!(deviation < due, "{up}/{down}, {percent} %: {deviation}");
            }
        }
        assert!(deviation(1, 10, 1.0, 0.5) < 1e-3);
    }

    #[test]
    fn bessel_function_of_order_zero() {
        // Abramowitz & Stegun, table 9.8.
        for (x, expected) in [(0.0, 1.0), (1.0, 1.2660658777520084), (5.0, 27.239871823604442)] {
            assert!((bessel_i0(x) / expected - 1.0).abs() < 1e-15);
        }
    }
}
