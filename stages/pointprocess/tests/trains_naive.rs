//! Measures of pairs against what their equations say word by word, on ugly trains: empty, of one spike, coincident, at the ends,
//! with several spikes at one time.
#![allow(clippy::unwrap_used)]

use lapicque_pointprocess::trains::correlogram::{Lags, cross_correlogram};
use lapicque_pointprocess::trains::counts::{count_correlation, mean_count_correlation};
use lapicque_pointprocess::trains::distances::{
    isi_distance, spike_distance, spike_synchronization, van_rossum_distance, victor_purpura_distance,
};
use lapicque_pointprocess::trains::tiling::spike_time_tiling;
use lapicque_pointprocess::trains::{Interval, Train};
use proptest::prelude::*;

const START: f64 = 5.0;
const STOP: f64 = 45.0;

/// On a grid where much falls together, the ends included, or anywhere.
fn train() -> impl Strategy<Value = Train> {
    let grid = prop::collection::vec((0..=40u32).prop_map(|step| START + f64::from(step)), 0..12);
    let anywhere = prop::collection::vec(START..STOP, 0..12);
    prop_oneof![grid, anywhere].prop_map(|mut times| {
        times.sort_by(f64::total_cmp);
        Train::new(times, Interval::new(START, STOP).unwrap()).unwrap()
    })
}

/// Two trains, which share some spikes.
fn pair() -> impl Strategy<Value = (Train, Train)> {
    (train(), train(), any::<bool>()).prop_map(|(a, b, shares)| {
        let mut times = b.spikes_ms().to_vec();
        if shares {
            times.extend(a.spikes_ms().iter().step_by(2));
        }
        times.sort_by(f64::total_cmp);
        (a.clone(), Train::new(times, a.recorded()).unwrap())
    })
}

fn events(train: &Train) -> Vec<f64> {
    match train.events_ms() {
        [] => vec![START, STOP],
        events => events.to_vec(),
    }
}

fn before(events: &[f64], t: f64) -> Option<f64> {
    events.iter().copied().filter(|event| *event <= t).fold(None, |_, event| Some(event))
}

fn after(events: &[f64], t: f64) -> Option<f64> {
    events.iter().copied().find(|event| *event > t)
}

/// The interval that lies at a time which is no spike.
fn interval(events: &[f64], t: f64) -> f64 {
    let n = events.len();
    match (before(events, t), after(events, t)) {
        (Some(before), Some(after)) => after - before,
        (None, Some(first)) => f64::max(first - START, if n > 1 { events[1] - events[0] } else { 0.0 }),
        (Some(last), None) => f64::max(STOP - last, if n > 1 { events[n - 1] - events[n - 2] } else { 0.0 }),
        (None, None) => f64::NAN,
    }
}

/// The distance of a time to the nearest spike, real or auxiliary.
fn nearest(events: &[f64], t: f64) -> f64 {
    let n = events.len();
    let mut all = events.to_vec();
    all.push(if n > 1 { START.min(events[0] - (events[1] - events[0])) } else { START });
    all.push(if n > 1 { STOP.max(events[n - 1] + (events[n - 1] - events[n - 2])) } else { STOP });
    all.iter().map(|event| (event - t).abs()).fold(f64::INFINITY, f64::min)
}

fn weighted_distance(events: &[f64], others: &[f64], t: f64) -> f64 {
    let at_start = events == [START];
    match (before(events, t), after(events, t).or(at_start.then_some(STOP))) {
        (Some(p), Some(f)) => (nearest(others, p) * (f - t) + nearest(others, f) * (t - p)) / (f - p),
        (Some(only), None) | (None, Some(only)) => nearest(others, only),
        (None, None) => f64::NAN,
    }
}

