//! Transfer functions against values of mpmath (tests/golden/meanfield/neuron).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod golden;

use std::f64::consts::TAU;

use golden::Table;
use lapicque_meanfield::neuron::{
    Input, Neuron, NeuronError, Refractory, Synapses, TransferOptions, rate_and_derivatives, transfer_function,
    transfer_functions,
};
use num_complex::Complex64;

const POINTS: &str = include_str!("../../../tests/golden/meanfield/neuron/transfer_function_points.csv");
const WIDE: &str = include_str!("../../../tests/golden/meanfield/neuron/transfer_functions.csv");

const NEURON: Neuron = Neuron {
    membrane_time_constant_s: 0.01,
    synaptic_time_constant_s: 0.0005,
    refractory_period_s: 0.002,
    threshold_v: 0.015,
    reset_v: 0.0,
};
const ALL: [Synapses; 3] = [Synapses::Delta, Synapses::Shift, Synapses::Taylor];

fn options(synapses: Synapses, refractory: Refractory) -> TransferOptions {
    TransferOptions { synapses, refractory, synaptic_filter: false }
}

fn relative_error(value: Complex64, reference: Complex64) -> f64 {
    if value == reference { 0.0 } else { (value - reference).norm() / reference.norm() }
}

#[test]
fn low_to_high_frequencies_agree_with_the_synaptic_filter() {
    let table = Table::read(POINTS);
    for row in &table.rows {
        let (neuron, input) = table.neuron_and_input(row);
        let omega = Complex64::from(TAU * table.get(row, "freq_hz"));
        for (name, synapses, refractory) in [
            ("shift_ref", Synapses::Shift, Refractory::Nnmt),
            ("taylor_ref", Synapses::Taylor, Refractory::Nnmt),
            ("shift_refractory_corrected_ref", Synapses::Shift, Refractory::Corrected),
        ] {
            let reference =
                Complex64::new(table.get(row, &format!("{name}_re")), table.get(row, &format!("{name}_im")));
            let options = TransferOptions { synapses, refractory, synaptic_filter: true };
            let value = transfer_function(&neuron, input, omega, options).unwrap();
            let error = relative_error(value, reference);
            assert!(error < 5e-14, "{name} {input:?} {omega}: {value:e} against {reference:e}, {error:e}");
        }
    }
}

#[test]
fn complex_negative_and_very_high_frequencies_agree_over_all_regimes() {
    let table = Table::read(WIDE);
    for row in &table.rows {
        let (neuron, input) = table.neuron_and_input(row);
        let omega = Complex64::new(table.get(row, "omega_re"), table.get(row, "omega_im"));
        for (name, synapses, refractory, tolerance) in [
            ("shift_nnmt", Synapses::Shift, Refractory::Nnmt, 5e-14),
            ("shift_corrected", Synapses::Shift, Refractory::Corrected, 5e-14),
            // The correction is a difference of two larger numbers where the drive is strong.
            ("taylor_nnmt", Synapses::Taylor, Refractory::Nnmt, 1e-12),
            ("taylor_corrected", Synapses::Taylor, Refractory::Corrected, 1e-12),
        ] {
            let reference =
                Complex64::new(table.get(row, &format!("{name}_re")), table.get(row, &format!("{name}_im")));
            let value = transfer_function(&neuron, input, omega, options(synapses, refractory)).unwrap();
            let error = relative_error(value, reference);
            assert!(
                error < tolerance,
                "{name} {neuron:?} {input:?} {omega}: {value:e} against {reference:e}, {error:e}"
            );
        }
    }
}

#[test]
fn at_frequency_zero_it_is_the_derivative_of_the_rate_and_continuous() {
    for input in [Input { mean_v: 0.012, sd_v: 0.004 }, Input { mean_v: 0.03, sd_v: 0.002 }] {
        for synapses in ALL {
            let derivative = rate_and_derivatives(&NEURON, input, synapses).unwrap().by_mean_hz_per_v;
            let response = |omega: f64, refractory| {
                transfer_function(&NEURON, input, omega.into(), options(synapses, refractory)).unwrap()
            };
            for refractory in [Refractory::Corrected, Refractory::Nnmt] {
                assert!(relative_error(response(0.0, refractory), derivative.into()) < 1e-13);
            }
            assert!(relative_error(response(1e-9, Refractory::Corrected), derivative.into()) < 1e-10);
            // NNMT's jumps by the fraction of time that a neuron is refractory.
            assert!(relative_error(response(1e-9, Refractory::Nnmt), derivative.into()) > 1e-3);
        }
    }
}

#[test]
fn negative_frequencies_are_conjugates() {
    let input = Input { mean_v: 0.012, sd_v: 0.004 };
    for synapses in ALL {
        let response = |omega: f64| {
            transfer_function(&NEURON, input, omega.into(), options(synapses, Refractory::Corrected)).unwrap()
        };
        for omega in [0.3, 100.0, 1e4, 1e6] {
            assert_eq!(response(-omega), response(omega).conj());
        }
    }
}

