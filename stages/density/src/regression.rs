//! Regression by a feed-forward network (multi-layer perceptron): several targets at once, the last layer linear.
//!
//! What is made small is, as in scikit-learn's MLPRegressor, the mean over the rows of a batch of |y - f(x)|^2 / 2, plus alpha |W|^2 / (2 rows) with all weights
//! (not biases) W, by Adam. Weights and biases begin uniform within sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010). Training ends when the loss of
//! `patience` epochs and one more has not been lower than the lowest before by `tolerance` per target; with `early_stopping` that is the loss of rows set aside,
//! and the weights with the lowest are kept. scikit-learn scores those rows by R^2, whose gain of `tolerance` is that of half of it in this loss.
//!
//! Targets are scaled to mean 0 and standard deviation 1 inside, unless `scale_targets` is off (scikit-learn leaves that to its user); features are taken as
//! they come.
//!
//! | setting | default | meaning | range |
//! |---|---|---|---|
//! | hidden | [50, 50] | widths of the hidden layers | each 1 to 10,000; at most 20 |
//! | activation | relu | what bends hidden layers: relu, tanh | |
//! | alpha | 0.0001 | penalty of squared weights | >= 0 |
//! | learning_rate | 0.001 | of Adam | above 0, at most 1 |
//! | batch | 200 | rows per step | >= 1 |
//! | max_epochs | 200 | most passes over the rows | >= 1 |
//! | tolerance | 0.0001 | least gain per target that counts | >= 0 |
//! | patience | 10 | epochs without gain | >= 1 |
//! | early_stopping | false | whether rows are set aside | |
//! | validation_fraction | 0.1 | how many, rounded, at least 1 | above 0, below 1 |
//! | scale_targets | true | | |

use lapicque_numerics::random::StreamKey;
use ndarray::{Array2, ArrayView2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arrays::{Array, take, wrong};
use crate::columns::{Scaling, check_table, scaled_columns, scaled_rows};
use crate::descent::{Batch, Descent, EpochLoss, Objective, Rows, Watch, descend};
use crate::error::DensityError;
use crate::layers::{Bend, Perceptron};
use crate::settings::{check_hidden, real, whole};

/// Rows that are predicted together.
const TOGETHER: usize = 256;

/// What bends the hidden layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// The larger of x and 0.
    Relu,
    /// The hyperbolic tangent.
    Tanh,
}

/// A network, and how it is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RegressionSettings {
    /// Widths of the hidden layers, each 1 to 10,000.
    pub hidden: Vec<usize>,
    /// What bends the hidden layers.
    pub activation: Activation,
    /// Penalty of squared weights, at least 0.
    pub alpha: f64,
    /// Learning rate of Adam, above 0.
    pub learning_rate: f64,
    /// Rows per step, at least 1.
    pub batch: usize,
    /// Most passes over the rows, at least 1.
    pub max_epochs: usize,
    /// Least gain of the loss, per target, that counts as one.
    pub tolerance: f64,
    /// Epochs without gain before training ends, at least 1.
    pub patience: usize,
    /// Whether rows are set aside to see when to stop.
    pub early_stopping: bool,
    /// Fraction of the rows that is set aside.
    pub validation_fraction: f64,
    /// Whether targets are scaled to mean 0 and standard deviation 1 inside.
    pub scale_targets: bool,
}

impl Default for RegressionSettings {
    fn default() -> Self {
        Self {
            hidden: vec![50, 50],
            activation: Activation::Relu,
            alpha: 1e-4,
            learning_rate: 1e-3,
            batch: 200,
            max_epochs: 200,
            tolerance: 1e-4,
            patience: 10,
            early_stopping: false,
            validation_fraction: 0.1,
            scale_targets: true,
        }
    }
}

/// A trained network. Equal settings and equal arrays give equal bits.
#[derive(Debug, Clone, PartialEq)]
pub struct Regression {
    feature_count: usize,
    network: Perceptron,
    targets: Scaling,
    /// Trained in 32 bits, evaluated in 64.
    parameters: Vec<f64>,
}

