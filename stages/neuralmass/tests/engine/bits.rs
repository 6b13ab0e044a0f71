//! The same bits for any lanes and chunks, with noise from keys.

use lapicque_neuralmass::network::Network;
use lapicque_neuralmass::noise::OrnsteinUhlenbeck;
use lapicque_neuralmass::registry::{AnyModel, ModelName};
use lapicque_neuralmass::simulation::{Initial, Input, Scheme, Set, SimulationError, Start, Values};
use lapicque_numerics::random::StreamKey;

use crate::run::{model, place, run, run_one, set, settings};

fn network(nodes: usize, time_step_ms: f64) -> Network {
    let random = &mut StreamKey::new([3; 16]).stream("network", 0);
    let weights: Vec<f64> = (0..nodes * nodes).map(|_| 0.3 * random.uniform() / nodes as f64).collect();
    let lengths: Vec<f64> = (0..nodes * nodes).map(|_| 500.0 * time_step_ms * random.uniform()).collect();
    Network::new(nodes, &weights, &lengths, Some(20.0), time_step_ms).unwrap()
}

/// Each model with noise, and parameters and inputs that differ from node to node.
fn noisy(name: ModelName, nodes: usize, seed: u8) -> (AnyModel, Set) {
    let model = model(name, nodes);
    let description = model.description();
    let strength = if name == ModelName::Thalamus { "d_phi" } else { "sigma_ou" };
    let mut set = set(&description, &[(strength, 0.02)], seed);
    let spread = |value: f64| (0..nodes).map(|node| value * (1.0 + 0.01 * node as f64)).collect();
    set.parameters[0] = Values::PerNode(spread(description.parameters[0].default));
    set.inputs[0] = Input::PerNode(spread(description.inputs[0].default + 0.01));
    (model, set)
}

#[test]
fn sets_side_by_side_and_alone() {
    for name in ModelName::ALL {
        for scheme in [Scheme::Euler, Scheme::Heun] {
            let sets: Vec<Set> = (0..10).map(|seed| noisy(name, 11, seed).1).collect();
            let model = model(name, 11);
            let description = model.description();
            let network = network(11, description.time_step_ms);
            let mut settings = settings(description.time_step_ms, 2, &description);
            settings.scheme = scheme;
            let (together, ends) = run(&model, &network, &sets, &settings, 200);
            for (number, set) in sets.iter().enumerate() {
                let (alone, end) = run_one(&model, &network, set, &settings, 200);
                assert_eq!(alone, together[number], "{name:?} {scheme:?} {number}");
                assert_eq!(&end, ends[number].as_ref().unwrap(), "{name:?} {scheme:?} {number}");
            }
            assert_ne!(together[0], together[1], "{name:?}");
        }
    }
}

#[test]
fn parts_and_the_whole() {
    for name in ModelName::ALL {
        for (scheme, average) in [(Scheme::Euler, false), (Scheme::Euler, true), (Scheme::Heun, false)] {
            let (model, first) = noisy(name, 9, 5);
            let description = model.description();
            let network = network(9, description.time_step_ms);
            let mut settings = settings(description.time_step_ms, 4, &description);
            settings.record.average = average;
            settings.scheme = scheme;
            settings.noise = OrnsteinUhlenbeck::Exact;
            let sets = [first.clone(), noisy(name, 9, 6).1];
            let (whole, ends) = run(&model, &network, &sets, &settings, 400);
            for chunks in [vec![200, 200], vec![4, 60, 64, 72, 200], vec![8; 50]] {
                let mut now = sets.clone();
                let mut parts = vec![vec![Vec::new(); whole[0].len()]; 2];
                for steps in &chunks {
                    let (traces, ends) = run(&model, &network, &now, &settings, *steps);
                    for (set, end) in ends.into_iter().enumerate() {
                        now[set].initial = Initial::Continued(Box::new(end.unwrap()));
                        parts[set].iter_mut().zip(&traces[set]).for_each(|(all, more)| all.extend_from_slice(more));
                    }
                }
                assert_eq!(parts, whole, "{name:?} {scheme:?} {average} {chunks:?}");
                for (set, end) in now.iter().zip(&ends) {
                    assert_eq!(set.initial, Initial::Continued(Box::new(end.clone().unwrap())), "{name:?}");
                }
            }
        }
    }
}

