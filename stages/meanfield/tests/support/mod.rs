//! Reading of reference figures.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::path::{Path, PathBuf};

use lapicque_meanfield::network::{Delay, DelayDistribution, Drive, Parameters, Population};
use lapicque_meanfield::neuron::Neuron;
use nalgebra::DMatrix;
use num_complex::Complex64;
use serde_json::Value;

pub fn golden(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/meanfield")).join(name)
}

/// Whole reference runs, in the folder that `LAPICQUE_SHARED` names (default: `shared` beside the repository); none if they
/// are not there.
pub fn shared(name: &str) -> Option<PathBuf> {
    let default = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let folder = std::env::var_os("LAPICQUE_SHARED").map_or_else(default, PathBuf::from);
    let path = folder.join("fixtures/meanfield").join(name);
    if !path.exists() {
        eprintln!("skipped: fixtures/meanfield/{name} is not in LAPICQUE_SHARED");
        return None;
    }
    Some(path)
}

pub fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// Columns by name.
pub fn csv(path: &Path) -> Vec<std::collections::HashMap<String, f64>> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = text.lines();
    let names: Vec<String> = lines.next().unwrap().split(',').map(str::to_owned).collect();
    let row = |line: &str| names.iter().cloned().zip(line.split(',').map(|x| x.parse().unwrap_or(f64::NAN))).collect();
    lines.map(row).collect()
}

/// Values of a little-endian file of doubles, row by row.
pub fn npy(path: &Path) -> Vec<f64> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let text = std::str::from_utf8(&bytes[10..10 + header]).unwrap();
    assert!(text.contains("'<f8'") && text.contains("'fortran_order': False"), "{text}");
    bytes[10 + header..].chunks_exact(8).map(|value| f64::from_le_bytes(value.try_into().unwrap())).collect()
}

pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// All numbers of nested lists, in order.
pub fn flat(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(values) => values.iter().flat_map(flat).collect(),
        value => vec![value.as_f64().unwrap()],
    }
}

pub fn matrix(value: &Value) -> DMatrix<f64> {
    let rows = value.as_array().unwrap();
    DMatrix::from_row_slice(rows.len(), rows[0].as_array().unwrap().len(), &flat(value))
}

/// Pairs of real and imaginary part.
pub fn complex(values: &[f64]) -> Vec<Complex64> {
    values.chunks_exact(2).map(|pair| Complex64::new(pair[0], pair[1])).collect()
}

pub fn close(found: f64, expected: f64, relative: f64, absolute: f64, what: &str) {
    let allowed = absolute + relative * expected.abs();
    assert!(
        (found - expected).abs() <= allowed,
        "{what}: {found} is not {expected} (allowed: {allowed:e}, off by {:e})",
        (found - expected).abs()
    );
}

/// Largest difference, by the largest expected value.
pub fn close_matrix(found: &DMatrix<Complex64>, expected: &DMatrix<Complex64>, tolerance: f64, what: &str) {
    let largest = expected.iter().map(|x| x.norm()).fold(0.0, f64::max);
    let off = found.iter().zip(expected).map(|(a, b)| (a - b).norm()).fold(0.0, f64::max) / largest;
    assert!(off <= tolerance, "{what}: off by {off:e} of the largest value, allowed are {tolerance:e}");
}

