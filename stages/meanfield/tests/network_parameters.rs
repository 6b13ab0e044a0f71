//! Parameters from the description of a network, and parameters that are refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use lapicque_meanfield::binary::BinaryParameters;
use lapicque_meanfield::network::{Delay, DelayDistribution, Drive, Parameters, Population, Search, working_point};
use lapicque_meanfield::neuron::{Neuron, Synapses};
use lapicque_meanfield::spatial::{Profile, profiles};
use lapicque_network as description;
use lapicque_network::{
    Bounds, Connection, Distribution, Network, NeuronModel, Rule, Shape, SpatialProfile, Spread, Synapse,
};
use support::{close, golden, json, matrix, microcircuit, numbers};

fn constant(value: f64) -> Distribution {
    Distribution::constant(value)
}

fn normal(mean: f64, sd: f64, bounds: Bounds) -> Distribution {
    Distribution { shape: Shape::Normal { mean, sd: Spread::Absolute(sd) }, bounds }
}

fn population(name: &str, size: u32, model: NeuronModel, values: &[(&str, f64)]) -> description::Population {
    let mut parameters: std::collections::BTreeMap<String, Distribution> =
        model.parameters().iter().map(|spec| (spec.symbol.to_owned(), constant(spec.default))).collect();
    for (symbol, value) in values {
        parameters.insert((*symbol).to_owned(), constant(*value)).unwrap();
    }
    description::Population {
        name: name.to_owned(),
        size,
        neuron: description::Neuron { model, parameters },
        drives: Vec::new(),
    }
}

fn connection(pre: &str, post: &str, rule: Rule, weight: Distribution) -> Connection {
    Connection {
        name: format!("{pre}_to_{post}"),
        pre: pre.to_owned(),
        post: post.to_owned(),
        rule,
        weight,
        delay_ms: constant(1.5),
        synapse: Synapse::Static,
        profile: None,
    }
}

/// As simulations describe it, in pA, ms, mV.
#[test]
fn the_microcircuit_from_its_description() {
    let reference = json(&golden("microcircuit/bos2016.json"));
    let expected = microcircuit(&reference["parameters"], &reference["parameters"]["populations"]);
    let in_degrees = matrix(&reference["parameters"]["K"]);
    let outside = numbers(&reference["parameters"]["K_ext"]);
    let values = [("C_m", 250.0), ("tau_m", 10.0), ("E_L", -65.0), ("V_reset", -65.0), ("V_th", -50.0), ("t_ref", 2.0)];
    let values = [values.as_slice(), &[("tau_syn_ex", 0.5), ("tau_syn_in", 0.5)]].concat();
    let populations = expected.populations.iter().zip(outside).map(|(of, synapses)| {
        let mut population = population(&format!("L{}", of.name), of.size as u32, NeuronModel::IafPscExp, &values);
        let weight = constant(87.8);
        population.drives.push(description::Drive::Poisson { rate_hz: 8.0, synapses, weight, delay_ms: 1.5 });
        population
    });
    let populations: Vec<description::Population> = populations.collect();
    let mut connections = Vec::new();
    for (i, post) in populations.iter().enumerate() {
        for (j, pre) in populations.iter().enumerate() {
            let rule = Rule::InDegree { k: in_degrees[(i, j)], autapses: true, multapses: true };
            let weight = match (i, j) {
                (0, 2) => 175.6,
                _ if j % 2 == 0 => 87.8,
                _ => -4.0 * 87.8,
            };
            let mut connection = connection(&pre.name, &post.name, rule, constant(weight));
            let delay = if j % 2 == 0 { 1.5 } else { 0.75 };
            connection.delay_ms = normal(delay, delay, Bounds::KeepSign);
            connections.push(connection);
        }
    }
    let network = Network { name: "microcircuit".to_owned(), populations, connections };
    network.check().unwrap();
    let found = Parameters::from_network(&network).unwrap();
    for (found, expected) in [(&found.in_degree, &expected.in_degree), (&found.weight_v, &expected.weight_v)] {
        for (found, expected) in found.iter().zip(expected) {
            close(*found, *expected, 1e-15, 0.0, "matrix");
        }
    }
    for omega in [0.0, 100.0, 1000.0] {
        for (found, expected) in found.delay.iter().zip(&expected.delay) {
            assert!((found.factor(omega) - expected.factor(omega)).norm() < 1e-14);
        }
    }
    for (found, expected) in found.populations.iter().zip(&expected.populations) {
        close(found.neuron.membrane_time_constant_s, expected.neuron.membrane_time_constant_s, 1e-15, 0.0, "tau_m");
        close(found.neuron.threshold_v, expected.neuron.threshold_v, 1e-15, 0.0, "threshold");
        assert_eq!((found.neuron.reset_v, found.size), (0.0, expected.size));
    }
    let rates = working_point(&found, Synapses::Shift, &Search::default()).unwrap().rates_hz;
    for (found, expected) in rates.iter().zip(numbers(&reference["working_point"]["shift"]["firing_rates_refined"])) {
        close(*found, expected, 1e-11, 0.0, "rate");
    }
}

