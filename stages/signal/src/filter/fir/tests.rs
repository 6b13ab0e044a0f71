#![allow(clippy::unwrap_used)]
use super::*;

const RATE: f64 = 250.0;

fn noise(len: usize) -> Vec<f64> {
    (0..len as u32).map(|i| f64::from(i.wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 24) - 0.5).collect()
}

fn alpha() -> Fir {
    design(Band::BandPass(8.0, 13.0), None, Window::Hamming, RATE).unwrap()
}

/// sum_j h_j x_(i - j + late), term by term.
fn plainly(fir: &Fir, series: &[f64], late: isize, at: impl Fn(isize) -> f64) -> Vec<f64> {
    let half = fir.reach() as isize;
    (0..series.len() as isize)
        .map(|i| fir.taps().iter().enumerate().map(|(j, tap)| tap * at(i - late + half - j as isize)).sum())
        .collect()
}

#[test]
fn convolution_is_what_its_sum_says() {
    let fir = alpha();
    for len in [0, 1, 2, 3, 50, 206, 207, 208, 413, 414, 2000, 9000] {
        let series = noise(len);
        let inside = |i: isize| usize::try_from(i).ok().and_then(|i| series.get(i)).copied();
        let last = len as isize - 1;
        let reflected = |i: isize| {
            inside(i)
                .or_else(|| Some(2.0 * series[0] - inside(-i)?))
                .or_else(|| Some(2.0 * series[len - 1] - inside(2 * last - i)?))
                .unwrap_or(0.0)
        };
        let first = series.first().copied().unwrap_or(0.0);
        let late = fir.reach() as isize;
        let cases = [
            (Phase::Zero, plainly(&fir, &series, 0, reflected)),
            (Phase::Causal(Start::Rest), plainly(&fir, &series, late, |i| inside(i).unwrap_or(0.0))),
            (Phase::Causal(Start::Steady), plainly(&fir, &series, late, |i| inside(i).unwrap_or(first))),
        ];
        for (phase, expected) in cases {
            let got = fir.filter(&series, phase);
            assert_eq!(got.len(), len);
            for (i, (got, expected)) in got.iter().zip(&expected).enumerate() {
                assert!((got - expected).abs() < 1e-13, "{phase:?}, {i} of {len}: {got} != {expected}");
            }
        }
    }
}

#[test]
fn what_passes_stays_and_the_rest_goes() {
    let wave = |frequency: f64, i: usize| (std::f64::consts::TAU * frequency * i as f64 / RATE).sin();
    for (window, pass, stop) in
        [(Window::Hamming, 2.4e-3, 2.4e-3), (Window::Hann, 6.5e-3, 6.5e-3), (Window::Blackman, 1e-3, 1e-3)]
    {
        let fir = design(Band::BandPass(8.0, 13.0), None, window, RATE).unwrap();
        for (frequency, expected) in [(8.0, 1.0), (10.0, 1.0), (13.0, 1.0), (5.9, 0.0), (16.3, 0.0), (50.0, 0.0)] {
            let series: Vec<f64> = (0..4000).map(|i| wave(frequency, i)).collect();
            let filtered = fir.filter(&series, Phase::Zero);
            // The ripples of both edges may meet.
            let due = if expected == 1.0 { 2.0 * pass } else { stop };
            for i in 1000..3000 {
                assert!((filtered[i] - expected * series[i]).abs() < due, "{window:?} {frequency} Hz at {i}");
            }
        }
        // Half of it at the middle of a transition.
        let series: Vec<f64> = (0..4000).map(|i| wave(7.0, i)).collect();
        let filtered = fir.filter(&series, Phase::Zero);
        assert!((1000..3000).all(|i| (filtered[i] - 0.5 * series[i]).abs() < 0.01), "{window:?}");
    }
}

#[test]
fn taps_are_the_same_from_both_ends_and_a_band_stop_is_the_rest() {
    let fir = alpha();
    assert_eq!(fir.taps().len(), 413);
    assert!(fir.taps().iter().zip(fir.taps().iter().rev()).all(|(a, b)| (a - b).abs() < 1e-15));
    assert!(fir.taps().iter().sum::<f64>().abs() < 1e-12);
    let stop = design(Band::BandStop(45.0, 55.0), Some(1.0), Window::Hamming, RATE).unwrap();
    assert!((stop.taps().iter().sum::<f64>() - 1.0).abs() < 1e-12);
    // Where the rule of MNE does not fit, transitions are quarters of the stop-band.
    let quarters = design(Band::BandStop(48.0, 52.0), None, Window::Hamming, RATE).unwrap();
    assert_eq!(quarters, design(Band::BandStop(48.0, 52.0), Some(1.0), Window::Hamming, RATE).unwrap());
}

#[test]
fn a_large_offset_leaves_little() {
    let series: Vec<f64> = noise(3000).iter().map(|x| x + 1e6).collect();
    let with = alpha().filter(&series, Phase::Zero);
    let without = alpha().filter(&noise(3000), Phase::Zero);
    assert!(with.iter().zip(&without).all(|(a, b)| (a - b).abs() < 1e-8));
}

#[test]
fn what_cannot_be_designed_is_told() {
    let of = |band, transition| design(band, transition, Window::Hamming, RATE).unwrap_err().to_string();
    assert!(of(Band::LowPass(125.0), None).contains("below half the rate, 125 Hz"));
    assert!(of(Band::HighPass(0.5), Some(1.0)).contains("below 0.5 Hz would begin at -0.5 Hz"));
    assert!(of(Band::LowPass(124.0), Some(3.0)).contains("above 124 Hz would end at 127 Hz, above half"));
    assert!(of(Band::LowPass(40.0), Some(0.0)).contains("a transition of 0 Hz"));
    assert!(of(Band::BandStop(48.0, 52.0), Some(3.0)).contains("narrower than its two transitions of 3 Hz"));
    assert!(of(Band::HighPass(1e-7), None).contains("at most 3600001 are allowed"));
    let notch = |at: &[(f64, f64)], transition| notches(at, transition, Window::Hamming, RATE).unwrap_err().to_string();
    assert!(notch(&[(0.4, 0.1)], 0.5).contains("would begin at"));
    assert!(notch(&[(50.0, 0.5), (100.0, 0.5), (124.5, 0.5)], 0.5).contains("above half the sampling rate, 125 Hz"));
    assert!(notch(&[(50.0, 1.0), (51.0, 1.0)], 0.5).contains("around 50 and 51 Hz touch"));
    assert!(notch(&[(50.0, 0.0)], 0.5).contains("a width of 0 Hz"));
    assert!(notch(&[(50.0, 0.5)], f64::NAN).contains("a transition of NaN Hz"));
}
