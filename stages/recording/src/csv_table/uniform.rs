//! Whether written times are uniform, and the sampling rate that they allow.
//!
//! A time is written to a number of decimals: the true one lies within half a unit of the last digit, on either side. Times t_k are uniform if some start a and
//! interval T put all a + k T within these bounds. That holds for T in an interval (the bounds are linear in a and T), and the rate is the simplest fraction
//! in it, a whole number of Hz before all others: times of a device of 256 Hz in microseconds allow 255.9998 to 256.0001 Hz, so 256 Hz. Where several whole
//! numbers are allowed, or none, times that are written at equal steps mean that step.
//!
//! Decimals are counted per order of magnitude, since some programs write so many significant digits; sums of intervals in floating point wander off by a part
//! of the last digit of `f64` per row, which is granted up to a thousandth of the interval.

use std::ops::Range;

use super::times::Written;
use crate::rates::{only_whole_between, plainest_between, roundest_between, wholes_between};

/// Times in ticks, that is in units of their last digit, from the first one.
pub(super) struct Times<'a> {
    written: &'a [Written],
    ticks: Vec<f64>,
    /// Half of the last digit, in ticks, and what floating point adds.
    half: Vec<f64>,
    /// Ticks per second.
    per_second: f64,
    decimals: i32,
    /// The unit of the last digit, in seconds.
    resolution_s: f64,
}

/// What the times say.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rate {
    Hz {
        rate_hz: f64,
        /// Lowest and highest rate, where the times allow several whole ones.
        range_hz: Option<(f64, f64)>,
    },
    /// No uniform times are written so. The row (from 0) with the oddest step, that step, and the usual one, in seconds.
    NotUniform { row: usize, interval_s: f64, usual_s: f64 },
    /// The last time is not after the first.
    NotAdvancing,
    /// Times are too coarse to tell any rate.
    TooCoarse,
}

/// How a rate that the user states fits.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fit {
    /// Within the rounding of the times.
    Exact,
    /// The times scatter about its grid by so many seconds.
    Scattered { by_s: f64 },
    /// It is another rate: the row (from 0) that is farthest off, its time, and where this rate puts it, in seconds from the first.
    Contradicted { row: usize, time_s: f64, expected_s: f64 },
}

/// Part of the interval by which times may scatter about a rate that is stated.
const MOST_SCATTER: f64 = 0.1;
/// Part of the interval by which floating point may add up.
const MOST_WANDERING: f64 = 1e-3;

impl<'a> Times<'a> {
    /// `decimals_of_unit` is 0 for seconds, 3 for milliseconds, ...
    pub(super) fn new(written: &'a [Written], decimals_of_unit: i32) -> Self {
        let decimals = written.iter().map(|time| time.decimals).max().unwrap_or(0);
        let by_magnitude = decimals_by_magnitude(written);
        let first = written.first().copied();
        let rows = written.len() as f64;
        let ticks: Vec<f64> =
            written.iter().map(|time| first.map_or(0.0, |first| ticks_between(first, *time, decimals))).collect();
        let interval = ticks.last().map_or(0.0, |last| (last / (rows - 1.0)).abs());
        let halves = by_magnitude.map(|most| 0.5 * 10_f64.powi((decimals - most.min(decimals)).into()));
        let start = first.map_or(0.0, |first| first.value() * 10_f64.powi(decimals.into()));
        let half = written
            .iter()
            .zip(&ticks)
            .enumerate()
            .map(|(row, (time, tick))| {
                let last_bit = f64::EPSILON * (start + tick).abs();
                halves[magnitude(*time)] + 2.0 * last_bit + (last_bit * row as f64).min(MOST_WANDERING * interval)
            })
            .collect();
        let per_second = 10_f64.powi(i32::from(decimals) + decimals_of_unit);
        Self { written, ticks, half, per_second, decimals: decimals.into(), resolution_s: 1.0 / per_second }
    }

    /// Some of them, rounded as all are.
    pub(super) fn part(&self, rows: Range<usize>) -> Self {
        let first = self.ticks.get(rows.start).copied().unwrap_or(0.0);
        Self {
            written: &self.written[rows.clone()],
            ticks: self.ticks[rows.clone()].iter().map(|tick| tick - first).collect(),
            half: self.half[rows].to_vec(),
            ..*self
        }
    }

    /// From the first one.
    pub(super) fn seconds(&self) -> Vec<f64> {
        self.ticks.iter().map(|ticks| ticks / self.per_second).collect()
    }

    pub(super) fn resolution_s(&self) -> f64 {
        self.resolution_s
    }

    /// The rate that the times allow.
    pub(super) fn rate(&self) -> Rate {
        if self.ticks.last().is_none_or(|&last| last <= 0.0) {
            return Rate::NotAdvancing;
        }
        // However times are rounded, their order stays.
        if self.ticks.windows(2).any(|pair| pair[1] < pair[0]) {
            return self.oddest_step();
        }
        // Rounded to the last digit; else cut off, or rounded twice, by up to one.
        [1.0, 2.0]
            .into_iter()
            .find_map(|bounds| self.rate_within(bounds))
            .or_else(|| self.in_single_precision()?.rate_within(1.0))
            .unwrap_or_else(|| self.oddest_step())
    }

