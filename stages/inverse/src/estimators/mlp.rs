//! Regression by a feed-forward network (multi-layer perceptron), all targets at once.
//!
//! [`lapicque_density`] trains it, whose `train_regression` has the loss, the stopping rule, and where they differ from scikit-learn's MLPRegressor. The
//! parameters are those of [`lapicque_density::RegressionSettings`]:
//!
//! | parameter | default | meaning | range |
//! |---|---|---|---|
//! | hidden | [50, 50] | widths of the hidden layers | each 1 to 10,000; at most 20 |
//! | activation | relu | what bends hidden layers | relu, tanh |
//! | alpha | 0.0001 | penalty of squared weights | >= 0 |
//! | learning_rate | 0.001 | of Adam | above 0, at most 1 |
//! | batch | 200 | rows per step | >= 1 |
//! | max_epochs | 200 | most passes over the rows | >= 1 |
//! | tolerance | 0.0001 | least gain of the loss, per target, that counts | >= 0 |
//! | patience | 10 | epochs without gain before training ends | >= 1 |
//! | early_stopping | false | whether rows are set aside to see when to stop | |
//! | validation_fraction | 0.1 | how many | above 0, below 1 |
//! | scale_targets | true | whether targets are scaled inside | |
//!
//! Features should be standardized, as they are by default. The context's stream fixes initial weights, rows set aside and the order of rows. One network is
//! trained on one thread.

pub use lapicque_density::RegressionSettings as Mlp;
use lapicque_density::{Array, DensityError, EpochLoss, Regression, Watch, train_regression};
use ndarray::{Array2, ArrayView2};
use serde_json::Value;

use super::{Estimator, FitContext, Fitted, Listed, Loss, Stored};
use crate::InverseError;
use crate::error::check_length;

/// A trained network.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    settings: Mlp,
    regression: Regression,
    losses: Vec<Loss>,
}

impl Listed for Mlp {
    const NAME: &'static str = "mlp";
    const SUMMARY: &'static str = "A feed-forward network, trained by Adam.";

    fn restore(mut stored: Stored) -> Result<Box<dyn Fitted>, InverseError> {
        let settings = stored.take_setting("settings").unwrap_or(Value::Null);
        let settings = match serde_json::from_value(settings) {
            Ok(settings) => settings,
            Err(error) => return stored.wrong("settings", format!("is not what a network has: {error}")),
        };
        let Some(feature_count) = stored.take_setting("features").and_then(|count| count.as_u64()) else {
            return stored.wrong("features", "is missing, or is not a whole number".to_owned());
        };
        let losses = restore_losses(&mut stored)?;
        let mut arrays = Vec::new();
        let mut target_count = 0;
        for name in Regression::ARRAYS {
            let ([length], values) = stored.take::<1>(name)?;
            target_count = if name == "target_means" { length } else { target_count };
            arrays.push(Array { name, shape: vec![length], values });
        }
        stored.finish()?;
        let regression = Regression::of_arrays(&settings, feature_count as usize, target_count, arrays);
        let regression = regression.or_else(|error| match error {
            DensityError::Stored { array, problem } => stored.wrong(&array, problem),
            other => stored.wrong("settings", format!("is not what a network has: {other}")),
        })?;
        Ok(Box::new(Network { settings, regression, losses }))
    }
}

/// A row for each epoch: the training loss, and that of rows set aside if there were some.
fn restore_losses(stored: &mut Stored) -> Result<Vec<Loss>, InverseError> {
    let ([_, columns], losses) = stored.take::<2>("losses")?;
    if columns != 1 && columns != 2 {
        return stored.wrong("losses", format!("has {columns} columns; it must have 1 or 2"));
    }
    if let Some(value) = losses.iter().find(|value| !value.is_finite()) {
        return stored.wrong("losses", format!("holds {value}; it must hold finite numbers"));
    }
    let loss = |(epoch, row): (usize, &[f64])| Loss {
        member: 0,
        epoch: epoch + 1,
        training: row[0],
        validation: row.get(1).copied().unwrap_or(f64::NAN),
    };
    Ok(losses.chunks(columns).enumerate().map(loss).collect())
}

impl Estimator for Mlp {
    fn check(&self) -> Result<(), InverseError> {
        Mlp::check(self).map_err(told)
    }

    fn fit(
        &self,
        features: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        context: &FitContext<'_>,
    ) -> Result<Box<dyn Fitted>, InverseError> {
        context.look()?;
        let share = 1.0 / self.max_epochs.max(1) as f64;
        let told_of = |_: EpochLoss| (context.progress)(share);
        let watch = Watch { cancelled: context.cancelled, epoch: &told_of };
        let (regression, losses) = train_regression(self, features, targets, context.stream, watch).map_err(told)?;
        (context.progress)((1.0 - share * losses.len() as f64).max(0.0));
        let loss = |loss: EpochLoss| Loss {
            member: loss.member,
            epoch: loss.epoch,
            training: loss.training,
            validation: loss.validation,
        };
        Ok(Box::new(Network { settings: self.clone(), regression, losses: losses.into_iter().map(loss).collect() }))
    }

    fn is_random(&self) -> bool {
        true
    }
}

/// What the engine says, in this crate's words.
fn told(error: DensityError) -> InverseError {
    match error {
        DensityError::Cancelled => InverseError::Cancelled,
        DensityError::Setting { owner, setting, value, allowed } => {
            InverseError::Parameter { owner, parameter: setting, value, allowed: allowed.to_owned() }
        }
        DensityError::TooFewRows { rows, needed } => {
            InverseError::TooFewRows { estimator: Mlp::NAME, needed, found: rows }
        }
        other => InverseError::Training { estimator: Mlp::NAME, reason: other.to_string() },
    }
}

impl Fitted for Network {
    fn kind(&self) -> &'static str {
        "mlp"
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Array2<f64> {
        self.regression.predict(features)
    }

    fn check(&self, features: usize, targets: usize) -> Result<(), InverseError> {
        check_length("fitted.mlp.target_means", self.regression.target_count(), targets, "targets")?;
        if self.regression.feature_count() != features {
            let problem = format!("is {}; the model has {features} features", self.regression.feature_count());
            return Err(InverseError::Document { field: "fitted.mlp.features".to_owned(), problem });
        }
        Ok(())
    }

    fn losses(&self) -> Vec<Loss> {
        self.losses.clone()
    }

    fn store(&self) -> Stored {
        // No array holds NaN: where no row was set aside there is no column for it.
        let columns = if self.settings.early_stopping { 2 } else { 1 };
        let of = |loss: &Loss| [loss.training, loss.validation].into_iter().take(columns).collect::<Vec<_>>();
        let losses: Vec<f64> = self.losses.iter().flat_map(of).collect();
        let mut stored = Stored::default()
            .with_setting("settings", serde_json::to_value(&self.settings).unwrap_or(Value::Null))
            .with_setting("features", self.regression.feature_count())
            .with("losses", &[self.losses.len(), columns], losses);
        for Array { name, shape, values } in self.regression.arrays() {
            stored = stored.with(name, &shape, values);
        }
        stored
    }
}
