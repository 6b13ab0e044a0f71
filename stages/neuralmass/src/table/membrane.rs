//! A neuron whose potential is cut into small steps.

use thiserror::Error;

use super::lookup::TableError;
use super::neuron::Neuron;

/// A neuron with its potentials V_k from the lowest to where spikes end.
#[derive(Debug, Clone)]
pub struct Membrane {
    pub(super) neuron: Neuron,
    pub(super) step_mv: f64,
    pub(super) potentials: Vec<f64>,
    /// (V_k - E_L - Psi_k) / taum.
    pub(super) leaks: Vec<f64>,
    /// Place of the potential that is nearest to the reset.
    pub(super) reset: usize,
}

/// Why there is no table.
#[derive(Debug, Clone, PartialEq, Error)]
#[allow(missing_docs)]
pub enum GeneratorError {
    #[error("{field} is {found}: {allowed}")]
    Setting { field: &'static str, found: f64, allowed: &'static str },
    #[error(
        "{found} potentials from the lowest to the spike: 10 to 1000000 are allowed; change the step or the lowest"
    )]
    Potentials { found: f64 },
    #[error(
        "at mu = {mu} mV/ms, sigma = {sigma} mV/sqrt(ms) a neuron spikes less often than once in 1e280 ms: take more"
    )]
    Silent { mu: f64, sigma: f64 },
    #[error(
        "at mu = {mu} mV/ms, sigma = {sigma} mV/sqrt(ms) potentials reach the lowest of the grid, {lowest} mV \
         (the density there is {part} of its maximum): take a lower one"
    )]
    TooNarrow { mu: f64, sigma: f64, lowest: f64, part: f64 },
    #[error(
        "at mu = {mu} mV/ms, sigma = {sigma} mV/sqrt(ms) the density grows by a factor of {factor} within a step of the \
         potential: take smaller steps or more fluctuation"
    )]
    TooCoarse { mu: f64, sigma: f64, factor: f64 },
    #[error("the response at mu = {mu} mV/ms, sigma = {sigma} mV/sqrt(ms) is not a number")]
    Response { mu: f64, sigma: f64 },
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("cancelled")]
    Cancelled,
}

impl Membrane {
    /// Potentials from `lowest_mv` to the spike in steps of `step_mv`; 0.01 mV from -200 mV is usual.
    ///
    /// Fails where a value of the neuron cannot be, and where there are fewer than 10 or more than a million potentials.
    pub fn new(neuron: Neuron, lowest_mv: f64, step_mv: f64) -> Result<Self, GeneratorError> {
        let need = |field, found: f64, holds: bool, allowed| {
            // What is not a number holds nothing.
            if found.is_finite() && holds { Ok(()) } else { Err(GeneratorError::Setting { field, found, allowed }) }
        };
        let above = "above 0 is allowed";
        let n = &neuron;
        need("the capacitance in pF", n.capacitance_pf, n.capacitance_pf > 0.0, above)?;
        need("the leak conductance in nS", n.leak_conductance_ns, n.leak_conductance_ns > 0.0, above)?;
        need("the leak potential in mV", n.leak_potential_mv, true, "a number is allowed")?;
        need("the slope factor in mV", n.slope_factor_mv, n.slope_factor_mv >= 0.0, "0 or above is allowed")?;
        need("the threshold in mV", n.threshold_mv, true, "a number is allowed")?;
        need("the spike in mV", n.spike_mv, true, "a number is allowed")?;
        need("the reset in mV", n.reset_mv, n.reset_mv < n.spike_mv, "below the spike is allowed")?;
        need("the refractory time in ms", n.refractory_ms, n.refractory_ms >= 0.0, "0 or above is allowed")?;
        need("the lowest potential in mV", lowest_mv, lowest_mv < n.reset_mv, "below the reset is allowed")?;
        need("the step of the potential in mV", step_mv, step_mv > 0.0, above)?;
        let found = ((neuron.spike_mv - lowest_mv) / step_mv).round() + 1.0;
        if !(10.0..=1e6).contains(&found) {
            return Err(GeneratorError::Potentials { found });
        }
        let potentials: Vec<f64> = (0..found as usize).map(|k| lowest_mv + k as f64 * step_mv).collect();
        let tau = neuron.membrane_time_constant_ms();
        let leak = |v: &f64| {
            let spike = neuron.slope_factor_mv;
            let psi = if spike > 0.0 { spike * libm::exp((v - neuron.threshold_mv) / spike) } else { 0.0 };
            (v - neuron.leak_potential_mv - psi) / tau
        };
        let leaks = potentials.iter().map(leak).collect();
        let reset = ((neuron.reset_mv - lowest_mv) / step_mv).round() as usize;
        let reset = reset.clamp(1, potentials.len() - 3);
        Ok(Self { neuron, step_mv, potentials, leaks, reset })
    }
}
