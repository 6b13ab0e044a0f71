//! What happens to feature columns before an estimator sees them: constant ones are left out, the rest is prepared as asked ([`crate::Preparation`]).
//!
//! Everything here is learned from the training rows alone, so a fold's test rows leak nothing. Standard deviations are those of the population (divisor n).

use std::cell::OnceCell;

use ndarray::{Array2, ArrayView2, Axis};

use crate::estimators::{Leverage, LinearMap};
use crate::moments::{HeldOutErrors, LeaveOut, Moments};
use crate::steps::{LearnedStep, Missing, Step, apply, learn};
use crate::{Estimator, FitContext, Fitted, InverseError, Preparation, Prior, TrainingData};

/// Values that agree to this part of the largest are rounding noise of a constant: standardizing would blow it up to a feature.
const CONSTANT_PART: f64 = 1e-13;

/// A fit on some rows: which features it uses (indices into the data's), how they are prepared, and what came out.
#[derive(Debug)]
pub(crate) struct ColumnFit {
    pub(crate) used: Vec<usize>,
    pub(crate) dropped: Vec<usize>,
    pub(crate) steps: Vec<LearnedStep>,
    pub(crate) fitted: Box<dyn Fitted>,
}

impl ColumnFit {
    /// Rows x targets for the given rows of `features` (all columns of the data).
    pub(crate) fn predict_rows(&self, features: ArrayView2<'_, f64>, rows: &[usize]) -> Array2<f64> {
        self.fitted.predict(self.seen(features, rows).view())
    }

    /// Rows as the fit sees them.
    fn seen(&self, features: ArrayView2<'_, f64>, rows: &[usize]) -> Array2<f64> {
        let mut selected = select(features, rows, &self.used);
        apply(&self.steps, &mut selected);
        selected
    }

    /// What tells the leverage of any row beside these training rows; none where the estimator has no such thing, or the rows do not give it.
    pub(crate) fn leverage(
        &self,
        data: &TrainingData,
        estimator: &dyn Estimator,
        training: &[usize],
    ) -> Option<Leverage> {
        estimator.leverage(self.seen(data.features(), training).view())
    }

    /// The sum of the leverages of rows.
    pub(crate) fn sum_of_leverages(&self, leverage: &Leverage, data: &TrainingData, rows: &[usize]) -> f64 {
        let seen = self.seen(data.features(), rows);
        seen.rows().into_iter().map(|row| leverage.at(&row.to_vec())).sum()
    }
}

/// Fits on training rows, again and again for different ones.
pub(crate) struct Fitter<'a> {
    data: &'a TrainingData,
    preparation: &'a Preparation,
    /// What was learned from all rows, if the preparation says so.
    of_all_rows: Option<Vec<LearnedStep>>,
    varying: Vec<usize>,
    constant: Vec<usize>,
    leave_out: Option<LeaveOut>,
    priors: Vec<Option<Prior>>,
}

impl<'a> Fitter<'a> {
    /// For fits of any of these estimators that leave out some rows each.
    ///
    /// # Errors
    /// As [`Fitter::for_one_fit`].
    pub(crate) fn for_folds(
        data: &'a TrainingData,
        estimators: &[&dyn Estimator],
        preparation: &'a Preparation,
    ) -> Result<Self, InverseError> {
        let mut fitter = Self::for_one_fit(data, preparation)?;
        let is_affine = matches!(preparation.steps.as_slice(), [] | [Step::Standardize]);
        let by_moments = is_affine && preparation.missing == Missing::Refuse && !preparation.learned_from_all_rows;
        if by_moments && estimators.iter().any(|e| e.by_moments().is_some()) && !fitter.varying.is_empty() {
            let features = data.features().select(Axis(1), &fitter.varying);
            fitter.leave_out = Some(LeaveOut::new(features.view(), data.targets()));
        }
        Ok(fitter)
    }

