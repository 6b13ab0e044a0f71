//! `pointprocess.connectivity`, through a pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod given;
mod support;

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, UInt32Array};
use given::{Given, problems, run_stages};
use lapicque_numerics::random::StreamKey;
use lapicque_pointprocess::Event;
use lapicque_pointprocess::connectivity::{
    Estimator, Jitter, Lags, Sums, Trains, TransferEntropy, Trials, Windows, correlograms, estimate, jitter,
    transfer_entropy,
};
use lapicque_schemas::tables::populations::{self, PopulationRow};
use lapicque_schemas::tables::{connectivity, events, pairs, spikes};
use serde_json::{Value, json};
use support::{floats, integers, lists, texts};

const STEPS: u64 = 20_000;
const NAMES: [&str; 2] = ["E", "I"];

/// Four neurons of two populations, the second of which follows the first; spikes before and after stimuli.
fn drawn(key: u8) -> Vec<Event> {
    let mut generator = StreamKey::new([key; 16]).stream("spikes", 0);
    let mut all = Vec::new();
    for _ in 0..1500 {
        let event = Event { step: generator.below(STEPS), neuron: generator.below(4) as u32, count: 1 };
        all.push(event);
        if event.neuron == 0 && event.step + 1 < STEPS && generator.uniform() < 0.5 {
            all.push(Event { step: event.step + 1, neuron: 1, count: 1 });
        }
    }
    for onset in onsets() {
        if generator.uniform() < 0.7 {
            all.push(Event { step: onset, neuron: 0, count: 1 });
        }
    }
    all
}

fn onsets() -> Vec<u64> {
    (0..400).map(|trial| 7 + 49 * trial).collect()
}

/// Populations E and I of two neurons each.
fn spikes_table(events: &[Event]) -> RecordBatch {
    let mut rows: Vec<(u16, u32, u32)> = Vec::new();
    for event in events {
        for _ in 0..event.count {
            rows.push(((event.neuron / 2) as u16, event.neuron % 2, event.step as u32 + 1));
        }
    }
    let column = |of: fn(&(u16, u32, u32)) -> u32| rows.iter().map(of).collect();
    let population = rows.iter().map(|row| row.0).collect();
    spikes::write(1.0, &NAMES, population, column(|row| row.1), column(|row| row.2)).unwrap()
}

fn populations_table(sizes: &[(&str, u32)], t_stop_ms: f64) -> RecordBatch {
    let row = |&(name, size): &(&str, u32)| PopulationRow {
        population: name.to_owned(),
        size,
        t_start_ms: 0.0,
        t_stop_ms,
        rate_hz: 1.0,
    };
    populations::write(&sizes.iter().map(row).collect::<Vec<_>>()).unwrap()
}

fn events_table(onsets: &[u64], value: &str) -> RecordBatch {
    let event = |onset: &u64| events::Event {
        onset_s: *onset as f64 * 1e-3,
        duration_s: Some(0.002),
        kind: "stimulus".to_owned(),
        value: value.to_owned(),
        channel: String::new(),
    };
    events::write(&onsets.iter().map(event).collect::<Vec<_>>()).unwrap()
}

fn given(events: &[Event]) -> Vec<Given> {
    vec![
        Given::whole("given.spikes", "spikes", spikes_table(events)),
        Given::whole("given.populations", "populations", populations_table(&[("E", 2), ("I", 2)], STEPS as f64)),
        Given::whole("given.events", "events", events_table(&onsets(), "light")),
    ]
}

fn stages(settings: Value, with_events: bool) -> Value {
    let mut last = settings;
    last["kind"] = json!("pointprocess.connectivity");
    if last.get("inputs").is_none() {
        last["inputs"] = json!({"spikes": "s", "populations": "p"});
    }
    if with_events {
        last["inputs"]["events"] = json!("e");
    }
    let mut all = json!({"s": {"kind": "given.spikes"}, "p": {"kind": "given.populations"}, "f": last});
    if with_events {
        all["e"] = json!({"kind": "given.events"});
    }
    all
}

/// Pairs of four neurons.
fn of_pairs() -> Vec<(usize, usize)> {
    (0..4).flat_map(|from| (0..4).filter(move |to| *to != from).map(move |to| (from, to))).collect()
}

fn equal(found: &[f64], expected: &[f64]) -> bool {
    let same = |(a, b): (&f64, &f64)| a == b || a.is_nan() && b.is_nan();
    found.len() == expected.len() && found.iter().zip(expected).all(same)
}

