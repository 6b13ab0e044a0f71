//! Estimators of connectivity against causal-optoconnectics, counts against those of plain Python, and what must hold of
//! intervals, jitter and transfer entropy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::path::{Path, PathBuf};

use lapicque_numerics::random::StreamKey;
use lapicque_pointprocess::Event;
use lapicque_pointprocess::connectivity::{
    Bootstrap, ConnectivityError, Estimator, Jitter, Lags, Sums, Trains, TransferEntropy, Trials, Window, Windows,
    bootstrap, check_size, correlograms, estimate, jitter, psth_counts, scores, transfer_entropy,
};
use serde_json::Value;

const GO_ON: &dyn Fn() -> bool = &|| true;

/// The folders of the fixture, if it is there.
fn fixtures() -> Vec<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_string();
    let folder = PathBuf::from(std::env::var("LAPICQUE_SHARED").unwrap_or(beside)).join("fixtures/glm");
    let found: Vec<PathBuf> =
        ["causal10", "causal12"].iter().map(|name| folder.join(name)).filter(|f| f.is_dir()).collect();
    if found.is_empty() {
        println!("skipped: no folder causal10 in {}", folder.display());
    }
    found
}

fn rows(path: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Spikes and onsets.
fn recording(folder: &Path) -> (Trains, Vec<u64>) {
    let data = json(&folder.join("data.json"));
    let count = |field: &str| data[field].as_u64().unwrap();
    let spikes = rows(&folder.join("spikes.csv"));
    let event = |row: &Vec<String>| Event { step: row[0].parse().unwrap(), neuron: row[1].parse().unwrap(), count: 1 };
    let trains = Trains::new(count("n_neurons") as usize, count("n_steps"), spikes[1..].iter().map(event)).unwrap();
    let onsets = rows(&folder.join("stim_onsets.csv"));
    (trains, onsets[1..].iter().map(|row| row[0].parse().unwrap()).collect())
}

/// The windows of the fixture, from bins of its trials to steps from the onset.
fn windows(folder: &Path) -> Windows {
    let settings = json(&folder.join("iv_did_params.json"));
    let onset = settings["stim_onset_bin"].as_i64().unwrap();
    let at = |name: &str| settings["windows_relative_to_trial_bins"][name].as_i64().unwrap() - onset;
    let window = |name: &str| Window { from: at(&format!("{name}1")), to: at(&format!("{name}2")) };
    Windows { x: window("x"), y: window("y"), z: window("z") }
}

fn weights(folder: &Path) -> Vec<Vec<f64>> {
    rows(&folder.join("w0_true.csv")).iter().map(|row| row.iter().map(|w| w.parse().unwrap()).collect()).collect()
}

/// Of a target's step, its past, and the source's past.
type Matches<'a> = dyn Fn(&usize, &[usize], &[usize]) -> bool + 'a;

/// So many neurons that fire at random, once in so many steps.
fn random(neurons: usize, steps: u64, every: u64, key: u8) -> Vec<Event> {
    let mut generator = StreamKey::new([key; 16]).stream("spikes", 0);
    let spikes = steps * neurons as u64 / every;
    let event = |_| Event { step: generator.below(steps), neuron: generator.below(neurons as u64) as u32, count: 1 };
    (0..spikes).map(event).collect()
}

#[test]
fn sums_and_estimators_are_those_of_causal_optoconnectics() {
    for folder in fixtures() {
        let (trains, onsets) = recording(&folder);
        let trials = Trials::new(&trains, &onsets, &windows(&folder)).unwrap();
        let table = rows(&folder.join("iv_did_estimates.csv"));
        let place = |name: &str| table[0].iter().position(|column| column == name).unwrap();
        assert!(table.len() > 20);
        for row in &table[1..] {
            let number = |name: &str| row[place(name)].parse::<f64>().unwrap_or(f64::NAN);
            let (source, target) = (number("source") as usize, number("target") as usize);
            let sums = trials.sums(source).unwrap()[target];
            for (name, value) in Sums::NAMES.iter().zip(sums.values()) {
                assert_eq!(value as f64, number(name), "{source} -> {target}: {name}");
            }
            assert_eq!(Sums::from_values(sums.values()).unwrap(), sums);
            assert_eq!((sums.trials() as f64, trials.count() as f64), (number("n_trials"), number("n_trials")));
            for (estimator, value) in Estimator::ALL.iter().zip(estimate(&sums)) {
                let expected = number(&format!("beta_{}", estimator.name()));
                let same = (value - expected).abs() <= 1e-12 || (value.is_nan() && expected.is_nan());
                assert!(same, "{source} -> {target}: {} {value} {expected}", estimator.name());
            }
        }
    }
}

#[test]
fn correlograms_and_psths_are_counts() {
    for folder in fixtures() {
        let (trains, onsets) = recording(&folder);
        let neurons = trains.neurons();
        let bytes = std::fs::read(folder.join("ccg_counts_lag-20_20.npy")).unwrap();
        let begin = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        let header = std::str::from_utf8(&bytes[10..begin]).unwrap();
        let expected: Vec<i64> = if header.contains("<i8") {
            bytes[begin..].chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().unwrap())).collect()
        } else {
            assert!(header.contains("<i4"), "{header}");
            bytes[begin..].chunks_exact(4).map(|b| i64::from(i32::from_le_bytes(b.try_into().unwrap()))).collect()
        };
        let sources: Vec<usize> = (0..neurons).collect();
        let found = correlograms(&trains, &sources, Lags { from: -20, to: 20 }, GO_ON).unwrap();
        for source in 0..neurons {
            for target in 0..neurons {
                let expected = &expected[(source * neurons + target) * 41..][..41];
                let found: Vec<i64> = found.counts(source, target).iter().map(|count| *count as i64).collect();
                assert_eq!(found, expected, "{source} -> {target}");
            }
        }
        let expected = rows(&folder.join("psth_counts.csv"));
        let found = psth_counts(&trains, &onsets, Window { from: -10, to: 10 }).unwrap();
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.iter().map(u64::to_string).collect::<Vec<_>>(), *expected);
        }
        assert_eq!(found.len(), expected.len());
    }
}

