//! Which working point is found, and networks at the edge of having one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use lapicque_meanfield::network::{
    Drive, FixedPointError, Parameters, Population, Search, effective_connectivity, fixed_points, input, power_spectra,
    scan, working_point,
};
use lapicque_meanfield::neuron::{Input, Neuron, Synapses, firing_rate};
use nalgebra::DMatrix;
use num_complex::Complex64;
use support::{close, golden, json, sanzeni};

fn from(rates: &[f64]) -> Search {
    Search { initial_rates_hz: Some(rates.to_vec()), ..Search::default() }
}

/// Where d nu/ds = F(nu) - nu leads, in small steps.
fn followed(parameters: &Parameters, rates: &[f64]) -> Vec<f64> {
    let flow = |rates: &[f64]| -> Vec<f64> {
        let inputs = input(parameters, rates).unwrap();
        let rate = |(i, input): (usize, Input)| {
            firing_rate(&parameters.populations[i].neuron, input, Synapses::Delta).unwrap()
        };
        inputs.into_iter().enumerate().map(rate).zip(rates).map(|(rate, now)| rate - now).collect()
    };
    let moved = |rates: &[f64], flow: &[f64], h: f64| -> Vec<f64> {
        rates.iter().zip(flow).map(|(rate, flow)| (rate + h * flow).max(0.0)).collect()
    };
    let mut rates = rates.to_vec();
    let h = 2e-3;
    for _ in 0..40_000 {
        let first = flow(&rates);
        let middle = flow(&moved(&rates, &first, 0.5 * h));
        rates = moved(&rates, &middle, h);
        if middle.iter().all(|flow| flow.abs() < 1e-6) {
            break;
        }
    }
    rates
}

#[test]
fn the_flow_from_the_initial_rates_chooses_the_working_point() {
    let reference = json(&golden("sanzeni/networks.json"));
    let cases = [("saturation_driven_multisolution", 5.0), ("noise_driven_multisolution", 2.0)];
    let mut reached = Vec::new();
    for (name, rate_hz) in cases {
        let parameters = sanzeni(&reference[name]["params_mV_s"], rate_hz);
        let mut points: Vec<Vec<f64>> = Vec::new();
        for e in [0.0, 3.0, 10.0, 40.0, 150.0, 450.0] {
            for i in [0.0, 5.0, 30.0, 200.0] {
                let expected = followed(&parameters, &[e, i]);
                let found = working_point(&parameters, Synapses::Delta, &from(&[e, i])).unwrap();
                for (found, expected) in found.rates_hz.iter().zip(&expected) {
                    close(*found, *expected, 1e-4, 1e-3, &format!("{name} from {e}, {i}"));
                }
                if !points.iter().any(|point| (point[0] - found.rates_hz[0]).abs() < 0.1) {
                    points.push(found.rates_hz);
                }
            }
        }
        reached.push(points.len());
    }
    // There is a choice.
    assert!(reached.iter().all(|&points| points >= 2), "{reached:?}");
}

#[test]
fn between_two_attracting_points_lies_one_that_repels() {
    let reference = json(&golden("sanzeni/networks.json"));
    let parameters = sanzeni(&reference["saturation_driven_multisolution"]["params_mV_s"], 5.0);
    let all = fixed_points(&parameters, Synapses::Delta, &Search::default(), 32).unwrap();
    let stable: Vec<bool> = all.iter().map(|point| point.is_stable()).collect();
    assert_eq!(stable, [true, false, true], "{all:?}");
    for point in &all {
        let again = input(&parameters, &point.rates_hz).unwrap();
        for (i, input) in again.into_iter().enumerate() {
            let rate = firing_rate(&parameters.populations[i].neuron, input, Synapses::Delta).unwrap();
            close(rate, point.rates_hz[i], 1e-11, 1e-11, "rate");
        }
    }
    // The points do not depend on the order in which they are found.
    let more = fixed_points(&parameters, Synapses::Delta, &Search::default(), 100).unwrap();
    assert_eq!(more.len(), 3);
}

