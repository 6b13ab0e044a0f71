//! Linear response of the microcircuit, against NNMT 1.3.0, from the transfer functions that the peer used.
//!
//! Thinned frequencies lie in tests/golden/meanfield/microcircuit; all of them in the folder named by `LAPICQUE_SHARED`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::f64::consts::TAU;
use std::path::Path;

use lapicque_meanfield::network::{
    Delay, DelayDistribution, LinearError, Modes, Parameters, Search, Sensitivity, SpectrumOf, WorkingPoint,
    cross_spectra, delay_factors, effective_connectivity, eigenvalues, modes, power_spectra, propagator, sensitivity,
    sensitivity_of_all_modes, transfer_function_matrix, working_point,
};
use lapicque_meanfield::neuron::{Input, Refractory, Synapses, TransferOptions};
use nalgebra::DMatrix;
use num_complex::Complex64;
use serde_json::Value;
use support::{
    close, close_matrix, complex, csv, delay_distribution, flat, golden, json, matrix, microcircuit, npy, numbers,
    shared,
};

/// Both are exact in theory; the peer loses digits in its transfer functions, which are taken as they are.
const TOLERANCE: f64 = 1e-12;

struct Reference {
    parameters: Parameters,
    frequencies_hz: Vec<f64>,
    /// Row per population.
    transfer: [DMatrix<Complex64>; 2],
    rates_hz: [Vec<f64>; 2],
    effective_connectivity: Vec<DMatrix<Complex64>>,
    power_spectra: [Vec<f64>; 2],
    eigenvalues: Vec<Complex64>,
}

impl Reference {
    fn omegas(&self) -> Vec<f64> {
        self.frequencies_hz.iter().map(|frequency| TAU * frequency).collect()
    }
}

const METHODS: [&str; 2] = ["shift", "taylor"];

fn by_frequency(values: &[f64]) -> Vec<DMatrix<Complex64>> {
    complex(values).chunks_exact(64).map(|values| DMatrix::from_row_slice(8, 8, values)).collect()
}

fn thinned(name: &str) -> (Reference, Value) {
    let reference = json(&golden(&format!("microcircuit/{name}.json")));
    let of = |key: &str| flat(&reference[key]);
    let loaded = Reference {
        parameters: microcircuit(&reference["parameters"], &reference["parameters"]["populations"]),
        frequencies_hz: of("frequencies_hz"),
        transfer: METHODS.map(|method| {
            DMatrix::from_column_slice(
                8,
                of("frequencies_hz").len(),
                &complex(&of(&format!("transfer_function_{method}"))),
            )
        }),
        rates_hz: METHODS.map(|method| numbers(&reference["working_point"][method]["firing_rates"])),
        effective_connectivity: by_frequency(&of("effective_connectivity")),
        power_spectra: METHODS.map(|method| of(&format!("power_spectra_{method}"))),
        eigenvalues: complex(&of("eigenvalues")),
    };
    (loaded, reference)
}

fn whole(folder: &Path) -> Reference {
    let file = |name: &str| npy(&folder.join(name));
    let working_point = json(&folder.join("working_point.json"));
    let frequencies_hz = file("frequencies_hz.npy");
    let count = frequencies_hz.len();
    let transfer = METHODS.map(|method| complex(&file(&format!("transfer_function_{method}.npy"))));
    Reference {
        parameters: microcircuit(
            &json(&folder.join("derived_params_si.json")),
            &json(&folder.join("network_params.json"))["populations"],
        ),
        frequencies_hz,
        transfer: transfer.map(|values| DMatrix::from_column_slice(8, count, &values)),
        rates_hz: METHODS.map(|method| numbers(&working_point[method]["firing_rates"])),
        effective_connectivity: by_frequency(&file("effective_connectivity.npy")),
        power_spectra: METHODS.map(|method| file(&format!("power_spectra_{method}.npy"))),
        eigenvalues: complex(&file("eigenvalues_effective_connectivity_sorted_abs_desc.npy")),
    }
}

