//! Likelihood of bins that a fit has not seen, and with it the choice of a penalty's strength.
//!
//! Bins are divided into folds by stretches of time, as bins next to each other are alike. Filters of the first bins of a
//! stretch look back into another fold; nothing of the counts that are predicted is seen by that.

use super::design::TargetBins;
use super::error::{FitError, check};
use super::family::Family;
use super::newton::start;
use super::rows::Rows;
use super::{Penalty, groups, optimum};

/// Which bins are held out together.
#[derive(Debug, Clone, PartialEq)]
pub struct Folds {
    count: usize,
    /// First bins of stretches, ascending; what comes before the first belongs to it.
    starts: Vec<u32>,
}

/// How well held-out bins are predicted, all folds together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeldOut {
    /// Log of the probability of their counts.
    pub log_likelihood: f64,
    /// That of the mean count of the other folds.
    pub null_log_likelihood: f64,
    /// Their spikes.
    pub spikes: u64,
}

impl Folds {
    /// As many stretches of equal length between two bins as there are folds.
    ///
    /// # Errors
    /// Fewer than two folds, or more than bins.
    pub fn time_blocks(first: u32, end: u32, count: usize) -> Result<Self, FitError> {
        let bins = end.saturating_sub(first);
        check("folds", count as f64, count >= 2 && count as u64 <= u64::from(bins), "from 2 to the number of bins")?;
        let start = |i: usize| first + (u64::from(bins) * i as u64 / count as u64) as u32;
        Ok(Self { count, starts: (0..count).map(start).collect() })
    }

    /// Trials, each from its onset to the next, dealt out to the folds in turn.
    ///
    /// # Errors
    /// Fewer than two folds, or more than trials.
    pub fn trials(onsets: &[u32], count: usize) -> Result<Self, FitError> {
        let mut starts = onsets.to_vec();
        starts.sort_unstable();
        starts.dedup();
        check("folds", count as f64, count >= 2 && count <= starts.len(), "from 2 to the number of trials")?;
        Ok(Self { count, starts })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// That of a bin.
    pub fn of(&self, bin: u32) -> usize {
        self.starts.partition_point(|start| *start <= bin).saturating_sub(1) % self.count
    }
}

impl HeldOut {
    /// How much more a spike is told by the model than by the mean count.
    pub fn bits_per_spike(&self) -> f64 {
        (self.log_likelihood - self.null_log_likelihood) / (self.spikes as f64 * std::f64::consts::LN_2)
    }
}

/// Predicts each fold by a fit to the others, for each strength of a penalty (a penalty of none has one), in their order.
///
/// Coefficients that separate have their finite values there, see [`super::Coefficient::finite`].
///
/// # Errors
/// A penalty that cannot be, all bins of the neuron in one fold, or a `go_on` that says no.
pub fn held_out(
    bins: &TargetBins,
    family: Family,
    penalty: Penalty,
    strengths: &[f64],
    folds: &Folds,
    go_on: &dyn Fn() -> bool,
) -> Result<Vec<HeldOut>, FitError> {
    let groups = groups(bins.terms());
    // From strong to weak, each from where the one before ended.
    let mut order: Vec<usize> = (0..strengths.len()).collect();
    order.sort_by(|&a, &b| strengths[b].total_cmp(&strengths[a]));
    let none = HeldOut { log_likelihood: 0.0, null_log_likelihood: 0.0, spikes: 0 };
    let mut found = vec![none; strengths.len()];
    for fold in 0..folds.count() {
        let train = Rows::new(bins, |bin| folds.of(bin) != fold);
        let test = Rows::new(bins, |bin| folds.of(bin) == fold);
        if train.len() == 0 {
            return Err(FitError::NothingLeft { neuron: bins.target() });
        }
        let of_fold = bins.bins.iter().zip(&bins.counts).filter(|(bin, _)| folds.of(**bin) == fold);
        let constant: f64 = of_fold.map(|(_, &count)| family.constant(f64::from(count))).sum();
        let null = -test.loss(family, &start(&train, family)) - constant;
        let mut last: Option<Vec<f64>> = None;
        for &number in &order {
            let penalty = penalty.with_strength(strengths[number]);
            penalty.check()?;
            let optimum = optimum(&train, &groups, family, penalty, last.as_deref(), go_on)?;
            found[number].log_likelihood += -test.loss(family, &optimum.parameters) - constant;
            found[number].null_log_likelihood += null;
            found[number].spikes += test.total_spikes() as u64;
            last = Some(optimum.parameters);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_stretches_of_time() {
        let blocks = Folds::time_blocks(10, 20, 3).unwrap();
        let of = |folds: &Folds, bins: std::ops::Range<u32>| bins.map(|bin| folds.of(bin)).collect::<Vec<_>>();
        assert_eq!(of(&blocks, 8..22), [0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2, 2]);
        let trials = Folds::trials(&[4, 2, 7, 7], 2).unwrap();
        assert_eq!(of(&trials, 0..9), [0, 0, 0, 0, 1, 1, 1, 0, 0]);
        assert!(Folds::time_blocks(0, 10, 1).is_err());
        assert!(Folds::time_blocks(0, 10, 11).is_err());
        assert!(Folds::trials(&[3, 3], 2).is_err());
    }
}
