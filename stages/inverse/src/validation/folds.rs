//! Which samples are held out together. Folds are made of samples, never of rows: channels and epochs of one sample stay on one side. Where samples are
//! grouped (the sessions of a subject), folds are made of whole groups.
//!
//! In each repeat every group has a number that the caller draws for it (its rank), and the order of ranks is that of the groups. A rank that follows from
//! who the group is (its name) and from the repeat, and from nothing else, gives the same splits whatever the features are and in whatever order rows come;
//! one more sample then moves few others. Sizes are those of scikit-learn (ShuffleSplit, RepeatedKFold and their Group- versions): `shuffle_split` holds out
//! the first ceil(test_fraction n) of n groups; `repeated_kfold` cuts the order into `folds` consecutive pieces, of which the first n mod folds are longer
//! by one.
//!
//! | scheme | parameter | default | meaning | range |
//! |---|---|---|---|---|
//! | shuffle_split | repeats | 10 | number of splits | >= 1 |
//! | shuffle_split | test_fraction | 0.1 | part of the groups held out | 0 < f < 1, leaving at least one group on each side |
//! | repeated_kfold | folds | 10 | pieces | 2 ..= number of groups |
//! | repeated_kfold | repeats | 10 | orders | >= 1 |
//! | leave_one_group_out | | | each group is held out once | at least 2 groups |

use serde::{Deserialize, Serialize};

use crate::InverseError;

/// A validation scheme, as a configuration names it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Validation {
    /// One fold per repeat, drawn anew each time: a sample may be held out never, or often.
    ShuffleSplit {
        /// Number of splits.
        repeats: usize,
        /// Part of the samples, or groups, that is held out: above 0, below 1.
        test_fraction: f64,
    },
    /// Each repeat holds out every sample once.
    RepeatedKfold {
        /// Pieces that each order is cut into.
        folds: usize,
        /// Number of orders.
        repeats: usize,
    },
    /// Each group, or each sample where there are no groups, is held out once.
    LeaveOneGroupOut,
}

/// Samples that are held out together; all others train.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// From 0.
    pub repeat: usize,
    /// From 0 in each repeat.
    pub fold: usize,
    /// Ascending.
    pub test_samples: Vec<usize>,
}

impl Validation {
    /// Whether the parameters are in range, as far as that can be said before the number of samples is known.
    ///
    /// # Errors
    /// The first parameter out of range, with its value and what is allowed.
    pub fn check(&self) -> Result<(), InverseError> {
        match *self {
            Self::ShuffleSplit { repeats, test_fraction } => {
                at_least("shuffle_split", "repeats", repeats, 1)?;
                if test_fraction > 0.0 && test_fraction < 1.0 {
                    return Ok(());
                }
                Err(InverseError::Parameter {
                    owner: "shuffle_split",
                    parameter: "test_fraction",
                    value: test_fraction.to_string(),
                    allowed: "a number above 0 and below 1".to_owned(),
                })
            }
            Self::RepeatedKfold { folds, repeats } => {
                at_least("repeated_kfold", "folds", folds, 2)?;
                at_least("repeated_kfold", "repeats", repeats, 1)
            }
            Self::LeaveOneGroupOut => Ok(()),
        }
    }

    /// Whether `units` samples, or groups of samples (`unit` says which), can be split like this.
    ///
    /// # Errors
    /// Parameters out of range, also for this number.
    pub fn check_count(&self, units: usize, unit: &str) -> Result<(), InverseError> {
        self.sizes(units, unit).map(|_| ())
    }

    /// The splits of samples whose groups these are (numbered 0, 1, ... without gaps; a number of its own for each sample that stands alone).
    /// `rank(repeat, group)` is any number: groups are ordered by it.
    ///
    /// # Errors
    /// Parameters out of range, also for this number of groups, or a group without samples.
    pub fn splits(
        &self,
        group_of_sample: &[usize],
        rank: &mut dyn FnMut(usize, usize) -> u64,
    ) -> Result<Vec<Split>, InverseError> {
        let samples_of_group = samples_by_group(group_of_sample)?;
        let groups = samples_of_group.len();
        let unit = if groups == group_of_sample.len() { "samples" } else { "groups" };
        let sizes = self.sizes(groups, unit)?;
        let repeats = match *self {
            Self::ShuffleSplit { repeats, .. } | Self::RepeatedKfold { repeats, .. } => repeats,
            Self::LeaveOneGroupOut => 1,
        };
        let mut splits = Vec::new();
        for repeat in 0..repeats {
            let mut order: Vec<(u64, usize)> = (0..groups).map(|group| (rank(repeat, group), group)).collect();
            match self {
                // The fold is the number of the group.
                Self::LeaveOneGroupOut => {}
                Self::ShuffleSplit { .. } | Self::RepeatedKfold { .. } => order.sort_unstable(),
            }
            let mut rest = order.as_slice();
            for (fold, &size) in sizes.iter().enumerate() {
                let (test, behind) = rest.split_at(size);
                rest = behind;
                let mut test_samples: Vec<usize> =
                    test.iter().flat_map(|&(_, group)| &samples_of_group[group]).copied().collect();
                test_samples.sort_unstable();
                splits.push(Split { repeat, fold, test_samples });
            }
        }
        Ok(splits)
    }

