#![allow(clippy::unwrap_used)]
use std::f64::consts::{FRAC_PI_4, TAU};

use super::*;

/// Noise between -1 and 1.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

/// 20 epochs of three signals of 100 values: the second follows the first, the third is noise.
fn epochs() -> Vec<Vec<Vec<f64>>> {
    let mut noise = noise(3);
    (0..20)
        .map(|_| {
            let source: Vec<f64> = (0..103).map(|_| noise()).collect();
            let mut with_noise = |values: &[f64]| values.iter().map(|value| value + 0.3 * noise()).collect();
            vec![with_noise(&source[3..]), with_noise(&source[..100]), with_noise(&[0.0; 100])]
        })
        .collect()
}

fn borrowed(epochs: &[Vec<Vec<f64>>]) -> Vec<Vec<&[f64]>> {
    epochs.iter().map(|epoch| epoch.iter().map(Vec::as_slice).collect()).collect()
}

fn spectra(epochs: &[Vec<Vec<f64>>], band: Band) -> CrossSpectra {
    CrossSpectra::new(&borrowed(epochs), 100.0, None, &[band], true).unwrap()
}

const LOW: Band = Band::Between { low_hz: 5.0, high_hz: 12.0 };

fn numbers(measures: &SpectralMeasures) -> [f64; 7] {
    [
        measures.coherence,
        measures.squared_coherence,
        measures.imaginary_coherence,
        measures.plv,
        measures.pli,
        measures.wpli,
        measures.debiased_wpli,
    ]
}

/// The definitions, with a transform of sines and cosines, segment by segment.
#[test]
fn measures_are_their_definitions() {
    let epochs = epochs();
    let found = numbers(&spectra(&epochs, LOW).pair(0, 2, 0));
    let coefficient = |signal: &[f64], bin: usize| {
        let mean = signal.iter().sum::<f64>() / 100.0;
        signal.iter().enumerate().fold((0.0, 0.0), |(re, im), (i, value)| {
            let taper = 0.5 - 0.5 * (TAU * i as f64 / 99.0).cos();
            let (sin, cos) = (TAU * bin as f64 * i as f64 / 100.0).sin_cos();
            (re + (value - mean) * taper * cos, im - (value - mean) * taper * sin)
        })
    };
    let mut expected = [0.0; 7];
    for bin in 5..=12 {
        let cross: Vec<(f64, f64, f64, f64)> = epochs
            .iter()
            .map(|epoch| {
                let ((a, b), (c, d)) = (coefficient(&epoch[0], bin), coefficient(&epoch[2], bin));
                (a * c + b * d, b * c - a * d, a * a + b * b, c * c + d * d)
            })
            .collect();
        let mean = |of: fn(&(f64, f64, f64, f64)) -> f64| cross.iter().map(of).sum::<f64>() / 20.0;
        let (re, im) = (mean(|s| s.0), mean(|s| s.1));
        let power = mean(|s| s.2) * mean(|s| s.3);
        let (mut pairs, mut sizes) = (0.0, 0.0);
        for j in 0..20 {
            for k in (0..20).filter(|k| *k != j) {
                pairs += cross[j].1 * cross[k].1;
                sizes += (cross[j].1 * cross[k].1).abs();
            }
        }
        let of_bin = [
            (re * re + im * im).sqrt() / power.sqrt(),
            (re * re + im * im) / power,
            im / power.sqrt(),
            mean(|s| s.0 / s.0.hypot(s.1)).hypot(mean(|s| s.1 / s.0.hypot(s.1))),
            mean(|s| s.1.signum()).abs(),
            im.abs() / mean(|s| s.1.abs()),
            pairs / sizes,
        ];
        expected.iter_mut().zip(of_bin).for_each(|(sum, value)| *sum += value / 8.0);
    }
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-11, "{found} is not {expected}");
    }
}

#[test]
fn scales_and_offsets_do_not_matter_and_order_only_to_the_sign() {
    let mut epochs = epochs();
    let before = numbers(&spectra(&epochs, LOW).pair(0, 1, 0));
    let swapped = numbers(&spectra(&epochs, LOW).pair(1, 0, 0));
    for (measure, (value, other)) in before.iter().zip(swapped).enumerate() {
        let sign = if measure == 2 { -1.0 } else { 1.0 };
        assert!((value - sign * other).abs() < 1e-14, "{measure}");
    }
    assert!(before[2].abs() > 0.3, "there is a sign to be seen: {before:?}");
    for epoch in &mut epochs {
        epoch[0].iter_mut().for_each(|value| *value = *value * 1e-200 + 3e-199);
        epoch[1].iter_mut().for_each(|value| *value *= 1e180);
    }
    for (before, after) in before.iter().zip(numbers(&spectra(&epochs, LOW).pair(0, 1, 0))) {
        assert!((before - after).abs() < 1e-9, "{before} became {after}");
    }
}

