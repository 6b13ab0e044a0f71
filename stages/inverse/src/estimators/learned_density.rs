//! What estimators of posteriors by densities share: the training of a density, watched, and what is kept of it beside the prior.

use std::sync::Mutex;

use lapicque_density::{
    Array, ConditionalDensity as _, Density, DensityKind, EpochLoss, Training, Watch, train_density,
};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{FitContext, Loss, Stored};
use crate::error::of_density;
use crate::{InverseError, JointPrior, Prior};

/// A density, the prior it was trained under, and how the training went.
#[derive(Debug, Clone)]
pub(super) struct LearnedDensity {
    pub(super) density: Density,
    pub(super) prior: JointPrior,
    pub(super) losses: Vec<Loss>,
}

/// Trains, on the threads of the context.
pub(super) fn learn(
    kind: &DensityKind,
    training: &Training,
    (values, contexts): (ArrayView2<'_, f64>, ArrayView2<'_, f64>),
    prior: JointPrior,
    context: &FitContext<'_>,
) -> Result<LearnedDensity, InverseError> {
    context.look()?;
    // How many epochs there will be is not known: each counts less than the one before.
    let halfway = (3 * training.patience) as f64;
    let told = Mutex::new(vec![0.0; training.members]);
    let epoch = |loss: EpochLoss| {
        let done = loss.epoch as f64 / (loss.epoch as f64 + halfway) / training.members as f64;
        if let Ok(mut told) = told.lock() {
            let before = std::mem::replace(&mut told[loss.member], done);
            (context.progress)((done - before).max(0.0));
        }
    };
    let watch = Watch { cancelled: context.cancelled, epoch: &epoch };
    let trained = context
        .on_threads(|| train_density(kind, training, values, contexts, context.stream, watch))
        .map_err(of_density)?;
    let told: f64 = told.lock().map_or(0.0, |told| told.iter().sum());
    (context.progress)((1.0 - told).max(0.0));
    let loss = |loss: &EpochLoss| Loss {
        member: loss.member,
        epoch: loss.epoch,
        training: loss.training,
        validation: loss.validation,
    };
    Ok(LearnedDensity { density: trained.density, prior, losses: trained.losses.iter().map(loss).collect() })
}

/// Training targets as standard normal variables. Those on a bound, or nearer to it than a quarter of what each row stands for, are taken to lie there: a grid
/// that includes its bounds has such.
pub(super) fn normal_targets(prior: &JointPrior, targets: ArrayView2<'_, f64>) -> Array2<f64> {
    let outermost = Prior::Normal { mean: 0.0, sd: 1.0 }.quantile(0.25 / targets.nrows() as f64).abs();
    let bounded: Vec<bool> =
        prior.targets().iter().map(|prior| prior.support().0.is_finite() && prior.support().1.is_finite()).collect();
    let mut z = prior.to_normal(targets);
    for mut row in z.rows_mut() {
        for (value, _) in row.iter_mut().zip(&bounded).filter(|(_, bounded)| **bounded) {
            *value = value.clamp(-outermost, outermost);
        }
    }
    z
}

impl LearnedDensity {
    pub(super) fn store(&self) -> Stored {
        let kind = serde_json::to_value(self.density.kind()).unwrap_or(Value::Null);
        let mut stored = store_prior(&self.prior, Stored::default())
            .with_setting("density", kind)
            .with_setting("values", self.density.value_count())
            .with_setting("contexts", self.density.context_count());
        for array in self.density.arrays() {
            stored = stored.with(array.name, &array.shape, array.values);
        }
        let losses = self.losses.iter();
        let losses: Vec<f64> =
            losses.flat_map(|loss| [loss.member as f64, loss.epoch as f64, loss.training, loss.validation]).collect();
        stored.with("losses", &[self.losses.len(), 4], losses)
    }

    pub(super) fn take(stored: &mut Stored) -> Result<Self, InverseError> {
        let prior = take_prior(stored)?;
        let kind: DensityKind = setting(stored, "density")?;
        let value_count: usize = setting(stored, "values")?;
        let context_count: usize = setting(stored, "contexts")?;
        let mut arrays = Vec::new();
        for name in Density::ARRAYS {
            let (shape, values) = stored.take::<2>(name)?;
            arrays.push(Array { name, shape: shape.to_vec(), values });
        }
        let ([_, columns], losses) = stored.take::<2>("losses")?;
        if columns != 4 {
            return stored.wrong("losses", format!("has {columns} columns; it must have 4"));
        }
        let density = match Density::of_arrays(&kind, value_count, context_count, arrays) {
            Ok(density) => density,
            Err(error) => return stored.wrong("density", error.to_string()),
        };
        let losses = losses.chunks_exact(4).map(|line| Loss {
            member: line[0] as usize,
            epoch: line[1] as usize,
            training: line[2],
            validation: line[3],
        });
        Ok(Self { density, prior, losses: losses.collect() })
    }
}

/// What is kept of the prior of one target.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptPrior {
    prior: Prior,
    assumed: bool,
}

/// With the priors, by the positions of their targets.
pub(super) fn store_prior(prior: &JointPrior, stored: Stored) -> Stored {
    let targets = prior.targets().iter().zip(prior.assumed()).enumerate();
    let kept = targets.map(|(target, (prior, &assumed))| {
        let kept = KeptPrior { prior: prior.clone(), assumed };
        (target.to_string(), serde_json::to_value(kept).unwrap_or(Value::Null))
    });
    stored.with_setting("priors", Value::Object(kept.collect()))
}

pub(super) fn take_prior(stored: &mut Stored) -> Result<JointPrior, InverseError> {
    let kept: Map<String, Value> = setting(stored, "priors")?;
    let (mut targets, mut assumed) = (Vec::new(), Vec::new());
    for (place, (name, value)) in kept.into_iter().enumerate() {
        let field = format!("priors.{name}");
        if name != place.to_string() {
            return stored.wrong(&field, format!("stands where `{place}` is due"));
        }
        match serde_json::from_value::<KeptPrior>(value) {
            Ok(kept) => {
                targets.push(kept.prior);
                assumed.push(kept.assumed);
            }
            Err(error) => return stored.wrong(&field, format!("is no prior: {error}")),
        }
    }
    match JointPrior::with_assumed(targets, assumed) {
        Ok(prior) => Ok(prior),
        Err(error) => stored.wrong("priors", format!("is not what it should be: {error}")),
    }
}

/// Takes out a setting that has a type of its own.
pub(super) fn setting<T: serde::de::DeserializeOwned>(stored: &mut Stored, name: &str) -> Result<T, InverseError> {
    let Some(value) = stored.take_setting(name) else {
        return stored.wrong(name, "is missing".to_owned());
    };
    match serde_json::from_value(value) {
        Ok(value) => Ok(value),
        Err(error) => stored.wrong(name, format!("is not what it should be: {error}")),
    }
}