#[test]
fn estimators_correlate_with_weights_as_the_reference_says() {
    let Some(folder) = fixtures().into_iter().find(|folder| folder.ends_with("causal10")) else { return };
    let (trains, onsets) = recording(&folder);
    let trials = Trials::new(&trains, &onsets, &windows(&folder)).unwrap();
    let weights = weights(&folder);
    // Stimulated to others, all signs; the published figures have three digits.
    let expected = [0.901, 0.538, 0.644, 0.872, 0.802, 0.821];
    for (place, expected) in expected.iter().enumerate() {
        let mut estimates = Vec::new();
        let mut truth = Vec::new();
        for (source, weights) in weights.iter().enumerate().take(3) {
            let sums = trials.sums(source).unwrap();
            for target in 3..10 {
                estimates.push(estimate(&sums[target])[place]);
                truth.push(weights[target]);
            }
        }
        let found = scores(&estimates, &truth, false).unwrap();
        assert!((found.correlation - expected).abs() < 6e-4, "{place}: {} {expected}", found.correlation);
        assert_eq!((found.pairs, found.undefined), (21, 0));
    }
}

#[test]
fn intervals_hold_the_estimates_and_are_as_wide_as_theory_says() {
    // y follows x in 40 % of trials without x, in 60 % with it: ols = 0.2 with a known standard error.
    let mut generator = StreamKey::new([1; 16]).stream("trials", 0);
    let (n, mut events) = (4000u64, Vec::new());
    for trial in 0..n {
        let x = generator.uniform() < 0.5;
        let y = generator.uniform() < if x { 0.6 } else { 0.4 };
        events.extend(x.then_some(Event { step: 20 * trial + 10, neuron: 0, count: 1 }));
        events.extend(y.then_some(Event { step: 20 * trial + 12, neuron: 1, count: 1 }));
    }
    let trains = Trains::new(2, 20 * n, events).unwrap();
    let onsets: Vec<u64> = (0..n).map(|trial| 20 * trial + 10).collect();
    let trials = Trials::new(&trains, &onsets, &Windows::default()).unwrap();
    let settings = Bootstrap { repeats: 4000, level: 0.95 };
    let key = StreamKey::new([2; 16]);
    let found = bootstrap(&trials, 0, &[1], &settings, &key, GO_ON).unwrap()[0];
    let sums = trials.sums(0).unwrap()[1];
    let ols = estimate(&sums)[0];
    let variance = |successes: u64, of: u64| {
        let p = successes as f64 / of as f64;
        p * (1.0 - p) / of as f64
    };
    let sd = (variance(sums.yx, sums.x) + variance(sums.yxinv, sums.xinv)).sqrt();
    // The ends have a standard error of 2.7 sd / sqrt(4000).
    for (end, expected) in [(found[0].lower, ols - 1.96 * sd), (found[0].upper, ols + 1.96 * sd)] {
        assert!((end - expected).abs() < 5.0 * 2.7 * sd / 4000f64.sqrt(), "{end} {expected} {sd}");
    }
    // No spike before the stimulus: the instrument is undefined, and so are its intervals.
    assert!(found[1].lower.is_nan() && found[1].upper.is_nan());
    let bad = |repeats, level| bootstrap(&trials, 0, &[1], &Bootstrap { repeats, level }, &key, GO_ON).unwrap_err();
    assert!(matches!(bad(1, 0.9), ConnectivityError::OutOfRange { field: "repeats", .. }));
    assert!(matches!(bad(100, 1.0), ConnectivityError::OutOfRange { field: "level", .. }));
    assert!(matches!(bad(100, f64::NAN), ConnectivityError::OutOfRange { field: "level", .. }));
}