#[test]
fn a_signal_and_itself_go_together_without_delay() {
    let copies = |epoch: Vec<Vec<f64>>| {
        let multiple = epoch[0].iter().map(|value| 3.0 - 2.7 * value).collect();
        vec![epoch[0].clone(), epoch[0].clone(), multiple]
    };
    let epochs: Vec<_> = epochs().into_iter().map(copies).collect();
    let wide = spectra(&epochs, Band::Whole);
    for other in 1..3 {
        let found = numbers(&wide.pair(0, other, 0));
        for (found, expected) in found.iter().zip([1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0]) {
            assert!((found - expected).abs() < 1e-14, "{other}: {found} is not {expected}");
        }
    }
    let epoch: Vec<&[f64]> = epochs[0].iter().map(Vec::as_slice).collect();
    let envelopes = Envelopes::new(&epoch, 100.0, LOW, Scale::Amplitude).unwrap().pair(0, 1, true);
    assert!((envelopes.plain - 1.0).abs() < 1e-14);
    assert!(envelopes.orthogonalised.is_nan(), "nothing is left at right angles");
}

#[test]
fn what_is_not_defined_is_no_number() {
    let all_nan = |spectra: &CrossSpectra, one, other| numbers(&spectra.pair(one, other, 0)).iter().all(|v| v.is_nan());
    let single = spectra(&epochs()[..1], LOW);
    assert!(all_nan(&single, 0, 1), "one segment");
    let mut epochs = epochs();
    for epoch in &mut epochs {
        epoch[1].fill(0.1);
    }
    epochs[3][2][5] = f64::NAN;
    let spectra_of_all = spectra(&epochs, LOW);
    assert!(all_nan(&spectra_of_all, 0, 1) && all_nan(&spectra_of_all, 0, 2) && all_nan(&spectra_of_all, 1, 2));
    assert_eq!([0, 1, 2].map(|channel| spectra_of_all.frequencies_with_power(channel, 0)), [8, 0, 0]);
    let epoch: Vec<&[f64]> = epochs[3].iter().map(Vec::as_slice).collect();
    let envelopes = Envelopes::new(&epoch, 100.0, LOW, Scale::Amplitude).unwrap();
    assert_eq!([0, 1, 2].map(|channel| envelopes.is_defined(channel)), [true, false, false]);
    assert!(envelopes.pair(0, 1, true).plain.is_nan() && envelopes.pair(2, 0, true).orthogonalised.is_nan());
    for wrong in [[0.1; 3], [1.0, f64::INFINITY, 2.0]] {
        assert!(correlation(&wrong, &[1.0, 2.0, 4.0]).is_nan());
    }
    assert!(
        correlation(&[], &[]).is_nan()
            && correlation(&[1.0], &[2.0]).is_nan()
            && correlation(&[1.0, 2.0], &[1.0]).is_nan()
    );
}

#[test]
fn nothing_and_one_signal_have_no_pairs() {
    assert!(pairs(0).is_empty() && pairs(1).is_empty());
    assert_eq!(pairs(3), [(0, 1), (0, 2), (1, 2)]);
    assert!(matches!(CrossSpectra::new(&[], 1.0, None, &[LOW], true), Err(ConnectivityError::BeyondSpectrum { .. })));
    let no_signals =
        CrossSpectra::new(&[vec![]], 100.0, Some(Segments { length: 50, step: 25 }), &[LOW], true).unwrap();
    assert_eq!(no_signals.segments(), 0);
    assert!(mean_over_epochs::<1>(&[])[0].is_nan());
}

