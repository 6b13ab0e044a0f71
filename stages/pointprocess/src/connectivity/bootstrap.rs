//! Percentile intervals of the estimators of a pair, from trials drawn with replacement (Efron 1979).
//!
//! What the estimators need of a trial is which of x, z, x0, y, y0 hold: one of 32 patterns. To draw n trials with
//! replacement from n trials is to draw the counts of the patterns from a multinomial distribution with their relative
//! counts, so a repeat costs the same for any number of trials, and is exact. Patterns of the source (x, z, x0) are drawn
//! once per source and repeat; given these, those of the target (y, y0) for each pair. A pair then has the distribution
//! that trials drawn anew would give it; how intervals of different pairs go together is not kept.
//!
//! A repeat in which an estimator is undefined counts as below all others for the lower end and as above all for the upper:
//! an end that falls among these is NaN.
//!
//! Trials are taken as independent of each other. Streams are addressed by source and pair: equal for any order.
//!
//! References: Efron (1979) Ann Stat 7:1; Efron & Tibshirani (1993) An Introduction to the Bootstrap, chapter 13.

use lapicque_numerics::random::StreamKey;

use super::binomial::multinomial;
use super::estimators::{Estimator, Sums, estimate};
use super::trials::{Neuron, Trials};
use super::{ConnectivityError, check_size, check_sources};

/// How intervals are found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrap {
    /// How often trials are drawn (2 at least).
    pub repeats: usize,
    /// Probability between lower and upper end, in (0, 1).
    pub level: f64,
}

/// Lower and upper end; NaN where too many repeats are undefined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

const ESTIMATORS: usize = Estimator::ALL.len();

impl Bootstrap {
    /// Refuses what gives no interval.
    ///
    /// # Errors
    /// Fewer than 2 repeats, more than a million, or a level that is not between 0 and 1.
    pub fn check(&self) -> Result<(), ConnectivityError> {
        if !(2..=1_000_000).contains(&self.repeats) {
            let allowed = "an interval needs 2 to 1,000,000 repeats";
            return Err(ConnectivityError::OutOfRange { field: "repeats", found: self.repeats as f64, allowed });
        }
        if !(self.level > 0.0 && self.level < 1.0) {
            let allowed = "it must be between 0 and 1";
            return Err(ConnectivityError::OutOfRange { field: "level", found: self.level, allowed });
        }
        Ok(())
    }
}

/// The intervals of [`Estimator::ALL`] of one source with each target.
///
/// # Errors
/// Settings that give no interval, neurons that do not exist, repeats that do not fit into memory, or a `go_on` that says
/// no.
pub fn bootstrap(
    trials: &Trials,
    source: usize,
    targets: &[usize],
    settings: &Bootstrap,
    key: &StreamKey,
    go_on: &dyn Fn() -> bool,
) -> Result<Vec<[Interval; ESTIMATORS]>, ConnectivityError> {
    settings.check()?;
    check_sources(&[source], trials.neurons())?;
    check_sources(targets, trials.neurons())?;
    check_size(1, settings.repeats, ESTIMATORS + 8)?;
    let patterns = SourcePatterns::of(trials, source);
    let mut of_source = key.stream("bootstrap of sources", source as u64);
    let mut drawn = vec![[0u64; 8]; settings.repeats];
    let total = trials.count() as u64;
    drawn.iter_mut().for_each(|cells| multinomial(&mut of_source, total, &patterns.counts, cells));
    let of_pairs = key.derive("bootstrap of pairs");
    let mut estimates: Vec<Vec<f64>> = vec![Vec::new(); ESTIMATORS];
    let mut intervals = Vec::with_capacity(targets.len());
    for &target in targets {
        if !go_on() {
            return Err(ConnectivityError::Cancelled);
        }
        let counts = patterns.with(trials.of_neuron(target));
        let mut generator = of_pairs.at((source * trials.neurons() + target) as u64);
        estimates.iter_mut().for_each(Vec::clear);
        for cells in &drawn {
            let mut sums = Sums::default();
            for (pattern, (&trials, counts)) in cells.iter().zip(&counts).enumerate() {
                if trials > 0 {
                    let mut of_target = [0; 4];
                    multinomial(&mut generator, trials, counts, &mut of_target);
                    add(&mut sums, pattern, of_target);
                }
            }
            for (estimates, estimate) in estimates.iter_mut().zip(estimate(&sums)) {
                estimates.push(estimate);
            }
        }
        let mut of_pair = [Interval { lower: f64::NAN, upper: f64::NAN }; ESTIMATORS];
        for (interval, estimates) in of_pair.iter_mut().zip(&mut estimates) {
            *interval = percentiles(estimates, settings.level);
        }
        intervals.push(of_pair);
    }
    Ok(intervals)
}

/// Trials by what the source did: x is bit 0, z bit 1, x0 bit 2 of the place.
struct SourcePatterns {
    counts: [u64; 8],
    masks: [Vec<u64>; 8],
}

