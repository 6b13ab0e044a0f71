//! One neuron against NEST, and the network against one neuron.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{connection, population};
use lapicque_network::{Distribution, Drive, Network, NeuronModel, Rule};
use lapicque_numerics::random::StreamKey;
use lapicque_spiking::neurons::iaf_psc_delta;
use lapicque_spiking::neurons::iaf_psc_exp::{Arriving, Neuron, Parameters};
use lapicque_spiking::{Options, Recording, simulate};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/iaf_psc_exp");

fn pairs(value: &serde_json::Value) -> Vec<Vec<f64>> {
    serde_json::from_value(value.clone()).unwrap_or_default()
}

#[test]
fn traces_and_spike_times_of_nest() {
    let meta: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(format!("{GOLDEN}/meta.json")).unwrap()).unwrap();
    let cases = meta.as_object().unwrap();
    assert_eq!(cases.len(), 3);
    for (name, case) in cases {
        let value = |symbol: &str, default: f64| case["params"][symbol].as_f64().unwrap_or(default);
        let parameters = Parameters {
            membrane_capacitance_pf: value("C_m", 250.0),
            membrane_time_constant_ms: value("tau_m", 10.0),
            leak_reversal_mv: value("E_L", -70.0),
            reset_mv: value("V_reset", -70.0),
            threshold_mv: value("V_th", -55.0),
            refractory_ms: value("t_ref", 2.0),
            excitatory_time_constant_ms: value("tau_syn_ex", 2.0),
            inhibitory_time_constant_ms: value("tau_syn_in", 2.0),
            constant_current_pa: value("I_e", 0.0),
        };
        let h = case["dt_ms"].as_f64().unwrap();
        let delay = case["delay_ms"].as_f64().unwrap();
        let step_of = |time: f64| (time / h).round() as i64;
        let arriving = |kind: &str, step: i64| -> f64 {
            let of_step = |spike: &&Vec<f64>| step_of(spike[0] + delay) == step;
            pairs(&case[kind]).iter().filter(of_step).map(|spike| spike[1]).sum()
        };
        let direct_current = pairs(&case["dc_start_stop_pA"]);
        let mut neuron = Neuron::new(&parameters, case["V_m_initial"].as_f64().unwrap(), h).unwrap();
        let mut spikes = Vec::new();
        let trace = std::fs::read_to_string(format!("{GOLDEN}/{name}.csv")).unwrap();
        let mut rows = 0;
        for line in trace.lines().skip(1) {
            let row: Vec<f64> = line.split(',').map(|field| field.parse().unwrap()).collect();
            let step = step_of(row[0]);
            // A current that is on in (start, stop] reaches the neuron within the step and acts in
            // the next.
            let current = direct_current
                .iter()
                .filter(|dc| step_of(dc[0]) < step && step <= step_of(dc[1]))
                .map(|dc| dc[2])
                .sum();
            let arriving = Arriving {
                excitatory_pa: arriving("exc_spikes_t_ms_w_pA", step),
                inhibitory_pa: arriving("inh_spikes_t_ms_w_pA", step),
                current_pa: current,
            };
            if neuron.step(arriving) {
                spikes.push(row[0]);
            }
            let ours = [neuron.membrane_potential_mv(), neuron.excitatory_current_pa(), neuron.inhibitory_current_pa()];
            for (ours, theirs) in ours.iter().zip(&row[1..]) {
                assert!((ours - theirs).abs() < 1e-10, "{name} at {} ms: {ours}, NEST {theirs}", row[0]);
            }
            rows += 1;
        }
        assert!(rows > 600, "{name}: {rows} rows");
        let expected: Vec<f64> = serde_json::from_value(case["spike_times_ms"].clone()).unwrap();
        assert_eq!(spikes, expected, "{name}");
    }
}

/// A ring with a drive by current, a chain to a silent neuron and autapses: all weights and delays
/// constant.
fn ring(tau_syn_in: f64) -> Network {
    let values = [("tau_syn_ex", 0.5), ("tau_syn_in", tau_syn_in), ("V_th", -60.0), ("E_L", -65.0), ("V_reset", -67.0)];
    let driven = vec![Drive::Current { amplitude_pa: 100.0 }, Drive::Current { amplitude_pa: 200.0 }];
    let constant = Distribution::constant;
    Network {
        name: "ring".to_owned(),
        populations: vec![
            population("A", 1, NeuronModel::IafPscExp, &values, driven),
            population("B", 3, NeuronModel::IafPscExp, &values, vec![]),
        ],
        connections: vec![
            connection("A", "B", Rule::AllToAll { autapses: true }, constant(3000.0), constant(1.5)),
            connection("B", "A", Rule::AllToAll { autapses: true }, constant(-300.0), constant(20.0)),
            connection("B", "B", Rule::AllToAll { autapses: true }, constant(-120.0), constant(0.4)),
            connection("A", "A", Rule::AllToAll { autapses: true }, constant(-50.0), constant(3.1)),
        ],
    }
}

