//! Working points: rates that reproduce themselves, nu = F(mu(nu), sigma(nu)).

use nalgebra::{DMatrix, DVector};
use thiserror::Error;

use super::checks::{not_negative, one_for_each};
use super::input::Coupling;
use super::relaxation::{Failure, FixedPoint, Limits, Map, relax};
use super::{ParameterError, Parameters};
use crate::neuron::{Input, NeuronError, Synapses, firing_rate, rate_and_derivatives};

/// Self-consistent rates and what the populations receive at them.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkingPoint {
    /// Of each population.
    pub rates_hz: Vec<f64>,
    /// Mean and standard deviation of what a neuron of each population receives.
    pub input: Vec<Input>,
    /// Largest |F - nu|.
    pub residual_hz: f64,
    /// Largest real part of the eigenvalues of dF/dnu.
    pub growth: f64,
}

impl WorkingPoint {
    /// Whether rates that are a little off return, all populations following their input equally fast.
    pub fn is_stable(&self) -> bool {
        self.growth < 1.0
    }
}

/// Where to search and how far to go.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// Rates to begin with; 0 by default.
    pub initial_rates_hz: Option<Vec<f64>>,
    /// Largest residual of a working point, if rounding does not allow for more. Newton's method goes on to rounding.
    pub residual_hz: f64,
    /// Steps of the relaxation, of some microseconds each; a network that oscillates takes them all.
    pub steps: u32,
}

impl Default for Search {
    fn default() -> Self {
        Self { initial_rates_hz: None, residual_hz: 1e-9, steps: 10_000 }
    }
}

/// Why there is no working point.
#[allow(missing_docs, reason = "the message of a variant says what its fields are")]
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FixedPointError {
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    #[error("population `{population}`: {source}")]
    Neuron { population: String, source: NeuronError },
    #[error("the rate of `{population}` grows without bound ({rate_hz} Hz): nothing balances its excitation")]
    Diverged { population: String, rate_hz: f64 },
    #[error("rates do not come to rest: after {steps} steps they are {residual_hz} Hz away from what they cause")]
    NotConverged { residual_hz: f64, steps: u32 },
}

/// The working point that rates relax to.
///
/// The flow d nu/ds = F(nu) - nu is followed from the initial rates; so a network with several working points gives the
/// one whose basin the initial rates lie in.
///
/// # Errors
/// Parameters that are not valid; a rate that the theory of the neuron does not give; rates that diverge or do not come
/// to rest.
pub fn working_point(
    parameters: &Parameters,
    synapses: Synapses,
    search: &Search,
) -> Result<WorkingPoint, FixedPointError> {
    let map = RateMap::new(parameters, synapses)?;
    let n = parameters.populations.len();
    let found = relax(&map, search.initial(n)?, &search.limits()?).map_err(|failure| map.explain(failure))?;
    map.working_point(found)
}

/// More than any neuron can do, and far below overflow.
const HIGHEST_RATE_HZ: f64 = 1e7;

impl Search {
    pub(crate) fn initial(&self, populations: usize) -> Result<DVector<f64>, ParameterError> {
        let Some(rates) = &self.initial_rates_hz else {
            return Ok(DVector::zeros(populations));
        };
        one_for_each("initial_rates_hz", rates.len(), populations)?;
        rates.iter().try_for_each(|&rate| not_negative(rate, || "initial_rates_hz".to_owned()))?;
        Ok(DVector::from_column_slice(rates))
    }

    pub(crate) fn limits(&self) -> Result<Limits, ParameterError> {
        not_negative(self.residual_hz, || "residual_hz".to_owned())?;
        Ok(Limits { residual: self.residual_hz, steps: self.steps, magnitude: HIGHEST_RATE_HZ })
    }
}

/// F: rates to rates.
pub(crate) struct RateMap<'a> {
    parameters: &'a Parameters,
    coupling: Coupling,
    synapses: Synapses,
}

impl<'a> RateMap<'a> {
    pub(crate) fn new(parameters: &'a Parameters, synapses: Synapses) -> Result<Self, ParameterError> {
        parameters.check()?;
        Ok(Self { parameters, coupling: Coupling::new(parameters), synapses })
    }

    /// # Errors
    /// A rate that only counted as 0 on the way.
    pub(crate) fn working_point(&self, found: FixedPoint) -> Result<WorkingPoint, FixedPointError> {
        let rates_hz = found.x.as_slice().to_vec();
        let mut inputs = Vec::with_capacity(rates_hz.len());
        for (position, population) in self.parameters.populations.iter().enumerate() {
            let input = self.coupling.input(position, &rates_hz);
            if rates_hz[position] == 0.0 {
                firing_rate(&population.neuron, input, self.synapses).map_err(|source| self.of(position, source))?;
            }
            inputs.push(input);
        }
        Ok(WorkingPoint { rates_hz, input: inputs, residual_hz: found.residual, growth: found.growth })
    }

    pub(crate) fn explain(&self, failure: Failure<FixedPointError>) -> FixedPointError {
        match failure {
            Failure::Map(error) => error,
            Failure::Diverged { component, value } => {
                FixedPointError::Diverged { population: self.name(component), rate_hz: value }
            }
            Failure::NotConverged { residual, steps } => FixedPointError::NotConverged { residual_hz: residual, steps },
        }
    }

    fn name(&self, position: usize) -> String {
        self.parameters.populations[position].name.clone()
    }

    fn of(&self, position: usize, source: NeuronError) -> FixedPointError {
        FixedPointError::Neuron { population: self.name(position), source }
    }
}

impl Map for RateMap<'_> {
    type Error = FixedPointError;

    fn value(&self, rates: &[f64], value: &mut [f64]) -> Result<(), FixedPointError> {
        for (i, population) in self.parameters.populations.iter().enumerate() {
            value[i] = match firing_rate(&population.neuron, self.coupling.input(i, rates), self.synapses) {
                Ok(rate) => rate,
                // The expansion may fail on the way to a point where it holds.
                Err(NeuronError::NegativeRate { .. }) => 0.0,
                Err(source) => return Err(self.of(i, source)),
            };
        }
        Ok(())
    }

    fn value_and_jacobian(
        &self,
        rates: &[f64],
        value: &mut [f64],
        jacobian: &mut DMatrix<f64>,
    ) -> Result<(), FixedPointError> {
        for (i, population) in self.parameters.populations.iter().enumerate() {
            let input = self.coupling.input(i, rates);
            match rate_and_derivatives(&population.neuron, input, self.synapses) {
                Ok(rate) => {
                    value[i] = rate.rate_hz;
                    // d sigma = d sigma^2/(2 sigma); without noise the rate depends on sigma^2 smoothly or not at all.
                    let by_variance = match input.sd_v {
                        0.0 => 0.0,
                        sd_v => 0.5 * rate.by_sd_hz_per_v / sd_v,
                    };
                    let (mean_by_rate, variance_by_rate) = self.coupling.by_rate(i);
                    for (j, (mean, variance)) in mean_by_rate.iter().zip(variance_by_rate).enumerate() {
                        jacobian[(i, j)] = rate.by_mean_hz_per_v * mean + by_variance * variance;
                    }
                }
                Err(NeuronError::NegativeRate { .. }) => {
                    value[i] = 0.0;
                    jacobian.row_mut(i).fill(0.0);
                }
                Err(source) => return Err(self.of(i, source)),
            }
        }
        Ok(())
    }
}
