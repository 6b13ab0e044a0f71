//! Filters without feedback, by the rules of MNE: windowed sinc, linear phase, applied by FFT.
//!
//! Each edge f has a transition of width t, in which the gain goes from 1 to 0:
//!
//! | transition of | default, Hz | reaches |
//! |---|---|---|
//! | a lower edge of a pass-band | min(max(0.25 f, 2), f) | from f down to f - t |
//! | an upper edge of a pass-band | min(max(0.25 f, 2), rate / 2 - f) | from f up to f + t |
//! | a stop-band from f to g | min(max(0.25 f, 2), f) and min(max(0.25 g, 2), rate / 2 - g), where they fit into it, otherwise (g - f) / 4 | inside of it, from either edge |
//!
//! A low-pass filter with its cut-off f_c in the middle of a transition has N = c rate / t taps, made odd, c = 3.3 (Hamming),
//! 3.1 (Hann) or 5 (Blackman): h_m = w_m sin(2 pi f_c m / rate) / (pi m), m = -(N - 1) / 2 .. (N - 1) / 2, with sum 1. All
//! bands are sums and differences of these and of the filter that does nothing. At f_c the gain is one half, -6 dB.
//! The taps are those of `mne.filter.create_filter` with `fir_design="firwin"`.
//!
//! Applied without phase shift the series is reflected once through its end points and is 0 beyond that, MNE's
//! `reflect_limited`. Applied causally what passes comes (N - 1) / 2 samples late.
//!
//! Convolution is in blocks of the frequency domain, of which the part that does not wrap around is kept (overlap-save).
//!
//! References: Ifeachor EC, Jervis BW, Digital Signal Processing: A Practical Approach, chapter 7 (lengths by window);
//! Widmann A, Schröger E, Maess B (2015) J Neurosci Methods 250:34 (filters of electrophysiology).

use std::f64::consts::PI;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::{Band, FilterError, MOST_TAPS, Phase, Start, check_frequency, check_rate, reflected_once};

/// Taper of the sinc.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Window {
    /// 0.54 - 0.46 cos: ripples of 0.0194 dB, stop-band at -53 dB.
    #[default]
    Hamming,
    /// 0.5 - 0.5 cos: ripples of 0.0546 dB, stop-band at -44 dB.
    Hann,
    /// 0.42 - 0.5 cos + 0.08 cos: ripples of 0.0017 dB, stop-band at -74 dB.
    Blackman,
}

impl Window {
    /// Taps per sampling rate and transition.
    fn length_factor(self) -> f64 {
        match self {
            Window::Hamming => 3.3,
            Window::Hann => 3.1,
            Window::Blackman => 5.0,
        }
    }

    /// At `place` from 0 to 1, symmetric.
    fn at(self, place: f64) -> f64 {
        let cosine = |k: f64| (2.0 * PI * k * place).cos();
        match self {
            Window::Hamming => 0.54 - 0.46 * cosine(1.0),
            Window::Hann => 0.5 - 0.5 * cosine(1.0),
            Window::Blackman => 0.42 - 0.5 * cosine(1.0) + 0.08 * cosine(2.0),
        }
    }
}

/// A filter of linear phase: an odd number of taps, the same from both ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Fir {
    taps: Vec<f64>,
}

/// The filter of a band, with transitions of `transition_hz` or the default ones.
///
/// # Errors
/// Edges or transitions that do not lie between 0 and the Nyquist frequency, or a filter of more than
/// [`MOST_TAPS`] taps.
pub fn design(band: Band, transition_hz: Option<f64>, window: Window, rate_hz: f64) -> Result<Fir, FilterError> {
    band.check(rate_hz)?;
    if let Some(transition) = transition_hz
        && !(transition > 0.0 && transition.is_finite())
    {
        return Err(FilterError::Transition(transition));
    }
    let nyquist = 0.5 * rate_hz;
    let below = |edge: f64| transition_hz.unwrap_or((0.25 * edge).max(2.0).min(edge));
    let above = |edge: f64| transition_hz.unwrap_or((0.25 * edge).max(2.0).min(nyquist - edge));
    let lower = |edge_hz: f64| match edge_hz - below(edge_hz) {
        at_hz if at_hz < 0.0 => Err(FilterError::BelowZero { edge_hz, at_hz }),
        at_hz => Ok(at_hz),
    };
    let upper = |edge_hz: f64| match edge_hz + above(edge_hz) {
        at_hz if at_hz > nyquist => Err(FilterError::AboveNyquist { edge_hz, at_hz, rate_hz }),
        at_hz => Ok(at_hz),
    };
    let (corners, shortest) = match band {
        Band::LowPass(edge) => (vec![(edge, 1.0), (upper(edge)?, 0.0)], above(edge)),
        Band::HighPass(edge) => (vec![(lower(edge)?, 0.0), (edge, 1.0)], below(edge)),
        Band::BandPass(low, high) => {
            let corners = vec![(lower(low)?, 0.0), (low, 1.0), (high, 1.0), (upper(high)?, 0.0)];
            (corners, below(low).min(above(high)))
        }
        Band::BandStop(low, high) => {
            let mut inner = [below(low), above(high)];
            if inner[0] + inner[1] > high - low {
                match transition_hz {
                    None => inner = [0.25 * (high - low); 2],
                    Some(transition_hz) => {
                        return Err(FilterError::StopBandNarrow { low_hz: low, high_hz: high, transition_hz });
                    }
                }
            }
            let corners = vec![(low, 1.0), (low + inner[0], 0.0), (high - inner[1], 0.0), (high, 1.0)];
            (corners, inner[0].min(inner[1]))
        }
    };
    windowed(&corners, shortest, window, rate_hz)
}

