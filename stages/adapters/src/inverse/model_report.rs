//! What a model document says, for reading.

use lapicque_inverse::{AnyEstimator, Model, Prior};
use lapicque_schemas::tables::model::ModelRows;
use serde::Serialize;

use super::model_table::model_of;

/// A trained model without its numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelReport {
    /// The estimator with its parameters.
    pub estimator: AnyEstimator,
    /// Which definitions the features follow; empty where nobody said.
    pub feature_definitions: String,
    /// The features it uses, with their ranges in training.
    pub features: Vec<FeatureReport>,
    /// Features that had one value in training.
    pub left_out: Vec<String>,
    /// What it infers.
    pub targets: Vec<TargetReport>,
    /// Quantities that are computed from the draws of a posterior: name and expression.
    pub derived: Vec<(String, String)>,
    /// Whether it knows posteriors, not single values alone.
    pub has_posterior: bool,
    /// Rows that it was trained on.
    pub training_rows: usize,
    /// Samples that they belong to.
    pub training_samples: usize,
    /// A hash of what it was trained on; none for models of earlier versions.
    pub training_digest: Option<String>,
    /// Fits whose mean is the prediction.
    pub members: usize,
    /// Numbers that it holds.
    pub numbers: usize,
}

/// A feature that a model uses.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FeatureReport {
    /// Its column.
    pub name: String,
    /// The least value in training.
    pub training_min: f64,
    /// The largest.
    pub training_max: f64,
}

/// A quantity that a model infers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetReport {
    /// Its name.
    pub name: String,
    /// Its unit; none for a pure number, or where nobody said.
    pub unit: Option<String>,
    /// What it is computed from, if it is no column.
    pub expression: Option<String>,
    /// What was known of it beforehand.
    pub prior: Option<Prior>,
    /// Root of the mean squared error on samples that were held out, in its unit.
    pub held_out_rms_error: Option<f64>,
}

/// What the text of a model document says.
///
/// # Errors
/// It is no model, or one that this version does not read.
pub fn explain_model(text: &str) -> Result<ModelReport, String> {
    let model = model_of(&ModelRows { head: text.to_owned(), arrays: Vec::new() })?;
    Ok(report(&model))
}

fn report(model: &Model) -> ModelReport {
    let (head, arrays) = model.parts();
    let expression =
        |name: &str| model.derived.iter().find(|derived| derived.name == name).map(|d| d.expression.clone());
    let target = |(place, target): (usize, &lapicque_inverse::Target)| TargetReport {
        name: target.name.clone(),
        unit: target.unit.clone(),
        expression: expression(&target.name),
        prior: target.prior.clone(),
        held_out_rms_error: model.held_out_rms_error.as_ref().and_then(|errors| errors.get(place).copied()),
    };
    let feature = |feature: &lapicque_inverse::model::ModelFeature| FeatureReport {
        name: feature.name.clone(),
        training_min: feature.training_min,
        training_max: feature.training_max,
    };
    let is_learned = |name: &str| model.targets.iter().any(|target| target.name == name);
    let derived = model.derived.iter().filter(|derived| !is_learned(&derived.name));
    ModelReport {
        estimator: model.estimator.clone(),
        feature_definitions: model.feature_definitions.clone(),
        features: model.features.iter().map(feature).collect(),
        left_out: model.dropped_features.iter().map(|feature| feature.name.clone()).collect(),
        targets: model.targets.iter().enumerate().map(target).collect(),
        derived: derived.map(|derived| (derived.name.clone(), derived.expression.clone())).collect(),
        has_posterior: model.posterior().is_some(),
        training_rows: model.training_rows,
        training_samples: model.training_samples,
        training_digest: model.training_digest.clone(),
        members: head.fitted.get("members").map_or(1, |members| members.len()),
        numbers: arrays.iter().map(|array| array.values.len()).sum(),
    }
}
