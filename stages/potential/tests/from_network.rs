//! Kernel parameters from networks of point neurons.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_network::{Bounds, Distribution, Drive, Network, NetworkFile, NeuronModel, Rule, Shape, Spread, shipped};
use lapicque_potential::kernels::{Calibration, CellValues, Connection, KernelParameters, predict, uses};

fn file(name: &str) -> Network {
    NetworkFile::parse(shipped(name).unwrap(), name).unwrap().network().clone()
}

fn hagen_with(values: &[(&str, f64)]) -> Network {
    NetworkFile::parse(shipped("hagen").unwrap(), "hagen").unwrap().with(values).unwrap()
}

fn of_cells(resting_potential_mv: &dyn Fn(&str) -> f64) -> CellValues<'_> {
    CellValues { resting_potential_mv, peak_conductance_us: &|_, _| None }
}

fn relative(network: &Network) -> KernelParameters {
    KernelParameters::from_network(network, Calibration::Relative(&file("hagen")), of_cells(&|_| -65.0)).unwrap()
}

fn written(network: &Network) -> KernelParameters {
    KernelParameters::from_network(network, Calibration::AsWritten, of_cells(&|_| -65.0)).unwrap()
}

fn connection<'a>(parameters: &'a KernelParameters, pre: &str, post: &str) -> &'a Connection {
    parameters.connection(pre, post).unwrap()
}

fn close(found: f64, expected: f64) {
    assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
}

#[test]
fn the_network_that_was_fitted_has_the_published_parameters() {
    let (found, expected) = (relative(&file("hagen")), KernelParameters::hagen());
    assert_eq!(found.populations, expected.populations);
    for (found, expected) in found.connections.iter().zip(&expected.connections) {
        assert_eq!(found, expected);
    }
    assert_eq!(found, expected);
}

#[test]
fn a_network_that_differs_from_it_differs_by_as_much() {
    let hagen = KernelParameters::hagen();
    let of = |values: &[(&str, f64)]| relative(&hagen_with(values));
    let doubled = of(&[("J_EI", 4.04)]);
    close(connection(&doubled, "E", "I").peak_conductance_us, 2.0 * 1.25e-4);
    assert_eq!(connection(&doubled, "E", "E"), connection(&hagen, "E", "E"));
    // A slower synapse of the same weight carries more charge.
    close(connection(&of(&[("tau_syn_I", 1.5)]), "I", "E").peak_conductance_us, 3.0 * 4.5e-3);
    close(connection(&of(&[("connections.I_to_I.rule.probability", 0.1)]), "I", "I").probability, 0.025);
    let later = of(&[("connections.E_to_E.delay", 3.52)]);
    let delay = connection(&later, "E", "E").delay_ms;
    close(delay.mean(), 2.5);
    // 50 % of a larger mean.
    close(delay.sd(), 0.3 * 3.52 / 2.52);
    assert_eq!(delay.limits(), (0.3, f64::INFINITY));
    let apart = of(&[("connections.E_to_E.delay.min", 0.5)]);
    close(connection(&apart, "E", "E").delay_ms.limits().0, 0.5);
    let driven = of(&[("nu_ext", 80.0), ("J_ext", 14.945), ("populations.I.drive.synapses", 200.0)]);
    assert_eq!(driven.populations[1].external[0].synapses, 200.0);
    assert_eq!(driven.populations[0].external[0].rate_hz, 80.0);
    close(driven.populations[0].external[0].peak_conductance_us, 1e-4);
    let small = of(&[("populations.E.size", 1000.0)]);
    assert_eq!((small.populations[0].size, small.connections), (1000, hagen.connections));
}

/// Doubling all of one weight doubles its kernel, where the leak does not feel it.
#[test]
fn kernels_follow_weights_probabilities_and_delays() {
    let kernels = |values: &[(&str, f64)]| {
        let mut parameters = relative(&hagen_with(values));
        parameters.effective_leak = false;
        parameters.window_ms = 50.0;
        predict(&parameters).unwrap()
    };
    let base = kernels(&[]);
    for (values, factor) in
        [([("J_EE", 3.178)], 2.0), ([("connections.E_to_E.rule.probability", 0.1)], 0.5), ([("tau_syn_E", 1.0)], 2.0)]
    {
        let changed = kernels(&values);
        for (a, b) in changed[0].values.iter().zip(&base[0].values) {
            assert!((a - factor * b).abs() <= 1e-9 * b.abs() + 1e-15, "{values:?}: {a} {b}");
        }
        assert_eq!(changed[2], base[2]);
    }
    let mut network = hagen_with(&[]);
    network.connections[0].delay_ms = Distribution::constant(2.52);
    let mut later = network.clone();
    later.connections[0].delay_ms = Distribution::constant(3.52);
    let [early, late] = [network, later].map(|network| predict(&relative(&network)).unwrap());
    assert_eq!(late[0].values[16..], early[0].values[..early[0].values.len() - 16]);
}

