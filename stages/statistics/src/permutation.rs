//! Permutation tests of two groups and of pairs, with the errors of all tests together under control.
//!
//! A *test* is one channel and feature; a *unit* is what is exchanged as a whole, with its values of all tests: a subject, or a pair.
//! Labels of units are permuted (two groups) or signs of their differences flipped (pairs). With t_k the statistic of test k:
//!
//! ```text
//! p_k           = (1 + #{permutations: |t*_k| >= |t_k|}) / (permutations + 1)
//! p_corrected_k = (1 + #{permutations: max_j |t*_j| >= |t_k|}) / (permutations + 1)
//! ```
//!
//! (Nichols and Holmes 2002, Hum Brain Mapp 15:1, section "Single threshold test"; the 1 is the observed labelling: Phipson and
//! Smyth 2010, Stat Appl Genet Mol Biol 9:39). Where there are no more labellings than asked for, all of them are taken, once each,
//! the observed one among them, and p is their exact share.
//!
//! | t | formula |
//! |---|---|
//! | pooled | (m1 - m2) / sqrt(s^2 (1/n1 + 1/n2)), s^2 pooled; exact if the groups are equal under the null hypothesis |
//! | Welch | (m1 - m2) / sqrt(s1^2/n1 + s2^2/n2); valid for many units where variances differ (Janssen 1997) |
//! | paired | mean / (s / sqrt(n)) of the differences |
//!
//! A missing value (NaN) is left out of its own test alone. Where a permutation leaves a test without a statistic (fewer than two
//! values in a group), this permutation counts against that test, in both of its p, and not in the maximum.

use lapicque_numerics::random::StreamKey;
use rayon::prelude::*;

/// How a test is made.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    /// Permutations that are drawn, unless there are no more labellings than that: then all of these are taken.
    pub permutations: u64,
    /// Where they are drawn from.
    pub stream: StreamKey,
    /// Whether the result is no longer wanted.
    pub cancelled: &'a (dyn Fn() -> bool + Sync),
    /// Told the fraction of the work that is done since it was last told.
    pub progress: &'a (dyn Fn(f64) + Sync),
}

/// Statistic of two groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variances {
    /// Of one variance.
    Pooled,
    /// Each of its own variance (Welch).
    Separate,
}

/// One test. Numbers that are not defined are NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Values of the first group; of pairs, pairs.
    pub n: usize,
    /// Values of the second group; of pairs, pairs.
    pub n_control: usize,
    /// Difference of the means.
    pub difference: f64,
    /// Standard error of the difference.
    pub se: f64,
    /// The difference over its standard error.
    pub t: f64,
    /// Of this test alone.
    pub p: f64,
    /// With the largest statistic of all tests: the chance of any false alarm among them.
    pub p_corrected: f64,
}

/// All tests, and how many labellings they were compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct Tested {
    /// In the order of the tests.
    pub tests: Vec<Outcome>,
    /// Labellings, the observed one among them.
    pub labellings: u64,
    /// Whether these are all there are.
    pub exact: bool,
}

/// Nobody wants the result any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// Compares the units that are `in_first` with the others. `values` has a row per test and a number per unit, NaN where there is none.
///
/// # Errors
/// [`Cancelled`].
pub fn two_groups(
    values: &[Vec<f64>],
    in_first: &[bool],
    variances: Variances,
    settings: &Settings<'_>,
) -> Result<Tested, Cancelled> {
    let rows: Vec<Vec<f64>> = values.iter().map(|row| centred(row)).collect();
    let units = in_first.len();
    let of_first = in_first.iter().filter(|first| **first).count();
    let statistic = |row: &[f64], first: &[bool]| two_sample(row, first, variances);
    let all = binomial(units as u64, of_first as u64);
    let labelling = |index: u64| {
        let chosen = match all {
            Some(all) if all <= settings.permutations => combination(units as u64, of_first as u64, index),
            _ => {
                let mut order = settings.stream.at(index).permutation(units);
                order.truncate(of_first);
                order
            }
        };
        let mut first = vec![false; units];
        chosen.into_iter().for_each(|unit| first[unit] = true);
        first
    };
    compare(&rows, in_first, labelling, all, settings, statistic)
}

