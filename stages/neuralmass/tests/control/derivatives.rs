//! Gradients by finite differences, and runs by the engine.

use std::sync::Arc;

use lapicque_neuralmass::Model;
use lapicque_neuralmass::control::{Problem, respond};
use lapicque_neuralmass::models::{
    aln::{AdaptationRate, Aln},
    fhn::FitzHughNagumo,
    hopf::Hopf,
    jansen_rit::JansenRit,
    kuramoto::Kuramoto,
    montbrio_pazo_roxin::MontbrioPazoRoxin,
    thalamus::Thalamus,
    wc::WilsonCowan,
    ww::WongWang,
};
use lapicque_neuralmass::noise::OrnsteinUhlenbeck;
use lapicque_neuralmass::simulation::{Block, Initial, Input, InputTime, Record, Scheme, Set, Settings, simulate};
use lapicque_neuralmass::table::{Neuron, Table};

use crate::case::{Case, set};

fn derivative_is_right<M: Model>(name: &str, case: &Case<M>, scales: &[f64], h: f64) {
    derivative_is_right_at(name, case, &case.random_control("control", scales), scales, h);
}

/// dF by central differences of fourth order along some directions against dt times the gradient.
pub(crate) fn derivative_is_right_at<M: Model>(name: &str, case: &Case<M>, control: &[f64], scales: &[f64], h: f64) {
    let gradient = case.gradient(control);
    let derivative = |direction: &[f64]| {
        let at = |h: f64| {
            let there: Vec<f64> = control.iter().zip(direction).map(|(u, d)| u + h * d).collect();
            case.costs(&there).total()
        };
        (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h)
    };
    let mut directions = vec![case.random_control("direction", scales)];
    let steps = case.steps;
    for row in 0..case.control_matrix.len() {
        for step in [0, steps / 2, steps - steps / 8] {
            let mut one = case.zeros();
            if case.control_matrix[row] && case.control_interval.contains(&step) {
                // Long enough to stand out of the rounding of the whole cost.
                let end = (step + steps / 10).min(case.control_interval.end);
                one[row * steps + step..row * steps + end].fill(scales[row / case.nodes()]);
                directions.push(one);
            }
        }
    }
    let pairs: Vec<[f64; 2]> = directions
        .iter()
        .map(|direction| {
            let along: f64 = gradient.iter().zip(direction).map(|(g, d)| g * d).sum();
            [along * case.time_step_ms, derivative(direction)]
        })
        .collect();
    let greatest = pairs.iter().fold(0.0, |greatest: f64, pair| greatest.max(pair[1].abs()));
    assert!(greatest > 0.0, "{name}");
    for (place, [found, expected]) in pairs.iter().enumerate() {
        let error = (found - expected).abs();
        assert!(
            error <= 1e-6 * expected.abs() + 1e-9 * greatest,
            "{name}, direction {place}: {found} instead of {expected}, of up to {greatest}"
        );
    }
}

/// All three terms, part of the outputs, part of the time, part of the inputs, an input over time, two sets with noise.
fn with_everything<M: Model>(mut case: Case<M>, changes: &[(&str, f64)]) -> Case<M> {
    case.weights = [0.7, 0.03, 0.02];
    case.cost_matrix.iter_mut().step_by(2).for_each(|weight| *weight = 0.4);
    case.cost_matrix[1] = 0.0;
    case.cost_interval = 20..case.steps - 10;
    case.control_interval = 5..case.steps - 20;
    case.control_matrix[0] = false;
    let mut other = set(&case.model, changes, 2);
    other.inputs[0] = Input::OverTime((0..case.steps).map(|k| 0.1 * (k as f64 * 0.1).sin()).collect());
    case.sets.push(other);
    case
}