#[test]
fn other_networks_are_taken_as_they_are_written() {
    let mut network = hagen_with(&[]);
    network.connections[0].rule = Rule::InDegree { k: 100.0, autapses: true, multapses: true };
    network.connections[1].rule = Rule::Total { n: 8192 * 10, autapses: true, multapses: true };
    network.connections[3].rule = Rule::Probability { p: 0.5, autapses: false };
    let shape = Shape::Lognormal { mean: 2.0, sd: Spread::Relative(0.5) };
    network.connections[2].delay_ms = Distribution { shape, bounds: Bounds::None };
    let parameters = written(&network);
    close(connection(&parameters, "E", "E").probability, 100.0 / 8192.0);
    close(connection(&parameters, "E", "I").probability, 10.0 / 1024.0);
    assert_eq!(connection(&parameters, "I", "E").probability, 0.2);
    close(connection(&parameters, "I", "I").probability, 0.5 * 1023.0 / 1024.0);
    assert_eq!(connection(&parameters, "I", "E").delay_ms, network.connections[2].delay_ms);
    assert_eq!(connection(&parameters, "E", "E").delay_ms, network.connections[0].delay_ms);
    // 1.589 pA for 0.5 ms, through 65 mV, 2.0000069 contacts, each of the area 2.368933 ms.
    let conductance = connection(&parameters, "E", "E").peak_conductance_us;
    assert!((conductance / (1e-3 * 1.589 * 0.5 / (65.0 * 2.368933 * 2.0000069)) - 1.0).abs() < 1e-6, "{conductance}");
    let conductance = connection(&parameters, "I", "I").peak_conductance_us;
    assert!((conductance / (1e-3 * 8.441 * 0.5 / (15.0 * 9.466737 * 5.0000592)) - 1.0).abs() < 1e-6, "{conductance}");
    let external = parameters.populations[0].external[0];
    assert_eq!((external.synapses, external.rate_hz), (465.0, 40.0));
    assert!((external.peak_conductance_us / (1e-3 * 29.89 * 0.5 / (65.0 * 2.368933)) - 1.0).abs() < 1e-6);
    // Closer to the reversal potential the same charge needs more conductance.
    let near = KernelParameters::from_network(&network, Calibration::AsWritten, of_cells(&|_| -32.5)).unwrap();
    close(near.connections[0].peak_conductance_us, 2.0 * parameters.connections[0].peak_conductance_us);
}

#[test]
fn a_charge_is_that_of_the_neuron_model() {
    let conductance = |model: NeuronModel, values: &[(&str, f64)]| {
        let mut network = hagen_with(&[]);
        let parameters = model.parameters().iter();
        network.populations[0].neuron.model = model;
        network.populations[0].neuron.parameters =
            parameters.map(|spec| (spec.symbol.to_owned(), Distribution::constant(spec.default))).collect();
        for &(symbol, value) in values {
            network.populations[0].neuron.parameters.insert(symbol.to_owned(), Distribution::constant(value));
        }
        network.connections[0].weight = Distribution::constant(2.0);
        let found = written(&network);
        found.connections[0].peak_conductance_us * 2.0000069 * 2.368933
    };
    let near = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-6, "{found} {expected}");
    let current = [("tau_syn_ex", 0.5)];
    near(conductance(NeuronModel::IafPscExp, &current), 1e-3 * 2.0 * 0.5 / 65.0);
    near(conductance(NeuronModel::IafPscAlpha, &current), 1e-3 * std::f64::consts::E / 65.0);
    near(conductance(NeuronModel::IafPscDelta, &[("C_m", 100.0)]), 1e-3 * 200.0 / 65.0);
    near(conductance(NeuronModel::IafCondExp, &current), 1e-3 * 2.0 * 0.5);
}

