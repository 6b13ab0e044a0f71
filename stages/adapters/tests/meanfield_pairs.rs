//! Covariances and binary units through a pipeline, against NNMT 1.3.0.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;
use support::{floats, ran, refused, refused_in};

fn golden(name: &str) -> Value {
    let path = Path::new("../../tests/golden/meanfield").join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// The golden network of single neurons as a network file.
fn forty_neurons(reference: &Value) -> String {
    // mV to pA, with 250 pF and 0.5 ms.
    let current = |volt: f64| volt * 1e3 * 250.0 / 0.5;
    let mut text = "network: 1\nname: forty\npopulations:\n".to_owned();
    let matrix: Vec<Vec<f64>> = reference["J"].as_array().unwrap().iter().map(numbers).collect();
    let [rates, weights, in_degrees] = ["nu_ext", "J_ext", "K_ext"].map(|key| numbers(&reference[key]));
    for i in 0..matrix.len() {
        let neuron = "size: 1, model: iaf_psc_exp, C_m: 250 pF, tau_m: 20 ms, t_ref: 2 ms, E_L: 0 mV, V_th: 15 mV, V_reset: 0 mV, V_m: 0 mV, tau_syn_ex: 0.5 ms, tau_syn_in: 0.5 ms";
        writeln!(text, "  N{i}: {{{neuron}, drives: {{").unwrap();
        for (j, rate) in rates.iter().enumerate() {
            let (synapses, weight) = (in_degrees[j], current(weights[j]));
            writeln!(text, "    d{j}: {{kind: poisson, rate: {rate} Hz, synapses: {synapses}, weight: {weight} pA}},")
                .unwrap();
        }
        writeln!(text, "  }}}}").unwrap();
    }
    text += "connections:\n";
    for (i, row) in matrix.iter().enumerate() {
        for (j, &weight) in row.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
            let weight = current(weight);
            writeln!(
                text,
                "  N{j}_to_N{i}: {{pre: N{j}, post: N{i}, rule: {{in_degree: 1}}, weight: {weight} pA, delay: 1 ms}}"
            )
            .unwrap();
        }
    }
    text
}

#[test]
fn pairs_of_single_neurons() {
    let reference = golden("pairs/network.json");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("forty.yaml"), forty_neurons(&reference)).unwrap();
    let text = "  pairs: {kind: meanfield.covariances, network: forty.yaml}\n\
                \x20 rates: {kind: meanfield.working_point, network: forty.yaml, cv: true}\n";
    let ran = ran(text, folder.path());
    let cv = floats(&ran.table("rates"), "cv");
    for (found, due) in cv.iter().zip(numbers(&reference["cvs"])) {
        assert!((found - due).abs() < 1e-7 * due, "cv: {found} is not {due}");
    }
    let table = ran.table("pairs");
    let [weight, covariance, pair, correlation, bound] =
        ["effective_weight", "covariance_hz", "pair_covariance_hz", "pair_correlation", "spectral_bound"]
            .map(|name| floats(&table, name));
    let [weights, covariances]: [Vec<Vec<f64>>; 2] =
        ["J_eff_every4", "C_every4"].map(|key| reference[key].as_array().unwrap().iter().map(numbers).collect());
    assert!((bound[0] / reference["spectral_bound"].as_f64().unwrap() - 1.0).abs() < 1e-8, "{}", bound[0]);
    for (row, i) in (0..40).step_by(4).enumerate() {
        for j in 0..40 {
            let at = i * 40 + j;
            assert!((weight[at] - weights[row][j]).abs() < 1e-8, "{i} {j}: {}", weight[at]);
            // The peer's coefficients of variation are right to 1e-8.
            assert!((covariance[at] - covariances[row][j]).abs() < 1e-6, "{i} {j}: {}", covariance[at]);
            match i == j {
                true => assert!(table["pair_covariance_hz"].is_null(at) && table["pair_correlation"].is_null(at)),
                false => assert_eq!(pair[at], covariance[at]),
            }
        }
    }
    let of_two = covariance[1] / (covariance[0] * covariance[41]).sqrt();
    assert!((correlation[1] - of_two).abs() < 1e-12);
}

#[test]
fn two_synapses_of_a_pair_count_twice() {
    let folder = tempfile::tempdir().unwrap();
    let neuron = "size: 1, model: iaf_psc_delta, tau_m: 20 ms, E_L: 0 mV, V_th: 15 mV, V_reset: 0 mV, V_m: 0 mV";
    let network = |in_degree: u32| {
        format!(
            "network: 1\nname: pair\npopulations:\n\
             \x20 A: {{{neuron}, drive: {{kind: poisson, rate: 5000 Hz, weight: 0.15 mV}}}}\n\
             \x20 B: {{{neuron}, drive: {{kind: poisson, rate: 5000 Hz, weight: 0.15 mV}}}}\n\
             connections:\n  A_to_B: {{pre: A, post: B, rule: {{in_degree: {in_degree}}}, weight: 0.02 mV, delay: 1 ms}}\n"
        )
    };
    std::fs::write(folder.path().join("one.yaml"), network(1)).unwrap();
    std::fs::write(folder.path().join("two.yaml"), network(2)).unwrap();
    let text = "  one: {kind: meanfield.covariances, network: one.yaml}\n\
                \x20 two: {kind: meanfield.covariances, network: two.yaml}\n";
    let ran = ran(text, folder.path());
    let [one, two] = ["one", "two"].map(|stage| floats(&ran.table(stage), "covariance_hz")[1]);
    assert!(one > 0.0 && (two / one - 2.0).abs() < 0.02, "{one} {two}");
}

