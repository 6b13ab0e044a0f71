//! The spatial network of Senk et al. (2020), against NNMT 1.3.0.
//!
//! Wavenumbers are thinned in tests/golden/meanfield/spatial; all of them lie in the folder named by `LAPICQUE_SHARED`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::f64::consts::TAU;
use std::path::Path;

use lapicque_meanfield::network::{
    Delay, Drive, LowPass, Order, Parameters, Population, effective_weights, external_rates, fit_low_pass,
    low_pass_weights, scan_low_pass,
};
use lapicque_meanfield::neuron::{Input, Neuron, Refractory, Synapses, TransferOptions};
use lapicque_meanfield::spatial::{
    CharacteristicError, Field, InterpolationError, Profile, effective_profile, eigenvalue, eigenvalues_of_branches,
    extremes, fastest_growing, follow,
};
use nalgebra::DMatrix;
use num_complex::Complex64;
use support::{close, complex, csv, flat, golden, json, matrix, numbers, shared};

const OPTIONS: TransferOptions =
    TransferOptions { synapses: Synapses::Shift, refractory: Refractory::Nnmt, synaptic_filter: true };

fn parameters() -> Parameters {
    let neuron = Neuron {
        membrane_time_constant_s: 5e-3,
        synaptic_time_constant_s: 0.5e-3,
        refractory_period_s: 0.0,
        threshold_v: 15e-3,
        reset_v: 0.0,
    };
    // tau_s/C times 87.8 pA and -439 pA.
    let weights = [0.5e-3 / 250e-12 * 87.8e-12, 0.5e-3 / 250e-12 * -439e-12];
    let drive = |weight_v| Drive { in_degree: 1.0, rate_hz: 0.0, weight_v, weight_sd_v: 0.0 };
    let population = |name: &str, size| Population {
        name: name.to_owned(),
        size,
        neuron,
        constant_input_v: 0.0,
        drives: weights.map(drive).to_vec(),
    };
    let mut parameters = Parameters::unconnected(vec![population("E", 4000), population("I", 1000)]);
    parameters.in_degree = DMatrix::from_fn(2, 2, |_, j| [400.0, 100.0][j]);
    parameters.weight_v = DMatrix::from_fn(2, 2, |_, j| weights[j]);
    parameters.delay = DMatrix::from_element(2, 2, Delay::constant(1.5e-3));
    parameters
}

fn profiles() -> DMatrix<Profile> {
    DMatrix::from_fn(2, 2, |_, j| Profile::Boxcar { half_width_m: [0.2e-3, 0.07e-3][j] })
}

fn fitted() -> LowPass {
    let reference = json(&golden("spatial/stability.json"));
    let omegas: Vec<f64> = numbers(&reference["frequencies_hz"]).iter().map(|f| TAU * f).collect();
    fit_low_pass(&omegas, &complex(&flat(&reference["transfer_function_10mV"]))).unwrap()
}

/// The peer's fit stops at relative changes of 1e-8.
#[test]
fn a_low_pass_filter_in_place_of_the_transfer_function() {
    let reference = json(&golden("spatial/stability.json"));
    let filter = fitted();
    close(filter.time_constant_s, reference["tau_rate_s"][0].as_f64().unwrap(), 1e-7, 0.0, "tau");
    close(filter.relative_error(), reference["fit_error"][0].as_f64().unwrap(), 1e-5, 0.0, "error");
    let omegas: Vec<f64> = numbers(&reference["frequencies_hz"]).iter().map(|f| TAU * f).collect();
    let mut points: Vec<(f64, Complex64)> =
        omegas.into_iter().zip(complex(&flat(&reference["transfer_function_10mV"]))).collect();
    points.reverse();
    let (omegas, transfer): (Vec<f64>, Vec<Complex64>) = points.into_iter().unzip();
    let reversed = fit_low_pass(&omegas, &transfer).unwrap();
    close(reversed.gain_hz_per_v, filter.gain_hz_per_v, 1e-9, 0.0, "gain in any order");
    close(reversed.time_constant_s, filter.time_constant_s, 1e-9, 0.0, "tau in any order");
    let weights = low_pass_weights(&parameters(), &[filter; 2]).unwrap();
    for (found, expected) in weights.iter().zip(&matrix(&reference["W_rate"])) {
        close(*found, *expected, 1e-7, 0.0, "W_rate");
    }
    let frequencies = numbers(&reference["frequencies_hz"]);
    let curve = complex(&flat(&reference["transfer_function_fit_10mV"]));
    for (frequency, expected) in frequencies.iter().step_by(20).zip(curve) {
        let found = filter.transfer_function(Complex64::from(TAU * frequency));
        assert!((found - expected).norm() < 1e-7 * expected.norm(), "{frequency} Hz: {found} {expected}");
    }
}

