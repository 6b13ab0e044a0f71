//! The networks that are shipped, from their files to working points, spectra and patterns.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::f64::consts::TAU;

use lapicque_meanfield::network::{
    Delay, DelayDistribution, Parameters, Search, effective_connectivity, fit_low_pass, low_pass_weights, modes,
    power_spectra, transfer_function_matrix, working_point,
};
use lapicque_meanfield::neuron::{Refractory, Synapses, TransferOptions};
use lapicque_meanfield::spatial::{effective_profile, eigenvalues_of_branches, fastest_growing, profiles};
use lapicque_network::{Network, NetworkFile, shipped};
use nalgebra::DMatrix;
use num_complex::Complex64;
use support::{close, complex, csv, flat, golden, json, microcircuit, numbers};

/// With values for some of the parameters that the file offers.
fn network(name: &str, values: &[(&str, f64)]) -> Network {
    NetworkFile::parse(shipped(name).unwrap(), name).unwrap().with(values).unwrap()
}

fn rates(parameters: &Parameters, synapses: Synapses) -> Vec<f64> {
    let found = working_point(parameters, synapses, &Search::default()).unwrap();
    assert!(found.is_stable() && found.residual_hz < 1e-9, "{found:?}");
    found.rates_hz
}

#[test]
fn microcircuits_have_the_rates_of_the_reference() {
    for (file, name) in [("potjans_diesmann", "pd14"), ("bos2016", "bos2016")] {
        let reference = json(&golden(&format!("microcircuit/{name}.json")));
        let found = Parameters::from_network(&network(file, &[])).unwrap();
        let expected = microcircuit(&reference["parameters"], &reference["parameters"]["populations"]);
        for at in (0..8).flat_map(|i| (0..8).map(move |j| (i, j))) {
            close(found.in_degree[at], expected.in_degree[at], 1e-14, 0.0, file);
            // The file leaves out pairs without synapses.
            if expected.in_degree[at] > 0.0 {
                close(found.weight_v[at], expected.weight_v[at], 1e-14, 0.0, file);
            }
        }
        // Distributions without spread are constants.
        assert!(found.weight_sd_v.iter().all(|&sd| sd == 0.0));
        for (method, synapses) in [("shift", Synapses::Shift), ("taylor", Synapses::Taylor)] {
            let expected = numbers(&reference["working_point"][method]["firing_rates_refined"]);
            for (found, expected) in rates(&found, synapses).iter().zip(expected) {
                close(*found, expected, 1e-11, 0.0, file);
            }
        }
    }
}

#[test]
fn delays_without_spread_are_constant_and_those_with_it_are_not() {
    let delay = |file: &str, values: &[(&str, f64)]| {
        let parameters = Parameters::from_network(&network(file, values)).unwrap();
        [parameters.delay[(0, 0)], parameters.delay[(0, 1)]]
    };
    assert_eq!(delay("potjans_diesmann", &[]), [Delay::constant(1.5e-3), Delay::constant(0.75e-3)]);
    assert_eq!(delay("bos2016", &[("d_sd", 0.0)]), [Delay::constant(1.5e-3), Delay::constant(0.75e-3)]);
    for found in delay("bos2016", &[]) {
        assert_eq!(found.sd_s, found.mean_s);
        let DelayDistribution::TruncatedGaussian { min_s, max_s } = found.distribution else {
            panic!("{found:?}");
        };
        // From 0 on.
        assert!((0.0..1e-15).contains(&min_s) && max_s == f64::INFINITY, "{found:?}");
    }
}