/// Notches of `width_hz` at each of `frequencies_hz`, each between two transitions of `transition_hz`.
///
/// # Errors
/// As [`design`], and stop-bands that touch each other.
pub fn notches(
    frequencies_hz: &[(f64, f64)],
    transition_hz: f64,
    window: Window,
    rate_hz: f64,
) -> Result<Fir, FilterError> {
    check_rate(rate_hz)?;
    if !(transition_hz > 0.0 && transition_hz.is_finite()) {
        return Err(FilterError::Transition(transition_hz));
    }
    let mut corners: Vec<(f64, f64)> = Vec::new();
    for (i, &(frequency_hz, width_hz)) in frequencies_hz.iter().enumerate() {
        check_frequency(frequency_hz, rate_hz)?;
        if !(width_hz > 0.0 && width_hz.is_finite()) {
            return Err(FilterError::Width(width_hz));
        }
        let (inner, outer) = (0.5 * width_hz, 0.5 * width_hz + transition_hz);
        let (low, high) = (frequency_hz - outer, frequency_hz + outer);
        if low < 0.0 {
            return Err(FilterError::BelowZero { edge_hz: frequency_hz - inner, at_hz: low });
        }
        if high > 0.5 * rate_hz {
            return Err(FilterError::AboveNyquist { edge_hz: frequency_hz + inner, at_hz: high, rate_hz });
        }
        if corners.last().is_some_and(|(before, _)| *before > low) {
            return Err(FilterError::StopBandsTouch(frequencies_hz[i - 1].0, frequency_hz));
        }
        corners.extend([(low, 1.0), (frequency_hz - inner, 0.0), (frequency_hz + inner, 0.0), (high, 1.0)]);
    }
    windowed(&corners, transition_hz, window, rate_hz)
}

/// The filter whose gain is that of the corners (Hz, 0 or 1), outside of them that of the nearest.
fn windowed(corners: &[(f64, f64)], shortest_hz: f64, window: Window, rate_hz: f64) -> Result<Fir, FilterError> {
    let taps = (window.length_factor() / shortest_hz * rate_hz).ceil();
    if taps >= MOST_TAPS as f64 {
        return Err(FilterError::Taps { taps });
    }
    let odd = |taps: usize| taps + 1 - taps % 2;
    let taps = odd(taps as usize);
    let half = taps / 2;
    let mut sum = vec![0.0; taps];
    if corners.last().is_some_and(|(_, gain)| *gain == 1.0) {
        sum[half] = 1.0;
    }
    for pair in corners.windows(2).rev() {
        let ((from, gain), (to, next)) = (pair[0], pair[1]);
        if gain == next {
            continue;
        }
        // The order of operations is MNE's, as half a tap is rounded.
        let transition = (to / (0.5 * rate_hz) - from / (0.5 * rate_hz)) / 2.0;
        let len = odd((window.length_factor() / transition).round_ties_even() as usize).min(taps);
        let edge = low_pass(0.5 * (from + to) / rate_hz, len, window);
        let sign = if gain == 0.0 { -1.0 } else { 1.0 };
        for (sum, tap) in sum[half - len / 2..].iter_mut().zip(edge) {
            *sum += sign * tap;
        }
    }
    Ok(Fir { taps: sum })
}

/// `cutoff` in cycles per sample.
fn low_pass(cutoff: f64, taps: usize, window: Window) -> Vec<f64> {
    let half = (taps / 2) as f64;
    let tap = |i: usize| {
        let place = i as f64 - half;
        let angle = 2.0 * PI * cutoff * place;
        let sinc = if place == 0.0 { 1.0 } else { angle.sin() / angle };
        let taper = if taps == 1 { 1.0 } else { window.at(i as f64 / (taps - 1) as f64) };
        taper * sinc
    };
    let taps: Vec<f64> = (0..taps).map(tap).collect();
    let sum: f64 = taps.iter().sum();
    taps.into_iter().map(|tap| tap / sum).collect()
}

impl Fir {
    /// The response to one value.
    pub fn taps(&self) -> &[f64] {
        &self.taps
    }

    /// How far a value reaches to either side without phase shift, in samples; a causal filter is late by as much.
    pub fn reach(&self) -> usize {
        self.taps.len() / 2
    }

