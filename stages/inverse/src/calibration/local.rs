//! Whether the posterior of one row of features is right: the local classifier two-sample test (Linhart, Gramfort, Rodrigues 2023, NeurIPS, algorithm 1).
//!
//! A network learns to tell (x_i, true targets) from (x_i, one draw of the posterior given x_i) over held-out samples: d(theta, x) estimates the probability of the
//! latter by least squares. The statistic is the mean of (d(theta, x_o) - 1/2)^2 over draws of the posterior of the observed features x_o; 0 if the posterior is
//! right there. Under the null hypothesis truth and draw of each sample may be exchanged, which `trials` networks do at random: p = (1 + trials with at least this
//! statistic) / (1 + trials). It needs hundreds of samples, and sees only what a small network can learn from them.

use lapicque_density::{RegressionSettings, Watch, train_regression};
use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;

use super::Cases;
use crate::error::of_density;
use crate::{Draws, FitContext, InverseError};

/// Of one row of features.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LocalC2st {
    /// Mean of (d - 1/2)^2: from 0 to 1/4.
    pub statistic: f64,
    /// Mean of it over the trials, where the posterior is right by construction.
    pub null: f64,
    /// The probability of at least this statistic, if the posterior is right there.
    pub p: f64,
    /// Networks that told.
    pub trials: usize,
}

/// Tests the posterior of the `observed` features, of which `draws` are, with held-out samples and their `features` (one row per sample of `cases`, as the fit saw
/// them).
///
/// # Errors
/// No sample, another number of rows of features, values that are not finite, or [`InverseError::Cancelled`].
pub fn local_c2st(
    cases: &Cases,
    features: ArrayView2<'_, f64>,
    (observed, draws): (&[f64], &Draws),
    trials: usize,
    stream: StreamKey,
    context: &FitContext<'_>,
) -> Result<LocalC2st, InverseError> {
    cases.draw_count()?;
    let (samples, targets) = cases.truth.dim();
    if features.nrows() != samples || observed.len() != features.ncols() || trials == 0 {
        return Err(InverseError::Shape {
            what: "features of held-out samples",
            found: format!("{} rows of {} values", features.nrows(), features.ncols()),
            expected: format!("{samples} rows of {} values, and at least one trial", observed.len()),
        });
    }
    // Features, then targets; draws follow true values.
    let one_draw = |sample: usize, target: usize| cases.draws[sample].values[[0, target]];
    let rows = Array2::from_shape_fn((2 * samples, features.ncols() + targets), |(row, column)| {
        let sample = row % samples;
        match column.checked_sub(features.ncols()) {
            None => features[[sample, column]],
            Some(target) if row < samples => cases.truth[[sample, target]],
            Some(target) => one_draw(sample, target),
        }
    });
    let (means, scales) = means_and_scales(&rows);
    let scaled = |value: f64, column: usize| (value - means[column]) / scales[column];
    let inputs = Array2::from_shape_fn(rows.dim(), |(row, column)| scaled(rows[[row, column]], column));
    let asked = Array2::from_shape_fn((draws.values.nrows(), rows.ncols()), |(row, column)| {
        match column.checked_sub(features.ncols()) {
            None => scaled(observed[column], column),
            Some(target) => scaled(draws.values[[row, target]], column),
        }
    });
    let statistic = |trial: usize| -> Result<f64, InverseError> {
        context.look()?;
        let mut generator = stream.stream("exchanged", trial as u64);
        let exchanged: Vec<bool> = (0..samples).map(|_| trial > 0 && generator.below(2) == 1).collect();
        let labels = Array2::from_shape_fn((2 * samples, 1), |(row, _)| {
            if exchanged[row % samples] == (row < samples) { 1.0 } else { 0.0 }
        });
        let watch = Watch { cancelled: context.cancelled, epoch: &|_| () };
        let key = stream.derive("network").derive(&trial.to_string());
        let (network, _) =
            train_regression(&settings(), inputs.view(), labels.view(), key, watch).map_err(of_density)?;
        (context.progress)(1.0 / (trials + 1) as f64);
        let told = network.predict(asked.view());
        Ok(told.iter().map(|d| (d.clamp(0.0, 1.0) - 0.5).powi(2)).sum::<f64>() / told.len() as f64)
    };
    let found: Vec<Result<f64, InverseError>> =
        context.on_threads(|| (0..=trials).into_par_iter().map(statistic).collect());
    let found = found.into_iter().collect::<Result<Vec<f64>, _>>()?;
    let as_large = found[1..].iter().filter(|null| **null >= found[0]).count();
    Ok(LocalC2st {
        statistic: found[0],
        null: found[1..].iter().sum::<f64>() / trials as f64,
        p: (1 + as_large) as f64 / (1 + trials) as f64,
        trials,
    })
}

/// Small, and stopped early: it has hundreds of samples to learn from, not thousands.
fn settings() -> RegressionSettings {
    RegressionSettings {
        hidden: vec![20, 20],
        max_epochs: 60,
        learning_rate: 5e-3,
        alpha: 1e-2,
        scale_targets: false,
        ..RegressionSettings::default()
    }
}

fn means_and_scales(rows: &Array2<f64>) -> (Vec<f64>, Vec<f64>) {
    let count = rows.nrows() as f64;
    let of_column = |column: ndarray::ArrayView1<'_, f64>| {
        let mean = column.sum() / count;
        let sd = (column.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
        (mean, if sd > 0.0 { sd } else { 1.0 })
    };
    rows.columns().into_iter().map(of_column).unzip()
}
