//! Which samples are held out together. Folds are made of samples, never of rows: channels and epochs of one sample stay on one side.
//!
//! The order of samples comes from a permutation that the caller draws (0..n in random order, a fresh one at each call), so this crate has no random
//! numbers of its own. Sizes are those of scikit-learn: `shuffle_split` holds out the first ceil(test_fraction n) samples of each permutation;
//! `repeated_kfold` cuts each permutation into `folds` consecutive pieces, of which the first n mod folds are longer by one.
//!
//! | scheme | parameter | default | meaning | range |
//! |---|---|---|---|---|
//! | shuffle_split | repeats | 10 | number of splits | >= 1 |
//! | shuffle_split | test_fraction | 0.1 | part of the samples held out | 0 < f < 1, leaving at least one sample on each side |
//! | repeated_kfold | folds | 10 | pieces | 2 ..= number of samples |
//! | repeated_kfold | repeats | 10 | permutations | >= 1 |

use serde::{Deserialize, Serialize};

use crate::InverseError;

/// A validation scheme, as a configuration names it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Validation {
    ShuffleSplit { repeats: usize, test_fraction: f64 },
    RepeatedKfold { folds: usize, repeats: usize },
}

/// Samples that are held out together; all others train.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    pub repeat: usize,
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
        }
    }

    /// The splits of `samples` samples. `permutation(n)` is called once per repeat and gives 0..n in random order.
    ///
    /// # Errors
    /// Parameters out of range, also for this number of samples, or a `permutation` that is none.
    pub fn splits(
        &self,
        samples: usize,
        permutation: &mut dyn FnMut(usize) -> Vec<usize>,
    ) -> Result<Vec<Split>, InverseError> {
        self.check()?;
        let (repeats, sizes) = match *self {
            Self::ShuffleSplit { repeats, test_fraction } => {
                let test = (test_fraction * samples as f64).ceil() as usize;
                if test >= samples {
                    return Err(InverseError::Parameter {
                        owner: "shuffle_split",
                        parameter: "test_fraction",
                        value: test_fraction.to_string(),
                        allowed: format!(
                            "a fraction that leaves at least one of the {samples} samples to train on ({test} would be held out)"
                        ),
                    });
                }
                (repeats, vec![test])
            }
            Self::RepeatedKfold { folds, repeats } => {
                if folds > samples {
                    return Err(InverseError::Parameter {
                        owner: "repeated_kfold",
                        parameter: "folds",
                        value: folds.to_string(),
                        allowed: format!("2 to {samples}, the number of samples"),
                    });
                }
                let sizes = (0..folds).map(|fold| samples / folds + usize::from(fold < samples % folds));
                (repeats, sizes.collect())
            }
        };
        let mut splits = Vec::new();
        for repeat in 0..repeats {
            let order = permutation(samples);
            check_permutation(&order, samples, repeat)?;
            let mut rest = order.as_slice();
            for (fold, &size) in sizes.iter().enumerate() {
                let (test, behind) = rest.split_at(size);
                rest = behind;
                let mut test_samples = test.to_vec();
                test_samples.sort_unstable();
                splits.push(Split { repeat, fold, test_samples });
            }
        }
        Ok(splits)
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

fn check_permutation(order: &[usize], samples: usize, repeat: usize) -> Result<(), InverseError> {
    let mut seen = vec![false; samples];
    let mut fresh = |index: &usize| seen.get_mut(*index).is_some_and(|seen| !std::mem::replace(seen, true));
    if order.len() == samples && order.iter().all(&mut fresh) {
        return Ok(());
    }
    Err(InverseError::NotAPermutation { repeat, samples })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rotating() -> impl FnMut(usize) -> Vec<usize> {
        let mut call = 0;
        move |n| {
            call += 1;
            (0..n).map(|i| (i * 7 + call) % n).collect()
        }
    }

    #[test]
    fn folds_cover_each_sample_once_per_repeat_and_the_first_are_longer() {
        let scheme = Validation::RepeatedKfold { folds: 5, repeats: 3 };
        let splits = scheme.splits(23, &mut rotating()).unwrap();
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
    fn shuffle_split_rounds_the_test_part_up() {
        let sizes = |samples, test_fraction| {
            let scheme = Validation::ShuffleSplit { repeats: 2, test_fraction };
            scheme.splits(samples, &mut rotating()).map(|splits| splits[1].test_samples.len())
        };
        assert_eq!(sizes(20, 0.1), Ok(2));
        assert_eq!(sizes(24, 0.1), Ok(3));
        assert_eq!(sizes(2, 0.01), Ok(1));
        for (samples, fraction) in [(0, 0.5), (1, 0.5), (10, 0.95), (10, 0.0), (10, 1.0), (10, f64::NAN)] {
            assert!(sizes(samples, fraction).is_err(), "{samples} {fraction}");
        }
    }

    #[test]
    fn parameters_and_permutations_are_checked() {
        for (folds, repeats) in [(0, 1), (1, 1), (2, 0), (11, 1)] {
            let scheme = Validation::RepeatedKfold { folds, repeats };
            assert!(scheme.splits(10, &mut rotating()).is_err());
        }
        let scheme = Validation::RepeatedKfold { folds: 2, repeats: 1 };
        for wrong in [vec![0, 1, 1], vec![0, 1], vec![0, 1, 3]] {
            let error = scheme.splits(3, &mut |_| wrong.clone());
            assert_eq!(error, Err(InverseError::NotAPermutation { repeat: 0, samples: 3 }));
        }
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