/// E of 10 and I of 4 neurons with delta synapses.
fn jumps(connections: Vec<Connection>) -> Network {
    let model = NeuronModel::IafPscDelta;
    let populations = vec![population("E", 10, model, &[]), population("I", 4, model, &[])];
    Network { name: "test".to_owned(), populations, connections }
}

#[test]
fn rules_as_in_degrees() {
    let k = |pre: &str, post: &str, rule: Rule| {
        let network = jumps(vec![connection(pre, post, rule, constant(0.1))]);
        let position = |name: &str| usize::from(name == "I");
        Parameters::from_network(&network).unwrap().in_degree[(position(post), position(pre))]
    };
    assert_eq!(k("E", "I", Rule::Probability { p: 0.2, autapses: false }), 2.0);
    assert_eq!(k("E", "E", Rule::Probability { p: 0.5, autapses: false }), 4.5);
    assert_eq!(k("E", "E", Rule::Probability { p: 0.5, autapses: true }), 5.0);
    assert_eq!(k("I", "E", Rule::InDegree { k: 2.5, autapses: false, multapses: true }), 2.5);
    assert_eq!(k("E", "I", Rule::Total { n: 30, autapses: true, multapses: true }), 7.5);
    assert_eq!(k("I", "I", Rule::AllToAll { autapses: false }), 3.0);
    assert_eq!(k("I", "E", Rule::AllToAll { autapses: false }), 4.0);
    assert_eq!(k("E", "E", Rule::OneToOne), 1.0);
}