/// Each found value has an expected one for itself.
fn close_sets(found: &[Complex64], expected: &[Complex64], tolerance: f64, what: &str) {
    let mut left = found.to_vec();
    for value in expected {
        let distance = |x: &Complex64| (x - value).norm();
        let (position, _) = left.iter().enumerate().min_by(|a, b| distance(a.1).total_cmp(&distance(b.1))).unwrap();
        let nearest = left.remove(position);
        assert!((nearest - value).norm() <= tolerance, "{what}: {nearest} is not {value}");
    }
}

fn check(reference: &Reference) {
    let omegas = reference.omegas();
    let found = effective_connectivity(&reference.parameters, &omegas, &reference.transfer[0]).unwrap();
    assert_eq!(found.len(), reference.effective_connectivity.len());
    for (k, (found, expected)) in found.iter().zip(&reference.effective_connectivity).enumerate() {
        let what = format!("{} Hz", reference.frequencies_hz[k]);
        close_matrix(found, expected, TOLERANCE, &what);
        close_sets(&eigenvalues(found).unwrap(), &reference.eigenvalues[8 * k..8 * k + 8], 1e-12 * found.norm(), &what);
    }
    let given = reference.transfer.iter().zip(&reference.rates_hz).zip(&reference.power_spectra);
    for (((transfer, rates_hz), expected), method) in given.zip(METHODS) {
        let w = effective_connectivity(&reference.parameters, &omegas, transfer).unwrap();
        let power = power_spectra(&reference.parameters, rates_hz, &w).unwrap();
        for (found, &expected) in power.iter().flat_map(|power| power.iter()).zip(expected) {
            close(*found, expected, 1e-11, 0.0, method);
        }
    }
}

/// From parameters to spectra.
#[test]
fn the_whole_way_from_parameters() {
    let theories = [Synapses::Shift, Synapses::Taylor];
    for name in ["bos2016", "pd14"] {
        let (reference, raw) = thinned(name);
        for ((synapses, method), expected) in theories.into_iter().zip(METHODS).zip(0..) {
            let point = working_point(&reference.parameters, synapses, &Search::default()).unwrap();
            let options = TransferOptions { synapses, refractory: Refractory::Nnmt, synaptic_filter: true };
            let omegas = reference.omegas();
            let transfer = transfer_function_matrix(&reference.parameters, &point.input, &omegas, options).unwrap();
            for (found, expected) in transfer.iter().zip(&reference.transfer[expected]) {
                assert!((found - expected).norm() < 1e-10 * expected.norm(), "{name} {method}: {found} {expected}");
            }
            let w = effective_connectivity(&reference.parameters, &omegas, &transfer).unwrap();
            let power = power_spectra(&reference.parameters, &point.rates_hz, &w).unwrap();
            for (found, &expected) in
                power.iter().flat_map(|power| power.iter()).zip(&reference.power_spectra[expected])
            {
                close(*found, expected, 1e-9, 0.0, method);
            }
            // With the refractory period in the response, frequency 0 is no exception.
            let options = TransferOptions { refractory: Refractory::Corrected, ..options };
            let near =
                transfer_function_matrix(&reference.parameters, &point.input, &[-1e-6, 0.0, 1e-6], options).unwrap();
            for row in near.row_iter() {
                assert!((row[0] - row[1]).norm() < 1e-6 * row[1].norm() && (row[2] - row[0].conj()).norm() == 0.0);
            }
        }
        // Both theories at the working point of the shift.
        let shift = &raw["working_point"]["shift"];
        let inputs = numbers(&shift["mean_input"]).into_iter().zip(numbers(&shift["std_input"]));
        let point = WorkingPoint {
            rates_hz: numbers(&shift["firing_rates"]),
            input: inputs.map(|(mean_v, sd_v)| Input { mean_v, sd_v }).collect(),
            residual_hz: 0.0,
            growth: 0.0,
        };
        for (synapses, method) in theories.into_iter().zip(METHODS) {
            let expected = numbers(&raw["transfer_function_at_zero"][format!("{method}_wp_shift")]["re"]);
            let options = TransferOptions { synapses, refractory: Refractory::Nnmt, synaptic_filter: true };
            let found = transfer_function_matrix(&reference.parameters, &point.input, &[0.0], options).unwrap();
            for (found, expected) in found.iter().zip(expected) {
                close(found.re, expected, 1e-11, 0.0, method);
                assert_eq!(found.im, 0.0);
            }
        }
    }
}

