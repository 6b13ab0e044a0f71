use super::*;

fn at(onsets: &[f64]) -> Vec<Occurrence> {
    onsets.iter().map(|onset_s| Occurrence { onset_s: *onset_s, duration_s: None }).collect()
}

#[test]
fn rates_and_intervals_are_those_of_their_definitions() {
    // Intervals 1, 2, 3: mean 2, sd 1. In any order.
    let rates = event_rates(&at(&[6.0, 0.0, 3.0, 1.0]), &[(0.0, 10.0)]);
    assert_eq!((rates.count, rates.rate_hz), (4.0, 0.4));
    assert_eq!((rates.interval_mean_s, rates.interval_sd_s, rates.interval_cv), (2.0, 1.0, 0.5));
    assert!(rates.duration_mean_s.is_nan() && rates.time_fraction.is_nan());
}

#[test]
fn what_happens_outside_and_in_gaps_does_not_count() {
    let rates = event_rates(&at(&[-1.0, 0.0, 1.0, 5.0, 10.0, 12.0, 13.0]), &[(0.0, 5.0), (10.0, 13.0)]);
    // 0 and 1, 10 and 12; the end of a stretch is not part of it.
    assert_eq!((rates.count, rates.rate_hz), (4.0, 0.5));
    assert_eq!((rates.interval_mean_s, rates.interval_sd_s), (1.5, 0.5_f64.sqrt()));
}

#[test]
fn durations_cover_time_once() {
    let event = |onset_s: f64, duration_s: f64| Occurrence { onset_s, duration_s: Some(duration_s) };
    // 0 to 2, 1 to 3, 9 to 12, of which 1 s is recorded.
    let rates = event_rates(&[event(0.0, 2.0), event(1.0, 2.0), event(9.0, 3.0)], &[(0.0, 10.0)]);
    assert_eq!((rates.duration_mean_s, rates.time_fraction), (7.0 / 3.0, 0.4));
}

#[test]
fn few_events_define_little() {
    let none = event_rates(&[], &[(0.0, 10.0)]);
    assert_eq!((none.count, none.rate_hz, none.time_fraction), (0.0, 0.0, 0.0));
    assert!(none.interval_mean_s.is_nan() && none.interval_sd_s.is_nan() && none.interval_cv.is_nan());
    let two = event_rates(&at(&[1.0, 3.0]), &[(0.0, 10.0)]);
    assert_eq!(two.interval_mean_s, 2.0);
    assert!(two.interval_sd_s.is_nan() && two.interval_cv.is_nan());
    let same = event_rates(&at(&[1.0, 1.0, 1.0]), &[(0.0, 10.0)]);
    assert_eq!((same.interval_mean_s, same.interval_sd_s), (0.0, 0.0));
    assert!(same.interval_cv.is_nan());
    let nothing = event_rates(&at(&[1.0]), &[]);
    assert_eq!(nothing.count, 0.0);
    assert!(nothing.rate_hz.is_nan() && nothing.time_fraction.is_nan());
}

#[test]
fn a_regular_train_of_a_million_has_no_variation() {
    let onsets: Vec<f64> = (0..1_000_000).map(|i| f64::from(i) * 0.25).collect();
    let rates = event_rates(&at(&onsets), &[(0.0, 250_000.0)]);
    assert_eq!((rates.count, rates.rate_hz, rates.interval_mean_s, rates.interval_cv), (1e6, 4.0, 0.25, 0.0));
}

#[test]
fn stretches_are_joined() {
    let stretches = vec![(5.0, 6.0), (0.0, 1.0), (1.0, 2.0), (0.5, 0.7), (3.0, 3.0), (5.5, 7.0)];
    assert_eq!(union(stretches), [(0.0, 2.0), (5.0, 7.0)]);
    assert_eq!(union(Vec::new()), []);
}