/// The microcircuit from its derived parameters in SI units; `names` of its populations.
pub fn microcircuit(derived: &Value, names: &Value) -> Parameters {
    let number = |key: &str| derived[key].as_f64().unwrap();
    let neuron = Neuron {
        membrane_time_constant_s: number("tau_m"),
        synaptic_time_constant_s: number("tau_s"),
        refractory_period_s: number("tau_r"),
        threshold_v: number("V_th_rel"),
        reset_v: number("V_0_rel"),
    };
    let (sizes, in_degrees, weights) = (numbers(&derived["N"]), numbers(&derived["K_ext"]), numbers(&derived["J_ext"]));
    let population = |(i, name): (usize, &Value)| Population {
        name: name.as_str().unwrap().to_owned(),
        size: sizes[i] as u64,
        neuron,
        constant_input_v: 0.0,
        drives: vec![Drive {
            in_degree: in_degrees[i],
            rate_hz: number("nu_ext"),
            weight_v: weights[i],
            weight_sd_v: 0.0,
        }],
    };
    let populations: Vec<Population> = names.as_array().unwrap().iter().enumerate().map(population).collect();
    let by_source = |key: &str| match derived.get(format!("{key}_by_source")) {
        Some(values) => numbers(values),
        None => numbers(&derived[key][0]),
    };
    let (mean, sd) = (by_source("Delay"), by_source("Delay_sd"));
    let distribution = delay_distribution(derived["delay_dist"].as_str().unwrap());
    let mut parameters = Parameters::unconnected(populations);
    parameters.in_degree = matrix(&derived["K"]);
    parameters.weight_v = matrix(&derived["J"]);
    parameters.delay = DMatrix::from_fn(8, 8, |_, j| Delay { mean_s: mean[j], sd_s: sd[j], distribution });
    parameters
}

pub fn delay_distribution(name: &str) -> DelayDistribution {
    match name {
        "none" => DelayDistribution::Constant,
        "gaussian" => DelayDistribution::Gaussian,
        "truncated_gaussian" => DelayDistribution::TruncatedGaussian { min_s: 0.0, max_s: f64::INFINITY },
        "lognormal" => DelayDistribution::Lognormal,
        other => panic!("{other}"),
    }
}

/// E and I neurons alike (Brunel 2000, model A), as one population with two kinds of input.
pub fn brunel(reference: &Value, g: f64, rate_hz: f64) -> Parameters {
    let number = |key: &str| reference[key].as_f64().unwrap();
    let neuron = Neuron {
        membrane_time_constant_s: number("tau_m_s"),
        synaptic_time_constant_s: 0.0,
        refractory_period_s: number("tau_r_s"),
        threshold_v: number("V_th_rel_V"),
        reset_v: number("V_0_rel_V"),
    };
    let weight = number("J_V");
    let drive = Drive { in_degree: number("K_ext"), rate_hz, weight_v: weight, weight_sd_v: 0.0 };
    let population = |name: &str, size| Population {
        name: name.to_owned(),
        size,
        neuron,
        constant_input_v: 0.0,
        drives: vec![drive],
    };
    let mut parameters = Parameters::unconnected(vec![population("E", 10_000), population("I", 2500)]);
    for i in 0..2 {
        (parameters.in_degree[(i, 0)], parameters.weight_v[(i, 0)]) = (number("C_E"), weight);
        (parameters.in_degree[(i, 1)], parameters.weight_v[(i, 1)]) = (number("C_I"), -g * weight);
    }
    parameters
}

/// Two populations of Sanzeni, Histed & Brunel (2020); potentials in mV.
pub fn sanzeni(network: &Value, rate_hz: f64) -> Parameters {
    let number = |key: &str| network[key].as_f64().unwrap();
    let neuron = Neuron {
        membrane_time_constant_s: number("tau_m"),
        synaptic_time_constant_s: 0.0,
        refractory_period_s: number("tau_r"),
        threshold_v: 1e-3 * number("V_th_rel"),
        reset_v: 1e-3 * number("V_0_rel"),
    };
    let (weights, in_degrees) = (numbers(&network["J_ext"]), numbers(&network["K_ext"]));
    let population = |i: usize| Population {
        name: ["E", "I"][i].to_owned(),
        size: 1000,
        neuron,
        constant_input_v: 0.0,
        drives: vec![Drive { in_degree: in_degrees[i], rate_hz, weight_v: 1e-3 * weights[i], weight_sd_v: 0.0 }],
    };
    let mut parameters = Parameters::unconnected(vec![population(0), population(1)]);
    parameters.in_degree = matrix(&network["K"]);
    parameters.weight_v = matrix(&network["J"]) * 1e-3;
    parameters
}