#[test]
fn intervals_of_a_pair_do_not_depend_on_which_other_pairs_are_asked_for() {
    let trains = Trains::new(4, 30_000, random(4, 30_000, 20, 4)).unwrap();
    let onsets: Vec<u64> = (1..990).map(|trial| 30 * trial).collect();
    let trials = Trials::new(&trains, &onsets, &Windows::default()).unwrap();
    let settings = Bootstrap { repeats: 50, level: 0.9 };
    let key = StreamKey::new([3; 16]);
    let all = bootstrap(&trials, 1, &[0, 2, 3], &settings, &key, GO_ON).unwrap();
    assert_eq!(bootstrap(&trials, 1, &[3], &settings, &key, GO_ON).unwrap()[0], all[2]);
    assert!(all.iter().flatten().all(|interval| interval.lower < interval.upper));
    assert_eq!(bootstrap(&trials, 1, &[3], &settings, &key, &|| false).unwrap_err(), ConnectivityError::Cancelled);
}

#[test]
fn jitter_has_the_moments_of_moved_spikes_and_finds_a_synapse() {
    let steps = 20_000;
    let mut spikes = random(3, steps, 40, 5);
    // Neuron 2 follows neuron 0 by two steps, now and then twice.
    let follow = |spike: &Event| (spike.neuron == 0 && spike.step + 2 < steps).then_some(spike.step + 2);
    let followers: Vec<u64> = spikes.iter().filter_map(follow).step_by(3).collect();
    spikes.extend(followers.iter().map(|&step| Event { step, neuron: 2, count: 1 + (step % 2) as u32 }));
    let trains = Trains::new(3, steps, spikes).unwrap();
    let settings = Jitter { lags: Lags { from: 1, to: 4 }, interval: 11, repeats: 400 };
    let key = StreamKey::new([6; 16]);
    let found = jitter(&trains, &[0, 1, 2], &settings, &key, GO_ON).unwrap();
    assert!(found[2].z > 10.0 && found[2].p == 2.0 / 401.0, "{:?}", found[2]);
    let more = found[2].observed as f64 - found[2].expected;
    assert_eq!(found[2].per_spike, more / trains.spikes(0) as f64);
    for (source, target) in [(0, 1), (1, 0), (1, 2)] {
        let excess = found[source * 3 + target];
        assert!(excess.z.abs() < 4.0 && excess.p > 1e-3, "{source} {target} {excess:?}");
    }
    // The exact moments are those of each position of each spike, written out.
    let x = |step: i64| trains.of_neuron(0).iter().find(|(at, _)| *at as i64 == step).map_or(0.0, |s| f64::from(s.1));
    let (mut mean, mut variance) = (0.0, 0.0);
    for &(step, count) in trains.of_neuron(2) {
        let begin = step / 11 * 11;
        let places: Vec<f64> =
            (begin..(begin + 11).min(steps)).map(|at| (1..=4).map(|lag| x(at as i64 - lag)).sum()).collect();
        let of_one = places.iter().sum::<f64>() / places.len() as f64;
        mean += f64::from(count) * of_one;
        let squares = places.iter().map(|w| w * w).sum::<f64>() / places.len() as f64;
        variance += f64::from(count) * (squares - of_one * of_one);
    }
    assert!((found[2].expected - mean).abs() < 1e-9 * mean);
    assert!((found[2].sd - variance.sqrt()).abs() < 1e-9 * found[2].sd);
    // Sources one by one give the same.
    assert_eq!(jitter(&trains, &[1], &settings, &key, GO_ON).unwrap()[2], found[5]);
}