/// Of one cell: derivatives do not jump.
fn smooth_table() -> Arc<Table> {
    let value = |mu: f64, sigma: f64| [0.02 * (mu + 1.5) + 0.004 * mu * sigma, 8.0 - 0.6 * mu, mu - 65.0 + sigma, 5.0];
    let corners = [-1.0, 7.0].map(|mu| [0.5, 5.0].map(|sigma| value(mu, sigma).map(|v| v.max(1e-3))));
    Arc::new(Table::new(Neuron::default(), &[-1.0, 7.0], &[0.5, 5.0], corners.concat()).unwrap())
}

#[test]
fn of_single_nodes() {
    derivative_is_right("hopf", &Case::new(Hopf { diffusive: true }, 1, 200, &[]), &[0.2, 0.2], 1e-3);
    derivative_is_right("fhn", &Case::new(FitzHughNagumo { diffusive: true }, 1, 200, &[]), &[0.1, 0.1], 1e-3);
    derivative_is_right(
        "wc",
        &Case::new(WilsonCowan::default(), 1, 200, &[("exc_ext_baseline", 0.6)]),
        &[0.5, 0.5],
        1e-3,
    );
    derivative_is_right("ww", &Case::new(WongWang::default(), 1, 200, &[]), &[0.05, 0.05], 1e-3);
    derivative_is_right(
        "thalamus",
        &Case::new(Thalamus::default(), 1, 300, &[("d_phi", 0.001)]),
        &[0.5, 0.5, 0.005, 0.005],
        4e-3,
    );
    derivative_is_right("jansen_rit", &Case::new(JansenRit, 1, 300, &[]), &[50.0], 1e-3);
}

#[test]
fn of_nodes_with_delays_within() {
    let strong = [("mue_ext_mean", 1.2), ("mui_ext_mean", 0.6), ("b", 10.0), ("a", 5.0)];
    let scales = [0.3, 0.3, 0.002, 0.002];
    for adaptation in [AdaptationRate::SameStep, AdaptationRate::StepBefore] {
        let model = Aln { table: smooth_table(), adaptation };
        derivative_is_right("aln", &Case::new(model, 1, 200, &strong), &scales, 1e-3);
    }
}

#[test]
fn of_networks_with_delays() {
    let noise = [("sigma_ou", 0.05)];
    for diffusive in [true, false] {
        let case = with_everything(Case::new(Hopf { diffusive }, 4, 150, &noise), &noise);
        derivative_is_right("hopf", &case, &[0.2, 0.2], 1e-3);
        let case = with_everything(Case::new(FitzHughNagumo { diffusive }, 3, 150, &noise), &noise);
        derivative_is_right("fhn", &case, &[0.1, 0.1], 1e-3);
    }
    let case = with_everything(Case::new(WilsonCowan::default(), 3, 150, &noise), &noise);
    derivative_is_right("wc", &case, &[0.5, 0.5], 1e-4);
    let case = with_everything(Case::new(WongWang::default(), 3, 150, &[]), &[]);
    derivative_is_right("ww", &case, &[0.05, 0.05], 1e-3);
    let case = Case::new(Kuramoto { nodes: 4 }, 4, 150, &noise);
    derivative_is_right("kuramoto", &case, &[0.2], 1e-5);
    let case = Case::new(MontbrioPazoRoxin, 3, 200, &[]);
    derivative_is_right("montbrio_pazo_roxin", &case, &[0.5], 1e-3);
    let strong = [("mue_ext_mean", 1.2), ("mui_ext_mean", 0.6), ("b", 10.0), ("sigma_ou", 0.1), ("c_gl", 0.5)];
    let model = Aln { table: smooth_table(), adaptation: AdaptationRate::SameStep };
    let case = with_everything(Case::new(model, 3, 150, &strong), &strong);
    derivative_is_right("aln", &case, &[0.3, 0.3, 0.002, 0.002], 1e-3);
}

