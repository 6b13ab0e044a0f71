//! Covariances of pairs of neurons in a random network of 40, against NNMT 1.3.0.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use lapicque_meanfield::network::{
    Delay, Drive, LinearError, Order, Parameters, Population, Search, covariances, cross_spectra,
    effective_connectivity, effective_weights, population_covariances, spectral_bound, transfer_function_matrix,
    working_point,
};
use lapicque_meanfield::neuron::{Input, Neuron, Refractory, Synapses, TransferOptions, coefficient_of_variation};
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

/// Two populations with a drive; of the neurons and drives of the golden network.
fn populations(reference: &Value, sizes: [u64; 2]) -> Parameters {
    let mut parameters = network(reference);
    parameters.populations.truncate(2);
    parameters.populations.iter_mut().zip(sizes).for_each(|(population, size)| population.size = size);
    parameters.in_degree = DMatrix::from_row_slice(2, 2, &[80.0, 20.0, 80.0, 20.0]);
    parameters.weight_v = DMatrix::from_fn(2, 2, |_, j| [1e-4, -4e-4][j]);
    parameters.weight_sd_v = DMatrix::zeros(2, 2);
    parameters.delay = DMatrix::from_element(2, 2, Delay::constant(1.5e-3));
    parameters
}

#[test]
fn mean_activities_covary_as_their_spectrum_at_zero_says() {
    let parameters = populations(&json(&golden("pairs/network.json")), [800, 200]);
    let point = working_point(&parameters, Synapses::Shift, &Search::default()).unwrap();
    let weights = effective_weights(&parameters, &point.input, Synapses::Shift, Order::Linear).unwrap();
    // Linear response knows the mean of the input alone, and spikes as of a Poisson process.
    let found = population_covariances(&parameters, &weights, &point.rates_hz, &[1.0; 2]).unwrap();
    let options =
        TransferOptions { synapses: Synapses::Shift, refractory: Refractory::Corrected, synaptic_filter: true };
    let transfer = transfer_function_matrix(&parameters, &point.input, &[0.0], options).unwrap();
    let effective = effective_connectivity(&parameters, &[0.0], &transfer).unwrap();
    let spectra = cross_spectra(&parameters, &point.rates_hz, &effective).unwrap();
    assert!(found[(0, 1)].abs() > 1e-4, "{found}");
    close_matrix(&found.map(Complex64::from), &spectra[0], 1e-9, "covariances");
}

#[test]
fn populations_covary_as_their_neurons_do_in_the_mean() {
    for n in [100, 400] {
        let size = n as f64;
        let weights = DMatrix::from_element(n, n, -2.0 / size);
        let neurons = covariances(&weights, &vec![10.0; n], &vec![0.8; n]).unwrap();
        let mean = neurons.covariances_hz.mean();
        let mut parameters = populations(&json(&golden("pairs/network.json")), [n as u64, 1]);
        parameters.in_degree = DMatrix::from_row_slice(2, 2, &[size, 0.0, 0.0, 0.0]);
        let weights = DMatrix::from_row_slice(2, 2, &[-2.0 / size, 0.0, 0.0, 0.0]);
        let found = population_covariances(&parameters, &weights, &[10.0; 2], &[0.8; 2]).unwrap();
        // To the first order in 1/N.
        close(found[(0, 0)], mean, 2.0 / size, 0.0, "covariance");
    }
}
