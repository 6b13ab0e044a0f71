//! Stationary rates and their derivatives against values of mpmath (tests/golden/meanfield/neuron).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod golden;

use golden::{Table, relative_error};
use lapicque_meanfield::neuron::{Input, Neuron, NeuronError, Synapses, firing_rate, rate_and_derivatives};

const GRID: &str = include_str!("../../../tests/golden/meanfield/neuron/siegert_grid.csv");
const DERIVATIVES: &str = include_str!("../../../tests/golden/meanfield/neuron/rates_and_derivatives.csv");

const THEORIES: [(Synapses, &str); 3] =
    [(Synapses::Delta, "delta"), (Synapses::Shift, "shift"), (Synapses::Taylor, "taylor")];

const NEURON: Neuron = Neuron {
    membrane_time_constant_s: 0.01,
    synaptic_time_constant_s: 0.0005,
    refractory_period_s: 0.002,
    threshold_v: 0.015,
    reset_v: 0.0,
};

/// The rate, and that of a Taylor expansion that is refused as well.
fn rate(neuron: &Neuron, input: Input, synapses: Synapses) -> f64 {
    match firing_rate(neuron, input, synapses) {
        Ok(rate_hz) | Err(NeuronError::NegativeRate { rate_hz }) => rate_hz,
        Err(error) => panic!("{input:?}: {error}"),
    }
}

/// A rate of exp(-y^2) carries the rounding of y, twice y^2 of it.
fn tolerance(neuron: &Neuron, input: Input) -> f64 {
    let y = ((neuron.threshold_v - input.mean_v) / input.sd_v).max(0.0);
    5e-14 + 3e-16 * y.powi(2)
}

#[test]
fn rates_agree_over_the_whole_grid() {
    let table = Table::read(GRID);
    for row in &table.rows {
        let (neuron, input) = table.neuron_and_input(row);
        for (synapses, name) in THEORIES {
            let reference = table.get(row, &format!("nu_{name}_ref_hz"));
            let value = rate(&neuron, input, synapses);
            let error = relative_error(value, reference);
            assert!(error <= tolerance(&neuron, input), "{name} {input:?}: {value:e} against {reference:e}, {error:e}");
        }
        let value = rate_and_derivatives(&neuron, input, Synapses::Delta).unwrap().by_mean_hz_per_v;
        let reference = table.get(row, "dnu_dmu_delta_ref_hz_per_V");
        let error = relative_error(value, reference);
        assert!(error <= tolerance(&neuron, input), "by mean {input:?}: {value:e} against {reference:e}, {error:e}");
    }
}

#[test]
fn derivatives_agree_for_other_neurons_and_all_theories() {
    let table = Table::read(DERIVATIVES);
    for row in &table.rows {
        let (neuron, input) = table.neuron_and_input(row);
        for (synapses, name) in THEORIES {
            let reference = |what: &str, unit: &str| table.get(row, &format!("{what}_{name}_{unit}"));
            if reference("nu", "hz") < 0.0 {
                assert!(matches!(
                    rate_and_derivatives(&neuron, input, synapses),
                    Err(NeuronError::NegativeRate { rate_hz }) if relative_error(rate_hz, reference("nu", "hz")) < 1e-13
                ));
                continue;
            }
            let values = rate_and_derivatives(&neuron, input, synapses).unwrap();
            let error = relative_error(values.rate_hz, reference("nu", "hz"));
            assert!(error <= tolerance(&neuron, input), "{name} {neuron:?} {input:?}: {values:?}, {error:e}");
            // Differences between threshold and reset cancel up to three digits.
            for (value, reference) in [
                (values.by_mean_hz_per_v, reference("by_mean", "hz_per_V")),
                (values.by_sd_hz_per_v, reference("by_sd", "hz_per_V")),
            ] {
                let error = relative_error(value, reference);
                assert!(
                    error <= 1e-12 + tolerance(&neuron, input),
                    "{name} {neuron:?} {input:?}: {value:e} against {reference:e}, {error:e}"
                );
            }
            assert_eq!(firing_rate(&neuron, input, synapses).unwrap(), values.rate_hz);
        }
    }
}

#[test]
fn without_noise_the_rate_is_the_deterministic_one_and_the_limit_of_little_noise() {
    let rate_hz = |mean_v, sd_v, synapses| firing_rate(&NEURON, Input { mean_v, sd_v }, synapses).unwrap();
    for (synapses, _) in THEORIES {
        for mean_v in [0.0151_f64, 0.02, 0.3] {
            let exact = 1.0 / (0.002 + 0.01 * (mean_v / (mean_v - 0.015)).ln());
            assert!(relative_error(rate_hz(mean_v, 0.0, synapses), exact) < 1e-12);
            assert!(relative_error(rate_hz(mean_v, 1e-14, synapses), exact) < 1e-9);
            let derivatives = |sd_v| {
                rate_and_derivatives(&NEURON, Input { mean_v, sd_v }, synapses)
                    .map(|d| (d.by_mean_hz_per_v, d.by_sd_hz_per_v))
            };
            let (none, little) = (derivatives(0.0).unwrap(), derivatives(1e-9).unwrap());
            assert!(relative_error(little.0, none.0) < 1e-4, "{little:?} {none:?}");
            assert!((little.1 - none.1).abs() < 1e-3 * none.0, "{little:?} {none:?}");
        }
        for mean_v in [-1.0, 0.0, 0.015] {
            assert_eq!(rate_hz(mean_v, 0.0, synapses), 0.0);
        }
        // So little noise that its reciprocal overflows.
        assert_eq!(rate_hz(0.02, 1e-320, synapses), rate_hz(0.02, 0.0, synapses));
    }
}