#[test]
fn external_rates_and_fits_over_working_points() {
    let reference = json(&golden("spatial/stability.json"));
    let omegas: Vec<f64> = numbers(&reference["frequencies_hz"]).iter().map(|f| TAU * f).collect();
    let parameters = parameters();
    let rows = csv(&golden("spatial/working_point_scan_fit.csv"));
    assert!(rows.len() >= 16);
    let inputs: Vec<Input> = rows.iter().map(|row| Input { mean_v: row["mu_V"], sd_v: row["sigma_V"] }).collect();
    let filters = scan_low_pass(&parameters.populations[0].neuron, &inputs, &omegas, OPTIONS);
    for ((row, &input), filter) in rows.iter().zip(&inputs).zip(filters) {
        let what = format!("{input:?}");
        let found = external_rates(&parameters, &[input; 2], Synapses::Shift, |_, _| true).unwrap();
        for population in 0..2 {
            close(found.rates_hz[population], row["rate_hz"], 1e-10, 0.0, &what);
            close(found.drives_hz[population][0], row["nu_ext_exc_hz"], 1e-10, 0.0, &what);
            close(found.drives_hz[population][1], row["nu_ext_inh_hz"], 1e-10, 0.0, &what);
            close(found.input[population].mean_v, input.mean_v, 1e-12, 0.0, &what);
            close(found.input[population].sd_v, input.sd_v, 1e-12, 0.0, &what);
        }
        let filter = filter.unwrap();
        close(filter.time_constant_s, row["tau_rate_s"], 1e-6, 0.0, &what);
        close(filter.gain_hz_per_v, row["h0_hz_per_V"], 1e-6, 0.0, &what);
        close(filter.relative_error(), row["fit_error_rel_combined"], 1e-5, 0.0, &what);
        let weights = low_pass_weights(&parameters, &[filter; 2]).unwrap();
        close(weights[(0, 0)], row["W_rate_EE"], 1e-6, 0.0, &what);
        close(weights[(0, 1)], row["W_rate_EI"], 1e-6, 0.0, &what);
    }
}

#[test]
fn effective_weights_of_single_synapses() {
    let reference = json(&golden("spatial/stability.json"));
    let inputs = [Input { mean_v: 0.01, sd_v: 0.01 }; 2];
    for (order, key) in [
        (Order::Linear, "effective_coupling_strength_linear"),
        (Order::Quadratic, "derivative_wrt_input_rate_linear_plus_quadratic"),
    ] {
        let found = effective_weights(&parameters(), &inputs, Synapses::Shift, order).unwrap();
        for (found, expected) in found.iter().zip(&matrix(&reference[key])) {
            close(*found, *expected, 1e-11, 0.0, key);
        }
    }
}

