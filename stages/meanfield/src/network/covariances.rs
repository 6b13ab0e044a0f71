//! Effective couplings of single synapses, and covariances of pairs of neurons (Helias et al. 2013; Layer et al. 2023).
//!
//! One more synaptic event changes the rate of the target, integrated over time, by
//! w_ij = tau_m (J_ij dnu/dmu + <J_ij^2> dnu/dsigma/(2 sigma)) (Helias et al. 2013, Eq A.3; dimensionless).
//! In a network of single neurons ("populations" of one) w is the effective connectivity of pairs; with A = (1 - w)^-1 the
//! covariances of spike counts per time are C = A D A^T, D = (A o A)^-1 CV^2 nu (Layer et al. 2023, Eq 9 and 11).
//!
//! Of populations of N neurons with random connections the mean activities have, to the first order in 1/N, the covariances
//! C = A D A^T with A = (1 - K o w)^-1, D = CV^2 nu/N (Grytskyy et al. 2013, Front Comput Neurosci 7:131). C_ij is the mean over
//! all pairs of a neuron of i and one of j; where i = j, N of the N^2 pairs are neurons with themselves, of covariance CV^2 nu.

use nalgebra::{DMatrix, DVector};

use super::checks::{not_negative, one_for_each, shape};
use super::eigen::real_eigenvalues;
use super::{LinearError, Parameters};
use crate::neuron::{Input, Synapses, rate_and_derivatives};

/// Which terms of the effective coupling are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// By the mean of the input.
    Linear,
    /// By mean and variance of the input.
    Quadratic,
}

/// w_ij of a single synapse from j to i; 0 where there is no synapse.
///
/// # Errors
/// Parameters that are not valid; another number of inputs than of populations; what the theory of the neuron refuses.
pub fn effective_weights(
    parameters: &Parameters,
    inputs: &[Input],
    synapses: Synapses,
    order: Order,
) -> Result<DMatrix<f64>, LinearError> {
    parameters.check()?;
    one_for_each("inputs", inputs.len(), parameters.populations.len())?;
    let n = inputs.len();
    let mut weights = DMatrix::zeros(n, n);
    for (i, (population, &input)) in parameters.populations.iter().zip(inputs).enumerate() {
        let rate = rate_and_derivatives(&population.neuron, input, synapses)
            .map_err(|source| LinearError::Neuron { population: population.name.clone(), source })?;
        let by_variance = match (order, input.sd_v) {
            (Order::Linear, _) | (_, 0.0) => 0.0,
            (Order::Quadratic, sd_v) => 0.5 * rate.by_sd_hz_per_v / sd_v,
        };
        let tau_m = population.neuron.membrane_time_constant_s;
        for j in (0..n).filter(|&j| parameters.in_degree[(i, j)] > 0.0) {
            let (weight, sd) = (parameters.weight_v[(i, j)], parameters.weight_sd_v[(i, j)]);
            weights[(i, j)] = tau_m * (weight * rate.by_mean_hz_per_v + (weight * weight + sd * sd) * by_variance);
        }
    }
    Ok(weights)
}

/// Largest real part of the eigenvalues of an effective connectivity of pairs; below 1 the activity is stable.
///
/// # Errors
/// A matrix that is not square or not finite.
pub fn spectral_bound(effective_weights: &DMatrix<f64>) -> Result<f64, LinearError> {
    shape("effective_weights", effective_weights, effective_weights.nrows())?;
    if let Some(&value) = effective_weights.iter().find(|x| !x.is_finite()) {
        return Err(LinearError::NotFinite { value: value.into() });
    }
    let values = real_eigenvalues(effective_weights).ok_or(LinearError::NoEigenvalues)?;
    Ok(values.iter().map(|value| value.re).fold(f64::NEG_INFINITY, f64::max))
}

/// Covariances of pairs of neurons.
#[derive(Debug, Clone, PartialEq)]
pub struct Covariances {
    /// C, Hz: covariance of spike counts in a long time, divided by it.
    pub covariances_hz: DMatrix<f64>,
    /// D, Hz: strength of the noise that each neuron adds.
    pub noise_hz: DVector<f64>,
}

/// Covariances of neurons that fire with `rates_hz` and the coefficients of variation `cv`.
///
/// # Errors
/// Vectors of another length; negative or infinite values; a network that is not stable ([`spectral_bound`] of 1 or more).
pub fn covariances(effective_weights: &DMatrix<f64>, rates_hz: &[f64], cv: &[f64]) -> Result<Covariances, LinearError> {
    let mut noise_hz = count_variances(rates_hz, cv, effective_weights.nrows())?;
    let response = stable_response(effective_weights)?;
    if !response.component_mul(&response).lu().solve_mut(&mut noise_hz) {
        return Err(LinearError::Critical);
    }
    let covariances_hz = &response * DMatrix::from_diagonal(&noise_hz) * response.transpose();
    Ok(Covariances { covariances_hz, noise_hz })
}

/// Covariances (Hz) of the mean activities of populations whose neurons fire with `rates_hz` and `cv`; `effective_weights` are
/// those of single synapses.
///
/// # Errors
/// Parameters that are not valid; vectors or a matrix of another size; values that are negative or not finite; a network that is
/// not stable.
pub fn population_covariances(
    parameters: &Parameters,
    effective_weights: &DMatrix<f64>,
    rates_hz: &[f64],
    cv: &[f64],
) -> Result<DMatrix<f64>, LinearError> {
    parameters.check()?;
    let populations = &parameters.populations;
    shape("effective_weights", effective_weights, populations.len())?;
    let mut noise_hz = count_variances(rates_hz, cv, populations.len())?;
    noise_hz.iter_mut().zip(populations).for_each(|(noise, population)| *noise /= population.size as f64);
    let response = stable_response(&parameters.in_degree.component_mul(effective_weights))?;
    Ok(&response * DMatrix::from_diagonal(&noise_hz) * response.transpose())
}

/// CV^2 nu of each.
fn count_variances(rates_hz: &[f64], cv: &[f64], n: usize) -> Result<DVector<f64>, LinearError> {
    one_for_each("rates_hz", rates_hz.len(), n)?;
    one_for_each("cv", cv.len(), n)?;
    for i in 0..n {
        not_negative(rates_hz[i], || format!("rates_hz[{i}]"))?;
        not_negative(cv[i], || format!("cv[{i}]"))?;
    }
    Ok(DVector::from_fn(n, |i, _| cv[i] * cv[i] * rates_hz[i]))
}

/// (1 - W)^-1 of a stable network.
fn stable_response(effective: &DMatrix<f64>) -> Result<DMatrix<f64>, LinearError> {
    let bound = spectral_bound(effective)?;
    if bound >= 1.0 {
        return Err(LinearError::Unstable { bound });
    }
    let n = effective.nrows();
    (DMatrix::identity(n, n) - effective).try_inverse().ok_or(LinearError::Critical)
}