    /// With the bounds of numbers of 32 bits, if these are some: computed and printed so, they are off by up to their last bit.
    fn in_single_precision(&self) -> Option<Self> {
        let is_single = |time: &Written| {
            let value = time.value();
            format!("{:e}", value as f32).parse() == Ok(value)
        };
        let bound = |time: &Written, half: f64| {
            half.max(f64::from(f32::EPSILON) * (time.value() * 10_f64.powi(self.decimals)).abs())
        };
        self.written.iter().all(is_single).then(|| Self {
            written: self.written,
            ticks: self.ticks.clone(),
            half: self.written.iter().zip(&self.half).map(|(time, &half)| bound(time, half)).collect(),
            ..*self
        })
    }

    /// Whether the times fit a rate that is stated.
    pub(super) fn fit(&self, rate_hz: f64) -> Fit {
        let interval = self.per_second / rate_hz;
        if self.is_allowed(interval, 1.0) {
            return Fit::Exact;
        }
        let (scatter, start) = self.scatter(interval);
        let (least, _) = self.scatter(self.interval_of_least_scatter());
        // A wrong rate drifts off; the right one is about as good as the best.
        if scatter <= MOST_SCATTER * interval && scatter <= 2.0 * least {
            return Fit::Scattered { by_s: scatter / self.per_second };
        }
        let off = |row: usize| (self.ticks[row] - start - row as f64 * interval).abs();
        let row = (0..self.ticks.len()).max_by(|&a, &b| off(a).total_cmp(&off(b))).unwrap_or(0);
        let expected_s = (start + row as f64 * interval) / self.per_second;
        Fit::Contradicted { row, time_s: self.ticks[row] / self.per_second, expected_s }
    }

    fn last_row(&self) -> f64 {
        (self.ticks.len() - 1) as f64
    }

    fn rate_within(&self, bounds: f64) -> Option<Rate> {
        let (&last, &first_half, &last_half) = (self.ticks.last()?, self.half.first()?, self.half.last()?);
        // First and last time alone allow these intervals; those between can only narrow them.
        let slack = bounds * (first_half + last_half);
        let outer = ((last - slack) / self.last_row(), (last + slack) / self.last_row());
        let rates = self.rates(outer);
        let written = self.written_interval().map(|interval| self.per_second / interval);
        let plain = only_whole_between(rates.0, rates.1).or_else(|| {
            (wholes_between(rates.0, rates.1) == 0.0)
                .then(|| written.unwrap_or_else(|| plainest_between(rates.0, rates.1)))
        });
        if let Some(rate_hz) = plain.filter(|rate_hz| self.is_allowed(self.per_second / rate_hz, bounds)) {
            return Some(Rate::Hz { rate_hz, range_hz: None });
        }
        let intervals = self.allowed_intervals(outer, bounds)?;
        if intervals.1 <= 0.0 {
            return Some(Rate::TooCoarse);
        }
        let rates = self.rates(intervals);
        let several = wholes_between(rates.0, rates.1) > 1.0;
        let rate_hz = match (only_whole_between(rates.0, rates.1), written) {
            (Some(rate_hz), _) | (None, Some(rate_hz)) => rate_hz,
            (None, None) if !several => plainest_between(rates.0, rates.1),
            (None, None) if intervals.0 <= 0.0 => return Some(Rate::TooCoarse),
            (None, None) => {
                let (interval, sd) = self.least_squares();
                let estimate = (self.per_second / interval).clamp(rates.0, rates.1);
                roundest_between(rates.0, rates.1, estimate, estimate * sd / interval)
            }
        };
        Some(Rate::Hz { rate_hz, range_hz: several.then_some(rates) })
    }

    /// Rates in Hz of intervals in ticks.
    fn rates(&self, (shortest, longest): (f64, f64)) -> (f64, f64) {
        let high = if shortest > 0.0 { self.per_second / shortest } else { f64::INFINITY };
        (self.per_second / longest, high)
    }

    /// The interval, where all are written alike.
    fn written_interval(&self) -> Option<f64> {
        let interval = self.ticks.get(1)?;
        self.ticks.windows(2).all(|pair| pair[1] - pair[0] == *interval).then_some(*interval)
    }

    /// Where a start lies that suits all times at this interval: at least, at most. None does if the first is above the second.
    fn starts(&self, interval: f64, bounds: f64) -> (f64, f64) {
        let (mut least, mut most) = (f64::NEG_INFINITY, f64::INFINITY);
        for (row, (tick, half)) in self.ticks.iter().zip(&self.half).enumerate() {
            let start = tick - row as f64 * interval;
            least = least.max(start - bounds * half);
            most = most.min(start + bounds * half);
        }
        (least, most)
    }

    fn is_allowed(&self, interval: f64, bounds: f64) -> bool {
        let (least, most) = self.starts(interval, bounds);
        least <= most
    }