/// A pure sine has power at three bins of a tapered transform, and rounding at the others.
#[test]
fn frequencies_without_power_are_left_out() {
    let wave = |phase: f64| -> Vec<f64> { (0..100).map(|i| (TAU * 0.1 * f64::from(i) + phase).sin()).collect() };
    let epochs: Vec<_> = (0..6).map(|epoch| vec![wave(f64::from(epoch)), wave(f64::from(epoch) - FRAC_PI_4)]).collect();
    let borrowed = borrowed(&epochs);
    // The periodic taper has no other bins.
    let segments = Some(Segments { length: 100, step: 100 });
    let wide = Band::Between { low_hz: 1.0, high_hz: 40.0 };
    let spectra = CrossSpectra::new(&borrowed, 100.0, segments, &[LOW, wide], true).unwrap();
    assert_eq!([0, 1].map(|band| spectra.frequencies_with_power(0, band)), [3, 3]);
    assert_eq!([0, 1].map(|band| spectra.frequencies(band)), [8, 40]);
    for band in 0..2 {
        let found = numbers(&spectra.pair(0, 1, band));
        for (found, expected) in found.iter().zip([1.0, 1.0, FRAC_PI_4.sin(), 1.0, 1.0, 1.0, 1.0]) {
            assert!((found - expected).abs() < 1e-10, "{found} is not {expected}");
        }
    }
}

#[test]
fn envelopes_follow_the_amplitude() {
    let carrier = |i: u32, hz: f64| (TAU * hz * f64::from(i) / 200.0).sin();
    let slow = |i: u32| 2.0 + (TAU * 0.5 * f64::from(i) / 200.0).cos();
    let signals: Vec<Vec<f64>> = vec![
        (0..800).map(|i| slow(i) * carrier(i, 20.0)).collect(),
        (0..800).map(|i| 5.0 - slow(i) * carrier(i + 3, 20.0) + carrier(i, 60.0)).collect(),
        (0..800).map(|i| (4.0 - slow(i)) * carrier(i, 20.0)).collect(),
    ];
    let epoch: Vec<&[f64]> = signals.iter().map(Vec::as_slice).collect();
    let band = Band::Between { low_hz: 15.0, high_hz: 25.0 };
    let envelopes = Envelopes::new(&epoch, 200.0, band, Scale::Amplitude).unwrap();
    assert!((envelopes.pair(0, 1, false).plain - 1.0).abs() < 1e-9);
    assert!((envelopes.pair(0, 2, false).plain + 1.0).abs() < 1e-9);
    // What is at right angles has the amplitude of its signal.
    assert!((envelopes.pair(0, 1, true).orthogonalised - 1.0).abs() < 1e-9);
    // A constant amplitude does not correlate.
    let steady: Vec<f64> = (0..800).map(|i| carrier(i, 20.0)).collect();
    let envelopes = Envelopes::new(&[&steady, &signals[0]], 200.0, band, Scale::Amplitude).unwrap();
    assert!(!envelopes.is_defined(0) && envelopes.is_defined(1));
}

#[test]
fn lengths_that_do_not_fit_are_refused() {
    let (short, long) = ([1.0, 2.0, 4.0], [1.0, 2.0, 0.0, 1.0]);
    let epochs = [vec![&short[..], &short[..]], vec![&long[..], &long[..]]];
    let of =
        |segments| CrossSpectra::new(&epochs, 1.0, segments, &[Band::Whole], true).map(|spectra| spectra.segments());
    assert_eq!(of(None), Err(ConnectivityError::Lengths { one: 3, other: 4 }));
    assert_eq!(of(Some(Segments { length: 3, step: 1 })), Ok(3));
    assert_eq!(
        of(Some(Segments { length: 4, step: 1 })),
        Err(ConnectivityError::ShortEpoch { length: 4, shortest: 3 })
    );
    assert_eq!(of(Some(Segments { length: 3, step: 0 })), Err(ConnectivityError::Segments { length: 3, step: 0 }));
    let uneven = Envelopes::new(&[&short, &long], 1.0, Band::Whole, Scale::Amplitude);
    assert!(matches!(uneven, Err(ConnectivityError::Lengths { one: 3, other: 4 })));
}

#[test]
fn envelopes_of_logarithms_need_power_at_all_times() {
    // Beats between two sines of one amplitude vanish at the middle of the epoch.
    let beats: Vec<f64> =
        (0..400).map(|i| (TAU * 0.05 * f64::from(i)).cos() + (TAU * 0.0525 * f64::from(i)).cos()).collect();
    let band = Band::Between { low_hz: 0.04, high_hz: 0.06 };
    let envelopes = Envelopes::new(&[&beats, &beats], 1.0, band, Scale::LogPower).unwrap();
    let plain = envelopes.pair(0, 1, false).plain;
    assert!(plain.is_nan() || (plain - 1.0).abs() < 1e-12);
}
