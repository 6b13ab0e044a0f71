//! Coefficients of variation against values of mpmath (tests/golden/meanfield/neuron).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod golden;

use golden::{Table, relative_error};
use lapicque_meanfield::neuron::{Input, Neuron, NeuronError, Synapses, coefficient_of_variation};

const VARIABILITY: &str = include_str!("../../../tests/golden/meanfield/neuron/variability.csv");

const NEURON: Neuron = Neuron {
    membrane_time_constant_s: 0.01,
    synaptic_time_constant_s: 0.0005,
    refractory_period_s: 0.002,
    threshold_v: 0.015,
    reset_v: 0.0,
};

#[test]
fn rare_regular_and_irregular_spikes_agree() {
    let table = Table::read(VARIABILITY);
    for row in &table.rows {
        let (neuron, input) = table.neuron_and_input(row);
        let value = coefficient_of_variation(&neuron, input, Synapses::Shift).unwrap();
        let error = relative_error(value, table.get(row, "cv"));
        assert!(error < 2e-14, "{neuron:?} {input:?}: {value} against {}, {error:e}", table.get(row, "cv"));
    }
}

#[test]
fn without_noise_a_firing_neuron_is_regular_and_a_silent_one_has_the_limit_of_rare_spikes() {
    let cv = |mean_v, sd_v| coefficient_of_variation(&NEURON, Input { mean_v, sd_v }, Synapses::Delta).unwrap();
    assert_eq!((cv(0.02, 0.0), cv(0.01, 0.0)), (0.0, 1.0));
    assert!(cv(0.02, 1e-10) < 1e-7 && cv(0.02, 1e-10) > 0.0);
    // Proportional to the noise.
    assert!((cv(0.02, 1e-9) / cv(0.02, 1e-10) - 10.0).abs() < 1e-6);
    assert_eq!(cv(0.01, 1e-4), 1.0);
    assert!((cv(0.01, 9e-4) - 1.0).abs() < 1e-9);
}

#[test]
fn extremes_give_finite_numbers() {
    for mean_v in [-1e3, 0.0, 0.0149999, 0.015, 0.0150001, 0.1, 1e3] {
        for sd_v in [5e-324, 1e-12, 1e-6, 1e-3, 1.0, 1e3] {
            let input = Input { mean_v, sd_v };
            let cv = coefficient_of_variation(&NEURON, input, Synapses::Shift);
            assert!(cv.is_ok_and(|cv| (0.0..100.0).contains(&cv)), "{input:?}: {cv:?}");
        }
    }
}

#[test]
fn the_taylor_expansion_has_no_such_theory() {
    let input = Input { mean_v: 0.01, sd_v: 0.004 };
    assert_eq!(coefficient_of_variation(&NEURON, input, Synapses::Taylor), Err(NeuronError::NoVariabilityOfTaylor));
    let bad = Input { sd_v: f64::NAN, ..input };
    assert!(coefficient_of_variation(&NEURON, bad, Synapses::Shift).is_err());
}