#[test]
fn every_measure_is_that_of_the_science() {
    let spikes = drawn(1);
    let settings = json!({"correlogram": {"lag": "4 ms", "window": ["1 ms", "2 ms"], "jitter": {"interval": "10 ms"}}});
    let ran = run_stages(&given(&spikes), &stages(settings, true));
    let pairs = ran.result();
    let trains = Trains::new(4, STEPS, spikes).unwrap();
    let trials = Trials::new(&trains, &onsets(), &Windows::default()).unwrap();
    let of_pair = |&(from, to): &(usize, usize)| trials.sums(from).unwrap()[to];
    let sums: Vec<Sums> = of_pairs().iter().map(of_pair).collect();
    for (place, estimator) in Estimator::ALL.iter().enumerate() {
        let expected: Vec<f64> = sums.iter().map(|sums| estimate(sums)[place]).collect();
        assert!(equal(&floats(&pairs, estimator.name()), &expected), "{}", estimator.name());
        assert!(!expected[0].is_nan());
    }
    let table = ran.table("f", 1);
    for (place, name) in Sums::NAMES.iter().enumerate() {
        let expected: Vec<i64> = sums.iter().map(|sums| sums.values()[place] as i64).collect();
        assert_eq!(integers(&table, name), expected, "{name}");
    }
    let sources = [0, 1, 2, 3];
    let lags = Lags { from: 1, to: 2 };
    let found = correlograms(&trains, &sources, lags, &|| true).unwrap();
    let expected: Vec<f64> = of_pairs().iter().map(|&(from, to)| found.covariance(from, to)).collect();
    assert!(equal(&floats(&pairs, "cross_covariance"), &expected));
    let settings = Jitter { lags, interval: 10, repeats: 0 };
    let found = jitter(&trains, &sources, &settings, &StreamKey::new([0; 16]), &|| true).unwrap();
    let expected: Vec<f64> = of_pairs().iter().map(|&(from, to)| found[from * 4 + to].z).collect();
    assert!(equal(&floats(&pairs, "excess_z"), &expected));
    assert!(expected[0] > 5.0);
    let settings = TransferEntropy { lag: 1, source_history: 1, target_history: 1, corrected: true };
    let found = transfer_entropy(&trains, &sources, &settings, &|| true).unwrap();
    let expected: Vec<f64> = of_pairs().iter().map(|&(from, to)| found[from * 4 + to]).collect();
    assert!(equal(&floats(&pairs, "transfer_entropy"), &expected));
    assert_eq!(texts(&pairs, "channel")[..4], ["E.0", "E.0", "E.0", "E.1"]);
    assert_eq!(texts(&pairs, "other")[..4], ["E.1", "I.0", "I.1", "E.0"]);
    let correlogram = ran.table("f", 2);
    let found = correlograms(&trains, &sources, Lags { from: -4, to: 4 }, &|| true).unwrap();
    let expected: Vec<f64> = found.counts(0, 1).iter().map(|count| *count as f64).collect();
    assert_eq!(lists(&correlogram, "values")[0], expected);
    assert_eq!(texts(&correlogram, "channel")[0], "E.0->E.1");
    assert_eq!((floats(&correlogram, "t0")[0], floats(&correlogram, "dt")[0]), (-4.0, 1.0));
    assert_eq!(pairs.num_columns(), 3 + 6 + 4);
}

#[test]
fn intervals_stand_beside_estimates_and_rectified_ones_are_not_below_zero() {
    let settings = |rectify: bool| {
        json!({"estimators": ["ols", "iv_did"], "sources": ["E.0", "I"], "bootstrap": {"repeats": 100, "level": 0.9},
               "rectify": rectify})
    };
    let plain = run_stages(&given(&drawn(2)), &stages(settings(false), true)).result();
    let (ols, lower, upper) = (floats(&plain, "ols"), floats(&plain, "ols_lower"), floats(&plain, "ols_upper"));
    assert_eq!(ols.len(), 9);
    assert!((0..9).all(|row| lower[row] <= ols[row] && ols[row] <= upper[row]), "{lower:?} {ols:?} {upper:?}");
    assert!(ols.iter().any(|ols| *ols < 0.0));
    let rectified = run_stages(&given(&drawn(2)), &stages(settings(true), true)).result();
    let expected: Vec<f64> = ols.iter().map(|ols| ols.max(0.0)).collect();
    assert_eq!(floats(&rectified, "ols"), expected);
    assert!(floats(&rectified, "ols_lower").iter().all(|lower| *lower >= 0.0));
}

