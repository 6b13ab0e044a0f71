//! Times between steps, and what shows before a synapse is drawn.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{connection, normal, population};
use lapicque_network::{Bounds, Distribution, Drive, Network, NeuronModel, Population, Rule, Shape};
use lapicque_numerics::random::StreamKey;
use lapicque_spiking::{Options, SimulationError, check, rounded_times, simulate};

/// Fires in the step after it is let go: 1 mV of drift in each step are enough.
fn pacemaker(name: &str, t_ref: f64, size: u32) -> Population {
    let values =
        [("t_ref", t_ref), ("I_e", 1e6), ("C_m", 1.0), ("E_L", 0.0), ("V_m", 0.0), ("V_reset", 0.0), ("V_th", 1.0)];
    population(name, size, NeuronModel::IafPscDelta, &values, vec![])
}

fn steps(network: &Network, time_step_ms: f64, index: usize) -> Vec<u32> {
    let options = Options { time_step_ms, duration_ms: 400.0 * time_step_ms, transient_ms: 0.0 };
    let recording = simulate(network, &options, StreamKey::new([1; 16]), &|| false, &mut |_| {}).unwrap();
    recording.spikes_of(index).1.to_vec()
}

/// (step, t_ref, steps of refractoriness): NEST 3.10.0, iaf_psc_exp.
const REFRACTORY: [(f64, f64, u32); 14] = [
    (0.1, 0.0, 0),
    (0.1, 0.05, 1),
    (0.1, 0.12, 2),
    (0.1, 0.3, 3),
    (0.1, 0.35, 4),
    (0.1, 0.45, 5),
    (0.1, 0.7, 7),
    (0.1, 2.001, 21),
    (0.1, 2.1, 21),
    (0.1, 0.3004, 3),
    (0.05, 0.12, 3),
    (0.3, 2.1, 7),
    (0.7, 2.1, 3),
    (0.0625, 2.0, 32),
];

#[test]
fn refractory_periods_go_up_to_the_next_step() {
    for (step, t_ref, expected) in REFRACTORY {
        let network =
            Network { name: "one".into(), populations: vec![pacemaker("A", t_ref, 1)], connections: Vec::new() };
        let intervals: Vec<u32> = steps(&network, step, 0).windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(
            intervals.len() > 5 && intervals.iter().all(|&n| n == expected + 1),
            "{t_ref} at {step}: {intervals:?}"
        );
    }
}

#[test]
fn refractory_periods_that_are_drawn_go_up_each_for_itself() {
    let mut neurons = pacemaker("A", 2.0, 2000);
    let shape = Shape::Uniform { low: 0.201, high: 0.4 };
    neurons.neuron.parameters.insert("t_ref".into(), Distribution { shape, bounds: Bounds::None });
    let network = Network { name: "drawn".into(), populations: vec![neurons], connections: Vec::new() };
    let options = Options { time_step_ms: 0.1, duration_ms: 1.0, transient_ms: 0.0 };
    let recording = simulate(&network, &options, StreamKey::new([1; 16]), &|| false, &mut |_| {}).unwrap();
    let (neurons, steps) = recording.spikes_of(0);
    let mut second = vec![0; 2000];
    for (&neuron, &step) in neurons.iter().zip(steps) {
        if step > 1 && second[neuron as usize] == 0 {
            second[neuron as usize] = step - 1;
        }
    }
    // A period is read to 1 us: half of them are from 0.201 to 0.3005 ms, half above.
    let three = second.iter().filter(|&&interval| interval == 4).count();
    assert!(second.iter().all(|interval| [4, 5].contains(interval)), "{second:?}");
    assert!((three as f64 - 1000.0).abs() < 4.5 * 500f64.sqrt(), "{three}");
}

/// (step, delay, steps): NEST 3.10.0, GetConnections.
const DELAYS: [(f64, f64, u32); 12] = [
    (0.1, 0.05, 1),
    (0.1, 0.12, 1),
    (0.1, 0.15, 2),
    (0.1, 0.19, 2),
    (0.1, 0.25, 3),
    (0.1, 0.35, 4),
    (0.1, 1.15, 12),
    (0.05, 0.145, 3),
    (0.2, 2.675, 13),
    (0.7, 1.05, 2),
    (0.3, 0.35, 1),
    (0.0625, 0.3, 5),
];

#[test]
fn delays_go_to_the_nearest_step() {
    for (step, delay, expected) in DELAYS {
        let relay = population(
            "B",
            1,
            NeuronModel::IafPscDelta,
            &[("E_L", 0.0), ("V_m", 0.0), ("V_reset", 0.0), ("V_th", 0.5), ("t_ref", 0.0)],
            vec![],
        );
        let synapse = connection(
            "A",
            "B",
            Rule::AllToAll { autapses: true },
            Distribution::constant(1.0),
            Distribution::constant(delay),
        );
        let populations = vec![pacemaker("A", 60.0 * step, 1), relay];
        let network = Network { name: "pair".into(), populations, connections: vec![synapse] };
        let (first, second) = (steps(&network, step, 0)[0], steps(&network, step, 1)[0]);
        assert_eq!(second - first, expected, "{delay} at {step}");
    }
}