#[test]
fn a_scan_stays_on_its_branch() {
    let reference = json(&golden("sanzeni/networks.json"));
    let network = &reference["saturation_driven_multisolution"]["params_mV_s"];
    let along = |rates: &[f64]| -> Vec<f64> {
        let parameters = rates.iter().map(|&rate| sanzeni(network, rate));
        let points = scan(parameters, Synapses::Delta, &Search::default());
        points.into_iter().map(|point| point.unwrap().rates_hz[0]).collect()
    };
    let up: Vec<f64> = (0..=60).map(f64::from).collect();
    let down: Vec<f64> = up.iter().rev().copied().collect();
    let (rising, mut falling) = (along(&up), along(&down));
    falling.reverse();
    // Hysteresis: below 10 Hz the network is silent on the way up and active on the way down.
    assert!(rising[9] < 1.0 && falling[9] > 300.0, "{rising:?} {falling:?}");
    close(rising[60], falling[60], 1e-12, 0.0, "one branch is left");
    // A point that is not valid breaks the scan at that place only.
    let mut broken = sanzeni(network, 2.0);
    broken.in_degree[(0, 0)] = -1.0;
    let points = scan([sanzeni(network, 1.0), broken, sanzeni(network, 3.0)], Synapses::Delta, &Search::default());
    assert_eq!(points.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
}

fn one(refractory_period_s: f64, in_degree: f64, constant_input_v: f64, drive: Drive) -> Parameters {
    let neuron = Neuron {
        membrane_time_constant_s: 10e-3,
        synaptic_time_constant_s: 0.0,
        refractory_period_s,
        threshold_v: 20e-3,
        reset_v: 10e-3,
    };
    let population = Population { name: "E".to_owned(), size: 1000, neuron, constant_input_v, drives: vec![drive] };
    let mut parameters = Parameters::unconnected(vec![population]);
    parameters.in_degree[(0, 0)] = in_degree;
    parameters.weight_v[(0, 0)] = 1e-4;
    parameters
}

const SILENT: Drive = Drive { in_degree: 1000.0, rate_hz: 0.0, weight_v: 1e-4, weight_sd_v: 0.0 };

#[test]
fn without_noise_a_neuron_is_a_clock() {
    let rate = |constant_input_v: f64| {
        let found =
            working_point(&one(2e-3, 0.0, constant_input_v, SILENT), Synapses::Delta, &Search::default()).unwrap();
        assert_eq!(found.input[0].sd_v, 0.0);
        found.rates_hz[0]
    };
    close(rate(30e-3), 1.0 / (2e-3 + 10e-3 * 2f64.ln()), 1e-12, 0.0, "rate");
    assert_eq!(rate(20e-3), 0.0);
    assert_eq!(rate(-5e-3), 0.0);
    // Noise that the network makes itself.
    let found = working_point(&one(2e-3, 100.0, 30e-3, SILENT), Synapses::Delta, &Search::default()).unwrap();
    assert!(found.input[0].sd_v > 0.0 && found.rates_hz[0] > rate(30e-3) && found.residual_hz < 1e-10, "{found:?}");
}

#[test]
fn a_silent_network_is_a_working_point() {
    let found = working_point(&one(2e-3, 100.0, 0.0, SILENT), Synapses::Delta, &Search::default()).unwrap();
    assert_eq!((found.rates_hz[0], found.residual_hz, found.growth), (0.0, 0.0, 0.0));
    let parameters = one(2e-3, 100.0, 0.0, SILENT);
    let w = effective_connectivity(&parameters, &[0.0, -1.0], &DMatrix::zeros(1, 2)).unwrap();
    assert_eq!(power_spectra(&parameters, &found.rates_hz, &w).unwrap()[1][0], 0.0);
}

/// K J tau_m beyond the threshold, and nothing to stop it.
#[test]
fn excitation_without_bound_has_no_working_point() {
    let drive = Drive { rate_hz: 30.0, ..SILENT };
    let parameters = one(0.0, 4000.0, 0.0, drive);
    let error = working_point(&parameters, Synapses::Delta, &Search::default()).unwrap_err();
    assert!(matches!(&error, FixedPointError::Diverged { population, .. } if population == "E"), "{error}");
    assert_eq!(fixed_points(&parameters, Synapses::Delta, &Search::default(), 16).unwrap(), []);
    // The refractory period bounds it.
    let found = working_point(&one(2e-3, 4000.0, 0.0, drive), Synapses::Delta, &Search::default()).unwrap();
    assert!(found.rates_hz[0] > 300.0 && found.rates_hz[0] < 500.0);
    // Without it a weaker network is at rest as well.
    assert!(working_point(&one(0.0, 50.0, 0.0, drive), Synapses::Delta, &Search::default()).unwrap().is_stable());
}

#[test]
fn searches_that_are_not_possible_are_refused() {
    let parameters = one(2e-3, 100.0, 0.0, Drive { rate_hz: 30.0, ..SILENT });
    let message = |search: Search| working_point(&parameters, Synapses::Delta, &search).unwrap_err().to_string();
    assert_eq!(message(from(&[1.0, 2.0])), "`initial_rates_hz` has 2 values: it must have 1");
    assert_eq!(message(from(&[-1.0])), "`initial_rates_hz` = -1: it must be 0 or above, and finite");
    assert_eq!(message(from(&[f64::NAN])), "`initial_rates_hz` = NaN: it must be 0 or above, and finite");
    let short = message(Search { steps: 2, ..Search::default() });
    assert!(short.starts_with("rates do not come to rest: after 2 steps they are "), "{short}");
    let exact = Search { residual_hz: f64::NAN, ..Search::default() };
    assert!(message(exact).starts_with("`residual_hz` = NaN"));
}

#[test]
fn spread_of_weights_adds_to_the_variance() {
    let mut parameters = one(2e-3, 100.0, 0.0, Drive { rate_hz: 30.0, weight_sd_v: 0.5e-4, ..SILENT });
    parameters.weight_sd_v[(0, 0)] = 2e-4;
    let found = input(&parameters, &[7.0]).unwrap()[0];
    close(found.mean_v, 10e-3 * (100.0 * 1e-4 * 7.0 + 1000.0 * 1e-4 * 30.0), 1e-14, 0.0, "mean");
    let variance: f64 = 10e-3 * (100.0 * 5e-8 * 7.0 + 1000.0 * 1.25e-8 * 30.0);
    close(found.sd_v, variance.sqrt(), 1e-14, 0.0, "sd");
}

/// The peer multiplies columns instead.
#[test]
fn the_membrane_time_constant_is_that_of_the_target() {
    let mut parameters = one(2e-3, 0.0, 0.0, SILENT);
    let mut other = parameters.populations[0].clone();
    other.neuron.membrane_time_constant_s = 30e-3;
    parameters = Parameters::unconnected(vec![parameters.populations.remove(0), other]);
    parameters.in_degree.fill(2.0);
    parameters.weight_v.fill(0.5);
    let transfer = DMatrix::from_element(2, 1, Complex64::from(3.0));
    let w = &effective_connectivity(&parameters, &[0.0], &transfer).unwrap()[0];
    for j in 0..2 {
        close(w[(0, j)].re, 0.03, 1e-15, 0.0, "first row");
        close(w[(1, j)].re, 0.09, 1e-15, 0.0, "second row");
    }
}

/// Values over many orders of magnitude: an answer is self-consistent, everything else an error.
#[test]
fn random_networks_have_an_answer_or_an_error() {
    let mut state = 3_u64;
    let mut uniform = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut answers = 0;
    for case in 0..400 {
        let mut size = |low: f64, high: f64| if uniform() < 0.1 { 0.0 } else { low * (high / low).powf(uniform()) };
        let population = |name: &str, size: &mut dyn FnMut(f64, f64) -> f64| {
            let reset_v = -size(1e-9, 1.0);
            let membrane_time_constant_s = size(1e-6, 10.0) + 1e-6;
            let neuron = Neuron {
                membrane_time_constant_s,
                synaptic_time_constant_s: membrane_time_constant_s * size(1e-6, 0.09),
                refractory_period_s: size(1e-9, 1.0),
                threshold_v: reset_v + size(1e-9, 1.0) + 1e-9,
                reset_v,
            };
            let drive = Drive {
                in_degree: size(1.0, 1e6),
                rate_hz: size(1e-6, 1e6),
                weight_v: size(1e-9, 0.1),
                weight_sd_v: size(1e-9, 0.1),
            };
            let constant_input_v = size(1e-9, 1.0);
            Population { name: name.to_owned(), size: 1, neuron, constant_input_v, drives: vec![drive] }
        };
        let populations = vec![population("A", &mut size), population("B", &mut size)];
        let mut parameters = Parameters::unconnected(populations);
        for j in 0..2 {
            for i in 0..2 {
                parameters.in_degree[(i, j)] = size(1.0, 1e6);
                parameters.weight_v[(i, j)] = if j == 0 { 1.0 } else { -1.0 } * size(1e-9, 0.1);
            }
        }
        let synapses = [Synapses::Delta, Synapses::Shift, Synapses::Taylor][case % 3];
        let search = Search { steps: 500, ..Search::default() };
        if let Ok(found) = working_point(&parameters, synapses, &search) {
            answers += 1;
            for (i, input) in input(&parameters, &found.rates_hz).unwrap().into_iter().enumerate() {
                let rate = firing_rate(&parameters.populations[i].neuron, input, synapses).unwrap();
                close(rate, found.rates_hz[i], 1e-11, 2e-9, &format!("{parameters:?}"));
            }
        }
        for point in fixed_points(&parameters, synapses, &search, 4).unwrap_or_default() {
            assert!(point.rates_hz.iter().all(|rate| rate.is_finite() && *rate >= 0.0));
        }
    }
    assert!(answers > 200, "{answers}");
}