#[test]
fn nodes_that_nothing_reaches_do_what_each_does_alone() {
    let nodes = 19;
    for name in ModelName::ALL.into_iter().filter(|name| *name != ModelName::Kuramoto) {
        let model = model(name, nodes);
        let description = model.description();
        let zeros = vec![0.0; nodes * nodes];
        let network = Network::new(nodes, &zeros, &zeros, None, description.time_step_ms).unwrap();
        let settings = settings(description.time_step_ms, 1, &description);
        let random = &mut StreamKey::new([8; 16]).stream("first", 0);
        let mut draw = |of: &[lapicque_neuralmass::StateSpec]| -> Vec<Vec<f64>> {
            let of_all = |spec: &lapicque_neuralmass::StateSpec| {
                let [low, high] = spec.initial;
                (0..nodes).map(|_| low + (high - low) * random.uniform()).collect()
            };
            of.iter().map(of_all).collect()
        };
        let (states, algebraic) = (draw(&description.states), draw(&description.algebraic));
        let start = |of: &dyn Fn(&Vec<f64>) -> Values| {
            let (states, algebraic) = (states.iter().map(of).collect(), algebraic.iter().map(of).collect());
            Initial::Given(Start { states, algebraic, noise: None })
        };
        let mut all = set(&description, &[], 0);
        all.initial = start(&|values| Values::PerNode(values.clone()));
        let (together, _) = run_one(&model, &network, &all, &settings, 150);
        for node in 0..nodes {
            let mut one = set(&description, &[], 0);
            one.initial = start(&|values| Values::Same(values[node]));
            let (alone, _) = run_one(&model, &Network::single(), &one, &settings, 150);
            for (output, alone) in alone.iter().enumerate() {
                assert_eq!(alone, &together[output * nodes + node], "{name:?} {node}");
            }
        }
    }
}

#[test]
fn a_set_that_blows_up_is_told_and_leaves_the_others_their_bits() {
    for (name, parameter, value) in [
        (ModelName::Hopf, "a", 1e6),
        (ModelName::Fhn, "alpha", 1e9),
        (ModelName::MontbrioPazoRoxin, "eta", 1e12),
        (ModelName::Aln, "tauA", 1e-300),
    ] {
        let nodes = 9;
        let model = model(name, nodes);
        let description = model.description();
        let network = network(nodes, description.time_step_ms);
        let settings = settings(description.time_step_ms, 1, &description);
        let good = |seed| set(&description, &[], seed);
        let mut bad = good(1);
        let of_node_7 = |of: f64| (0..nodes).map(|node| if node == 7 { value } else { of }).collect();
        let at = place(&description, parameter);
        bad.parameters[at] = Values::PerNode(of_node_7(description.parameters[at].default));
        let (traces, ends) = run(&model, &network, &[good(0), bad.clone(), good(2)], &settings, 300);
        for (number, seed) in [(0, 0), (2, 2)] {
            let (alone, end) = run_one(&model, &network, &good(seed), &settings, 300);
            assert_eq!(alone, traces[number], "{name:?}");
            assert_eq!(&end, ends[number].as_ref().unwrap(), "{name:?}");
        }
        let (_, alone) = run(&model, &network, &[bad], &settings, 300);
        assert_eq!(alone[0].to_owned().unwrap_err().to_string(), ends[1].to_owned().unwrap_err().to_string());
        let SimulationError::NotFinite { step, time_ms, node, value, .. } = alone[0].to_owned().unwrap_err() else {
            panic!("{alone:?}")
        };
        assert_eq!((node, value.is_finite()), (7, false), "{name:?} at {step}");
        assert!((1..=300).contains(&step) && (time_ms - step as f64 * description.time_step_ms).abs() < 1e-9);
    }
}

#[test]
fn no_steps_and_one_step() {
    let (model, set) = noisy(ModelName::Aln, 3, 1);
    let description = model.description();
    let (network, settings) = (network(3, 0.1), settings(0.1, 1, &description));
    let (traces, begin) = run_one(&model, &network, &set, &settings, 0);
    assert!(traces.iter().all(Vec::is_empty) && begin.step == 0);
    let mut continued = set.clone();
    continued.initial = Initial::Continued(Box::new(begin));
    let (one, end) = run_one(&model, &network, &set, &settings, 1);
    assert_eq!(run_one(&model, &network, &continued, &settings, 1), (one, end));
    assert_eq!(run(&model, &network, &[], &settings, 5).0.len(), 0);
}
