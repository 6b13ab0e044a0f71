//! Jansen-Rit and Montbrio-Pazo-Roxin: Heun's scheme comes near to SciPy (tests/golden/neuralmass) at second order and Euler's
//! at first; what is published of both.

use std::f64::consts::PI;
use std::path::Path;

use lapicque_neuralmass::network::Network;
use lapicque_neuralmass::registry::ModelName;
use lapicque_neuralmass::simulation::{Initial, Input, Scheme, Start, Values};
use lapicque_numerics::random::StreamKey;
use serde_json::Value;

use crate::case::flat;
use crate::run::{model, run_one, set, settings};

fn golden(name: ModelName) -> Value {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/neuralmass").join(name.name());
    serde_json::from_slice(&std::fs::read(page.join("expected.json")).unwrap()).unwrap()
}

/// A run of SciPy.
struct Reference {
    name: ModelName,
    /// By name: one value, or one for each node.
    values: Vec<(&'static str, Vec<f64>)>,
    weights: Vec<f64>,
    /// By node.
    start: Vec<Vec<f64>>,
    times_ms: Vec<f64>,
    /// By time: node by node.
    states: Vec<Vec<f64>>,
}

impl Reference {
    /// Greatest distance at the first `times` times, in parts of 1 + the size of the value.
    fn off(&self, scheme: Scheme, time_step_ms: f64, times: usize) -> f64 {
        let nodes = self.start.len();
        let model = model(self.name, nodes);
        let description = model.description();
        let network = Network::new(nodes, &self.weights, &vec![0.0; nodes * nodes], None, time_step_ms).unwrap();
        let mut settings = settings(time_step_ms, 1, &description);
        settings.scheme = scheme;
        let mut set = set(&description, &[], 0);
        for (name, values) in &self.values {
            let values = if values.len() == 1 { vec![values[0]; nodes] } else { values.clone() };
            match description.inputs.iter().position(|spec| spec.name == *name) {
                Some(place) => set.inputs[place] = Input::PerNode(values),
                None => set.parameters[crate::run::place(&description, name)] = Values::PerNode(values),
            }
        }
        let of = |state: usize| Values::PerNode(self.start.iter().map(|start| start[state]).collect());
        let states = (0..description.states.len()).map(of).collect();
        set.initial = Initial::Given(Start { states, algebraic: vec![], noise: None });
        let (mut done, mut off) = (0, 0.0_f64);
        for (time_ms, expected) in self.times_ms.iter().zip(&self.states).take(times) {
            let steps = (time_ms / time_step_ms).round() as u64;
            let (_, end) = run_one(&model, &network, &set, &settings, steps - done);
            done = steps;
            for (place, expected) in expected.iter().enumerate() {
                let (node, state) = (place / description.states.len(), place % description.states.len());
                let found = end.states[state * nodes + node];
                off = off.max((found - expected).abs() / (1.0 + expected.abs()));
            }
            set.initial = Initial::Continued(Box::new(end));
        }
        off
    }

