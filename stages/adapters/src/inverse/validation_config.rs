//! Validation schemes as a configuration names them.

use lapicque_inverse::{InverseError, Validation};
use lapicque_pipeline::ConfigError;
use lapicque_units::Fraction;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Always by sample: channels and epochs of a sample are held out together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ValidationConfig {
    /// No held-out predictions, so no metrics.
    None,
    /// Samples drawn at random are held out, again and again.
    ShuffleSplit(ShuffleSplitConfig),
    /// Samples are cut into folds at random, and each fold is held out once; again and again.
    RepeatedKfold(RepeatedKfoldConfig),
    /// Each group (`groups`), or each sample, is held out once.
    LeaveOneGroupOut,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ShuffleSplitConfig {
    /// Number of splits, at least 1.
    repeats: usize,
    /// Part of the samples that is held out, between 0 and 1.
    #[schemars(with = "f64")]
    test_fraction: Fraction,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RepeatedKfoldConfig {
    /// Number of folds, from 2 to the number of samples.
    folds: usize,
    /// Number of times that samples are cut into folds, at least 1.
    repeats: usize,
}

impl Default for ShuffleSplitConfig {
    fn default() -> Self {
        Self { repeats: 10, test_fraction: Fraction::new(0.1) }
    }
}

impl Default for RepeatedKfoldConfig {
    fn default() -> Self {
        Self { folds: 10, repeats: 10 }
    }
}

impl Default for ValidationConfig {
    fn default() -> Self {
        Self::ShuffleSplit(ShuffleSplitConfig::default())
    }
}

impl ValidationConfig {
    pub(super) fn validation(&self) -> Option<Validation> {
        match *self {
            Self::None => None,
            Self::ShuffleSplit(ShuffleSplitConfig { repeats, test_fraction }) => {
                Some(Validation::ShuffleSplit { repeats, test_fraction: test_fraction.value() })
            }
            Self::RepeatedKfold(RepeatedKfoldConfig { folds, repeats }) => {
                Some(Validation::RepeatedKfold { folds, repeats })
            }
            Self::LeaveOneGroupOut => Some(Validation::LeaveOneGroupOut),
        }
    }

    pub(super) fn is_repeated_kfold(&self) -> bool {
        matches!(self, Self::RepeatedKfold(_))
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.validation().map_or(Ok(()), |validation| validation.check()).map_err(|error| located("validation", error))
    }

    /// Whether at most so many samples can be split like this.
    pub(super) fn check_count(&self, most: usize) -> Result<(), ConfigError> {
        let checked = self.validation().map_or(Ok(()), |validation| validation.check_count(most, "samples"));
        checked.map_err(|error| located("validation", error))
    }
}

/// Where the parameter stands that is out of range.
pub(super) fn located(field: &str, error: InverseError) -> ConfigError {
    let path = match &error {
        InverseError::Parameter { owner, parameter, .. } => format!("{field}.{owner}.{parameter}"),
        _ => field.to_owned(),
    };
    ConfigError::at(path, error)
}
