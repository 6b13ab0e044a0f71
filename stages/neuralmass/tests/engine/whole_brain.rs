//! Eighty nodes of aln, coupled by a human connectome: half a second exactly, and three minutes with the BOLD signal.

use lapicque_neuralmass::Description;
use lapicque_neuralmass::bold::{Haemodynamics, Sampling, Scheme};
use lapicque_neuralmass::network::Network;
use lapicque_neuralmass::recorder::{BoldOf, Kept, Recorder};
use lapicque_neuralmass::registry::{Compat, ModelName};
use lapicque_neuralmass::simulation::{Initial, Record, Set, Start, Values};
use serde_json::Value;

use crate::case::{close, flat, npy, shared};
use crate::run::{model, run, run_one, set, settings};

const NODES: usize = 80;

fn network() -> Option<Network> {
    let folder = shared("hcp")?;
    let [weights, lengths] = ["Cmat", "lengthMat_mm"].map(|name| npy(&folder.join(format!("{name}.npy"))));
    Some(Network::new(NODES, &weights, &lengths, Some(20.0), 0.1).unwrap())
}

fn det80(description: &Description, about: &Value) -> Set {
    let parameter = |name: &'static str| (name, about[name].as_f64().unwrap());
    let mut set = set(description, &["mue_ext_mean", "mui_ext_mean", "b", "sigma_ou"].map(parameter), 0);
    let given = &about["initial"];
    let first = |spec: &lapicque_neuralmass::StateSpec| Values::PerNode(flat(&given[format!("{}_init", spec.name)]));
    set.initial = Initial::Given(Start {
        states: description.states.iter().map(first).collect(),
        algebraic: description.algebraic.iter().map(first).collect(),
        noise: Some(["mue_ou", "mui_ou"].map(|name| Values::PerNode(flat(&given[name]))).to_vec()),
    });
    set
}

#[test]
fn a_deterministic_run_is_that_of_the_peer_in_any_lanes_and_chunks() {
    let (Some(network), Some(folder)) = (network(), shared("whole_brain")) else { return };
    let about: Value = serde_json::from_slice(&std::fs::read(folder.join("det80.json")).unwrap()).unwrap();
    let model = model(ModelName::Aln, NODES);
    let description = model.description();
    let set = det80(&description, &about);
    let mut settings = settings(0.1, 50, &description);
    settings.input_time = ModelName::Aln.input_time(Some(Compat::Neurolib062));
    let steps = 5000;
    let (whole, end) = run_one(&model, &network, &set, &settings, steps);
    for (output, every, file) in [(0, 1, "det80_rates_exc_every5ms"), (2, 10, "det80_IA_every50ms")] {
        let expected = npy(&folder.join(format!("{file}.npy")));
        let records = expected.len() / NODES;
        for (place, expected) in expected.iter().enumerate() {
            let (node, record) = (place / records, place % records);
            let trace = &whole[output * NODES + node];
            assert_eq!(trace.len(), records * every);
            close(trace[(record + 1) * every - 1], *expected, &format!("{file}: node {node}, record {record}"));
        }
    }
    let last = &about["final_state"];
    for (place, spec) in description.states.iter().enumerate() {
        for (node, expected) in flat(&last[spec.name]).into_iter().enumerate() {
            close(end.states[place * NODES + node], expected, &format!("last {} of node {node}", spec.name));
        }
    }
    for (place, spec) in description.algebraic.iter().enumerate() {
        for (node, expected) in flat(&last[spec.name]).into_iter().enumerate() {
            close(end.algebraic[place * NODES + node], expected, &format!("last {} of node {node}", spec.name));
        }
    }
    let mut now = set.clone();
    let mut parts = vec![Vec::new(); whole.len()];
    for steps in [50, 450, 2000, 2500] {
        let (traces, end) = run_one(&model, &network, &now, &settings, steps);
        parts.iter_mut().zip(&traces).for_each(|(all, more)| all.extend_from_slice(more));
        now.initial = Initial::Continued(Box::new(end));
    }
    assert_eq!(parts, whole);
    assert_eq!(now.initial, Initial::Continued(Box::new(end.clone())));
    let mut other = set.clone();
    other.parameters[4] = Values::Same(1.5);
    let (together, ends) = run(&model, &network, &[other.clone(), set, other], &settings, steps);
    assert_eq!((&together[1], ends[1].as_ref().unwrap()), (&whole, &end));
    assert_ne!(together[0], whole);
}