    /// # Errors
    /// Parameters of steps out of range; what steps that are learned from all rows refuse.
    pub(crate) fn for_one_fit(data: &'a TrainingData, preparation: &'a Preparation) -> Result<Self, InverseError> {
        preparation.check(data.feature_names())?;
        let rows: Vec<usize> = (0..data.row_count()).collect();
        let (varying, constant) = split_constant(data.features(), &rows);
        let of_all_rows = match preparation.learned_from_all_rows {
            true => Some(learn(preparation, &mut select(data.features(), &rows, &varying), &names(data, &varying))?),
            false => None,
        };
        let priors = data.target_columns().iter().map(|target| target.prior.clone()).collect();
        Ok(Self { data, preparation, of_all_rows, varying, constant, leave_out: None, priors })
    }

    /// Fits one estimator on `training` rows; `left_out` are all the others.
    pub(crate) fn fit(
        &self,
        estimator: &dyn Estimator,
        training: &[usize],
        left_out: &[usize],
        context: &FitContext<'_>,
    ) -> Result<ColumnFit, InverseError> {
        self.without(training, left_out).fit(estimator, context)
    }

    /// What fits on `training` rows have in common; `left_out` are all the others.
    pub(crate) fn without<'b>(&'b self, training: &'b [usize], left_out: &[usize]) -> SplitFitter<'b> {
        let moments = self.leave_out.as_ref().and_then(|leave_out| leave_out.moments_without(left_out));
        let moments = moments.map(|moments| match self.preparation.steps.is_empty() {
            true => (moments, Vec::new()),
            false => {
                let (centre, scale) = (moments.feature_means.clone(), moments.feature_sd());
                (moments.scaled(&scale), vec![LearnedStep::Affine { centre, scale }])
            }
        });
        SplitFitter { fitter: self, training, moments, rows: OnceCell::new() }
    }

    /// The training rows as an estimator sees them.
    fn prepared(&self, training: &[usize]) -> Result<PreparedRows, InverseError> {
        let (used, dropped) = match self.of_all_rows {
            Some(_) => (self.varying.clone(), self.constant.clone()),
            None => split_constant(self.data.features(), training),
        };
        if used.is_empty() {
            return Err(InverseError::NoVaryingFeature { rows: training.len(), features: dropped.len() });
        }
        let mut features = select(self.data.features(), training, &used);
        let targets = self.data.targets().select(Axis(0), training);
        let steps = match &self.of_all_rows {
            Some(steps) => {
                apply(steps, &mut features);
                steps.clone()
            }
            None => learn(self.preparation, &mut features, &names(self.data, &used))?,
        };
        Ok(PreparedRows { used, dropped, steps, features, targets })
    }
}

/// Fits of several estimators on the same training rows, which are prepared once.
pub(crate) struct SplitFitter<'a> {
    fitter: &'a Fitter<'a>,
    training: &'a [usize],
    /// As estimators see them, and what was done for that.
    moments: Option<(Moments, Vec<LearnedStep>)>,
    rows: OnceCell<Result<PreparedRows, InverseError>>,
}

struct PreparedRows {
    used: Vec<usize>,
    dropped: Vec<usize>,
    steps: Vec<LearnedStep>,
    features: Array2<f64>,
    targets: Array2<f64>,
}

