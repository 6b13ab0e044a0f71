//! Rates of the drive for a given working point, and low-pass filters, at their edges.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::f64::consts::TAU;

use lapicque_meanfield::network::{
    ExternalRateError, LowPassError, Parameters, Search, external_rates, fit_low_pass, low_pass_weights, scan_low_pass,
    working_point,
};
use lapicque_meanfield::neuron::{Input, Refractory, Synapses, TransferOptions};
use num_complex::Complex64;
use support::{close, golden, json, microcircuit};

fn parameters() -> Parameters {
    let reference = json(&golden("microcircuit/bos2016.json"));
    microcircuit(&reference["parameters"], &reference["parameters"]["populations"])
}

#[test]
fn the_drive_of_a_working_point_leads_back_to_it() {
    let parameters = parameters();
    let point = working_point(&parameters, Synapses::Shift, &Search::default()).unwrap();
    // One drive fulfils two equations, since there is a solution.
    let found = external_rates(&parameters, &point.input, Synapses::Shift, |_, _| true).unwrap();
    for (drives, rates) in
        found.drives_hz.iter().zip(&point.rates_hz).zip(&found.rates_hz).map(|((d, a), b)| (d, (a, b)))
    {
        close(drives[0], 8.0, 1e-11, 0.0, "drive");
        close(*rates.0, *rates.1, 1e-12, 0.0, "rate");
    }
}

/// An excitatory and an inhibitory drive on top of the one that is there.
#[test]
fn drives_can_be_added_to_those_that_are_there() {
    let mut parameters = parameters();
    for population in &mut parameters.populations {
        let there = population.drives[0];
        for factor in [1.0, -4.0] {
            let mut drive = there;
            (drive.in_degree, drive.weight_v, drive.rate_hz) = (1.0, factor * there.weight_v, f64::MAX);
            population.drives.push(drive);
        }
    }
    let point = working_point(&self::parameters(), Synapses::Shift, &Search::default()).unwrap();
    let target: Vec<Input> =
        point.input.iter().map(|input| Input { mean_v: input.mean_v - 5e-3, sd_v: input.sd_v * 1.5 }).collect();
    let found = external_rates(&parameters, &target, Synapses::Shift, |_, drive| drive > 0).unwrap();
    for (i, target) in target.iter().enumerate() {
        assert_eq!(found.drives_hz[i][0], 8.0);
        assert!(found.drives_hz[i][1] > 0.0 && found.drives_hz[i][2] > 0.0);
        close(found.input[i].mean_v, target.mean_v, 1e-12, 0.0, "mean");
        close(found.input[i].sd_v, target.sd_v, 1e-12, 0.0, "sd");
    }
    // The rates reproduce themselves.
    for (population, rates) in parameters.populations.iter_mut().zip(&found.drives_hz) {
        population.drives.iter_mut().zip(rates).for_each(|(drive, &rate)| drive.rate_hz = rate);
    }
    let search = Search { initial_rates_hz: Some(found.rates_hz.clone()), ..Search::default() };
    let again = working_point(&parameters, Synapses::Shift, &search).unwrap();
    for (found, again) in found.rates_hz.iter().zip(&again.rates_hz) {
        close(*found, *again, 1e-10, 0.0, "rate");
    }
}

#[test]
fn inputs_that_cannot_be_reached_are_refused() {
    let parameters = parameters();
    let quiet = vec![Input { mean_v: -0.1, sd_v: 1e-3 }; 8];
    let error = external_rates(&parameters, &quiet, Synapses::Shift, |_, _| true).unwrap_err();
    assert!(
        matches!(&error, ExternalRateError::Negative { population, drive: 0, .. } if population == "23E"),
        "{error}"
    );
    let error = external_rates(&parameters, &quiet, Synapses::Shift, |_, drive| drive > 0).unwrap_err();
    assert_eq!(error.to_string(), "`23E` has no free drive with synapses, so that its input cannot be set");
    let error = external_rates(&parameters, &quiet[..7], Synapses::Shift, |_, _| true).unwrap_err();
    assert_eq!(error.to_string(), "`target` has 7 values: it must have 8");
    let nothing = vec![Input { mean_v: f64::NAN, sd_v: 1e-3 }; 8];
    assert!(matches!(
        external_rates(&parameters, &nothing, Synapses::Shift, |_, _| true).unwrap_err(),
        ExternalRateError::Neuron { .. }
    ));
}

#[test]
fn a_low_pass_filter_is_found_again() {
    for (gain, tau) in [(1e3, 1e-3), (-2.0, 1.0), (1e-9, 1e-5)] {
        let omegas: Vec<f64> = (1..50).map(|f| TAU * f64::from(f) * 0.02 / tau).collect();
        let values: Vec<Complex64> = omegas.iter().map(|w| gain / (1.0 + Complex64::I * w * tau)).collect();
        let found = fit_low_pass(&omegas, &values).unwrap();
        close(found.gain_hz_per_v, gain, 1e-10, 0.0, "gain");
        close(found.time_constant_s, tau, 1e-10, 0.0, "tau");
        assert!(found.relative_error() < 1e-7);
    }
}

#[test]
fn fits_that_are_not_possible_are_refused() {
    let one = Complex64::ONE;
    let of = |omegas: &[f64], values: &[Complex64]| fit_low_pass(omegas, values).unwrap_err();
    assert_eq!(of(&[], &[]), LowPassError::TooFew { frequencies: 0 });
    // Magnitudes at w and -w are the same.
    assert_eq!(of(&[1.0, -1.0, 2.0], &[one; 3]), LowPassError::TooFew { frequencies: 2 });
    assert!(matches!(of(&[1.0, 2.0, 3.0], &[one; 2]), LowPassError::Parameters(_)));
    assert!(matches!(of(&[1.0, 2.0, 3.0], &[Complex64::ZERO; 3]), LowPassError::NotFinite { .. }));
    assert!(matches!(
        of(&[1.0, 2.0, 3.0], &[one, one, Complex64::from(f64::INFINITY)]),
        LowPassError::NotFinite { .. }
    ));
    assert!(matches!(of(&[1.0, 2.0, f64::NAN], &[one; 3]), LowPassError::Frequency { .. }));
    // Nothing falls here: a filter without extent.
    let flat = fit_low_pass(&[1.0, 2.0, 3.0, 4.0], &[one; 4]);
    assert!(flat.is_err() || flat.unwrap().time_constant_s < 1e-3);
    let parameters = parameters();
    assert!(low_pass_weights(&parameters, &[]).is_err());
    let options =
        TransferOptions { synapses: Synapses::Shift, refractory: Refractory::Corrected, synaptic_filter: true };
    let omegas: Vec<f64> = (1..100).map(|f| TAU * f64::from(f)).collect();
    let inputs = [Input { mean_v: 0.01, sd_v: 0.005 }, Input { mean_v: f64::NAN, sd_v: 0.005 }];
    let found = scan_low_pass(&parameters.populations[0].neuron, &inputs, &omegas, options);
    assert!(found[0].is_ok() && matches!(found[1], Err(LowPassError::Neuron(_))), "{found:?}");
}
