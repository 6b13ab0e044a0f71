//! A trained model, and what is kept of it: a head of names and settings, and arrays of numbers.
//!
//! A feature x enters as (x - mean) / scale if it has these two, as it is otherwise. For a linear model target = intercept + sum over features of coefficient
//! times that; [`crate::estimators::Tree`] says how to walk a tree. A model from outside is checked as it is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::columns::Fitter;
use crate::estimators::{Leverage, Members, NamedArray, Stored};
use crate::validation::CrossValidation;
use crate::{AnyEstimator, FitContext, Fitted, InverseError, Preparation, Target, TrainingData};

/// The version of the layout below; later versions are refused. 2: leverage; models of version 1 have none. 3: arrays of numbers have names, and those of a
/// forest hold the nodes of all its trees.
pub const FORMAT_VERSION: u32 = 3;

/// A trained inverse model.
#[derive(Debug, Clone)]
pub struct Model {
    /// The estimator and its parameters.
    pub estimator: AnyEstimator,
    /// Which definitions the features follow (such as `catch22 v1`): equal names may mean different numbers under others.
    pub feature_definitions: String,
    /// The features used, in the order of coefficients and trees.
    pub features: Vec<ModelFeature>,
    /// Features left out because they did not vary over the training rows.
    pub dropped_features: Vec<DroppedFeature>,
    /// The quantities that it infers, in the order of intercepts, forests and columns of predictions.
    pub targets: Vec<Target>,
    /// Quantities that follow from others. One that is a target as well was learned; others are computed from each draw of a posterior.
    pub derived: Vec<Derived>,
    /// What the estimator learned, of features as it saw them (standardized, if they have `mean` and `scale`).
    pub fitted: Arc<dyn Fitted>,
    /// Rows that it was fitted on: channels and epochs count each.
    pub training_rows: usize,
    /// Samples that these rows belong to.
    pub training_samples: usize,
    /// A hash of the training data, if whoever trained it said so.
    pub training_digest: Option<String>,
    /// Root of the mean squared error per target over all held-out predictions, if the estimator was cross-validated.
    pub held_out_rms_error: Option<Vec<f64>>,
    /// How the error grows with the distance from the training rows, where the estimator tells.
    pub leverage: Option<Leverage>,
    /// The mean leverage of held-out rows beside the rows that their fold was fitted on: where the error is `held_out_rms_error`.
    pub held_out_leverage: Option<f64>,
}

/// All of a model but its arrays of numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelHead {
    /// [`FORMAT_VERSION`] of the program that wrote it.
    pub format_version: u32,
    /// As [`Model::estimator`].
    pub estimator: AnyEstimator,
    /// As [`Model::feature_definitions`].
    pub feature_definitions: String,
    /// As [`Model::features`].
    pub features: Vec<ModelFeature>,
    /// As [`Model::dropped_features`].
    pub dropped_features: Vec<DroppedFeature>,
    /// As [`Model::targets`].
    pub targets: Vec<Target>,
    /// As [`Model::derived`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub derived: Vec<Derived>,
    /// The kind of map that was learned, with what it keeps beside its arrays.
    pub fitted: BTreeMap<String, Map<String, Value>>,
    /// As [`Model::training_rows`].
    pub training_rows: usize,
    /// As [`Model::training_samples`].
    pub training_samples: usize,
    /// As [`Model::training_digest`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training_digest: Option<String>,
    /// As [`Model::held_out_rms_error`].
    pub held_out_rms_error: Option<Vec<f64>>,
    /// Its arrays are `leverage.centre` and `leverage.whitening`; none in version 1.
    #[serde(default)]
    pub leverage: Option<LeverageHead>,
    /// As [`Model::held_out_leverage`].
    #[serde(default)]
    pub held_out_leverage: Option<f64>,
}

/// A quantity that is an expression of others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Derived {
    /// What it is called.
    pub name: String,
    /// Unit symbol; none for a pure number, or where nobody said.
    pub unit: Option<String>,
    /// As [`crate::Expression`] reads it.
    pub expression: String,
}

/// A [`Leverage`] without its arrays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeverageHead {
    /// As [`Leverage::rows`].
    pub rows: usize,
}

impl Model {
    /// What is kept of it: arrays are named by their path, such as `fitted.linear.coefficients`.
    pub fn parts(&self) -> (ModelHead, Vec<NamedArray>) {
        let kind = self.fitted.kind();
        let (settings, fitted) = self.fitted.store().into_parts();
        let leverage = self.leverage.as_ref().map(|leverage| leverage.store().into_parts().1);
        let named = |prefix: String, arrays: Vec<NamedArray>| {
            arrays.into_iter().map(move |array| NamedArray { name: format!("{prefix}{}", array.name), ..array })
        };
        let arrays = named(format!("fitted.{kind}."), fitted);
        let arrays = arrays.chain(named(LEVERAGE.to_owned(), leverage.unwrap_or_default())).collect();
        let head = ModelHead {
            format_version: FORMAT_VERSION,
            estimator: self.estimator.clone(),
            feature_definitions: self.feature_definitions.clone(),
            features: self.features.clone(),
            dropped_features: self.dropped_features.clone(),
            targets: self.targets.clone(),
            derived: self.derived.clone(),
            fitted: BTreeMap::from([(kind.to_owned(), settings)]),
            training_rows: self.training_rows,
            training_samples: self.training_samples,
            training_digest: self.training_digest.clone(),
            held_out_rms_error: self.held_out_rms_error.clone(),
            leverage: self.leverage.as_ref().map(|leverage| LeverageHead { rows: leverage.rows }),
            held_out_leverage: self.held_out_leverage,
        };
        (head, arrays)
    }

