//! Leaky integrate-and-fire neuron with exponential postsynaptic currents.
//!
//! ```text
//! tau_m dV/dt = -(V - E_L) + (tau_m/C_m) (I_ex + I_in + I_e + I(t))
//! tau_x dI_x/dt = -I_x + tau_x sum_j w_j delta(t - t_j - d_j),  x = ex (w > 0), in (w < 0)
//! V >= V_th at a step: spike; V = V_reset during t_ref while the currents go on
//! ```
//!
//! | symbol | default | unit | meaning | range |
//! |---|---|---|---|---|
//! | C_m | 250 | pF | membrane capacitance | > 0 |
//! | tau_m | 10 | ms | membrane time constant | > 0 |
//! | E_L | -70 | mV | leak reversal potential | |
//! | V_reset | -70 | mV | potential after a spike | < V_th |
//! | V_th | -55 | mV | spike threshold | |
//! | V_m | -70 | mV | potential at t = 0 | |
//! | t_ref | 2 | ms | refractory period, rounded up to whole steps | >= 0 |
//! | tau_syn_ex, tau_syn_in | 2 | ms | time constants of synaptic currents | > 0 |
//! | I_e | 0 | pA | constant input current | |
//!
//! One step h, with u = V - E_L (Rotter & Diesmann 1999, doi:10.1007/s004220050570, eqs 3-8;
//! Diesmann et al. 2001):
//! `u <- P22 u + P21(tau_ex) I_ex + P21(tau_in) I_in + P20 (I_e + I)` unless refractory, `I_x <-
//! exp(-h/tau_x) I_x`, add the weights that arrive, compare u with the threshold; `P22 =
//! exp(-h/tau_m)`, `P20 = (tau_m/C)(1 - P22)`,
//! `P21(t) = tau_m t/(C (tau_m - t)) (exp(-h/tau_m) - exp(-h/t))`, for t = tau_m `(h/C)
//! exp(-h/tau_m)`.

use lapicque_numerics::grid::GridError;
use lapicque_numerics::vectorise::{Kernel, vectorise};

use super::coefficients::{At, Coefficients, Slice, combine, distinct};
use super::drawing::Drawing;
use super::dynamics::{Arriving as Sums, Chunk, Dynamics, Receptors};
use super::lif::{Levels, Lif, Membrane, One};
use crate::error::SimulationError;

/// Parameters of one neuron, by the symbols of the table above.
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
    /// tau_syn_ex.
    pub excitatory_time_constant_ms: f64,
    /// tau_syn_in.
    pub inhibitory_time_constant_ms: f64,
    /// I_e.
    pub constant_current_pa: f64,
}

/// What one time step does.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Propagators {
    /// P22.
    membrane: f64,
    /// P21 of both currents, mV/pA.
    excitatory: f64,
    inhibitory: f64,
    excitatory_decay: f64,
    inhibitory_decay: f64,
    /// P20, mV/pA.
    current: f64,
    /// P20 I_e, mV.
    drift: f64,
}

impl Propagators {
    fn new(membrane: Membrane, [excitatory, inhibitory]: [f64; 2], time_step_ms: f64) -> Self {
        let Membrane { capacitance_pf, time_constant_ms: tau_m, constant_current_pa } = membrane;
        let decay = |tau: f64| libm::exp(-time_step_ms / tau);
        let current = -tau_m / capacitance_pf * libm::expm1(-time_step_ms / tau_m);
        Self {
            membrane: decay(tau_m),
            excitatory: current_to_potential(tau_m, excitatory, capacitance_pf, time_step_ms),
            inhibitory: current_to_potential(tau_m, inhibitory, capacitance_pf, time_step_ms),
            excitatory_decay: decay(excitatory),
            inhibitory_decay: decay(inhibitory),
            current,
            drift: current * constant_current_pa,
        }
    }

    #[inline(always)]
    fn advance(self, potential: f64, excitatory: f64, inhibitory: f64) -> f64 {
        self.membrane * potential + self.excitatory * excitatory + self.inhibitory * inhibitory + self.drift
    }

    /// With equal time constants both currents are one.
    #[inline(always)]
    fn advance_merged(self, potential: f64, current: f64) -> f64 {
        self.membrane * potential + self.excitatory * current + self.drift
    }
}