impl SplitFitter<'_> {
    /// Per estimator and target, the errors on the rows that are left out, in one pass over them; none where moments do not give all of the fits, or where an
    /// estimator refuses them: then it is fitted by itself.
    pub(crate) fn errors_by_moments(
        &self,
        estimators: &[&dyn Estimator],
        left_out: &[usize],
    ) -> Option<Vec<Vec<HeldOutErrors>>> {
        let (moments, steps) = self.moments.as_ref()?;
        let map = |estimator: &&dyn Estimator| {
            let fitted = estimator.by_moments()?.fit_moments(moments).ok()??;
            let map = fitted.linear()?;
            Some(match steps.as_slice() {
                [LearnedStep::Affine { centre, scale }] => map.after(centre, scale),
                _ => map.clone(),
            })
        };
        let maps: Vec<LinearMap> = estimators.iter().map(map).collect::<Option<_>>()?;
        Some(self.fitter.leave_out.as_ref()?.errors(left_out, &maps))
    }

    pub(crate) fn fit(&self, estimator: &dyn Estimator, context: &FitContext<'_>) -> Result<ColumnFit, InverseError> {
        context.look()?;
        let Fitter { data, varying, constant, priors, .. } = self.fitter;
        if let (Some(estimator), Some((moments, steps))) = (estimator.by_moments(), &self.moments)
            && let Some(fitted) = estimator.fit_moments(moments).map_err(|error| name_column(error, data, varying))?
        {
            (context.progress)(1.0);
            // No column lost more than nine tenths of its variance, so none that varies over all rows is constant here.
            let (used, dropped, steps) = (varying.clone(), constant.clone(), steps.clone());
            return Ok(ColumnFit { used, dropped, steps, fitted });
        }
        let rows = self.rows.get_or_init(|| self.fitter.prepared(self.training)).as_ref().map_err(Clone::clone)?;
        let context = FitContext { priors, ..*context };
        let fitted = estimator.fit(rows.features.view(), rows.targets.view(), &context).map_err(|error| {
            match rows.features.ncols() == rows.used.len() {
                true => name_column(error, data, &rows.used),
                // Columns are combinations of features.
                false => name_column(error, data, &[]),
            }
        })?;
        let (used, dropped, steps) = (rows.used.clone(), rows.dropped.clone(), rows.steps.clone());
        Ok(ColumnFit { used, dropped, steps, fitted })
    }
}

fn names<'a>(data: &'a TrainingData, columns: &[usize]) -> Vec<&'a str> {
    columns.iter().map(|&column| data.feature_names()[column].as_str()).collect()
}

/// Columns that vary over the given rows, and those that do not.
fn split_constant(features: ArrayView2<'_, f64>, rows: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let mut low = vec![f64::INFINITY; features.ncols()];
    let mut high = vec![f64::NEG_INFINITY; features.ncols()];
    for &row in rows {
        for ((low, high), &value) in low.iter_mut().zip(&mut high).zip(features.row(row)) {
            *low = low.min(value);
            *high = high.max(value);
        }
    }
    (0..features.ncols())
        .partition(|&column| high[column] - low[column] > CONSTANT_PART * high[column].abs().max(low[column].abs()))
}

/// The chosen rows and columns, row by row in memory.
pub(crate) fn select(features: ArrayView2<'_, f64>, rows: &[usize], columns: &[usize]) -> Array2<f64> {
    let mut selected = Array2::zeros((rows.len(), columns.len()));
    for (mut place, &row) in selected.rows_mut().into_iter().zip(rows) {
        let source = features.row(row);
        for (slot, &column) in place.iter_mut().zip(columns) {
            *slot = source[column];
        }
    }
    selected
}

/// Estimators know features by position among those used, and targets by position; the user knows names.
fn name_column(error: InverseError, data: &TrainingData, used: &[usize]) -> InverseError {
    match error {
        InverseError::DependentColumn { column } => InverseError::DependentFeature {
            name: used.get(column).and_then(|&feature| data.feature_names().get(feature)).cloned().unwrap_or_default(),
        },
        InverseError::ConstantTarget { target } => InverseError::TargetDoesNotVary { name: target_name(data, target) },
        InverseError::OutsidePrior { target, value, low, high, rows, .. } => {
            InverseError::TargetOutsidePrior { name: target_name(data, target), value, low, high, rows }
        }
        other => other,
    }
}

