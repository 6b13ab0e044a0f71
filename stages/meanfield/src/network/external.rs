//! Rates of the external drive that put a network at a given working point (Senk et al. 2020, App F).
//!
//! With nu* = F(mu*, sigma*) the network itself contributes mu_loc and sigma_loc^2; the drives have to add the rest:
//! sum K_ext J_ext nu_ext = (mu* - mu_loc - R I)/tau_m, sum K_ext <J_ext^2> nu_ext = (sigma*^2 - sigma_loc^2)/tau_m.
//! Two drives of a population fulfil both; with one the sum of squares is least, both equations in units of the
//! largest weight; of more, the rates with the least sum of squares are taken.

use nalgebra::{DVector, Matrix2xX, Vector2};
use thiserror::Error;

use super::checks::one_for_each;
use super::{ParameterError, Parameters, input};
use crate::neuron::{Input, NeuronError, Synapses, firing_rate};

/// Rates of the drives, and what the populations then receive.
#[derive(Debug, Clone, PartialEq)]
pub struct ExternalRates {
    /// Of each drive of each population, Hz.
    pub drives_hz: Vec<Vec<f64>>,
    /// Of the populations at the working point, Hz.
    pub rates_hz: Vec<f64>,
    /// What is reached; what was asked for, if each population has two drives of different weights.
    pub input: Vec<Input>,
}

/// Why no external rates were found.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ExternalRateError {
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    #[error("population `{population}`: {source}")]
    Neuron { population: String, source: NeuronError },
    #[error("`{population}` has no free drive with synapses, so that its input cannot be set")]
    NoDrive { population: String },
    #[error(
        "`{population}.drives[{drive}]` would need a rate of {rate_hz} Hz: this input cannot be reached by these drives with the least rates"
    )]
    Negative { population: String, drive: usize, rate_hz: f64 },
}

/// Rates of the drives at which each population receives `target`.
///
/// Of free drives (`is_free(population, drive)`) the present rates are not looked at; others keep theirs.
///
/// # Errors
/// Parameters that are not valid; another number of inputs than of populations; what the theory of the neuron refuses; a
/// population without a free drive; a target that would need a negative rate.
pub fn external_rates(
    parameters: &Parameters,
    target: &[Input],
    synapses: Synapses,
    is_free: impl Fn(usize, usize) -> bool,
) -> Result<ExternalRates, ExternalRateError> {
    parameters.check()?;
    one_for_each("target", target.len(), parameters.populations.len())?;
    let mut rates_hz = Vec::with_capacity(target.len());
    for (population, &input) in parameters.populations.iter().zip(target) {
        let rate = firing_rate(&population.neuron, input, synapses)
            .map_err(|source| ExternalRateError::Neuron { population: population.name.clone(), source })?;
        rates_hz.push(rate);
    }
    let mut driven = parameters.clone();
    for (i, population) in driven.populations.iter_mut().enumerate() {
        let free = population.drives.iter_mut().enumerate().filter(|(k, _)| is_free(i, *k));
        free.for_each(|(_, drive)| drive.rate_hz = 0.0);
    }
    let local = input(&driven, &rates_hz)?;
    let mut drives_hz = Vec::with_capacity(target.len());
    for (i, ((population, target), local)) in driven.populations.iter_mut().zip(target).zip(local).enumerate() {
        let tau_m = population.neuron.membrane_time_constant_s;
        let free: Vec<usize> = (0..population.drives.len()).filter(|&k| is_free(i, k)).collect();
        let drives = &population.drives;
        let unit = free.iter().map(|&k| drives[k].weight_v.hypot(drives[k].weight_sd_v)).fold(0.0, f64::max);
        let columns = free.iter().map(|&k| {
            let drive = &drives[k];
            let (weight, sd) = (drive.weight_v / unit, drive.weight_sd_v / unit);
            Vector2::new(drive.in_degree * weight, drive.in_degree * (weight * weight + sd * sd))
        });
        let columns: Vec<Vector2<f64>> = columns.collect();
        if !columns.iter().any(|column| column.amax() > 0.0) {
            return Err(ExternalRateError::NoDrive { population: population.name.clone() });
        }
        let mean = (target.mean_v - local.mean_v) / (tau_m * unit);
        let variance = (target.sd_v.powi(2) - local.sd_v.powi(2)) / (tau_m * unit * unit);
        let rates = least_squares(&Matrix2xX::from_columns(&columns), Vector2::new(mean, variance));
        for (&drive, &rate_hz) in free.iter().zip(&rates) {
            if rate_hz.is_nan() || rate_hz < -ROUNDING * rates.amax() {
                return Err(ExternalRateError::Negative { population: population.name.clone(), drive, rate_hz });
            }
            population.drives[drive].rate_hz = rate_hz.max(0.0);
        }
        drives_hz.push(population.drives.iter().map(|drive| drive.rate_hz).collect());
    }
    let input = input(&driven, &rates_hz)?;
    Ok(ExternalRates { drives_hz, rates_hz, input })
}

/// Part of the largest rate by which another may be below 0.
const ROUNDING: f64 = 1e-12;

/// The shortest x with the least |a x - b|.
fn least_squares(a: &Matrix2xX<f64>, b: Vector2<f64>) -> DVector<f64> {
    // x = a^T (a a^T)^-1 b, in the eigenvectors of a a^T (2 x 2, symmetric); those without extent are left out.
    let decomposition = (a * a.transpose()).symmetric_eigen();
    let largest = decomposition.eigenvalues.amax();
    let mut y = decomposition.eigenvectors.transpose() * b;
    for (y, &value) in y.iter_mut().zip(&decomposition.eigenvalues) {
        *y = if value > 1e-13 * largest { *y / value } else { 0.0 };
    }
    a.transpose() * (decomposition.eigenvectors * y)
}
