//! Parameters of the neurons of a population, drawn where the description has distributions.

use lapicque_network::{NeuronModel, Population};
use lapicque_numerics::grid::TimeGrid;
use lapicque_numerics::random::StreamKey;

use super::{Coefficients, Membrane, iaf_psc_delta, iaf_psc_exp};
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
    MergedCurrents { propagators: Coefficients<iaf_psc_exp::Propagators>, current: Vec<f64> },
    SeparateCurrents { propagators: Coefficients<iaf_psc_exp::Propagators>, excitatory: Vec<f64>, inhibitory: Vec<f64> },
    Jumps { propagators: Coefficients<iaf_psc_delta::Propagators> },
}

/// Threshold and reset relative to E_L, mV.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spiking {
    pub(crate) threshold: f64,
    pub(crate) reset: f64,
    pub(crate) refractory_steps: u32,
}

/// Draws the neurons of `population`; `current_pa` is the sum of its constant drives.
pub(crate) fn neurons(
    population: &Population,
    current_pa: f64,
    grid: TimeGrid,
    key: &StreamKey,
) -> Result<Neurons, SimulationError> {
    let time_step_ms = grid.step_ms();
    let size = population.size as usize;
    let dynamics = match population.neuron.model {
        NeuronModel::IafPscExp => currents(population, current_pa, time_step_ms, key)?,
        NeuronModel::IafPscDelta => {
            let membrane = membrane(population, current_pa, key)?;
            let propagators =
                combine(size, [membrane], |[membrane]| iaf_psc_delta::Propagators::new(membrane, time_step_ms));
            Dynamics::Jumps { propagators }
        }
        _ => {
            return Err(unsupported(
                format!("populations.{}.model", population.name),
                "this neuron model is not simulated",
            ));
        }
    };
    let values = |symbol| values(population, symbol, key);
    let (leak, initial) = (values("E_L")?, values("V_m")?);
    let potential = (0..size).map(|i| initial.at(i) - leak.at(i)).collect();
    let (threshold, reset) = (values("V_th")?, values("V_reset")?);
    for i in 0..distinct(size, [&threshold, &reset]) {
        let (reset_mv, threshold_mv) = (reset.at(i), threshold.at(i));
        if reset_mv >= threshold_mv {
            let path = format!("populations.{}.V_reset", population.name);
            return Err(SimulationError::ResetAboveThreshold { path, reset_mv, threshold_mv });
        }
    }
    let refractory = refractory_steps(population, values("t_ref")?, grid)?;
    let spiking = combine(size, [threshold, reset, leak, refractory], |[threshold, reset, leak, steps]| Spiking {
        threshold: threshold - leak,
        reset: reset - leak,
        refractory_steps: steps as u32,
    });
    Ok(Neurons { dynamics, potential, spiking })
}

/// Refractory periods in whole steps, each the next one that is not shorter.
fn refractory_steps(
    population: &Population,
    periods_ms: Coefficients<f64>,
    grid: TimeGrid,
) -> Result<Coefficients<f64>, SimulationError> {
    let steps = |period_ms: f64| {
        let path = || format!("populations.{}.t_ref", population.name);
        grid.steps_up(period_ms).map(f64::from).map_err(|source| SimulationError::Time { path: path(), source })
    };
    Ok(match periods_ms {
        Coefficients::Same(period) => Coefficients::Same(steps(period)?),
        Coefficients::Each(each) => Coefficients::Each(each.into_iter().map(steps).collect::<Result<_, _>>()?),
    })
}

fn currents(
    population: &Population,
    current_pa: f64,
    time_step_ms: f64,
    key: &StreamKey,
) -> Result<Dynamics, SimulationError> {
    let size = population.size as usize;
    let taus = [values(population, "tau_syn_ex", key)?, values(population, "tau_syn_in", key)?];
    let merged = (0..distinct(size, [&taus[0], &taus[1]])).all(|i| taus[0].at(i) == taus[1].at(i));
    let (membrane, taus) = (membrane(population, current_pa, key)?, combine(size, taus, |taus| taus));
    let propagators = match (&membrane, &taus) {
        (Coefficients::Same(membrane), Coefficients::Same(taus)) => {
            Coefficients::Same(iaf_psc_exp::Propagators::new(*membrane, *taus, time_step_ms))
        }
        _ => Coefficients::Each(
            (0..size).map(|i| iaf_psc_exp::Propagators::new(membrane.at(i), taus.at(i), time_step_ms)).collect(),
        ),
    };
    Ok(if merged {
        Dynamics::MergedCurrents { propagators, current: vec![0.0; size] }
    } else {
        Dynamics::SeparateCurrents { propagators, excitatory: vec![0.0; size], inhibitory: vec![0.0; size] }
    })
}

fn membrane(
    population: &Population,
    current_pa: f64,
    key: &StreamKey,
) -> Result<Coefficients<Membrane>, SimulationError> {
    let values = |symbol| values(population, symbol, key);
    let parameters = [values("C_m")?, values("tau_m")?, values("I_e")?];
    Ok(combine(population.size as usize, parameters, |[capacitance_pf, time_constant_ms, constant]| Membrane {
        capacitance_pf,
        time_constant_ms,
        constant_current_pa: constant + current_pa,
    }))
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
    let each: Result<Vec<f64>, _> =
        (0..u64::from(population.size)).map(|neuron| sampler.draw(&mut key.at(neuron))).collect();
    each.map(Coefficients::Each)
}

/// How many neurons to look at to have seen all values.
fn distinct<const N: usize>(size: usize, values: [&Coefficients<f64>; N]) -> usize {
    if values.iter().all(|values| matches!(values, Coefficients::Same(_))) { size.min(1) } else { size }
}

fn combine<A: Copy + Default, T, const N: usize>(
    size: usize,
    values: [Coefficients<A>; N],
    f: impl Fn([A; N]) -> T,
) -> Coefficients<T> {
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
