//! Integrators against runs of Brian2 2.9.0, against solutions in closed form, and their noise against theory.
//!
//! The runs are under `fixtures/brian` of the folder of LAPICQUE_SHARED; without it those tests say that they skip.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod models;

use std::path::PathBuf;

use lapicque_equations::engine::{Bindings, Graph, Program};
use lapicque_equations::integrators::IntegratorError;
use lapicque_equations::language::analysis::integrator::{Integrator, choose};
use lapicque_equations::language::check::fixed_value;
use lapicque_equations::language::parse_expression;
use lapicque_equations::language::parse_statements;
use lapicque_equations::language::scope::Scope;
use lapicque_equations::maths::propagator::propagator;
use lapicque_numerics::random::StreamKey;
use models::{Model, model};
use serde_json::Value as Json;

fn number(json: &Json, names: &Scope) -> f64 {
    match json {
        Json::String(text) => fixed_value(&parse_expression(text).unwrap(), names).unwrap().value,
        other => other.as_f64().unwrap(),
    }
}

fn folder() -> Option<PathBuf> {
    let shared = std::env::var_os("LAPICQUE_SHARED").map_or_else(|| PathBuf::from("../../../shared"), PathBuf::from);
    let folder = shared.join("fixtures/brian");
    if !folder.is_dir() {
        println!("skipped: {} is missing (LAPICQUE_SHARED)", folder.display());
        return None;
    }
    Some(folder)
}

const PROBLEMS: [&str; 12] = [
    "adex",
    "fhn",
    "linear_adapt_osc",
    "linear_alpha",
    "linear_cuba",
    "linear_degenerate",
    "pure_integrator",
    "quadratic",
    "single_nonlin_condlinear",
    "subexpr_chain",
    "time_dependent",
    "vdp",
];
const METHODS: [&str; 8] = ["default", "euler", "exact", "exponential_euler", "heun", "milstein", "rk2", "rk4"];

/// Rows of a file of a monitor, without its header.
fn rows(path: PathBuf) -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(|field| field.parse().unwrap()).collect()).collect()
}

#[test]
fn runs_of_brian_are_repeated() {
    let Some(folder) = folder() else { return };
    let mut refused = Vec::new();
    for problem in PROBLEMS {
        for method in METHODS {
            let name = format!("integ_{problem}_{method}_s");
            let spec = std::fs::read_to_string(folder.join(format!("{name}.spec.json"))).unwrap();
            let spec: Json = serde_json::from_str(&spec).unwrap();
            if !repeats(&folder, &name, &spec) {
                refused.push(name);
            }
        }
    }
    // All that Brian2 refuses, but for the pure integrator, which has an exact solution, and exponential Euler for a
    // model with exp(v), which Brian2 takes and holds fixed.
    let expected = [
        "integ_adex_exact_s",
        "integ_adex_exponential_euler_s",
        "integ_fhn_exact_s",
        "integ_fhn_exponential_euler_s",
        "integ_quadratic_exact_s",
        "integ_quadratic_exponential_euler_s",
        "integ_single_nonlin_condlinear_exact_s",
        "integ_time_dependent_exact_s",
        "integ_vdp_exact_s",
    ];
    assert_eq!(refused, expected);
}

