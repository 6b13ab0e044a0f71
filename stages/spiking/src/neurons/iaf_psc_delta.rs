//! Leaky integrate-and-fire neuron with voltage jumps.
//!
//! ```text
//! tau_m dV/dt = -(V - E_L) + (tau_m/C_m) I_e + tau_m sum_j w_j delta(t - t_j - d_j)
//! V >= V_th at a step: spike; V = V_reset during t_ref, what arrives meanwhile is lost
//! ```
//!
//! Weights in mV. Parameters as [`iaf_psc_exp`](super::iaf_psc_exp) without the synaptic time
//! constants.
//!
//! One step h, with u = V - E_L: `u <- P22 u + P20 I_e + sum w` unless refractory, then compare
//! with the threshold;
//! `P22 = exp(-h/tau_m)`, `P20 = (tau_m/C)(1 - P22)`.
//! Reference: Brunel (2000) J Comput Neurosci 8:183, doi:10.1023/A:1008925309027, eqs 1-3 (spikes
//! on a grid as in Rotter & Diesmann 1999).

use lapicque_numerics::grid::GridError;
use lapicque_numerics::vectorise::{Kernel, vectorise};

use super::coefficients::{At, Coefficients, Slice, combine};
use super::drawing::Drawing;
use super::dynamics::{Arriving, Chunk, Dynamics, Receptors};
use super::lif::{Levels, Lif, Membrane, One};
use crate::error::SimulationError;

/// Parameters of one neuron, by the symbols of the equations above.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameters {
    /// C_m.
    pub membrane_capacitance_pf: f64,
    /// tau_m.
    pub membrane_time_constant_ms: f64,
    /// E_L.
    pub leak_reversal_mv: f64,
    /// V_reset.
    pub reset_mv: f64,
    /// V_th.
    pub threshold_mv: f64,
    /// t_ref.
    pub refractory_ms: f64,
    /// I_e.
    pub constant_current_pa: f64,
}

/// What one time step does.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Propagators {
    /// P22.
    membrane: f64,
    /// P20 I_e, mV.
    drift: f64,
}

impl Propagators {
    fn new(membrane: Membrane, time_step_ms: f64) -> Self {
        let Membrane { capacitance_pf, time_constant_ms: tau_m, constant_current_pa } = membrane;
        let current = -tau_m / capacitance_pf * libm::expm1(-time_step_ms / tau_m);
        Self { membrane: libm::exp(-time_step_ms / tau_m), drift: current * constant_current_pa }
    }

    #[inline(always)]
    fn advance(self, potential: f64, arriving: f64) -> f64 {
        self.membrane * potential + self.drift + arriving
    }
}

/// One neuron by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Neuron {
    propagators: Propagators,
    lif: One,
}

impl Neuron {
    /// # Errors
    /// A time step that is not above 0, or a refractory period of more than `u32::MAX` steps.
    pub fn new(parameters: &Parameters, membrane_potential_mv: f64, time_step_ms: f64) -> Result<Self, GridError> {
        let membrane = Membrane {
            capacitance_pf: parameters.membrane_capacitance_pf,
            time_constant_ms: parameters.membrane_time_constant_ms,
            constant_current_pa: parameters.constant_current_pa,
        };
        let levels = Levels {
            leak_reversal_mv: parameters.leak_reversal_mv,
            reset_mv: parameters.reset_mv,
            threshold_mv: parameters.threshold_mv,
            refractory_ms: parameters.refractory_ms,
        };
        let lif = One::new(&levels, membrane_potential_mv, time_step_ms)?;
        Ok(Self { propagators: Propagators::new(membrane, time_step_ms), lif })
    }

    /// Goes one step in which weights of sum `arriving_mv` arrive; whether the neuron spikes at its
    /// end.
    pub fn step(&mut self, arriving_mv: f64) -> bool {
        let propagators = self.propagators;
        self.lif.step(|potential| propagators.advance(potential, arriving_mv))
    }

    /// V, mV.
    pub fn membrane_potential_mv(&self) -> f64 {
        self.lif.membrane_potential_mv()
    }
}

