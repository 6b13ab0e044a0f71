use proptest::prelude::*;

use super::*;

const WINDOW: Window = Window { from_s: -0.2, to_s: 0.3 };

#[test]
fn epochs_lie_around_their_events() {
    // At 100 Hz from 10 s on: an event at 11 s is sample 100.
    let epoch = around(11.0, &WINDOW, 10.0, 100.0, 1000).unwrap().unwrap();
    assert_eq!((epoch.start, epoch.len), (80, 50));
    assert!((epoch.t0_s - 0.8).abs() < 1e-12);
    // The nearest sample.
    assert_eq!(around(11.004, &WINDOW, 10.0, 100.0, 1000).unwrap().unwrap().start, 80);
    assert_eq!(around(11.006, &WINDOW, 10.0, 100.0, 1000).unwrap().unwrap().start, 81);
    // Windows need not hold their event.
    let later = Window { from_s: 1.0, to_s: 1.5 };
    assert_eq!(around(11.0, &later, 10.0, 100.0, 1000).unwrap().unwrap().start, 200);
}

#[test]
fn epochs_that_leave_the_series_are_none() {
    let at = |onset: f64| around(onset, &WINDOW, 0.0, 100.0, 100).unwrap().map(|epoch| epoch.start);
    assert_eq!(at(0.2), Some(0));
    assert_eq!(at(0.19), None);
    assert_eq!(at(0.7), Some(50));
    assert_eq!(at(0.71), None);
    assert_eq!((at(-3.0), at(1e300), at(f64::NAN)), (None, None, None));
    assert_eq!(around(0.0, &WINDOW, 0.0, 100.0, 0).unwrap(), None);
}

#[test]
fn windows_without_a_sample_are_refused() {
    for (from_s, to_s) in [(0.0, 0.0), (0.3, 0.2), (0.0, 0.001), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        let error = around(0.0, &Window { from_s, to_s }, 0.0, 100.0, 1000).unwrap_err();
        assert!(error.to_string().starts_with("the window is"), "{error}");
    }
    assert!(matches!(around(0.0, &WINDOW, 0.0, 0.0, 10).unwrap_err(), EpochError::Rate(_)));
}

#[test]
fn baselines_are_those_of_what_is_there() {
    let mut epoch = [1.0, f64::NAN, 3.0, 10.0, f64::NAN];
    assert!(subtract_baseline(&mut epoch, 0..3));
    assert_eq!([epoch[0], epoch[2], epoch[3]], [-1.0, 1.0, 8.0]);
    assert!(epoch[1].is_nan() && epoch[4].is_nan());
    assert!(!subtract_baseline(&mut epoch, 1..2));
    assert!(epoch.iter().all(|value| value.is_nan()));
    assert!(!subtract_baseline(&mut [], 0..0));
}

#[test]
fn stretches_overlap_without_their_ends() {
    let epoch = (1.0, 2.0);
    for (other, expected) in [
        ((0.0, 1.0), false),
        ((0.0, 1.0 + 1e-12), false),
        ((0.0, 1.1), true),
        ((1.2, 1.3), true),
        ((0.0, 9.0), true),
        ((1.9, 3.0), true),
        ((2.0, 3.0), false),
        // Without duration.
        ((1.0, 1.0), true),
        ((1.5, 1.5), true),
        ((2.0, 2.0), false),
        ((0.9, 0.9), false),
    ] {
        assert_eq!(overlaps(epoch, other, 1e-6), expected, "{other:?}");
    }
}

proptest! {
    #[test]
    fn every_epoch_has_the_times_of_its_window(
        onset in 0.0..100.0_f64,
        from_s in -2.0..2.0_f64,
        length in 0.1..3.0_f64,
        rate_hz in 10.0..1000.0_f64,
    ) {
        let window = Window { from_s, to_s: from_s + length };
        if let Some(epoch) = around(onset, &window, 0.0, rate_hz, (100.0 * rate_hz) as usize).unwrap() {
            prop_assert!((epoch.t0_s - (onset + from_s)).abs() <= 1.0 / rate_hz + 1e-9);
            prop_assert!((epoch.len as f64 / rate_hz - length).abs() <= 0.5 / rate_hz + 1e-9);
        }
    }
}
