//! Peaks over the aperiodic component: candidates, which of them stay, and all of them together.

use super::gaussians::{Gaussian, GaussianResiduals};
use super::trust_region::{Bounds, minimise};
use super::{Definition, Settings};

/// A peak over the aperiodic component.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// c, Hz.
    pub center_frequency_hz: f64,
    /// What all peaks together add at the bin nearest to the centre, log10 of power.
    pub power: f64,
    /// 2 s, Hz.
    pub bandwidth_hz: f64,
}

/// Full width at half maximum over standard deviation, 2 sqrt(2 ln 2).
const FULL_WIDTH: f64 = 2.354_820_045_030_949_3;

/// A spectrum without its aperiodic component.
#[derive(Clone, Copy)]
pub(super) struct Flat<'a> {
    pub(super) frequencies_hz: &'a [f64],
    pub(super) height: &'a [f64],
    /// Candidates up to this height are rounding.
    pub(super) rounding: f64,
}

/// The peaks, by frequency; `None` where the fit of all together does not come to an end.
pub(super) fn peaks(flat: Flat<'_>, settings: &Settings) -> Option<Vec<Gaussian>> {
    let mut found = candidates(flat, settings);
    let (low, high) = (flat.frequencies_hz[0], flat.frequencies_hz[flat.frequencies_hz.len() - 1]);
    found.retain(|peak| {
        let least = settings.edge_sds * peak.width_hz;
        (peak.center_hz - low).abs() > least && (peak.center_hz - high).abs() > least
    });
    found.sort_by(|a, b| a.center_hz.total_cmp(&b.center_hz));
    let found = apart(&found, settings.overlap_sds);
    if found.is_empty() {
        return Some(found);
    }
    let mut together = together(flat, &found, settings)?;
    together.sort_by(|a, b| a.center_hz.total_cmp(&b.center_hz));
    Some(together)
}

fn candidates(flat: Flat<'_>, settings: &Settings) -> Vec<Gaussian> {
    let step_hz = flat.frequencies_hz[1] - flat.frequencies_hz[0];
    let widths = (0.5 * settings.peak_width_limits_hz.0, 0.5 * settings.peak_width_limits_hz.1);
    // Each takes a point: without a threshold there would be no end of them.
    let most = settings.max_peaks.unwrap_or(usize::MAX).min(flat.height.len());
    let mut left = flat.height.to_vec();
    let mut found = Vec::new();
    while found.len() < most {
        let (at, height) = largest(&left);
        let threshold = settings.peak_threshold * standard_deviation(&left);
        if height.is_nan() || height <= threshold || height <= settings.min_peak_height || height <= flat.rounding {
            break;
        }
        let width = match steeper_side(&left, at) {
            Some(bins) => 2.0 * bins as f64 * step_hz / FULL_WIDTH,
            None => 0.5 * (settings.peak_width_limits_hz.0 + settings.peak_width_limits_hz.1),
        };
        let width_hz = if width > widths.1 && settings.definition == Definition::Specparam {
            widths.0
        } else {
            width.clamp(widths.0, widths.1)
        };
        let peak = Gaussian { center_hz: flat.frequencies_hz[at], height, width_hz };
        peak.add(flat.frequencies_hz, -1.0, &mut left);
        found.push(peak);
    }
    found
}

/// The first of the largest values.
fn largest(values: &[f64]) -> (usize, f64) {
    values.iter().copied().enumerate().fold((0, values[0]), |best, next| if next.1 > best.1 { next } else { best })
}

fn standard_deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / n).sqrt()
}

/// Bins to half the height on the side where these are fewer; the first bin is not looked at.
fn steeper_side(values: &[f64], at: usize) -> Option<usize> {
    let half = 0.5 * values[at];
    let left = (1..at).rev().find(|i| values[*i] <= half).map(|i| at - i);
    let right = (at + 1..values.len()).find(|i| values[*i] <= half).map(|i| i - at);
    left.into_iter().chain(right).min()
}

/// Those that are not too near to a higher neighbour. All neighbours are those of the whole list.
fn apart(found: &[Gaussian], sds: f64) -> Vec<Gaussian> {
    let mut stays = vec![true; found.len()];
    for (i, pair) in found.windows(2).enumerate() {
        let end = pair[0].center_hz + sds * pair[0].width_hz;
        if end > pair[1].center_hz - sds * pair[1].width_hz {
            let lower = if pair[1].height < pair[0].height { i + 1 } else { i };
            stays[lower] = false;
        }
    }
    found.iter().zip(stays).filter(|(_, stays)| *stays).map(|(peak, _)| *peak).collect()
}

fn together(flat: Flat<'_>, found: &[Gaussian], settings: &Settings) -> Option<Vec<Gaussian>> {
    let (first, last) = (flat.frequencies_hz[0], flat.frequencies_hz[flat.frequencies_hz.len() - 1]);
    let (mut start, mut bounds) = (Vec::new(), Bounds { low: Vec::new(), high: Vec::new() });
    for peak in found {
        let reach = 2.0 * settings.center_bound_sds * peak.width_hz;
        start.extend([peak.center_hz, peak.height, peak.width_hz]);
        bounds.low.extend([(peak.center_hz - reach).max(first), 0.0, 0.5 * settings.peak_width_limits_hz.0]);
        bounds.high.extend([(peak.center_hz + reach).min(last), f64::INFINITY, 0.5 * settings.peak_width_limits_hz.1]);
    }
    let mut residuals = GaussianResiduals::new(flat.frequencies_hz, flat.height, found.len());
    let x = minimise(&mut residuals, &start, &bounds, settings.definition.tolerance())?;
    Some(Gaussian::of(&x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_of_two_neighbours_goes_and_the_first_bin_is_not_looked_at() {
        let peak = |center_hz, height| Gaussian { center_hz, height, width_hz: 1.0 };
        let found = [peak(10.0, 1.0), peak(11.0, 0.5), peak(12.0, 0.7), peak(20.0, 0.1)];
        let stays: Vec<f64> = apart(&found, 0.75).iter().map(|peak| peak.center_hz).collect();
        assert_eq!(stays, [10.0, 12.0, 20.0]);
        assert_eq!(steeper_side(&[0.0, 2.0, 3.0, 2.0, 2.0, 0.0], 2), Some(3));
        assert_eq!(steeper_side(&[0.0, 0.0, 3.0, 2.0, 2.0, 0.0], 2), Some(1));
        assert_eq!(steeper_side(&[0.0, 3.0, 2.0], 1), None);
    }
}