/// The mean over the recording of what is linear between the spikes of both: there, the middle is the mean.
fn mean(a: &[f64], b: &[f64], of: impl Fn(f64) -> f64) -> f64 {
    let mut edges: Vec<f64> = a.iter().chain(b).copied().chain([START, STOP]).collect();
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    edges.windows(2).map(|edge| of(0.5 * (edge[0] + edge[1])) * (edge[1] - edge[0])).sum::<f64>() / (STOP - START)
}

fn near(found: f64, due: f64) -> Result<(), TestCaseError> {
    let equal = (found - due).abs() <= 1e-9 * due.abs().max(1.0) || (found.is_nan() && due.is_nan());
    prop_assert!(equal, "{found}, due {due}");
    Ok(())
}

fn half_intervals(events: &[f64], place: usize) -> f64 {
    let gaps = events.windows(2).enumerate().filter(|(gap, _)| *gap == place || gap + 1 == place);
    gaps.map(|(_, gap)| 0.5 * (gap[1] - gap[0])).fold(f64::INFINITY, f64::min)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn isi_and_spike_distances_are_their_integrals((a, b) in pair()) {
        let (x, y) = (events(&a), events(&b));
        let isi = mean(&x, &y, |t| {
            let (nu, other) = (interval(&x, t), interval(&y, t));
            (nu - other).abs() / nu.max(other)
        });
        near(isi_distance(&a, &b).unwrap(), isi)?;
        let spike = mean(&x, &y, |t| {
            let (nu, other) = (interval(&x, t), interval(&y, t));
            let (s, of_other) = (weighted_distance(&x, &y, t), weighted_distance(&y, &x, t));
            2.0 * (s * other + of_other * nu) / (nu + other).powi(2)
        });
        near(spike_distance(&a, &b).unwrap(), spike)?;
        prop_assert!((0.0..=1.0 + 1e-12).contains(&spike_distance(&a, &b).unwrap()));
        near(spike_distance(&b, &a).unwrap(), spike)?;
        prop_assert_eq!(spike_distance(&a, &a).unwrap(), 0.0);
        prop_assert_eq!(isi_distance(&b, &b).unwrap(), 0.0);
    }

    #[test]
    fn partners_are_those_within_half_of_all_intervals((a, b) in pair(), most in prop::option::of(0.5..20.0f64)) {
        let (x, y) = (a.events_ms(), b.events_ms());
        let window = |i: usize, j: usize| {
            half_intervals(x, i).min(half_intervals(y, j)).min(most.unwrap_or(f64::INFINITY)).min(0.5 * (STOP - START))
        };
        let is = |&(i, j): &(usize, usize)| (x[i] - y[j]).abs() < window(i, j);
        let pairs = (0..x.len()).flat_map(|i| (0..y.len()).map(move |j| (i, j))).filter(is).count();
        let all = x.len() + y.len();
        let due = if all == 0 { 1.0 } else { 2.0 * pairs as f64 / all as f64 };
        prop_assert_eq!(spike_synchronization(&a, &b, most).unwrap(), due);
    }

    #[test]
    fn van_rossum_is_the_sum_over_all_pairs_of_spikes((a, b) in pair(), tau in 0.1..100.0f64) {
        let signed: Vec<(f64, f64)> = a.spikes_ms().iter().map(|t| (*t, 1.0)).chain(b.spikes_ms().iter().map(|t| (*t, -1.0))).collect();
        let of = |x: &(f64, f64)| signed.iter().map(|y| x.1 * y.1 * (-(x.0 - y.0).abs() / tau).exp()).sum::<f64>();
        let squared: f64 = signed.iter().map(of).sum();
        // Equal trains differ by rounding, of which the square root makes more.
        let found = van_rossum_distance(&a, &b, tau).unwrap();
        prop_assert!((found * found - squared).abs() < 1e-9, "{found} {squared}");
        prop_assert_eq!(van_rossum_distance(&a, &a, tau).unwrap() < 1e-6, true);
    }

    #[test]
    fn victor_purpura_is_a_metric_between_its_limits((a, b) in pair(), c in train(), cost in 0.0..3.0f64) {
        let of = |x: &Train, y: &Train, cost: f64| victor_purpura_distance(x, y, cost).unwrap();
        let (n, m) = (a.spikes_ms().len() as f64, b.spikes_ms().len() as f64);
        let distance = of(&a, &b, cost);
        prop_assert!(distance >= (n - m).abs() && distance <= n + m);
        near(of(&b, &a, cost), distance)?;
        prop_assert_eq!(of(&a, &a, cost), 0.0);
        prop_assert!(of(&a, &c, cost) <= distance + of(&b, &c, cost) + 1e-9);
        prop_assert_eq!(of(&a, &b, 0.0), (n - m).abs());
    }

    #[test]
    fn tiling_is_by_time_and_spikes((a, b) in pair(), dt in 0.3..8.0f64) {
        // A fine grid measures what is tiled to a part in 40,000.
        let tiled = |train: &Train| {
            let near = |t: f64| train.spikes_ms().iter().any(|spike| (spike - t).abs() <= dt);
            (0..40_000).filter(|k| near(START + (f64::from(*k) + 0.5) * 1e-3)).count() as f64 / 40_000.0
        };
        let near = |x: &Train, y: &Train| {
            let one = |spike: &&f64| y.spikes_ms().iter().any(|other| (*spike - other).abs() <= dt);
            x.spikes_ms().iter().filter(one).count() as f64 / x.spikes_ms().len() as f64
        };
        let found = spike_time_tiling(&a, &b, dt).unwrap();
        if a.spikes_ms().is_empty() || b.spikes_ms().is_empty() {
            prop_assert!(found.is_nan());
        } else {
            let term = |p: f64, t: f64| if p == 1.0 { 1.0 } else { (p - t) / (1.0 - p * t) };
            let due = 0.5 * (term(near(&a, &b), tiled(&b)) + term(near(&b, &a), tiled(&a)));
            prop_assert!((found - due).abs() < 0.01, "{found} {due}");
        }
    }

    #[test]
    fn correlations_are_of_dense_counts(trains in prop::collection::vec(train(), 2..5), width in 0.7..9.0f64) {
        let bins = ((STOP - START) / width).floor() as usize;
        let dense: Vec<Vec<f64>> = trains.iter().map(|train| {
            let mut counts = vec![0.0; bins];
            for time in train.spikes_ms() {
                let bin = (((time - START) / width).ceil() as usize).max(1) - 1;
                if bin < bins { counts[bin] += 1.0; }
            }
            counts
        }).collect();
        let correlation = |a: &[f64], b: &[f64]| {
            let mean = |x: &[f64]| x.iter().sum::<f64>() / bins as f64;
            let covariance = |x: &[f64], y: &[f64]| {
                let (mx, my) = (mean(x), mean(y));
                x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>()
            };
            covariance(a, b) / (covariance(a, a) * covariance(b, b)).sqrt()
        };
        near(count_correlation(&trains[0], &trains[1], width).unwrap(), correlation(&dense[0], &dense[1]))?;
        let (mut sum, mut pairs) = (0.0, 0.0);
        for i in 0..dense.len() {
            for j in 0..i {
                let of_pair = correlation(&dense[i], &dense[j]);
                if !of_pair.is_nan() { sum += of_pair; pairs += 1.0; }
            }
        }
        near(mean_count_correlation(&trains, width).unwrap(), sum / pairs)?;
    }

    #[test]
    fn correlograms_are_all_pairs_within_the_lags((a, b) in pair(), bin_ms in 0.4..3.0f64) {
        let mut due = vec![0.0; 9];
        for x in a.spikes_ms() {
            for y in b.spikes_ms() {
                let lag = ((y - x) / bin_ms).round();
                if lag.abs() <= 4.0 { due[(lag + 4.0) as usize] += 1.0; }
            }
        }
        prop_assert_eq!(cross_correlogram(&a, &b, Lags { bin_ms, most: 4 }).unwrap(), due);
    }
}