fn run(network: &Network, options: &Options) -> Recording {
    simulate(network, options, StreamKey::new([9; 16]), &|| false, &mut |_| {}).unwrap()
}

/// The same by single neurons and a list of what is under way.
fn ring_by_single_neurons(tau_syn_in: f64, h: f64, steps: usize) -> Vec<(usize, u32)> {
    let parameters = |current| Parameters {
        membrane_capacitance_pf: 250.0,
        membrane_time_constant_ms: 10.0,
        leak_reversal_mv: -65.0,
        reset_mv: -67.0,
        threshold_mv: -60.0,
        refractory_ms: 2.0,
        excitatory_time_constant_ms: 0.5,
        inhibitory_time_constant_ms: tau_syn_in,
        constant_current_pa: current,
    };
    let mut neurons: Vec<Neuron> =
        [300.0, 0.0, 0.0, 0.0].map(|current| Neuron::new(&parameters(current), -70.0, h).unwrap()).into();
    let delay = |ms: f64| (ms / h).round() as usize;
    let mut under_way = vec![[Arriving::default(); 4]; steps + delay(20.0) + 1];
    let mut spikes = Vec::new();
    for step in 1..=steps {
        for i in 0..4 {
            if !neurons[i].step(under_way[step][i]) {
                continue;
            }
            spikes.push((i, step as u32));
            if i == 0 {
                (1..4).for_each(|j| under_way[step + delay(1.5)][j].excitatory_pa += 3000.0);
                under_way[step + delay(3.1)][0].inhibitory_pa -= 50.0;
            } else {
                under_way[step + delay(20.0)][0].inhibitory_pa -= 300.0;
                (1..4).for_each(|j| under_way[step + delay(0.4)][j].inhibitory_pa -= 120.0);
            }
        }
    }
    spikes
}

#[test]
fn the_network_is_its_neurons_one_by_one() {
    for (tau_syn_in, h) in [(0.5, 0.1), (2.0, 0.1), (10.0, 0.1), (0.5, 0.0125)] {
        let options = Options { time_step_ms: h, duration_ms: 500.0, transient_ms: 0.0 };
        let recording = run(&ring(tau_syn_in), &options);
        let mut expected = ring_by_single_neurons(tau_syn_in, h, (500.0 / h).round() as usize);
        expected.sort_by_key(|&(i, step)| (i > 0, step, i));
        let ours: Vec<(usize, u32)> = (0..recording.step.len())
            .map(|row| (recording.population[row] as usize + recording.neuron[row] as usize, recording.step[row]))
            .collect();
        assert!(
            expected.iter().filter(|spike| spike.0 == 0).count() > 10
                && expected.iter().filter(|spike| spike.0 == 3).count() > 5
        );
        assert_eq!(ours, expected, "tau_syn_in {tau_syn_in} ms, step {h} ms");
    }
}

#[test]
fn delta_neurons_in_a_network_are_its_neurons_one_by_one() {
    let values = [("V_reset", -70.0), ("t_ref", 2.0)];
    let network = Network {
        name: "pair".to_owned(),
        populations: vec![
            population("A", 1, NeuronModel::IafPscDelta, &values, vec![Drive::Current { amplitude_pa: 500.0 }]),
            population("B", 1, NeuronModel::IafPscDelta, &values, vec![Drive::Current { amplitude_pa: 350.0 }]),
        ],
        connections: vec![
            connection("A", "B", Rule::OneToOne, Distribution::constant(4.0), Distribution::constant(1.0)),
            connection("B", "A", Rule::OneToOne, Distribution::constant(-3.0), Distribution::constant(0.7)),
        ],
    };
    let recording = run(&network, &Options { time_step_ms: 0.1, duration_ms: 300.0, transient_ms: 0.0 });
    let parameters = |current| iaf_psc_delta::Parameters {
        membrane_capacitance_pf: 250.0,
        membrane_time_constant_ms: 10.0,
        leak_reversal_mv: -70.0,
        reset_mv: -70.0,
        threshold_mv: -55.0,
        refractory_ms: 2.0,
        constant_current_pa: current,
    };
    let mut neurons =
        [500.0, 350.0].map(|current| iaf_psc_delta::Neuron::new(&parameters(current), -70.0, 0.1).unwrap());
    let mut under_way = [vec![0.0; 3100], vec![0.0; 3100]];
    let mut expected = [Vec::new(), Vec::new()];
    for step in 1..=3000 {
        for i in 0..2 {
            if neurons[i].step(under_way[i][step]) {
                expected[i].push(step as u32);
                under_way[1 - i][step + [10, 7][i]] += [4.0, -3.0][i];
            }
        }
    }
    assert!(expected[0].len() > 10 && expected[1].len() > 5);
    assert_eq!([recording.spikes_of(0).1, recording.spikes_of(1).1], [&expected[0][..], &expected[1][..]]);
}