#[test]
fn p_values_of_unrelated_neurons_are_uniform() {
    let trains = Trains::new(30, 20_000, random(30, 20_000, 30, 8)).unwrap();
    let settings = Jitter { lags: Lags { from: 1, to: 5 }, interval: 20, repeats: 199 };
    let sources: Vec<usize> = (0..30).collect();
    let found = jitter(&trains, &sources, &settings, &StreamKey::new([9; 16]), GO_ON).unwrap();
    let pairs = found.iter().enumerate().filter(|(place, _)| place / 30 != place % 30).map(|(_, excess)| excess.p);
    let p: Vec<f64> = pairs.collect();
    let small = p.iter().filter(|p| **p <= 0.1).count() as f64 / p.len() as f64;
    // 870 pairs, a little fewer than one in ten as counts are whole; 5 standard deviations of a proportion.
    assert!(small > 0.04 && small < 0.1 + 5.0 * (0.09f64 / 870.0).sqrt(), "{small}");
}

#[test]
fn transfer_entropy_is_that_of_its_definition() {
    let steps = 3000u64;
    let mut spikes = random(2, steps, 5, 10);
    let copied: Vec<u64> = spikes.iter().filter(|s| s.neuron == 0 && s.step + 2 < steps).map(|s| s.step + 2).collect();
    spikes.extend(copied.iter().step_by(2).map(|&step| Event { step, neuron: 1, count: 1 }));
    let trains = Trains::new(2, steps, spikes).unwrap();
    let train = |neuron: usize| {
        let mut dense = vec![0usize; steps as usize];
        trains.of_neuron(neuron).iter().for_each(|(step, _)| dense[*step as usize] = 1);
        dense
    };
    let (x, y) = (train(0), train(1));
    for (lag, l, k) in [(2usize, 1usize, 1usize), (1, 3, 2), (4, 2, 5)] {
        let mut joint = std::collections::BTreeMap::<(usize, Vec<usize>, Vec<usize>), f64>::new();
        let first = k.max(lag + l - 1);
        for t in first..steps as usize {
            let past = (1..=k).map(|ago| y[t - ago]).collect();
            let source = (0..l).map(|ago| x[t - lag - ago]).collect();
            *joint.entry((y[t], past, source)).or_default() += 1.0;
        }
        let n = (steps as usize - first) as f64;
        let mut expected = 0.0;
        for ((now, past, source), count) in &joint {
            let sum = |matches: &Matches<'_>| {
                joint.iter().filter(|((a, b, c), _)| matches(a, b, c)).map(|(_, count)| count).sum::<f64>()
            };
            let (with, without) = (sum(&|_, b, c| b == past && c == source), sum(&|a, b, _| a == now && b == past));
            let of_past = sum(&|_, b, _| b == past);
            expected += count / n * (count / with * of_past / without).log2();
        }
        let settings =
            TransferEntropy { lag: lag as u64, source_history: l as u32, target_history: k as u32, corrected: false };
        let found = transfer_entropy(&trains, &[0, 1], &settings, GO_ON).unwrap();
        assert!((found[1] - expected).abs() < 1e-12, "{found:?} {expected}");
        assert!(found[0].is_nan() && found[3].is_nan());
        let corrected =
            transfer_entropy(&trains, &[0], &TransferEntropy { corrected: true, ..settings }, GO_ON).unwrap();
        assert!(corrected[1] < found[1]);
    }
}

