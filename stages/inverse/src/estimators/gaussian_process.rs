//! Gaussian process regression (Rasmussen, Williams 2006, Gaussian Processes for Machine Learning, eq. 2.25, 2.26, 5.1, 5.8 and 5.9).
//!
//! y = f(x) + noise, with f a priori Gaussian of covariance k(x, z) = s exp(-1/2 sum_k (x_k - z_k)^2 / l_k^2) and noise of variance v. Given the training rows
//! the prediction is k^T K^-1 y with K = k(X, X) + v I, and its variance s + v - k^T K^-1 k: that of a new value of the target, noise included. s, v and a
//! length l_k for each feature maximise the marginal likelihood log p(y) = -1/2 y^T K^-1 y - 1/2 log det K - n/2 log 2 pi, by L-BFGS with analytic gradients on
//! their logarithms. For each target by itself, less its mean and in units of its standard deviation.
//!
//! | parameter | default | meaning | range |
//! |---|---|---|---|
//! | starts | 2 | where the search begins: with lengths that take in all features, and with ten times these and more noise; the more likely end is kept | 1 or 2 |
//! | most_iterations | 200 | most steps of the search from each start; it is there earlier as a rule, and where it stops is an answer | >= 1 |
//!
//! Within the search s stays between 1e-4 and 1e4 and v between 1e-6 and 1e2 variances of the target, and lengths between 1e-2 and 1e4 standard deviations of
//! their feature; a length at its upper end says that the feature does not matter. Time grows with the cube of the number of rows, of which there may be 3000.

mod cholesky;
mod likelihood;
mod search;

use std::sync::OnceLock;

use ndarray::{Array1, Array2, ArrayView2, Axis};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Estimator, FitContext, Fitted, Listed, Stored};
use crate::InverseError;
use crate::error::{check_finite, check_length};
use likelihood::{Covariance, Likelihood};

/// Parameters of Gaussian process regression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GaussianProcess {
    /// Where the search for lengths and noise begins, 1 or 2 places.
    pub starts: usize,
    /// Most steps of the search from each start, at least 1.
    pub most_iterations: usize,
}

impl Default for GaussianProcess {
    fn default() -> Self {
        Self { starts: 2, most_iterations: 200 }
    }
}

/// Most training rows: a fit of so many takes minutes for each target.
const MOST_ROWS: usize = 3000;

/// What is known of the targets after the training rows.
#[derive(Debug)]
pub struct GaussianProcesses {
    /// Rows x features, as the fit saw them.
    features: Array2<f64>,
    targets: Vec<Process>,
    /// Of each target, when first asked for.
    factors: OnceLock<Vec<Option<Array2<f64>>>>,
}

/// Of one target.
#[derive(Debug, Clone, PartialEq)]
struct Process {
    /// Of the target over the training rows.
    mean: f64,
    /// Its standard deviation; 0 for a constant.
    scale: f64,
    covariance: Covariance,
    /// K^-1 y.
    weights: Vec<f64>,
    log_likelihood: f64,
}

impl Listed for GaussianProcess {
    const NAME: &'static str = "gaussian_process";
    const SUMMARY: &'static str =
        "Gaussian process with a length for each feature, for up to 3000 rows; knows the error of each prediction.";

    fn restore(mut stored: Stored) -> Result<Box<dyn Fitted>, InverseError> {
        let ([rows, columns], values) = stored.take::<2>("features")?;
        let ([targets, of_rows], weights) = stored.take::<2>("weights")?;
        let ([of_targets, lengths_each], lengths) = stored.take::<2>("lengths")?;
        let mut numbers = |name: &str| {
            let (_, values) = stored.take::<1>(name)?;
            if values.len() == targets {
                return Ok(values.into_iter());
            }
            stored.wrong(name, format!("has {} entries; `weights` has {targets} rows", values.len()))
        };
        let (mut mean, mut scale) = (numbers("mean")?, numbers("scale")?);
        let (mut signal, mut noise) = (numbers("signal_variance")?, numbers("noise_variance")?);
        let mut log_likelihood = numbers("log_likelihood")?;
        stored.finish()?;
        if of_rows != rows {
            return stored.wrong("weights", format!("has {of_rows} columns; `features` has {rows} rows"));
        }
        if (of_targets, lengths_each) != (targets, columns) {
            let problem = format!("is {of_targets} x {lengths_each}; {targets} targets have {columns} features");
            return stored.wrong("lengths", problem);
        }
        let Ok(features) = Array2::from_shape_vec((rows, columns), values) else {
            return stored.wrong("features", "has a shape that its values do not have".to_owned());
        };
        let next = |numbers: &mut std::vec::IntoIter<f64>| numbers.next().unwrap_or(f64::NAN);
        let targets = weights.chunks_exact(rows.max(1)).zip(lengths.chunks_exact(columns.max(1)));
        let targets = targets.map(|(weights, lengths)| Process {
            mean: next(&mut mean),
            scale: next(&mut scale),
            covariance: Covariance { signal: next(&mut signal), lengths: lengths.to_vec(), noise: next(&mut noise) },
            weights: weights.to_vec(),
            log_likelihood: next(&mut log_likelihood),
        });
        Ok(Box::new(GaussianProcesses { targets: targets.collect(), features, factors: OnceLock::new() }))
    }
}

