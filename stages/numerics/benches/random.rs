//! Nanoseconds per draw: divide by 8192.

use divan::{Bencher, black_box};
use lapicque_numerics::random::{Bernoulli, Generator, Lanes, Poisson, StreamKey};

const DRAWS: usize = 8192;

fn main() {
    divan::main();
}

fn generator() -> Generator {
    StreamKey::new([1; 16]).stream("bench", 0)
}

fn lanes() -> Lanes {
    StreamKey::new([1; 16]).derive("bench").lanes_at(0)
}

#[divan::bench]
fn new_stream(bencher: Bencher) {
    let key = StreamKey::new([1; 16]).derive("bench");
    bencher.bench(|| key.at(black_box(7)));
}

#[divan::bench]
fn uniform(bencher: Bencher) {
    let mut generator = generator();
    bencher.bench_local(|| (0..DRAWS).map(|_| generator.uniform()).sum::<f64>());
}

#[divan::bench]
fn normal(bencher: Bencher) {
    let mut generator = generator();
    bencher.bench_local(|| (0..DRAWS).map(|_| generator.normal()).sum::<f64>());
}

#[divan::bench(args = [0.4, 1.1625, 10.0, 100.0])]
fn poisson(bencher: Bencher, mean: f64) {
    let (mut lanes, mut counts) = (lanes(), vec![0i16; DRAWS]);
    let Ok(poisson) = Poisson::new(mean) else {
        return;
    };
    bencher.bench_local(|| poisson.fill(&mut lanes, black_box(&mut counts)));
}

#[divan::bench(args = [0.01, 0.2])]
fn bernoulli(bencher: Bencher, probability: f64) {
    let (mut lanes, mut indices) = (lanes(), Vec::with_capacity(DRAWS));
    let Ok(bernoulli) = Bernoulli::new(probability) else {
        return;
    };
    bencher.bench_local(|| {
        indices.clear();
        bernoulli.successes(&mut lanes, DRAWS as u32, black_box(&mut indices));
    });
}
