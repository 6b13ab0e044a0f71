//! Models against runs of Brian2 2.9.0: every specification becomes a model file, and what its monitors record is compared.
//!
//! Small runs are in `tests/golden/equations/runs`. The others are under `fixtures/brian` of the folder of
//! LAPICQUE_SHARED; without it those tests say that they skip.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod specs;

use lapicque_equations::network::description::Model;
use lapicque_equations::network::{NetworkError, NetworkProblem, Recording};
use serde_json::{Value as Json, json};
use specs::compare::{Tolerance, all, expected, states};
use specs::{Spec, convert, golden, model, run, shared, specs};

/// What Brian2 refuses, but for the pure integrator, which has an exact solution, and exponential Euler for a model with
/// exp(v), which Brian2 takes and holds fixed.
const REFUSED: [&str; 9] = [
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

/// Where the exact integrator runs, alone or by choice.
const LINEAR: [&str; 6] =
    ["linear_adapt_osc", "linear_alpha", "linear_cuba", "linear_degenerate", "pure_integrator", "subexpr_chain"];

fn tolerance(name: &str) -> Tolerance {
    let exact = LINEAR
        .iter()
        .any(|problem| ["default", "exact"].iter().any(|method| name == format!("integ_{problem}_{method}_s")));
    let spatial = ["cable_", "hh_axon_", "swc_"].iter().any(|family| name.starts_with(family));
    let relative = match (exact, spatial) {
        (true, _) => 1e-12,
        (_, true) => 1e-7,
        _ => 1e-9,
    };
    Tolerance { relative, absolute: 0.0 }
}

/// Runs a specification and compares; how many numbers were the same, or what is different.
fn repeated(spec: &Spec) -> Result<usize, String> {
    let file = convert::model(&spec.json);
    if REFUSED.contains(&spec.name.as_str()) {
        return match run(&spec.model(file), 1) {
            Err(NetworkError { problem: NetworkProblem::Integrator(_), .. }) => Ok(0),
            Err(other) => Err(format!("is refused for another reason: {other}")),
            Ok(_) => Err("is not refused".to_owned()),
        };
    }
    if spec.name.starts_with("integ_quadratic_") {
        return blowing_up(spec, file);
    }
    let recording = run(&spec.model(file), 1).map_err(|error| error.to_string())?;
    if let Some(file) = substitute(&spec.name) {
        let table = specs::table::Table::read(&spec.folder.join(file));
        return states(state(&recording)?, &table, tolerance(&spec.name));
    }
    all(spec, &recording, tolerance(&spec.name))
}

/// What stands for files in which Brian2 has no solution, or NaN.
fn substitute(name: &str) -> Option<&'static str> {
    match name {
        "integ_linear_adapt_osc_default_s" | "integ_linear_adapt_osc_exact_s" => {
            Some("integ_linear_adapt_osc.analytic.csv")
        }
        "integ_pure_integrator_exact_s" => Some("integ_pure_integrator_rk4_s.state_G.csv"),
        _ => None,
    }
}

fn state(recording: &Recording) -> Result<&lapicque_equations::network::StateRecord, String> {
    recording.states.first().ok_or_else(|| "no states".to_owned())
}

/// A solution that goes to infinity: it is compared up to 1000, and what comes after is an error.
fn blowing_up(spec: &Spec, mut file: Json) -> Result<usize, String> {
    let mut table = expected(spec, "state_G")?;
    let finite = table.column("v[0]").iter().take_while(|v| v.abs() < 1e3).count();
    if finite < table.rows() {
        match run(&spec.model(file.clone()), 1) {
            Err(NetworkError { problem: NetworkProblem::NotFinite { variable, element: 0, .. }, .. })
                if ["u", "v"].contains(&variable.as_str()) => {}
            other => return Err(format!("goes to infinity, but gives {other:?}")),
        }
    }
    table.truncate(finite);
    let end = table.column("t_s").last().copied().unwrap_or(0.0);
    let step = spec.json["dt"].as_str().unwrap_or_default();
    file["duration"] = json!(format!("{end:?}*second + {step}"));
    let recording = run(&spec.model(file), 1).map_err(|error| error.to_string())?;
    states(state(&recording)?, &table, tolerance(&spec.name))
}

fn repeat(list: &[Spec]) {
    let mut different = Vec::new();
    let mut compared = 0;
    for spec in list {
        match repeated(spec) {
            Ok(numbers) => {
                assert!(numbers > 10 || REFUSED.contains(&spec.name.as_str()), "{}", spec.name);
                compared += numbers;
            }
            Err(difference) => different.push(format!("{}: {difference}", spec.name)),
        }
    }
    println!("{compared} numbers of {} runs", list.len());
    assert!(different.is_empty(), "{} of {} runs:\n{}", different.len(), list.len(), different.join("\n"));
}

#[test]
fn every_specification_is_a_model_file() {
    let Some(folder) = shared() else { return };
    let all = specs(&folder);
    assert_eq!(all.len(), 152);
    for spec in &all {
        let model = model(convert::model(&spec.json));
        assert!(model.duration.is_some() == model.runs.is_empty(), "{}", spec.name);
        // What it says of itself is read again as the same.
        let text = serde_json::to_string(&model).unwrap();
        assert_eq!(serde_json::from_str::<Model>(&text).unwrap(), model, "{}", spec.name);
    }
}

#[test]
fn small_runs_are_repeated() {
    repeat(&specs(&golden()));
}

#[test]
fn all_runs_are_repeated() {
    let Some(folder) = shared() else { return };
    repeat(&specs(&folder));
}
