//! What a model file holds.
//!
//! A feature x enters as (x - mean) / scale if it has these two, as it is otherwise. For a linear model target = intercept + sum over features of coefficient
//! times that; [`crate::regressors::Tree`] says how to walk a tree. A document from outside is to be passed through [`Model::check`] first; [`crate::predict`]
//! does so itself.

use serde::{Deserialize, Serialize};

use crate::columns::Fitter;
use crate::regressors::Leverage;
use crate::validation::CrossValidation;
use crate::{Estimator, Fitted, InverseError, Target, TrainingData};

/// The version of the layout below; documents of later versions are refused. 2: leverage. Documents of version 1 have none.
pub const FORMAT_VERSION: u32 = 2;

/// A trained inverse model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    pub format_version: u32,
    /// The estimator and its parameters.
    pub estimator: Estimator,
    /// Which definitions the features follow (such as `catch22 v1`): equal names may mean different numbers under others.
    pub feature_definitions: String,
    /// The features used, in the order of coefficients and trees.
    pub features: Vec<ModelFeature>,
    /// Features left out because they did not vary over the training rows.
    pub dropped_features: Vec<DroppedFeature>,
    pub targets: Vec<Target>,
    pub fitted: Fitted,
    pub training_rows: usize,
    pub training_samples: usize,
    /// Root of the mean squared error per target over all held-out predictions, if the estimator was cross-validated.
    pub held_out_rms_error: Option<Vec<f64>>,
    /// How the error grows with the distance from the training rows, where the estimator tells.
    #[serde(default)]
    pub leverage: Option<Leverage>,
    /// The mean leverage of held-out rows beside the rows that their fold was fitted on: where the error is `held_out_rms_error`.
    #[serde(default)]
    pub held_out_leverage: Option<f64>,
}

/// A feature a model uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFeature {
    pub name: String,
    pub training_min: f64,
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
    pub name: String,
    pub value: f64,
}

impl Model {
    /// The model with the errors that its estimator made on held-out samples of its training data.
    ///
    /// # Errors
    /// A cross-validation with another number of targets, or of no finite error.
    pub fn with_held_out_error(
        mut self,
        data: &TrainingData,
        validation: &CrossValidation,
    ) -> Result<Self, InverseError> {
        let errors = validation.pooled.iter().map(|metric| metric.mse.sqrt()).collect();
        self.held_out_rms_error = Some(errors);
        if self.leverage.is_some() {
            self.held_out_leverage = self.mean_leverage(data, validation)?;
        }
        self.check()?;
        Ok(self)
    }

    /// Over as many splits as hold out each row once, on average: more of them would say the same.
    fn mean_leverage(&self, data: &TrainingData, validation: &CrossValidation) -> Result<Option<f64>, InverseError> {
        let standardized = self.features.iter().all(|feature| feature.scale.is_some());
        let fitter = Fitter::for_one_fit(data, self.estimator.regressor(), standardized);
        let (mut rows, mut sum) = (0, 0.0);
        for fold in &validation.folds {
            let mut training: Vec<usize> = (0..data.row_count()).collect();
            training.retain(|row| fold.test_rows.binary_search(row).is_err());
            let fit = fitter.fit(&training, &fold.test_rows)?;
            let Some(leverage) = fit.leverage(data, self.estimator.regressor(), &training) else {
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