    /// How many units each fold of a repeat holds out.
    fn sizes(&self, units: usize, unit: &str) -> Result<Vec<usize>, InverseError> {
        self.check()?;
        match *self {
            Self::ShuffleSplit { test_fraction, .. } => {
                let test = (test_fraction * units as f64).ceil() as usize;
                if test < units {
                    return Ok(vec![test]);
                }
                Err(InverseError::Parameter {
                    owner: "shuffle_split",
                    parameter: "test_fraction",
                    value: test_fraction.to_string(),
                    allowed: format!(
                        "a fraction that leaves at least one of the {units} {unit} to train on ({test} would be held out)"
                    ),
                })
            }
            Self::LeaveOneGroupOut if units > 1 => Ok(vec![1; units]),
            Self::LeaveOneGroupOut => Err(InverseError::Parameter {
                owner: "leave_one_group_out",
                parameter: "groups",
                value: units.to_string(),
                allowed: format!("at least 2 {unit}: one is held out, others train"),
            }),
            Self::RepeatedKfold { folds, .. } => {
                if folds <= units {
                    return Ok((0..folds).map(|fold| units / folds + usize::from(fold < units % folds)).collect());
                }
                let allowed = match units {
                    0 | 1 => format!("none, since folds need at least 2 {unit} (found {units})"),
                    _ => format!("2 to {units}, the number of {unit}"),
                };
                Err(InverseError::Parameter {
                    owner: "repeated_kfold",
                    parameter: "folds",
                    value: folds.to_string(),
                    allowed,
                })
            }
        }
    }
}

fn samples_by_group(group_of_sample: &[usize]) -> Result<Vec<Vec<usize>>, InverseError> {
    // Numbers without gaps lie below the number of samples, so nothing is allocated for one beyond.
    let mut samples_of_group = vec![Vec::new(); group_of_sample.len()];
    for (sample, &group) in group_of_sample.iter().enumerate() {
        match samples_of_group.get_mut(group) {
            Some(samples) => samples.push(sample),
            None => return Err(InverseError::GroupNumber { group, samples: group_of_sample.len() }),
        }
    }
    let count = group_of_sample.iter().max().map_or(0, |most| most + 1);
    samples_of_group.truncate(count);
    match samples_of_group.iter().position(Vec::is_empty) {
        Some(group) => Err(InverseError::GroupNumber { group, samples: group_of_sample.len() }),
        None => Ok(samples_of_group),
    }
}

/// Splits given by their test samples: repeats, folds of each, samples of each.
///
/// # Errors
/// A fold without test samples or without training samples, a sample that does not exist or stands twice in a fold.
pub fn explicit_folds(samples: usize, test_samples: &[Vec<Vec<usize>>]) -> Result<Vec<Split>, InverseError> {
    let mut splits = Vec::new();
    for (repeat, folds) in test_samples.iter().enumerate() {
        for (fold, test) in folds.iter().enumerate() {
            let mut test_samples = test.clone();
            test_samples.sort_unstable();
            let split = Split { repeat, fold, test_samples };
            check_split(&split, samples)?;
            splits.push(split);
        }
    }
    Ok(splits)
}

pub(super) fn check_split(split: &Split, samples: usize) -> Result<(), InverseError> {
    let test = &split.test_samples;
    let problem = if test.is_empty() {
        Some("holds out no sample".to_owned())
    } else if let Some(sample) = test.iter().find(|&&sample| sample >= samples) {
        Some(format!("names sample {sample} of {samples}"))
    } else if let Some(pair) = test.windows(2).find(|pair| pair[0] >= pair[1]) {
        Some(format!("names sample {} twice or out of order", pair[1]))
    } else if test.len() == samples {
        Some("holds out all samples".to_owned())
    } else {
        None
    };
    match problem {
        None => Ok(()),
        Some(problem) => Err(InverseError::Fold { repeat: split.repeat, fold: split.fold, problem, samples }),
    }
}

