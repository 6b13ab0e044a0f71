//! Whole runs: ten networks of 50 neurons with pulses for 100,000 steps, and one network of 1000 neurons with half a
//! million connections for 10,000 steps. Networks are drawn as part of it; events are counted and dropped.

use divan::{Bencher, black_box};
use lapicque_numerics::random::StreamKey;
use lapicque_pointprocess::generators::{RandomNetwork, Weights, Wiring};
use lapicque_pointprocess::inputs::{Input, RegularPulses};
use lapicque_pointprocess::models::{BernoulliGlm, Compat};
use lapicque_pointprocess::{PointProcessError, Run, Start, Stream, simulate};

fn main() {
    divan::main();
}

/// Spikes of networks of Bernoulli neurons, of which the first four have pulses of 10 steps every 100.
fn spikes(networks: u64, neurons: usize, steps: u64) -> Result<usize, PointProcessError> {
    let key = StreamKey::new([1; 16]);
    let model = BernoulliGlm::default().model(Compat::None)?;
    let wiring = RandomNetwork {
        neurons,
        density: 0.5,
        wiring: Wiring::Everywhere,
        weights: Weights::Normal { mean: 0.0, sd: 5.0 },
        excitatory_part: Some(0.5),
        glorot: true,
    };
    let run = Run { steps, equilibration_steps: 100, start: Start::Random, traces: false, largest_mean_count: 500.0 };
    let regular = RegularPulses {
        strength: 5.0,
        period_steps: 100,
        width_steps: 10,
        start_step: 0,
        stop_step: None,
        from_zero: false,
    };
    let mask: Vec<bool> = (0..neurons).map(|neuron| neuron < 4).collect();
    let input = Input::regular_pulses(regular, &mask, neurons, steps as usize)?;
    let mut spikes = 0;
    for number in 0..networks {
        let network = wiring.generate(&key, number)?;
        let mut draws = Stream::new(&key, number);
        let mut add = |step: u64, drive: &mut [f64]| input.add(step, drive);
        spikes += simulate(&model, &network, &run, &mut draws, &mut add, &|| true)?.events.len();
    }
    Ok(spikes)
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn ten_networks_of_50_neurons_100_000_steps(bencher: Bencher) {
    bencher.bench(|| spikes(black_box(10), 50, 100_000));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn half_a_million_connections_10_000_steps(bencher: Bencher) {
    bencher.bench(|| spikes(black_box(1), 1000, 10_000));
}