#[test]
fn corrected_transfer_entropy_of_unrelated_neurons_is_zero_on_average() {
    let trains = Trains::new(20, 20_000, random(20, 20_000, 6, 11)).unwrap();
    // The rarest pattern is due 15 times: the correction is too small where patterns are missing by chance.
    let sources: Vec<usize> = (0..20).collect();
    let mean = |corrected| {
        let settings = TransferEntropy { lag: 1, source_history: 1, target_history: 2, corrected };
        let all = transfer_entropy(&trains, &sources, &settings, GO_ON).unwrap();
        let defined: Vec<f64> = all.into_iter().filter(|t| !t.is_nan()).collect();
        assert_eq!(defined.len(), 380);
        let mean = defined.iter().sum::<f64>() / 380.0;
        let sd = (defined.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / 379.0).sqrt();
        mean / (sd / 380f64.sqrt())
    };
    assert!(mean(true).abs() < 4.0, "{}", mean(true));
    assert!(mean(false) > 20.0, "{}", mean(false));
}

#[test]
fn covariance_is_that_of_its_definition() {
    let trains = Trains::new(2, 500, random(2, 500, 4, 12)).unwrap();
    let found = correlograms(&trains, &[0], Lags { from: 1, to: 3 }, GO_ON).unwrap().covariance(0, 1);
    let dense = |neuron: usize| {
        let mut counts = vec![0.0; 500];
        trains.of_neuron(neuron).iter().for_each(|(step, count)| counts[*step as usize] = f64::from(*count));
        counts
    };
    let (x, y) = (dense(0), dense(1));
    let mean = |of: &[f64]| of.iter().sum::<f64>() / 500.0;
    let expected: f64 = (1..=3usize)
        .map(|lag| (0..500 - lag).map(|t| x[t] * y[t + lag]).sum::<f64>() / (500 - lag) as f64 - mean(&x) * mean(&y))
        .sum();
    assert!((found - expected).abs() < 1e-14);
}

