//! All pairs of 100 neurons over 10^6 steps at about 10 spikes per 1000 steps, 20,000 trials.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;

use lapicque_numerics::random::StreamKey;
use lapicque_pointprocess::Event;
use lapicque_pointprocess::connectivity::{
    Bootstrap, Jitter, Lags, Trains, TransferEntropy, Trials, Windows, bootstrap, correlograms, estimate, jitter,
    transfer_entropy,
};

const NEURONS: usize = 100;
const STEPS: u64 = 1_000_000;

fn main() {
    divan::main();
}

fn trains() -> Trains {
    let mut generator = StreamKey::new([1; 16]).stream("spikes", 0);
    let event = |_| Event { step: generator.below(STEPS), neuron: generator.below(NEURONS as u64) as u32, count: 1 };
    let spikes: Vec<Event> = (0..NEURONS as u64 * STEPS / 100).map(event).collect();
    Trains::new(NEURONS, STEPS, spikes).unwrap()
}

fn onsets() -> Vec<u64> {
    (1..20_000).map(|trial| 50 * trial).collect()
}

fn sources() -> Vec<usize> {
    (0..NEURONS).collect()
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn six_estimators(bencher: divan::Bencher<'_, '_>) {
    let (trains, onsets) = (trains(), onsets());
    bencher.bench_local(|| {
        let trials = Trials::new(&trains, &onsets, &Windows::default()).unwrap();
        let of_source = |source| trials.sums(source).unwrap().iter().map(estimate).collect::<Vec<_>>();
        black_box((0..NEURONS).map(of_source).collect::<Vec<_>>())
    });
}

/// A tenth of the sources, 1000 repeats.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn bootstrap_of_ten_sources(bencher: divan::Bencher<'_, '_>) {
    let trials = Trials::new(&trains(), &onsets(), &Windows::default()).unwrap();
    let settings = Bootstrap { repeats: 1000, level: 0.95 };
    let key = StreamKey::new([2; 16]);
    bencher.bench_local(|| {
        let of_source = |source| bootstrap(&trials, source, &sources(), &settings, &key, &|| true).unwrap();
        black_box((0..NEURONS / 10).map(of_source).collect::<Vec<_>>())
    });
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn correlograms_of_41_lags(bencher: divan::Bencher<'_, '_>) {
    let trains = trains();
    bencher.bench_local(|| correlograms(&trains, &sources(), Lags { from: -20, to: 20 }, &|| true).unwrap());
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn exact_jitter(bencher: divan::Bencher<'_, '_>) {
    let trains = trains();
    let settings = Jitter { lags: Lags { from: 1, to: 5 }, interval: 20, repeats: 0 };
    bencher.bench_local(|| jitter(&trains, &sources(), &settings, &StreamKey::new([3; 16]), &|| true).unwrap());
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn transfer_entropies(bencher: divan::Bencher<'_, '_>) {
    let trains = trains();
    let settings = TransferEntropy { lag: 1, source_history: 1, target_history: 1, corrected: true };
    bencher.bench_local(|| transfer_entropy(&trains, &sources(), &settings, &|| true).unwrap());
}