#[test]
fn sums_of_two_recordings_give_the_estimates_of_both() {
    let (one, two) = (drawn(3), drawn(4));
    let sums =
        |spikes: &[Event]| run_stages(&given(spikes), &stages(json!({"estimators": ["ols"]}), true)).table("f", 1);
    let (first, second) = (sums(&one), sums(&two));
    let mut columns: Vec<ArrayRef> = first.columns()[..2].to_vec();
    let mut added: Vec<Vec<i64>> = Vec::new();
    for name in Sums::NAMES {
        let both = integers(&first, name).iter().zip(integers(&second, name)).map(|(a, b)| a + b).collect::<Vec<_>>();
        columns.push(Arc::new(Int64Array::from(both.clone())));
        added.push(both);
    }
    let table = RecordBatch::try_new(first.schema(), columns).unwrap();
    let given = [Given::whole("given.sums", "table", table)];
    let stage = |settings: Value| {
        let mut last = settings;
        last["kind"] = json!("pointprocess.connectivity");
        last["inputs"] = json!({"sums": "x"});
        json!({"x": {"kind": "given.sums"}, "f": last})
    };
    let found = run_stages(&given, &stage(json!({}))).result();
    let of_row = |row: usize| {
        let mut values = [0; 16];
        values.iter_mut().zip(&added).for_each(|(value, column)| *value = column[row] as u64);
        estimate(&Sums::from_values(values).unwrap())[4]
    };
    let expected: Vec<f64> = (0..12).map(of_row).collect();
    assert!(equal(&floats(&found, "iv_did"), &expected));
    assert_eq!(texts(&found, "channel")[3], "1");
    let refused = problems(&given, &stage(json!({"estimators": ["excess"], "bootstrap": {}})));
    assert!(refused.contains("`excess` needs the inputs `spikes`"), "{refused}");
    assert!(refused.contains("there are no trials to draw from; leave this out"), "{refused}");
}

#[test]
fn estimates_of_others_are_scored_as_own_ones_are() {
    let truth = connectivity::write(4, &[(0, 1, 2.0), (0, 3, -1.0), (2, 3, 0.5)]).unwrap();
    let others: Vec<ArrayRef> = vec![
        Arc::new(UInt32Array::from(vec![0, 2])),
        Arc::new(UInt32Array::from(vec![1, 3])),
        Arc::new(Float64Array::from(vec![4.0, 1.0])),
    ];
    let others = RecordBatch::try_new(connectivity::schema().arrow, others).unwrap();
    let mut all = given(&drawn(5));
    all.push(Given::whole("given.truth", "connectivity", truth));
    all.push(Given::whole("given.others", "table", others));
    let stages = |score: Value| {
        let inputs = json!({"spikes": "s", "populations": "p", "connectivity": "w", "estimates": "o"});
        let mut stages = stages(json!({"estimators": ["excess"], "inputs": inputs, "score": score}), true);
        stages["w"] = json!({"kind": "given.truth"});
        stages["o"] = json!({"kind": "given.others"});
        stages
    };
    let ran = run_stages(&all, &stages(json!({})));
    let scores = ran.table("f", 1);
    assert_eq!(texts(&scores, "measure"), ["excess", "excess_z", "weight"]);
    assert_eq!(integers(&scores, "pairs"), [11; 3]);
    assert!((floats(&scores, "correlation")[2] - 1.0).abs() < 1e-12);
    assert!(floats(&scores, "error_through_origin")[2].abs() < 1e-12);
    assert_eq!(floats(&scores, "auroc")[2], 1.0);
    assert_eq!(floats(&ran.table("f", 0), "weight")[..3], [4.0, 0.0, 0.0]);
    let of_all = run_stages(&all, &stages(json!({"weights": "all"}))).table("f", 1);
    assert_eq!(integers(&of_all, "pairs"), [12; 3]);
    let refused = problems(&all, &stages(json!({"pairs": "sources_to_others"})));
    assert!(refused.contains("all neurons are sources, so there are no others; set `sources`"), "{refused}");
}

