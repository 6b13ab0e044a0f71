#![allow(clippy::unwrap_used)]
use super::*;
use crate::filter::Band;
use crate::filter::iir::{Prototype, design};

fn butterworth(order: u32, band: Band) -> Sections {
    design(Prototype::Butterworth, order, band, 250.0).unwrap()
}

#[test]
fn an_offset_stays_or_goes_at_once() {
    let series = vec![1e6; 300];
    let low = butterworth(4, Band::LowPass(20.0));
    let high = butterworth(4, Band::HighPass(1.0));
    for filtered in [low.both_ways(&series, 50), low.forwards(&series, Start::Steady)] {
        assert!(filtered.iter().all(|y| (y - 1e6).abs() < 1e-4), "{filtered:?}");
    }
    for filtered in [high.both_ways(&series, 50), high.forwards(&series, Start::Steady)] {
        assert!(filtered.iter().all(|y| y.abs() < 1e-4), "{filtered:?}");
    }
    // From rest the offset is a step.
    assert!(high.forwards(&series, Start::Rest)[0] > 9e5);
}

#[test]
fn nothing_is_shifted_both_ways_and_the_gain_is_squared() {
    let filter = butterworth(3, Band::BandPass(8.0, 13.0));
    let wave = |i: usize| (std::f64::consts::TAU * 14.0 * (i as f64 - 1000.0) / 250.0).cos();
    let series: Vec<f64> = (0..2001).map(wave).collect();
    let filtered = filter.both_ways(&series, 400);
    let gain = filter.response(14.0, 250.0).norm_sqr();
    assert!(gain < 0.5 && gain > 0.05, "{gain}");
    for i in 800..1200 {
        assert!((filtered[i] - gain * series[i]).abs() < 1e-6, "{i}");
    }
}

#[test]
fn of_a_response_one_per_cent_is_left_beyond_its_memory() {
    for band in [Band::LowPass(20.0), Band::HighPass(0.5), Band::BandPass(8.0, 13.0), Band::BandStop(48.0, 52.0)] {
        for order in [1, 2, 5] {
            let filter = butterworth(order, band);
            let memory = filter.memory();
            let mut pulse = vec![0.0; 20_000];
            pulse[0] = 1.0;
            let response = filter.forwards(&pulse, Start::Rest);
            let sum = |values: &[f64]| values.iter().map(|y| y.abs()).sum::<f64>();
            let all = sum(&response);
            assert!(sum(&response[memory..]) <= OUTSIDE * all, "{band:?} {order}");
            assert!(sum(&response[memory - 1..]) > OUTSIDE * all, "{band:?} {order}");
        }
    }
}

#[test]
fn short_series_are_filtered_with_what_there_is_to_reflect() {
    let filter = butterworth(2, Band::LowPass(20.0));
    assert_eq!(filter.both_ways(&[], 10), []);
    assert_eq!(filter.forwards(&[], Start::Steady), []);
    assert!((filter.both_ways(&[5.0], 10)[0] - 5.0).abs() < 1e-12);
    let two = filter.both_ways(&[5.0, 5.0], 10);
    assert!(two.len() == 2 && two.iter().all(|y| (y - 5.0).abs() < 1e-12));
    // More than there is to reflect is no more than that.
    let series: Vec<f64> = (0..30).map(|i| f64::from(i * i % 17)).collect();
    assert_eq!(filter.both_ways(&series, 29), filter.both_ways(&series, 1000));
    assert_ne!(filter.both_ways(&series, 29), filter.both_ways(&series, 3));
}

#[test]
fn chains_of_any_length_give_the_same_as_their_sections_one_by_one() {
    let series: Vec<f64> = (0..200).map(|i| f64::from(i * i % 23)).collect();
    for order in 1..=12 {
        let filter = butterworth(order, Band::LowPass(30.0));
        let one_by_one = filter.sections.iter().fold(series.clone(), |series, section| {
            Sections { gain: 1.0, sections: vec![*section] }.forwards(&series, Start::Rest)
        });
        let together = filter.forwards(&series, Start::Rest);
        for (a, b) in together.iter().zip(one_by_one) {
            assert!((a - filter.gain * b).abs() < 1e-10, "{order}: {a} != {}", filter.gain * b);
        }
    }
}