    /// The model of these parts.
    ///
    /// # Errors
    /// An unknown version, a part that is missing, left over or not what it should be; what [`Model::check`] refuses.
    pub fn of_parts(head: ModelHead, arrays: Vec<NamedArray>) -> Result<Self, InverseError> {
        let wrong = |field: &str, problem: String| Err(InverseError::Document { field: field.to_owned(), problem });
        if head.format_version != FORMAT_VERSION {
            return Err(unknown_version(u64::from(head.format_version)));
        }
        let mut kinds = head.fitted.into_iter();
        let (Some((kind, settings)), None) = (kinds.next(), kinds.next()) else {
            return wrong("fitted", "must have one entry: what the estimator learned".to_owned());
        };
        let prefix = format!("fitted.{kind}.");
        let (mut of_fit, mut of_leverage) = (Vec::new(), Vec::new());
        for array in arrays {
            let of_prefix = |prefix: &str| array.name.strip_prefix(prefix).map(str::to_owned);
            match (of_prefix(&prefix), of_prefix(LEVERAGE)) {
                (Some(name), _) => of_fit.push(NamedArray { name, ..array }),
                (None, Some(name)) if head.leverage.is_some() => of_leverage.push(NamedArray { name, ..array }),
                _ => return wrong(&array.name, "is not known here".to_owned()),
            }
        }
        let stored = Stored::read(&prefix, settings, of_fit);
        let fitted = if kind == Members::KIND {
            Members::restore(stored, &|stored| head.estimator.restore(stored))?
        } else {
            head.estimator.restore(stored)?
        };
        if fitted.kind() != kind {
            let problem = format!("is `{kind}`; `{}` learns `{}`", head.estimator.name(), fitted.kind());
            return wrong("fitted", problem);
        }
        let leverage = head
            .leverage
            .map(|LeverageHead { rows }| Leverage::restore(rows, Stored::read(LEVERAGE, Map::new(), of_leverage)));
        let model = Self {
            estimator: head.estimator,
            feature_definitions: head.feature_definitions,
            features: head.features,
            dropped_features: head.dropped_features,
            targets: head.targets,
            derived: head.derived,
            fitted: fitted.into(),
            training_rows: head.training_rows,
            training_samples: head.training_samples,
            training_digest: head.training_digest,
            held_out_rms_error: head.held_out_rms_error,
            leverage: leverage.transpose()?,
            held_out_leverage: head.held_out_leverage,
        };
        model.check()?;
        Ok(model)
    }

    /// The model with the errors that its estimator made on held-out samples of its training data.
    ///
    /// # Errors
    /// A cross-validation with another number of targets, or of no finite error; [`InverseError::Cancelled`].
    pub fn with_held_out_error(
        mut self,
        data: &TrainingData,
        validation: &CrossValidation,
        context: &FitContext<'_>,
    ) -> Result<Self, InverseError> {
        let errors = validation.pooled.iter().map(|metric| metric.mse.sqrt()).collect();
        self.held_out_rms_error = Some(errors);
        if self.leverage.is_some() {
            self.held_out_leverage = self.mean_leverage(data, validation, context)?;
        }
        self.check()?;
        Ok(self)
    }

    /// Over as many splits as hold out each row once, on average: more of them would say the same.
    fn mean_leverage(
        &self,
        data: &TrainingData,
        validation: &CrossValidation,
        context: &FitContext<'_>,
    ) -> Result<Option<f64>, InverseError> {
        // What takes long was told of before.
        let context = FitContext { progress: &|_| {}, ..*context };
        let preparation = match self.features.iter().all(|feature| feature.scale.is_some()) {
            true => Preparation::standardized(),
            false => Preparation::none(),
        };
        let fitter = Fitter::for_one_fit(data, &preparation)?;
        let (mut rows, mut sum) = (0, 0.0);
        for fold in &validation.folds {
            let mut training: Vec<usize> = (0..data.row_count()).collect();
            training.retain(|row| fold.test_rows.binary_search(row).is_err());
            let fit = fitter.fit(&*self.estimator, &training, &fold.test_rows, &context)?;
            let Some(leverage) = fit.leverage(data, &*self.estimator, &training) else {
                return Ok(None);
            };
            sum += fit.sum_of_leverages(&leverage, data, &fold.test_rows);
            rows += fold.test_rows.len();
            if rows >= data.row_count() {
                break;
            }
        }
        Ok(Some(sum / rows as f64).filter(|mean| mean.is_finite()))
    }
}

pub(super) fn unknown_version(version: u64) -> InverseError {
    let problem = format!("is {version}; this version reads 1 to {FORMAT_VERSION}");
    InverseError::Document { field: "format_version".to_owned(), problem }
}

impl PartialEq for Model {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

/// What the names of the arrays of [`Leverage`] begin with.
const LEVERAGE: &str = "leverage.";

/// A feature a model uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFeature {
    /// What its column must be called in tables that the model is applied to.
    pub name: String,
    /// The least value in a training row, before `mean` and `scale`.
    pub training_min: f64,
    /// The largest one.
    pub training_max: f64,
    /// Subtracted before use; none unless the model is standardized.
    pub mean: Option<f64>,
    /// Divided by after that: the population standard deviation over the training rows.
    pub scale: Option<f64>,
}

/// A feature that had one value in all training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DroppedFeature {
    /// What its column was called in the training data.
    pub name: String,
    /// The value in the first training row; the others have it too, to rounding.
    pub value: f64,
}
