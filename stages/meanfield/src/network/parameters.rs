//! What the theory takes of a network: plain numbers in SI units.
//!
//! | symbol | field | unit | meaning | range |
//! |---|---|---|---|---|
//! | N_i | `size` | 1 | neurons of a population | 1 or above |
//! | K_ij | `in_degree` | 1 | synapses from population j onto a neuron of i | 0 or above |
//! | J_ij | `weight_v` | V | jump of the potential (delta synapses) or tau_s/C times the jump of the current; mean over synapses | finite |
//! | | `weight_sd_v` | V | standard deviation over synapses | 0 or above |
//! | d_ij | `delay` | s | see [`Delay`] | 0 or above |
//! | R I_i | `constant_input_v` | V | tau_m/C times a constant current | finite |
//! | K_ext, nu_ext, J_ext | [`Drive`] | 1, Hz, V | Poisson input; a population may have several | 0 or above, 0 or above, finite |
//!
//! Matrices have a row for each target and a column for each source.

use nalgebra::DMatrix;
use thiserror::Error;

use super::Delay;
use super::checks::{finite, not_negative, out_of_range, positive, shape};
use crate::neuron::Neuron;

/// Populations of like neurons and their mean connections.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    /// In the order of rows and columns.
    pub populations: Vec<Population>,
    /// K_ij.
    pub in_degree: DMatrix<f64>,
    /// J_ij, mean over synapses.
    pub weight_v: DMatrix<f64>,
    /// Standard deviation of the weights over synapses.
    pub weight_sd_v: DMatrix<f64>,
    /// d_ij.
    pub delay: DMatrix<Delay>,
}

/// Like neurons.
#[derive(Debug, Clone, PartialEq)]
pub struct Population {
    /// As in the network.
    pub name: String,
    /// N_i.
    pub size: u64,
    /// Their parameters.
    pub neuron: Neuron,
    /// R I_i.
    pub constant_input_v: f64,
    /// Poisson input from outside.
    pub drives: Vec<Drive>,
}

/// Independent Poisson trains onto each neuron of a population.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drive {
    /// Trains per neuron.
    pub in_degree: f64,
    /// Of one train.
    pub rate_hz: f64,
    /// Mean weight.
    pub weight_v: f64,
    /// Standard deviation of the weights.
    pub weight_sd_v: f64,
}

/// What is wrong with parameters.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ParameterError {
    #[error("there is no population")]
    NoPopulation,
    #[error("`{parameter}` is {rows} x {columns}: it must be {populations} x {populations}, targets x sources")]
    Shape { parameter: &'static str, rows: usize, columns: usize, populations: usize },
    #[error("`{parameter}` has {length} values: it must have {expected}")]
    Length { parameter: &'static str, length: usize, expected: usize },
    #[error("`{parameter}` = {value}: it must be {allowed}")]
    OutOfRange { parameter: String, value: f64, allowed: &'static str },
    #[error("`{population}.threshold_v` = {threshold_v} V: it must be above `reset_v` = {reset_v} V")]
    ThresholdNotAboveReset { population: String, threshold_v: f64, reset_v: f64 },
}

impl Parameters {
    /// Populations without connections: K = 0, no delay.
    pub fn unconnected(populations: Vec<Population>) -> Self {
        let n = populations.len();
        let zeros = DMatrix::zeros(n, n);
        let delay = DMatrix::from_element(n, n, Delay::constant(0.0));
        Self { populations, in_degree: zeros.clone(), weight_v: zeros.clone(), weight_sd_v: zeros, delay }
    }

    /// Whether all values are in their ranges and the matrices fit.
    ///
    /// # Errors
    /// The first value that does not.
    pub fn check(&self) -> Result<(), ParameterError> {
        if self.populations.is_empty() {
            return Err(ParameterError::NoPopulation);
        }
        for population in &self.populations {
            population.check()?;
        }
        let populations = self.populations.len();
        shape("in_degree", &self.in_degree, populations)?;
        shape("weight_v", &self.weight_v, populations)?;
        shape("weight_sd_v", &self.weight_sd_v, populations)?;
        shape("delay", &self.delay, populations)?;
        for (source, from) in self.populations.iter().enumerate() {
            for (target, onto) in self.populations.iter().enumerate() {
                let name = |parameter: &str| format!("{parameter}[{}, {}]", onto.name, from.name);
                let at = (target, source);
                not_negative(self.in_degree[at], || name("in_degree"))?;
                finite(self.weight_v[at], || name("weight_v"))?;
                not_negative(self.weight_sd_v[at], || name("weight_sd_v"))?;
                self.delay[at].check(|part| name(&format!("delay.{part}")))?;
            }
        }
        Ok(())
    }
}

impl Population {
    fn check(&self) -> Result<(), ParameterError> {
        let name = |parameter: &str| format!("{}.{parameter}", self.name);
        if self.size == 0 {
            return Err(out_of_range(name("size"), 0.0, "1 or above; leave out a population without neurons"));
        }
        let neuron = &self.neuron;
        positive(neuron.membrane_time_constant_s, || name("membrane_time_constant_s"))?;
        not_negative(neuron.synaptic_time_constant_s, || name("synaptic_time_constant_s"))?;
        not_negative(neuron.refractory_period_s, || name("refractory_period_s"))?;
        finite(neuron.threshold_v, || name("threshold_v"))?;
        finite(neuron.reset_v, || name("reset_v"))?;
        if neuron.threshold_v <= neuron.reset_v {
            let Neuron { threshold_v, reset_v, .. } = *neuron;
            return Err(ParameterError::ThresholdNotAboveReset { population: self.name.clone(), threshold_v, reset_v });
        }
        finite(self.constant_input_v, || name("constant_input_v"))?;
        for (position, drive) in self.drives.iter().enumerate() {
            let name = |parameter: &str| format!("{}.drives[{position}].{parameter}", self.name);
            not_negative(drive.in_degree, || name("in_degree"))?;
            not_negative(drive.rate_hz, || name("rate_hz"))?;
            finite(drive.weight_v, || name("weight_v"))?;
            not_negative(drive.weight_sd_v, || name("weight_sd_v"))?;
        }
        Ok(())
    }
}