/// Runs one specification and compares; false where the integrator does not take the equations.
fn repeats(folder: &std::path::Path, name: &str, spec: &Json) -> bool {
    let group = &spec["groups"][0];
    let constants: Vec<(&str, &str)> = spec["constants"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    let plain = Scope::new();
    let dt = number(&spec["dt"], &plain);
    let steps = (number(&spec["duration"], &plain) / dt).round() as u64;
    let model = model(group["model"].as_str().unwrap(), &constants, dt, group["N"].as_u64().unwrap() as usize);
    let integrator = match group["method"].as_str() {
        Some(method) => Integrator::named(method).unwrap(),
        None => choose(&model.system, &model.names).unwrap().integrator,
    };
    let mut program = match model.program(integrator) {
        Ok(program) => program,
        Err(IntegratorError::Refused(_)) => return false,
        Err(other) => panic!("{name}: {other}"),
    };
    let initial = group["init"].as_object().unwrap();
    let initial: Vec<(&str, f64)> = initial.iter().map(|(n, v)| (n.as_str(), number(v, &model.names))).collect();
    let mut state = model.state(&initial);
    let mut spikes = spiking(&model, group);

    let variables: Vec<&str> =
        spec["monitors"][0]["vars"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
    let every = spec["monitors"][0]["every"].as_u64().unwrap();
    let mut found = Vec::new();
    for number in 0..steps {
        if number % every == 0 {
            let mut row = vec![number as f64 * dt];
            row.extend(variables.iter().map(|variable| model.column(&state, variable)[0]));
            found.push(row);
        }
        program.run(&mut state, number).unwrap();
        if let Some((threshold, reset)) = &mut spikes {
            threshold.run(&mut state, number).unwrap();
            let list: Vec<u32> =
                (0..).zip(model.column(&state, "spiked")).filter(|(_, s)| **s != 0.0).map(|(i, _)| i).collect();
            reset.run_at(&mut state, number, &list).unwrap();
        }
    }

    let exact = integrator == Integrator::Exact;
    let file = match name {
        // Brian2 has no solution of it, or NaN.
        "integ_linear_adapt_osc_default_s" | "integ_linear_adapt_osc_exact_s" => {
            "integ_linear_adapt_osc.analytic.csv".to_owned()
        }
        "integ_pure_integrator_default_s" | "integ_pure_integrator_exact_s" => {
            "integ_pure_integrator_rk4_s.state_G.csv".to_owned()
        }
        _ => format!("{name}.state_G.csv"),
    };
    let expected = rows(folder.join(file));
    assert_eq!(found.len(), expected.len(), "{name}");
    let tolerance = if exact { 1e-12 } else { 1e-9 };
    let quadratic = name.contains("quadratic");
    let mut compared = 0;
    for column in 0..=variables.len() {
        let size = expected.iter().map(|row| row[column].abs()).filter(|x| x.is_finite()).fold(0.0, f64::max);
        for (found, expected) in found.iter().zip(&expected) {
            if quadratic && (expected[1].is_nan() || expected[1].abs() >= 1e3) {
                break;
            }
            let (a, b) = (found[column], expected[column]);
            let allowed = tolerance * if quadratic { b.abs().max(1.0) } else { b.abs().max(1e-3 * size) };
            assert!((a - b).abs() <= allowed, "{name} at {} s: {a} instead of {b}", expected[0]);
            compared += 1;
        }
    }
    assert!(compared > 100, "{name}");
    true
}

/// Threshold and reset.
fn spiking(model: &Model, group: &Json) -> Option<(Program, Program)> {
    let threshold = group["threshold"].as_str()?;
    let scope = model.scope();
    let mut graph = Graph::new(&scope);
    let value = graph.expression(&parse_expression(threshold).unwrap(), &Bindings::new(), false).unwrap();
    let write = graph.write(model.layout.number("spiked").unwrap(), value).unwrap();
    let threshold = Program::new(&graph, &[write], &StreamKey::new([2; 16]));
    let mut graph = Graph::new(&scope);
    let statements = parse_statements(group["reset"].as_str().unwrap()).unwrap();
    let writes = graph.statements(&statements, &Bindings::new(), false).unwrap();
    Some((threshold, Program::new(&graph, &writes, &StreamKey::new([3; 16]))))
}

#[test]
fn matrices_have_their_exponentials() {
    let near = |found: &[f64], expected: &[f64], allowed: f64| {
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() <= allowed, "{found:?} {expected:?}");
        }
    };
    // A rotation, whose fixed point is the origin.
    let turn = propagator(&[0.0, 1.0, -1.0, 0.0], 2, 30.0).unwrap();
    let (s, c) = (30.0_f64.sin(), 30.0_f64.cos());
    near(&turn.state, &[c, s, -s, c], 1e-13);
    near(&turn.input, &[s, 1.0 - c, c - 1.0, s], 1e-12);
    // Nilpotent: x' = y, y' = 0.
    let drifting = propagator(&[0.0, 1.0, 0.0, 0.0], 2, 3.0).unwrap();
    near(&drifting.state, &[1.0, 3.0, 0.0, 1.0], 1e-15);
    near(&drifting.input, &[3.0, 4.5, 0.0, 3.0], 1e-14);
    // Far beyond its time constant.
    let stiff = propagator(&[-1e5], 1, 1.0).unwrap();
    near(&stiff.state, &[0.0], 1e-300);
    near(&stiff.input, &[1e-5], 1e-16);
    assert_eq!(propagator(&[f64::NAN], 1, 1.0), None);
    assert_eq!(propagator(&[f64::INFINITY], 1, 1.0), None);
    assert_eq!(propagator(&[1e12], 1, 1.0), None);
    assert_eq!(propagator(&[1.0, 2.0], 1, 1.0), None);
    assert_eq!(propagator(&[], 0, 1.0).unwrap().state, Vec::<f64>::new());
}

