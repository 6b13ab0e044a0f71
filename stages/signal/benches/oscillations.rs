//! Filters of frequencies, envelopes, detrended fluctuations and fE/I, one thread.
#![allow(clippy::unwrap_used)]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use lapicque_signal::dfa::{Dfa, DfaPlan};
use lapicque_signal::envelope::envelope;
use lapicque_signal::fei::{FeiOptions, FeiPlan};
use lapicque_signal::filter::fir::{self, Window};
use lapicque_signal::filter::iir::{self, Prototype};
use lapicque_signal::filter::line_noise::{self, LineNoise};
use lapicque_signal::filter::{Band, Phase};

/// 5 minutes at 100 Hz.
const LEN: usize = 30_000;
const CHANNELS: usize = 32;
const RATE_HZ: f64 = 256.0;
/// An hour.
const HOUR: usize = 3600 * 256;

fn main() {
    divan::main();
}

/// In place. 423 and 845 taps.
#[divan::bench(args = [(8.0, 13.0), (1.0, 40.0)], sample_count = 5)]
fn band_pass_of_32_channels_of_an_hour(bencher: Bencher, (low, high): (f64, f64)) {
    let channels: Vec<Vec<f64>> = (0..CHANNELS).map(|channel| series(HOUR, channel as u32)).collect();
    let mut channels = black_box(channels);
    bencher.counter(ItemsCount::new(CHANNELS * HOUR)).bench_local(|| {
        let filter = fir::design(Band::BandPass(low, high), None, Window::Hamming, RATE_HZ).unwrap();
        let plan = filter.plan();
        channels.iter_mut().for_each(|channel| plan.filter_in_place(channel, Phase::Zero));
    });
}

/// Into new memory, whose pages the system has to give first.
#[divan::bench(sample_count = 5)]
fn band_pass_of_32_channels_of_an_hour_to_new_ones(bencher: Bencher) {
    let channels: Vec<Vec<f64>> = (0..CHANNELS).map(|channel| series(HOUR, channel as u32)).collect();
    bencher.counter(ItemsCount::new(CHANNELS * HOUR)).bench_local(|| {
        let filter = fir::design(Band::BandPass(8.0, 13.0), None, Window::Hamming, RATE_HZ).unwrap();
        let plan = filter.plan();
        channels.iter().map(|channel| plan.filter(black_box(channel), Phase::Zero)).collect::<Vec<_>>()
    });
}

#[divan::bench]
fn butterworth_both_ways_of_an_hour(bencher: Bencher) {
    let series = series(HOUR, 1);
    let filter = iir::design(Prototype::Butterworth, 4, Band::BandPass(8.0, 13.0), RATE_HZ).unwrap();
    bencher.counter(ItemsCount::new(HOUR)).bench_local(|| filter.both_ways(black_box(&series), 1000));
}

#[divan::bench(sample_count = 5)]
fn line_noise_of_an_hour(bencher: Bencher) {
    let series = series(HOUR, 1);
    let noise = LineNoise { frequency_hz: 50.0, harmonics: 1, width_hz: 0.5, span_s: 4.0 };
    bencher
        .counter(ItemsCount::new(HOUR))
        .bench_local(|| line_noise::remove(black_box(&series), RATE_HZ, &noise).unwrap());
}

#[divan::bench]
fn envelope_of_an_hour(bencher: Bencher) {
    let series = series(HOUR, 1);
    bencher.counter(ItemsCount::new(HOUR)).bench_local(|| envelope(black_box(&series)));
}

/// 47 window sizes, as the peer computes by default, and those of the fit alone.
#[divan::bench(args = [[0.2, 50.0], [1.0, 30.0]])]
fn dfa_of_30000(bencher: Bencher, computed_s: [f64; 2]) {
    let series = envelope(&series(LEN, 1));
    let plan = DfaPlan::new(&Dfa { computed_s: Some(computed_s), ..Dfa::new([1.0, 30.0]) }, 100.0).unwrap();
    bencher.bench_local(|| plan.run(black_box(&series)));
}

#[divan::bench]
fn fei_of_30000(bencher: Bencher) {
    let series = envelope(&series(LEN, 1));
    let plan = FeiPlan::new(&FeiOptions { threshold: None, ..FeiOptions::default() }, 100.0).unwrap();
    bencher.bench_local(|| plan.run(black_box(&series), f64::NAN));
}

fn series(len: usize, seed: u32) -> Vec<f64> {
    let mut slow = 0.0;
    let of = |i: u32| f64::from(i.wrapping_add(seed).wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 24) - 0.5;
    (0..len as u32)
        .map(|i| {
            slow = 0.99 * slow + of(i);
            slow + of(i.wrapping_mul(7))
        })
        .collect()
}