#[test]
fn pairs_of_populations_covary_weakly() {
    let text = "  pairs: {kind: meanfield.covariances, network: brunel, parameters: {g: 6}}\n\
                \x20 linear: {kind: meanfield.covariances, network: brunel, order: linear, parameters: {g: 6}}\n";
    let ran = ran(text, Path::new("."));
    let [covariance, pair, correlation] =
        ["covariance_hz", "pair_covariance_hz", "pair_correlation"].map(|name| floats(&ran.table("pairs"), name));
    assert_eq!(covariance.len(), 4);
    assert_eq!(covariance[1], covariance[2]);
    // E and I of Brunel are alike; then the mean is in between (Tetzlaff et al. 2012, PLOS Comput Biol 8:e1002596).
    assert!((2.0 * pair[1] / (pair[0] + pair[3]) - 1.0).abs() < 1e-3 && pair[0] > pair[3], "{pair:?}");
    assert!(correlation.iter().all(|correlation| correlation.abs() < 0.1), "{correlation:?}");
    assert_ne!(floats(&ran.table("linear"), "covariance_hz"), covariance);
    let problem = refused("  pairs: {kind: meanfield.covariances, network: brunel, method: taylor}\n");
    assert!(problem.contains("variability"), "{problem}");
    let problem = refused("  rates: {kind: meanfield.working_point, network: hagen, method: taylor, cv: true}\n");
    assert!(problem.contains("cv"), "{problem}");
}

/// In mV, as the golden numbers have no unit.
fn binary(reference: &Value, thresholds: &[f64]) -> String {
    let of = |key: &str| -> Vec<Vec<f64>> { reference[key].as_array().unwrap().iter().map(numbers).collect() };
    let (weights, in_degrees) = (of("J"), of("K"));
    let mut text = "network: 1\nname: binary\npopulations:\n".to_owned();
    for (name, theta) in ["E", "I"].iter().zip(thresholds) {
        writeln!(text, "  {name}: {{size: 1000, model: binary, tau_m: 10 ms, theta: {theta} mV}}").unwrap();
    }
    text += "connections:\n";
    for (i, post) in ["E", "I"].iter().enumerate() {
        for (j, pre) in ["E", "I"].iter().enumerate() {
            let (weight, in_degree) = (weights[i][j], in_degrees[i][j]);
            writeln!(text, "  {pre}_to_{post}: {{pre: {pre}, post: {post}, rule: {{in_degree: {in_degree}}}, weight: {weight} mV, delay: 1 ms}}").unwrap();
        }
    }
    text
}

#[test]
fn activities_of_binary_units() {
    let reference = golden("binary/binary.json");
    let folder = tempfile::tempdir().unwrap();
    for case in reference["cases"].as_array().unwrap() {
        let thresholds = numbers(&case["theta"]);
        std::fs::write(folder.path().join("binary.yaml"), binary(&reference, &thresholds)).unwrap();
        let initial = numbers(&case["nu_0"])[0];
        let text = format!("  units: {{kind: meanfield.binary, network: binary.yaml, initial_activity: {initial}}}\n");
        let table = ran(&text, folder.path()).table("units");
        for (column, key, within) in [
            ("mean_activity", "mean_activity", 1e-6),
            ("mean_input_mV", "mean_input", 1e-5),
            ("sd_input_mV", "std_input", 1e-5),
        ] {
            for (found, due) in floats(&table, column).iter().zip(numbers(&case[key])) {
                assert!((found - due).abs() < within, "{column}: {found} is not {due}");
            }
        }
    }
    let sweep = "  parameters: {kind: parameters.list, rows: [{populations.E.theta: -1 mV}, {populations.E.theta: 1 mV}]}\n\
                 \x20 units: {kind: meanfield.binary, network: binary.yaml, inputs: {parameters: parameters}}\n";
    let active = floats(&ran(sweep, folder.path()).table("units"), "mean_activity");
    assert!(active[0] > active[2], "a lower threshold is passed more often: {active:?}");
    let refuse = |rest: &str| refused_in(&format!("  units: {{kind: meanfield.binary, {rest}}}\n"), folder.path());
    assert!(refuse("network: binary.yaml, initial_activity: 2").contains("from 0 to 1"));
    assert!(refuse("network: hagen").contains("binary"), "{}", refuse("network: hagen"));
}
