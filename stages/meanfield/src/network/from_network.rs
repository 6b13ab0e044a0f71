//! The parameters of the theory from the description of a network.
//!
//! | description | theory |
//! |---|---|
//! | rule | K: p N_pre (less p within a population without autapses), the in-degree, the total by N_post, N_pre, 1 |
//! | weight in pA (`iaf_psc_exp`) | J = w tau_syn/C_m |
//! | weight in mV (`iaf_psc_delta`) | J = w, tau_s = 0 |
//! | distribution of weights | mean and standard deviation as drawn, after bounds |
//! | distribution of delays | the same distribution with its bounds |
//! | several connections of two populations | K added, moments of J averaged; their delays must be the same |
//! | `I_e`, currents | R I = tau_m I/C_m |
//! | t_ref, delays | as they are: time is continuous, where a simulation rounds them to its steps |
//! | spatial profile | not looked at: this is the homogeneous state |
//! | V_m, delays of drives | not looked at: this is the stationary state |
//!
//! One synaptic time constant per population: `tau_syn_ex` if all its synapses are excitatory, `tau_syn_in` if all are
//! inhibitory, either if they are equal.
//! Variance between neurons of a population (of in-degrees and of weights) is no part of the theory.

use lapicque_network::{
    Bounds, Distribution, Drive as DriveDescription, Network, NeuronModel, Population as Description, Shape, Synapse,
    Unsupported,
};

use super::description::{Pairs, constant, ends, milli, unsupported};
use super::{Delay, DelayDistribution, Drive, Parameters, Population};
use crate::neuron::Neuron;

impl Parameters {
    /// Of integrate-and-fire populations; `network` must be valid ([`Network::check`]).
    ///
    /// # Errors
    /// What the theory does not cover, by its path: other neuron models, plastic synapses, parameters that differ
    /// between neurons, two synaptic time constants onto one population, different delays
    /// of two connections of the same populations.
    pub fn from_network(network: &Network) -> Result<Self, Unsupported> {
        let populations: Vec<Population> =
            network.populations.iter().map(|description| population(network, description)).collect::<Result<_, _>>()?;
        let mut parameters = Self::unconnected(populations);
        let mut pairs = Pairs::new(network);
        for connection in &network.connections {
            let path = |part: &str| format!("connections.{}.{part}", connection.name);
            if connection.synapse != Synapse::Static {
                return Err(unsupported(path("synapse"), "the theory has static synapses only"));
            }
            let (target, _) = ends(network, connection)?;
            let (mean, sd) = weight(&network.populations[target], &connection.weight)?;
            let delay = delay(&connection.delay_ms);
            let (at, first) = pairs.add(network, connection, mean, sd)?;
            if !first && parameters.delay[at] != delay {
                let reason = "another connection of these populations has another delay; the theory takes one for both";
                return Err(unsupported(path("delay"), reason));
            }
            parameters.delay[at] = delay;
        }
        [parameters.in_degree, parameters.weight_v, parameters.weight_sd_v] = pairs.averages();
        Ok(parameters)
    }
}

fn population(network: &Network, description: &Description) -> Result<Population, Unsupported> {
    let base = format!("populations.{}", description.name);
    let model = description.neuron.model;
    if !matches!(model, NeuronModel::IafPscExp | NeuronModel::IafPscDelta) {
        let reason = match model {
            NeuronModel::Binary => {
                "a network of binary units has a theory of its own, and not together with spiking ones"
            }
            NeuronModel::IafCondExp => "the theory has no conductances; it takes iaf_psc_exp and iaf_psc_delta",
            _ => "the theory takes exponential currents and voltage jumps: iaf_psc_exp and iaf_psc_delta",
        };
        return Err(unsupported(format!("{base}.model"), reason));
    }
    let leak = constant(description, "E_L")?;
    let membrane_ms = constant(description, "tau_m")?;
    let capacitance_pf = constant(description, "C_m")?;
    let neuron = Neuron {
        membrane_time_constant_s: milli(membrane_ms),
        synaptic_time_constant_s: milli(synaptic_time_ms(network, description)?),
        refractory_period_s: milli(constant(description, "t_ref")?),
        threshold_v: milli(constant(description, "V_th")? - leak),
        reset_v: milli(constant(description, "V_reset")? - leak),
    };
    // pA ms/pF = mV.
    let mut current_pa = constant(description, "I_e")?;
    let mut drives = Vec::new();
    for drive in &description.drives {
        match drive {
            DriveDescription::Current { amplitude_pa } => current_pa += amplitude_pa,
            DriveDescription::Poisson { rate_hz, synapses, weight: distribution, .. } => {
                let (weight_v, weight_sd_v) = weight(description, distribution)?;
                drives.push(Drive { in_degree: *synapses, rate_hz: *rate_hz, weight_v, weight_sd_v });
            }
        }
    }
    let constant_input_v = milli(membrane_ms * current_pa / capacitance_pf);
    Ok(Population {
        name: description.name.clone(),
        size: u64::from(description.size),
        neuron,
        constant_input_v,
        drives,
    })
}