#[test]
fn weights_and_delays_as_they_are_drawn() {
    let mut half_normal = connection("E", "I", Rule::AllToAll { autapses: true }, normal(1.0, 1.0, Bounds::KeepSign));
    half_normal.delay_ms = normal(1.0, 0.5, Bounds::Between { min: 0.3, max: f64::INFINITY });
    let found = Parameters::from_network(&jumps(vec![half_normal.clone()])).unwrap();
    // phi(1)/Phi(1).
    let ratio: f64 = 0.241_970_724_519_143_37 / 0.841_344_746_068_542_9;
    close(found.weight_v[(1, 0)], 1e-3 * (1.0 + ratio), 1e-12, 0.0, "mean");
    close(found.weight_sd_v[(1, 0)], 1e-3 * (1.0 - ratio - ratio * ratio).sqrt(), 1e-12, 0.0, "sd");
    let DelayDistribution::TruncatedGaussian { min_s, max_s } = found.delay[(1, 0)].distribution else {
        panic!("{:?}", found.delay[(1, 0)]);
    };
    assert_eq!((min_s, max_s), (0.3e-3, f64::INFINITY));

    // Two connections of the same populations: 10 synapses of 1 mV and 5 of -0.5 mV.
    let one = connection("E", "I", Rule::AllToAll { autapses: true }, constant(1.0));
    let other = Connection {
        name: "more".to_owned(),
        weight: constant(-0.5),
        rule: Rule::InDegree { k: 5.0, autapses: true, multapses: true },
        ..one.clone()
    };
    let found = Parameters::from_network(&jumps(vec![one, other.clone()])).unwrap();
    close(found.weight_v[(1, 0)], 0.5e-3, 1e-15, 0.0, "mean of both");
    close(found.weight_sd_v[(1, 0)], (0.75e-6 - 0.25e-6f64).sqrt(), 1e-14, 0.0, "sd of both");
    let error = Parameters::from_network(&jumps(vec![half_normal, other])).unwrap_err();
    assert_eq!(error.path, "connections.more.delay");
    let lognormal = Shape::Lognormal { mean: 1.0, sd: Spread::Relative(0.5) };
    let within = Bounds::Between { min: 0.1, max: 5.0 };
    let truncated = DelayDistribution::TruncatedLognormal { min_s: 0.1e-3, max_s: 5e-3 };
    let constant = Shape::Normal { mean: 1.0, sd: Spread::Absolute(0.0) };
    for (shape, bounds, expected) in [
        (Shape::Uniform { low: 1.0, high: 2.0 }, Bounds::None, DelayDistribution::Uniform),
        (lognormal, Bounds::None, DelayDistribution::Lognormal),
        (lognormal, Bounds::KeepSign, DelayDistribution::Lognormal),
        (lognormal, within, truncated),
        (Shape::Normal { mean: 1.0, sd: Spread::Relative(0.1) }, Bounds::None, DelayDistribution::Gaussian),
        (constant, Bounds::KeepSign, DelayDistribution::Constant),
    ] {
        let mut connection = connection("E", "I", Rule::OneToOne, Distribution::constant(1.0));
        connection.delay_ms = Distribution { shape, bounds };
        let found = Parameters::from_network(&jumps(vec![connection])).unwrap();
        assert_eq!(found.delay[(1, 0)].distribution, expected);
        found.check().unwrap();
    }
}

#[test]
fn what_the_theory_does_not_cover_is_refused_by_its_path() {
    let rule = Rule::AllToAll { autapses: true };
    let refused = |change: &dyn Fn(&mut Network)| {
        let currents = |name: &str| population(name, 10, NeuronModel::IafPscExp, &[]);
        let connections = vec![connection("E", "I", rule, constant(1.0)), connection("I", "I", rule, constant(-1.0))];
        let mut network =
            Network { name: "n".to_owned(), populations: vec![currents("E"), currents("I")], connections };
        Parameters::from_network(&network).unwrap();
        change(&mut network);
        Parameters::from_network(&network).unwrap_err().path
    };
    let set = |network: &mut Network, symbol: &str, value: Distribution| {
        network.populations[1].neuron.parameters.insert(symbol.to_owned(), value).unwrap();
    };
    assert_eq!(
        refused(&|n| n.populations[0] = population("E", 10, NeuronModel::IafCondExp, &[])),
        "populations.E.model"
    );
    assert_eq!(
        refused(&|n| n.populations[0] = population("E", 10, NeuronModel::IafPscAlpha, &[])),
        "populations.E.model"
    );
    assert_eq!(refused(&|n| n.populations[0] = population("E", 10, NeuronModel::Binary, &[])), "populations.E.model");
    assert_eq!(refused(&|n| set(n, "tau_syn_in", constant(5.0))), "populations.I.tau_syn_in");
    assert_eq!(refused(&|n| set(n, "V_th", normal(-50.0, 1.0, Bounds::None))), "populations.I.V_th");
    assert_eq!(
        refused(&|n| n.connections[0].synapse = Synapse::TsodyksMarkram { u: 0.5, tau_rec_ms: 100.0, tau_fac_ms: 0.0 }),
        "connections.E_to_I.synapse"
    );
    assert_eq!(refused(&|n| n.connections[1].pre = "X".to_owned()), "connections.I_to_I.pre");
}

