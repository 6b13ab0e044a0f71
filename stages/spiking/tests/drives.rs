//! Poisson drives against closed forms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{normal, relays};
use lapicque_network::{Bounds, Distribution, Drive, Network};
use lapicque_numerics::random::StreamKey;
use lapicque_spiking::{Options, Recording, simulate};

fn run(network: &Network, duration_ms: f64) -> Recording {
    let options = Options { time_step_ms: 0.1, duration_ms, transient_ms: 0.0 };
    simulate(network, &options, StreamKey::new([1; 16]), &|| false, &mut |_| {}).unwrap()
}

#[test]
fn poisson_drives_arrive_at_their_rate_after_their_delay() {
    let poisson = |rate_hz, weight, delay_ms| Drive::Poisson { rate_hz, synapses: 10.0, weight, delay_ms };
    let one = Distribution::constant(1.0);
    // Per step of 0.1 ms a neuron fires with probability 1 - exp(-sum of rates * step).
    for (drives, mean) in [
        (vec![poisson(8.0, one, 0.1)], 0.008),
        (vec![poisson(800.0, one, 0.1)], 0.8),
        (vec![poisson(300.0, one, 0.1), poisson(500.0, Distribution::constant(2.0), 0.1)], 0.8),
        (vec![poisson(800.0, normal(5.0, 0.1, Bounds::KeepSign), 0.1)], 0.8),
        (vec![poisson(800.0, Distribution::constant(-1.0), 0.1)], 0.0),
    ] {
        let recording = run(&relays(drives), 100.0);
        let (n, p) = (1000.0 * 999.0, 1.0 - f64::exp(-mean));
        let error = recording.step.len() as f64 - n * p;
        assert!(error.abs() <= 4.5 * (n * p * (1.0 - p)).sqrt(), "mean {mean}: off by {error} of {}", n * p);
    }
    let late = run(&relays(vec![poisson(10_000.0, one, 5.0)]), 10.0);
    assert_eq!(late.step.first(), Some(&51));
    // Independent between neurons: the variance of the number of spikes per step is binomial.
    let recording = run(&relays(vec![poisson(500.0, one, 0.1)]), 1000.1);
    let mut counts = vec![0.0; 10_000];
    recording.step.iter().for_each(|&step| counts[step as usize - 2] += 1.0);
    let mean = counts.iter().sum::<f64>() / 1e4;
    let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / 1e4;
    let p = 1.0 - f64::exp(-0.5);
    assert!((variance / (1000.0 * p * (1.0 - p)) - 1.0).abs() < 4.5 * (2.0f64 / 1e4).sqrt(), "{variance}");
}