    /// Halving the step quarters the error of Heun, and halves that of Euler as long as phases have not run apart.
    fn converges(&self, time_step_ms: f64, within: f64) {
        let errors = |scheme, times| [2.0, 1.0].map(|factor| self.off(scheme, factor * time_step_ms, times));
        let [coarse, fine] = errors(Scheme::Heun, self.times_ms.len());
        assert!(fine < within, "{:?}: {fine}", self.name);
        assert!((3.6..4.4).contains(&(coarse / fine)), "{:?}: {coarse} {fine}", self.name);
        let [coarse, fine] = errors(Scheme::Euler, 3);
        assert!((1.8..2.2).contains(&(coarse / fine)), "{:?}: {coarse} {fine}", self.name);
    }
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(flat).collect()
}

#[test]
fn jansen_rit_converges() {
    let golden = golden(ModelName::JansenRit);
    let of_one = |run: &Value| Reference {
        name: ModelName::JansenRit,
        values: vec![("p", flat(&run["p"]))],
        weights: vec![0.0],
        start: vec![flat(&golden["start"])],
        times_ms: flat(&golden["times_ms"]),
        states: rows(&run["states"]),
    };
    for run in golden["runs"].as_array().unwrap() {
        of_one(run).converges(0.02, 1e-5);
    }
    let pair = &golden["network"];
    let both = Reference {
        values: vec![("p", flat(&pair["p"])), ("K_gl", flat(&pair["K_gl"]))],
        weights: flat(&pair["weights"]),
        start: rows(&pair["start"]),
        states: rows(&pair["states"]),
        ..of_one(pair)
    };
    both.converges(0.02, 1e-5);
}

#[test]
fn montbrio_pazo_roxin_converges() {
    let golden = golden(ModelName::MontbrioPazoRoxin);
    for run in golden["runs"].as_array().unwrap() {
        let names = ["tau", "Delta", "eta", "J", "I_ext"];
        let reference = Reference {
            name: ModelName::MontbrioPazoRoxin,
            values: names.map(|name| (name, flat(&run[name]))).to_vec(),
            weights: vec![0.0],
            start: vec![flat(&run["start"])],
            times_ms: flat(&run["times_ms"]),
            states: rows(&run["states"]),
        };
        reference.converges(0.001 * run["tau"].as_f64().unwrap(), 1e-4);
    }
    let pair = &golden["network"];
    let both = Reference {
        name: ModelName::MontbrioPazoRoxin,
        values: ["tau", "K_gl", "I_ext"].map(|name| (name, flat(&pair[name]))).to_vec(),
        weights: flat(&pair["weights"]),
        start: rows(&pair["start"]),
        times_ms: flat(&pair["times_ms"]),
        states: rows(&pair["states"]),
    };
    both.converges(0.001, 1e-4);
}

/// Jansen & Rit 1995, fig. 3: C = 135 and an input that jumps between 120 and 320 /s gives an alpha rhythm.
#[test]
fn jansen_rit_has_an_alpha_rhythm_under_noise() {
    let model = model(ModelName::JansenRit, 1);
    let description = model.description();
    let random = &mut StreamKey::new([2; 16]).stream("input", 0);
    let steps = 210_000;
    let mut set = set(&description, &[], 0);
    // A new value each ms.
    let values: Vec<f64> = (0..steps / 10).map(|_| 120.0 + 200.0 * random.uniform()).collect();
    set.inputs[0] = Input::OverTime((0..steps).map(|step| values[step / 10]).collect());
    let (traces, _) = run_one(&model, &Network::single(), &set, &settings(0.1, 50, &description), steps as u64);
    // 20 s at 200 Hz.
    let trace = &traces[0][200..];
    let mean = trace.iter().sum::<f64>() / trace.len() as f64;
    let power = |hz: f64| {
        let angle = |k: usize| 2.0 * PI * hz * k as f64 / 200.0;
        let (c, s) = trace
            .iter()
            .enumerate()
            .fold((0.0, 0.0), |(c, s), (k, v)| (c + (v - mean) * angle(k).cos(), s + (v - mean) * angle(k).sin()));
        c * c + s * s
    };
    // Power in bands of 1 Hz.
    let bands: Vec<f64> =
        (1..40).map(|hz| (0..20).map(|k| power(f64::from(hz) - 0.5 + 0.05 * f64::from(k))).sum()).collect();
    let peak = (0..bands.len()).max_by(|&a, &b| bands[a].total_cmp(&bands[b])).unwrap() + 1;
    let alpha: f64 = bands[7..13].iter().sum();
    assert!((9..=12).contains(&peak), "{peak} Hz");
    assert!(alpha > 0.5 * bands.iter().sum::<f64>(), "{bands:?}");
}

/// Montbrio et al. 2015, fig. 2: at eta = -5, J = 15, Delta = 1 a transient current leaves the population in the state of high
/// activity; fixed points solve eta + J x + (Delta / (2 pi x))^2 - (pi x)^2 = 0 for x = tau r.
#[test]
fn montbrio_pazo_roxin_remembers_a_current() {
    let balance = |x: f64| -5.0 + 15.0 * x + (2.0 * PI * x).powi(-2) - (PI * x).powi(2);
    let root = |mut low: f64, mut high: f64| {
        assert!(balance(low) * balance(high) < 0.0);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if balance(low) * balance(middle) > 0.0 { low = middle } else { high = middle }
        }
        low
    };
    let (low, high) = (root(0.01, 0.2), root(0.6, 3.0));
    let model = model(ModelName::MontbrioPazoRoxin, 1);
    let description = model.description();
    let steps = 9000;
    let last = |pulse: f64| {
        let mut set = set(&description, &[], 0);
        let states = vec![Values::Same(low), Values::Same(-1.0 / (2.0 * PI * low))];
        set.initial = Initial::Given(Start { states, algebraic: vec![], noise: None });
        let during = |step: usize| if (1000..4000).contains(&step) { pulse } else { 0.0 };
        set.inputs[0] = Input::OverTime((0..steps).map(during).collect());
        let settings = settings(0.01, 1, &description);
        run_one(&model, &Network::single(), &set, &settings, steps as u64).1.states[0]
    };
    let defaults =
        ["tau", "Delta", "eta", "J"].map(|name| description.parameters[crate::run::place(&description, name)].default);
    assert_eq!(defaults, [1.0, 1.0, -5.0, 15.0]);
    assert!((last(0.0) - low).abs() < 1e-6, "{} {low}", last(0.0));
    assert!((last(0.3) - low).abs() < 1e-4, "{} {low}", last(0.3));
    assert!((last(3.0) - high).abs() < 1e-4, "{} {high}", last(3.0));
}