#[test]
fn the_synaptic_time_constant_is_that_of_the_synapses_there_are() {
    let of = |weight: f64| {
        let mut populations = vec![population(
            "A",
            10,
            NeuronModel::IafPscExp,
            &[("tau_syn_ex", 1.0), ("tau_syn_in", 0.4), ("I_e", 100.0)],
        )];
        populations[0].drives.push(description::Drive::Current { amplitude_pa: 50.0 });
        let connections = vec![connection("A", "A", Rule::OneToOne, constant(weight))];
        Parameters::from_network(&Network { name: "n".to_owned(), populations, connections }).unwrap()
    };
    let (excitatory, inhibitory) = (of(2.5), of(-2.5));
    assert_eq!(excitatory.populations[0].neuron.synaptic_time_constant_s, 1e-3);
    assert_eq!(inhibitory.populations[0].neuron.synaptic_time_constant_s, 0.4e-3);
    close(excitatory.weight_v[(0, 0)], 2.5 * 1.0 / 250.0 * 1e-3, 1e-15, 0.0, "excitatory");
    close(inhibitory.weight_v[(0, 0)], -2.5 * 0.4 / 250.0 * 1e-3, 1e-15, 0.0, "inhibitory");
    // 150 pA through 10 ms/250 pF.
    close(excitatory.populations[0].constant_input_v, 6e-3, 1e-15, 0.0, "constant input");
}

#[test]
fn binary_networks_have_their_own_theory() {
    let model = NeuronModel::Binary;
    let populations = vec![population("E", 100, model, &[("theta", 1.5)]), population("I", 50, model, &[])];
    let rule = Rule::Probability { p: 0.2, autapses: true };
    let connections =
        vec![connection("E", "I", rule, normal(0.3, 0.1, Bounds::None)), connection("I", "E", rule, constant(-1.0))];
    let mut network = Network { name: "n".to_owned(), populations, connections };
    let found = BinaryParameters::from_network(&network).unwrap();
    assert_eq!((found.in_degree[(1, 0)], found.in_degree[(0, 1)]), (20.0, 10.0));
    close(found.weight_v[(1, 0)], 0.3e-3, 1e-15, 0.0, "mean");
    close(found.weight_sd_v[(1, 0)], 0.1e-3, 1e-15, 0.0, "sd");
    assert_eq!(found.populations[0].threshold_v, 1.5e-3);
    network.populations[1].drives.push(description::Drive::Current { amplitude_pa: 1.0 });
    assert_eq!(BinaryParameters::from_network(&network).unwrap_err().path, "populations.I.drive");
    network.populations[1] = population("I", 50, NeuronModel::IafPscDelta, &[]);
    assert_eq!(BinaryParameters::from_network(&network).unwrap_err().path, "populations.I.model");
}

#[test]
fn profiles_of_a_network() {
    let mut one = connection("E", "I", Rule::OneToOne, constant(1.0));
    let without = profiles(&jumps(vec![one.clone()])).unwrap_err();
    assert_eq!(without.path, "connections.E_to_I.profile");
    one.profile = Some(SpatialProfile::Boxcar { width_um: 200.0 });
    let mut other = connection("E", "I", Rule::OneToOne, constant(1.0));
    other.profile = Some(SpatialProfile::Gaussian { sd_um: 200.0 });
    let found = profiles(&jumps(vec![one.clone()])).unwrap();
    assert!(found.iter().all(|profile| *profile == Profile::Boxcar { half_width_m: 200e-6 }));
    other.name = "other".to_owned();
    assert_eq!(profiles(&jumps(vec![one, other])).unwrap_err().path, "connections.other.profile");
    assert_eq!(profiles(&jumps(Vec::new())).unwrap_err().path, "connections");
}

