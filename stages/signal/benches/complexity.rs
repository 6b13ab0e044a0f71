//! Measures of complexity, Welch bands and cycles of an autoregressive series x_i = 0.9 x_(i-1) + noise, one thread.
#![allow(clippy::unwrap_used)]

use divan::{Bencher, black_box};
use lapicque_signal::bands::{Band, Integration, band_power};
use lapicque_signal::bursts::{Method, cycles};
use lapicque_signal::complexity::{
    Embedding, Matching, autocorrelation_decay, higuchi_fd, hjorth, hurst, katz_fd, lempel_ziv, line_length,
    periodogram_entropy, permutation_entropy, petrosian_fd, sample_and_approximate_entropy, svd_entropy,
    zero_crossings,
};
use lapicque_signal::welch::{Welch, welch};

const LENGTHS: [usize; 3] = [1000, 5000, 100_000];

fn main() {
    divan::main();
}

fn measured(bencher: Bencher, n: usize, measure: impl Fn(&[f64]) -> f64 + Sync) {
    let series = autoregressive(n);
    bencher.bench_local(|| measure(black_box(&series)));
}

#[divan::bench(args = LENGTHS)]
fn sample_and_approximate(bencher: Bencher, n: usize) {
    measured(bencher, n, |x| sample_and_approximate_entropy(x, Matching::default(), &|| false).unwrap().0);
}

#[divan::bench(args = LENGTHS)]
fn permutation(bencher: Bencher, n: usize) {
    measured(bencher, n, |x| permutation_entropy(x, Embedding::default(), false));
}

#[divan::bench(args = LENGTHS)]
fn svd(bencher: Bencher, n: usize) {
    measured(bencher, n, |x| svd_entropy(x, Embedding::default(), true));
}

#[divan::bench(args = LENGTHS)]
fn spectral(bencher: Bencher, n: usize) {
    measured(bencher, n, |x| periodogram_entropy(x, false));
}

#[divan::bench(args = LENGTHS)]
fn lempel_ziv_76(bencher: Bencher, n: usize) {
    measured(bencher, n, |x| lempel_ziv(x).phrases);
}

#[divan::bench(args = LENGTHS)]
fn higuchi(bencher: Bencher, n: usize) {
    measured(bencher, n, |x| higuchi_fd(x, 10));
}

#[divan::bench(args = LENGTHS)]
fn katz(bencher: Bencher, n: usize) {
    measured(bencher, n, katz_fd);
}

#[divan::bench(args = LENGTHS)]
fn petrosian(bencher: Bencher, n: usize) {
    measured(bencher, n, petrosian_fd);
}

#[divan::bench(args = LENGTHS)]
fn hjorth_three(bencher: Bencher, n: usize) {
    measured(bencher, n, |x| hjorth(x).complexity);
}

#[divan::bench(args = LENGTHS)]
fn crossings_and_length(bencher: Bencher, n: usize) {
    measured(bencher, n, |x| zero_crossings(x) + line_length(x));
}

#[divan::bench(args = LENGTHS)]
fn hurst_corrected(bencher: Bencher, n: usize) {
    measured(bencher, n, |x| hurst(x, 10, true));
}

#[divan::bench(args = LENGTHS)]
fn decay(bencher: Bencher, n: usize) {
    measured(bencher, n, autocorrelation_decay);
}

#[divan::bench(args = LENGTHS)]
fn welch_and_five_bands(bencher: Bencher, n: usize) {
    const EDGES: [(f64, f64); 5] = [(1.0, 4.0), (4.0, 8.0), (8.0, 13.0), (13.0, 30.0), (30.0, 45.0)];
    measured(bencher, n, |x| {
        let spectrum = welch(x, 250.0, &Welch::new(500)).unwrap();
        let power = |(low_hz, high_hz)| band_power(&spectrum, Band { low_hz, high_hz }, Integration::Trapezoid);
        EDGES.into_iter().map(power).sum()
    });
}

#[divan::bench(args = LENGTHS)]
fn cycle_by_cycle(bencher: Bencher, n: usize) {
    measured(bencher, n, |x| cycles(x, 250.0, &Method::new(8.0, 12.0)).unwrap().len() as f64);
}

fn autoregressive(n: usize) -> Vec<f64> {
    let mut state = 1_u64;
    let mut uniform = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut previous = 0.0;
    std::iter::repeat_with(|| {
        // Twelve uniform numbers: close enough to a normal one.
        let noise: f64 = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
        previous = 0.9 * previous + noise;
        previous
    })
    .take(n)
    .collect()
}