#[test]
fn silent_neurons_leave_what_needs_spikes_undefined() {
    let trains = Trains::new(3, 1000, random(1, 1000, 10, 13)).unwrap();
    let onsets: Vec<u64> = (1..40).map(|trial| 20 * trial).collect();
    let trials = Trials::new(&trains, &onsets, &Windows::default()).unwrap();
    assert!(estimate(&trials.sums(1).unwrap()[2]).iter().all(|estimate| estimate.is_nan()));
    let settings = Jitter { lags: Lags { from: 1, to: 2 }, interval: 10, repeats: 5 };
    let found = jitter(&trains, &[1], &settings, &StreamKey::new([1; 16]), GO_ON).unwrap();
    assert!(found[0].per_spike.is_nan() && found[0].z.is_nan() && found[0].p.is_nan());
    let settings = TransferEntropy { lag: 1, source_history: 1, target_history: 1, corrected: true };
    assert!(transfer_entropy(&trains, &[0, 1], &settings, GO_ON).unwrap().iter().all(|t| t.is_nan()));
    let empty = Trains::new(2, 50, []).unwrap();
    let found = correlograms(&empty, &[0], Lags { from: 0, to: 1 }, GO_ON).unwrap();
    assert_eq!((found.counts(0, 1), found.covariance(0, 1)), (&[0, 0][..], 0.0));
}

#[test]
fn lags_that_reach_out_of_the_run_single_neurons_and_too_many_pairs_are_errors() {
    let trains = Trains::new(2, 100, [Event { step: 99, neuron: 0, count: 1 }]).unwrap();
    let lags = |from, to| correlograms(&trains, &[0], Lags { from, to }, GO_ON).map(|_| ());
    assert_eq!(lags(-99, 99), Ok(()));
    assert_eq!(
        lags(0, 100).unwrap_err().to_string(),
        "`lag` reaches over 100 steps, but the run has 100; it must be shorter than the run"
    );
    assert!(matches!(lags(i64::MIN, i64::MAX), Err(ConnectivityError::LongerThanRun { .. })));
    assert!(matches!(lags(1, 0), Err(ConnectivityError::EmptyWindow { .. })));
    let missing = correlograms(&trains, &[2], Lags { from: 0, to: 1 }, GO_ON).unwrap_err();
    assert_eq!(missing, ConnectivityError::Neuron { found: 2, neurons: 2 });
    let one = Trains::new(1, 100, []).unwrap();
    let alone = correlograms(&one, &[0], Lags { from: 0, to: 1 }, GO_ON).unwrap_err();
    assert_eq!(alone, ConnectivityError::TooFewNeurons { found: 1 });
    assert_eq!(
        check_size(20_000, 20_000, 16).unwrap_err().to_string(),
        "400000000 pairs need 51200000000 bytes of memory, more than 2147483648: take fewer sources than 20000, or fewer \
         lags"
    );
    let jittered = |interval| {
        let settings = Jitter { lags: Lags { from: 1, to: 2 }, interval, repeats: 0 };
        jitter(&trains, &[0], &settings, &StreamKey::new([1; 16]), GO_ON).map(|found| found.len())
    };
    assert_eq!(jittered(100), Ok(2));
    assert!(matches!(jittered(1), Err(ConnectivityError::OutOfRange { field: "interval", .. })));
    assert!(matches!(jittered(101), Err(ConnectivityError::LongerThanRun { field: "interval", .. })));
    let entropy = |lag, source_history, target_history| {
        let settings = TransferEntropy { lag, source_history, target_history, corrected: true };
        transfer_entropy(&trains, &[0], &settings, GO_ON).map(|found| found.len())
    };
    assert_eq!(entropy(98, 1, 7), Ok(2));
    assert!(matches!(entropy(0, 1, 1), Err(ConnectivityError::OutOfRange { field: "lag", .. })));
    assert!(matches!(entropy(1, 8, 1), Err(ConnectivityError::OutOfRange { field: "source_history", .. })));
    assert!(matches!(entropy(1, 1, 0), Err(ConnectivityError::OutOfRange { field: "target_history", .. })));
    assert!(matches!(entropy(u64::MAX, 2, 1), Err(ConnectivityError::LongerThanRun { .. })));
    let long = Trains::new(2, 1 << 50, []).unwrap();
    let settings = TransferEntropy { lag: 1, source_history: 1, target_history: 1, corrected: true };
    assert!(matches!(transfer_entropy(&long, &[0], &settings, GO_ON), Err(ConnectivityError::TooLong { .. })));
}
