//! How the error on held-out samples falls with the number of samples that are trained on: whether more simulations would help.
//!
//! In each split the estimator is fitted on the first part of the training samples, in an order that the caller gives, for several sizes of the part. The
//! test samples of a split stay the same, so its errors are compared with each other.

use rayon::prelude::*;

use super::cross_validate::{FoldPredictions, SplitRows, check_splits, fold_metrics};
use super::folds::Split;
use super::metrics::Metric;
use crate::columns::Fitter;
use crate::{Estimator, FitContext, InverseError, Preparation, TrainingData};

/// One target's error in one split, after training on so many samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LearningPoint {
    /// The part of the training samples, as it was asked for.
    pub fraction: f64,
    /// Samples that were trained on.
    pub samples: usize,
    /// The error on the test samples of the split.
    pub metric: Metric,
}

/// Errors for each part, split and target, in this order. `rank(repeat, sample)` is any number: samples are taken in its order.
///
/// # Errors
/// A fraction that is not above 0 and at most 1, and what [`super::cross_validate`] refuses: also that a part is too small for the estimator.
pub fn learning_curve(
    data: &TrainingData,
    estimator: &dyn Estimator,
    preparation: &Preparation,
    splits: &[Split],
    fractions: &[f64],
    rank: &(dyn Fn(usize, usize) -> u64 + Sync),
    context: &FitContext<'_>,
) -> Result<Vec<LearningPoint>, InverseError> {
    if let Some(wrong) = fractions.iter().find(|fraction| !(**fraction > 0.0 && **fraction <= 1.0)) {
        return Err(InverseError::Parameter {
            owner: "learning_curve",
            parameter: "fractions",
            value: wrong.to_string(),
            allowed: "numbers above 0 and at most 1".to_owned(),
        });
    }
    check_splits(splits, data)?;
    let fitter = Fitter::for_one_fit(data, preparation)?;
    let part = 1.0 / (fractions.len() * splits.len()).max(1) as f64;
    let jobs: Vec<(f64, &Split)> =
        fractions.iter().flat_map(|&fraction| splits.iter().map(move |split| (fraction, split))).collect();
    let of_job = |&(fraction, split): &(f64, &Split)| {
        context.look()?;
        let SplitRows { test, .. } = SplitRows::of(split, data);
        let is_training = |sample: &usize| split.test_samples.binary_search(sample).is_err();
        let mut samples: Vec<usize> = (0..data.sample_count()).filter(is_training).collect();
        samples.sort_by_key(|&sample| (rank(split.repeat, sample), sample));
        samples.truncate((fraction * samples.len() as f64).ceil() as usize);
        let mut training: Vec<usize> =
            samples.iter().flat_map(|&sample| data.rows_of_sample(sample)).copied().collect();
        training.sort_unstable();
        let fit = context.part(part, |context| fitter.fit(estimator, &training, &[], context))?;
        let predicted = fit.predict_rows(data.features(), &test);
        let metrics = fold_metrics(data, &FoldPredictions::of(split, test, predicted, &fit, data));
        let point = |metric| LearningPoint { fraction, samples: samples.len(), metric };
        Ok(metrics.into_iter().map(point).collect::<Vec<_>>())
    };
    let points: Vec<Result<Vec<LearningPoint>, InverseError>> = jobs.par_iter().map(of_job).collect();
    Ok(points.into_iter().collect::<Result<Vec<_>, _>>()?.concat())
}
