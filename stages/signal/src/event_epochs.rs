//! Epochs around events, their baselines, and stretches that they overlap.
//!
//! An event at time e (s) in a series that begins at t0 (s) with rate fs (Hz) lies at sample k = round((e - t0) fs). Its epoch has
//! round((to - from) fs) samples and begins at sample k + round(from fs): times from `from` on and before `to`. (MNE's
//! `tmax` is a sample more.) The baseline is the mean of the values from its begin on and before its end, which is taken off the
//! whole epoch.
//!
//! | field | unit | meaning | range |
//! |---|---|---|---|
//! | `from_s`, `to_s` | s | the epoch, after the event; negative: before it | `from_s` before `to_s` |
//!
//! Missing values stay where they are and have no part in baselines.

use crate::epochs::{Epoch, EpochError};
use crate::missing::is_there;

/// A stretch of time beside an event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Seconds after the event.
    pub from_s: f64,
    /// Seconds after the event, not part of it.
    pub to_s: f64,
}

impl Window {
    /// Its first sample from that of the event, and how many there are.
    ///
    /// # Errors
    /// A rate that is not positive and finite; a window of less than a sample, or one that is not finite.
    pub fn in_samples(&self, rate_hz: f64) -> Result<(i64, usize), EpochError> {
        if !(rate_hz.is_finite() && rate_hz > 0.0) {
            return Err(EpochError::Rate(rate_hz));
        }
        let seconds = self.to_s - self.from_s;
        let samples = (seconds * rate_hz).round_ties_even();
        if !(samples >= 1.0 && samples.is_finite() && self.from_s.is_finite()) {
            return Err(EpochError::Duration { parameter: "the window", seconds, samples, rate_hz });
        }
        Ok(((self.from_s * rate_hz).round_ties_even() as i64, samples as usize))
    }
}

/// The epoch of an event at `onset_s` in a series of `samples` samples that begins at `t0_s`; `None` where the series does
/// not have all of it.
///
/// # Errors
/// As [`Window::in_samples`].
pub fn around(
    onset_s: f64,
    window: &Window,
    t0_s: f64,
    rate_hz: f64,
    samples: usize,
) -> Result<Option<Epoch>, EpochError> {
    let (first, len) = window.in_samples(rate_hz)?;
    let start = ((onset_s - t0_s) * rate_hz).round_ties_even() + first as f64;
    // Also false where a time is no number.
    let fits = start >= 0.0 && start + len as f64 <= samples as f64;
    Ok(fits.then(|| Epoch { start: start as usize, len, t0_s: start / rate_hz }))
}

/// Takes the mean of these samples of an epoch off all of it. Returns whether there was a value to take it from; where not, all become
/// NaN.
pub fn subtract_baseline(epoch: &mut [f64], baseline: std::ops::Range<usize>) -> bool {
    let there: Vec<f64> =
        epoch.get(baseline).unwrap_or_default().iter().copied().filter(|value| is_there(*value)).collect();
    let mean = there.iter().sum::<f64>() / there.len() as f64;
    epoch.iter_mut().for_each(|value| *value -= mean);
    !there.is_empty()
}

/// Whether what lasts from `begin` to `end` (s) overlaps a stretch, each without its end. What has no duration overlaps where it
/// lies within. Times that differ by less than `tolerance` are the same.
pub fn overlaps((begin, end): (f64, f64), (other_begin, other_end): (f64, f64), tolerance: f64) -> bool {
    if other_end <= other_begin {
        return other_begin >= begin - tolerance && other_begin < end - tolerance;
    }
    other_begin < end - tolerance && other_end > begin + tolerance
}

#[cfg(test)]
mod tests;