#[test]
fn what_cannot_be_is_refused_with_its_field() {
    let all = given(&drawn(6));
    let refused = |settings: Value, with_events: bool| problems(&all, &stages(settings, with_events));
    for (settings, message) in [
        (json!({"windows": {"x": ["0.5 ms", "2 ms"]}}), "0.5 ms is not a whole number of steps of 1 ms"),
        (json!({"windows": {"z": ["-2 ms", "1 ms"]}}), "the instrument must end before"),
        (json!({"bootstrap": {"repeats": 1}}), "an interval needs 2 to 1,000,000 repeats"),
        (json!({"bootstrap": {"level": 1}}), "it must be between 0 and 1"),
        (json!({"correlogram": {"bin": "0 ms"}}), "steps of a bin; expected 1 or more, got 0"),
        (json!({"correlogram": {"lag": "-1 ms"}}), "lags on either side, in bins; expected 0 or more, got -1"),
        (json!({"correlogram": {"window": ["2 ms", "1 ms"]}}), "it goes from 2 to 1 bins"),
        (json!({"correlogram": {"jitter": {"interval": "1 ms"}}}), "bins of an interval; expected 2 or more, got 1"),
        (json!({"correlogram": {"jitter": {"repeats": 2_000_000}}}), "1,000,000 repeats at most are allowed"),
        (json!({"transfer_entropy": {"lag": "0 ms"}}), "bins from source to target; expected 1 or more, got 0"),
        (json!({"transfer_entropy": {"target_history": 8}}), "8; a past of 1 to 7 bins is allowed"),
        (json!({"estimators": ["ols", "ols"]}), "`ols` is there twice"),
        (json!({"estimators": ["ols"], "transfer_entropy": {}}), "`transfer_entropy` is not among the estimators"),
        (json!({"estimators": ["excess"], "rectify": true}), "nothing is estimated from stimuli; leave this out"),
        (json!({"score": {"weights": "all"}}), "there is no input `connectivity`; leave this out"),
    ] {
        let found = refused(settings, true);
        assert!(found.contains(message), "{message}: {found}");
    }
    for (settings, message) in [
        (json!({"estimators": ["ols"]}), "`ols` needs the inputs `spikes` and `events`, or `sums`"),
        (json!({"stimulus": "light"}), "no stimuli are read; leave this out"),
        (json!({"windows": {"x": ["0 ms", "2 ms"]}}), "no trials are cut; leave this out"),
        (json!({"inputs": {"spikes": "s"}}), "spikes need the table of their populations; connect it"),
        (json!({"inputs": {"populations": "p"}}), "nothing to estimate from"),
        (json!({"inputs": {"estimates": "p"}}), "which neurons there are is not known"),
        (
            json!({"inputs": {"spikes": "s", "populations": "p", "estimates": "p"}}),
            "it is neither a table of connections (presynaptic, postsynaptic) nor of pairs (channel, other)",
        ),
    ] {
        let found = refused(settings, false);
        assert!(found.contains(message), "{message}: {found}");
    }
}

#[test]
fn samples_that_tell_nothing_fail_with_what_is_missing() {
    let failed = |all: &[Given], settings: Value| {
        let ran = run_stages(all, &stages(settings, true));
        assert!(!ran.record.ok);
        ran.failures()
    };
    let with = |place: usize, table: RecordBatch, name: &str| {
        let mut all = given(&drawn(7));
        all[place] = Given::whole(["given.spikes", "given.populations", "given.events"][place], name, table);
        all
    };
    let none = failed(&with(2, events_table(&[], "light"), "events"), json!({}));
    assert!(none.contains("none of 0 events has the kind `stimulus`"), "{none}");
    let other = failed(&given(&drawn(7)), json!({"stimulus": "sound"}));
    assert!(other.contains("none of 400 events has the value or kind `sound`"), "{other}");
    let outside = failed(&with(2, events_table(&[STEPS, 1], "light"), "events"), json!({}));
    assert!(outside.contains("2 onsets of stimuli, but no trial"), "{outside}");
    let short = failed(&with(1, populations_table(&[("E", 2), ("I", 2)], 100.0), "populations"), json!({}));
    assert!(short.contains("lies outside of 1 to 100"), "{short}");
    let few = failed(&with(1, populations_table(&[("E", 1), ("I", 2)], STEPS as f64), "populations"), json!({}));
    assert!(few.contains("population E: neuron 1 fires, but it has 1 (from 0)"), "{few}");
    let named = failed(&given(&drawn(7)), json!({"sources": ["X"]}));
    assert!(named.contains("`sources` names `X`, which is neither a population nor a neuron"), "{named}");
    let lag = failed(&given(&drawn(7)), json!({"correlogram": {"lag": "20000 ms"}}));
    assert!(lag.contains("`lag` reaches over 20000 steps, but the run has 20000"), "{lag}");
    let alone = [
        Given::whole("given.spikes", "spikes", spikes_table(&[])),
        Given::whole("given.populations", "populations", populations_table(&[("E", 1)], 100.0)),
        Given::whole("given.events", "events", events_table(&[50], "light")),
    ];
    let one = failed(&alone, json!({}));
    assert!(one.contains("1 neurons make no pair; 2 at least are needed"), "{one}");
    let huge = [
        Given::whole("given.spikes", "spikes", spikes_table(&[])),
        Given::whole("given.populations", "populations", populations_table(&[("E", 100_000)], 100.0)),
        Given::whole("given.events", "events", events_table(&[50], "light")),
    ];
    let many = failed(&huge, json!({}));
    assert!(many.contains("10000000000 pairs need"), "{many}");
}

