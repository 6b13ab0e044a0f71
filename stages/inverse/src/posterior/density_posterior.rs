//! The posterior as a conditional density, and how it stays where the prior has mass.
//!
//! - `unbounded`: the density is one of z_j = Phi^-1(F_j(theta_j)), where F_j is the distribution function of target j's prior. Targets have the density
//!   q(z | x) prod_j p_j(theta_j) / phi(z_j). All of it lies within the prior and integrates to 1; nothing is ever rejected, and where features tell nothing of a
//!   target, z_j is just standard normal.
//! - `raw`: the density is one of the targets themselves. Draws outside the prior are rejected, at most so many that drawing ends, and densities are divided by
//!   the part that lies within, which [`NORMALIZING_DRAWS`] draws of one fixed stream tell: with a part a accepted, its relative standard error is
//!   sqrt((1 - a) / (10,000 a)), 1 % for one half.

use std::sync::Arc;

use lapicque_density::ConditionalDensity;
use lapicque_numerics::random::StreamKey;
use lapicque_numerics::special::LOG_SQRT_TWO_PI;
use ndarray::{Array2, ArrayView2, Axis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Draws, Posterior, check_features, check_values};
use crate::{InverseError, JointPrior};

/// What a density of targets is learned of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Space {
    /// Standard normal variables that the priors map targets to: nothing can lie outside of the prior.
    #[default]
    Unbounded,
    /// The targets themselves: draws outside of the prior are rejected.
    Raw,
}

/// A posterior by conditional densities of targets given features.
#[derive(Debug, Clone)]
pub struct DensityPosterior {
    /// Of the targets, or of what they are mapped to, given features.
    pub density: Arc<dyn ConditionalDensity>,
    /// What was known of the targets when the density was trained.
    pub prior: JointPrior,
    /// What the density is one of.
    pub space: Space,
}

/// Draws that are made at once, each lot with a generator of its own.
const LOT: usize = 256;
/// Draws after which it is known whether sampling will end.
const TRIED: usize = 100_000;
/// The part of draws that must lie within the prior.
const LEAST_ACCEPTED: f64 = 1e-3;
/// Draws that tell which part of the density lies within the prior.
pub const NORMALIZING_DRAWS: usize = 10_000;
/// Values on a bound are taken to lie where rounding ends: Phi(-8.2) is about 2^-53.
pub(super) const FARTHEST: f64 = 8.2;

impl DensityPosterior {
    /// Draws of the density itself, those outside of the prior among them.
    fn lot(&self, features: &[f64], stream: &StreamKey, lot: usize) -> Array2<f64> {
        let draws = self.density.draw(features, LOT, &mut stream.stream("lot", lot as u64));
        match self.space {
            Space::Unbounded => self.prior.from_normal(draws.view()),
            Space::Raw => draws,
        }
    }

    fn log_of_density(&self, features: &[f64], values: ArrayView2<'_, f64>) -> Vec<f64> {
        match ArrayView2::from_shape((1, features.len()), features) {
            Ok(context) if values.nrows() > 0 => self.density.log_density(values, context),
            _ => vec![f64::NAN; values.nrows()],
        }
    }

    /// The logarithm of the part of the density that lies within the prior.
    fn log_part_within(&self, features: &[f64]) -> Result<f64, InverseError> {
        let bounded = self.prior.targets().iter().any(|prior| prior.support() != (f64::NEG_INFINITY, f64::INFINITY));
        if self.space == Space::Unbounded || !bounded {
            return Ok(0.0);
        }
        let stream = StreamKey::new(*b"part within     ");
        let (mut within, mut proposed) = (0, 0);
        while proposed < NORMALIZING_DRAWS {
            let draws = self.lot(features, &stream, proposed / LOT);
            within += draws.rows().into_iter().filter(|row| self.prior.contains(&row.to_vec())).count();
            proposed += LOT;
        }
        let least = (LEAST_ACCEPTED * proposed as f64).ceil() as usize;
        if within < least {
            return Err(InverseError::LittleMass { accepted: within, proposed, least });
        }
        Ok((within as f64 / proposed as f64).ln())
    }
}

impl Posterior for DensityPosterior {
    fn draw(&self, features: &[f64], count: usize, stream: StreamKey) -> Result<Draws, InverseError> {
        check_features(features, self.density.context_count())?;
        let targets = self.prior.targets().len();
        let mut values: Vec<f64> = Vec::with_capacity(count * targets);
        let (mut accepted, mut proposed) = (0, 0);
        while accepted < count {
            let draws = self.lot(features, &stream, proposed / LOT);
            proposed += LOT;
            if draws.iter().all(|value| value.is_nan()) {
                return Err(InverseError::LittleMass { accepted, proposed, least: count });
            }
            for row in draws.rows() {
                let row = row.to_vec();
                if accepted < count && self.prior.contains(&row) {
                    values.extend(row);
                    accepted += 1;
                }
            }
            // Whether drawing goes on does not depend on how many are wanted, beyond whether these are reached.
            let least = (LEAST_ACCEPTED * proposed as f64) as usize;
            if proposed >= TRIED && accepted < least.min(count) {
                return Err(InverseError::LittleMass { accepted, proposed, least });
            }
        }
        let shape = |_| InverseError::Overflow;
        let values = Array2::from_shape_vec((count, targets), values).map_err(shape)?;
        let log_density = self.log_density(features, values.view())?;
        Ok(Draws { values, log_density })
    }

    fn prior(&self) -> &JointPrior {
        &self.prior
    }

    fn log_density(&self, features: &[f64], values: ArrayView2<'_, f64>) -> Result<Vec<f64>, InverseError> {
        check_features(features, self.density.context_count())?;
        check_values(values, self.prior.targets().len())?;
        let log_prior: Vec<f64> = values.rows().into_iter().map(|row| self.prior.log_density(&row.to_vec())).collect();
        // Values outside of the prior have no place in the space of the density.
        let inside: Vec<usize> = (0..values.nrows()).filter(|&row| log_prior[row].is_finite()).collect();
        let within = values.select(Axis(0), &inside);
        let mut found = log_prior.clone();
        match self.space {
            Space::Unbounded => {
                let z = self.prior.to_normal(within.view());
                let z = z.mapv(|z| if z.is_infinite() { FARTHEST.copysign(z) } else { z });
                let densities = self.log_of_density(features, z.view());
                for ((&row, density), z) in inside.iter().zip(densities).zip(z.rows()) {
                    found[row] += density + z.iter().map(|z| z * z / 2.0 + LOG_SQRT_TWO_PI).sum::<f64>();
                }
            }
            Space::Raw => {
                let log_part = self.log_part_within(features)?;
                for (&row, density) in inside.iter().zip(self.log_of_density(features, within.view())) {
                    found[row] = density - log_part;
                }
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests;
