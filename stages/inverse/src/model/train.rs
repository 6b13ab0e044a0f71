//! One model from all rows, or from the fits of several folds.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::parts::{DroppedFeature, Model, ModelFeature};
use crate::columns::{ColumnFit, Fitter};
use crate::estimators::{Member, Members};
use crate::steps::{LearnedStep, Missing, Step};
use crate::{AnyEstimator, FitContext, Fitted, InverseError, Preparation, TrainingData};

/// Fits `estimator` on all rows of `data`, prepared as asked; `feature_definitions` says which definitions the features follow. Features that do not vary are
/// left out and listed.
///
/// # Errors
/// Parameters out of range, too few rows, no feature that varies, data without a unique answer, or [`InverseError::Cancelled`].
pub fn train(
    data: &TrainingData,
    estimator: &AnyEstimator,
    preparation: &Preparation,
    feature_definitions: &str,
    context: &FitContext<'_>,
) -> Result<Model, InverseError> {
    estimator.check()?;
    let rows: Vec<usize> = (0..data.row_count()).collect();
    let fit = Fitter::for_one_fit(data, preparation)?.fit(&**estimator, &rows, &[], context)?;
    context.look()?;
    let leverage = fit.leverage(data, &**estimator, &rows);
    let standardized = preparation.missing == Missing::Refuse && preparation.steps == [Step::Standardize];
    if !standardized && (!preparation.steps.is_empty() || preparation.missing != Missing::Refuse) {
        return model_of_members(data, estimator, vec![fit], feature_definitions);
    }
    let scaling = fit.steps.first().and_then(|step| match step {
        LearnedStep::Affine { centre, scale } => Some((centre, scale)),
        _ => None,
    });
    let features = fit.used.iter().enumerate().map(|(position, &feature)| ModelFeature {
        mean: scaling.map(|(mean, _)| mean[position]),
        scale: scaling.map(|(_, scale)| scale[position]),
        ..range_of(data, feature)
    });
    let features = features.collect();
    let model =
        Model { leverage, ..model_of(data, estimator, features, &fit.dropped, fit.fitted.into(), feature_definitions) };
    model.check()?;
    Ok(model)
}

/// A model whose predictions are the means of those of several fits.
///
/// # Errors
/// A fit that its own check refuses.
pub(crate) fn model_of_members(
    data: &TrainingData,
    estimator: &AnyEstimator,
    fits: Vec<ColumnFit>,
    feature_definitions: &str,
) -> Result<Model, InverseError> {
    let used: BTreeSet<usize> = fits.iter().flat_map(|fit| fit.used.iter().copied()).collect();
    let used: Vec<usize> = used.into_iter().collect();
    let dropped: Vec<usize> = (0..data.feature_names().len()).filter(|feature| !used.contains(feature)).collect();
    let position = |feature: &usize| used.partition_point(|other| other < feature) as u32;
    let of_fit = |fit: ColumnFit| Member {
        columns: fit.used.iter().map(position).collect(),
        steps: fit.steps,
        fitted: fit.fitted,
    };
    let members = Members(fits.into_iter().map(of_fit).collect());
    let features = used.iter().map(|&feature| range_of(data, feature)).collect();
    let model = model_of(data, estimator, features, &dropped, Arc::new(members), feature_definitions);
    model.check()?;
    Ok(model)
}

fn model_of(
    data: &TrainingData,
    estimator: &AnyEstimator,
    features: Vec<ModelFeature>,
    dropped: &[usize],
    fitted: Arc<dyn Fitted>,
    feature_definitions: &str,
) -> Model {
    let dropped_features = dropped.iter().map(|&feature| DroppedFeature {
        name: data.feature_names()[feature].clone(),
        value: data.features()[[0, feature]],
    });
    Model {
        estimator: estimator.clone(),
        feature_definitions: feature_definitions.to_owned(),
        features,
        dropped_features: dropped_features.collect(),
        targets: data.target_columns().to_vec(),
        derived: Vec::new(),
        fitted,
        training_rows: data.row_count(),
        training_samples: data.sample_count(),
        training_digest: None,
        held_out_rms_error: None,
        leverage: None,
        held_out_leverage: None,
    }
}

/// A feature as it is, with its range over the training rows.
fn range_of(data: &TrainingData, feature: usize) -> ModelFeature {
    let values = data.features().column(feature).to_owned();
    ModelFeature {
        name: data.feature_names()[feature].clone(),
        training_min: values.iter().copied().fold(f64::INFINITY, f64::min),
        training_max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        mean: None,
        scale: None,
    }
}
