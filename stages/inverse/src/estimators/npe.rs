//! Neural posterior estimation (Papamakarios, Murray 2016, NeurIPS; Greenberg, Nonnenmacher, Macke 2019, ICML).
//!
//! A conditional density q(theta | x) is trained on pairs of targets theta_i, drawn from their prior, and features x_i by
//! min - sum_i ln q(theta_i | x_i); with enough samples q is the posterior p(theta | x) under that prior. [`crate::DensityPosterior`] says how it stays within
//! the prior.
//!
//! | parameter | default | unit | meaning | range |
//! |---|---|---|---|---|
//! | density | nsf | - | the family of densities, alone or with its parameters; maf is better where posteriors are close to Gaussian | mdn, maf, nsf |
//! | space | unbounded | - | what the density is one of: standard normal variables that the priors map targets to, or the targets themselves | unbounded, raw |
//! | training | 5 members, batches of 50, else as sbi 0.27 | - | batch, learning rate, when to stop, members of the ensemble | as said there |
//!
//! Why `unbounded`: with `raw`, a density has to fall off a cliff at the bounds of a prior where the posterior has mass there. It leaks over them, draws outside are
//! rejected (which may find next to none), and each density costs 10,000 draws that normalize it. Measured, each the mean over observations:
//!
//! | problem | measure | samples | unbounded | raw |
//! |---|---|---|---|---|
//! | linear Gaussian under a box, `nsf`, 2 members | half the absolute difference to the analytic density | 1000 | 0.114 | 0.129 |
//! | | | 5000 | 0.085 | 0.097 |
//! | the same, `mdn` of 4, in a corner | | 10,000 | 0.061 | 0.180 |
//! | two moons, `nsf`, 5 members | C2ST (published: 0.725) | 1000 | 0.708 | 0.621 |
//! | two moons, `nsf`, 2 members | C2ST (published: 0.606) | 10,000 | 0.552 | 0.526 |
//!
//! Two moons has narrow posteriors far from its bounds, whose shape is the same everywhere: there `raw` has less to learn.

use std::sync::Arc;

use lapicque_density::{ConditionalDensity as _, DensityKind, NeuralSplineFlow, Training};
use ndarray::{Array2, ArrayView2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::learned_density::{LearnedDensity, learn, normal_targets, setting};
use super::{Estimator, FitContext, Fitted, Listed, Loss, Stored};
use crate::error::{check_length, of_density};
use crate::posterior::posterior_means;
use crate::{DensityPosterior, InverseError, JointPrior, Posterior, Space};

/// The posterior of the targets by a density that is trained on samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Npe {
    /// The family of densities.
    pub density: DensityKind,
    /// What the density is one of: `unbounded` cannot leave the prior, `raw` rejects draws that do.
    pub space: Space,
    /// How it is trained, and how many members the ensemble has.
    pub training: Training,
}

impl Default for Npe {
    fn default() -> Self {
        let density = DensityKind::Nsf(NeuralSplineFlow::default());
        Self { density, space: Space::default(), training: Training::default() }
    }
}

impl Listed for Npe {
    const NAME: &'static str = "npe";
    const SUMMARY: &'static str = "Posterior by a conditional density of targets given features, trained on samples.";

    fn restore(mut stored: Stored) -> Result<Box<dyn Fitted>, InverseError> {
        let learned = LearnedDensity::take(&mut stored)?;
        let space = setting(&mut stored, "space")?;
        stored.finish()?;
        Ok(Box::new(FittedNpe::of(learned, space)))
    }
}

impl Estimator for Npe {
    fn check(&self) -> Result<(), InverseError> {
        self.density.check().map_err(of_density)?;
        self.training.check().map_err(of_density)
    }

    fn fit(
        &self,
        features: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        context: &FitContext<'_>,
    ) -> Result<Box<dyn Fitted>, InverseError> {
        self.check()?;
        let prior = JointPrior::of_training(context.priors, targets)?;
        let learned = match self.space {
            Space::Unbounded => {
                let z = normal_targets(&prior, targets);
                learn(&self.density, &self.training, (z.view(), features), prior, context)?
            }
            Space::Raw => learn(&self.density, &self.training, (targets, features), prior, context)?,
        };
        Ok(Box::new(FittedNpe::of(learned, self.space)))
    }

    fn is_random(&self) -> bool {
        true
    }

    fn uses_priors(&self) -> bool {
        true
    }

    fn is_trained_in_steps(&self) -> bool {
        true
    }
}

/// What was learned.
#[derive(Debug)]
struct FittedNpe {
    learned: LearnedDensity,
    posterior: DensityPosterior,
}

impl FittedNpe {
    fn of(learned: LearnedDensity, space: Space) -> Self {
        let density = Arc::new(learned.density.clone());
        let posterior = DensityPosterior { density, prior: learned.prior.clone(), space };
        Self { learned, posterior }
    }
}

impl Fitted for FittedNpe {
    fn kind(&self) -> &'static str {
        "posterior_density"
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Array2<f64> {
        posterior_means(&self.posterior, features, self.learned.prior.targets().len())
    }

    fn check(&self, features: usize, targets: usize) -> Result<(), InverseError> {
        let field = |name: &str| format!("fitted.posterior_density.{name}");
        check_length(&field("contexts"), self.learned.density.context_count(), features, "features")?;
        check_length(&field("values"), self.learned.density.value_count(), targets, "targets")?;
        check_length(&field("priors"), self.learned.prior.targets().len(), targets, "targets")
    }

    fn posterior(&self) -> Option<&dyn Posterior> {
        Some(&self.posterior)
    }

    fn losses(&self) -> Vec<Loss> {
        self.learned.losses.clone()
    }

    fn store(&self) -> Stored {
        let space = serde_json::to_value(self.posterior.space).unwrap_or(Value::Null);
        self.learned.store().with_setting("space", space)
    }
}
