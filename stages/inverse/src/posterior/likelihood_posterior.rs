//! The posterior of a likelihood: a density of features given targets, times the prior, sampled by slices.
//!
//! Targets enter as z_j = Phi^-1(F_j(theta_j)) with the distribution functions F_j of their priors, so that the posterior is q(x | z) prod_j phi(z_j) over all of
//! space, without bounds. Chains begin at draws of the prior, weighted by their likelihoods: [`PRIOR_DRAWS`] are looked at. Several modes keep the weights that
//! the start gives them where no slice leads from one to the other.

use std::sync::Arc;

use lapicque_density::ConditionalDensity;
use lapicque_numerics::random::{Generator, StreamKey};
use ndarray::{Array2, ArrayView2};

use super::density_posterior::FARTHEST;
use super::{Chains, Draws, Posterior, check_features, check_values};
use crate::{InverseError, JointPrior};

/// A posterior by a conditional density of features given targets.
#[derive(Debug, Clone)]
pub struct LikelihoodPosterior {
    /// Of features, given the standard normal variables that targets are mapped to.
    pub density: Arc<dyn ConditionalDensity>,
    /// What was known of the targets.
    pub prior: JointPrior,
    /// How it is sampled.
    pub chains: Chains,
}

/// Draws of the prior among which chains begin.
pub const PRIOR_DRAWS: usize = 5000;

impl LikelihoodPosterior {
    /// The logarithm of the density of features given each row of z; NaN where it is not known.
    fn log_likelihood(&self, features: &[f64], z: ArrayView2<'_, f64>) -> Vec<f64> {
        match ArrayView2::from_shape((1, features.len()), features) {
            Ok(values) if z.nrows() > 0 => self.density.log_density(values, z),
            _ => vec![f64::NAN; z.nrows()],
        }
    }

    /// One place per chain, drawn among draws of the prior by their likelihoods.
    fn starts(&self, features: &[f64], generator: &mut Generator) -> Result<Array2<f64>, InverseError> {
        let targets = self.prior.targets().len();
        let z = Array2::from_shape_simple_fn((PRIOR_DRAWS, targets), || generator.normal());
        let logs = self.log_likelihood(features, z.view());
        let most = logs.iter().copied().filter(|log| log.is_finite()).fold(f64::NEG_INFINITY, f64::max);
        let weight = |log: f64| if log.is_finite() { (log - most).exp() } else { 0.0 };
        let total: f64 = logs.iter().map(|log| weight(*log)).sum();
        if total.is_nan() || total <= 0.0 {
            return Err(InverseError::NoLikelihood { tried: PRIOR_DRAWS });
        }
        // Systematic resampling: one uniform number, then equal steps of the summed weights.
        let step = total / self.chains.count as f64;
        let mut wanted = step * generator.uniform();
        let (mut passed, mut start) = (0.0, Array2::zeros((self.chains.count, targets)));
        let mut chain = 0;
        for (row, log) in z.rows().into_iter().zip(&logs) {
            passed += weight(*log);
            while chain < self.chains.count && wanted < passed {
                start.row_mut(chain).assign(&row);
                chain += 1;
                wanted += step;
            }
        }
        // Rounding may leave the last one without a place.
        for rest in chain.max(1)..self.chains.count {
            let before = start.row(rest - 1).to_owned();
            start.row_mut(rest).assign(&before);
        }
        Ok(start)
    }
}

impl Posterior for LikelihoodPosterior {
    fn draw(&self, features: &[f64], count: usize, stream: StreamKey) -> Result<Draws, InverseError> {
        check_features(features, self.density.value_count())?;
        let start = self.starts(features, &mut stream.stream("start", 0))?;
        let log_density = |z: ArrayView2<'_, f64>| -> Vec<f64> {
            let log_prior = z.rows().into_iter().map(|z| -z.iter().map(|z| z * z / 2.0).sum::<f64>());
            self.log_likelihood(features, z)
                .into_iter()
                .zip(log_prior)
                .map(|(of_features, of_z)| of_features + of_z)
                .collect()
        };
        let z = self.chains.sample(&log_density, start, count, stream);
        let values = self.prior.from_normal(z.view());
        let log_density = self.log_density(features, values.view())?;
        Ok(Draws { values, log_density })
    }

    fn prior(&self) -> &JointPrior {
        &self.prior
    }

    fn log_density(&self, features: &[f64], values: ArrayView2<'_, f64>) -> Result<Vec<f64>, InverseError> {
        check_features(features, self.density.value_count())?;
        check_values(values, self.prior.targets().len())?;
        let log_prior: Vec<f64> = values.rows().into_iter().map(|row| self.prior.log_density(&row.to_vec())).collect();
        let z = self.prior.to_normal(values);
        let z = z.mapv(|z| if z.is_infinite() { FARTHEST.copysign(z) } else { z });
        let of_features = self.log_likelihood(features, z.view());
        // What the density does not know is no likelihood; values that are NaN stay so.
        let known = |log: f64| if log.is_nan() { f64::NEG_INFINITY } else { log };
        let sum = |(log_prior, of_features): (f64, f64)| {
            if log_prior == f64::NEG_INFINITY || log_prior.is_nan() {
                log_prior
            } else {
                log_prior + known(of_features)
            }
        };
        Ok(log_prior.into_iter().zip(of_features).map(sum).collect())
    }

    fn is_normalized(&self) -> bool {
        false
    }
}
