//! References, trends, bad channels, artefacts, selection and aggregates, through a pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod given;

use std::borrow::Cow;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use given::tables::{floats, texts};
use given::{Given, Ran, problems, run_stages};
use lapicque_schemas::tables::signals::{self, Signal};
use serde_json::{Value, json};

fn signal<'a>(channel: &'a str, epoch: i32, unit: &'a str, values: &[f64]) -> Signal<'a> {
    Signal {
        channel: Cow::Borrowed(channel),
        epoch,
        t0_ms: 1000.0 * f64::from(epoch),
        dt_ms: 10.0,
        unit: Cow::Borrowed(unit),
        values: Cow::Owned(values.to_vec()),
    }
}

fn stages(kind: &str, config: &Value) -> Value {
    let mut stage = json!({"kind": kind, "inputs": {"signals": "x"}});
    stage.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    json!({"x": {"kind": "given.signals"}, "y": stage})
}

fn given(signals: &[Signal<'_>]) -> [Given; 1] {
    [Given::whole("given.signals", "signals", signals::write(signals).unwrap())]
}

fn ran(kind: &str, config: Value, signals: &[Signal<'_>]) -> Ran {
    run_stages(&given(signals), &stages(kind, &config))
}

/// What comes out: channel, epoch, unit, values.
fn result(kind: &str, config: Value, signals: &[Signal<'_>]) -> Vec<(String, i32, String, Vec<f64>)> {
    rows(&ran(kind, config, signals).result())
}

fn rows(table: &RecordBatch) -> Vec<(String, i32, String, Vec<f64>)> {
    let read = signals::read(table).unwrap();
    read.into_iter().map(|s| (s.channel.into_owned(), s.epoch, s.unit.into_owned(), s.values.into_owned())).collect()
}

fn refusal(kind: &str, config: Value) -> String {
    problems(&given(&[signal("Cz", 0, "uV", &[1.0])]), &stages(kind, &config))
}

fn failure(kind: &str, config: Value, signals: &[Signal<'_>]) -> String {
    let ran = ran(kind, config, signals);
    assert!(!ran.record.ok, "{kind} did not fail");
    ran.failures()
}

fn epochs_of(table: &RecordBatch) -> Vec<i32> {
    table.column_by_name("epoch").unwrap().as_primitive::<Int32Type>().values().to_vec()
}

fn golden() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/preprocessing/splines.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn assert_close(got: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len());
    let largest = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() <= tolerance * largest, "{got} != {expected}");
    }
}

const NAN: f64 = f64::NAN;

#[test]
fn references_are_taken_off() {
    let signals = [
        signal("Fp1", 0, "uV", &[1.0, 2.0]),
        signal("F7", 0, "uV", &[3.0, 5.0]),
        signal("EEG T3-Ref", 0, "uV", &[8.0, -1.0]),
        signal("ECG", 0, "mV", &[100.0, 100.0]),
        signal("Fp1", 1, "uV", &[0.0, 0.0]),
        signal("F7", 1, "uV", &[3.0, 6.0]),
        signal("EEG T3-Ref", 1, "uV", &[3.0, 0.0]),
        signal("ECG", 1, "mV", &[50.0, 50.0]),
    ];
    let average = result("signal.rereference", json!({"except": ["ECG"]}), &signals);
    assert_eq!(average[0], ("Fp1".into(), 0, "uV".into(), vec![-3.0, 0.0]));
    assert_eq!(average[2].3, [4.0, -3.0]);
    // Each epoch by itself.
    let second = average.iter().find(|row| row.0 == "F7" && row.1 == 1).unwrap();
    assert_eq!(second.3, [1.0, 4.0]);
    assert_eq!(average.iter().filter(|row| row.0 == "ECG").map(|row| row.3[0]).collect::<Vec<_>>(), [100.0, 50.0]);

    let channels = json!({"method": "channels", "channels": ["F7", "T7"], "except": ["E?G"]});
    let referenced = result("signal.rereference", channels, &signals);
    assert_eq!((&referenced[0].3, &referenced[1].3), (&vec![-4.5, 0.0], &vec![-2.5, 3.0]));

    let pairs = json!({"method": "bipolar", "pairs": [["Fp1", "F7"], ["F7", "T7"]], "except": ["ECG"]});
    let bipolar = result("signal.rereference", pairs, &signals);
    let names: Vec<(&str, i32)> = bipolar.iter().map(|row| (row.0.as_str(), row.1)).collect();
    assert_eq!(names, [("Fp1-F7", 0), ("Fp1-F7", 1), ("F7-T7", 0), ("F7-T7", 1), ("ECG", 0), ("ECG", 1)]);
    assert_eq!((&bipolar[0].3, &bipolar[2].3), (&vec![-2.0, -3.0], &vec![-5.0, 6.0]));
}

#[test]
fn channels_of_other_units_or_grids_have_no_reference_in_common() {
    let signals = [signal("Fz", 0, "uV", &[1.0, 2.0]), signal("Cz", 0, "mV", &[1.0, 2.0])];
    let message = failure("signal.rereference", json!({}), &signals);
    assert!(message.contains("channel Cz: the unit is mV, that of channel Fz is uV"), "{message}");
    let signals = [signal("Fz", 0, "uV", &[1.0, 2.0]), signal("Cz", 0, "uV", &[1.0])];
    assert!(failure("signal.rereference", json!({}), &signals).contains("the length is 1 values"));
    let signals = [signal("Fz", 0, "uV", &[1.0]), signal("EMG", 0, "uV", &[2.0])];
    let notes = ran("signal.rereference", json!({}), &signals).notes();
    assert!(notes.contains("no electrodes of the 10-10 system (EMG); `except` leaves them out"), "{notes}");
    let message = failure("signal.rereference", json!({"method": "channels", "channels": ["A1"]}), &signals);
    assert!(message.contains("channels: there is no channel `A1` (there are: Fz, EMG)"), "{message}");
    let chain = failure("signal.rereference", json!({"method": "bipolar", "chain": "transverse"}), &signals);
    assert!(chain.contains("chain: there is no channel `Fp1`"), "{chain}");
}

#[test]
fn settings_of_other_methods_are_refused() {
    for (config, expected) in [
        (json!({"channels": ["Cz"]}), "channels"),
        (json!({"method": "channels"}), "needs the names of the reference"),
        (json!({"method": "bipolar"}), "either `pairs`"),
        (json!({"method": "bipolar", "pairs": [["a", "b"]], "chain": "transverse"}), "either `pairs`"),
        (json!({"method": "bipolar", "pairs": [["a", "a"]]}), "two different channels"),
        (json!({"method": "laplacian", "neighbours": 0}), "0 neighbours"),
        (json!({"method": "laplacian", "radius": "90 mm"}), "only the method `surface_laplacian` takes it"),
        (json!({"method": "surface_laplacian", "radius": "0 mm"}), "above 0 mm"),
        (json!({"method": "surface_laplacian", "stiffness": 11}), "2 to 10"),
        (json!({"method": "surface_laplacian", "terms": 0}), "1 to 500"),
        (json!({"method": "laplacian", "positions": {"a": [0, 0, 0]}}), "positions.a"),
        (json!({"except": ["a", "a"]}), "stands there twice"),
    ] {
        let message = refusal("signal.rereference", config.clone());
        assert!(message.contains(expected), "{config}: {message}");
    }
}

fn montage() -> (Value, Vec<String>, Vec<Vec<f64>>, Value) {
    let golden = golden();
    let names: Vec<String> =
        golden["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
    let data: Vec<Vec<f64>> = golden["data"].as_array().unwrap().iter().map(numbers).collect();
    let places = names.iter().cloned().zip(golden["places"].as_array().unwrap().iter().cloned());
    let positions = Value::Object(places.collect());
    (golden, names, data, positions)
}

#[test]
fn surface_laplacians_agree_with_mne() {
    let (golden, names, data, positions) = montage();
    let signals: Vec<Signal<'_>> = names.iter().zip(&data).map(|(name, data)| signal(name, 0, "uV", data)).collect();
    let config = json!({"method": "surface_laplacian", "positions": positions});
    let rows = result("signal.rereference", config, &signals);
    assert_eq!(rows[0].2, "uV/m^2");
    let all: Vec<f64> = rows.into_iter().flat_map(|row| row.3).collect();
    assert_close(&all, &numbers(&golden["csd"]["50 4 1e-05"]), 1e-9);
    // By names the places are nearly the same.
    let by_name = result("signal.rereference", json!({"method": "surface_laplacian"}), &signals);
    let by_name: Vec<f64> = by_name.into_iter().flat_map(|row| row.3).collect();
    assert_close(&by_name, &all, 0.2);
    // Twice the radius, a quarter of the density.
    let config = json!({"method": "surface_laplacian", "positions": positions, "radius": "18 cm"});
    let far = result("signal.rereference", config, &signals).into_iter().flat_map(|row| row.3).collect::<Vec<_>>();
    assert_close(&far.iter().map(|density| 4.0 * density).collect::<Vec<_>>(), &all, 1e-12);
    let without = [&signals[..], &[signal("ECG", 0, "uV", &data[0])]].concat();
    let message = failure("signal.rereference", json!({"method": "surface_laplacian"}), &without);
    assert!(message.contains("channel ECG has no known position") && message.contains("`except`"), "{message}");
}

#[test]
fn laplacians_take_the_mean_of_neighbours_off() {
    let channel = |name: &'static str, value: f64| signal(name, 0, "uV", &[value]);
    let signals = [
        channel("Cz", 10.0),
        channel("FCz", 1.0),
        channel("CPz", 2.0),
        channel("C1", 3.0),
        channel("C2", 6.0),
        channel("T7", 100.0),
    ];
    let rows = result("signal.rereference", json!({"method": "laplacian"}), &signals);
    assert_eq!((rows[0].3[0], rows[0].2.as_str()), (7.0, "uV"));
    let message = failure("signal.rereference", json!({"method": "laplacian"}), &signals[..4]);
    assert!(message.contains("4 channels (Cz, FCz, CPz, C1) are too few for 4 neighbours"), "{message}");
}

#[test]
fn bad_channels_are_interpolated_as_by_mne() {
    let (golden, names, data, positions) = montage();
    let mut signals: Vec<Signal<'_>> =
        names.iter().zip(&data).map(|(name, data)| signal(name, 0, "uV", data)).collect();
    // One is listed, the other has no value; a channel without a place has no part in it.
    let o2 = names.iter().position(|name| name == "O2").unwrap();
    signals[o2] = signal("O2", 0, "uV", &[NAN; 6]);
    signals.push(signal("ECG", 0, "mV", &[7.0; 6]));
    let ran = ran("signal.interpolate", json!({"channels": ["F3"], "positions": positions}), &signals);
    let notes = ran.notes();
    assert!(notes.contains("channel F3: from 17 channels; channel O2: from 17 channels"), "{notes}");
    assert!(notes.contains("stay as they are (ECG)"), "{notes}");
    let rows = rows(&ran.result());
    assert_eq!(rows.iter().map(|row| row.0.as_str()).collect::<Vec<_>>()[..19], names);
    for row in &rows {
        match golden["interpolated"].get(&row.0) {
            Some(expected) => assert_close(&row.3, &numbers(expected), 1e-9),
            None if row.0 == "ECG" => assert_eq!(row.3, [7.0; 6]),
            None => assert_eq!(row.3, data[names.iter().position(|name| *name == row.0).unwrap()]),
        }
    }
}

#[test]
fn interpolation_refuses_what_it_cannot_know() {
    let all = ["Fz", "Cz", "Pz", "Oz", "C3"].map(|name| signal(name, 0, "uV", &[1.0, 2.0]));
    let unknown = [&all[..], &[signal("LFP", 0, "uV", &[NAN, NAN])]].concat();
    let message = failure("signal.interpolate", json!({}), &unknown);
    assert!(message.contains("channel LFP has no known position"), "{message}");
    let message = failure("signal.interpolate", json!({"channels": ["Fz", "Cz"]}), &all);
    assert!(message.contains("3 positions are too few for splines"), "{message}");
    let twice = [&all[..], &[signal("EEG C3", 0, "uV", &[1.0, 2.0])]].concat();
    let message = failure("signal.interpolate", json!({"channels": ["Fz"]}), &twice);
    assert!(message.contains("channels C3 and EEG C3 are at the same place"), "{message}");
    // Without a bad channel nothing happens, whatever the names.
    let plain = [signal("a", 0, "uV", &[1.0, NAN]), signal("b", 0, "mV", &[2.0])];
    assert_eq!(result("signal.interpolate", json!({}), &plain)[1].3, [2.0]);
    // Missing values of good channels.
    let gap = [&all[..], &[signal("C4", 0, "uV", &[1.0, NAN])]].concat();
    assert!(failure("signal.interpolate", json!({"channels": ["Fz"]}), &gap).contains("`missing: propagate`"));
    let rows = result("signal.interpolate", json!({"channels": ["Fz"], "missing": "propagate"}), &gap);
    assert!((rows[0].3[0] - 1.0).abs() < 1e-9 && rows[0].3[1].is_nan());
    for (config, expected) in [
        (json!({"stiffness": 1}), "2 to 10"),
        (json!({"smoothing": -1}), "not below 0"),
        (json!({"positions": {"Cz": [0, 0]}}), "positions"),
    ] {
        assert!(refusal("signal.interpolate", config.clone()).contains(expected), "{config}");
    }
}

#[test]
fn trends_come_off_in_pieces_at_times() {
    let line = |slope: f64| (0..100).map(|i| slope * f64::from(i) + 5.0).collect::<Vec<_>>();
    let broken: Vec<f64> = (0..100).map(|i| if i < 40 { f64::from(i) } else { 7.0 - f64::from(i) }).collect();
    let signals = [signal("a", 0, "uV", &line(3.0)), signal("b", 0, "uV", &broken), signal("c", 5, "uV", &line(1.0))];
    let config = json!({"breakpoints": ["0.4 s", "9 s"]});
    let ran = ran("signal.detrend", config, &signals);
    for row in rows(&ran.result()) {
        assert!(row.3.iter().all(|y| y.abs() < 1e-9), "{}", row.0);
    }
    assert!(ran.notes().contains("the breakpoint at 9000 ms lies within no signal"), "{}", ran.notes());
    let mean = result("signal.detrend", json!({"order": 0}), &[signal("a", 0, "uV", &[1.0, 3.0])]);
    assert_eq!(mean[0].3, [-1.0, 1.0]);
    let gap = [signal("a", 0, "uV", &[1.0, NAN, 3.0, 4.0])];
    assert!(failure("signal.detrend", json!({}), &gap).contains("1 of 4 values is missing"));
    let rows = result("signal.detrend", json!({"missing": "propagate"}), &gap);
    assert!(rows[0].3[1].is_nan() && rows[0].3[3].abs() < 1e-12);
    assert!(refusal("signal.detrend", json!({"order": 11})).contains("0 (a constant) to 10"));
    let short = ran_notes("signal.detrend", json!({}), &[signal("a", 0, "uV", &[4.0])]);
    assert!(short.contains("no more values than a trend has coefficients"), "{short}");
}

fn ran_notes(kind: &str, config: Value, signals: &[Signal<'_>]) -> String {
    ran(kind, config, signals).notes()
}

#[test]
fn epochs_with_artefacts_are_dropped_with_their_reasons() {
    let quiet = [1.0, -1.0, 1.0, -1.0];
    let signals = [
        signal("a", 0, "uV", &quiet),
        signal("a", 1, "uV", &[0.0, 300.0, 300.0, 0.0]),
        signal("a", 2, "uV", &quiet),
        signal("a", 3, "uV", &quiet),
        signal("b", 0, "mV", &quiet.map(|x| x * 1e-3)),
        signal("b", 1, "mV", &quiet.map(|x| x * 1e-3)),
        signal("b", 2, "mV", &[5e-4; 4]),
        signal("b", 3, "mV", &[1e-3, NAN, 1e-3, -1e-3]),
    ];
    let config = json!({"peak_to_peak": "200 uV", "flat": "1 uV", "gradient": "0.25 mV"});
    let ran = ran("signal.reject", config, &signals);
    let kept = ran.result();
    assert_eq!((texts(&kept, "channel"), epochs_of(&kept)), (vec!["a".to_owned(), "b".to_owned()], vec![0, 0]));
    let table = ran.table("y", 1);
    assert_eq!(texts(&table, "reason"), ["peak_to_peak", "gradient", "flat", "missing"]);
    assert_eq!(texts(&table, "channel"), ["a", "a", "b", "b"]);
    assert_eq!(epochs_of(&table), [1, 1, 2, 3]);
    assert_eq!(floats(&table, "t0"), [1000.0, 1000.0, 2000.0, 3000.0]);
    assert_eq!(floats(&table, "value"), [300.0, 300.0, 0.0, 0.25]);
    assert_eq!(floats(&table, "threshold"), [200.0, 250.0, 1e-3, 0.0]);
    assert_eq!(texts(&table, "unit"), ["uV", "uV", "mV", "1"]);
    let notes = ran.notes();
    assert!(
        notes.contains("3 of 4 epochs are rejected (missing: 1, peak_to_peak: 1, flat: 1, gradient: 1)"),
        "{notes}"
    );
    // Only some channels are looked at, and missing values are allowed.
    let config = json!({"peak_to_peak": "200 uV", "channels": ["b"], "missing": "50 %"});
    assert_eq!(result("signal.reject", config, &signals).len(), 8);
}

#[test]
fn marking_changes_no_signal_and_the_loss_of_everything_is_an_error() {
    let signals = [signal("a", 0, "uV", &[0.0, 10.0]), signal("a", 1, "uV", &[0.0, 20.0])];
    let message = failure("signal.reject", json!({"absolute": "5 uV"}), &signals);
    assert!(message.contains("2 of 2 epochs are rejected (absolute: 2): nothing is left"), "{message}");
    assert!(message.contains("channel a: absolute is 10 uV, 5 uV is allowed"), "{message}");
    let marked = ran("signal.reject", json!({"absolute": "5 uV", "action": "mark"}), &signals);
    assert_eq!(rows(&marked.result()).len(), 2);
    assert_eq!(marked.table("y", 1).num_rows(), 2);
    assert!(marked.notes().contains("2 of 2 epochs are rejected"));
    assert_eq!(result("signal.reject", json!({"absolute": "5 uV"}), &[]).len(), 0);
}

#[test]
fn variances_are_compared_with_the_recording() {
    let epoch = |size: f64| vec![size, -size, size, -size];
    let mut all: Vec<Vec<f64>> = (0..20).map(|i| epoch(1.0 + 0.1 * f64::from(i % 3))).collect();
    all[7] = epoch(40.0);
    let signals: Vec<Signal<'_>> = (0..20).zip(&all).map(|(i, values)| signal("a", i, "", values)).collect();
    let ran = ran("signal.reject", json!({"variance": 3}), &signals);
    let table = ran.table("y", 1);
    assert_eq!((epochs_of(&table), texts(&table, "reason")), (vec![7], vec!["variance".to_owned()]));
    assert!(floats(&table, "value")[0] > 4.0);
    assert_eq!(ran.result().num_rows(), 19);
    // Of 10 epochs none can lie more than 3 away.
    let notes = ran_notes("signal.reject", json!({"variance": 3}), &signals[..10]);
    assert!(notes.contains("channel a has 10 epochs, of which none can differ by more than z = 3"), "{notes}");
}

#[test]
fn limits_in_other_units_are_refused() {
    let plain = [signal("a", 0, "1", &[0.0, 4.0]), signal("a", 1, "1", &[0.0, 1.0])];
    assert_eq!(result("signal.reject", json!({"peak_to_peak": "3"}), &plain).len(), 1);
    let message = failure("signal.reject", json!({"peak_to_peak": "3 uV"}), &plain);
    assert!(message.contains("channel a: its unit is 1, and `peak_to_peak` is 3 uV"), "{message}");
    let unknown = [signal("a", 0, "", &[0.0, 4.0])];
    let message = failure("signal.reject", json!({"flat": "3 uV"}), &unknown);
    assert!(message.contains("its unit is not known"), "{message}");
    for (config, expected) in [
        (json!({}), "no limit is given"),
        (json!({"flat": "-1 uV"}), "above 0"),
        (json!({"flat": "1 uVV"}), "flat"),
        (json!({"variance": 0}), "above 0"),
        (json!({"missing": 2}), "from 0 to 1"),
    ] {
        assert!(refusal("signal.reject", config.clone()).contains(expected), "{config}");
    }
}

#[test]
fn channels_units_and_times_are_selected() {
    let ramp: Vec<f64> = (0..100).map(f64::from).collect();
    let signals = [
        signal("EEG Fp1-Ref", 0, "uV", &ramp),
        signal("EEG Cz-Ref", 0, "uV", &ramp),
        signal("ECG", 0, "mV", &ramp),
        signal("ECG", 3, "mV", &ramp),
    ];
    let names =
        |config: Value| result("signal.select", config, &signals).into_iter().map(|row| row.0).collect::<Vec<_>>();
    assert_eq!(names(json!({"channels": ["Cz", "ECG"], "to": "1 s"})), ["EEG Cz-Ref", "ECG"]);
    assert_eq!(names(json!({"channels": ["EEG*"], "exclude": ["*Cz*", "EOG*"]})), ["EEG Fp1-Ref"]);
    assert_eq!(names(json!({"units": ["mV"]})), ["ECG", "ECG"]);
    let table = ran("signal.select", json!({"from": "0.2 s", "to": "0.5 s"}), &signals).result();
    let cut = signals::read(&table).unwrap();
    // From 200 ms on and before 500 ms; the last signal begins at 3 s.
    assert_eq!((cut.len(), cut[0].t0_ms, cut[0].values.len(), cut[0].values[0]), (3, 200.0, 30, 20.0));
    let notes = ran_notes("signal.select", json!({"from": "0.2 s", "to": "0.5 s"}), &signals);
    assert!(notes.contains("channel ECG, epoch 3: 3000 to 4000 ms"), "{notes}");
    let message = failure("signal.select", json!({"channels": ["Fz"]}), &signals);
    assert!(message.contains("there is no channel `Fz` (there are: EEG Fp1-Ref, EEG Cz-Ref, ECG)"), "{message}");
    assert!(failure("signal.select", json!({"from": "1 h"}), &signals).contains("nothing is left"));
    assert!(failure("signal.select", json!({"units": ["V"]}), &signals).contains("units: mV, uV"));
    assert!(failure("signal.select", json!({"exclude": ["*"]}), &signals).contains("nothing is left"));
    for (config, expected) in [
        (json!({}), "nothing is selected"),
        (json!({"from": "2 s", "to": "1 s"}), "later than `from`"),
        (json!({"from": 2}), "from"),
        (json!({"channels": [""]}), "a name is empty"),
    ] {
        assert!(refusal("signal.select", config.clone()).contains(expected), "{config}");
    }
}

#[test]
fn channels_are_aggregated_in_groups() {
    let signals = [
        signal("F3", 0, "uV", &[1.0, 2.0]),
        signal("F4", 0, "uV", &[3.0, 6.0]),
        signal("O1", 0, "uV", &[5.0, 7.0]),
        signal("Cz", 0, "mV", &[5.0]),
        signal("F3", 1, "uV", &[0.0, 0.0]),
        signal("F4", 1, "uV", &[2.0, 2.0]),
        signal("O1", 1, "uV", &[4.0, 4.0]),
        signal("Cz", 1, "mV", &[5.0]),
    ];
    let config = json!({"groups": {"left": ["F3", "O1"], "front": ["F*"]}});
    let ran = ran("signal.aggregate", config, &signals);
    let found = rows(&ran.result());
    let names: Vec<(&str, i32)> = found.iter().map(|row| (row.0.as_str(), row.1)).collect();
    assert_eq!(names, [("front", 0), ("front", 1), ("left", 0), ("left", 1)]);
    assert_eq!((&found[0].3, &found[3].3), (&vec![2.0, 4.0], &vec![2.0, 2.0]));
    assert!(ran.notes().contains("channels that are in no group are left out (Cz)"), "{}", ran.notes());
    for (how, expected) in [("sum", 9.0), ("mean", 3.0), ("median", 3.0), ("rms", (35.0_f64 / 3.0).sqrt())] {
        let row = result("signal.aggregate", json!({"how": how}), &signals[..3]).remove(0);
        assert_eq!(row.0, how);
        assert!((row.3[0] - expected).abs() < 1e-12);
    }
    let message = failure("signal.aggregate", json!({}), &signals);
    assert!(message.contains("pooled channels must agree"), "{message}");
    let partial = failure("signal.aggregate", json!({}), &signals[..5]);
    assert!(partial.contains("pooled channels must agree") || partial.contains("has 1 of the 4 channels"), "{partial}");
    assert!(refusal("signal.aggregate", json!({"groups": {"a": []}})).contains("groups.a"));
    assert!(refusal("signal.aggregate", json!({"groups": {"": ["a"]}})).contains("the name of a group is empty"));
}
