//! Which of several estimators predicts samples it has not seen best, and what is made of it.
//!
//! Candidates are compared on the same splits; what is best there looks better than it is, by the more the more candidates there are and the fewer samples.
//! [`nested`] says how good the whole procedure is: in each outer split the candidates are compared on the training samples alone (Varma, Simon 2006, BMC
//! Bioinformatics 7:91).

use ndarray::ArrayView1;
use rayon::prelude::*;

use crate::columns::{ColumnFit, Fitter};
use crate::model::model_of_members;
use crate::moments::HeldOutErrors;
use crate::validation::{
    CrossValidation, FoldPredictions, Metric, RepeatAndFold, Split, SplitRows, check_splits, cross_validate_keeping,
    fold_metrics,
};
use crate::{AnyEstimator, Estimator, FitContext, InverseError, Model, Preparation, TrainingData};

/// The one number by which candidates are compared; less is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Score {
    /// The mean over targets of mean squared error / variance of the target over all rows: no target counts for more because of its unit. 1 is no better
    /// than the mean.
    #[default]
    RelativeError,
    /// The mean over targets of the mean squared error, whatever their units are.
    MeanSquaredError,
}

impl Score {
    /// What each target's squared error is divided by; a target that does not vary does not count.
    fn weights(self, data: &TrainingData) -> Vec<f64> {
        let weight = |column: ArrayView1<'_, f64>| match self {
            Self::MeanSquaredError => 1.0,
            Self::RelativeError if column.iter().all(|value| *value == column[0]) => 0.0,
            Self::RelativeError => 1.0 / column.var(0.0),
        };
        data.targets().columns().into_iter().map(weight).collect()
    }

    /// Of a split's metrics, which are in the order of targets.
    fn of(weights: &[f64], metrics: &[Metric]) -> f64 {
        let counted = weights.iter().filter(|weight| **weight > 0.0).count();
        let sum: f64 = metrics.iter().zip(weights).filter(|(_, w)| **w > 0.0).map(|(m, w)| m.mse * w).sum();
        sum / counted.max(1) as f64
    }
}

/// How each candidate did.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Per candidate, split and target, in this order.
    pub metrics: Vec<Vec<Metric>>,
    /// Per candidate, the mean over splits.
    pub scores: Vec<f64>,
    /// The candidate with the least score, the first of several; those without a score (NaN) come last.
    pub best: usize,
}

/// Fits each candidate on each split.
///
/// # Errors
/// No candidate; what [`crate::cross_validate`] refuses, with the candidate that is refused.
pub fn compare(
    data: &TrainingData,
    candidates: &[AnyEstimator],
    preparation: &Preparation,
    splits: &[Split],
    score: Score,
    context: &FitContext<'_>,
) -> Result<Comparison, InverseError> {
    if candidates.is_empty() {
        let (found, expected) = ("0 candidates".to_owned(), "at least one".to_owned());
        return Err(InverseError::Shape { what: "search", found, expected });
    }
    check_splits(splits, data)?;
    let estimators: Vec<&dyn Estimator> = candidates.iter().map(|candidate| &**candidate).collect();
    let fitter = Fitter::for_folds(data, &estimators, preparation)?;
    let part = 1.0 / (splits.len() * candidates.len()) as f64;
    let of_split = |split: &Split| {
        let SplitRows { test, training } = SplitRows::of(split, data);
        let fits = fitter.without(&training, &test);
        context.look()?;
        if let Some(errors) = fits.errors_by_moments(&estimators, &test) {
            (context.progress)(part * candidates.len() as f64);
            let of_split = RepeatAndFold { repeat: split.repeat, fold: split.fold };
            let of_candidate = |errors: Vec<HeldOutErrors>| {
                errors.iter().enumerate().map(|(target, errors)| errors.metric(of_split, target)).collect()
            };
            return Ok(errors.into_iter().map(of_candidate).collect());
        }
        let of_candidate = |(number, estimator): (usize, &&dyn Estimator)| {
            let fit = context.part(part, |context| fits.fit(*estimator, context));
            let fit = fit.map_err(|error| of_candidate(number, &candidates[number], error))?;
            let predicted = fit.predict_rows(data.features(), &test);
            Ok(fold_metrics(data, &FoldPredictions::of(split, test.clone(), predicted, &fit, data)))
        };
        estimators.iter().enumerate().map(of_candidate).collect::<Result<Vec<Vec<Metric>>, InverseError>>()
    };
    let by_split: Vec<Result<Vec<Vec<Metric>>, InverseError>> = splits.par_iter().map(of_split).collect();
    let by_split: Vec<Vec<Vec<Metric>>> = by_split.into_iter().collect::<Result<_, _>>()?;
    let weights = score.weights(data);
    let count = splits.len() as f64;
    let scores: Vec<f64> = (0..candidates.len())
        .map(|candidate| by_split.iter().map(|split| Score::of(&weights, &split[candidate])).sum::<f64>() / count)
        .collect();
    let metrics =
        (0..candidates.len()).map(|candidate| by_split.iter().flat_map(|split| split[candidate].clone()).collect());
    Ok(Comparison { metrics: metrics.collect(), best: least(&scores), scores })
}

