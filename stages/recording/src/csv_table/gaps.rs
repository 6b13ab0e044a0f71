//! Times with gaps: stretches that are uniform by themselves, at one rate.

use std::ops::Range;

use super::times::Written;
use super::uniform::{Fit, Rate, Times};

/// Steps from so many intervals on are gaps.
const GAP: f64 = 1.5;

/// What the times say when gaps are taken out.
pub(super) struct Gapped {
    pub(super) rate_hz: f64,
    /// The first row of each stretch, and its time in seconds from the first row of all.
    pub(super) stretches: Vec<(usize, f64)>,
}

/// The stretches of times that are not uniform, where each of them is: at the rate that is stated, or at that of the longest. A stretch of one row tells no
/// rate, so that there is none.
pub(super) fn gapped(written: &[Written], decimals_of_unit: i32, stated_hz: Option<f64>) -> Option<Gapped> {
    let all = Times::new(written, decimals_of_unit);
    let seconds = all.seconds();
    let mut steps: Vec<f64> = seconds.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let middle = (steps.len() / 2).min(steps.len().checked_sub(1)?);
    let (_, &mut usual, _) = steps.select_nth_unstable_by(middle, f64::total_cmp);
    let begins = |row: &usize| *row == 0 || seconds[*row] - seconds[row - 1] > GAP * usual;
    let firsts: Vec<usize> = (0..seconds.len()).filter(begins).collect();
    if firsts.len() < 2 || usual <= 0.0 {
        return None;
    }
    let ends = firsts.iter().skip(1).copied().chain([written.len()]);
    let parts: Vec<Range<usize>> = firsts.iter().zip(ends).map(|(&first, end)| first..end).collect();
    if parts.iter().any(|rows| rows.len() < 2) {
        return None;
    }
    let longest = parts.iter().max_by_key(|rows| rows.len())?;
    let rate_hz = match (stated_hz, all.part(longest.clone()).rate()) {
        (Some(rate_hz), _) => rate_hz,
        (None, Rate::Hz { rate_hz, range_hz: None }) => rate_hz,
        _ => return None,
    };
    let fits = |rows: &Range<usize>| all.part(rows.clone()).fit(rate_hz) == Fit::Exact;
    let stretches = firsts.iter().map(|&row| (row, seconds[row])).collect();
    parts.iter().all(fits).then_some(Gapped { rate_hz, stretches })
}