impl Estimator for GaussianProcess {
    fn check(&self) -> Result<(), InverseError> {
        let wrong = |parameter, value: usize, allowed: &str| {
            let (owner, value, allowed) = (Self::NAME, value.to_string(), allowed.to_owned());
            Err(InverseError::Parameter { owner, parameter, value, allowed })
        };
        if !(1..=2).contains(&self.starts) {
            return wrong("starts", self.starts, "1 or 2");
        }
        if self.most_iterations == 0 {
            return wrong("most_iterations", self.most_iterations, "a whole number >= 1");
        }
        Ok(())
    }

    fn fit(
        &self,
        features: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        context: &FitContext<'_>,
    ) -> Result<Box<dyn Fitted>, InverseError> {
        self.check()?;
        context.look()?;
        let found = features.nrows();
        if found == 0 {
            return Err(InverseError::TooFewRows { estimator: Self::NAME, needed: 1, found });
        }
        if found > MOST_ROWS {
            let instead = "take some of them, or another estimator";
            return Err(InverseError::TooManyRows { estimator: Self::NAME, most: MOST_ROWS, found, instead });
        }
        if !features.iter().chain(targets).map(|value| value * value).sum::<f64>().is_finite() {
            return Err(InverseError::Overflow);
        }
        let features = features.as_standard_layout().to_owned();
        let fit = |target: usize| {
            let fitted = self.process(&features, targets.column(target).to_owned(), context)?;
            (context.progress)(1.0 / targets.ncols() as f64);
            Ok(fitted)
        };
        let targets: Vec<Process> =
            (0..targets.ncols()).into_par_iter().map(fit).collect::<Result<_, InverseError>>()?;
        Ok(Box::new(GaussianProcesses { features, targets, factors: OnceLock::new() }))
    }
}

impl GaussianProcess {
    fn process(
        &self,
        features: &Array2<f64>,
        mut target: Array1<f64>,
        context: &FitContext<'_>,
    ) -> Result<Process, InverseError> {
        let varies = target.iter().any(|value| *value != target[0]);
        let mean = target.mean().filter(|_| varies).unwrap_or(target[0]);
        let scale = if varies { target.std(0.0) } else { 0.0 };
        target.mapv_inplace(|value| if varies { (value - mean) / scale } else { 0.0 });
        let likelihood = Likelihood { features, target: &target };
        let spread: Vec<f64> =
            features.std_axis(Axis(0), 0.0).iter().map(|sd| if *sd > 0.0 { *sd } else { 1.0 }).collect();
        let reach = (features.ncols() as f64).sqrt();
        let starts = [(reach, 0.1), (10.0 * reach, 0.5)];
        let mut best: Option<(f64, Covariance)> = None;
        for (reach, noise) in starts.into_iter().take(if varies { self.starts } else { 0 }) {
            let lengths = spread.iter().map(|sd| sd * reach).collect();
            let start = Covariance { signal: 1.0, lengths, noise };
            let found = search::most_likely(&likelihood, start, &spread, self.most_iterations, context)?;
            if best.as_ref().is_none_or(|best| found.0 > best.0) {
                best = Some(found);
            }
        }
        let (log_likelihood, covariance) =
            best.unwrap_or((0.0, Covariance { signal: 1.0, lengths: spread, noise: 1.0 }));
        let weights = match likelihood.weights(&covariance) {
            Some(weights) => weights.to_vec(),
            None => return Err(InverseError::Overflow),
        };
        Ok(Process { mean, scale, covariance, weights, log_likelihood })
    }
}

impl GaussianProcesses {
    /// Predicted rows x training rows.
    fn between(&self, process: &Process, features: ArrayView2<'_, f64>) -> Array2<f64> {
        process.covariance.between(features, self.features.view())
    }

