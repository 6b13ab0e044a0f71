//! catch24 of an autoregressive series x_i = 0.9 x_(i-1) + noise, one thread.
#![allow(clippy::unwrap_used)]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use lapicque_signal::catch22::{Catch22, Definitions, Options};

const LENGTHS: [usize; 4] = [1000, 5000, 16_000, 100_000];

fn main() {
    divan::main();
}

#[divan::bench(args = LENGTHS)]
fn catch24_v1(bencher: Bencher, n: usize) {
    run(bencher, n, Definitions::V1);
}

#[divan::bench(args = LENGTHS)]
fn catch24_v0(bencher: Bencher, n: usize) {
    run(bencher, n, Definitions::V0);
}

fn run(bencher: Bencher, n: usize, definitions: Definitions) {
    let series = autoregressive(n);
    let mut catch22 = Catch22::new(Options { definitions, ..Options::default() });
    bencher.counter(ItemsCount::new(n)).bench_local(|| catch22.compute(black_box(&series)));
}

fn autoregressive(n: usize) -> Vec<f64> {
    let mut state = 1_u64;
    let mut uniform = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut previous = 0.0;
    std::iter::repeat_with(|| {
        // Twelve uniform numbers: close enough to a normal one, out to six standard deviations.
        let noise: f64 = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
        previous = 0.9 * previous + noise;
        previous
    })
    .take(n)
    .collect()
}
