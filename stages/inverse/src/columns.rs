//! What happens to feature columns before an estimator sees them: constant ones are left out, the rest is standardized if asked.
//!
//! Everything here is learned from the training rows alone, so a fold's test rows leak nothing. Standard deviations are those of the population (divisor n).

use ndarray::{Array2, ArrayView2, Axis};

use crate::estimators::{Leverage, MomentEstimator};
use crate::moments::{LeaveOut, Moments};
use crate::{Estimator, FitContext, Fitted, InverseError, Prior, TrainingData};

/// Values that agree to this part of the largest are rounding noise of a constant: standardizing would blow it up to a feature.
const CONSTANT_PART: f64 = 1e-13;

/// Mean and population s.d. of each used feature.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scaling {
    pub(crate) mean: Vec<f64>,
    pub(crate) scale: Vec<f64>,
}

/// A fit on some rows: which features it uses (indices into the data's), how they are scaled, and what came out.
#[derive(Debug)]
pub(crate) struct ColumnFit {
    pub(crate) used: Vec<usize>,
    pub(crate) dropped: Vec<usize>,
    pub(crate) scaling: Option<Scaling>,
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
        if let Some(scaling) = &self.scaling {
            standardize(&mut selected, scaling);
        }
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
    estimator: &'a dyn Estimator,
    standardized: bool,
    varying: Vec<usize>,
    constant: Vec<usize>,
    leave_out: Option<LeaveOut>,
    priors: Vec<Option<Prior>>,
}

impl<'a> Fitter<'a> {
    /// For fits that leave out some rows each.
    pub(crate) fn for_folds(data: &'a TrainingData, estimator: &'a dyn Estimator, standardized: bool) -> Self {
        let mut fitter = Self::for_one_fit(data, estimator, standardized);
        if estimator.by_moments().is_some() && !fitter.varying.is_empty() {
            let features = data.features().select(Axis(1), &fitter.varying);
            fitter.leave_out = Some(LeaveOut::new(features.view(), data.targets()));
        }
        fitter
    }

    pub(crate) fn for_one_fit(data: &'a TrainingData, estimator: &'a dyn Estimator, standardized: bool) -> Self {
        let rows: Vec<usize> = (0..data.row_count()).collect();
        let (varying, constant) = split_constant(data.features(), &rows);
        let priors = data.target_columns().iter().map(|target| target.prior.clone()).collect();
        Self { data, estimator, standardized, varying, constant, leave_out: None, priors }
    }

    /// Fits on `training` rows; `left_out` are all the others.
    pub(crate) fn fit(
        &self,
        training: &[usize],
        left_out: &[usize],
        context: &FitContext<'_>,
    ) -> Result<ColumnFit, InverseError> {
        context.look()?;
        if let (Some(estimator), Some(leave_out)) = (self.estimator.by_moments(), &self.leave_out)
            && let Some(moments) = leave_out.moments_without(left_out)
            && let Some((fitted, scaling)) = fit_moments(estimator, moments, self.standardized)
                .map_err(|error| name_column(error, self.data, &self.varying))?
        {
            (context.progress)(1.0);
            // No column lost more than nine tenths of its variance, so none that varies over all rows is constant here.
            let (used, dropped) = (self.varying.clone(), self.constant.clone());
            return Ok(ColumnFit { used, dropped, scaling, fitted });
        }
        let (used, dropped) = split_constant(self.data.features(), training);
        if used.is_empty() {
            return Err(InverseError::NoVaryingFeature { rows: training.len(), features: dropped.len() });
        }
        let mut features = select(self.data.features(), training, &used);
        let targets = self.data.targets().select(Axis(0), training);
        let scaling = self.standardized.then(|| {
            let no_targets = Array2::zeros((features.nrows(), 0));
            scaling_of(&Moments::of(features.view(), no_targets.view()))
        });
        if let Some(scaling) = &scaling {
            standardize(&mut features, scaling);
        }
        let fitted = self
            .estimator
            .fit(features.view(), targets.view(), &FitContext { priors: &self.priors, ..*context })
            .map_err(|error| name_column(error, self.data, &used))?;
        Ok(ColumnFit { used, dropped, scaling, fitted })
    }
}

/// What was learned, and how features are scaled before it.
type MomentFit = (Box<dyn Fitted>, Option<Scaling>);

fn fit_moments(
    estimator: &dyn MomentEstimator,
    moments: Moments,
    standardized: bool,
) -> Result<Option<MomentFit>, InverseError> {
    if !standardized {
        return Ok(estimator.fit_moments(&moments)?.map(|fitted| (fitted, None)));
    }
    let scaling = scaling_of(&moments);
    let fitted = estimator.fit_moments(&moments.scaled(&scaling.scale))?;
    Ok(fitted.map(|fitted| (fitted, Some(scaling))))
}

fn scaling_of(moments: &Moments) -> Scaling {
    Scaling { mean: moments.feature_means.clone(), scale: moments.feature_sd() }
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

pub(crate) fn standardize(features: &mut Array2<f64>, scaling: &Scaling) {
    for mut row in features.rows_mut() {
        for ((value, mean), scale) in row.iter_mut().zip(&scaling.mean).zip(&scaling.scale) {
            *value = (*value - mean) / scale;
        }
    }
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

/// Estimators know columns by position among those used; the user knows names.
fn name_column(error: InverseError, data: &TrainingData, used: &[usize]) -> InverseError {
    match error {
        InverseError::DependentColumn { column } => InverseError::DependentFeature {
            name: used.get(column).and_then(|&feature| data.feature_names().get(feature)).cloned().unwrap_or_default(),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use lapicque_numerics::random::StreamKey;
    use ndarray::array;

    use super::*;
    use crate::{Ridge, Target};

    fn fit(fitter: &Fitter<'_>, training: &[usize], left_out: &[usize]) -> Result<ColumnFit, InverseError> {
        fitter.fit(training, left_out, &FitContext::unwatched(StreamKey::new([0; 16])))
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
        let fit = fit(&Fitter::for_folds(&data, &ridge, true), &[0, 1, 2], &[]).unwrap();
        assert_eq!((fit.used, fit.dropped), (vec![1], vec![0, 2, 3]));
    }

    #[test]
    fn a_feature_constant_in_the_training_rows_only_is_dropped_in_that_fold() {
        let data = data(array![[1.0, 5.0], [2.0, 5.0], [4.0, 5.0], [3.0, 7.0]]);
        let ridge = Ridge { alpha: 1.0 };
        let fitter = Fitter::for_folds(&data, &ridge, true);
        assert_eq!(fit(&fitter, &[0, 1, 2], &[3]).unwrap().dropped, vec![1]);
        assert_eq!(fit(&fitter, &[1, 2, 3], &[0]).unwrap().dropped, Vec::<usize>::new());
    }

    #[test]
    fn folds_by_subtraction_agree_with_folds_by_row() {
        let features =
            Array2::from_shape_fn((40, 6), |(r, c)| ((r * r + 7 * c) as f64 * 0.37).sin() + 100.0 * c as f64);
        let data = data(features);
        let ridge = Ridge { alpha: 1e-3 };
        for standardized in [false, true] {
            let folds = Fitter::for_folds(&data, &ridge, standardized);
            let direct = Fitter::for_one_fit(&data, &ridge, standardized);
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
        let error = fit(&Fitter::for_folds(&data, &Ridge { alpha: 1.0 }, false), &[0, 1], &[]);
        assert!(matches!(error, Err(InverseError::NoVaryingFeature { rows: 2, features: 1 })));
    }
}
