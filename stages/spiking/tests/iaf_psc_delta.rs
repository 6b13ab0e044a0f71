//! Firing rates of delta neurons under Poisson input against the diffusion approximation (Siegert
//! 1951; Brunel 2000, eq. 21).
//!
//! `1/nu = t_ref + tau sqrt(pi) int_{y_r}^{y_th} exp(u^2) (1 + erf u) du`, y = (V - mu)/sigma, `mu
//! = tau sum J nu`, `sigma^2 = tau sum J^2 nu`. A threshold looked at once a step of h acts as one
//! `-zeta(1/2)/sqrt(2 pi) sigma sqrt(h/tau)` higher (Broadie, Glasserman & Kou 1997,
//! doi:10.1111/1467-9965.00035).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod common;

use common::{connection, population};
use lapicque_network::{Distribution, Drive, Network, NeuronModel, Rule};
use lapicque_numerics::random::StreamKey;
use lapicque_spiking::statistics::rate_hz;
use lapicque_spiking::{Options, simulate};

const TAU_MS: f64 = 20.0;
const REFRACTORY_MS: f64 = 2.0;
const RESET_MV: f64 = 10.0;
const THRESHOLD_MV: f64 = 20.0;
const STEP_MS: f64 = 0.1;
const DISCRETE_SHIFT: f64 = 0.582_597_157_939_010_6;

/// Inputs are (mV, 1/s).
fn siegert_hz(inputs: &[(f64, f64)]) -> f64 {
    let moment = |power: i32| inputs.iter().map(|(j, rate)| j.powi(power) * rate * 1e-3 * TAU_MS).sum::<f64>();
    let (mu, sigma) = (moment(1), moment(2).sqrt());
    let threshold = THRESHOLD_MV + DISCRETE_SHIFT * sigma * (STEP_MS / TAU_MS).sqrt();
    let (low, high) = ((RESET_MV - mu) / sigma, (threshold - mu) / sigma);
    let n = 20_000;
    let width = (high - low) / f64::from(n);
    let f = |u: f64| libm::exp(u * u) * libm::erfc(-u);
    let integral: f64 = (0..n).map(|i| f(low + (f64::from(i) + 0.5) * width) * width).sum();
    1e3 / (REFRACTORY_MS + TAU_MS * std::f64::consts::PI.sqrt() * integral)
}

/// Parameters of the neurons here.
const VALUES: [(&str, f64); 6] = [
    ("tau_m", TAU_MS),
    ("E_L", 0.0),
    ("V_m", 0.0),
    ("V_reset", RESET_MV),
    ("V_th", THRESHOLD_MV),
    ("t_ref", REFRACTORY_MS),
];

#[test]
fn rates_under_poisson_input_follow_siegert() {
    for inputs in [vec![(0.1, 10_000.0)], vec![(0.1, 14_000.0)], vec![(0.1, 20_000.0), (-0.5, 2_200.0)]] {
        let drives = inputs
            .iter()
            .map(|&(weight, rate_hz)| Drive::Poisson {
                rate_hz,
                synapses: 1.0,
                weight: Distribution::constant(weight),
                delay_ms: 0.1,
            })
            .collect();
        let neurons = population("A", 2000, NeuronModel::IafPscDelta, &VALUES, drives);
        let network = Network { name: "siegert".into(), populations: vec![neurons], connections: vec![] };
        let options = Options { time_step_ms: STEP_MS, duration_ms: 1200.0, transient_ms: 200.0 };
        let recording = simulate(&network, &options, StreamKey::new([2; 16]), &|| false, &mut |_| {}).unwrap();
        let (ours, theory) = (rate_hz(&recording, 0), siegert_hz(&inputs));
        println!("{inputs:?}: {ours:.3} Hz, theory {theory:.3} Hz");
        assert!(theory > 5.0 && (ours / theory - 1.0).abs() < 0.02, "{inputs:?}: {ours} Hz, theory {theory} Hz");
    }
}

/// Brunel (2000), model A: 10000 excitatory and 2500 inhibitory neurons, 1000 and 250 synapses onto each, J = 0.1 mV,
/// delays of 1.5 ms; external rate in units of the rate that alone reaches the threshold.
fn brunel(g: f64, external: f64) -> Network {
    let drive = || {
        vec![Drive::Poisson {
            rate_hz: 10.0 * external,
            synapses: 1000.0,
            weight: Distribution::constant(0.1),
            delay_ms: 1.5,
        }]
    };
    let onto = |pre: &str, post: &str, k: f64, weight: f64| {
        let rule = Rule::InDegree { k, autapses: false, multapses: true };
        connection(pre, post, rule, Distribution::constant(weight), Distribution::constant(1.5))
    };
    Network {
        name: "brunel".into(),
        populations: vec![
            population("E", 10_000, NeuronModel::IafPscDelta, &VALUES, drive()),
            population("I", 2_500, NeuronModel::IafPscDelta, &VALUES, drive()),
        ],
        connections: vec![
            onto("E", "E", 1000.0, 0.1),
            onto("E", "I", 1000.0, 0.1),
            onto("I", "E", 250.0, -0.1 * g),
            onto("I", "I", 250.0, -0.1 * g),
        ],
    }
}

#[test]
fn the_asynchronous_state_of_brunel_has_the_rate_of_its_theory() {
    if cfg!(debug_assertions) {
        println!("skipped: run with --release");
        return;
    }
    // Self-consistent Siegert rates of Brunel's network.
    for (g, external, theory) in [(5.0, 2.0, 37.949_697_085_763_36), (6.0, 3.0, 39.585_020_967_996_73)] {
        let options = Options { time_step_ms: STEP_MS, duration_ms: 600.0, transient_ms: 200.0 };
        let recording =
            simulate(&brunel(g, external), &options, StreamKey::new([3; 16]), &|| false, &mut |_| {}).unwrap();
        for population in [0, 1] {
            let ours = rate_hz(&recording, population);
            println!("g {g}, external {external}: {ours:.2} Hz, theory {theory:.2} Hz");
            assert!((ours / theory - 1.0).abs() < 0.05, "g {g}, external {external}: {ours} Hz, theory {theory} Hz");
        }
    }
}