#[test]
fn without_refractoriness_the_mean_intervals_differ_by_the_refractory_period() {
    let free = Neuron { refractory_period_s: 0.0, ..NEURON };
    for input in [Input { mean_v: 0.01, sd_v: 0.004 }, Input { mean_v: 0.03, sd_v: 0.001 }] {
        let interval_s = |neuron| 1.0 / firing_rate(neuron, input, Synapses::Shift).unwrap();
        assert!((interval_s(&NEURON) - interval_s(&free) - 0.002).abs() < 1e-15);
    }
}

#[test]
fn instantaneous_filtered_synapses_are_delta_synapses() {
    let neuron = Neuron { synaptic_time_constant_s: 0.0, ..NEURON };
    let input = Input { mean_v: 0.012, sd_v: 0.003 };
    let delta = rate_and_derivatives(&neuron, input, Synapses::Delta).unwrap();
    assert_eq!(rate_and_derivatives(&neuron, input, Synapses::Shift).unwrap(), delta);
    assert_eq!(rate_and_derivatives(&neuron, input, Synapses::Taylor).unwrap(), delta);
}

#[test]
fn extreme_inputs_give_a_rate_and_never_nan() {
    for mean_v in [-1e300, -1e3, 0.0, 0.0149999999, 0.015, 0.0150000001, 1e3, 1e300] {
        for sd_v in [0.0, 5e-324, 1e-300, 1e-12, 1e-3, 1e3, 1e300] {
            let input = Input { mean_v, sd_v };
            for (synapses, _) in THEORIES {
                match rate_and_derivatives(&NEURON, input, synapses) {
                    Ok(values) => {
                        assert!((0.0..=500.000001).contains(&values.rate_hz), "{input:?} {synapses:?}: {values:?}");
                        assert!(values.by_mean_hz_per_v.is_finite() && values.by_sd_hz_per_v.is_finite());
                    }
                    Err(error) => assert!(
                        matches!(error, NeuronError::NegativeRate { .. } if synapses == Synapses::Taylor),
                        "{input:?} {synapses:?}: {error}"
                    ),
                }
            }
        }
    }
}

#[test]
fn parameters_out_of_range_are_named() {
    let input = Input { mean_v: 0.01, sd_v: 0.004 };
    let message = |neuron, input| firing_rate(&neuron, input, Synapses::Shift).unwrap_err().to_string();
    for bad in [-0.01, f64::NAN, f64::INFINITY] {
        for (neuron, name) in [
            (Neuron { membrane_time_constant_s: bad, ..NEURON }, "membrane_time_constant_s"),
            (Neuron { synaptic_time_constant_s: bad, ..NEURON }, "synaptic_time_constant_s"),
            (Neuron { refractory_period_s: bad, ..NEURON }, "refractory_period_s"),
        ] {
            let message = message(neuron, input);
            assert!(message.contains(name) && message.contains(&bad.to_string()), "{message}");
        }
        assert!(message(NEURON, Input { sd_v: bad, ..input }).contains("`sd_v`"));
    }
    for bad in [f64::NAN, f64::NEG_INFINITY] {
        assert!(message(NEURON, Input { mean_v: bad, ..input }).contains("`mean_v`"));
        assert!(message(Neuron { threshold_v: bad, ..NEURON }, input).contains("`threshold_v`"));
        assert!(message(Neuron { reset_v: bad, ..NEURON }, input).contains("`reset_v`"));
    }
    assert!(message(Neuron { membrane_time_constant_s: 0.0, ..NEURON }, input).contains("above 0"));
    assert_eq!(
        firing_rate(&Neuron { reset_v: 0.015, ..NEURON }, input, Synapses::Delta),
        Err(NeuronError::ThresholdNotAboveReset { threshold_v: 0.015, reset_v: 0.015 })
    );
}

#[test]
fn slow_synapses_are_told_apart_and_computed() {
    let input = Input { mean_v: 0.01, sd_v: 0.004 };
    let neuron = |tau_s| Neuron { synaptic_time_constant_s: tau_s, ..NEURON };
    assert!(!neuron(0.001).has_slow_synapses() && neuron(0.00101).has_slow_synapses());
    let rates = [0.001, 0.00101, 0.1].map(|tau_s| firing_rate(&neuron(tau_s), input, Synapses::Shift).unwrap());
    assert!(rates[0] > rates[1] && rates[1] > rates[2], "{rates:?}");
    assert_eq!(firing_rate(&neuron(0.1), input, Synapses::Delta), firing_rate(&neuron(0.0), input, Synapses::Delta));
}

#[test]
fn a_rate_without_bound_is_an_error() {
    let neuron = Neuron { refractory_period_s: 0.0, ..NEURON };
    let result = firing_rate(&neuron, Input { mean_v: 1e308, sd_v: 0.0 }, Synapses::Delta);
    assert!(matches!(result, Err(NeuronError::NotFinite { quantity: "rate", .. })), "{result:?}");
}