    /// The shortest and longest interval that suit all times, within `outer`; none if none does.
    ///
    /// What no start suits is a convex function of the interval, as the largest of linear ones.
    fn allowed_intervals(&self, outer: (f64, f64), bounds: f64) -> Option<(f64, f64)> {
        let lack = |interval: f64| {
            let (least, most) = self.starts(interval, bounds);
            least - most
        };
        let (inner, least) = minimum(outer, &lack, 0.0);
        (least <= 0.0).then(|| (boundary(outer.0, inner, &lack), boundary(outer.1, inner, &lack)))
    }

    /// Half the width of the band about a grid of this interval in which all times lie, and where the grid starts.
    fn scatter(&self, interval: f64) -> (f64, f64) {
        let (least, most) = self.starts(interval, 0.0);
        // Without bounds the largest start is needed at least, the smallest at most.
        ((least - most) / 2.0, f64::midpoint(least, most))
    }

    fn interval_of_least_scatter(&self) -> f64 {
        let mean = self.ticks.last().map_or(0.0, |last| last / self.last_row());
        let scatter = |interval: f64| self.scatter(interval).0;
        let width = 2.0 * scatter(mean) / self.last_row();
        minimum((mean - width, mean + width), &scatter, f64::NEG_INFINITY).0
    }

    /// Interval and its standard deviation by least squares, errors being even over the last digit.
    fn least_squares(&self) -> (f64, f64) {
        let rows = self.ticks.len() as f64;
        let middle = (rows - 1.0) / 2.0;
        let (mut products, mut squares) = (0.0, 0.0);
        for (row, tick) in self.ticks.iter().enumerate() {
            let offset = row as f64 - middle;
            products += offset * tick;
            squares += offset * offset;
        }
        let half = self.half.iter().copied().fold(0.0, f64::max);
        (products / squares, half / (3.0 * squares).sqrt())
    }

    /// Where the odd step is tells more than where the sum of all steps is farthest off.
    fn oddest_step(&self) -> Rate {
        let mut steps: Vec<f64> = self.ticks.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let middle = steps.len() / 2;
        let usual = *steps.clone().select_nth_unstable_by(middle, f64::total_cmp).1;
        let off = |step: &f64| (step - usual).abs();
        let row = (0..steps.len()).max_by(|&a, &b| off(&steps[a]).total_cmp(&off(&steps[b]))).unwrap_or(0);
        let interval = steps.swap_remove(row);
        Rate::NotUniform { row: row + 1, interval_s: interval / self.per_second, usual_s: usual / self.per_second }
    }
}

/// Most decimals among times of one order of magnitude: number of digits before the point.
fn decimals_by_magnitude(written: &[Written]) -> [u8; 24] {
    let mut most = [0; 24];
    for time in written {
        let most = &mut most[magnitude(*time)];
        *most = (*most).max(time.decimals);
    }
    most
}

fn magnitude(time: Written) -> usize {
    let digits = time.digits.unsigned_abs().checked_ilog10().map_or(0, |log| log as usize + 1);
    digits.saturating_sub(time.decimals.into())
}

/// Exactly, where the numbers are not beyond all reason.
fn ticks_between(first: Written, time: Written, decimals: u8) -> f64 {
    if first.decimals == decimals
        && time.decimals == decimals
        && let Some(ticks) = time.digits.checked_sub(first.digits)
    {
        return ticks as f64;
    }
    let scaled = |time: Written| {
        let factor = 10_i128.checked_pow(u32::from(decimals - time.decimals))?;
        i128::from(time.digits).checked_mul(factor)
    };
    match (scaled(first), scaled(time)) {
        (Some(first), Some(time)) => time.saturating_sub(first) as f64,
        _ => (time.value() - first.value()) * 10_f64.powi(decimals.into()),
    }
}

/// Where a convex function is least and what it is there; or the first place found where it is `enough` or less.
fn minimum(ends: (f64, f64), function: &dyn Fn(f64) -> f64, enough: f64) -> (f64, f64) {
    const STEPS: usize = 100;
    let (mut low, mut high) = ends;
    for _ in 0..STEPS {
        let (left, right) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        let (at_left, at_right) = (function(left), function(right));
        if at_left.min(at_right) <= enough || high - low <= f64::EPSILON * high.abs() {
            return if at_left <= at_right { (left, at_left) } else { (right, at_right) };
        }
        if at_left <= at_right {
            high = right;
        } else {
            low = left;
        }
    }
    let middle = f64::midpoint(low, high);
    (middle, function(middle))
}

/// The last place on the way from `inner`, which suits, to `outer`.
fn boundary(outer: f64, inner: f64, lack: &dyn Fn(f64) -> f64) -> f64 {
    const STEPS: usize = 80;
    let (mut outer, mut inner) = (outer, inner);
    if lack(outer) <= 0.0 {
        return outer;
    }
    for _ in 0..STEPS {
        let middle = f64::midpoint(outer, inner);
        if lack(middle) <= 0.0 {
            inner = middle;
        } else {
            outer = middle;
        }
    }
    inner
}