#[test]
fn effective_connectivity_power_spectra_and_eigenvalues() {
    for name in ["bos2016", "pd14"] {
        check(&thinned(name).0);
    }
}

#[test]
fn effective_connectivity_power_spectra_and_eigenvalues_at_all_frequencies() {
    for name in ["bos2016", "pd14"] {
        let Some(folder) = shared(&format!("microcircuit_{name}")) else { continue };
        let reference = whole(&folder);
        check(&reference);
        let w = effective_connectivity(&reference.parameters, &reference.omegas(), &reference.transfer[0]).unwrap();
        let delays = npy(&folder.join("delay_dist_matrix.npy"));
        for (omega, expected) in reference.omegas().iter().zip(by_frequency(&delays)) {
            close_matrix(&delay_factors(&reference.parameters, *omega), &expected, 1e-14, "delays");
        }
        for (w, expected) in w.iter().step_by(10).zip(by_frequency(&npy(&folder.join("propagator_every10.npy")))) {
            close_matrix(&propagator(w).unwrap(), &expected, 1e-11, "propagator");
        }
        // Ours are a permutation at each frequency. The peer matches greedily: at 20 frequencies of `pd14` it has one
        // eigenvalue three times and loses two.
        let found = modes(&w).unwrap();
        let matched = complex(&npy(&folder.join("eigenvalues_matched_margin0.05.npy")));
        let mut repeated = 0;
        for (k, eigen) in found.at.iter().enumerate() {
            let tolerance = 1e-12 * w[k].norm();
            close_sets(&eigen.values, &reference.eigenvalues[8 * k..8 * k + 8], tolerance, "modes");
            let matched = &matched[8 * k..8 * k + 8];
            match (1..8).any(|i| matched[..i].contains(&matched[i])) {
                true => repeated += 1,
                false => close_sets(&eigen.values, matched, tolerance, "modes of the peer"),
            }
        }
        assert_eq!(repeated, if name == "pd14" { 20 } else { 0 });
        let points = json(&folder.join("eigen_spectra_points.json"));
        let spectrum = |of| found.eigenvalues(of, &reference.parameters).unwrap();
        for (point, k) in points.as_array().unwrap().iter().zip((0..).step_by(50)) {
            close(reference.frequencies_hz[k], point["freq_hz"].as_f64().unwrap(), 1e-14, 0.0, "frequency");
            for (of, key) in [(SpectrumOf::EffectiveConnectivity, "MH"), (SpectrumOf::Propagator, "prop")] {
                let part = |x: &Value, part: &str| x[part].as_f64().unwrap();
                let expected: Vec<Complex64> = point[key]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|x| Complex64::new(part(x, "re"), part(x, "im")))
                    .collect();
                let row: Vec<Complex64> = spectrum(of).row(k).iter().copied().collect();
                close_sets(&row, &expected, 1e-11, key);
            }
        }
        sensitivities_of_the_peer(&folder, &found, &w);
        modes_are_continuous(&found, reference.frequencies_hz[1] - reference.frequencies_hz[0]);
    }
}

fn sensitivities_of_the_peer(folder: &Path, modes: &Modes, w: &[DMatrix<Complex64>]) {
    let closest = json(&folder.join("sensitivity_measure_closest_mode.json"));
    for expected in closest.as_array().unwrap() {
        let position = expected["critical_frequency_index"].as_u64().unwrap() as usize;
        same_sensitivity(&sensitivity(modes, w, position).unwrap(), expected);
    }
    // Where the matching of the peer takes another mode, its extreme lies elsewhere.
    let all = json(&folder.join("sensitivity_measure_all_eigenmodes_margin0.05.json"));
    let found = sensitivity_of_all_modes(modes, w).unwrap();
    let mut same = 0;
    for expected in all.as_object().unwrap().values() {
        let position = expected["critical_frequency_index"].as_u64().unwrap() as usize;
        let value = eigenvalue(expected);
        if let Some(found) = found.iter().find(|f| f.frequency == position && (f.eigenvalue - value).norm() < 1e-10) {
            same_sensitivity(found, expected);
            same += 1;
        }
    }
    assert!(
        same >= 4,
        "{same} modes agree: {:?}",
        found.iter().map(|f| (f.frequency, f.eigenvalue)).collect::<Vec<_>>()
    );
}