/// P21. The difference of exponentials is written `exp(-h/tau_m) (1 - exp(-h (1/tau - 1/tau_m)))`,
/// which loses no digits as tau nears tau_m.
fn current_to_potential(tau_m: f64, tau: f64, capacitance: f64, h: f64) -> f64 {
    let decay = libm::exp(-h / tau_m);
    // 1/tau - 1/tau_m
    let rate = (tau_m - tau) / (tau_m * tau);
    if rate == 0.0 {
        return h / capacitance * decay;
    }
    -decay * libm::expm1(-h * rate) / (capacitance * rate)
}

/// One neuron by itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Neuron {
    propagators: Propagators,
    lif: One,
    excitatory: f64,
    inhibitory: f64,
    current: f64,
}

/// What reaches a neuron in one step, pA.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Arriving {
    /// Sum of positive weights.
    pub excitatory_pa: f64,
    /// Sum of negative weights.
    pub inhibitory_pa: f64,
    /// A current that acts from this step to the next.
    pub current_pa: f64,
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
        let taus = [parameters.excitatory_time_constant_ms, parameters.inhibitory_time_constant_ms];
        let levels = Levels {
            leak_reversal_mv: parameters.leak_reversal_mv,
            reset_mv: parameters.reset_mv,
            threshold_mv: parameters.threshold_mv,
            refractory_ms: parameters.refractory_ms,
        };
        Ok(Self {
            propagators: Propagators::new(membrane, taus, time_step_ms),
            lif: One::new(&levels, membrane_potential_mv, time_step_ms)?,
            excitatory: 0.0,
            inhibitory: 0.0,
            current: 0.0,
        })
    }

    /// Goes one step; whether the neuron spikes at its end.
    pub fn step(&mut self, arriving: Arriving) -> bool {
        let Self { propagators, excitatory, inhibitory, current, .. } = *self;
        let spikes = self
            .lif
            .step(|potential| propagators.advance(potential, excitatory, inhibitory) + propagators.current * current);
        self.excitatory = propagators.excitatory_decay * excitatory + arriving.excitatory_pa;
        self.inhibitory = propagators.inhibitory_decay * inhibitory + arriving.inhibitory_pa;
        self.current = arriving.current_pa;
        spikes
    }

    /// V, mV.
    pub fn membrane_potential_mv(&self) -> f64 {
        self.lif.membrane_potential_mv()
    }

    /// I_ex, pA.
    pub fn excitatory_current_pa(&self) -> f64 {
        self.excitatory
    }

    /// I_in, pA.
    pub fn inhibitory_current_pa(&self) -> f64 {
        self.inhibitory
    }
}

/// Draws the neurons of a population. With equal time constants one current per neuron is enough.
pub(crate) fn neurons(drawing: &Drawing<'_>) -> Result<Box<dyn Dynamics>, SimulationError> {
    let (size, time_step_ms) = (drawing.size(), drawing.grid().step_ms());
    let taus = [drawing.values("tau_syn_ex")?, drawing.values("tau_syn_in")?];
    let equal = (0..distinct(size, [&taus[0], &taus[1]])).all(|i| taus[0].at(i) == taus[1].at(i));
    let (membrane, taus) = (Membrane::draw(drawing)?, combine(size, taus, |taus| taus));
    let propagators = match (&membrane, &taus) {
        (Coefficients::Same(membrane), Coefficients::Same(taus)) => {
            Coefficients::Same(Propagators::new(*membrane, *taus, time_step_ms))
        }
        _ => {
            Coefficients::Each((0..size).map(|i| Propagators::new(membrane.at(i), taus.at(i), time_step_ms)).collect())
        }
    };
    let (lif, zeros) = (Lif::draw(drawing)?, vec![0.0; size]);
    Ok(if equal {
        Box::new(Merged { propagators, lif, current: zeros })
    } else {
        Box::new(Separate { propagators, lif, excitatory: zeros.clone(), inhibitory: zeros })
    })
}

/// Neurons with equal synaptic time constants: one input sums the weights of both signs.
struct Merged {
    propagators: Coefficients<Propagators>,
    lif: Lif,
    current: Vec<f64>,
}

impl Dynamics for Merged {
    fn receptors(&self) -> Receptors {
        Receptors::One
    }

    fn step(&mut self, chunk: &Chunk, arriving: Sums<'_>, report: &mut dyn FnMut(u32)) {
        vectorise(MergedStep {
            propagators: self.propagators.of(chunk.neurons.clone()),
            potential: &mut self.lif.potential[chunk.neurons.clone()],
            current: &mut self.current[chunk.neurons.clone()],
            arriving: arriving.at(0),
        });
        self.lif.emit(chunk, report);
    }

