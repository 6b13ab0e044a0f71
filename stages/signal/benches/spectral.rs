//! Welch's spectrum of 20 s at 250 Hz in segments of 4 s, and its parameters from 1 to 50 Hz (197 bins, up to 5 peaks),
//! one thread. `spectral_peers.py` times scipy, fooof and specparam on the same series.
#![allow(clippy::unwrap_used)]

use std::f64::consts::TAU;

use divan::{Bencher, black_box};
use lapicque_signal::multitaper::{Multitaper, Tapered};
use lapicque_signal::spectral_parameters::{Aperiodic, Settings, fit};
use lapicque_signal::welch::{Segments, Welch, welch};

const RATE_HZ: f64 = 250.0;
const SEGMENT: usize = 1000;

fn main() {
    divan::main();
}

fn settings() -> Settings {
    Settings { frequency_range_hz: Some((1.0, 50.0)), max_peaks: Some(5), ..Settings::default() }
}

#[divan::bench(args = 1..=4)]
fn welch_and_fit(bencher: Bencher, seed: u64) {
    let series = series(seed);
    let mut segments = Segments::new(&Welch::new(SEGMENT), series.len(), RATE_HZ).unwrap();
    bencher.bench_local(|| {
        let spectrum = segments.spectrum(black_box(&series)).unwrap();
        fit(&spectrum.frequencies_hz, &spectrum.power, &settings()).unwrap()
    });
}

/// Of 64 series, for the mean over them.
#[divan::bench(sample_count = 20)]
fn welch_and_fit_of_64(bencher: Bencher) {
    let all: Vec<Vec<f64>> = (1..=64).map(series).collect();
    let mut segments = Segments::new(&Welch::new(SEGMENT), 5000, RATE_HZ).unwrap();
    bencher.bench_local(|| {
        for series in &all {
            let spectrum = segments.spectrum(black_box(series)).unwrap();
            black_box(fit(&spectrum.frequencies_hz, &spectrum.power, &settings()).unwrap());
        }
    });
}

#[divan::bench(args = 1..=4)]
fn fit_alone(bencher: Bencher, seed: u64) {
    let spectrum = welch(&series(seed), RATE_HZ, &Welch::new(SEGMENT)).unwrap();
    bencher.bench_local(|| fit(black_box(&spectrum.frequencies_hz), &spectrum.power, &settings()).unwrap());
}

#[divan::bench(args = 1..=4)]
fn fit_with_a_knee(bencher: Bencher, seed: u64) {
    let spectrum = welch(&series(seed), RATE_HZ, &Welch::new(SEGMENT)).unwrap();
    let settings = Settings { aperiodic: Aperiodic::Knee, ..settings() };
    bencher.bench_local(|| fit(black_box(&spectrum.frequencies_hz), &spectrum.power, &settings).unwrap());
}

#[divan::bench]
fn adaptive_multitaper(bencher: Bencher) {
    let series = series(1);
    let mut tapered = Tapered::new(&Multitaper::default(), series.len(), RATE_HZ).unwrap();
    bencher.bench_local(|| tapered.spectrum(black_box(&series)).unwrap());
}

/// An autoregressive process with waves of 6, 10 and 22 Hz that come and go.
fn series(seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut uniform = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut previous = 0.0;
    (0..5000)
        .map(|i| {
            let noise = uniform() + uniform() + uniform() - 1.5;
            previous = 0.95 * previous + noise;
            let t = f64::from(i) / RATE_HZ;
            let wave = |hz: f64, slow: f64, size: f64| size * (TAU * slow * t).sin() * (TAU * hz * t).sin();
            previous + wave(6.0, 0.3, 0.5) + wave(10.0, 0.7, 1.0) + wave(22.0, 1.1, 0.5)
        })
        .collect()
}