/// 0 for delta synapses.
fn synaptic_time_ms(network: &Network, description: &Description) -> Result<f64, Unsupported> {
    if description.neuron.model == NeuronModel::IafPscDelta {
        return Ok(0.0);
    }
    let [excitatory, inhibitory] = [constant(description, "tau_syn_ex")?, constant(description, "tau_syn_in")?];
    let weights = || {
        let connections = network.connections.iter().filter(|connection| connection.post == description.name);
        let drives = description.drives.iter().filter_map(|drive| match drive {
            DriveDescription::Poisson { weight, .. } => Some(weight),
            DriveDescription::Current { .. } => None,
        });
        connections.map(|connection| &connection.weight).chain(drives)
    };
    let any = |sign: fn(f64) -> bool| weights().any(|weight| sign(weight.mean()));
    match (any(|weight| weight > 0.0), any(|weight| weight < 0.0)) {
        (true, true) if excitatory != inhibitory => Err(unsupported(
            format!("populations.{}.tau_syn_in", description.name),
            "it must equal tau_syn_ex: the theory has one synaptic time constant per population",
        )),
        (false, true) => Ok(inhibitory),
        _ => Ok(excitatory),
    }
}

/// Mean and standard deviation in V.
fn weight(post: &Description, distribution: &Distribution) -> Result<(f64, f64), Unsupported> {
    let (mean, sd) = distribution.drawn_mean_and_sd();
    // mV of a weight in the unit of the model.
    let (times, over) = match post.neuron.model {
        NeuronModel::IafPscExp => {
            let symbol = if distribution.mean() < 0.0 { "tau_syn_in" } else { "tau_syn_ex" };
            (constant(post, symbol)?, constant(post, "C_m")?)
        }
        _ => (1.0, 1.0),
    };
    Ok((milli(mean * times / over), milli(sd * times / over)))
}

fn delay(distribution: &Distribution) -> Delay {
    let (mean_s, sd_s) = (milli(distribution.mean()), milli(distribution.sd()));
    let of = |distribution| Delay { mean_s, sd_s, distribution };
    match (distribution.shape, distribution.bounds) {
        _ if sd_s == 0.0 => Delay::constant(mean_s),
        (Shape::Constant { .. }, _) => of(DelayDistribution::Constant),
        (Shape::Normal { .. }, Bounds::None) => of(DelayDistribution::Gaussian),
        (Shape::Normal { .. }, _) => {
            let (min, max) = distribution.limits();
            of(DelayDistribution::TruncatedGaussian { min_s: milli(min), max_s: milli(max) })
        }
        (Shape::Lognormal { .. }, Bounds::None | Bounds::KeepSign) => of(DelayDistribution::Lognormal),
        (Shape::Lognormal { .. }, Bounds::Between { min, max }) => {
            of(DelayDistribution::TruncatedLognormal { min_s: milli(min), max_s: milli(max) })
        }
        (Shape::Uniform { .. }, _) => {
            let (mean, sd) = distribution.drawn_mean_and_sd();
            Delay { mean_s: milli(mean), sd_s: milli(sd), distribution: DelayDistribution::Uniform }
        }
    }
}