#[test]
fn silence_and_stimuli_that_are_left_out_are_told() {
    let mut all = given(&[]);
    all[2] = Given::whole("given.events", "events", events_table(&[1, 50, 50, 90], "light"));
    let ran = run_stages(&all, &stages(json!({}), true));
    assert!(floats(&ran.result(), "ols").iter().all(|ols| ols.is_nan()));
    let notes = ran.notes();
    assert!(notes.contains("undefined among 12 pairs: ols of 12, iv of 12"), "{notes}");
    assert!(notes.contains("1 stimuli were left out: their windows do not lie within the recording"), "{notes}");
    assert!(notes.contains("1 stimuli were left out: another begins in the same step"), "{notes}");
}

#[test]
fn the_fixture_gives_the_scores_of_the_reference() {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_string();
    let folder = PathBuf::from(std::env::var("LAPICQUE_SHARED").unwrap_or(beside)).join("fixtures/glm/causal10");
    if !folder.is_dir() {
        println!("skipped: no folder {}", folder.display());
        return;
    }
    let rows = |name: &str| -> Vec<Vec<f64>> {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let row = |line: &str| line.split(',').map(|cell| cell.parse().unwrap_or(f64::NAN)).collect();
        text.lines().map(row).collect()
    };
    let fired = rows("spikes.csv");
    let column = |place: usize, add: u32| fired[1..].iter().map(|row| row[place] as u32 + add).collect::<Vec<_>>();
    let spikes = spikes::write(1.0, &["all"], vec![0; fired.len() - 1], column(1, 0), column(0, 1)).unwrap();
    let onsets: Vec<u64> = rows("stim_onsets.csv")[1..].iter().map(|row| row[0] as u64).collect();
    let weights = rows("w0_true.csv");
    let connections: Vec<(u32, u32, f64)> = (0..10)
        .flat_map(|i| (0..10).map(move |j| (i, j)))
        .map(|(i, j)| (i as u32, j as u32, weights[i][j]))
        .filter(|row| row.2 != 0.0)
        .collect();
    let all = [
        Given::whole("given.spikes", "spikes", spikes),
        Given::whole("given.populations", "populations", populations_table(&[("all", 10)], 100_000.0)),
        Given::whole("given.events", "events", events_table(&onsets, "light")),
        Given::whole("given.truth", "connectivity", connectivity::write(10, &connections).unwrap()),
    ];
    let inputs = json!({"spikes": "s", "populations": "p", "connectivity": "w"});
    let settings = json!({"inputs": inputs, "sources": ["all.0", "all.1", "all.2"],
        "estimators": ["ols", "ols_did", "brew_did", "iv_did", "brew", "iv"], "score": {"weights": "all"}});
    let mut stages = stages(settings, true);
    stages["w"] = json!({"kind": "given.truth"});
    let ran = run_stages(&all, &stages);
    let scores = ran.table("f", 2);
    let found = floats(&scores, "correlation");
    for (found, expected) in found.iter().zip([0.901, 0.872, 0.821, 0.802, 0.644, 0.538]) {
        assert!((found - expected).abs() < 6e-4, "{found} {expected}");
    }
    assert_eq!(integers(&scores, "pairs"), [21; 6]);
}

#[test]
fn estimates_by_label_are_found_and_missing_ones_are_undefined() {
    let table: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec!["I.1"])),
        Arc::new(StringArray::from(vec!["E.0"])),
        Arc::new(Int32Array::from(vec![0])),
        Arc::new(Float64Array::from(vec![0.25])),
    ];
    let schema = pairs::schema([("coupling", "of a fit")]).arrow;
    let mut all = given(&drawn(8));
    all.push(Given::whole("given.others", "table", RecordBatch::try_new(schema, table).unwrap()));
    let inputs = json!({"populations": "p", "estimates": "o"});
    let stage = json!({"kind": "pointprocess.connectivity", "inputs": inputs});
    let stages = json!({"p": {"kind": "given.populations"}, "o": {"kind": "given.others"}, "f": stage});
    let ran = run_stages(&all, &stages);
    let found = floats(&ran.result(), "coupling");
    assert_eq!(found[9], 0.25);
    assert_eq!(found.iter().filter(|value| value.is_nan()).count(), 11);
    assert!(ran.notes().contains("undefined among 12 pairs: coupling of 11"), "{}", ran.notes());
}
