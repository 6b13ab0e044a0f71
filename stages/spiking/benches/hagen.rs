//! The network of Hagen et al. (2022), 17 million synapses: building it, and building it with one
//! second of activity. Time per simulated second is the difference.

#[path = "../tests/common/mod.rs"]
mod common;

use divan::{Bencher, black_box};
use lapicque_numerics::random::StreamKey;
use lapicque_spiking::{Options, Recording, SimulationError, simulate};

fn main() {
    divan::main();
}

fn run(external_pa: f64, duration_ms: f64) -> Result<Recording, SimulationError> {
    let options = Options { duration_ms, ..Options::default() };
    simulate(&common::hagen(external_pa), &options, StreamKey::new([1; 16]), &|| false, &mut |_| {})
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn build(bencher: Bencher) {
    bencher.bench(|| run(black_box(29.89), 0.0625));
}

/// J_ext in pA.
#[divan::bench(sample_count = 3, sample_size = 1, args = [26.0, 28.94, 29.89, 31.51])]
fn build_and_one_second(bencher: Bencher, external_pa: f64) {
    bencher.bench(|| run(black_box(external_pa), 1000.0));
}
