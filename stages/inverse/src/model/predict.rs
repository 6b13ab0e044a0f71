//! A model applied to rows of features, its columns found by name.
//!
//! Columns the model does not use are ignored. A row in which a feature is not finite gives NaN, and that feature counts as outside the training range: one
//! bad epoch of a recording does not stop the others, and does not go unnoticed.
//!
//! The standard deviation of a prediction is that of its error. Held-out samples tell its size amid the training data: the root mean squared error e, at a
//! mean leverage h_0 ([`Leverage`](crate::estimators::Leverage)). A linear regression tells how it grows from there: sd(x) = e sqrt((1 + h(x)) / (1 + h_0)), so
//! that the mean of sd^2 over the held-out rows is their mean squared error. Forests tell nothing of the kind: sd is e within the training range of all
//! features, and NaN outside. It is NaN as well for a model that was not cross-validated. No sd knows whether the law that was learned goes on outside the
//! training range. Gaussian processes know the error of each prediction by themselves, noise included.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use super::parts::Model;
use crate::InverseError;
use crate::columns::select;
use crate::steps::{LearnedStep, apply};
use crate::training_data::check_unique;

/// What a model says about some rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// Rows x targets, in the units of the model's targets.
    pub mean: Array2<f64>,
    /// Rows x targets; NaN where it is not known.
    pub sd: Array2<f64>,
    /// Per row, the part of the used features below the least or above the largest training value.
    pub outside_training: Vec<f64>,
}

/// Rows handed to a thread at once.
const CHUNK: usize = 1024;

/// Predicts rows x features, whose columns `feature_names` names.
///
/// # Errors
/// A model that does not pass its check, a feature of the model that is not among the columns, a column named twice, or a number of names that is not the
/// number of columns.
pub fn predict(
    model: &Model,
    features: ArrayView2<'_, f64>,
    feature_names: &[String],
) -> Result<Predictions, InverseError> {
    model.check()?;
    predict_checked(model, features, feature_names)
}

/// As [`predict`], of a model that was checked when it was trained or read and has not changed since: a forest of a million nodes is not looked through again
/// for every few rows.
///
/// # Errors
/// As [`predict`], but for the model's check.
pub fn predict_checked(
    model: &Model,
    features: ArrayView2<'_, f64>,
    feature_names: &[String],
) -> Result<Predictions, InverseError> {
    let columns = columns_of(model, features, feature_names)?;
    let scaling = scaling(model);
    let rows: Vec<usize> = (0..features.nrows()).collect();
    let errors = model.held_out_rms_error.as_deref();
    let chunks: Vec<(Array2<f64>, Array2<f64>, Vec<f64>)> = rows
        .par_chunks(CHUNK)
        .map(|rows| {
            let mut selected = select(features, rows, &columns);
            let outside: Vec<f64> = selected.rows().into_iter().map(|row| part_outside(model, row.iter())).collect();
            apply(scaling.as_slice(), &mut selected);
            let mean = model.fitted.predict(selected.view());
            let sd = model.fitted.sd(selected.view()).unwrap_or_else(|| {
                // Rows that were selected lie one after the other in memory.
                let spread = selected.rows().into_iter().zip(&outside);
                let spread =
                    spread.map(|(row, part)| row.to_slice().map_or(f64::NAN, |row| spread_at(model, row, *part)));
                let spread: Vec<f64> = spread.collect();
                let of_target = |target: usize| errors.map_or(f64::NAN, |errors| errors[target]);
                Array2::from_shape_fn(mean.dim(), |(row, target)| of_target(target) * spread[row])
            });
            (mean, sd, outside)
        })
        .collect();
    let mut mean = Array2::zeros((features.nrows(), model.targets.len()));
    let mut sd = mean.clone();
    let found = chunks.iter().flat_map(|(mean, sd, _)| mean.iter().zip(sd));
    for ((mean, sd), (of_row, its_sd)) in mean.iter_mut().zip(sd.iter_mut()).zip(found) {
        *mean = *of_row;
        *sd = if of_row.is_finite() { *its_sd } else { f64::NAN };
    }
    Ok(Predictions { mean, sd, outside_training: chunks.into_iter().flat_map(|(.., outside)| outside).collect() })
}

/// Per row, the part of the used features below the least or above the largest training value.
///
/// # Errors
/// As [`predict`], but for the model's check.
pub fn outside_training(
    model: &Model,
    features: ArrayView2<'_, f64>,
    feature_names: &[String],
) -> Result<Vec<f64>, InverseError> {
    let columns = columns_of(model, features, feature_names)?;
    let rows = features.rows().into_iter();
    Ok(rows
        .map(|row| {
            let values: Vec<f64> = columns.iter().map(|&column| row[column]).collect();
            part_outside(model, values.iter())
        })
        .collect())
}

/// Where the features of a model stand among columns.
pub(super) fn columns_of(
    model: &Model,
    features: ArrayView2<'_, f64>,
    feature_names: &[String],
) -> Result<Vec<usize>, InverseError> {
    if feature_names.len() != features.ncols() {
        return Err(InverseError::Shape {
            what: "features",
            found: format!("{} columns", features.ncols()),
            expected: format!("{} (the number of feature names)", feature_names.len()),
        });
    }
    check_unique("feature", feature_names.iter().map(String::as_str))?;
    model.features.iter().map(|feature| column_named(&feature.name, feature_names)).collect()
}

/// What the held-out error is multiplied by at a row; NaN where nothing tells.
fn spread_at(model: &Model, row: &[f64], part_outside: f64) -> f64 {
    match (&model.leverage, model.held_out_leverage) {
        _ if model.held_out_rms_error.is_none() => f64::NAN,
        (Some(leverage), Some(of_held_out)) => ((1.0 + leverage.at(row)) / (1.0 + of_held_out)).sqrt(),
        _ if part_outside == 0.0 => 1.0,
        _ => f64::NAN,
    }
}

fn column_named(name: &str, feature_names: &[String]) -> Result<usize, InverseError> {
    feature_names
        .iter()
        .position(|candidate| candidate == name)
        .ok_or_else(|| InverseError::MissingFeature { name: name.to_owned(), given: feature_names.join(", ") })
}

pub(super) fn scaling(model: &Model) -> Option<LearnedStep> {
    let centre = model.features.iter().map(|feature| feature.mean).collect::<Option<Vec<f64>>>()?;
    let scale = model.features.iter().map(|feature| feature.scale).collect::<Option<Vec<f64>>>()?;
    Some(LearnedStep::Affine { centre, scale })
}

fn part_outside<'a>(model: &Model, row: impl Iterator<Item = &'a f64>) -> f64 {
    let outside = row
        .zip(&model.features)
        .filter(|(value, feature)| !(feature.training_min..=feature.training_max).contains(*value))
        .count();
    outside as f64 / model.features.len() as f64
}