/// With its unit.
fn target_name(data: &TrainingData, target: usize) -> String {
    let described = data.target_columns().get(target);
    let unit = described.and_then(|described| described.unit.as_ref()).map(|unit| format!(" in {unit}"));
    let name = described.map(|described| format!("`{}`", described.name)).unwrap_or_default();
    format!("{name}{}", unit.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use lapicque_numerics::random::StreamKey;
    use ndarray::array;

    use super::*;
    use crate::{Ridge, Target};

    fn fit(fitter: &Fitter<'_>, training: &[usize], left_out: &[usize]) -> Result<ColumnFit, InverseError> {
        fitter.fit(&Ridge { alpha: 1e-3 }, training, left_out, &FitContext::unwatched(StreamKey::new([0; 16])))
    }

    fn data(features: Array2<f64>) -> TrainingData {
        let rows = features.nrows();
        let names = (0..features.ncols()).map(|i| format!("f{i}")).collect();
        let targets = Array2::from_shape_fn((rows, 1), |(r, _)| r as f64);
        let target = Target { name: "theta".to_owned(), unit: None, prior: None };
        TrainingData::new(features, names, targets, vec![target], (0..rows).collect()).unwrap()
    }

    #[test]
    fn constant_and_nearly_constant_columns_are_dropped_by_name_not_scaled_up() {
        let noise = f64::EPSILON;
        let data = data(array![[0.1, 1.0, 0.1, 0.0], [0.1, 2.0, 0.1 * (1.0 + noise), 0.0], [0.1, 4.0, 0.1, 0.0]]);
        let ridge = Ridge { alpha: 1.0 };
        let fit =
            fit(&Fitter::for_folds(&data, &[&ridge], &Preparation::standardized()).unwrap(), &[0, 1, 2], &[]).unwrap();
        assert_eq!((fit.used, fit.dropped), (vec![1], vec![0, 2, 3]));
    }

    #[test]
    fn a_feature_constant_in_the_training_rows_only_is_dropped_in_that_fold() {
        let data = data(array![[1.0, 5.0], [2.0, 5.0], [4.0, 5.0], [3.0, 7.0]]);
        let ridge = Ridge { alpha: 1.0 };
        let preparation = Preparation::standardized();
        let fitter = Fitter::for_folds(&data, &[&ridge], &preparation).unwrap();
        assert_eq!(fit(&fitter, &[0, 1, 2], &[3]).unwrap().dropped, vec![1]);
        assert_eq!(fit(&fitter, &[1, 2, 3], &[0]).unwrap().dropped, Vec::<usize>::new());
    }

    #[test]
    fn folds_by_subtraction_agree_with_folds_by_row() {
        let features =
            Array2::from_shape_fn((40, 6), |(r, c)| ((r * r + 7 * c) as f64 * 0.37).sin() + 100.0 * c as f64);
        let data = data(features);
        let ridge = Ridge { alpha: 1e-3 };
        for preparation in [Preparation::none(), Preparation::standardized()] {
            let folds = Fitter::for_folds(&data, &[&ridge], &preparation).unwrap();
            let direct = Fitter::for_one_fit(&data, &preparation).unwrap();
            for first in 0..4 {
                let test: Vec<usize> = (0..40).filter(|row| row % 4 == first).collect();
                let training: Vec<usize> = (0..40).filter(|row| row % 4 != first).collect();
                let a = fit(&folds, &training, &test).unwrap().predict_rows(data.features(), &test);
                let b = fit(&direct, &training, &test).unwrap().predict_rows(data.features(), &test);
                for (a, b) in a.iter().zip(&b) {
                    assert!((a - b).abs() < 1e-11 * b.abs().max(1.0), "{a} {b}");
                }
            }
        }
    }

    #[test]
    fn nothing_that_varies_is_an_error() {
        let data = data(array![[1.0], [1.0]]);
        let error =
            fit(&Fitter::for_folds(&data, &[&Ridge { alpha: 1.0 }], &Preparation::none()).unwrap(), &[0, 1], &[]);
        assert!(matches!(error, Err(InverseError::NoVaryingFeature { rows: 2, features: 1 })));
    }
}