#[test]
fn refractory_variables_stand_still_and_others_move() {
    let text = "dv/dt = (g - v)/tau : 1 (unless refractory)\ndg/dt = -(g - v/2)/tau : 1";
    for integrator in [Integrator::Exact, Integrator::Rk4, Integrator::ExponentialEuler, Integrator::Euler] {
        let model = model(text, &[("tau", "10*ms")], 1e-4, 2);
        let mut state = model.state(&[("v", 0.8), ("g", 2.0)]);
        state.column_mut(model.layout.number("not_refractory").unwrap())[0] = 0.0;
        let mut program = model.program(integrator).unwrap();
        for number in 0..100 {
            program.run(&mut state, number).unwrap();
        }
        let (v, g) = (model.column(&state, "v"), model.column(&state, "g"));
        assert_eq!(v[0], 0.8);
        assert!(v[1] > 1.1, "{v:?}");
        // g relaxes towards v/2, which is held.
        let expected = 0.4 + 1.6 * (-1.0_f64).exp();
        let allowed = if integrator == Integrator::Euler { 5e-3 } else { 1e-9 };
        assert!((g[0] - expected).abs() < allowed, "{integrator}: {} {expected}", g[0]);
    }
}

#[test]
fn exact_takes_time_constants_of_each_neuron_in_single_equations() {
    let model = model("dv/dt = (I - v)/tau : 1\ntau : second\nI : 1", &[], 1e-3, 3);
    let mut state = model.state(&[("v", 1.0), ("I", 3.0)]);
    state.column_mut(model.layout.number("tau").unwrap()).copy_from_slice(&[1e-3, 1e-2, 1e9]);
    let mut program = model.program(Integrator::Exact).unwrap();
    for number in 0..10 {
        program.run(&mut state, number).unwrap();
    }
    for (v, tau) in model.column(&state, "v").iter().zip([1e-3_f64, 1e-2, 1e9]) {
        let expected = 3.0 - 2.0 * (-1e-2 / tau).exp();
        assert!((v - expected).abs() < 1e-14, "{v} {expected}");
    }
}

/// Mean and variance over the elements.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0))
}

#[test]
fn an_ornstein_uhlenbeck_process_has_the_variance_of_discrete_time() {
    let (n, dt, tau, s, mu) = (20_000_usize, 1e-3, 1e-2, 0.5, 0.3);
    let constants = [("tau", "10*ms"), ("s", "0.5"), ("mu", "0.3")];
    for integrator in [Integrator::Euler, Integrator::Heun, Integrator::Milstein] {
        let model = model("dv/dt = (mu - v)/tau + s*sqrt(2/tau)*xi : 1", &constants, dt, n);
        let mut state = model.state(&[]);
        let mut program = model.program(integrator).unwrap();
        for number in 0..100 {
            program.run(&mut state, number).unwrap();
        }
        let decay: f64 = 1.0 - dt / tau;
        let variance = s * s * 2.0 * dt / tau * (1.0 - decay.powi(200)) / (1.0 - decay * decay);
        let (mean, found) = moments(model.column(&state, "v"));
        let expected = mu * (1.0 - decay.powi(100));
        assert!((mean - expected).abs() < 4.5 * (variance / n as f64).sqrt(), "{integrator}: {mean} {expected}");
        let error = variance * (2.0 / n as f64).sqrt();
        assert!((found - variance).abs() < 4.5 * error, "{integrator}: {found} {variance}");
    }
}

#[test]
fn multiplicative_noise_is_that_of_stratonovich() {
    let n = 20_000;
    for integrator in [Integrator::Heun, Integrator::Milstein] {
        let model = model("dx/dt = s*x*xi : 1", &[("s", "3*Hz**0.5")], 1e-4, n);
        let mut state = model.state(&[("x", 1.0)]);
        let mut program = model.program(integrator).unwrap();
        for number in 0..500 {
            program.run(&mut state, number).unwrap();
        }
        // ln x is s W at 50 ms.
        let logarithms: Vec<f64> = model.column(&state, "x").iter().map(|x| x.ln()).collect();
        let (mean, variance) = moments(&logarithms);
        let expected = 9.0 * 0.05;
        assert!(mean.abs() < 4.5 * (expected / n as f64).sqrt(), "{integrator}: {mean}");
        assert!((variance - expected).abs() < 5.0 * expected * (2.0 / n as f64).sqrt(), "{integrator}: {variance}");
    }
    let model = model("dx/dt = s*x*xi : 1", &[("s", "3*Hz**0.5")], 1e-4, 1);
    for integrator in [Integrator::Euler, Integrator::Rk4, Integrator::Exact] {
        assert!(matches!(model.program(integrator), Err(IntegratorError::Refused(_))));
    }
}

#[test]
fn noise_of_one_name_is_one_draw() {
    let text = "dx/dt = s*xi_a : 1\ndy/dt = -s*xi_a : 1\ndz/dt = s*xi_b : 1";
    let model = model(text, &[("s", "1*Hz**0.5")], 1e-3, 1000);
    let mut state = model.state(&[]);
    let mut program = model.program(Integrator::Euler).unwrap();
    program.run(&mut state, 7).unwrap();
    let [x, y, z] = ["x", "y", "z"].map(|name| model.column(&state, name));
    assert!(x.iter().zip(y).all(|(x, y)| *x == -*y));
    assert!(x.iter().zip(z).all(|(x, z)| x != z));
}