/// From the file of Bos et al. to spectra and eigenvalues.
#[test]
fn the_microcircuit_of_bos_oscillates_as_the_reference_does() {
    let reference = json(&golden("microcircuit/bos2016.json"));
    let omegas: Vec<f64> = flat(&reference["frequencies_hz"]).iter().map(|frequency| TAU * frequency).collect();
    let parameters = Parameters::from_network(&network("bos2016", &[])).unwrap();
    let point = working_point(&parameters, Synapses::Shift, &Search::default()).unwrap();
    let options = TransferOptions { synapses: Synapses::Shift, refractory: Refractory::Nnmt, synaptic_filter: true };
    let transfer = transfer_function_matrix(&parameters, &point.input, &omegas, options).unwrap();
    let w = effective_connectivity(&parameters, &omegas, &transfer).unwrap();
    let power = power_spectra(&parameters, &point.rates_hz, &w).unwrap();
    let expected = flat(&reference["power_spectra_shift"]);
    assert_eq!(power.len() * 8, expected.len());
    for (found, expected) in power.iter().flat_map(|power| power.iter()).zip(expected) {
        close(*found, expected, 1e-9, 0.0, "power");
    }
    let expected = complex(&flat(&reference["eigenvalues"]));
    for (eigen, expected) in modes(&w).unwrap().at.iter().zip(expected.chunks_exact(8)) {
        let sum = |values: &[Complex64]| values.iter().sum::<Complex64>();
        assert!((sum(&eigen.values) - sum(expected)).norm() < 1e-9);
    }
}

#[test]
fn the_network_of_brunel_over_its_plane() {
    for row in csv(&golden("brunel/rates.csv")) {
        let values = [("g", row["g"]), ("nu_ext", row["nu_ext_hz"])];
        let parameters = Parameters::from_network(&network("brunel", &values)).unwrap();
        for rate in rates(&parameters, Synapses::Delta) {
            close(rate, row["rate_hz"], 1e-7, 1e-6, &format!("{values:?}"));
        }
    }
}

/// Mean and fluctuations of 10 mV, and the waves that grow there.
#[test]
fn the_network_of_senk_makes_waves() {
    let reference = json(&golden("spatial/stability.json"));
    let network = network("senk2020", &[]);
    let parameters = Parameters::from_network(&network).unwrap();
    let point = working_point(&parameters, Synapses::Shift, &Search::default()).unwrap();
    for (input, rate) in point.input.iter().zip(&point.rates_hz) {
        close(input.mean_v, 10e-3, 1e-11, 0.0, "mean");
        close(input.sd_v, 10e-3, 1e-11, 0.0, "sd");
        close(*rate, reference["firing_rates_hz"][0].as_f64().unwrap(), 1e-11, 0.0, "rate");
    }
    let omegas: Vec<f64> = numbers(&reference["frequencies_hz"]).iter().map(|f| TAU * f).collect();
    let options = TransferOptions { synapses: Synapses::Shift, refractory: Refractory::Nnmt, synaptic_filter: true };
    let transfer: DMatrix<Complex64> = transfer_function_matrix(&parameters, &point.input, &omegas, options).unwrap();
    let filters: Vec<_> = transfer
        .row_iter()
        .map(|row| fit_low_pass(&omegas, &row.iter().copied().collect::<Vec<_>>()).unwrap())
        .collect();
    let wavenumbers: Vec<f64> = (2..=200).map(|k| 500.0 * f64::from(k)).collect();
    let weights = low_pass_weights(&parameters, &filters).unwrap();
    let xi = effective_profile(&weights, &profiles(&network).unwrap(), &wavenumbers).unwrap();
    let delay_s = parameters.delay[(0, 0)].mean_s;
    let found = eigenvalues_of_branches(-3..=3, filters[0].time_constant_s, delay_s, &xi).unwrap();
    let (branch, column) = fastest_growing(&found).unwrap();
    // 19 waves (by 2 pi) in a millimetre; the reference is fitted to 1e-8.
    assert_eq!((branch, wavenumbers[column]), (3, reference["k_eig_max_per_m"].as_f64().unwrap()));
    let expected = &reference["eigenval_max_per_s"];
    close(found[(branch, column)].re, expected["re"].as_f64().unwrap(), 1e-5, 0.0, "growth");
    close(found[(branch, column)].im, expected["im"].as_f64().unwrap(), 1e-7, 0.0, "frequency");
}