impl SourcePatterns {
    fn of(trials: &Trials, source: usize) -> Self {
        let Neuron { x, z, x0, .. } = trials.of_neuron(source);
        let mut masks: [Vec<u64>; 8] = Default::default();
        let mut counts = [0; 8];
        for (pattern, (mask, count)) in masks.iter_mut().zip(&mut counts).enumerate() {
            let holds = |word: u64, bit: usize| if pattern >> bit & 1 == 1 { word } else { !word };
            let words = x.iter().zip(z).zip(x0).map(|((x, z), x0)| holds(*x, 0) & holds(*z, 1) & holds(*x0, 2));
            *mask = words.collect();
            // Bits behind the last trial are no trials.
            if let (Some(last), rest @ 1..) = (mask.last_mut(), trials.count() % 64) {
                *last &= (1 << rest) - 1;
            }
            *count = super::trials::ones(mask);
        }
        Self { counts, masks }
    }

    /// Trials by what the target did as well: neither, y, y0, both.
    fn with(&self, target: &Neuron) -> [[u64; 4]; 8] {
        let mut counts = [[0; 4]; 8];
        for ((counts, &total), mask) in counts.iter_mut().zip(&self.counts).zip(&self.masks) {
            if total == 0 {
                continue;
            }
            let (mut y, mut y0, mut both) = (0, 0, 0);
            for ((mask, y_word), y0_word) in mask.iter().zip(&target.y).zip(&target.y0) {
                y += u64::from((mask & y_word).count_ones());
                y0 += u64::from((mask & y0_word).count_ones());
                both += u64::from((mask & y_word & y0_word).count_ones());
            }
            *counts = [total + both - y - y0, y - both, y0 - both, both];
        }
        counts
    }
}

/// Adds trials of one pattern of the source, by what the target did.
fn add(sums: &mut Sums, pattern: usize, [neither, only_y, only_y0, both]: [u64; 4]) {
    let (x, z, x0) = (pattern & 1 == 1, pattern & 2 == 2, pattern & 4 == 4);
    let (y, y0) = (only_y + both, only_y0 + both);
    let trials = neither + only_y + only_y0 + both;
    if z {
        sums.z += trials;
        sums.yz += y;
        sums.y0z += y0;
        sums.xz += if x { trials } else { 0 };
        sums.x0z += if x0 { trials } else { 0 };
    } else {
        sums.zinv += trials;
        sums.yzinv += y;
        sums.y0zinv += y0;
        sums.xzinv += if x { trials } else { 0 };
        sums.x0zinv += if x0 { trials } else { 0 };
    }
    if x {
        sums.x += trials;
        sums.yx += y;
        sums.y0x += y0;
    } else {
        sums.xinv += trials;
        sums.yxinv += y;
        sums.y0xinv += y0;
    }
}

/// Ends between which a part `level` of the values lies, interpolated between neighbours; what is undefined counts as
/// outside of either end.
fn percentiles(values: &mut Vec<f64>, level: f64) -> Interval {
    let total = values.len();
    values.retain(|value| !value.is_nan());
    values.sort_unstable_by(f64::total_cmp);
    let at = |place: f64| {
        let (below, above) = (place.floor() as usize, place.ceil() as usize);
        match (place >= 0.0, values.get(below), values.get(above)) {
            (true, Some(low), Some(high)) => low + (place - place.floor()) * (high - low),
            _ => f64::NAN,
        }
    };
    let last = total as f64 - 1.0;
    // A level of 0.9 leaves a little less than 0.1 in binary numbers; a place meant as whole is whole.
    let place = (1.0 - level) / 2.0 * last;
    let place = if (place - place.round()).abs() < 1e-9 { place.round() } else { place };
    let undefined = (total - values.len()) as f64;
    Interval { lower: at(place - undefined), upper: at(last - place) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_interpolated() {
        let mut values: Vec<f64> = (0..=100).rev().map(f64::from).collect();
        assert_eq!(percentiles(&mut values, 0.9), Interval { lower: 5.0, upper: 95.0 });
        let Interval { lower, upper } = percentiles(&mut vec![2.0, 1.0], 0.5);
        assert_eq!((lower, upper), (1.25, 1.75));
    }

    #[test]
    fn undefined_repeats_lie_outside_of_both_ends() {
        let with = |undefined: usize| {
            let mut values: Vec<f64> = (undefined..=100).map(|value| value as f64).collect();
            values.extend(vec![f64::NAN; undefined]);
            percentiles(&mut values, 0.9)
        };
        // The five smallest values became undefined: the lower end was the sixth and still is.
        assert_eq!(with(5).lower, 5.0);
        assert_eq!(with(5).upper, 100.0);
        assert!(with(6).lower.is_nan() && with(6).upper.is_nan());
        assert!(with(101).lower.is_nan());
    }

    #[test]
    fn patterns_give_the_sums_of_the_trials() {
        use crate::connectivity::{Trains, Windows};
        use crate::simulate::Event;
        let mut generator = StreamKey::new([3; 16]).stream("spikes", 0);
        let spikes =
            (0..900).map(|_| Event { step: generator.below(3000), neuron: generator.below(3) as u32, count: 1 });
        let trains = Trains::new(3, 3000, spikes.collect::<Vec<_>>()).unwrap();
        let onsets: Vec<u64> = (1..100).map(|trial| 29 * trial).collect();
        let trials = Trials::new(&trains, &onsets, &Windows::default()).unwrap();
        let patterns = SourcePatterns::of(&trials, 1);
        assert_eq!(patterns.counts.iter().sum::<u64>(), 99);
        let mut sums = Sums::default();
        for (pattern, counts) in patterns.with(trials.of_neuron(2)).into_iter().enumerate() {
            add(&mut sums, pattern, counts);
        }
        assert_eq!(sums, trials.sums(1).unwrap()[2]);
    }
}