/// Whether differences of pairs lie around zero. `differences` has a row per test and a number per pair, NaN where there is none.
///
/// # Errors
/// [`Cancelled`].
pub fn pairs(differences: &[Vec<f64>], settings: &Settings<'_>) -> Result<Tested, Cancelled> {
    let units = differences.first().map_or(0, Vec::len);
    let all = if units < 64 { Some(1_u64 << units) } else { None };
    let labelling = |index: u64| match all {
        Some(all) if all <= settings.permutations => (0..units).map(|unit| index >> unit & 1 == 1).collect(),
        _ => {
            let mut generator = settings.stream.at(index);
            let mut word = 0;
            let mut flips = |unit: usize| {
                if unit.is_multiple_of(64) {
                    word = generator.next_u64();
                }
                word >> (unit % 64) & 1 == 1
            };
            (0..units).map(&mut flips).collect()
        }
    };
    compare(differences, &vec![false; units], labelling, all, settings, of_pairs)
}

/// A statistic of a row under a labelling.
#[derive(Clone, Copy)]
struct Statistic {
    n: [usize; 2],
    difference: f64,
    se: f64,
}

impl Statistic {
    /// NaN where it has none; infinite where groups differ that are constant.
    fn t(&self) -> f64 {
        if self.difference == 0.0 && self.se == 0.0 { 0.0 } else { self.difference / self.se }
    }
}

fn compare(
    rows: &[Vec<f64>],
    observed: &[bool],
    labelling: impl Fn(u64) -> Vec<bool> + Sync,
    all: Option<u64>,
    settings: &Settings<'_>,
    statistic: impl Fn(&[f64], &[bool]) -> Statistic + Sync,
) -> Result<Tested, Cancelled> {
    let seen: Vec<Statistic> = rows.iter().map(|row| statistic(row, observed)).collect();
    // Equal values are zeros once they are centred, and say nothing; differences that are equal and not zero do.
    let is_empty = |row: &[f64]| row.iter().all(|value| value.is_nan() || *value == 0.0);
    let of_row = |(row, s): (&Vec<f64>, &Statistic)| if is_empty(row) { f64::NAN } else { s.t() };
    let t: Vec<f64> = rows.iter().zip(&seen).map(of_row).collect();
    let exact = all.is_some_and(|all| all <= settings.permutations);
    let drawn = if exact { all.unwrap_or_default() } else { settings.permutations };
    // Sums in another order differ in their last digits: what is equal but for these is equal.
    let limits: Vec<f64> = t.iter().map(|t| t.abs() * (1.0 - 1e-10)).collect();
    let count = |index: u64| {
        let labelled = labelling(index);
        let of_test = |row: &Vec<f64>| statistic(row, &labelled).t().abs();
        let found: Vec<f64> =
            rows.iter().zip(&limits).map(|(row, limit)| if limit.is_nan() { f64::NAN } else { of_test(row) }).collect();
        let largest = found.iter().copied().filter(|t| !t.is_nan()).fold(0.0, f64::max);
        let mut counts = vec![0_u64; 2 * rows.len()];
        for (test, (&found, &limit)) in found.iter().zip(&limits).enumerate() {
            counts[test] = u64::from(found.is_nan() || found >= limit);
            counts[rows.len() + test] = u64::from(found.is_nan() || largest >= limit);
        }
        counts
    };
    let add = |mut a: Vec<u64>, b: Vec<u64>| {
        a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
        a
    };
    const PART: u64 = 256;
    let mut counts = vec![0_u64; 2 * rows.len()];
    for start in (0..drawn).step_by(PART as usize) {
        if (settings.cancelled)() {
            return Err(Cancelled);
        }
        let part = start..(start + PART).min(drawn);
        let done = part.end - part.start;
        let none = || vec![0_u64; 2 * rows.len()];
        counts = add(counts, part.into_par_iter().map(count).reduce(none, add));
        (settings.progress)(done as f64 / drawn as f64);
    }
    // Of all labellings the observed one is among those that were counted.
    let (more, labellings) = if exact { (0, drawn) } else { (1, drawn + 1) };
    let share = |test: usize, place: usize| match t[test].is_nan() {
        true => f64::NAN,
        false => (counts[place] + more) as f64 / labellings as f64,
    };
    let outcome = |(test, s): (usize, &Statistic)| Outcome {
        n: s.n[0],
        n_control: s.n[1],
        difference: s.difference,
        se: s.se,
        t: t[test],
        p: share(test, test),
        p_corrected: share(test, rows.len() + test),
    };
    Ok(Tested { tests: seen.iter().enumerate().map(outcome).collect(), labellings, exact })
}