#[test]
fn many_frequencies_at_once_give_the_same_bits() {
    let input = Input { mean_v: 0.01, sd_v: 0.003 };
    let omegas: Vec<Complex64> =
        (0..50).map(|i| Complex64::new(f64::from(i * i * i) * 3.0, f64::from(i % 3) * 10.0)).collect();
    for synapses in ALL {
        let options = options(synapses, Refractory::Corrected);
        let together = transfer_functions(&NEURON, input, &omegas, options).unwrap();
        for (&omega, response) in omegas.iter().zip(together) {
            assert_eq!(transfer_function(&NEURON, input, omega, options).unwrap(), response);
        }
    }
    assert!(
        transfer_functions(&NEURON, input, &[], options(Synapses::Shift, Refractory::Corrected)).unwrap().is_empty()
    );
}

#[test]
fn without_a_refractory_period_there_is_nothing_to_correct() {
    let neuron = Neuron { refractory_period_s: 0.0, ..NEURON };
    let input = Input { mean_v: 0.016, sd_v: 0.002 };
    for synapses in ALL {
        for omega in [0.0, 30.0, 2000.0] {
            let response =
                |refractory| transfer_function(&neuron, input, omega.into(), options(synapses, refractory)).unwrap();
            assert_eq!(response(Refractory::Corrected), response(Refractory::Nnmt));
        }
    }
}

#[test]
fn without_noise_it_is_the_limit_of_little_noise() {
    for (synapses, mean_v) in [(Synapses::Delta, 0.02), (Synapses::Shift, 0.02), (Synapses::Taylor, 0.0155)] {
        for omega in [Complex64::ZERO, Complex64::new(40.0, 0.0), Complex64::new(2000.0, -20.0)] {
            for refractory in [Refractory::Corrected, Refractory::Nnmt] {
                let response = |sd_v| {
                    transfer_function(&NEURON, Input { mean_v, sd_v }, omega, options(synapses, refractory)).unwrap()
                };
                let error = relative_error(response(1e-8), response(0.0));
                assert!(error < 1e-2, "{synapses:?} {omega} {error}: {} {}", response(1e-8), response(0.0));
                assert_eq!(response(1e-100), response(0.0));
            }
            let silent = Input { mean_v: 0.015, sd_v: 0.0 };
            assert_eq!(
                transfer_function(&NEURON, silent, omega, options(synapses, Refractory::Corrected)),
                Ok(Complex64::ZERO)
            );
        }
    }
}

#[test]
fn the_filter_of_the_synapse_is_a_factor() {
    let input = Input { mean_v: 0.012, sd_v: 0.004 };
    let omega = Complex64::new(700.0, 0.0);
    let response = |synapses, synaptic_filter| {
        let options = TransferOptions { synapses, refractory: Refractory::Corrected, synaptic_filter };
        transfer_function(&NEURON, input, omega, options).unwrap()
    };
    let factor = 1.0 / Complex64::new(1.0, 700.0 * 0.0005);
    assert!(relative_error(response(Synapses::Shift, true), response(Synapses::Shift, false) * factor) < 1e-15);
    assert_eq!(response(Synapses::Delta, true), response(Synapses::Delta, false));
}

#[test]
fn frequencies_out_of_range_are_named() {
    let input = Input { mean_v: 0.012, sd_v: 0.004 };
    let parameter = |re, im| {
        let omega = Complex64::new(re, im);
        match transfer_function(&NEURON, input, omega, options(Synapses::Shift, Refractory::Corrected)) {
            Err(NeuronError::OutOfRange { parameter, .. }) => parameter,
            other => panic!("{omega}: {other:?}"),
        }
    };
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e200] {
        assert_eq!(parameter(bad, 0.0), "omega.re");
        assert_eq!(parameter(0.0, bad), "omega.im");
    }
    assert_eq!(parameter(3.0, 100.0), "omega.im");
}

#[test]
fn extremes_give_finite_numbers() {
    for mean_v in [-1e3, 0.0, 0.0149999, 0.015, 0.0150001, 1e3] {
        for sd_v in [0.0, 5e-324, 1e-12, 1e-6, 1e-3, 1e3, 1e200] {
            for omega in [0.0, 1e-300, 0.777, 3e3, 1.234e9, 1e90] {
                for synapses in ALL {
                    let input = Input { mean_v, sd_v };
                    let response =
                        transfer_function(&NEURON, input, omega.into(), options(synapses, Refractory::Corrected));
                    assert!(response.is_ok_and(|n| n.is_finite()), "{input:?} {omega} {synapses:?}: {response:?}");
                }
            }
        }
    }
}