fn correlation(one: &[f64], other: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (a, b) = (mean(one), mean(other));
    let product = |x: &[f64], a: f64, y: &[f64], b: f64| x.iter().zip(y).map(|(x, y)| (x - a) * (y - b)).sum::<f64>();
    product(one, a, other, b) / (product(one, a, one, a) * product(other, b, other, b)).sqrt()
}

fn above_the_diagonal(of: impl Fn(usize, usize) -> f64) -> Vec<f64> {
    (0..NODES).flat_map(|i| (i + 1..NODES).map(move |j| (i, j))).map(|(i, j)| of(i, j)).collect()
}

/// Mean correlation of the functional connectivity with that of seven people, from three minutes behind 10 s.
fn score(network: &Network, empirical: &[f64], seed: u8) -> f64 {
    let model = model(ModelName::Aln, NODES);
    let description = model.description();
    let changes = [("mue_ext_mean", 1.57), ("mui_ext_mean", 1.6), ("sigma_ou", 0.09), ("b", 5.0)];
    let set = set(&description, &changes, seed);
    let mut settings = settings(0.1, 1, &description);
    settings.record = Record { outputs: vec![0], every: 1, average: false };
    let steps = 1_800_000;
    let bold = BoldOf {
        output: 0,
        haemodynamics: Haemodynamics::default(),
        repetition_time_ms: 2000.0,
        scheme: Scheme::Heun { longest_step_ms: 5.0 },
        sampling: Sampling::End,
    };
    let kept = Kept { every: 10, average: false, transient: 100_000, steps };
    let mut recorder = Recorder::new(kept, NODES, 0, 0.1, Some(bold)).unwrap();
    let mut sink = |block: &lapicque_neuralmass::simulation::Block<'_>| recorder.take(block, 0, 1).unwrap();
    let ends = model.simulate(network, &[set], &settings, steps, &mut sink, &mut |_| true).unwrap();
    assert!(ends[0].is_ok());
    let bold = recorder.finish(10_000.0).bold.unwrap();
    assert_eq!(bold.length, 85);
    let of = |node: usize| &bold.values[node * bold.length..(node + 1) * bold.length];
    let fc = above_the_diagonal(|i, j| correlation(of(i), of(j)));
    let people = empirical.chunks(NODES * NODES);
    let scores = people.map(|person| correlation(&fc, &above_the_diagonal(|i, j| person[i * NODES + j])));
    scores.sum::<f64>() / 7.0
}

/// From `/proc`, where there is one.
fn in_proc(file: &str, key: &str) -> String {
    let text = std::fs::read_to_string(format!("/proc/self/{file}")).unwrap_or_default();
    text.lines().find(|line| line.starts_with(key)).unwrap_or_default().to_owned()
}

#[test]
fn functional_connectivity_is_as_near_to_that_of_people_as_the_peers() {
    if std::env::var_os("LAPICQUE_LONG_TESTS").is_none_or(|value| value != "1") {
        return;
    }
    let (Some(network), Some(folder)) = (network(), shared("hcp")) else { return };
    let empirical = npy(&folder.join("FCs.npy"));
    let scores = [1, 2, 3].map(|seed| {
        let score = score(&network, &empirical, seed);
        eprintln!("seed {seed}: {score:.4}; {}", in_proc("status", "VmHWM"));
        score
    });
    assert!(scores.iter().all(|score| *score >= 0.45), "{scores:?}");
    let mean = scores.iter().sum::<f64>() / 3.0;
    assert!((0.48..=0.60).contains(&mean), "{scores:?}");
}
