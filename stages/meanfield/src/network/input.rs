//! Mean and standard deviation of the input of each population (Fourcaud & Brunel 2002, Eq 3.4):
//!
//! mu_i = tau_m,i (sum_j K_ij J_ij nu_j + sum K_ext J_ext nu_ext) + R I_i,
//! sigma_i^2 = tau_m,i (sum_j K_ij <J_ij^2> nu_j + sum K_ext <J_ext^2> nu_ext), <J^2> = J^2 + sd^2.

use super::Parameters;
use super::checks::one_for_each;
use super::{Drive, ParameterError};
use crate::neuron::Input;

/// Input of each population when the populations fire at `rates_hz`.
///
/// # Errors
/// Parameters that are not valid, or another number of rates than of populations.
pub fn input(parameters: &Parameters, rates_hz: &[f64]) -> Result<Vec<Input>, ParameterError> {
    parameters.check()?;
    one_for_each("rates_hz", rates_hz.len(), parameters.populations.len())?;
    let coupling = Coupling::new(parameters);
    Ok((0..rates_hz.len()).map(|population| coupling.input(population, rates_hz)).collect())
}

/// Mean and variance of the input as linear functions of the rates.
pub(crate) struct Coupling {
    /// Row i: tau_m K J, V s.
    mean_by_rate: Vec<f64>,
    /// Row i: tau_m K <J^2>, V^2 s.
    variance_by_rate: Vec<f64>,
    external_mean_v: Vec<f64>,
    external_variance_v2: Vec<f64>,
}

impl Coupling {
    pub(crate) fn new(parameters: &Parameters) -> Self {
        let n = parameters.populations.len();
        let mut coupling = Self {
            mean_by_rate: Vec::with_capacity(n * n),
            variance_by_rate: Vec::with_capacity(n * n),
            external_mean_v: Vec::with_capacity(n),
            external_variance_v2: Vec::with_capacity(n),
        };
        for (target, population) in parameters.populations.iter().enumerate() {
            let tau_m = population.neuron.membrane_time_constant_s;
            for source in 0..n {
                let at = (target, source);
                let (in_degree, weight, sd) =
                    (parameters.in_degree[at], parameters.weight_v[at], parameters.weight_sd_v[at]);
                coupling.mean_by_rate.push(tau_m * in_degree * weight);
                coupling.variance_by_rate.push(tau_m * in_degree * (weight * weight + sd * sd));
            }
            let (mean, variance) = external(&population.drives);
            coupling.external_mean_v.push(tau_m * mean + population.constant_input_v);
            coupling.external_variance_v2.push(tau_m * variance);
        }
        coupling
    }

    pub(crate) fn len(&self) -> usize {
        self.external_mean_v.len()
    }

    pub(crate) fn input(&self, population: usize, rates_hz: &[f64]) -> Input {
        let (mean_by_rate, variance_by_rate) = self.by_rate(population);
        let mut mean_v = self.external_mean_v[population];
        let mut variance_v2 = self.external_variance_v2[population];
        for ((&rate, &mean), &variance) in rates_hz.iter().zip(mean_by_rate).zip(variance_by_rate) {
            mean_v += mean * rate;
            variance_v2 += variance * rate;
        }
        Input { mean_v, sd_v: variance_v2.max(0.0).sqrt() }
    }

    /// Derivatives of the mean (V s) and the variance (V^2 s) of the input of a population by all rates.
    pub(crate) fn by_rate(&self, population: usize) -> (&[f64], &[f64]) {
        let row = population * self.len()..(population + 1) * self.len();
        (&self.mean_by_rate[row.clone()], &self.variance_by_rate[row])
    }
}

/// sum K J nu (V/s) and sum K <J^2> nu (V^2/s).
fn external(drives: &[Drive]) -> (f64, f64) {
    let mean = drives.iter().map(|drive| drive.in_degree * drive.weight_v * drive.rate_hz);
    let second_moment = |drive: &Drive| drive.weight_v.powi(2) + drive.weight_sd_v.powi(2);
    let variance = drives.iter().map(|drive| drive.in_degree * second_moment(drive) * drive.rate_hz);
    (mean.sum(), variance.sum())
}
