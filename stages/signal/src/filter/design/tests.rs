#![allow(clippy::unwrap_used)]
use proptest::num::f64::ANY;
use proptest::prelude::*;

use super::*;
use crate::filter::Start;

const RATE: f64 = 250.0;

fn all() -> Vec<Filter> {
    let methods = [
        Method::Fir { window: Window::Hamming, transition_hz: None },
        Method::Recursive { prototype: Prototype::Butterworth, order: 4 },
        Method::Recursive { prototype: Prototype::Chebyshev1 { ripple_db: 0.5 }, order: 3 },
        Method::Recursive { prototype: Prototype::Chebyshev2 { attenuation_db: 40.0 }, order: 5 },
    ];
    let notches = [
        Notch::Fir { window: Window::Hamming, transition_hz: 0.5, relative_width: 0.005 },
        Notch::Resonator { relative_width: 0.03 },
        Notch::Sinusoids { relative_width: 0.01, span_s: 4.0 },
    ];
    let bands = methods.iter().map(|method| Filter::of_band(*method, Band::BandPass(8.0, 13.0), RATE).unwrap());
    bands.chain(notches.iter().map(|notch| Filter::of_notch(notch, 50.0, 1, RATE).unwrap())).collect()
}

#[test]
fn every_method_takes_out_what_it_is_asked_to() {
    let wave = |frequency: f64, i: usize| (std::f64::consts::TAU * frequency * i as f64 / RATE).sin();
    let stopped: Vec<f64> = (0..6000).map(|i| wave(50.0, i) + 0.5 * wave(100.0, i)).collect();
    let passed: Vec<f64> = (0..6000).map(|i| wave(10.3, i)).collect();
    for filter in all() {
        for phase in [Phase::Zero, Phase::Causal(Start::Steady), Phase::Causal(Start::Rest)] {
            let largest = |series: &[f64]| {
                let filtered = filter.run(series, phase).unwrap();
                assert_eq!(filtered.len(), 6000);
                filtered[2000..4000].iter().fold(0.0_f64, |largest, y| largest.max(y.abs()))
            };
            assert!(largest(&stopped) < 0.02, "{filter:?} {phase:?}: {}", largest(&stopped));
            assert!((largest(&passed) - 1.0).abs() < 0.1, "{filter:?} {phase:?}: {}", largest(&passed));
        }
    }
}

#[test]
fn values_beyond_the_reach_hardly_count() {
    for filter in all() {
        for phase in [Phase::Zero, Phase::Causal(Start::Steady)] {
            if matches!(filter.applied, Applied::Sinusoids(..)) && phase != Phase::Zero {
                continue;
            }
            let reach = filter.reach(phase);
            let series: Vec<f64> = (0..8000_u32).map(|i| f64::from(i.wrapping_mul(2_654_435_761) >> 8)).collect();
            let mut other = series.clone();
            other[4000] = 0.0;
            let (a, b) = (filter.run(&series, phase).unwrap(), filter.run(&other, phase).unwrap());
            let change = |places: std::ops::Range<usize>| places.map(|i| (a[i] - b[i]).abs()).sum::<f64>();
            let all = change(0..8000);
            let inside = match phase {
                Phase::Zero => change(4000 - reach..4001 + reach),
                Phase::Causal(_) => change(4000..4001 + reach),
            };
            assert!(all - inside < 0.03 * all, "{filter:?} {phase:?}: {} of {all}", all - inside);
        }
    }
}

proptest! {
    #[test]
    fn any_bits_are_survived(series in prop::collection::vec(ANY, 0..200)) {
        for filter in all() {
            for phase in [Phase::Zero, Phase::Causal(Start::Steady), Phase::Causal(Start::Rest)] {
                if let Ok(filtered) = filter.run(&series, phase) {
                    prop_assert_eq!(filtered.len(), series.len());
                }
            }
        }
    }
}
