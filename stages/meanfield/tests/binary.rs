//! Binary networks, against NNMT 1.3.0 (whose function of one population works), and against exact cases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use lapicque_meanfield::binary::{
    BinaryDrive, BinaryParameters, BinaryPopulation, balanced_thresholds, binary_input, binary_working_point,
};
use nalgebra::DMatrix;
use support::{close, golden, json, matrix, numbers};

fn parameters(in_degree: DMatrix<f64>, weight_v: DMatrix<f64>, thresholds: &[f64]) -> BinaryParameters {
    let population = |(i, &threshold_v): (usize, &f64)| BinaryPopulation {
        name: ["E", "I"][i].to_owned(),
        threshold_v,
        drives: Vec::new(),
    };
    let weight_sd_v = DMatrix::zeros(weight_v.nrows(), weight_v.ncols());
    let populations = thresholds.iter().enumerate().map(population).collect();
    BinaryParameters { populations, in_degree, weight_v, weight_sd_v }
}

/// The peer stops at a residual of 1e-7.
#[test]
fn activities_of_two_populations() {
    let reference = json(&golden("binary/binary.json"));
    for case in reference["cases"].as_array().unwrap() {
        let thresholds = numbers(&case["theta"]);
        let mut network = parameters(matrix(&reference["K"]), matrix(&reference["J"]), &thresholds);
        let balanced = balanced_thresholds(&network, &numbers(&case["m_exp"])).unwrap();
        for (found, expected) in balanced.iter().zip(&thresholds) {
            close(*found, *expected, 1e-14, 0.0, "theta");
        }
        let found = binary_working_point(&network, Some(&numbers(&case["nu_0"]))).unwrap();
        assert!(found.residual < 1e-14 && found.growth < 1.0, "{found:?}");
        for i in 0..2 {
            close(found.mean_activity[i], case["mean_activity"][i].as_f64().unwrap(), 0.0, 1e-6, "activity");
            close(found.input[i].mean_v, case["mean_input"][i].as_f64().unwrap(), 0.0, 1e-5, "mean");
            close(found.input[i].sd_v, case["std_input"][i].as_f64().unwrap(), 0.0, 1e-5, "sd");
        }
        // The same input from outside.
        let outside = |i: usize| -> Vec<BinaryDrive> {
            let drive = |j: usize| BinaryDrive {
                in_degree: network.in_degree[(i, j)],
                mean_activity: found.mean_activity[j],
                weight_v: network.weight_v[(i, j)],
                weight_sd_v: 0.0,
            };
            (0..2).map(drive).collect()
        };
        let drives = [outside(0), outside(1)];
        network.populations.iter_mut().zip(drives).for_each(|(population, drives)| population.drives = drives);
        network.in_degree.fill(0.0);
        let driven = binary_working_point(&network, None).unwrap();
        for i in 0..2 {
            close(driven.mean_activity[i], found.mean_activity[i], 1e-12, 0.0, "driven");
        }
    }
}

#[test]
fn without_noise_a_unit_is_a_step() {
    let one = |in_degree: f64, weight: f64, threshold: f64| {
        let of = |x| DMatrix::from_element(1, 1, x);
        binary_working_point(&parameters(of(in_degree), of(weight), &[threshold]), None).unwrap().mean_activity[0]
    };
    assert_eq!(one(0.0, 1.0, -1.0), 1.0);
    assert_eq!(one(0.0, 1.0, 1.0), 0.0);
    assert_eq!(one(0.0, 1.0, 0.0), 0.5);
    // It keeps itself on.
    assert!(one(1000.0, 1.0, -1.0) > 0.999_999);
}

#[test]
fn what_is_not_a_network_is_refused() {
    let good = || parameters(DMatrix::from_element(2, 2, 10.0), DMatrix::from_element(2, 2, 1.0), &[1.0, 1.0]);
    let message = |change: fn(&mut BinaryParameters)| {
        let mut network = good();
        change(&mut network);
        binary_working_point(&network, None).unwrap_err().to_string()
    };
    assert_eq!(message(|n| n.in_degree[(1, 0)] = -1.0), "`in_degree[I, E]` = -1: it must be 0 or above, and finite");
    assert_eq!(message(|n| n.weight_v[(0, 1)] = f64::NAN), "`weight_v[E, I]` = NaN: it must be a finite number");
    assert_eq!(message(|n| n.populations.clear()), "there is no population");
    let shape = message(|n| n.weight_sd_v = DMatrix::zeros(1, 2));
    assert_eq!(shape, "`weight_sd_v` is 1 x 2: it must be 2 x 2, targets x sources");
    let infinite = message(|n| n.populations[1].threshold_v = f64::INFINITY);
    assert_eq!(infinite, "`I.threshold_v` = inf: it must be a finite number");
    assert!(binary_input(&good(), &[0.5, 1.5]).is_err());
    assert!(binary_input(&good(), &[0.5]).is_err());
    assert!(binary_working_point(&good(), Some(&[f64::NAN, 0.0])).is_err());
}
