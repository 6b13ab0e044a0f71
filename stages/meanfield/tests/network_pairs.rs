//! Covariances of pairs of neurons in a random network of 40, against NNMT 1.3.0.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use lapicque_meanfield::network::{
    Drive, LinearError, Order, Parameters, Population, Search, covariances, effective_weights, spectral_bound,
    working_point,
};
use lapicque_meanfield::neuron::{Input, Neuron, Synapses, coefficient_of_variation};
use nalgebra::DMatrix;
use num_complex::Complex64;
use serde_json::Value;
use support::{close, close_matrix, golden, json, matrix, numbers};

fn network(reference: &Value) -> Parameters {
    let number = |key: &str| reference[key].as_f64().unwrap();
    let neuron = Neuron {
        membrane_time_constant_s: number("tau_m"),
        synaptic_time_constant_s: number("tau_s"),
        refractory_period_s: number("tau_r"),
        threshold_v: number("V_th_rel"),
        reset_v: number("V_0_rel"),
    };
    let [rates, weights, in_degrees] = ["nu_ext", "J_ext", "K_ext"].map(|key| numbers(&reference[key]));
    let drive =
        |j: usize| Drive { in_degree: in_degrees[j], rate_hz: rates[j], weight_v: weights[j], weight_sd_v: 0.0 };
    let weight_v = matrix(&reference["J"]);
    let population = |i| Population {
        name: format!("neuron {i}"),
        size: 1,
        neuron,
        constant_input_v: 0.0,
        drives: (0..2).map(drive).collect(),
    };
    let mut parameters = Parameters::unconnected((0..weight_v.nrows()).map(population).collect());
    parameters.in_degree = weight_v.map(|weight| f64::from(u8::from(weight != 0.0)));
    parameters.weight_v = weight_v;
    parameters
}

fn rows(matrix: &DMatrix<f64>) -> DMatrix<Complex64> {
    matrix.select_rows(&(0..matrix.nrows()).step_by(4).collect::<Vec<_>>()).map(Complex64::from)
}

#[test]
fn forty_neurons() {
    let reference = json(&golden("pairs/network.json"));
    let parameters = network(&reference);
    let found = working_point(&parameters, Synapses::Shift, &Search::default()).unwrap();
    let [rates, mean, sd, cv] = ["rates", "mu", "sigma", "cvs"].map(|key| numbers(&reference[key]));
    for i in 0..rates.len() {
        close(found.rates_hz[i], rates[i], 1e-8, 0.0, "rate");
        close(found.input[i].mean_v, mean[i], 1e-8, 0.0, "mean");
        close(found.input[i].sd_v, sd[i], 1e-8, 0.0, "sd");
    }
    let inputs: Vec<Input> = mean.iter().zip(&sd).map(|(&mean_v, &sd_v)| Input { mean_v, sd_v }).collect();
    for (input, expected) in inputs.iter().zip(&cv) {
        // The peer's nested quadrature stops at 1e-8.
        let found = coefficient_of_variation(&parameters.populations[0].neuron, *input, Synapses::Shift).unwrap();
        close(found, *expected, 1e-7, 0.0, "coefficient of variation");
    }
    let weights = effective_weights(&parameters, &inputs, Synapses::Shift, Order::Quadratic).unwrap();
    let expected = matrix(&reference["J_eff_every4"]).map(Complex64::from);
    close_matrix(&rows(&weights), &expected, 1e-10, "effective weights");
    close(spectral_bound(&weights).unwrap(), reference["spectral_bound"].as_f64().unwrap(), 1e-10, 0.0, "bound");
    let found = covariances(&weights, &rates, &cv).unwrap();
    for (found, expected) in found.noise_hz.iter().zip(numbers(&reference["noise_strength_D"])) {
        close(*found, expected, 1e-10, 0.0, "noise");
    }
    let expected = matrix(&reference["C_every4"]).map(Complex64::from);
    close_matrix(&rows(&found.covariances_hz), &expected, 1e-10, "covariances");
    // The definition of D: variances are those of the neurons.
    for i in 0..rates.len() {
        close(found.covariances_hz[(i, i)], cv[i] * cv[i] * rates[i], 1e-12, 0.0, "variance");
    }
}

#[test]
fn what_has_no_covariance_is_refused() {
    let two = DMatrix::from_element(2, 2, 0.6);
    assert!(
        matches!(covariances(&two, &[1.0; 2], &[1.0; 2]).unwrap_err(), LinearError::Unstable { bound } if (bound - 1.2).abs() < 1e-12)
    );
    let none = DMatrix::zeros(2, 2);
    assert_eq!(covariances(&none, &[3.0, 0.0], &[0.5, 1.0]).unwrap().covariances_hz[(0, 0)], 0.75);
    for (rates, cv) in [([-1.0, 1.0], [1.0; 2]), ([1.0; 2], [f64::NAN, 1.0])] {
        assert!(covariances(&none, &rates, &cv).is_err());
    }
    assert!(covariances(&none, &[1.0], &[1.0; 2]).is_err());
    assert!(spectral_bound(&DMatrix::from_element(2, 2, f64::INFINITY)).is_err());
}