    fn bytes(&self) -> usize {
        self.lif.bytes() + self.propagators.bytes() + size_of_val(self.current.as_slice())
    }
}

/// Neurons with two synaptic time constants.
struct Separate {
    propagators: Coefficients<Propagators>,
    lif: Lif,
    excitatory: Vec<f64>,
    inhibitory: Vec<f64>,
}

impl Dynamics for Separate {
    fn receptors(&self) -> Receptors {
        Receptors::BySign
    }

    fn step(&mut self, chunk: &Chunk, arriving: Sums<'_>, report: &mut dyn FnMut(u32)) {
        vectorise(SeparateStep {
            propagators: self.propagators.of(chunk.neurons.clone()),
            potential: &mut self.lif.potential[chunk.neurons.clone()],
            excitatory: &mut self.excitatory[chunk.neurons.clone()],
            inhibitory: &mut self.inhibitory[chunk.neurons.clone()],
            arriving: (arriving.at(0), arriving.at(1)),
        });
        self.lif.emit(chunk, report);
    }

    fn bytes(&self) -> usize {
        self.lif.bytes() + self.propagators.bytes() + 2 * size_of_val(self.excitatory.as_slice())
    }
}

/// One step of many neurons; `potential` is u.
struct MergedStep<'a> {
    propagators: Slice<'a, Propagators>,
    potential: &'a mut [f64],
    current: &'a mut [f64],
    arriving: &'a [f64],
}

impl Kernel for MergedStep<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        match self.propagators {
            Slice::Same(propagators) => merged(propagators, self.potential, self.current, self.arriving),
            Slice::Each(propagators) => merged(propagators, self.potential, self.current, self.arriving),
        }
    }
}

#[inline(always)]
fn merged(propagators: impl At<Propagators>, potential: &mut [f64], current: &mut [f64], arriving: &[f64]) {
    for (i, ((u, current), arriving)) in potential.iter_mut().zip(current).zip(arriving).enumerate() {
        let p = propagators.at(i);
        *u = p.advance_merged(*u, *current);
        *current = p.excitatory_decay * *current + arriving;
    }
}

/// One step of many neurons; `potential` is u, `arriving` sums positive and negative weights.
struct SeparateStep<'a> {
    propagators: Slice<'a, Propagators>,
    potential: &'a mut [f64],
    excitatory: &'a mut [f64],
    inhibitory: &'a mut [f64],
    arriving: (&'a [f64], &'a [f64]),
}

impl Kernel for SeparateStep<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { propagators, potential, excitatory, inhibitory, arriving } = self;
        match propagators {
            Slice::Same(propagators) => separate(propagators, potential, excitatory, inhibitory, arriving),
            Slice::Each(propagators) => separate(propagators, potential, excitatory, inhibitory, arriving),
        }
    }
}

#[inline(always)]
fn separate(
    propagators: impl At<Propagators>,
    potential: &mut [f64],
    excitatory: &mut [f64],
    inhibitory: &mut [f64],
    (arriving_excitatory, arriving_inhibitory): (&[f64], &[f64]),
) {
    let currents = excitatory.iter_mut().zip(inhibitory);
    let arriving = arriving_excitatory.iter().zip(arriving_inhibitory);
    for (i, ((u, (excitatory, inhibitory)), (more_excitatory, more_inhibitory))) in
        potential.iter_mut().zip(currents).zip(arriving).enumerate()
    {
        let p = propagators.at(i);
        *u = p.advance(*u, *excitatory, *inhibitory);
        *excitatory = p.excitatory_decay * *excitatory + more_excitatory;
        *inhibitory = p.inhibitory_decay * *inhibitory + more_inhibitory;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_time_constants_are_the_limit_of_unequal_ones() {
        let at = |tau| current_to_potential(10.0, tau, 250.0, 0.1);
        let limit = at(10.0);
        assert!((limit - 0.1 / 250.0 * libm::exp(-0.01)).abs() < 1e-18);
        for distance in [1e-3, 1e-6, 1e-9, 1e-12] {
            // d P21/d tau at tau_m is h^2/(2 C tau_m^2) exp(-h/tau_m).
            for tau in [10.0 + distance, 10.0 - distance] {
                assert!((at(tau) - limit).abs() < 1e-6 * distance, "{tau}");
            }
        }
        let textbook = 10.0 * 0.5 / (250.0 * 9.5) * (libm::exp(-0.01) - libm::exp(-0.2));
        assert!((at(0.5) / textbook - 1.0).abs() < 1e-14);
    }
}
