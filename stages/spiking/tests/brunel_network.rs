//! The shipped network of Brunel (2000) against the stationary rates of its mean-field theory.
//!
//! At the two points the activity is asynchronous and irregular, and the theory is exact but for correlations.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use lapicque_network::{NetworkFile, shipped};
use lapicque_numerics::random::StreamKey;
use lapicque_spiking::statistics::{interval_cv, rate_hz};
use lapicque_spiking::{Options, simulate};

const GOLDEN: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/nnmt_networks/brunel_delta_rates.csv"));

#[test]
fn rates_are_those_of_the_theory() {
    if cfg!(debug_assertions) {
        println!("skipped: run with --release");
        return;
    }
    let file = NetworkFile::parse(shipped("brunel").unwrap(), "brunel").unwrap();
    let options = Options { time_step_ms: 0.1, duration_ms: 600.0, transient_ms: 100.0 };
    for line in GOLDEN.lines().skip(1) {
        let golden: Vec<f64> = line.split(',').map(|number| number.parse().unwrap()).collect();
        let [g, external_hz, expected_hz] = golden[..] else { panic!("{line}") };
        let network = file.with(&[("g", g), ("nu_ext", external_hz)]).unwrap();
        let recording = simulate(&network, &options, StreamKey::new([1; 16]), &|| false, &mut |_| {}).unwrap();
        for population in 0..2 {
            let found = rate_hz(&recording, population);
            assert!((found / expected_hz - 1.0).abs() < 0.03, "g = {g}: {found} Hz, {expected_hz} Hz expected");
            assert!((0.3..1.0).contains(&interval_cv(&recording, population, 4)));
        }
    }
}