    fn factors(&self) -> &[Option<Array2<f64>>] {
        self.factors.get_or_init(|| {
            let factor = |process: &Process| cholesky::factor(process.covariance.of_rows(self.features.view()));
            self.targets.par_iter().map(factor).collect()
        })
    }
}

impl Fitted for GaussianProcesses {
    fn kind(&self) -> &'static str {
        "gaussian_process"
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Array2<f64> {
        let mut predicted = Array2::zeros((features.nrows(), self.targets.len()));
        for (process, mut place) in self.targets.iter().zip(predicted.columns_mut()) {
            for (slot, line) in place.iter_mut().zip(self.between(process, features).rows()) {
                let sum: f64 = line.iter().zip(&process.weights).map(|(alike, weight)| alike * weight).sum();
                *slot = process.mean + process.scale * sum;
            }
        }
        for (mut place, row) in predicted.rows_mut().into_iter().zip(features.rows()) {
            if row.iter().any(|value| !value.is_finite()) {
                place.fill(f64::NAN);
            }
        }
        predicted
    }

    fn sd(&self, features: ArrayView2<'_, f64>) -> Option<Array2<f64>> {
        let mut sd = Array2::from_elem((features.nrows(), self.targets.len()), f64::NAN);
        for ((process, factor), mut place) in self.targets.iter().zip(self.factors()).zip(sd.columns_mut()) {
            let Some(factor) = factor else {
                continue;
            };
            let mut explained = self.between(process, features).reversed_axes().as_standard_layout().to_owned();
            cholesky::solve_lower(factor, &mut explained);
            for (slot, column) in place.iter_mut().zip(explained.columns()) {
                let known: f64 = column.iter().map(|value| value * value).sum();
                let Covariance { signal, noise, .. } = process.covariance;
                *slot = process.scale * ((signal - known).max(0.0) + noise).sqrt();
            }
        }
        for (mut place, row) in sd.rows_mut().into_iter().zip(features.rows()) {
            if row.iter().any(|value| !value.is_finite()) {
                place.fill(f64::NAN);
            }
        }
        Some(sd)
    }

    fn check(&self, features: usize, targets: usize) -> Result<(), InverseError> {
        let field = |name: &str| format!("fitted.gaussian_process.{name}");
        check_length(&field("features"), self.features.ncols(), features, "features")?;
        check_length(&field("weights"), self.targets.len(), targets, "targets")?;
        for ((row, column), &value) in self.features.indexed_iter() {
            check_finite(|| field(&format!("features[{row}][{column}]")), value)?;
        }
        for (target, process) in self.targets.iter().enumerate() {
            let of_target = |name: &str| field(&format!("{name}[{target}]"));
            let Covariance { signal, lengths, noise } = &process.covariance;
            let positive = [("signal_variance", *signal), ("noise_variance", *noise)].into_iter();
            let positive = positive.chain(lengths.iter().map(|length| ("lengths", *length)));
            for (name, value) in positive.chain([("scale", process.scale + f64::MIN_POSITIVE)]) {
                if !(value > 0.0 && value.is_finite()) {
                    let problem = format!("is {value}; it must be a finite number above 0");
                    return Err(InverseError::Document { field: of_target(name), problem });
                }
            }
            let others = [("mean", process.mean), ("log_likelihood", process.log_likelihood)].into_iter();
            for (name, value) in others.chain(process.weights.iter().map(|weight| ("weights", *weight))) {
                check_finite(|| of_target(name), value)?;
            }
        }
        Ok(())
    }

    fn store(&self) -> Stored {
        let count = self.targets.len();
        let numbers = |of: fn(&Process) -> f64| self.targets.iter().map(of).collect::<Vec<f64>>();
        let lists = |of: fn(&Process) -> &[f64]| self.targets.iter().flat_map(of).copied().collect::<Vec<f64>>();
        Stored::default()
            .with("features", self.features.shape(), self.features.iter().copied().collect())
            .with("weights", &[count, self.features.nrows()], lists(|process| &process.weights))
            .with("lengths", &[count, self.features.ncols()], lists(|process| &process.covariance.lengths))
            .with("mean", &[count], numbers(|process| process.mean))
            .with("scale", &[count], numbers(|process| process.scale))
            .with("signal_variance", &[count], numbers(|process| process.covariance.signal))
            .with("noise_variance", &[count], numbers(|process| process.covariance.noise))
            .with("log_likelihood", &[count], numbers(|process| process.log_likelihood))
    }
}

#[cfg(test)]
mod tests;