fn two_sample(row: &[f64], first: &[bool], variances: Variances) -> Statistic {
    let (mut n, mut sum) = ([0_usize; 2], [0.0; 2]);
    let group = |unit: usize| usize::from(!first[unit]);
    for (unit, &value) in row.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
        n[group(unit)] += 1;
        sum[group(unit)] += value;
    }
    let mean = [sum[0] / n[0] as f64, sum[1] / n[1] as f64];
    let mut squares = [0.0; 2];
    let mut all = 0.0;
    for (unit, &value) in row.iter().enumerate().filter(|(_, value)| !value.is_nan()) {
        squares[group(unit)] += (value - mean[group(unit)]).powi(2);
        all += value * value;
    }
    let [n1, n2] = n.map(|n| n as f64);
    let between = mean[0] - mean[1];
    let difference = if between.abs() < 1e-14 * all.sqrt() { 0.0 } else { between };
    let se = match variances {
        _ if n[0] < 2 || n[1] < 2 => f64::NAN,
        Variances::Pooled => ((squares[0] + squares[1]) / (n1 + n2 - 2.0) * (1.0 / n1 + 1.0 / n2)).sqrt(),
        Variances::Separate => (squares[0] / (n1 - 1.0) / n1 + squares[1] / (n2 - 1.0) / n2).sqrt(),
    };
    // Rounding is no spread.
    let se = if se * se < 1e-28 * all { 0.0 } else { se };
    Statistic { n, difference, se }
}

fn of_pairs(row: &[f64], flipped: &[bool]) -> Statistic {
    let signed = row.iter().zip(flipped).map(|(value, flipped)| if *flipped { -value } else { *value });
    let present = || signed.clone().filter(|value| !value.is_nan());
    let n = present().count();
    let mean = present().sum::<f64>() / n as f64;
    let all: f64 = present().map(|value| value * value).sum();
    let squares: f64 = present().map(|value| (value - mean).powi(2)).sum();
    let se = if n < 2 { f64::NAN } else { (squares / (n as f64 - 1.0) / n as f64).sqrt() };
    let se = if se * se < 1e-28 * all { 0.0 } else { se };
    let difference = if mean.abs() < 1e-14 * all.sqrt() { 0.0 } else { mean };
    Statistic { n: [n, n], difference, se }
}

/// A row minus its mean, so that a large offset costs no digits.
fn centred(row: &[f64]) -> Vec<f64> {
    let mut present: Vec<f64> = row.iter().copied().filter(|value| !value.is_nan()).collect();
    present.sort_by(f64::total_cmp);
    let middle = present.get(present.len() / 2).copied().unwrap_or_default();
    row.iter().map(|value| value - middle).collect()
}

/// n over k, where it fits.
fn binomial(n: u64, k: u64) -> Option<u64> {
    let k = k.min(n.checked_sub(k)?);
    (0..k).try_fold(1_u64, |so_far, i| {
        let next = u128::from(so_far) * u128::from(n - i) / u128::from(i + 1);
        u64::try_from(next).ok()
    })
}

/// The combination of `k` of `n` at a place in their lexicographic order.
fn combination(n: u64, k: u64, mut index: u64) -> Vec<usize> {
    let mut chosen = Vec::with_capacity(k as usize);
    let mut next = 0;
    for left in (1..=k).rev() {
        loop {
            let with_next = binomial(n - next - 1, left - 1).unwrap_or(u64::MAX);
            if index < with_next {
                break;
            }
            index -= with_next;
            next += 1;
        }
        chosen.push(next as usize);
        next += 1;
    }
    chosen
}

#[cfg(test)]
mod tests;
