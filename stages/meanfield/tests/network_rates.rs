//! Working points of published networks, against NNMT 1.3.0 and its rates refined by Newton's method.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use lapicque_meanfield::network::{
    Drive, Parameters, Population, Search, WorkingPoint, fixed_points, input, working_point,
};
use lapicque_meanfield::neuron::{Neuron, Synapses};
use support::{brunel, close, csv, golden, json, matrix, microcircuit, numbers, sanzeni};

fn from(rates: &[f64]) -> Search {
    Search { initial_rates_hz: Some(rates.to_vec()), ..Search::default() }
}

#[test]
fn microcircuits() {
    for name in ["bos2016", "pd14"] {
        let reference = json(&golden(&format!("microcircuit/{name}.json")));
        let parameters = microcircuit(&reference["parameters"], &reference["parameters"]["populations"]);
        for (method, synapses) in [("shift", Synapses::Shift), ("taylor", Synapses::Taylor)] {
            let expected = &reference["working_point"][method];
            let found = working_point(&parameters, synapses, &Search::default()).unwrap();
            assert!(found.is_stable() && found.residual_hz < 1e-12, "{found:?}");
            let pairs = [
                ("firing_rates_refined", found.rates_hz.clone()),
                ("mean_input", found.input.iter().map(|input| input.mean_v).collect()),
                ("std_input", found.input.iter().map(|input| input.sd_v).collect()),
            ];
            for (key, found) in pairs {
                for (found, expected) in found.iter().zip(numbers(&expected[key])) {
                    close(*found, expected, 1e-12, 0.0, key);
                }
            }
        }
    }
}

/// To the digits that are given there.
#[test]
fn the_microcircuit_of_potjans_and_diesmann_has_its_published_rates() {
    let reference = json(&golden("microcircuit/pd14.json"));
    let parameters = microcircuit(&reference["parameters"], &reference["parameters"]["populations"]);
    let shift = [0.75418827, 2.79370842, 4.44021852, 5.82292556, 7.15358793, 8.469816, 1.15973716, 7.75571581];
    let taylor = [0.70901971, 2.74821358, 4.56194926, 5.78823666, 7.2783459, 8.46810992, 1.06374654, 7.65747774];
    for (synapses, expected) in [(Synapses::Shift, shift), (Synapses::Taylor, taylor)] {
        let found = working_point(&parameters, synapses, &Search::default()).unwrap();
        for (found, expected) in found.rates_hz.iter().zip(expected) {
            close(*found, expected, 0.0, 1e-6, "rate");
        }
    }
}

/// The peer stops at a residual of 1e-7 Hz.
#[test]
fn the_network_of_brunel_over_its_plane() {
    let reference = json(&golden("brunel/parameters.json"));
    let rows = csv(&golden("brunel/rates.csv"));
    assert!(rows.len() > 40);
    for row in rows {
        let parameters = brunel(&reference, row["g"], row["nu_ext_hz"]);
        let found = working_point(&parameters, Synapses::Delta, &Search::default()).unwrap();
        let what = format!("g {} nu_ext {}", row["g"], row["nu_ext_hz"]);
        close(found.rates_hz[0], row["rate_hz"], 1e-7, 1e-6, &what);
        close(found.rates_hz[1], found.rates_hz[0], 1e-12, 0.0, &what);
        assert!(found.residual_hz < 1e-9, "{what}: {found:?}");
        close(found.input[0].mean_v, row["mu_V"], 1e-7, 1e-9, &what);
        close(found.input[0].sd_v, row["sigma_V"], 1e-7, 1e-9, &what);
    }
}

#[test]
fn networks_with_several_working_points() {
    let reference = json(&golden("sanzeni/networks.json"));
    for (name, network) in reference.as_object().unwrap() {
        for run in network["runs"].as_array().unwrap() {
            let rate_hz = run["nu_ext_hz"].as_f64().unwrap();
            let parameters = sanzeni(&network["params_mV_s"], rate_hz);
            let expected = numbers(&run["rates_hz"]);
            let what = format!("{name} {run}");
            // The flow and least squares of the peer stop at residuals of 1e-7 Hz and some 1e-4 Hz.
            let (is_flow, tolerance) = match run["method"].as_str().unwrap() {
                "ODE" => (true, 1e-6),
                _ => (false, 1e-3),
            };
            let all = fixed_points(&parameters, Synapses::Delta, &Search::default(), 64).unwrap();
            let matches = |point: &&WorkingPoint| {
                point.rates_hz.iter().zip(&expected).all(|(a, b)| (a - b).abs() <= tolerance * (1.0 + b.abs()))
            };
            let listed = || all.iter().map(|point| (&point.rates_hz, point.growth)).collect::<Vec<_>>();
            let point = all.iter().find(matches).unwrap_or_else(|| panic!("{what}: {:?}", listed()));
            assert!(point.residual_hz <= 1e-9);
            if is_flow {
                let found = working_point(&parameters, Synapses::Delta, &from(&numbers(&run["nu_0"]))).unwrap();
                assert!(matches(&&found), "{what}: {found:?} {:?}", listed());
                assert!(found.is_stable());
            }
        }
    }
}

/// Populations that differ in all parameters, with and without a constant current of 50 pA into 250 pF.
#[test]
fn populations_that_differ() {
    let reference = json(&golden("unlike_populations/rates.json"));
    let values = &reference["params_si"];
    let of = |key: &str, i: usize| values[key][i].as_f64().unwrap();
    let population = |i: usize, current_a: f64| Population {
        name: ["A", "B"][i].to_owned(),
        size: 100,
        neuron: Neuron {
            membrane_time_constant_s: of("tau_m", i),
            synaptic_time_constant_s: of("tau_s", i),
            refractory_period_s: of("tau_r", i),
            threshold_v: of("V_th_rel", i),
            reset_v: of("V_0_rel", i),
        },
        constant_input_v: of("tau_m", i) * current_a / 250e-12,
        drives: (0..2)
            .map(|j| Drive {
                in_degree: values["K_ext"][i][j].as_f64().unwrap(),
                rate_hz: of("nu_ext", j),
                weight_v: values["J_ext"][i][j].as_f64().unwrap(),
                weight_sd_v: 0.0,
            })
            .collect(),
    };
    for (key, current_a) in [("shift", 0.0), ("shift_with_I_ext_50pA_C_250pF", 50e-12)] {
        let mut parameters = Parameters::unconnected(vec![population(0, current_a), population(1, current_a)]);
        parameters.in_degree = matrix(&values["K"]);
        parameters.weight_v = matrix(&values["J"]);
        let found = working_point(&parameters, Synapses::Shift, &Search::default()).unwrap();
        for (found, expected) in found.rates_hz.iter().zip(numbers(&reference[key])) {
            close(*found, expected, 1e-7, 1e-9, key);
        }
        assert_eq!(input(&parameters, &found.rates_hz).unwrap(), found.input);
        // The expansion gives negative rates here, which the peer returns.
        if current_a == 0.0 {
            let error = working_point(&parameters, Synapses::Taylor, &Search::default()).unwrap_err();
            assert!(error.to_string().starts_with("population `"), "{error}");
        }
    }
}
