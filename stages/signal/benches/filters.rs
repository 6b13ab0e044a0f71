//! Zero-phase decimation and resampling by a rational factor, one thread.
#![allow(clippy::unwrap_used)]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use lapicque_signal::{decimate, resample};

const LEN: u32 = 160_000;

fn main() {
    divan::main();
}

#[divan::bench(args = [4, 10])]
fn decimate(bencher: Bencher, factor: usize) {
    let series = series();
    bencher.counter(ItemsCount::new(LEN)).bench_local(|| decimate::decimate(black_box(&series), factor).unwrap());
}

#[divan::bench(args = [(128, 125), (2, 1), (1, 10)])]
fn resample(bencher: Bencher, (up, down): (u32, u32)) {
    let series = series();
    bencher.counter(ItemsCount::new(LEN)).bench_local(|| resample::resample_by(black_box(&series), up, down).unwrap());
}

#[divan::bench]
fn decimate_as_scipy_10(bencher: Bencher) {
    let series = series();
    bencher.counter(ItemsCount::new(LEN)).bench_local(|| decimate::decimate_as_scipy(black_box(&series), 10).unwrap());
}

fn series() -> Vec<f64> {
    (0..LEN).map(|i| f64::from(i.wrapping_mul(2_654_435_761) >> 8)).collect()
}