fn at_least(owner: &'static str, parameter: &'static str, value: usize, least: usize) -> Result<(), InverseError> {
    if value >= least {
        return Ok(());
    }
    Err(InverseError::Parameter {
        owner,
        parameter,
        value: value.to_string(),
        allowed: format!("a whole number >= {least}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(samples: usize) -> Vec<usize> {
        (0..samples).collect()
    }

    /// Another order at each repeat.
    fn rotating(repeat: usize, group: usize) -> u64 {
        ((group * 7 + repeat) % 1009) as u64
    }

    #[test]
    fn folds_cover_each_sample_once_per_repeat_and_the_first_are_longer() {
        let scheme = Validation::RepeatedKfold { folds: 5, repeats: 3 };
        let splits = scheme.splits(&alone(23), &mut |repeat, group| rotating(repeat, group) % 23).unwrap();
        assert_eq!(splits.len(), 15);
        for repeat in 0..3 {
            let of_repeat: Vec<&Split> = splits.iter().filter(|s| s.repeat == repeat).collect();
            let sizes: Vec<usize> = of_repeat.iter().map(|s| s.test_samples.len()).collect();
            assert_eq!(sizes, [5, 5, 5, 4, 4]);
            let mut all: Vec<usize> = of_repeat.iter().flat_map(|s| s.test_samples.clone()).collect();
            all.sort_unstable();
            assert_eq!(all, (0..23).collect::<Vec<_>>());
        }
        assert_ne!(splits[0].test_samples, splits[5].test_samples);
        assert!(splits.iter().all(|split| check_split(split, 23).is_ok()));
    }

    #[test]
    fn groups_stay_together_and_are_counted_in_place_of_samples() {
        let group_of_sample = [0, 1, 0, 2, 2, 2, 3, 1, 0];
        let scheme = Validation::RepeatedKfold { folds: 4, repeats: 2 };
        for split in scheme.splits(&group_of_sample, &mut rotating).unwrap() {
            let groups: std::collections::BTreeSet<usize> =
                split.test_samples.iter().map(|&sample| group_of_sample[sample]).collect();
            assert_eq!(groups.len(), 1);
            let whole = group_of_sample.iter().filter(|group| groups.contains(group)).count();
            assert_eq!(split.test_samples.len(), whole);
        }
        let message = |scheme: Validation| scheme.splits(&group_of_sample, &mut rotating).unwrap_err().to_string();
        let told = message(Validation::RepeatedKfold { folds: 5, repeats: 1 });
        assert!(told.contains("`folds` of repeated_kfold is 5; allowed: 2 to 4, the number of groups"), "{told}");
        let told = message(Validation::ShuffleSplit { repeats: 1, test_fraction: 0.9 });
        assert!(told.contains("one of the 4 groups"), "{told}");
    }

    #[test]
    fn a_split_follows_from_the_ranks_alone() {
        let rank = |name: &str, repeat: usize| {
            name.bytes().fold(repeat as u64 + 17, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
        };
        let held_out = |names: &[&str]| -> Vec<Vec<String>> {
            let scheme = Validation::RepeatedKfold { folds: 3, repeats: 2 };
            let splits = scheme.splits(&alone(names.len()), &mut |repeat, i| rank(names[i], repeat)).unwrap();
            let of_split = |split: &Split| {
                let mut test: Vec<String> = split.test_samples.iter().map(|&i| names[i].to_owned()).collect();
                test.sort();
                test
            };
            splits.iter().map(of_split).collect()
        };
        let names = ["a", "b", "c", "d", "e", "f", "g"];
        let mut turned = names;
        turned.reverse();
        assert_eq!(held_out(&names), held_out(&turned));
    }

    #[test]
    fn shuffle_split_rounds_the_test_part_up() {
        let sizes = |samples, test_fraction| {
            let scheme = Validation::ShuffleSplit { repeats: 2, test_fraction };
            scheme.splits(&alone(samples), &mut rotating).map(|splits| splits[1].test_samples.len())
        };
        assert_eq!(sizes(20, 0.1), Ok(2));
        assert_eq!(sizes(24, 0.1), Ok(3));
        assert_eq!(sizes(2, 0.01), Ok(1));
        for (samples, fraction) in [(0, 0.5), (1, 0.5), (10, 0.95), (10, 0.0), (10, 1.0), (10, f64::NAN)] {
            assert!(sizes(samples, fraction).is_err(), "{samples} {fraction}");
        }
    }

    #[test]
    fn parameters_and_groups_are_checked() {
        for (folds, repeats) in [(0, 1), (1, 1), (2, 0), (11, 1)] {
            let scheme = Validation::RepeatedKfold { folds, repeats };
            assert!(scheme.splits(&alone(10), &mut rotating).is_err());
            assert!(scheme.check_count(10, "samples").is_err());
        }
        let scheme = Validation::RepeatedKfold { folds: 2, repeats: 1 };
        for (wrong, group) in [(vec![0, 2, 2], 1), (vec![0, 1, 3], 3), (vec![1, 1, 1], 0)] {
            let error = scheme.splits(&wrong, &mut rotating);
            assert_eq!(error, Err(InverseError::GroupNumber { group, samples: 3 }));
        }
        let told = scheme.check_count(1, "samples").unwrap_err().to_string();
        assert!(told.contains("at least 2 samples (found 1)"), "{told}");
    }

    #[test]
    fn explicit_folds_are_checked_by_name() {
        assert_eq!(explicit_folds(4, &[vec![vec![3, 1], vec![0]]]).unwrap()[0].test_samples, [1, 3]);
        for wrong in [vec![], vec![4], vec![1, 1], vec![0, 1, 2, 3]] {
            let message = explicit_folds(4, &[vec![vec![0], wrong]]).unwrap_err().to_string();
            assert!(message.starts_with("fold 1 of repeat 0"), "{message}");
        }
    }
}
