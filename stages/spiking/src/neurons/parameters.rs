//! Parameters of the neurons of a population, drawn where the description has distributions.

use lapicque_network::{NeuronModel, Population};
use lapicque_numerics::random::StreamKey;

use super::{Coefficients, iaf_psc_delta, iaf_psc_exp, refractory_steps};
use crate::draw::Sampler;
use crate::error::{SimulationError, unsupported};

/// What a population begins with.
pub(crate) struct Neurons {
    pub(crate) dynamics: Dynamics,
    /// V_m - E_L, mV.
    pub(crate) potential: Vec<f64>,
    pub(crate) spiking: Coefficients<Spiking>,
}

/// The model's state besides the potential, and what a step does to it.
pub(crate) enum Dynamics {
    PscExpMerged { propagators: Coefficients<iaf_psc_exp::Propagators>, current: Vec<f64> },
    PscExpSeparate { propagators: Coefficients<iaf_psc_exp::Propagators>, excitatory: Vec<f64>, inhibitory: Vec<f64> },
    PscDelta { propagators: Coefficients<iaf_psc_delta::Propagators> },
}

/// Threshold and reset relative to E_L, mV.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spiking {
    pub(crate) threshold: f64,
    pub(crate) reset: f64,
    pub(crate) refractory_steps: u32,
}

/// Draws the neurons of `population`; `current_pa` is the sum of its constant drives.
pub(crate) fn neurons(population: &Population, current_pa: f64, time_step_ms: f64, key: &StreamKey) -> Result<Neurons, SimulationError> {
    let values = |symbol| values(population, symbol, key);
    let size = population.size as usize;
    let common = combine(size, [values("C_m")?, values("tau_m")?, values("I_e")?], |[capacitance, tau_m, constant]| {
        [capacitance, tau_m, constant + current_pa]
    });
    let leak = values("E_L")?;
    let (threshold, reset, refractory) = (values("V_th")?, values("V_reset")?, values("t_ref")?);
    for i in 0..distinct(size, [&threshold, &reset]) {
        let (reset_mv, threshold_mv) = (reset.at(i), threshold.at(i));
        if reset_mv >= threshold_mv {
            let path = format!("populations.{}.V_reset", population.name);
            return Err(SimulationError::ResetAboveThreshold { path, reset_mv, threshold_mv });
        }
    }
    let dynamics = match population.neuron.model {
        NeuronModel::IafPscExp => {
            let taus = [values("tau_syn_ex")?, values("tau_syn_in")?];
            let merged = (0..distinct(size, [&taus[0], &taus[1]])).all(|i| taus[0].at(i) == taus[1].at(i));
            let taus = combine(size, taus, |taus| taus);
            let propagators = join(size, &common, &taus, |[capacitance, tau_m, constant], [excitatory, inhibitory]| {
                let parameters = iaf_psc_exp::Parameters {
                    membrane_capacitance_pf: capacitance,
                    membrane_time_constant_ms: tau_m,
                    leak_reversal_mv: 0.0,
                    reset_mv: 0.0,
                    threshold_mv: 0.0,
                    refractory_ms: 0.0,
                    excitatory_time_constant_ms: excitatory,
                    inhibitory_time_constant_ms: inhibitory,
                    constant_current_pa: constant,
                };
                iaf_psc_exp::Propagators::new(&parameters, time_step_ms)
            });
            if merged {
                Dynamics::PscExpMerged { propagators, current: vec![0.0; size] }
            } else {
                Dynamics::PscExpSeparate { propagators, excitatory: vec![0.0; size], inhibitory: vec![0.0; size] }
            }
        }
        NeuronModel::IafPscDelta => {
            let propagators = combine(size, [common], |[[capacitance, tau_m, constant]]| {
                let parameters = iaf_psc_delta::Parameters {
                    membrane_capacitance_pf: capacitance,
                    membrane_time_constant_ms: tau_m,
                    leak_reversal_mv: 0.0,
                    reset_mv: 0.0,
                    threshold_mv: 0.0,
                    refractory_ms: 0.0,
                    constant_current_pa: constant,
                };
                iaf_psc_delta::Propagators::new(&parameters, time_step_ms)
            });
            Dynamics::PscDelta { propagators }
        }
        _ => return Err(unsupported(format!("populations.{}.model", population.name), "this neuron model is not simulated")),
    };
    let initial = values("V_m")?;
    let potential = (0..size).map(|i| initial.at(i) - leak.at(i)).collect();
    let spiking = combine(size, [threshold, reset, refractory, leak], |[threshold, reset, refractory, leak]| Spiking {
        threshold: threshold - leak,
        reset: reset - leak,
        refractory_steps: refractory_steps(refractory, time_step_ms),
    });
    Ok(Neurons { dynamics, potential, spiking })
}

fn values(population: &Population, symbol: &str, key: &StreamKey) -> Result<Coefficients<f64>, SimulationError> {
    let model = population.neuron.model;
    let Some(distribution) = population.neuron.parameters.get(symbol) else {
        return Ok(Coefficients::Same(model.parameter(symbol).map_or(0.0, |spec| spec.default)));
    };
    let sampler = Sampler::new(distribution, format!("populations.{}.{symbol}", population.name));
    if let Some(value) = sampler.constant() {
        return Ok(Coefficients::Same(value));
    }
    let key = key.derive(symbol);
    let each: Result<Vec<f64>, _> = (0..u64::from(population.size)).map(|neuron| sampler.draw(&mut key.at(neuron))).collect();
    each.map(Coefficients::Each)
}

/// How many neurons to look at to have seen all values.
fn distinct<const N: usize>(size: usize, values: [&Coefficients<f64>; N]) -> usize {
    if values.iter().all(|values| matches!(values, Coefficients::Same(_))) { size.min(1) } else { size }
}

fn combine<A: Copy + Default, T, const N: usize>(size: usize, values: [Coefficients<A>; N], f: impl Fn([A; N]) -> T) -> Coefficients<T> {
    let at = |i: usize| {
        let mut row = [A::default(); N];
        for (value, values) in row.iter_mut().zip(&values) {
            *value = values.at(i);
        }
        f(row)
    };
    if values.iter().all(|values| matches!(values, Coefficients::Same(_))) {
        Coefficients::Same(at(0))
    } else {
        Coefficients::Each((0..size).map(at).collect())
    }
}

fn join<A: Copy, B: Copy, T>(size: usize, a: &Coefficients<A>, b: &Coefficients<B>, f: impl Fn(A, B) -> T) -> Coefficients<T> {
    match (a, b) {
        (Coefficients::Same(a), Coefficients::Same(b)) => Coefficients::Same(f(*a, *b)),
        _ => Coefficients::Each((0..size).map(|i| f(a.at(i), b.at(i))).collect()),
    }
}