/// Trains a network that maps rows of `features` to rows of `targets`, and gives it with the loss of each epoch.
///
/// # Errors
/// Settings out of range; tables without columns, with unequal numbers of rows, without rows (fewer than 2 where some are set aside), or with numbers that are not
/// finite; a loss that is not finite; [`DensityError::Cancelled`].
pub fn train_regression(
    settings: &RegressionSettings,
    features: ArrayView2<'_, f64>,
    targets: ArrayView2<'_, f64>,
    stream: StreamKey,
    watch: Watch<'_>,
) -> Result<(Regression, Vec<EpochLoss>), DensityError> {
    settings.check()?;
    check_table(features, "features")?;
    check_table(targets, "targets")?;
    let count = features.nrows();
    if count != targets.nrows() {
        return Err(DensityError::Rows {
            what: "targets",
            values: targets.nrows(),
            other: "features",
            contexts: count,
        });
    }
    let needed = if settings.early_stopping { 2 } else { 1 };
    if count < needed {
        return Err(DensityError::TooFewRows { rows: count, needed });
    }
    let mut order: Vec<usize> = (0..count).collect();
    let mut held = Vec::new();
    if settings.early_stopping {
        stream.stream("rows set aside", 0).shuffle(&mut order);
        let aside = (count as f64 * settings.validation_fraction).round() as usize;
        held = order.split_off(count - aside.clamp(1, count - 1));
    }
    let mut scaling =
        if settings.scale_targets { Scaling::of(targets, &order, "targets")? } else { Scaling::none(targets.ncols()) };
    let as_they_come = Scaling::none(features.ncols());
    let rows = |rows: &[usize]| Rows {
        values: scaled_rows(targets, rows, &scaling),
        value_count: targets.ncols(),
        contexts: scaled_rows(features, rows, &as_they_come),
        context_count: features.ncols(),
        count: rows.len(),
    };
    let network = settings.network(features.ncols(), targets.ncols());
    let mut parameters: Vec<f32> = network.glorot(&mut stream.stream("initial weights", 0));
    let objective = SquaredError { network: &network, alpha: settings.alpha };
    let gain = if settings.early_stopping { 0.5 } else { 1.0 };
    let descent = Descent {
        batch: settings.batch,
        learning_rate: settings.learning_rate,
        clip: None,
        max_epochs: settings.max_epochs,
        patience: settings.patience.saturating_add(1),
        tolerance: gain * settings.tolerance * targets.ncols() as f64,
    };
    let place = (0, stream.derive("order of rows"));
    let losses = descend(&objective, &mut parameters, (&rows(&order), &rows(&held)), &descent, place, watch)?;
    // A target that does not vary is what it is, whatever is left of the network's output.
    for (target, column) in targets.columns().into_iter().enumerate() {
        if order.iter().all(|&row| column[row] == column[order[0]]) {
            scaling.means[target] = column[order[0]];
            scaling.scales[target] = f64::MIN_POSITIVE;
        }
    }
    let parameters = parameters.into_iter().map(f64::from).collect();
    Ok((Regression { feature_count: features.ncols(), network, targets: scaling, parameters }, losses))
}

impl RegressionSettings {
    /// # Errors
    /// The first setting out of range.
    pub fn check(&self) -> Result<(), DensityError> {
        const OWNER: &str = "mlp";
        check_hidden(OWNER, &self.hidden)?;
        real(OWNER, "alpha", self.alpha, self.alpha >= 0.0 && self.alpha.is_finite(), "a finite number >= 0")?;
        let rate = self.learning_rate;
        real(OWNER, "learning_rate", rate, rate > 0.0 && rate <= 1.0, "above 0, at most 1")?;
        whole(OWNER, "batch", self.batch, 1..=usize::MAX, "a whole number >= 1")?;
        whole(OWNER, "max_epochs", self.max_epochs, 1..=usize::MAX, "a whole number >= 1")?;
        let tolerance = self.tolerance;
        real(OWNER, "tolerance", tolerance, tolerance >= 0.0 && tolerance.is_finite(), "a finite number >= 0")?;
        whole(OWNER, "patience", self.patience, 1..=usize::MAX, "a whole number >= 1")?;
        let fraction = self.validation_fraction;
        real(OWNER, "validation_fraction", fraction, fraction > 0.0 && fraction < 1.0, "above 0 and below 1")
    }

    fn network(&self, features: usize, targets: usize) -> Perceptron {
        let bend = match self.activation {
            Activation::Relu => Bend::Relu,
            Activation::Tanh => Bend::Tanh,
        };
        Perceptron::new(features, &self.hidden, targets, bend)
    }
}