fn eigenvalue(expected: &Value) -> Complex64 {
    let value = &expected["critical_eigenvalue"];
    Complex64::new(value["re"].as_f64().unwrap(), value["im"].as_f64().unwrap())
}

fn same_sensitivity(found: &Sensitivity, expected: &Value) {
    assert!((found.eigenvalue - eigenvalue(expected)).norm() < 1e-11, "{}", found.eigenvalue);
    let (re, im) = (matrix(&expected["sensitivity"]["re"]), matrix(&expected["sensitivity"]["im"]));
    close_matrix(&found.by_connection, &re.zip_map(&im, Complex64::new), 1e-9, "sensitivity");
    let towards = numbers(&expected["k"]);
    assert!((found.towards_one - Complex64::new(towards[0], towards[1])).norm() < 1e-11);
    for (found, key) in [(&found.amplitude, "sensitivity_amp"), (&found.across, "sensitivity_freq")] {
        close_matrix(&found.map(Complex64::from), &matrix(&expected[key]).map(Complex64::from), 1e-9, key);
    }
}

/// No eigenvalue jumps: the largest step is not much more than what half the frequency step suggests.
fn modes_are_continuous(modes: &Modes, step_hz: f64) {
    for pair in modes.at.windows(3) {
        for k in 0..8 {
            let [a, b, c] = [0, 1, 2].map(|i| pair[i].values[k]);
            let bend = (a - 2.0 * b + c).norm();
            assert!(bend < 0.12 * step_hz * (1.0 + b.norm()), "mode {k}: {a} {b} {c}");
        }
    }
}

#[test]
fn sensitivity_says_which_connections_carry_an_oscillation() {
    for name in ["bos2016", "pd14"] {
        let (reference, raw) = thinned(name);
        let w = &reference.effective_connectivity;
        let modes = modes(w).unwrap();
        for expected in raw["sensitivity"].as_array().unwrap() {
            let position = expected["frequency"].as_u64().unwrap() as usize;
            let value = complex(&numbers(&expected["eigenvalue"]))[0];
            // Either the mode nearest to 1 there, or one that is nearest to 1 there among all frequencies.
            let mut found = sensitivity(&modes, w, position).unwrap();
            if (found.eigenvalue - value).norm() > 1e-10 {
                found = sensitivity_of_all_modes(&modes, w)
                    .unwrap()
                    .into_iter()
                    .find(|found| (found.eigenvalue - value).norm() < 1e-10)
                    .unwrap_or_else(|| panic!("{name}: {value} at {position}"));
            }
            let by_connection = DMatrix::from_row_slice(8, 8, &complex(&flat(&expected["sensitivity"])));
            close_matrix(&found.by_connection, &by_connection, 1e-9, name);
            let sum: Complex64 = found.by_connection.iter().sum();
            assert!((sum - found.eigenvalue).norm() < 1e-10);
            if let Some(amplitude) = expected.get("sensitivity_amp") {
                close_matrix(
                    &found.amplitude.map(Complex64::from),
                    &matrix(amplitude).map(Complex64::from),
                    1e-9,
                    "amplitude",
                );
                let across = matrix(&expected["sensitivity_freq"]).map(Complex64::from);
                close_matrix(&found.across.map(Complex64::from), &across, 1e-9, "frequency");
            }
        }
    }
}