#[test]
fn what_has_no_counterpart_is_refused_by_its_path() {
    let told = |network: &Network, calibration: Calibration<'_>| {
        KernelParameters::from_network(network, calibration, of_cells(&|_| -65.0)).unwrap_err().to_string()
    };
    let refused = |change: &dyn Fn(&mut Network)| {
        let mut network = hagen_with(&[]);
        change(&mut network);
        told(&network, Calibration::AsWritten)
    };
    assert!(told(&file("potjans_diesmann"), Calibration::AsWritten).contains("there are cells for E and I of Hagen"));
    assert!(told(&file("senk2020"), Calibration::AsWritten).starts_with("`connections.E_to_E.profile`"));
    let plastic = lapicque_network::Synapse::TsodyksMarkram { u: 0.5, tau_rec_ms: 100.0, tau_fac_ms: 0.0 };
    assert!(refused(&|n| n.connections[1].synapse = plastic).starts_with("`connections.E_to_I.synapse`"));
    let negative = refused(&|n| n.connections[1].weight = Distribution::constant(-1.0));
    assert_eq!(
        negative,
        "`connections.E_to_I.weight`: its mean has the wrong sign: cells have excitatory synapses from E"
    );
    let twice = refused(&|n| {
        let mut second = n.connections[0].clone();
        second.name = "again".into();
        n.connections.push(second);
    });
    assert!(twice.starts_with("`connections.again.pre`: `E_to_E` connects the same populations"), "{twice}");
    let many = refused(&|n| {
        n.connections[0].rule = Rule::InDegree { k: 10_000.0, autapses: true, multapses: true };
    });
    assert!(many.starts_with("`connections.E_to_E.rule`"), "{many}");
    let hagen = file("hagen");
    let early = told(&hagen_with(&[("connections.E_to_E.delay", 1.0)]), Calibration::Relative(&hagen));
    assert!(early.starts_with("`connections.E_to_E.delay`: its mean of 1 ms leaves no delay"), "{early}");
    let at_reversal = KernelParameters::from_network(&hagen, Calibration::AsWritten, of_cells(&|_| -80.0)).unwrap_err();
    assert!(at_reversal.to_string().contains("no conductance carries its charge at rest"), "{at_reversal}");
    let given = |pre: &str, _: &str| (pre == "I").then_some(1e-3);
    let cells = CellValues { resting_potential_mv: &|_| -80.0, peak_conductance_us: &given };
    let found = KernelParameters::from_network(&hagen, Calibration::AsWritten, cells).unwrap();
    assert_eq!(found.connection("I", "E").unwrap().peak_conductance_us, 1e-3);
}

#[test]
fn several_drives_add_up_and_a_current_is_none() {
    let mut network = hagen_with(&[]);
    let weight = |pa| Distribution::constant(pa);
    network.populations[1].drives = vec![
        Drive::Current { amplitude_pa: 100.0 },
        Drive::Poisson { rate_hz: 10.0, synapses: 100.0, weight: weight(20.0), delay_ms: 1.0 },
        Drive::Poisson { rate_hz: 20.0, synapses: 50.0, weight: weight(-10.0), delay_ms: 1.0 },
    ];
    let external = &written(&network).populations[1].external;
    assert_eq!(external.len(), 2);
    assert_eq!((external[0].rate_hz, external[1].synapses), (10.0, 50.0));
    assert_eq!(external[1].time_course.decay_time_ms, 9.0);
    assert!((external[1].peak_conductance_us / (1e-3 * 10.0 * 0.5 / (15.0 * 9.466737)) - 1.0).abs() < 1e-6);
    network.populations[1].drives.clear();
    assert!(written(&network).populations[1].external.is_empty());
}

/// A value without part in kernels changes nothing, one with part something.
#[test]
fn the_paths_that_are_used_are_those_that_change_kernels() {
    let base = hagen_with(&[]);
    let of = |network: &Network| (relative(network), written(network));
    let before = of(&base);
    for entry in base.paths() {
        let mut changed = base.clone();
        let value = match entry.path.as_str() {
            path if path.ends_with(".size") => 500.0,
            path if path.ends_with("weight.sd") => 2.0,
            _ => entry.value * 1.01,
        };
        changed.set(&entry.path, value).unwrap();
        assert_eq!(of(&changed) != before, uses(&base, &entry.path), "{}", entry.path);
    }
}
