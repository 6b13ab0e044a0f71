//! One model from all rows.

use super::document::{DroppedFeature, FORMAT_VERSION, Model, ModelFeature};
use crate::columns::Fitter;
use crate::{Estimator, InverseError, TrainingData};

/// Fits `estimator` on all rows of `data`. `standardized` divides features by their population standard deviation after subtracting their mean;
/// `feature_definitions` says which definitions the features follow. Features that do not vary are left out and listed.
///
/// # Errors
/// Parameters out of range, too few rows, no feature that varies, or data without a unique answer.
pub fn train(
    data: &TrainingData,
    estimator: &Estimator,
    standardized: bool,
    feature_definitions: &str,
) -> Result<Model, InverseError> {
    estimator.check()?;
    let rows: Vec<usize> = (0..data.row_count()).collect();
    let fit = Fitter::for_one_fit(data, estimator.regressor(), standardized).fit(&rows, &[])?;
    let leverage = fit.leverage(data, estimator.regressor(), &rows);
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
        format_version: FORMAT_VERSION,
        estimator: estimator.clone(),
        feature_definitions: feature_definitions.to_owned(),
        features: features.collect(),
        dropped_features: dropped.collect(),
        targets: data.target_columns().to_vec(),
        fitted: fit.fitted,
        training_rows: data.row_count(),
        training_samples: data.sample_count(),
        held_out_rms_error: None,
        leverage,
        held_out_leverage: None,
    };
    model.check()?;
    Ok(model)
}