#[test]
fn cross_spectra_are_hermitian_and_hold_the_power_spectra() {
    let (reference, _) = thinned("bos2016");
    let w = &reference.effective_connectivity;
    let rates = &reference.rates_hz[0];
    let cross = cross_spectra(&reference.parameters, rates, w).unwrap();
    let power = power_spectra(&reference.parameters, rates, w).unwrap();
    for (cross, power) in cross.iter().zip(&power) {
        close_matrix(&cross.adjoint(), cross, 1e-13, "Hermitian");
        for i in 0..8 {
            close(cross[(i, i)].re, power[i], 1e-12, 0.0, "diagonal");
        }
    }
}

#[test]
fn eigenvectors_are_those_of_all_three_matrices() {
    let (reference, _) = thinned("bos2016");
    let modes = modes(&reference.effective_connectivity).unwrap();
    let spectrum = |of| modes.eigenvalues(of, &reference.parameters).unwrap();
    let (lambda, p, inverse) = (
        spectrum(SpectrumOf::EffectiveConnectivity),
        spectrum(SpectrumOf::Propagator),
        spectrum(SpectrumOf::InversePropagator),
    );
    for (k, w) in reference.effective_connectivity.iter().enumerate() {
        let propagator = propagator(w).unwrap();
        let inverted = propagator.clone().try_inverse().unwrap();
        let eigen = &modes.at[k];
        close_matrix(&(&eigen.left * &eigen.right), &DMatrix::identity(8, 8), 1e-12, "left times right");
        for (matrix, values) in [(w, &lambda), (&propagator, &p), (&inverted, &inverse)] {
            let diagonal = DMatrix::from_diagonal(&values.row(k).transpose());
            close_matrix(&(&eigen.right * &diagonal * &eigen.left), matrix, 1e-10, "right lambda left");
        }
    }
}

#[test]
fn delays_as_factors() {
    let reference = &thinned("bos2016").1["delay_factors"];
    let frequencies = numbers(&reference["freqs_hz"]);
    let (means, sds) = (numbers(&reference["Delay_s"]), numbers(&reference["Delay_sd_s"]));
    for name in ["none", "gaussian", "truncated_gaussian", "lognormal"] {
        for (k, frequency) in frequencies.iter().enumerate() {
            for source in 0..2 {
                let delay = Delay { mean_s: means[source], sd_s: sds[source], distribution: delay_distribution(name) };
                let part = |part: &str| reference[name][part][k][source].as_f64().unwrap();
                let mut expected = Complex64::new(part("re"), part("im"));
                if name == "lognormal" {
                    // The peer returns E[exp(+i omega d)].
                    expected = expected.conj();
                }
                let found = delay.factor(TAU * frequency);
                let tolerance = if name == "lognormal" { 1e-6 } else { 1e-13 };
                assert!((found - expected).norm() < tolerance, "{name} {frequency} Hz: {found} {expected}");
                assert!((delay.factor(-TAU * frequency) - found.conj()).norm() < 1e-15);
            }
        }
    }
}

#[test]
fn a_delay_never_makes_a_modulation_larger() {
    let infinity = f64::INFINITY;
    for distribution in [
        DelayDistribution::Constant,
        DelayDistribution::Gaussian,
        DelayDistribution::TruncatedGaussian { min_s: 0.0, max_s: infinity },
        DelayDistribution::TruncatedGaussian { min_s: 1e-4, max_s: 4e-3 },
        DelayDistribution::Lognormal,
        DelayDistribution::TruncatedLognormal { min_s: 1e-4, max_s: 4e-3 },
        DelayDistribution::Uniform,
    ] {
        for sd_s in [0.0, 1e-12, 0.75e-3, 3e-3] {
            let delay = Delay { mean_s: 1.5e-3, sd_s, distribution };
            assert!((delay.factor(0.0) - 1.0).norm() < 1e-14, "{delay:?}");
            for exponent in -20..=300 {
                let omega = 10f64.powi(exponent);
                let factor = delay.factor(omega);
                assert!(factor.norm() <= 1.0 + 1e-12, "{delay:?} {omega}/s: {factor}");
                assert!((delay.factor(-omega) - factor.conj()).norm() < 1e-15, "{delay:?} {omega}/s");
            }
        }
    }
}

