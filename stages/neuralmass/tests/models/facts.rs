//! Jansen-Rit and Montbrio-Pazo-Roxin against SciPy (tests/golden/neuralmass), and what is published of them.

use std::f64::consts::PI;
use std::path::Path;

use lapicque_neuralmass::models::{jansen_rit::JansenRit, montbrio_pazo_roxin::MontbrioPazoRoxin, thalamus::Thalamus};
use lapicque_neuralmass::{Arriving, Model};
use serde_json::Value;

use crate::stepper::{alone, run};

fn golden(name: &str) -> Value {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/neuralmass").join(name);
    serde_json::from_slice(&std::fs::read(page.join("expected.json")).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// Derivatives of a node alone, with defaults but for what `set` names among parameters and inputs.
fn field<M: Model + Copy>(model: &M, set: &[(&str, f64)]) -> impl Fn(&[f64]) -> Vec<f64> + use<M> {
    network(model, &[set], vec![vec![0.0]])
}

/// The same of nodes, one after the other, that see each other's first source without delay.
fn network<M: Model + Copy>(
    model: &M,
    sets: &[&[(&str, f64)]],
    weights: Vec<Vec<f64>>,
) -> impl Fn(&[f64]) -> Vec<f64> + use<M> {
    let description = model.description();
    let prepared = sets.iter().map(|set| {
        let value = |name: &str, default| set.iter().find(|(key, _)| *key == name).map_or(default, |(_, value)| *value);
        let parameters: Vec<f64> = description.parameters.iter().map(|p| value(p.name, p.default)).collect();
        let inputs: Vec<f64> = description.inputs.iter().map(|input| value(input.name, input.default)).collect();
        let mut derived = vec![0.0; description.derived];
        model.derive(&parameters, &mut derived);
        (derived, inputs)
    });
    let prepared: Vec<(Vec<f64>, Vec<f64>)> = prepared.collect();
    let model = *model;
    move |states| {
        let width = description.states.len();
        let nodes = states.chunks_exact(width).zip(&prepared);
        let sent: Vec<f64> = nodes
            .clone()
            .map(|(states, (derived, _))| {
                let mut sources = [0.0];
                model.sources(derived, states, &[], &mut sources);
                sources[0]
            })
            .collect();
        let mut rates = vec![0.0; states.len()];
        for (((states, (derived, inputs)), row), rates) in nodes.zip(&weights).zip(rates.chunks_exact_mut(width)) {
            let coupling = [row.iter().zip(&sent).map(|(weight, source)| weight * source).sum()];
            let noise = vec![0.0; description.noise.len()];
            let weight_sum = row.iter().sum();
            let arriving = Arriving { coupling: &coupling, weight_sum, delayed: &[], inputs, noise: &noise };
            model.derivatives(derived, states, &arriving, rates, &mut []);
        }
        rates
    }
}

fn runge_kutta(field: impl Fn(&[f64]) -> Vec<f64>, states: &mut [f64], step: f64, steps: usize) {
    for _ in 0..steps {
        let moved = |by: f64, slope: &[f64]| -> Vec<f64> {
            states.iter().zip(slope).map(|(state, slope)| state + by * slope).collect()
        };
        let k1 = field(states);
        let k2 = field(&moved(step / 2.0, &k1));
        let k3 = field(&moved(step / 2.0, &k2));
        let k4 = field(&moved(step, &k3));
        for (i, state) in states.iter_mut().enumerate() {
            *state += step / 6.0 * (k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i]);
        }
    }
}

fn follows(field: impl Fn(&[f64]) -> Vec<f64>, start: Vec<f64>, times: &[f64], expected: &Value, steps_per_ms: f64) {
    let mut states = start;
    let mut time = 0.0;
    for (until, expected) in times.iter().zip(expected.as_array().unwrap()) {
        let steps = ((until - time) * steps_per_ms).round();
        runge_kutta(&field, &mut states, (until - time) / steps, steps as usize);
        time = *until;
        for (found, expected) in states.iter().zip(numbers(expected)) {
            assert!((found - expected).abs() <= 1e-8 * (1.0 + expected.abs()), "at {until}: {found} {expected}");
        }
    }
}

#[test]
fn jansen_rit_follows_scipy() {
    let golden = golden("jansen_rit");
    for of_one in golden["runs"].as_array().unwrap() {
        let field = field(&JansenRit, &[("p", of_one["p"].as_f64().unwrap())]);
        follows(field, numbers(&golden["start"]), &numbers(&golden["times_ms"]), &of_one["states"], 20.0);
    }
}

#[test]
fn montbrio_pazo_roxin_follows_scipy() {
    for of_one in golden("montbrio_pazo_roxin")["runs"].as_array().unwrap() {
        let set = ["tau", "Delta", "eta", "J", "I_ext"].map(|name| (name, of_one[name].as_f64().unwrap()));
        let steps_per_ms = 2000.0 / set[0].1;
        let field = field(&MontbrioPazoRoxin, &set);
        follows(field, numbers(&of_one["start"]), &numbers(&of_one["times_ms"]), &of_one["states"], steps_per_ms);
    }
}

fn matrix(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

#[test]
fn coupled_columns_follow_scipy() {
    let golden = golden("jansen_rit");
    let pair = &golden["network"];
    let k_gl = ("K_gl", pair["K_gl"].as_f64().unwrap());
    let [one, other] = [0, 1].map(|node| [k_gl, ("p", numbers(&pair["p"])[node])]);
    let field = network(&JansenRit, &[&one, &other], matrix(&pair["weights"]));
    follows(field, matrix(&pair["start"]).concat(), &numbers(&golden["times_ms"]), &pair["states"], 20.0);
}

#[test]
fn coupled_populations_follow_scipy() {
    let golden = golden("montbrio_pazo_roxin");
    let pair = &golden["network"];
    let [tau, k_gl] = ["tau", "K_gl"].map(|name| (name, pair[name].as_f64().unwrap()));
    let [one, other] = [0, 1].map(|node| [tau, k_gl, ("I_ext", numbers(&pair["I_ext"])[node])]);
    let field = network(&MontbrioPazoRoxin, &[&one, &other], matrix(&pair["weights"]));
    follows(field, matrix(&pair["start"]).concat(), &numbers(&pair["times_ms"]), &pair["states"], 1000.0);
}

/// Noise of one value is an input of that value.
#[test]
fn noise_stands_beside_the_input() {
    fn last<M: Model>(model: &M, mean: &str, by_noise: f64, by_input: f64) -> Vec<f64> {
        let description = model.description();
        let start = description.states.iter().map(|state| state.initial[1]).collect();
        let mut node = alone(&description, 2_000, start);
        let place = description.parameters.iter().position(|parameter| parameter.name == mean).unwrap();
        assert_eq!(description.noise, [place]);
        node.parameters[0][place] = by_noise;
        node.inputs[0][0] += by_input;
        run(model, &node, |_, _, _| {}).concat()
    }
    assert_eq!(last(&JansenRit, "p_ou_mean", 30.0, 0.0), last(&JansenRit, "p_ou_mean", 0.0, 30.0));
    assert_ne!(last(&JansenRit, "p_ou_mean", 30.0, 0.0), last(&JansenRit, "p_ou_mean", 0.0, 0.0));
    let [noise, input, none] = [(0.5, 0.0), (0.0, 0.5), (0.0, 0.0)]
        .map(|(by_noise, by_input)| last(&MontbrioPazoRoxin, "I_ou_mean", by_noise, by_input));
    assert_eq!(noise, input);
    assert_ne!(noise, none);
}

#[test]
fn eulers_rule_comes_near_at_first_order() {
    let golden = golden("jansen_rit");
    let last = |time_step_ms: f64| {
        let mut node =
            alone(&JansenRit.description(), (100.0 / time_step_ms).round() as usize, numbers(&golden["start"]));
        node.time_step_ms = time_step_ms;
        run(&JansenRit, &node, |_, _, _| {})[0][1]
    };
    let exact = golden["runs"][1]["states"][2][1].as_f64().unwrap();
    let ratio = (last(0.02) - exact) / (last(0.01) - exact);
    assert!((ratio - 2.0).abs() < 0.05, "{ratio}");
}

#[test]
fn jansen_rit_has_an_alpha_rhythm() {
    let mut node = alone(&JansenRit.description(), 120_000, vec![0.1, 10.0, 5.0, 0.0, 0.0, 0.0]);
    node.inputs[0][0] = 220.0;
    let mut trace = Vec::new();
    run(&JansenRit, &node, |step, _, outputs| {
        if step > 20_000 {
            trace.push(outputs[0]);
        }
    });
    let mean = trace.iter().sum::<f64>() / trace.len() as f64;
    let (low, high) = trace.iter().fold((f64::MAX, f64::MIN), |(low, high), &v| (low.min(v), high.max(v)));
    let rises = trace.windows(2).filter(|pair| pair[0] < mean && pair[1] >= mean).count();
    let frequency_hz = rises as f64 / 10.0;
    assert!((9.0..=12.0).contains(&frequency_hz) && high - low > 2.0, "{frequency_hz} Hz, {low} to {high} mV");
}

/// Fixed points of the population solve eta + J x + Delta^2/(2 pi x)^2 - (pi x)^2 = 0 for x = tau r.
#[test]
fn montbrio_pazo_roxin_is_bistable() {
    let balance = |x: f64| -5.0 + 15.0 * x + (2.0 * PI * x).powi(-2) - (PI * x).powi(2);
    let grid: Vec<f64> = (1..3000).map(|i| f64::from(i) * 1e-3).collect();
    let mut points: Vec<f64> = Vec::new();
    for pair in grid.windows(2).filter(|pair| balance(pair[0]) * balance(pair[1]) < 0.0) {
        let (mut low, mut high) = (pair[0], pair[1]);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if balance(low) * balance(middle) > 0.0 { low = middle } else { high = middle }
        }
        points.push(low);
    }
    assert_eq!(points.len(), 3, "{points:?}");
    let field = field(&MontbrioPazoRoxin, &[]);
    for (place, x) in points.iter().enumerate() {
        let at = [*x, -1.0 / (2.0 * PI * x)];
        assert!(field(&at).iter().all(|rate| rate.abs() < 1e-10), "{:?}", field(&at));
        let jacobian = |i: usize, j: usize| {
            let [below, above] = [-1e-6, 1e-6].map(|shift| {
                let mut at = at;
                at[j] += shift;
                field(&at)[i]
            });
            (above - below) / 2e-6
        };
        let trace = jacobian(0, 0) + jacobian(1, 1);
        let determinant = jacobian(0, 0) * jacobian(1, 1) - jacobian(0, 1) * jacobian(1, 0);
        assert_eq!(trace < -1e-6 && determinant > 1e-6, place != 1, "{x}: {trace} {determinant}");
    }
    for (start, x) in [(vec![0.05, -2.0], points[0]), (vec![1.0, 0.0], points[2])] {
        let node = alone(&MontbrioPazoRoxin.description(), 6_000, start);
        let last = run(&MontbrioPazoRoxin, &node, |_, _, _| {});
        assert!((last[0][0] - x).abs() < 1e-6, "{last:?} {x}");
    }
}

#[test]
fn cortical_noise_of_the_thalamus_stays_bounded() {
    // A constant stands for noise: without decay its integral grows with the square of time.
    let mut initial = vec![-65.0, -65.0, 2.4e-4];
    initial.extend([0.0; 12]);
    let last = |compat: bool| {
        let model = Thalamus { compat };
        let description = model.description();
        let mut node = alone(&description, 30_000, initial.clone());
        let place = description.parameters.iter().position(|parameter| parameter.name == "d_phi").unwrap();
        node.parameters[0][place] = 0.01;
        node.white = vec![vec![vec![0.1; node.steps]]];
        run(&model, &node, |_, _, _| {})[0][7]
    };
    // A constant drive d_phi xi/sqrt(dt) of 0.01: s_et comes to rest there.
    assert!((last(false) - 0.01).abs() < 1e-6, "{}", last(false));
    assert!(last(true) > 1.0, "{}", last(true));
}