struct SquaredError<'a> {
    network: &'a Perceptron,
    alpha: f64,
}

impl Objective<f32> for SquaredError<'_> {
    fn loss(&self, parameters: &[f32], batch: &Batch<f32>, gradient: Option<&mut [f32]>) -> f64 {
        let mut outs = self.network.forward(parameters, &batch.contexts, batch.count);
        let mut slopes = outs.pop().unwrap_or_default();
        slopes.iter_mut().zip(&batch.values).for_each(|(out, target)| *out -= *target);
        let loss = 0.5 * slopes.iter().map(|&residual| f64::from(residual) * f64::from(residual)).sum::<f64>();
        if let Some(gradient) = gradient {
            self.network.backward(parameters, gradient, (&batch.contexts, &outs), batch.count, slopes);
        }
        loss
    }

    fn penalty(&self, parameters: &[f32], count: usize, gradient: &mut [f32]) -> f64 {
        self.network.penalty(parameters, self.alpha / count as f64, gradient)
    }
}

impl Regression {
    /// Columns of features.
    pub fn feature_count(&self) -> usize {
        self.feature_count
    }

    /// Columns of targets.
    pub fn target_count(&self) -> usize {
        self.targets.means.len()
    }

    /// Rows x targets of rows x features. A row with a feature that is not finite gives NaN, and so do all rows of a table of another width.
    pub fn predict(&self, features: ArrayView2<'_, f64>) -> Array2<f64> {
        let mut predicted = Array2::from_elem((features.nrows(), self.target_count()), f64::NAN);
        if features.ncols() != self.feature_count {
            return predicted;
        }
        let as_they_come = Scaling::none(self.feature_count);
        for start in (0..features.nrows()).step_by(TOGETHER) {
            let rows = start..features.nrows().min(start + TOGETHER);
            let contexts = scaled_columns(features, rows.clone(), &as_they_come);
            let outs = self.network.forward(&self.parameters, &contexts, rows.len());
            let Some(out) = outs.last() else { continue };
            for row in rows.clone() {
                if features.row(row).iter().all(|value| value.is_finite()) {
                    for target in 0..self.target_count() {
                        let scaled = out[target * rows.len() + row - start];
                        predicted[[row, target]] = self.targets.unscaled(target, scaled);
                    }
                }
            }
        }
        predicted
    }

    /// Names of the arrays that a network has, in their order.
    pub const ARRAYS: [&'static str; 3] = ["target_means", "target_scales", "parameters"];

    /// What it learned: `target_means`, `target_scales`, and `parameters`, layer by layer: weights (outputs x inputs), then biases.
    pub fn arrays(&self) -> Vec<Array> {
        let [means, scales, parameters] = Self::ARRAYS;
        let array = |name, values: &Vec<f64>| Array { name, shape: vec![values.len()], values: values.clone() };
        vec![
            array(means, &self.targets.means),
            array(scales, &self.targets.scales),
            array(parameters, &self.parameters),
        ]
    }

    /// The network that has these settings, and gave these arrays (in any order).
    ///
    /// # Errors
    /// A setting out of range; the first array that is missing, not known, of another shape, or holds a number that it cannot hold.
    pub fn of_arrays(
        settings: &RegressionSettings,
        feature_count: usize,
        target_count: usize,
        mut arrays: Vec<Array>,
    ) -> Result<Self, DensityError> {
        settings.check()?;
        let [means, scales, parameters] = Self::ARRAYS;
        let means = take(&mut arrays, means, &[target_count])?;
        let scales = take(&mut arrays, scales, &[target_count])?;
        // A width beyond the number of parameters cannot fit, and need not be multiplied.
        let most = arrays.iter().find(|array| array.name == parameters).map_or(0, |array| array.values.len());
        let network = settings.network(feature_count.min(most), target_count);
        let parameters = take(&mut arrays, parameters, &[network.parameter_count()])?;
        if let Some(left) = arrays.first() {
            return wrong(left.name, "is not known here".to_owned());
        }
        let targets = Scaling { means, scales };
        targets.check(Self::ARRAYS[1])?;
        Ok(Self { feature_count, network, targets, parameters })
    }
}