    /// The filtered series, as long as it was. For many series of one filter, plan once with [`Fir::plan`].
    pub fn filter(&self, series: &[f64], phase: Phase) -> Vec<f64> {
        self.plan().filter(series, phase)
    }

    /// The filter with its transforms, whose lengths follow from the taps alone.
    pub fn plan(&self) -> FirPlan {
        FirPlan::new(self)
    }
}

/// A filter with its transforms.
pub struct FirPlan {
    half: usize,
    /// Of the taps, the middle one first, over the length of the transform: real, as taps are the same from both ends.
    gains: Vec<f64>,
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
}

impl std::fmt::Debug for FirPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FirPlan")
            .field("half", &self.half)
            .field("transform", &self.transform())
            .finish_non_exhaustive()
    }
}

impl FirPlan {
    fn new(fir: &Fir) -> FirPlan {
        let half = fir.reach();
        let transform = transform_length(fir.taps.len());
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(transform), planner.plan_fft_inverse(transform));
        let mut centred = forward.make_input_vec();
        for (i, tap) in fir.taps.iter().enumerate() {
            centred[(i + transform - half) % transform] = *tap;
        }
        let mut spectrum = forward.make_output_vec();
        // Lengths are those of the plan, the only thing that could be wrong.
        let transformed = forward.process(&mut centred, &mut spectrum);
        debug_assert!(transformed.is_ok());
        let gains = spectrum.iter().map(|value| value.re / transform as f64).collect();
        FirPlan { half, gains, forward, inverse }
    }

    fn transform(&self) -> usize {
        self.forward.len()
    }

    /// The filtered series, as long as it was.
    pub fn filter(&self, series: &[f64], phase: Phase) -> Vec<f64> {
        let mut filtered = series.to_vec();
        self.filter_in_place(&mut filtered, phase);
        filtered
    }

    /// As [`FirPlan::filter`], into the place of the series.
    pub fn filter_in_place(&self, series: &mut [f64], phase: Phase) {
        let (half, end) = (self.half as isize, series.len() as isize);
        let (before, after) = match phase {
            Phase::Zero => {
                let beyond = |places: std::ops::Range<isize>| places.map(|i| reflected_once(series, i)).collect();
                (beyond(-half..0), beyond(end..end + half))
            }
            Phase::Causal(Start::Rest) => (vec![0.0; 2 * self.half], Vec::new()),
            Phase::Causal(Start::Steady) => (vec![series.first().copied().unwrap_or(0.0); 2 * self.half], Vec::new()),
        };
        self.convolve(series, before, &after);
    }

    /// Each value becomes the sum over the taps that end with the one `before.len()` values earlier, in which series
    /// `before` comes before, `after` and zeros after the series.
    fn convolve(&self, series: &mut [f64], mut before: Vec<f64>, after: &[f64]) {
        let step = self.transform() - 2 * self.half;
        let lead = before.len();
        let mut block = self.forward.make_input_vec();
        let mut spectrum = self.forward.make_output_vec();
        let mut scratch = vec![Complex::default(); self.forward.get_scratch_len().max(self.inverse.get_scratch_len())];
        for place in (0..series.len()).step_by(step) {
            block[..lead].copy_from_slice(&before);
            let inside = (series.len() - place).min(block.len() - lead);
            block[lead..lead + inside].copy_from_slice(&series[place..place + inside]);
            let beyond = after.iter().copied().chain(std::iter::repeat(0.0));
            block[lead + inside..].iter_mut().zip(beyond).for_each(|(value, beyond)| *value = beyond);
            // The next block begins with values that are overwritten by then.
            before.copy_from_slice(&block[step..step + lead]);
            self.apply(&mut block, &mut spectrum, &mut scratch);
            let len = step.min(series.len() - place);
            series[place..place + len].copy_from_slice(&block[self.half..self.half + len]);
        }
    }

    fn apply(&self, block: &mut [f64], spectrum: &mut [Complex<f64>], scratch: &mut [Complex<f64>]) {
        // Lengths are those of the plan, the only thing that could be wrong.
        let there = self.forward.process_with_scratch(block, spectrum, scratch);
        for (value, gain) in spectrum.iter_mut().zip(&self.gains) {
            *value *= gain;
        }
        // They are 0 but for rounding.
        for edge in [0, block.len() / 2] {
            spectrum[edge].im = 0.0;
        }
        let back = self.inverse.process_with_scratch(spectrum, block, scratch);
        debug_assert!(there.is_ok() && back.is_ok());
    }
}

/// The power of two at which a long series costs least.
fn transform_length(taps: usize) -> usize {
    let cost = |transform: usize| {
        // Beyond the caches of a core, each step of a transform waits for memory.
        let far = if transform > 1 << 15 { 2.0 } else { 1.0 };
        transform as f64 * (f64::from(transform.ilog2()) + 2.0) * far / (transform - taps + 1) as f64
    };
    let least = (2 * taps).next_power_of_two().max(64);
    (1..4).map(|times| least << times).fold(least, |best, length| if cost(length) < cost(best) { length } else { best })
}

#[cfg(test)]
mod tests;