/// Against integrals with 32 digits.
#[test]
fn lognormal_delays() {
    let rows = csv(&golden("delays/lognormal.csv"));
    assert!(rows.len() > 10);
    for row in rows {
        let delay = Delay { mean_s: row["mean_s"], sd_s: row["sd_s"], distribution: delay_distribution("lognormal") };
        let found = delay.factor(TAU * row["freq_hz"]);
        let expected = Complex64::new(row["ref_exp_minus_iwt_re"], row["ref_exp_minus_iwt_im"]);
        assert!((found - expected).norm() < 1e-10 * expected.norm().max(1e-3), "{row:?}: {found}");
    }
}

#[test]
fn what_has_no_answer_is_refused() {
    let (reference, _) = thinned("bos2016");
    let mut parameters = reference.parameters.clone();
    parameters.in_degree.column_mut(7).fill(0.0);
    let omegas = reference.omegas();
    let w = effective_connectivity(&parameters, &omegas, &reference.transfer[0]).unwrap();
    let error = modes(&w).unwrap().eigenvalues(SpectrumOf::InversePropagator, &parameters).unwrap_err();
    assert_eq!(error, LinearError::NoOutgoingConnection { population: "6I".to_owned() });
    assert!(modes(&w).unwrap().eigenvalues(SpectrumOf::Propagator, &parameters).is_ok());
    let one = DMatrix::<Complex64>::identity(2, 2);
    assert_eq!(propagator(&one).unwrap_err(), LinearError::Critical);
    let error = effective_connectivity(&parameters, &omegas[1..], &reference.transfer[0]).unwrap_err();
    assert!(error.to_string().contains("transfer_hz_per_v, columns"), "{error}");
    let error = effective_connectivity(&parameters, &[f64::NAN], &DMatrix::zeros(8, 1)).unwrap_err();
    assert_eq!(error.to_string(), "`omegas[0]` = NaN: it must be a finite number");
    let infinite = DMatrix::from_element(8, 1, Complex64::from(f64::INFINITY));
    let error = effective_connectivity(&parameters, &[1.0], &infinite).unwrap_err();
    assert!(matches!(error, LinearError::NotFinite { .. }), "{error}");
    assert!(matches!(propagator(&infinite.resize(8, 8, Complex64::ZERO)), Err(LinearError::NotFinite { .. })));
    let error = power_spectra(&parameters, &[-1.0; 8], &w).unwrap_err();
    assert_eq!(error.to_string(), "`rates_hz[23E]` = -1: it must be 0 or above, and finite");
    assert!(eigenvalues(&DMatrix::from_element(2, 2, Complex64::new(f64::NAN, 0.0))).is_err());
    assert!(modes(&[]).unwrap().at.is_empty());
    // Shapes.
    let square = DMatrix::<Complex64>::identity(2, 2) * Complex64::from(0.5);
    let oblong = DMatrix::zeros(2, 3);
    for error in [
        eigenvalues(&oblong).unwrap_err(),
        propagator(&oblong).unwrap_err(),
        modes(&[square.clone(), DMatrix::zeros(3, 3)]).unwrap_err(),
        power_spectra(&parameters, &[1.0; 8], std::slice::from_ref(&square)).unwrap_err(),
        cross_spectra(&parameters, &[1.0; 8], std::slice::from_ref(&square)).unwrap_err(),
        modes(std::slice::from_ref(&square)).unwrap().eigenvalues(SpectrumOf::Propagator, &parameters).unwrap_err(),
        sensitivity(&modes(&[DMatrix::zeros(1, 1)]).unwrap(), &[square], 0).unwrap_err(),
    ] {
        assert!(matches!(error, LinearError::Parameters(_)), "{error}");
    }
    assert!(sensitivity(&modes(&[]).unwrap(), &[], 0).is_err());
    assert!(sensitivity_of_all_modes(&modes(&[]).unwrap(), &[]).unwrap().is_empty());
    assert!(eigenvalues(&DMatrix::zeros(0, 0)).unwrap().is_empty());
}
