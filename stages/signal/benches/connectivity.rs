//! Measures of connectivity of 32 channels, 60 epochs of 512 samples at 256 Hz, all pairs, one thread.
#![allow(clippy::unwrap_used)]

use divan::{Bencher, black_box};
use lapicque_signal::connectivity::{Band, CrossSpectra, Envelopes, Scale, pairs};

const CHANNELS: usize = 32;
const RATE_HZ: f64 = 256.0;
const ALPHA: Band = Band::Between { low_hz: 8.0, high_hz: 13.0 };

fn main() {
    divan::main();
}

#[divan::bench(args = [false, true], sample_count = 20)]
fn spectral_measures_of_all_frequencies(bencher: Bencher, phases: bool) {
    spectral(bencher, Band::Whole, phases);
}

#[divan::bench(args = [false, true], sample_count = 20)]
fn spectral_measures_of_alpha(bencher: Bencher, phases: bool) {
    spectral(bencher, ALPHA, phases);
}

fn spectral(bencher: Bencher, band: Band, phases: bool) {
    let epochs = epochs();
    let epochs: Vec<Vec<&[f64]>> = epochs.iter().map(|epoch| epoch.iter().map(Vec::as_slice).collect()).collect();
    bencher.bench_local(|| {
        let spectra = CrossSpectra::new(black_box(&epochs), RATE_HZ, None, &[band], phases).unwrap();
        pairs(CHANNELS).into_iter().map(|(one, other)| spectra.pair(one, other, 0).wpli).sum::<f64>()
    });
}

#[divan::bench(args = [false, true], sample_count = 10)]
fn envelope_correlations_of_alpha(bencher: Bencher, orthogonalise: bool) {
    let epochs = epochs();
    let epochs: Vec<Vec<&[f64]>> = epochs.iter().map(|epoch| epoch.iter().map(Vec::as_slice).collect()).collect();
    bencher.bench_local(|| {
        let mut sum = 0.0;
        for epoch in black_box(&epochs) {
            let envelopes = Envelopes::new(epoch, RATE_HZ, ALPHA, Scale::Amplitude).unwrap();
            for (one, other) in pairs(CHANNELS) {
                let found = envelopes.pair(one, other, orthogonalise);
                sum += found.plain + found.orthogonalised;
            }
        }
        sum
    });
}

fn epochs() -> Vec<Vec<Vec<f64>>> {
    let mut state = 1_u64;
    let mut noise = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    };
    (0..60).map(|_| (0..CHANNELS).map(|_| (0..512).map(|_| noise()).collect()).collect()).collect()
}
