//! What a simulation promises: what it refuses, what its result depends on, and drives against
//! closed forms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::cell::Cell;

use common::{connection, normal, population, relays};
use lapicque_network::{
    Bounds, Distribution, Drive, Network, NeuronModel, Population, Rule, Shape, SpatialProfile, Spread, Synapse,
};
use lapicque_numerics::random::StreamKey;
use lapicque_spiking::{Options, Recording, SimulationError, simulate};

fn run_with(network: &Network, options: &Options, seed: u8) -> Result<Recording, SimulationError> {
    simulate(network, options, StreamKey::new([seed; 16]), &|| false, &mut |_| {})
}

fn run(network: &Network, duration_ms: f64) -> Recording {
    run_with(network, &Options { time_step_ms: 0.1, duration_ms, transient_ms: 0.0 }, 1).unwrap()
}

/// A network that is busy without Poisson drive. Weights are multiples of 2^-4, so sums of any
/// order are exact.
fn busy() -> Network {
    let mut excitatory = population("E", 600, NeuronModel::IafPscExp, &[("tau_syn_in", 5.0)], vec![]);
    let mut inhibitory = population("I", 100, NeuronModel::IafPscExp, &[], vec![]);
    for population in [&mut excitatory, &mut inhibitory] {
        let shape = Shape::Uniform { low: 200.0, high: 600.0 };
        population.neuron.parameters.insert("I_e".into(), Distribution { shape, bounds: Bounds::None });
    }
    let delay = normal(2.0, 0.5, Bounds::Between { min: 0.5, max: f64::INFINITY });
    let rule = Rule::Probability { p: 0.1, autapses: false };
    Network {
        name: "busy".into(),
        populations: vec![excitatory, inhibitory],
        connections: vec![
            connection("E", "E", rule, Distribution::constant(10.0625), delay),
            connection(
                "E",
                "I",
                Rule::InDegree { k: 60.0, autapses: true, multapses: true },
                Distribution::constant(12.5),
                delay,
            ),
            connection("I", "E", rule, Distribution::constant(-40.0), delay),
            connection(
                "I",
                "I",
                Rule::Total { n: 1000, autapses: false, multapses: false },
                Distribution::constant(-20.25),
                delay,
            ),
        ],
    }
}

fn silent(name: &str, size: u32) -> Population {
    population(name, size, NeuronModel::IafPscDelta, &[], vec![])
}

#[test]
fn the_result_depends_on_network_options_and_key_alone() {
    let options = Options { time_step_ms: 0.1, duration_ms: 200.0, transient_ms: 0.0 };
    let reference = run_with(&busy(), &options, 1).unwrap();
    assert!(reference.step.len() > 2000, "{} spikes", reference.step.len());
    assert_eq!(run_with(&busy(), &options, 1).unwrap(), reference);
    assert_ne!(run_with(&busy(), &options, 2).unwrap(), reference);
    // Shorter windows and more blocks are other ways to the same spikes.
    let mut network = busy();
    network.populations.push(silent("Z", 1));
    network.connections.push(connection(
        "Z",
        "E",
        Rule::AllToAll { autapses: true },
        Distribution::constant(1.0),
        Distribution::constant(0.2),
    ));
    assert_eq!(run_with(&network, &options, 1).unwrap().step, reference.step);
    network.populations.insert(1, silent("Y", 70_000));
    let many = run_with(&network, &options, 1).unwrap();
    assert_eq!((&many.step, &many.neuron), (&reference.step, &reference.neuron));
    // The transient leaves out spikes and nothing else.
    let late = run_with(&busy(), &Options { transient_ms: 100.0, ..options }, 1).unwrap();
    let expected: Vec<u32> = reference.step.iter().copied().filter(|&step| step >= 1000).collect();
    assert_eq!(late.step, expected);
    assert_eq!((late.populations[0].t_start_ms, late.populations[0].t_stop_ms), (100.0, 200.0));
    assert_eq!(late.populations[0].rate_hz, late.populations[0].spikes.len() as f64 / 60.0);
}

