//! The configuration of `inverse.train`.

use indexmap::IndexMap;
use lapicque_inverse::steps::{Missing, Step};
use lapicque_inverse::{AnyEstimator, Preparation, Prior};
use lapicque_pipeline::ConfigError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::search_config::SearchConfig;
use super::validation_config::ValidationConfig;
use crate::parameters::distribution::Distribution;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    /// Columns of `parameters` that the model infers from the features.
    pub(super) targets: Vec<String>,
    /// Quantities that follow from columns of `parameters`, such as `E_I: (J_EE / J_IE) / (J_EI / J_II)`: further targets; estimators of posteriors compute
    /// them from each draw, unless they are named under `targets`. Values are in the units of the columns.
    #[serde(default)]
    #[schemars(with = "std::collections::BTreeMap<String, String>")]
    pub(super) derived: IndexMap<String, String>,
    /// Columns of `features` that the model uses. Default: all.
    #[serde(default)]
    pub(super) features: Option<Vec<String>>,
    /// What becomes of features that are NaN or missing: `refuse` (the default), `drop` (rows that have one are left out) or `median` (that of the training
    /// rows takes the place).
    #[serde(default)]
    pub(super) missing: MissingConfig,
    /// What happens to features first, step by step, each learned from the training rows of a fold: `standardize`, `robust_scale`,
    /// `{log: {features: [...]}}`, `{quantile: {distribution: normal}}`.
    #[serde(default)]
    pub(super) transform: Vec<Step>,
    /// Whether features are divided by their standard deviation after subtracting their mean, both of the training rows, as the last step. Default: false.
    #[serde(default)]
    pub(super) standardize: bool,
    /// `{ridge: {alpha: 1.0}}` (the default), `least_squares`, `{random_forest: {trees: 100}}`, `{mlp: {}}`, `{npe: {}}` and others.
    #[serde(default)]
    pub(super) estimator: AnyEstimator,
    /// Several estimators, or values of their parameters, the best of which is taken. Default: the `estimator` alone.
    #[serde(default)]
    pub(super) search: Option<SearchConfig>,
    /// What is known of targets beforehand, for estimators of posteriors: `J_ext: {uniform: [26 pA, 32 pA]}`. Default: what `parameters.random` drew from,
    /// else constant over the range of the training samples.
    #[serde(default)]
    #[schemars(with = "std::collections::BTreeMap<String, Distribution>")]
    pub(super) prior: IndexMap<String, Distribution>,
    /// `{shuffle_split: {repeats: 10, test_fraction: 0.1}}` (the default), `{repeated_kfold: {folds: 10, repeats: 10}}`, `leave_one_group_out` or `none`.
    #[serde(default)]
    pub(super) validation: ValidationConfig,
    /// What the model is: `all_samples` (one fit of all of them, the default), `fold_ensemble` (the fits of all splits, whose mean is the prediction) or
    /// `best_fold` (the fit of the split with the least error).
    #[serde(default)]
    pub(super) model_from: ModelFrom,
    /// Parts of the training samples, such as `[0.1, 0.3, 1]`: how the error falls with their number, in the output `learning_curve`.
    #[serde(default)]
    pub(super) learning_curve: Vec<f64>,
    /// A column of `parameters`, else of `features`, such as `subject`: samples with one value are held out together. Default: each sample is on its own.
    #[serde(default)]
    pub(super) groups: Option<String>,
    /// `ncpi`: steps are learned from all rows before they are split, rows are split one by one in the order they come in, by the folds of scikit-learn's
    /// RepeatedKFold.
    #[serde(default)]
    pub(super) compat: Option<Compat>,
    /// With `compat: ncpi`: the seed of the folds (default 0).
    #[serde(default)]
    pub(super) fold_seed: u32,
    /// What is known of each target, found when the stage was bound.
    #[serde(default, skip_deserializing)]
    #[schemars(skip)]
    pub(super) priors: Vec<Option<Prior>>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum MissingConfig {
    /// Rows with a feature that is missing are an error.
    #[default]
    Refuse,
    /// They are left out.
    Drop,
    /// The median of the training rows takes the place of what is missing.
    Median,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ModelFrom {
    /// One fit of all samples.
    #[default]
    AllSamples,
    /// The fits of all splits.
    FoldEnsemble,
    /// The fit of the split with the least error.
    BestFold,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Compat {
    /// As ncpi 1.0 trains.
    Ncpi,
}

impl Config {
    /// What happens to features before the estimator sees them.
    pub(super) fn preparation(&self) -> Preparation {
        let mut steps = self.transform.clone();
        if self.standardize {
            steps.push(Step::Standardize);
        }
        let missing = match self.missing {
            MissingConfig::Refuse | MissingConfig::Drop => Missing::Refuse,
            MissingConfig::Median => Missing::Median,
        };
        Preparation { missing, steps, learned_from_all_rows: self.compat == Some(Compat::Ncpi) }
    }

    /// What does not go together, whatever the inputs are.
    pub(super) fn problems(&self) -> Vec<ConfigError> {
        let mut problems = Vec::new();
        let mut wrong = |field: &str, message: &str| problems.push(ConfigError::at(field, message));
        let validated = self.validation.validation().is_some();
        if self.standardize && self.transform.last() == Some(&Step::Standardize) {
            wrong("standardize", "`transform` ends with it already");
        }
        if !validated {
            if self.model_from != ModelFrom::AllSamples {
                wrong("model_from", "the fits of splits are asked for, but `validation` is `none`");
            }
            if self.search.is_some() {
                wrong("search", "candidates are compared on the splits of `validation`, which is `none`");
            }
            if !self.learning_curve.is_empty() {
                wrong("learning_curve", "errors are those on the splits of `validation`, which is `none`");
            }
        }
        if let Some(fraction) = self.learning_curve.iter().find(|fraction| !(**fraction > 0.0 && **fraction <= 1.0)) {
            wrong("learning_curve", &format!("{fraction} is no part of the samples; allowed: above 0, at most 1"));
        }
        let nested = self.search.as_ref().is_some_and(|search| search.inner().is_some());
        if nested && self.model_from != ModelFrom::AllSamples {
            wrong("model_from", "with `search.inner` each split has a choice of its own; `all_samples` is allowed");
        }
        match self.compat {
            None if self.fold_seed != 0 => wrong("fold_seed", "it is the seed of the folds of `compat: ncpi`"),
            Some(Compat::Ncpi) => {
                if self.groups.is_some() {
                    wrong("groups", "ncpi splits rows one by one; leave `groups` or `compat` out");
                }
                if !self.validation.is_repeated_kfold() {
                    wrong("validation", "ncpi splits by `repeated_kfold`; no other is allowed with `compat: ncpi`");
                }
                if nested {
                    wrong("search.inner", "ncpi compares on the splits themselves; leave `inner` or `compat` out");
                }
            }
            None => {}
        }
        problems
    }
}