/// Draws the neurons of a population.
pub(crate) fn neurons(drawing: &Drawing<'_>) -> Result<Box<dyn Dynamics>, SimulationError> {
    let time_step_ms = drawing.grid().step_ms();
    let membrane = Membrane::draw(drawing)?;
    let propagators = combine(drawing.size(), [membrane], |[membrane]| Propagators::new(membrane, time_step_ms));
    Ok(Box::new(Neurons { propagators, lif: Lif::draw(drawing)? }))
}

struct Neurons {
    propagators: Coefficients<Propagators>,
    lif: Lif,
}

impl Dynamics for Neurons {
    fn receptors(&self) -> Receptors {
        Receptors::One
    }

    fn step(&mut self, chunk: &Chunk, arriving: Arriving<'_>, report: &mut dyn FnMut(u32)) {
        vectorise(Step {
            propagators: self.propagators.of(chunk.neurons.clone()),
            potential: &mut self.lif.potential[chunk.neurons.clone()],
            arriving: arriving.at(0),
        });
        self.lif.emit(chunk, report);
    }

    fn bytes(&self) -> usize {
        self.lif.bytes() + self.propagators.bytes()
    }
}

/// One step of many neurons; `potential` is u.
struct Step<'a> {
    propagators: Slice<'a, Propagators>,
    potential: &'a mut [f64],
    arriving: &'a [f64],
}

impl Kernel for Step<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        match self.propagators {
            Slice::Same(propagators) => step(propagators, self.potential, self.arriving),
            Slice::Each(propagators) => step(propagators, self.potential, self.arriving),
        }
    }
}

#[inline(always)]
fn step(propagators: impl At<Propagators>, potential: &mut [f64], arriving: &[f64]) {
    for (i, (u, arriving)) in potential.iter_mut().zip(arriving).enumerate() {
        *u = propagators.at(i).advance(*u, *arriving);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_decays_and_what_arrives_in_refractoriness_is_lost() {
        let parameters = Parameters {
            membrane_capacitance_pf: 250.0,
            membrane_time_constant_ms: 20.0,
            leak_reversal_mv: -70.0,
            reset_mv: -60.0,
            threshold_mv: -50.0,
            refractory_ms: 0.2,
            constant_current_pa: 0.0,
        };
        let mut neuron = Neuron::new(&parameters, -70.0, 0.1).unwrap();
        assert!(!neuron.step(10.0));
        assert_eq!(neuron.membrane_potential_mv(), -60.0);
        (0..200).for_each(|_| assert!(!neuron.step(0.0)));
        assert!((neuron.membrane_potential_mv() - (-70.0 + 10.0 * libm::exp(-1.0))).abs() < 1e-12);
        assert!(neuron.step(20.0));
        assert_eq!(neuron.membrane_potential_mv(), -60.0);
        assert!(!neuron.step(100.0) && !neuron.step(100.0));
        assert_eq!(neuron.membrane_potential_mv(), -60.0);
        assert!(neuron.step(10.1));
    }

    #[test]
    fn a_constant_current_gives_the_analytic_rate() {
        let parameters = Parameters {
            membrane_capacitance_pf: 250.0,
            membrane_time_constant_ms: 20.0,
            leak_reversal_mv: 0.0,
            reset_mv: 0.0,
            threshold_mv: 15.0,
            refractory_ms: 2.0,
            constant_current_pa: 250.0,
        };
        // I tau_m/C = 20 mV: intervals of t_ref + tau_m ln(20/5), to the next step.
        let mut neuron = Neuron::new(&parameters, 0.0, 0.001).unwrap();
        let spikes: Vec<u32> = (1..=100_000).filter(|_| neuron.step(0.0)).collect();
        let expected = 2.0 + 20.0 * libm::log(4.0);
        for pair in spikes.windows(2) {
            let interval = f64::from(pair[1] - pair[0]) * 0.001;
            assert!((0.0..=0.001001).contains(&(interval - expected)), "{interval} instead of {expected}");
        }
        assert_eq!(spikes.len(), 3);
    }
}