fn small() -> Parameters {
    let neuron = Neuron {
        membrane_time_constant_s: 10e-3,
        synaptic_time_constant_s: 0.5e-3,
        refractory_period_s: 2e-3,
        threshold_v: 15e-3,
        reset_v: 0.0,
    };
    let drive = Drive { in_degree: 1000.0, rate_hz: 8.0, weight_v: 1e-4, weight_sd_v: 0.0 };
    let population =
        |name: &str| Population { name: name.to_owned(), size: 10, neuron, constant_input_v: 0.0, drives: vec![drive] };
    Parameters::unconnected(vec![population("E"), population("I")])
}

#[test]
fn parameters_out_of_their_ranges_are_named() {
    let message = |change: &dyn Fn(&mut Parameters)| {
        let mut parameters = small();
        parameters.check().unwrap();
        change(&mut parameters);
        let error = parameters.check().unwrap_err().to_string();
        // Nothing is computed from them.
        assert_eq!(working_point(&parameters, Synapses::Shift, &Search::default()).unwrap_err().to_string(), error);
        error
    };
    assert_eq!(message(&|p| p.populations.clear()), "there is no population");
    assert_eq!(message(&|p| p.in_degree[(0, 1)] = -1.0), "`in_degree[E, I]` = -1: it must be 0 or above, and finite");
    assert_eq!(message(&|p| p.weight_v[(1, 0)] = f64::INFINITY), "`weight_v[I, E]` = inf: it must be a finite number");
    assert_eq!(
        message(&|p| p.weight_sd_v[(1, 1)] = f64::NAN),
        "`weight_sd_v[I, I]` = NaN: it must be 0 or above, and finite"
    );
    assert_eq!(
        message(&|p| p.delay[(1, 0)].mean_s = -1e-3),
        "`delay.mean_s[I, E]` = -0.001: it must be 0 or above, and finite"
    );
    assert_eq!(
        message(&|p| p.populations[0].size = 0),
        "`E.size` = 0: it must be 1 or above; leave out a population without neurons"
    );
    assert_eq!(
        message(&|p| p.populations[1].neuron.threshold_v = -1e-3),
        "`I.threshold_v` = -0.001 V: it must be above `reset_v` = 0 V"
    );
    assert_eq!(
        message(&|p| p.populations[1].drives[0].rate_hz = -8.0),
        "`I.drives[0].rate_hz` = -8: it must be 0 or above, and finite"
    );
    assert_eq!(
        message(&|p| p.populations[1].neuron.membrane_time_constant_s = 0.0),
        "`I.membrane_time_constant_s` = 0: it must be above 0, and finite"
    );
    assert_eq!(
        message(&|p| p.in_degree = nalgebra::DMatrix::zeros(2, 3)),
        "`in_degree` is 2 x 3: it must be 2 x 2, targets x sources"
    );
}

#[test]
fn delays_that_cannot_be_are_named() {
    let message = |mean_s: f64, sd_s: f64, distribution: DelayDistribution| {
        let mut parameters = small();
        parameters.delay[(0, 0)] = Delay { mean_s, sd_s, distribution };
        parameters.check().map_err(|error| error.to_string())
    };
    let within = |min_s, max_s| DelayDistribution::TruncatedGaussian { min_s, max_s };
    assert_eq!(message(1.0, 1.0, within(0.0, f64::INFINITY)), Ok(()));
    assert_eq!(message(1.0, 0.0, within(0.0, f64::INFINITY)), Ok(()));
    assert!(message(1.0, 1.0, within(2.0, 2.0)).unwrap_err().contains("max_s"));
    assert!(message(1.0, 1.0, within(f64::NAN, 2.0)).unwrap_err().contains("min_s"));
    assert!(message(1.0, 0.1, within(2.0, 3.0)).unwrap_err().contains("nearer to the bounds"));
    assert!(message(0.0, 1.0, DelayDistribution::Lognormal).unwrap_err().contains("mean_s"));
    assert!(message(1.0, -1.0, DelayDistribution::Gaussian).unwrap_err().contains("sd_s"));
    assert!(message(f64::NAN, 1.0, DelayDistribution::Gaussian).unwrap_err().contains("mean_s"));
}
