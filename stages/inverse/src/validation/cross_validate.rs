//! Fit on some samples, predict the others, for every split.
//!
//! Whatever is learned (which features vary, means, scales, coefficients) is learned from the training rows of the split alone. Splits run in parallel;
//! each is computed by one thread in a fixed order, so results are the same bits for any number of threads.

use ndarray::Array2;
use rayon::prelude::*;

use super::folds::{Split, check_split};
use super::metrics::{Metric, RepeatAndFold, metric};
use crate::columns::{ColumnFit, Fitter};
use crate::{Estimator, FitContext, InverseError, Preparation, TrainingData};

/// The held-out predictions of all splits, and how good they are.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossValidation {
    /// In the order of the splits given.
    pub folds: Vec<FoldPredictions>,
    /// Per split and target, in that order.
    pub metrics: Vec<Metric>,
    /// Per target, over the predictions of all splits together.
    pub pooled: Vec<Metric>,
}

/// What one split predicted.
#[derive(Debug, Clone, PartialEq)]
pub struct FoldPredictions {
    /// As in its [`Split`].
    pub repeat: usize,
    /// As in its [`Split`].
    pub fold: usize,
    /// Rows of the data that were held out, ascending.
    pub test_rows: Vec<usize>,
    /// Test rows x targets.
    pub predicted: Array2<f64>,
    /// Names of features constant over the training rows, left out of the fit.
    pub dropped_features: Vec<String>,
}

/// One held-out prediction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HeldOut {
    /// Row of the data.
    pub row: usize,
    /// Index into the targets.
    pub target: usize,
    /// Of the split that held the row out.
    pub fold: usize,
    /// Of the same split.
    pub repeat: usize,
    /// The target in the data, in its unit.
    pub truth: f64,
    /// What the fit on the other samples says of it, in the same unit.
    pub predicted: f64,
}

impl CrossValidation {
    pub(crate) fn of(data: &TrainingData, folds: Vec<FoldPredictions>) -> Self {
        let metrics = folds.par_iter().flat_map_iter(|fold| fold_metrics(data, fold)).collect();
        let pooled = (0..data.target_columns().len())
            .into_par_iter()
            .map(|target| metric(None, target, folds.iter().flat_map(|fold| pairs(data, fold, target))))
            .collect();
        Self { folds, metrics, pooled }
    }

    /// Every held-out prediction: by split, row, target. `data` is what was cross-validated.
    pub fn held_out<'a>(&'a self, data: &'a TrainingData) -> impl Iterator<Item = HeldOut> + 'a {
        self.folds.iter().flat_map(move |fold| {
            fold.predicted.indexed_iter().map(move |((position, target), &predicted)| {
                let row = fold.test_rows[position];
                HeldOut {
                    row,
                    target,
                    fold: fold.fold,
                    repeat: fold.repeat,
                    truth: data.targets()[[row, target]],
                    predicted,
                }
            })
        })
    }
}

/// Fits and predicts each split.
///
/// # Errors
/// A split that holds out no sample, all samples, or samples that do not exist; no split; whatever the estimator refuses (of several failing splits the
/// first is reported); [`InverseError::Cancelled`].
pub fn cross_validate(
    data: &TrainingData,
    estimator: &dyn Estimator,
    preparation: &Preparation,
    splits: &[Split],
    context: &FitContext<'_>,
) -> Result<CrossValidation, InverseError> {
    Ok(cross_validate_keeping(data, estimator, preparation, splits, &|_| (), context)?.0)
}

/// As [`cross_validate`], with what `keep` makes of the fit of each split.
pub(crate) fn cross_validate_keeping<T: Send>(
    data: &TrainingData,
    estimator: &dyn Estimator,
    preparation: &Preparation,
    splits: &[Split],
    keep: &(dyn Fn(ColumnFit) -> T + Sync),
    context: &FitContext<'_>,
) -> Result<(CrossValidation, Vec<T>), InverseError> {
    check_splits(splits, data)?;
    let fitter = Fitter::for_folds(data, &[estimator], preparation)?;
    let part = 1.0 / splits.len() as f64;
    let predicted = splits.par_iter().map(|split| {
        context.look()?;
        let SplitRows { test, training } = SplitRows::of(split, data);
        let fit = context.part(part, |context| fitter.fit(estimator, &training, &test, context))?;
        let predicted = fit.predict_rows(data.features(), &test);
        let fold = FoldPredictions::of(split, test, predicted, &fit, data);
        Ok((fold, keep(fit)))
    });
    let predicted: Vec<Result<(FoldPredictions, T), InverseError>> = predicted.collect();
    let predicted: Vec<(FoldPredictions, T)> = predicted.into_iter().collect::<Result<_, _>>()?;
    let (folds, kept) = predicted.into_iter().unzip();
    Ok((CrossValidation::of(data, folds), kept))
}

pub(crate) fn check_splits(splits: &[Split], data: &TrainingData) -> Result<(), InverseError> {
    if splits.is_empty() {
        return Err(InverseError::Shape {
            what: "validation",
            found: "0 splits".to_owned(),
            expected: "at least one".to_owned(),
        });
    }
    splits.iter().try_for_each(|split| check_split(split, data.sample_count()))
}

/// The rows on the two sides of a split, ascending.
pub(crate) struct SplitRows {
    pub(crate) test: Vec<usize>,
    pub(crate) training: Vec<usize>,
}

impl SplitRows {
    pub(crate) fn of(split: &Split, data: &TrainingData) -> Self {
        let mut held_out = vec![false; data.row_count()];
        for &sample in &split.test_samples {
            for &row in data.rows_of_sample(sample) {
                held_out[row] = true;
            }
        }
        let (test, training) = (0..data.row_count()).partition(|&row| held_out[row]);
        Self { test, training }
    }
}

impl FoldPredictions {
    pub(crate) fn of(
        split: &Split,
        test_rows: Vec<usize>,
        predicted: Array2<f64>,
        fit: &ColumnFit,
        data: &TrainingData,
    ) -> Self {
        let dropped_features = fit.dropped.iter().map(|&feature| data.feature_names()[feature].clone()).collect();
        Self { repeat: split.repeat, fold: split.fold, test_rows, predicted, dropped_features }
    }
}

pub(crate) fn fold_metrics(data: &TrainingData, fold: &FoldPredictions) -> Vec<Metric> {
    let split = RepeatAndFold { repeat: fold.repeat, fold: fold.fold };
    (0..data.target_columns().len()).map(|target| metric(Some(split), target, pairs(data, fold, target))).collect()
}

fn pairs<'a>(
    data: &'a TrainingData,
    fold: &'a FoldPredictions,
    target: usize,
) -> impl Iterator<Item = (f64, f64)> + Clone + 'a {
    let truths = fold.test_rows.iter().map(move |&row| data.targets()[[row, target]]);
    truths.zip(fold.predicted.column(target).into_iter().copied())
}