/// From the weights and the time constant that the peer fitted.
fn pattern(folder: &Path) {
    let reference = json(&golden("spatial/stability.json"));
    let number = |key: &str| reference[key].as_f64().unwrap();
    let rows = csv(&folder.join("xi_of_k.csv"));
    let wavenumbers: Vec<f64> = rows.iter().map(|row| row["k_per_m"]).collect();
    let weights = matrix(&reference["W_rate"]);
    let xi = effective_profile(&weights, &profiles(), &wavenumbers).unwrap();
    for (found, row) in xi.iter().zip(&rows) {
        close(found.re, row["xi"], 0.0, 1e-13 * 3.0, "xi");
        assert_eq!(found.im, 0.0);
    }
    let ends = extremes(&xi).unwrap();
    close(ends.least, number("xi_min"), 1e-13, 0.0, "least");
    close(ends.greatest, number("xi_max"), 1e-13, 0.0, "greatest");
    close(wavenumbers[ends.least_at], number("k_min_per_m"), 1e-14, 0.0, "least at");
    close(wavenumbers[ends.greatest_at], number("k_max_per_m"), 1e-14, 0.0, "greatest at");

    let tau = reference["tau_rate_s"][0].as_f64().unwrap();
    let found = eigenvalues_of_branches(-3..=3, tau, 1.5e-3, &xi).unwrap();
    let mut columns = BTreeMap::new();
    for (column, wavenumber) in wavenumbers.iter().enumerate() {
        columns.insert(wavenumber.to_bits(), column);
    }
    for row in csv(&folder.join("eigenvalues_branches.csv")) {
        let column = columns[&row["k_per_m"].to_bits()];
        let expected = Complex64::new(row["lambda_re_per_s"], row["lambda_im_per_s"]);
        let found = found[((row["branch"] + 3.0) as usize, column)];
        // Near 0 on the branch -1 for xi > 0 the branches 0 and -1 of conjugates are told apart by a signed zero.
        assert!((found - expected).norm() < 1e-11 * expected.norm(), "{row:?}: {found}");
    }
    let (branch, column) = fastest_growing(&found).unwrap();
    assert_eq!((branch as i32 - 3, wavenumbers[column]), (0, number("k_eig_max_per_m")));
    let fastest = found[(branch, column)];
    close(fastest.re, reference["eigenval_max_per_s"]["re"].as_f64().unwrap(), 1e-10, 0.0, "growth");
    close(fastest.im, reference["eigenval_max_per_s"]["im"].as_f64().unwrap(), 1e-12, 0.0, "frequency");
    close(fastest.im / TAU, number("lambda_f_min_hz"), 1e-12, 0.0, "frequency in Hz");
    close(fastest.im / wavenumbers[column], number("speed_m_per_s"), 1e-12, 0.0, "speed");
}

#[test]
fn a_pattern_of_waves_grows() {
    pattern(&golden("spatial"));
}

#[test]
fn a_pattern_of_waves_grows_at_all_wavenumbers() {
    if let Some(folder) = shared("spatial_senk2020") {
        pattern(&folder);
    }
}

/// Roots of spiking neurons, from those of low-pass units: the peer's by continuation, at 1e-9.
#[test]
fn eigenvalues_of_spiking_neurons() {
    let filter = fitted();
    let field = Field {
        parameters: parameters(),
        inputs: vec![Input { mean_v: 0.01, sd_v: 0.01 }; 2],
        filters: vec![filter; 2],
        profiles: profiles(),
        options: OPTIONS,
    };
    let wavenumber = 19_000.0;
    let weights = low_pass_weights(&field.parameters, &field.filters).unwrap();
    let xi = effective_profile(&weights, &field.profiles, &[wavenumber]).unwrap()[0];
    let mixtures = [0.0, 0.25, 0.5, 0.75, 1.0];
    let rows = csv(&golden("spatial/alpha_interpolation.csv"));
    assert_eq!(rows.len(), 35);
    for rows in rows.chunks(5) {
        let branch = rows[0]["branch"] as i32;
        let from = eigenvalue(branch, filter.time_constant_s, 1.5e-3, xi).unwrap();
        let roots = follow(&field, wavenumber, from, &mixtures).unwrap();
        for (root, row) in roots.iter().zip(rows) {
            assert_eq!(root.mixture, row["alpha"]);
            let expected = Complex64::new(row["lambda_continuation_re"], row["lambda_continuation_im"]);
            // The peer's filter is fitted to 1e-8.
            assert!((root.eigenvalue - expected).norm() < 1e-7 * expected.norm(), "{row:?}: {root:?}");
            assert!(root.residual < 1e-10);
        }
    }
    let error = follow(&field, wavenumber, Complex64::ONE, &[0.5, 0.25]).unwrap_err();
    assert!(matches!(error, InterpolationError::Mixtures { .. } | InterpolationError::Lost { .. }), "{error}");
    let mut distributed = field;
    distributed.parameters.delay[(1, 0)] =
        Delay { mean_s: 1e-3, sd_s: 1e-4, distribution: lapicque_meanfield::network::DelayDistribution::Gaussian };
    let error = follow(&distributed, wavenumber, Complex64::ONE, &mixtures).unwrap_err();
    assert_eq!(error, InterpolationError::Delay { target: "I".to_owned(), origin: "E".to_owned() });
}

