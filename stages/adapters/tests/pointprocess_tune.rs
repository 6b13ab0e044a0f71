//! Values of parameters that give rates, through a pipeline: what is found, what simulations make of it, what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use support::{floats, ran, refused, texts};

fn stage(rest: &str) -> String {
    format!("  tuned:\n    kind: pointprocess.tune\n{rest}")
}

const NETWORK: &str = "    simulation: { model: bernoulli_glm, neurons: 40, duration: 20 s, parameters: { abs_ref_scale: 0 ms, rel_ref_scale: 0 ms } }\n";
const TARGET: &str = "    targets: { rate: 50 Hz }\n    tune: { theta: [0, 8] }\n";

fn folder() -> &'static Path {
    Path::new(".")
}

#[test]
fn a_threshold_is_found_and_a_simulation_has_the_rate() {
    let simulation = "  spikes:\n    kind: simulate.point_process\n    inputs: { parameters: tuned.parameters }\n    model: bernoulli_glm\n    neurons: 40\n    duration: 20 s\n    parameters: { abs_ref_scale: 0 ms, rel_ref_scale: 0 ms }\n";
    let ran = ran(&format!("{}{simulation}", stage(&format!("{NETWORK}{TARGET}"))), folder());
    assert_eq!(ran.failures(), Vec::<String>::new());
    let theta = floats(&ran.output("tuned", 0), "theta")[0];
    let intervals = ran.output("tuned", 2);
    assert_eq!(texts(&intervals, "parameter"), ["theta"]);
    assert_eq!(floats(&intervals, "value"), [theta]);
    // Without refractoriness and connections the rate is 1000 / (1 + exp(theta)) Hz; 1.96 errors are half of the interval.
    let half = (floats(&intervals, "high")[0] - floats(&intervals, "low")[0]) / 2.0;
    assert!((theta - 19.0_f64.ln()).abs() < 2.0 * half && half < 0.03, "{theta} {half}");
    let rates = ran.output("tuned", 1);
    assert_eq!((texts(&rates, "population"), floats(&rates, "target_hz")), (vec!["all".to_owned()], vec![50.0]));
    let error = floats(&rates, "standard_error_hz")[0];
    assert!((floats(&rates, "rate_hz")[0] - 50.0).abs() <= 0.1 * error && error < 1.0, "{rates:?}");
    let simulated = floats(&ran.output("spikes", 1), "rate_hz")[0];
    assert!((simulated - 50.0).abs() < 4.0 * error * 2.0_f64.sqrt(), "{simulated} {error}");
}

#[test]
fn two_populations_have_rates_of_their_own() {
    let rest = "    simulation:\n      model: bernoulli_glm\n      populations: { E: 20, I: 20 }\n      duration: 20 s\n      stimuli: { drive: { regular: { strength: 0, period: 1 ms, width: 1 ms }, neurons: { population: I } } }\n    targets: { rate: { E: 5 Hz, I: 12 Hz } }\n    tune: { theta: [2, 8], stimuli.drive.strength: [-3, 3] }\n    repeats: 2\n";
    let ran = ran(&stage(rest), folder());
    assert_eq!(ran.failures(), Vec::<String>::new());
    let rates = ran.output("tuned", 1);
    assert_eq!(texts(&rates, "population"), ["E", "I"]);
    let errors = floats(&rates, "standard_error_hz");
    for (place, target) in [5.0, 12.0].into_iter().enumerate() {
        assert!((floats(&rates, "rate_hz")[place] - target).abs() <= errors[place], "{rates:?}");
    }
    let parameters = ran.output("tuned", 0);
    assert!(floats(&parameters, "stimuli.drive.strength")[0] > 0.5, "inhibitory neurons need a drive: {parameters:?}");
}

#[test]
fn what_cannot_be_bound_is_told_by_its_field() {
    for (rest, due) in [
        (format!("{NETWORK}    targets: {{ rate: 50 Hz }}\n    tune: {{ tetha: [0, 8] }}\n"), "did you mean `theta`?"),
        (
            format!("{NETWORK}    targets: {{ rate: 50 Hz }}\n    tune: {{ theta: [8, 0] }}\n"),
            "give the lower end first",
        ),
        (format!("{NETWORK}    targets: {{ rate: 50 Hz }}\n    tune: {{ alpha: [0.1, 0.2] }}\n"), "has no unit"),
        (format!("{NETWORK}    targets: {{ rate: 50 Hz }}\n    tune: {{}}\n"), "0 parameters; 1 to 6 are allowed"),
        (
            format!("{NETWORK}    targets: {{ rate: 50 Hz }}\n    tune: {{ theta: [0, 8], r: [0, 1] }}\n"),
            "2 parameters; expected as many as targets, 1",
        ),
        (
            format!("{NETWORK}    targets: {{ rate: 50 Hz }}\n    tune: {{ abs_ref_scale: [0 ms, 5 ms] }}\n"),
            "`simulation.parameters` sets it",
        ),
        (format!("{NETWORK}    targets: {{ rate: 0 Hz }}\n    tune: {{ theta: [0, 8] }}\n"), "it must be above 0 Hz"),
        (
            format!("{NETWORK}    targets: {{ rate: {{}} }}\n    tune: {{ theta: [0, 8] }}\n"),
            "no rates; give at least one",
        ),
        (
            format!("{NETWORK}    targets: {{ rate: {{ E: 5 Hz }} }}\n    tune: {{ theta: [0, 8] }}\n"),
            "there is no population `E`",
        ),
        (format!("{NETWORK}{TARGET}    repeats: 0\n"), "0 runs; 1 to 1000 are allowed"),
        (
            format!("    simulation: {{ model: bernoulli_glm, neurons: 4, steps: 19 }}\n{TARGET}"),
            "19 steps; a rate with its error needs at least 20",
        ),
        (
            format!("    simulation: {{ model: bernoulli_glm, neurons: 4, steps: 100, record: [drive] }}\n{TARGET}"),
            "nothing is recorded here",
        ),
        (format!("    simulation: {{ model: bernoulli_glm, neurons: 0, steps: 100 }}\n{TARGET}"), "simulation.neurons"),
    ] {
        let found = refused(&stage(&rest));
        assert!(found.contains(due), "{rest}: {found}");
    }
}

#[test]
fn a_rate_out_of_reach_fails_the_sample_and_names_the_parameter() {
    let rest = format!("{NETWORK}    targets: {{ rate: 600 Hz }}\n    tune: {{ theta: [0, 8] }}\n");
    let failures = ran(&stage(&rest), folder()).failures().join("\n");
    assert!(failures.contains("`theta`: 600 Hz is not reached"), "{failures}");
}
