//! Networks built by hand.
#![allow(dead_code, unreachable_pub)]

use std::collections::BTreeMap;

use lapicque_network::{
    Bounds, Connection, Distribution, Drive, Network, Neuron, NeuronModel, Population, Rule, Shape, Spread, Synapse,
};

pub fn population(name: &str, size: u32, model: NeuronModel, values: &[(&str, f64)], drives: Vec<Drive>) -> Population {
    let mut parameters: BTreeMap<String, Distribution> =
        model.parameters().iter().map(|spec| (spec.symbol.to_owned(), Distribution::constant(spec.default))).collect();
    for &(symbol, value) in values {
        parameters.insert(symbol.to_owned(), Distribution::constant(value));
    }
    Population { name: name.to_owned(), size, neuron: Neuron { model, parameters }, drives }
}

pub fn connection(pre: &str, post: &str, rule: Rule, weight: Distribution, delay_ms: Distribution) -> Connection {
    Connection {
        name: format!("{pre}_to_{post}"),
        pre: pre.to_owned(),
        post: post.to_owned(),
        rule,
        weight,
        delay_ms,
        synapse: Synapse::Static,
        profile: None,
    }
}

pub fn normal(mean: f64, relative_sd: f64, bounds: Bounds) -> Distribution {
    Distribution { shape: Shape::Normal { mean, sd: Spread::Relative(relative_sd) }, bounds }
}

/// The LIF network of Hagen et al. (2022) as in ncpi, with the external weight in pA.
pub fn hagen(external_pa: f64) -> Network {
    let part = |name: &str, size: u32, capacitance: f64, synapses: f64| {
        let drive =
            Drive::Poisson { rate_hz: 40.0, synapses, weight: Distribution::constant(external_pa), delay_ms: 1.0 };
        let values = [
            ("C_m", capacitance),
            ("tau_m", 10.0),
            ("E_L", -65.0),
            ("V_reset", -65.0),
            ("tau_syn_ex", 0.5),
            ("tau_syn_in", 0.5),
        ];
        population(name, size, NeuronModel::IafPscExp, &values, vec![drive])
    };
    let projection = |pre: &str, post: &str, weight: f64, delay: f64| {
        let delay = normal(delay, 0.5, Bounds::Between { min: 0.3, max: f64::INFINITY });
        connection(
            pre,
            post,
            Rule::Probability { p: 0.2, autapses: true },
            normal(weight, 0.1, Bounds::KeepSign),
            delay,
        )
    };
    Network {
        name: "hagen".to_owned(),
        populations: vec![part("E", 8192, 289.1, 465.0), part("I", 1024, 110.7, 160.0)],
        connections: vec![
            projection("E", "E", 1.589, 2.520),
            projection("E", "I", 2.020, 1.714),
            projection("I", "E", -23.84, 1.585),
            projection("I", "I", -8.441, 1.149),
        ],
    }
}

/// Neurons that fire at once whenever something arrives.
pub fn relays(drives: Vec<Drive>) -> Network {
    let values = [("t_ref", 0.0), ("E_L", 0.0), ("V_m", 0.0), ("V_reset", 0.0), ("V_th", 0.5), ("tau_m", 1e-3)];
    Network {
        name: "relays".into(),
        populations: vec![population("A", 1000, NeuronModel::IafPscDelta, &values, drives)],
        connections: vec![],
    }
}