/// Between 39/mm and 46/mm the root of the low-pass units runs into the pole at -1/tau.
#[test]
fn a_root_without_counterpart_is_lost() {
    let filter = fitted();
    let field = Field {
        parameters: parameters(),
        inputs: vec![Input { mean_v: 0.01, sd_v: 0.01 }; 2],
        filters: vec![filter; 2],
        profiles: profiles(),
        options: OPTIONS,
    };
    let weights = low_pass_weights(&field.parameters, &field.filters).unwrap();
    let follow_at = |wavenumber: f64, mixtures: &[f64]| {
        let xi = effective_profile(&weights, &field.profiles, &[wavenumber]).unwrap()[0];
        follow(&field, wavenumber, eigenvalue(0, filter.time_constant_s, 1.5e-3, xi).unwrap(), mixtures)
    };
    for wavenumber in [38_500.0, 46_500.0] {
        assert!(follow_at(wavenumber, &[1.0]).is_ok());
    }
    let near_the_end = follow_at(43_000.0, &[0.99]).unwrap()[0].eigenvalue;
    assert!((near_the_end.re * filter.time_constant_s + 1.0).abs() < 0.02, "{near_the_end}");
    assert!(matches!(follow_at(43_000.0, &[1.0]), Err(InterpolationError::Lost { .. })));
}

#[test]
fn profiles_over_wavenumbers() {
    let of = |profile: Profile| [0.0, 1e3, 1e4].map(|k| profile.factor(k));
    assert_eq!(of(Profile::Boxcar { half_width_m: 1e-3 }), [1.0, 1f64.sin(), 10f64.sin() / 10.0]);
    assert_eq!(of(Profile::Gaussian { sd_m: 1e-3 }), [1.0, (-0.5f64).exp(), (-50f64).exp()]);
    assert_eq!(of(Profile::Exponential { length_m: 1e-3 }), [1.0, 0.5, 1.0 / 101.0]);
    // Integrals of the densities, by the midpoint rule.
    let density = |x: f64| 0.5 * (-x.abs()).exp();
    let n = 400_000;
    let integral: f64 =
        (0..n).map(|i| -40.0 + 80.0 * (f64::from(i) + 0.5) / f64::from(n)).map(|x| density(x) * (2.0 * x).cos()).sum();
    let found = Profile::Exponential { length_m: 1.0 }.factor(2.0);
    close(found, integral * 80.0 / f64::from(n), 1e-7, 0.0, "exponential");
    let negative = DMatrix::from_element(1, 1, Profile::Gaussian { sd_m: -1.0 });
    assert!(effective_profile(&DMatrix::from_element(1, 1, 1.0), &negative, &[1.0]).is_err());
    assert_eq!(extremes(&[]), None);
}

#[test]
fn the_characteristic_equation_is_solved_on_every_branch() {
    let solves = |lambda: Complex64, tau: f64, delay: f64, xi: Complex64| {
        // In logarithms, as the exponential may overflow.
        let left = (1.0 + lambda * tau).ln() + lambda * delay - xi.ln();
        let turns = left.im / TAU;
        assert!(left.re.abs() < 1e-9 && (turns - turns.round()).abs() < 1e-9, "{lambda}: {left}");
    };
    for xi in [Complex64::from(2.0), Complex64::from(-2.9), Complex64::new(0.3, 0.8)] {
        for branch in -4..=4 {
            for (tau, delay) in [(2e-3, 1.5e-3), (1e-6, 1.5e-3), (2e-3, 1e-6)] {
                solves(eigenvalue(branch, tau, delay, xi).unwrap(), tau, delay, xi);
            }
        }
    }
    // Without delay there is one eigenvalue.
    assert_eq!(eigenvalue(0, 0.5, 0.0, Complex64::from(2.0)).unwrap(), Complex64::from(2.0));
    assert!(matches!(eigenvalue(1, 0.5, 0.0, Complex64::ONE), Err(CharacteristicError::NoSolution { .. })));
    assert!(matches!(eigenvalue(1, 0.5, 0.1, Complex64::ZERO), Err(CharacteristicError::NoSolution { .. })));
    assert_eq!(eigenvalue(0, 0.5, 0.1, Complex64::ZERO).unwrap(), Complex64::from(-2.0));
    for (tau, delay) in [(0.0, 1.0), (-1.0, 1.0), (f64::NAN, 1.0), (1.0, -1.0), (1.0, f64::INFINITY)] {
        assert!(matches!(eigenvalue(0, tau, delay, Complex64::ONE), Err(CharacteristicError::OutOfRange { .. })));
    }
    assert_eq!(fastest_growing(&DMatrix::zeros(0, 0)), None);
}