#[test]
fn spikes_are_sorted_by_population_step_and_neuron() {
    let recording = run(&busy(), 100.0);
    let rows: Vec<_> =
        (0..recording.step.len()).map(|i| (recording.population[i], recording.step[i], recording.neuron[i])).collect();
    assert!(rows.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(recording.step.iter().all(|step| (1..=1000).contains(step)));
    assert_eq!(recording.spikes_of(0).0.len() + recording.spikes_of(1).0.len(), rows.len());
    assert!(recording.spikes_of(2).0.is_empty());
}

#[test]
fn a_parameter_drawn_without_spread_is_a_constant() {
    let mut network = busy();
    for symbol in ["C_m", "tau_m", "V_th", "t_ref", "tau_syn_ex", "V_reset", "E_L"] {
        let parameters = &mut network.populations[0].neuron.parameters;
        let mean = parameters[symbol].mean();
        let shape = Shape::Normal { mean, sd: Spread::Absolute(1e-200) };
        let min = if mean > 0.0 { 0.5 * mean } else { 2.0 * mean };
        let bounds = Bounds::Between { min, max: if mean > 0.0 { 2.0 * mean } else { 0.5 * mean } };
        parameters.insert(symbol.into(), Distribution { shape, bounds });
    }
    assert_eq!(run(&network, 100.0), run(&busy(), 100.0));
}

#[test]
fn initial_potentials_are_drawn_for_each_neuron() {
    let mut neurons = population(
        "A",
        2000,
        NeuronModel::IafPscDelta,
        &[("tau_m", 1e9), ("C_m", 1e12), ("E_L", 0.0), ("V_reset", -100.0), ("V_th", 0.0)],
        vec![],
    );
    neurons
        .neuron
        .parameters
        .insert("V_m".into(), Distribution { shape: Shape::Uniform { low: -3.0, high: 1.0 }, bounds: Bounds::None });
    let network = Network { name: "initial".into(), populations: vec![neurons], connections: vec![] };
    let recording = run(&network, 10.0);
    assert!(recording.step.iter().all(|&step| step == 1));
    assert!((f64::from(recording.step.len() as u32) - 500.0).abs() < 4.5 * 375f64.sqrt());
}

#[test]
fn what_is_not_simulated_is_refused_by_its_path() {
    let refused = |change: &dyn Fn(&mut Network)| {
        let mut network = busy();
        change(&mut network);
        match run_with(&network, &Options { duration_ms: 1.0, ..Options::default() }, 1) {
            Err(SimulationError::Unsupported(unsupported)) => unsupported.path,
            other => panic!("{other:?}"),
        }
    };
    let plastic = Synapse::TsodyksMarkram { u: 0.5, tau_rec_ms: 100.0, tau_fac_ms: 0.0 };
    assert_eq!(refused(&|n| n.connections[2].synapse = plastic), "connections.I_to_E.synapse");
    assert_eq!(
        refused(&|n| n.connections[0].profile = Some(SpatialProfile::Gaussian { sd_um: 100.0 })),
        "connections.E_to_E.profile"
    );
    let other_model = |n: &mut Network| n.populations[1] = population("I", 100, NeuronModel::Binary, &[], vec![]);
    assert_eq!(refused(&other_model), "populations.I.model");
}

#[test]
fn bad_values_are_named() {
    let message = |network: &Network| {
        run_with(network, &Options { duration_ms: 1.0, ..Options::default() }, 1).unwrap_err().to_string()
    };
    let mut network = busy();
    network.connections[0].post = "X".into();
    assert!(message(&network).contains("connections.E_to_E.post"));
    let mut network = busy();
    network.populations[0].neuron.parameters.insert("tau_m".into(), Distribution::constant(-1.0));
    assert!(message(&network).contains("populations.E.tau_m"));
    let many = Drive::Poisson { rate_hz: 1e9, synapses: 1.0, weight: Distribution::constant(1.0), delay_ms: 1.0 };
    assert!(message(&relays(vec![many])).contains("`populations.A.drive.rate`: `mean` = 62500"));
    let mut network = busy();
    network.connections[0].delay_ms = Distribution::constant(0.01);
    assert!(message(&network).contains("connections.E_to_E.delay"));
}

#[test]
fn what_does_not_fit_is_refused_before_it_is_allocated() {
    let refused = |sizes: [u32; 2], rule: Rule| {
        let constant = Distribution::constant(1.0);
        let populations = vec![silent("A", sizes[0]), silent("B", sizes[1])];
        let connections = vec![connection("A", "B", rule, constant, constant)];
        run_with(&Network { name: "large".into(), populations, connections }, &Options::default(), 1)
            .unwrap_err()
            .to_string()
    };
    assert!(
        refused([u32::MAX, 1], Rule::Total { n: 1, autapses: true, multapses: true }).contains("4294967296 neurons")
    );
    let most = "synapses; at most 4.294967296e9 per connection";
    assert!(refused([100, 100], Rule::InDegree { k: 1e9, autapses: true, multapses: true }).contains(most));
    assert!(refused([100, 100], Rule::Total { n: 1 << 50, autapses: true, multapses: true }).contains(most));
    assert!(refused([100_000, 100_000], Rule::Probability { p: 0.9, autapses: true }).contains(most));
}

#[test]
fn progress_grows_to_one_and_cancellation_ends() {
    let mut fractions = Vec::new();
    let options = Options { time_step_ms: 0.1, duration_ms: 200.0, transient_ms: 0.0 };
    simulate(&busy(), &options, StreamKey::new([1; 16]), &|| false, &mut |fraction| fractions.push(fraction)).unwrap();
    assert!(fractions.len() > 2 && fractions.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!((fractions[0], fractions[fractions.len() - 1]), (0.0, 1.0));
    let asked = Cell::new(0);
    let cancel = || {
        asked.set(asked.get() + 1);
        asked.get() > 15
    };
    let mut reached = 0.0;
    let result = simulate(&busy(), &options, StreamKey::new([1; 16]), &cancel, &mut |fraction| reached = fraction);
    assert_eq!(result, Err(SimulationError::Cancelled));
    assert!(reached < 1.0);
}