/// With an input over time in every node.
fn runs_as_the_engine<M: Model>(mut case: Case<M>, input_time: InputTime, scales: &[f64]) {
    let (nodes, steps) = (case.nodes(), case.steps);
    let control = case.random_control("control", scales);
    let outputs = case.model.description().outputs.len();
    let settings = Settings {
        time_step_ms: case.time_step_ms,
        scheme: Scheme::Euler,
        noise: OrnsteinUhlenbeck::EulerMaruyama,
        input_time,
        record: Record { outputs: (0..outputs).collect(), every: 1, average: false },
    };
    let by_engine = |set: &Set, settings: &Settings| {
        let mut traces = vec![Vec::new(); outputs * nodes];
        let mut sink = |block: &Block<'_>| {
            for (trace, values) in traces.iter_mut().zip(block.values.chunks(block.records)) {
                trace.extend_from_slice(values);
            }
        };
        let end = simulate(&case.model, &case.network, set, settings, steps as u64, &mut sink, &mut |_| true).unwrap();
        (traces.concat(), end)
    };
    // The control as inputs that each step reads.
    let mut controlled = case.sets[0].clone();
    for (input, values) in controlled.inputs.iter_mut().enumerate() {
        let Input::Constant(default) = values else { panic!("inputs are constant") };
        let row = |node: usize| &control[(input * nodes + node) * steps..(input * nodes + node + 1) * steps];
        *values = Input::PerNodeOverTime((0..nodes).map(|n| row(n).iter().map(|u| u + *default).collect()).collect());
    }
    let (expected, _) = by_engine(&controlled, &Settings { input_time: InputTime::End, ..settings.clone() });
    assert!(expected.iter().any(|&x| x != expected[0]));
    let problem = Problem { input_time, ..case.problem() };
    assert_eq!(respond(&problem, 0, &control, &mut || true).unwrap(), expected);

    // Inputs of the set, and a run that goes on.
    let zeros = case.zeros();
    let (_, end) = by_engine(&case.sets[0], &settings);
    let series = |step: usize| scales[0] * (0.05 * step as f64).sin();
    case.sets[0].inputs[0] = Input::OverTime((0..2 * steps).map(series).collect());
    case.sets[0].initial = Initial::Continued(Box::new(end));
    let problem = Problem { input_time, ..case.problem() };
    let found = respond(&problem, 0, &zeros, &mut || true).unwrap();
    let mut traces = Vec::new();
    let mut sink = |block: &Block<'_>| traces.push((block.records, block.values.to_vec()));
    simulate(&case.model, &case.network, &case.sets[0], &settings, steps as u64, &mut sink, &mut |_| true).unwrap();
    let row = |row: usize| traces.iter().flat_map(move |(n, v)| v[row * n..(row + 1) * n].to_vec());
    assert_eq!(found, (0..outputs * nodes).flat_map(row).collect::<Vec<f64>>());
}

#[test]
fn runs_have_the_bits_of_the_engine() {
    let noise = [("sigma_ou", 0.05)];
    for input_time in [InputTime::Begin, InputTime::End, InputTime::BeginAndLastFirst] {
        runs_as_the_engine(Case::new(Hopf { diffusive: true }, 11, 150, &noise), input_time, &[0.2, 0.2]);
    }
    runs_as_the_engine(Case::new(Aln::default(), 3, 150, &noise), InputTime::Begin, &[0.3, 0.3, 0.002, 0.002]);
    runs_as_the_engine(
        Case::new(Thalamus::default(), 1, 150, &[("d_phi", 0.001)]),
        InputTime::Begin,
        &[0.5, 0.5, 0.0005, 0.0005],
    );
}

#[test]
fn one_step_by_hand() {
    let mut case = Case::new(FitzHughNagumo { diffusive: true }, 1, 1, &[]);
    case.weights = [2.0, 0.5, 0.0];
    let control = [0.3, -0.2];
    let reached = respond(&case.problem(), 0, &control, &mut || true).unwrap();
    let gradient = case.gradient(&control);
    for k in 0..2 {
        // x_1 = x_0 + dt (f + u): dF/du / dt = w_p dt (x_1 - x*) + w_2 u
        let expected = 2.0 * 0.1 * (reached[k] - case.target[k]) + 0.5 * control[k];
        assert!((gradient[k] - expected).abs() < 1e-15, "{} {expected}", gradient[k]);
    }
}