fn of_candidate(number: usize, estimator: &AnyEstimator, error: InverseError) -> InverseError {
    match error {
        InverseError::Cancelled => InverseError::Cancelled,
        problem => InverseError::Candidate {
            number: number + 1,
            estimator: serde_json::to_string(estimator).unwrap_or_default(),
            problem: Box::new(problem),
        },
    }
}

/// The place of the least number, the first of several.
fn least(scores: &[f64]) -> usize {
    let or_last = |score: f64| if score.is_nan() { f64::INFINITY } else { score };
    let better = |best: usize, other: usize| if or_last(scores[other]) < or_last(scores[best]) { other } else { best };
    (0..scores.len()).reduce(better).unwrap_or_default()
}

/// What the best of the candidates predicts in each outer split, where "best" is found on the training samples of that split alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Nested {
    /// The held-out predictions of the outer splits.
    pub validation: CrossValidation,
    /// The candidate that was taken in each outer split.
    pub chosen: Vec<usize>,
}

/// The splits of some samples.
pub type InnerSplits<'a> = dyn Fn(&[usize]) -> Result<Vec<Split>, InverseError> + Sync + 'a;

/// Compares candidates within each outer split. `inner` gives the splits of the samples that an outer split trains on: their numbers in `data`, ascending,
/// are what it is given; in the splits they are numbered anew in this order.
///
/// # Errors
/// As [`compare`], and what `inner` refuses.
pub fn nested(
    data: &TrainingData,
    candidates: &[AnyEstimator],
    preparation: &Preparation,
    outer: &[Split],
    inner: &InnerSplits<'_>,
    score: Score,
    context: &FitContext<'_>,
) -> Result<Nested, InverseError> {
    check_splits(outer, data)?;
    let estimators: Vec<&dyn Estimator> = candidates.iter().map(|candidate| &**candidate).collect();
    let fitter = Fitter::for_folds(data, &estimators, preparation)?;
    let part = 1.0 / outer.len() as f64;
    let of_split = |split: &Split| {
        let tests = |sample: &usize| split.test_samples.binary_search(sample).is_err();
        let samples: Vec<usize> = (0..data.sample_count()).filter(tests).collect();
        let of_training = data.of_samples(&samples);
        let compared = context.part(part * 0.9, |context| {
            compare(&of_training, candidates, preparation, &inner(&samples)?, score, context)
        })?;
        let SplitRows { test, training } = SplitRows::of(split, data);
        let fit =
            context.part(part * 0.1, |context| fitter.fit(estimators[compared.best], &training, &test, context))?;
        let predicted = fit.predict_rows(data.features(), &test);
        Ok((FoldPredictions::of(split, test, predicted, &fit, data), compared.best))
    };
    let folds: Vec<Result<(FoldPredictions, usize), InverseError>> = outer.par_iter().map(of_split).collect();
    let folds: Vec<(FoldPredictions, usize)> = folds.into_iter().collect::<Result<_, _>>()?;
    let (folds, chosen) = folds.into_iter().unzip();
    Ok(Nested { validation: CrossValidation::of(data, folds), chosen })
}

/// Which of the fits of a cross-validation make a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// All of them; a prediction is the mean of theirs.
    All,
    /// The one with the least score on what it did not see.
    Best(Score),
}

/// A model of the fits of a cross-validation, which is done for it, in place of one of all rows.
///
/// # Errors
/// As [`crate::cross_validate`].
pub fn train_on_folds(
    data: &TrainingData,
    estimator: &AnyEstimator,
    preparation: &Preparation,
    splits: &[Split],
    kept: Kept,
    feature_definitions: &str,
    context: &FitContext<'_>,
) -> Result<(Model, CrossValidation), InverseError> {
    estimator.check()?;
    let keep = |fit: ColumnFit| fit;
    let (validation, mut fits) = cross_validate_keeping(data, &**estimator, preparation, splits, &keep, context)?;
    if let Kept::Best(score) = kept {
        let weights = score.weights(data);
        let scores: Vec<f64> =
            validation.metrics.chunks(weights.len()).map(|metrics| Score::of(&weights, metrics)).collect();
        fits = vec![fits.swap_remove(least(&scores))];
    }
    let model = model_of_members(data, estimator, fits, feature_definitions)?;
    Ok((model.with_held_out_error(data, &validation, context)?, validation))
}
