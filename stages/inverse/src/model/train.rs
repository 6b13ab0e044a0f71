//! One model from all rows.

use super::parts::{DroppedFeature, Model, ModelFeature};
use crate::columns::Fitter;
use crate::{AnyEstimator, FitContext, InverseError, TrainingData};

/// Fits `estimator` on all rows of `data`. `standardized` divides features by their population standard deviation after subtracting their mean;
/// `feature_definitions` says which definitions the features follow. Features that do not vary are left out and listed.
///
/// # Errors
/// Parameters out of range, too few rows, no feature that varies, data without a unique answer, or [`InverseError::Cancelled`].
pub fn train(
    data: &TrainingData,
    estimator: &AnyEstimator,
    standardized: bool,
    feature_definitions: &str,
    context: &FitContext<'_>,
) -> Result<Model, InverseError> {
    estimator.check()?;
    let rows: Vec<usize> = (0..data.row_count()).collect();
    let fit = Fitter::for_one_fit(data, &**estimator, standardized).fit(&rows, &[], context)?;
    context.look()?;
    let leverage = fit.leverage(data, &**estimator, &rows);
    let name = |feature: usize| data.feature_names()[feature].clone();
    let features = fit.used.iter().enumerate().map(|(position, &feature)| {
        let values = data.features().column(feature).to_owned();
        ModelFeature {
            name: name(feature),
            training_min: values.iter().copied().fold(f64::INFINITY, f64::min),
            training_max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            mean: fit.scaling.as_ref().map(|scaling| scaling.mean[position]),
            scale: fit.scaling.as_ref().map(|scaling| scaling.scale[position]),
        }
    });
    let dropped =
        fit.dropped.iter().map(|&feature| DroppedFeature { name: name(feature), value: data.features()[[0, feature]] });
    let model = Model {
        estimator: estimator.clone(),
        feature_definitions: feature_definitions.to_owned(),
        features: features.collect(),
        dropped_features: dropped.collect(),
        targets: data.target_columns().to_vec(),
        fitted: fit.fitted.into(),
        training_rows: data.row_count(),
        training_samples: data.sample_count(),
        held_out_rms_error: None,
        leverage,
        held_out_leverage: None,
    };
    model.check()?;
    Ok(model)
}
