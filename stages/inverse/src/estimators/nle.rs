//! Neural likelihood estimation (Papamakarios, Sterratt, Murray 2019, AISTATS).
//!
//! A conditional density q(x | theta) of features given targets is trained by min - sum_i ln q(x_i | theta_i). The posterior is q(x | theta) p(theta), up to a
//! constant, and is sampled by slices ([`crate::LikelihoodPosterior`]). It needs no particular prior for training, and many evaluations for each row: the check
//! of [`super::Npe`] on the same problem. Its densities lack a constant, so they compare values for one row of features alone. Features that depend on each
//! other exactly have no density; leave all but one out.
//!
//! | parameter | default | unit | meaning | range |
//! |---|---|---|---|---|
//! | density | maf | - | the family of densities, with its parameters | mdn, maf, nsf |
//! | training | 5 members, batches of 50, else as sbi 0.27 | - | batch, learning rate, when to stop, members of the ensemble | as said there |
//! | chains | 64 chains | - | how the posterior is sampled | as said there |

use std::sync::Arc;

use lapicque_density::{ConditionalDensity as _, DensityKind, Training};
use ndarray::{Array2, ArrayView2};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::learned_density::{LearnedDensity, learn, normal_targets, setting};
use super::{Estimator, FitContext, Fitted, Listed, Loss, Stored};
use crate::error::{check_length, of_density};
use crate::posterior::{Chains, posterior_means};
use crate::{InverseError, JointPrior, LikelihoodPosterior, Posterior};

/// The posterior of the targets by a density of features, trained on samples, and the prior.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Nle {
    /// The family of densities of the features.
    pub density: DensityKind,
    /// How it is trained, and how many members the ensemble has.
    pub training: Training,
    /// How the posterior is sampled.
    pub chains: Chains,
}

impl Listed for Nle {
    const NAME: &'static str = "nle";
    const SUMMARY: &'static str = "Posterior by a conditional density of features given targets, sampled by slices.";

    fn restore(mut stored: Stored) -> Result<Box<dyn Fitted>, InverseError> {
        let learned = LearnedDensity::take(&mut stored)?;
        let chains: Chains = setting(&mut stored, "chains")?;
        stored.finish()?;
        chains.check(Self::NAME)?;
        Ok(Box::new(FittedNle::of(learned, chains)))
    }
}

impl Estimator for Nle {
    fn check(&self) -> Result<(), InverseError> {
        self.density.check().map_err(of_density)?;
        self.training.check().map_err(of_density)?;
        self.chains.check(Self::NAME)
    }

    fn fit(
        &self,
        features: ArrayView2<'_, f64>,
        targets: ArrayView2<'_, f64>,
        context: &FitContext<'_>,
    ) -> Result<Box<dyn Fitted>, InverseError> {
        self.check()?;
        let prior = JointPrior::of_training(context.priors, targets)?;
        let z = normal_targets(&prior, targets);
        let learned = learn(&self.density, &self.training, (features, z.view()), prior, context)?;
        Ok(Box::new(FittedNle::of(learned, self.chains)))
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
struct FittedNle {
    learned: LearnedDensity,
    posterior: LikelihoodPosterior,
}

impl FittedNle {
    fn of(learned: LearnedDensity, chains: Chains) -> Self {
        let density = Arc::new(learned.density.clone());
        let posterior = LikelihoodPosterior { density, prior: learned.prior.clone(), chains };
        Self { learned, posterior }
    }
}

impl Fitted for FittedNle {
    fn kind(&self) -> &'static str {
        "likelihood_density"
    }

    fn predict(&self, features: ArrayView2<'_, f64>) -> Array2<f64> {
        posterior_means(&self.posterior, features, self.learned.prior.targets().len())
    }

    fn check(&self, features: usize, targets: usize) -> Result<(), InverseError> {
        let field = |name: &str| format!("fitted.likelihood_density.{name}");
        check_length(&field("values"), self.learned.density.value_count(), features, "features")?;
        check_length(&field("contexts"), self.learned.density.context_count(), targets, "targets")?;
        check_length(&field("priors"), self.learned.prior.targets().len(), targets, "targets")
    }

    fn posterior(&self) -> Option<&dyn Posterior> {
        Some(&self.posterior)
    }

    fn losses(&self) -> Vec<Loss> {
        self.learned.losses.clone()
    }

    fn store(&self) -> Stored {
        let chains = serde_json::to_value(self.posterior.chains).unwrap_or(Value::Null);
        self.learned.store().with_setting("chains", chains)
    }
}