#[test]
fn what_is_rounded_is_told_by_path_value_and_what_it_becomes() {
    let drive =
        |delay_ms| Drive::Poisson { rate_hz: 1.0, synapses: 1.0, weight: Distribution::constant(1.0), delay_ms };
    let mut network = Network {
        name: "rounded".into(),
        populations: vec![pacemaker("A", 0.35, 1), pacemaker("B", 0.30000000000000004, 1)],
        connections: vec![connection(
            "A",
            "B",
            Rule::OneToOne,
            Distribution::constant(1.0),
            normal(1.0, 0.1, Bounds::KeepSign),
        )],
    };
    network.populations[0].drives = vec![drive(1.0), drive(0.26)];
    network.connections.push(connection(
        "B",
        "A",
        Rule::OneToOne,
        Distribution::constant(1.0),
        Distribution::constant(1.25),
    ));
    let told: Vec<_> = rounded_times(&network, 0.1)
        .unwrap()
        .into_iter()
        .map(|time| (time.path, time.time_ms, time.steps, time.becomes_ms))
        .collect();
    let expected = [
        ("populations.A.t_ref", 0.35, 4, 0.4),
        ("populations.A.drives.1.delay", 0.26, 3, 0.3),
        ("connections.B_to_A.delay", 1.25, 13, 1.3),
    ];
    assert_eq!(told, expected.map(|(path, time, steps, becomes)| (path.to_owned(), time, steps, becomes)));
    network.populations[0].drives = vec![drive(0.04)];
    let refused = rounded_times(&network, 0.1).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`populations.A.drive.delay` = 0.04 ms is less than half a time step of 0.1 ms; a delay is at least one step"
    );
    assert_eq!(check(&network, &Options { time_step_ms: 0.1, ..Options::default() }), Err(refused));
    network.populations[0] = pacemaker("A", 1e12, 1);
    let refused = check(&network, &Options { time_step_ms: 0.1, ..Options::default() }).unwrap_err().to_string();
    assert!(refused.starts_with("`populations.A.t_ref`: 1000000000000 ms"), "{refused}");
}

#[test]
fn connections_that_are_large_only_together_are_refused_before_anything_is_drawn() {
    let populations: Vec<Population> =
        (0..8).map(|i| population(&format!("P{i}"), 50_000, NeuronModel::IafPscDelta, &[], vec![])).collect();
    let mut connections = Vec::new();
    for pre in &populations {
        for post in &populations {
            let rule = Rule::InDegree { k: 80_000.0, autapses: true, multapses: true };
            let constant = Distribution::constant(1.0);
            connections.push(connection(&pre.name, &post.name, rule, constant, constant));
        }
    }
    let network = Network { name: "large".into(), populations, connections };
    let refused = check(&network, &Options::default()).unwrap_err();
    let told = refused.to_string();
    assert!(told.starts_with("the network has about 2.56e11 synapses, and its simulation would take about"), "{told}");
    assert!(told.contains("lists while they are drawn") && told.ends_with("at most 64 GB are allowed"), "{told}");
    let cancelled = simulate(&network, &Options::default(), StreamKey::new([0; 16]), &|| true, &mut |_| {});
    assert_eq!(cancelled, Err(refused));
}

#[test]
fn memory_is_estimated_from_synapses_and_delays() {
    let memory = check(&common::hagen(29.89), &Options::default()).unwrap();
    assert_eq!(memory.expected_synapses, 0.2 * 9216.0 * 9216.0);
    // Two bytes of address and two of weight.
    assert_eq!(memory.synapse_bytes, 4.0 * memory.expected_synapses);
    assert_eq!((memory.list_bytes, memory.input_bytes), (0.0, 4.0 * 131_072.0));
    assert!((70e6..80e6).contains(&memory.bytes()), "{memory}");
    let long = Network {
        name: "long".into(),
        populations: vec![population("A", 1_000_000, NeuronModel::IafPscDelta, &[], vec![])],
        connections: vec![connection(
            "A",
            "A",
            Rule::OneToOne,
            Distribution::constant(1.0),
            Distribution { shape: Shape::Uniform { low: 0.1, high: 6000.0 }, bounds: Bounds::None },
        )],
    };
    let refused = check(&long, &Options { time_step_ms: 0.1, ..Options::default() });
    assert!(matches!(refused, Err(SimulationError::TooMuchMemory { .. })), "{refused:?}");
}

#[test]
fn ends_that_do_not_exist_are_errors() {
    let synapse = |pre: &str, post: &str| {
        let constant = Distribution::constant(1.0);
        connection(pre, post, Rule::AllToAll { autapses: true }, constant, constant)
    };
    for (pre, post) in [("A", "X"), ("X", "A")] {
        let network = Network {
            name: "ends".into(),
            populations: vec![pacemaker("A", 1.0, 1)],
            connections: vec![synapse(pre, post)],
        };
        let told = check(&network, &Options::default()).unwrap_err().to_string();
        assert!(told.contains("there is no population `X`"), "{told}");
    }
}
