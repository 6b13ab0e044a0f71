//! Values that are missing: how many, filling them, and what a filter loses because of them.
//!
//! Missing is what is no number (NaN), and what no filter can use: infinite values, and values beyond
//! [`LARGEST`], whose sums and differences would become infinite.

/// Sums of a thousand million values up to this size are finite, too.
pub const LARGEST: f64 = 1e299;

/// Missing values of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// Values in all, there or missing.
    pub len: usize,
    /// Missing ones.
    pub count: usize,
    /// Those of the missing ones that are infinite or beyond [`LARGEST`].
    pub infinite: usize,
    /// Index of the first one.
    pub first: usize,
    /// Most in a row.
    pub longest: usize,
}

/// Whether a value can be used.
pub fn is_there(value: f64) -> bool {
    value.abs() <= LARGEST
}

/// What is missing in a series; `None` if nothing is.
pub fn missing(series: &[f64]) -> Option<Missing> {
    let first = series.iter().position(|value| !is_there(*value))?;
    let mut missing = Missing { len: series.len(), count: 0, infinite: 0, first, longest: 0 };
    for run in runs(series) {
        missing.count += run.len();
        missing.longest = missing.longest.max(run.len());
        missing.infinite += series[run].iter().filter(|value| !value.is_nan()).count();
    }
    Some(missing)
}

/// Fills what is missing: linearly between the values beside a gap, with the nearest value at the ends.
/// Returns whether there was anything to fill it from; if not, the series stays.
pub fn interpolate(series: &mut [f64]) -> bool {
    let gaps: Vec<_> = runs(series).collect();
    if gaps.iter().any(|gap| gap.len() == series.len()) {
        return false;
    }
    for gap in gaps {
        let before = gap.start.checked_sub(1).map(|i| series[i]);
        let after = series.get(gap.end).copied();
        let (Some(before), Some(after)) = (before.or(after), after.or(before)) else {
            continue;
        };
        let steps = (gap.len() + 1) as f64;
        for (i, value) in series[gap].iter_mut().enumerate() {
            let part = (i + 1) as f64 / steps;
            *value = if before == after { before } else { before * (1.0 - part) + after * part };
        }
    }
    true
}

/// Takes away what a filter made from missing values of `series`: value k of `filtered`, which lies at
/// the sample k `step` of the series, becomes NaN if one within `reach` samples of it is missing. Returns
/// how many these are.
pub fn spread(series: &[f64], step: f64, reach: f64, filtered: &mut [f64]) -> usize {
    let mut lost = 0;
    let mut next = 0;
    for gap in runs(series) {
        // Steps are fractions: a value on the very edge counts as within.
        let begin = ((gap.start as f64 - reach) / step - 1e-9).ceil().max(next as f64) as usize;
        let end = (((gap.end - 1) as f64 + reach) / step + 1e-9).floor() + 1.0;
        let end = (end as usize).min(filtered.len());
        if begin < end {
            filtered[begin..end].fill(f64::NAN);
            lost += end - begin;
            next = end;
        }
    }
    lost
}

/// As [`spread`], for a filter that keeps all values and looks back `reach` samples.
pub fn spread_causally(series: &[f64], reach: f64, filtered: &mut [f64]) -> usize {
    let reach = reach.ceil() as usize;
    let mut next = 0;
    let mut lost = 0;
    for gap in runs(series) {
        let end = gap.end.saturating_add(reach).min(filtered.len());
        let begin = gap.start.max(next).min(end);
        filtered[begin..end].fill(f64::NAN);
        lost += end - begin;
        next = end;
    }
    lost
}

/// Stretches of missing values.
fn runs(series: &[f64]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut next = 0;
    std::iter::from_fn(move || {
        let start = next + series[next..].iter().position(|value| !is_there(*value))?;
        let len = series[start..].iter().position(|value| is_there(*value));
        next = len.map_or(series.len(), |len| start + len);
        Some(start..next)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAN: f64 = f64::NAN;

    #[test]
    fn missing_values_are_counted() {
        assert_eq!(missing(&[]), None);
        assert_eq!(missing(&[1.0, -LARGEST]), None);
        let series = [1.0, NAN, 2.0, f64::INFINITY, NAN, -1e300, 0.0];
        assert_eq!(missing(&series), Some(Missing { len: 7, count: 4, infinite: 2, first: 1, longest: 3 }));
        assert_eq!(missing(&[NAN; 3]), Some(Missing { len: 3, count: 3, infinite: 0, first: 0, longest: 3 }));
    }

    #[test]
    fn gaps_are_filled_by_lines_and_ends_by_the_nearest_value() {
        let mut series = [NAN, NAN, 1.0, NAN, NAN, NAN, 5.0, f64::NEG_INFINITY, -1.0, NAN];
        assert!(interpolate(&mut series));
        assert_eq!(series, [1.0, 1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 2.0, -1.0, -1.0]);
        let mut nothing = [NAN, f64::INFINITY];
        assert!(!interpolate(&mut nothing) && nothing[1].is_infinite());
        assert!(interpolate(&mut []));
    }

    #[test]
    fn losses_stay_within_the_reach() {
        let mut series = [0.0; 12];
        (series[5], series[6]) = (NAN, NAN);
        // Every second value, one sample to either side: 4 to 7.
        let mut filtered = [0.0; 6];
        assert_eq!(spread(&series, 2.0, 1.0, &mut filtered), 2);
        assert_eq!(filtered.map(f64::is_nan), [false, false, true, true, false, false]);
        let mut finer = [0.0; 24];
        assert_eq!(spread(&series, 0.5, 0.0, &mut finer), 3);
        assert_eq!(spread(&[NAN; 12], 2.0, 1.0, &mut filtered), 6);
    }

    #[test]
    fn what_looks_back_loses_what_comes_after() {
        let series = [0.0, NAN, 0.0, 0.0, NAN, NAN, 0.0, 0.0, 0.0, 0.0];
        let mut filtered = [0.0; 10];
        assert_eq!(spread_causally(&series, 2.0, &mut filtered), 7);
        let lost: Vec<usize> = (0..10).filter(|i| filtered[*i].is_nan()).collect();
        assert_eq!(lost, [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(spread_causally(&[0.0, NAN], 1e9, &mut [0.0; 2]), 1);
        assert_eq!(spread_causally(&[0.0; 2], 1e9, &mut [0.0; 2]), 0);
    }

    proptest! {
        #[test]
        fn a_plain_search_loses_the_same(
            there in prop::collection::vec(any::<bool>(), 1..60),
            up in 1_u32..8,
            down in 1_u32..8,
            reach in 1_u32..9,
        ) {
            let series: Vec<f64> = there.iter().map(|there| if *there { 1.0 } else { NAN }).collect();
            let count = (series.len() * up as usize).div_ceil(down as usize);
            let mut filtered = vec![0.0; count];
            let step = f64::from(down) / f64::from(up);
            let lost = spread(&series, step, f64::from(reach), &mut filtered);
            prop_assert_eq!(lost, filtered.iter().filter(|y| y.is_nan()).count());
            for (k, y) in filtered.iter().enumerate() {
                // In whole numbers: |k down - i up| <= reach up.
                let touches = |i: usize| {
                    let distance = (k * down as usize).abs_diff(i * up as usize);
                    !there[i] && distance <= (reach * up) as usize
                };
                prop_assert_eq!(y.is_nan(), (0..series.len()).any(touches), "{}", k);
            }
        }
    }
}
