//! Epochs around events, their averages and rates of events, through a pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod given;

use std::borrow::Cow;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use given::tables::{floats, texts};
use given::{Given, Ran, problems, run_stages};
use lapicque_schemas::tables::events::{self, Event};
use lapicque_schemas::tables::signals::{self, Signal};
use serde_json::{Value, json};

fn golden() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/preprocessing/epochs.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn event(onset_s: f64, duration_s: Option<f64>, value: &str) -> Event {
    let (kind, channel) = ("annotation".to_owned(), String::new());
    Event { onset_s, duration_s, kind, value: value.to_owned(), channel }
}

fn signal<'a>(channel: &'a str, epoch: i32, t0_ms: f64, values: &[f64]) -> Signal<'a> {
    let (channel, unit) = (Cow::Borrowed(channel), Cow::Borrowed("uV"));
    Signal { channel, epoch, t0_ms, dt_ms: 10.0, unit, values: Cow::Owned(values.to_vec()) }
}

fn given(signals: &[Signal<'_>], events: &[Event]) -> [Given; 2] {
    [
        Given::whole("given.signals", "signals", signals::write(signals).unwrap()),
        Given::whole("given.events", "events", events::write(events).unwrap()),
    ]
}

fn stage(kind: &str, inputs: Value, config: &Value) -> Value {
    let mut stage = json!({"kind": kind, "inputs": inputs});
    stage.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    stage
}

fn epochs_stages(config: &Value, further: &Value) -> Value {
    let mut stages = json!({
        "x": {"kind": "given.signals"}, "e": {"kind": "given.events"},
        "y": stage("signal.epochs", json!({"signals": "x", "events": "e"}), config),
    });
    stages.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
    stages
}

fn cut(signals: &[Signal<'_>], events: &[Event], config: &Value) -> Ran {
    run_stages(&given(signals, events), &epochs_stages(config, &json!({})))
}

fn failure(signals: &[Signal<'_>], events: &[Event], config: &Value) -> String {
    let ran = cut(signals, events, config);
    assert!(!ran.record.ok, "{config} did not fail");
    ran.failures()
}

fn epochs_of(table: &RecordBatch) -> Vec<i32> {
    table.column_by_name("epoch").unwrap().as_primitive::<Int32Type>().values().to_vec()
}

fn assert_close(got: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len());
    let largest = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() <= tolerance * largest, "{got} != {expected}");
    }
}

/// The recording of the golden figures: two channels, events, bad stretches.
fn recording() -> (Value, Vec<Vec<f64>>, Vec<Event>) {
    let golden = golden();
    let data: Vec<Vec<f64>> = golden["data"].as_array().unwrap().iter().map(numbers).collect();
    let values = golden["values"].as_array().unwrap().iter().map(|value| value.as_str().unwrap());
    let mut events: Vec<Event> =
        numbers(&golden["onsets_s"]).iter().zip(values).map(|(onset, value)| event(*onset, None, value)).collect();
    for bad in golden["bad"].as_array().unwrap() {
        events.push(event(bad[0].as_f64().unwrap(), bad[1].as_f64(), bad[2].as_str().unwrap()));
    }
    (golden, data, events)
}

fn around() -> Value {
    json!({"around": ["go", "stop"], "from": "-200 ms", "to": "500 ms", "baseline": ["-200 ms", "0 ms"]})
}

#[test]
fn epochs_around_events_are_those_of_mne() {
    let (golden, data, events) = recording();
    let signals = [signal("a", 0, 0.0, &data[0]), signal("b", 0, 0.0, &data[1])];
    let ran = cut(&signals, &events, &around());
    let selection: Vec<i32> = numbers(&golden["selection"]).iter().map(|event| *event as i32).collect();
    let table = ran.result();
    assert_eq!(epochs_of(&table), [&selection[..], &selection].concat());
    let found = signals::read(&table).unwrap();
    let expected: Vec<Vec<f64>> = golden["epochs"].as_array().unwrap().iter().map(numbers).collect();
    for (i, expected) in expected.iter().enumerate() {
        let both = [found[i].values.as_ref(), found[i + selection.len()].values.as_ref()].concat();
        assert_close(&both, expected, 1e-11);
    }
    assert_eq!(found[0].t0_ms, 800.0);
    // Which event each epoch belongs to.
    let of = ran.table("y", 1);
    assert_eq!(epochs_of(&of), selection);
    let onsets: Vec<f64> = selection.iter().map(|event| events[*event as usize].onset_s).collect();
    assert_eq!(floats(&of, "onset_s"), onsets);
    let values: Vec<String> = selection.iter().map(|event| events[*event as usize].value.clone()).collect();
    assert_eq!(texts(&of, "value"), values);
    let notes = ran.notes();
    assert!(
        notes.contains("1 of 10 events have no epoch, because it would leave the recording (the first at 0.1 s)"),
        "{notes}"
    );
    assert!(
        notes.contains("1 of 10 epochs overlap a bad stretch and are dropped (the first begins at 2.3 s)"),
        "{notes}"
    );
}

#[test]
fn averages_by_event_are_those_of_mne() {
    let (golden, data, events) = recording();
    let signals = [signal("a", 0, 0.0, &data[0]), signal("b", 0, 0.0, &data[1])];
    let average = |config: &Value| stage("signal.average", json!({"signals": "y", "epochs": "y.epochs"}), config);
    let further = json!({"z": average(&json!({"by": "value"}))});
    let ran = run_stages(&given(&signals, &events), &epochs_stages(&around(), &further));
    let table = ran.result();
    let found = signals::read(&table).unwrap();
    let names: Vec<(&str, i32)> = found.iter().map(|s| (s.channel.as_ref(), s.epoch)).collect();
    assert_eq!(names, [("a", 0), ("a", 1), ("b", 0), ("b", 1)]);
    assert!(found.iter().all(|s| s.t0_ms == -200.0));
    assert_close(&[&found[0].values[..], &found[2].values].concat(), &numbers(&golden["go_mean"]), 1e-11);
    let counts = ran.table("z", 2);
    assert_eq!(texts(&counts, "value"), ["go", "stop", "go", "stop"]);
    let count: Vec<i64> = counts.column_by_name("count").unwrap().as_primitive::<Int64Type>().values().to_vec();
    let go = count[0] as f64;
    assert_eq!(count.iter().sum::<i64>(), 2 * numbers(&golden["selection"]).len() as i64);
    let table = ran.table("z", 1);
    let errors = signals::read(&table).unwrap();
    // MNE divides by K where K (K - 1) estimates the error without bias.
    let errors = [&errors[0].values[..], &errors[2].values].concat();
    let errors: Vec<f64> = errors.iter().map(|error| error * ((go - 1.0) / go).sqrt()).collect();
    assert_close(&errors, &numbers(&golden["go_standard_error"]), 1e-11);

    // All epochs, without their events: times count from their begin.
    let further = json!({"z": stage("signal.average", json!({"signals": "y"}), &json!({"how": "median"}))});
    let ran = run_stages(&given(&signals, &events), &epochs_stages(&around(), &further));
    let table = ran.result();
    let all = signals::read(&table).unwrap();
    assert_eq!((all.len(), all[0].t0_ms, all[0].epoch), (2, 0.0, 0));
    assert_eq!(texts(&ran.table("z", 2), "value"), ["all", "all"]);
    let stages = epochs_stages(
        &around(),
        &json!({"z": stage("signal.average", json!({"signals": "y"}), &json!({"by": "kind"}))}),
    );
    assert!(problems(&given(&signals, &events), &stages).contains("connect the input `epochs`"));
}

#[test]
fn epochs_that_differ_have_no_average() {
    let [x, _] = given(&[signal("a", 0, 0.0, &[1.0, 2.0]), signal("a", 1, 50.0, &[1.0])], &[]);
    let stages =
        json!({"x": {"kind": "given.signals"}, "z": stage("signal.average", json!({"signals": "x"}), &json!({}))});
    let ran = run_stages(&[x], &stages);
    assert!(ran.failures().contains("channel a, epoch 1: the length is 1 values, that of epoch 0 is 2 values"));
    let [x, _] = given(&[signal("a", 0, 0.0, &[1.0]), signal("a", 1, 50.0, &[f64::NAN])], &[]);
    assert!(run_stages(&[x], &stages).failures().contains("`missing: propagate`"));
}

#[test]
fn side_by_side_epochs_leave_bad_stretches_out() {
    let values: Vec<f64> = (0..1000).map(f64::from).collect();
    let signals = [signal("a", 0, 0.0, &values), signal("b", 0, 0.0, &values)];
    let mut events = vec![event(2.5, Some(1.0), "BAD artefact"), event(7.0, None, "go"), event(8.0, None, "bad")];
    let ran = cut(&signals, &events, &json!({"length": "1 s"}));
    let kept = [0, 1, 4, 5, 6, 7, 9];
    let table = ran.result();
    assert_eq!(epochs_of(&table), [kept, kept].concat());
    assert_eq!(floats(&table, "t0")[2], 4000.0);
    assert!(ran.notes().contains("3 of 10 epochs overlap a bad stretch"), "{}", ran.notes());
    // Nothing else changes, and other patterns are possible.
    assert_eq!(cut(&signals, &events, &json!({"length": "1 s", "bad": []})).result().num_rows(), 20);
    assert_eq!(cut(&signals, &events, &json!({"length": "1 s", "bad": ["go"]})).result().num_rows(), 18);
    // What is bad in a channel that is not there is no matter.
    events[0].channel = "EMG".to_owned();
    events[2].channel = "b".to_owned();
    assert_eq!(epochs_of(&cut(&signals, &events, &json!({"length": "1 s"})).result()).len(), 18);
    let all = [event(0.0, Some(100.0), "bad")];
    let message = failure(&signals, &all, &json!({"length": "1 s"}));
    assert!(message.contains("no epoch is left: 10 of 10 epochs overlap a bad stretch"), "{message}");
}

#[test]
fn stretches_of_a_recording_have_the_epochs_that_lie_within() {
    let values: Vec<f64> = (0..200).map(f64::from).collect();
    // From 0 to 2 s and from 10 to 12 s; the third is part of the second.
    let signals =
        [signal("a", 0, 0.0, &values), signal("a", 1, 10_000.0, &values), signal("a", 2, 10_500.0, &values[50..])];
    let events = [event(11.0, None, "go"), event(1.0, None, "go"), event(1.9, None, "go"), event(5.0, None, "go")];
    let ran = cut(&signals, &events, &json!({"around": ["go"], "from": "0 ms", "to": "300 ms"}));
    let table = ran.result();
    // Numbered in time: 1, 1.9, 5 and 11 s.
    assert_eq!((epochs_of(&table), floats(&table, "t0")), (vec![0, 3], vec![1000.0, 11_000.0]));
    let found = signals::read(&table).unwrap();
    assert_eq!((found[0].values[0], found[1].values[0], found[1].values.len()), (100.0, 100.0, 30));
    assert!(ran.notes().contains("2 of 4 events have no epoch"), "{}", ran.notes());
}

#[test]
fn what_no_event_is_like_is_told_with_what_there_is() {
    let signals = [signal("a", 0, 0.0, &[0.0; 500])];
    let events = [event(1.0, None, "go"), event(2.0, None, "stop")];
    let config = |pattern: &str| json!({"around": [pattern], "from": "0 ms", "to": "300 ms"});
    let message = failure(&signals, &events, &config("target"));
    assert!(message.contains("no event is like `target` (there are: go, stop)"), "{message}");
    assert!(failure(&signals, &[], &config("*")).contains("there are no events"));
    let late = [event(60.0, None, "go")];
    assert!(failure(&signals, &late, &config("go")).contains("no epoch is left: 1 of 1 events"));
    assert_eq!(cut(&signals, &events, &config("annotation")).result().num_rows(), 2);
    assert_eq!(cut(&signals, &events, &config("s*")).result().num_rows(), 1);
    let nothing = json!({"around": ["go"], "from": "0 ms", "to": "300 ms", "length": null, "step": null});
    assert_eq!(cut(&signals, &events, &nothing).result().num_rows(), 1);
    let nowhere = [event(f64::NAN, None, "go")];
    assert!(failure(&signals, &nowhere, &config("go")).contains("a time is finite"));
}

#[test]
fn baselines_without_a_value_and_scaling_are_defined() {
    let mut values: Vec<f64> = (0..100).map(f64::from).collect();
    values[..20].fill(f64::NAN);
    let signals = [signal("a", 0, 0.0, &values)];
    let events = [event(0.2, None, "go"), event(0.6, None, "go")];
    let config = json!({"around": ["go"], "from": "-200 ms", "to": "200 ms", "baseline": ["-200 ms", "0 ms"]});
    let ran = cut(&signals, &events, &config);
    let table = ran.result();
    let found = signals::read(&table).unwrap();
    assert!(found[0].values.iter().all(|value| value.is_nan()));
    assert_eq!((found[1].values[0], found[1].values[39]), (-9.5, 29.5));
    assert!(
        ran.notes().contains("epochs without a value in their baseline are missing (channel a: 0 ms)"),
        "{}",
        ran.notes()
    );
    let scaled = json!({"around": ["go"], "from": "-200 ms", "to": "200 ms", "zscore": true, "missing": "propagate"});
    let ran = cut(&signals, &events, &scaled);
    assert_eq!(texts(&ran.result(), "unit"), ["1", "1"]);
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let given = given(&[signal("a", 0, 0.0, &[0.0])], &[]);
    for (config, expected) in [
        (json!({}), "missing field `length`"),
        (json!({"around": ["go"]}), "`around` needs it"),
        (json!({"around": ["go"], "from": "0 ms", "to": "0 ms"}), "later than `from`"),
        (json!({"around": ["go"], "from": "0 ms", "to": "1 s", "length": "1 s"}), "from `from` to `to`"),
        (json!({"around": ["go"], "from": "0 ms", "to": "1 s", "drop_last": true}), "from `from` to `to`"),
        (
            json!({"around": ["go"], "from": "0 ms", "to": "1 s", "baseline": ["-1 ms", "0 ms"]}),
            "a stretch of the epoch",
        ),
        (json!({"around": [""], "from": "0 ms", "to": "1 s"}), "a pattern is empty"),
        (json!({"length": "1 s", "baseline": ["0 ms", "1 ms"]}), "only epochs around events"),
        (json!({"length": "1 s", "from": "0 ms"}), "only epochs around events"),
    ] {
        let message = problems(&given, &epochs_stages(&config, &json!({})));
        assert!(message.contains(expected), "{config}: {message}");
    }
    for config in [json!({"length": "1 s", "bad": ["x"]}), json!({"around": ["go"], "from": "0 ms", "to": "1 s"})] {
        let stages =
            json!({"x": {"kind": "given.signals"}, "y": stage("signal.epochs", json!({"signals": "x"}), &config)});
        assert!(problems(&given, &stages).contains("connect the input `events`"), "{config}");
    }
}

fn rates(signals: Option<&[Signal<'_>]>, events: &[Event], config: &Value) -> Ran {
    let given = given(signals.unwrap_or_default(), events);
    let inputs = if signals.is_some() { json!({"events": "e", "signals": "x"}) } else { json!({"events": "e"}) };
    let mut stages = json!({"e": {"kind": "given.events"}, "y": stage("features.events", inputs, config)});
    if signals.is_some() {
        stages["x"] = json!({"kind": "given.signals"});
    }
    run_stages(&given, &stages)
}

/// The table of the stage `y`, wherever it stands.
fn of_y(ran: &Ran) -> RecordBatch {
    assert!(ran.record.ok, "{}", ran.failures());
    ran.table("y", 0)
}

#[test]
fn events_are_counted_by_value() {
    // 0 to 2 s and 10 to 12 s.
    let values = [0.0; 200];
    let signals = [signal("a", 0, 0.0, &values), signal("a", 1, 10_000.0, &values), signal("b", 0, 0.0, &values)];
    let events = [
        event(0.5, Some(0.1), "blink"),
        event(1.0, Some(0.3), "blink"),
        event(10.5, Some(0.4), "blink"),
        event(5.0, None, "blink"),
        event(11.0, None, ""),
    ];
    let ran = rates(Some(&signals), &events, &json!({"events": ["*", "spindle"]}));
    let table = of_y(&ran);
    assert_eq!(texts(&table, "channel"), ["annotation", "blink", "spindle"]);
    assert_eq!(floats(&table, "count"), [1.0, 3.0, 0.0]);
    assert_eq!(floats(&table, "rate_hz"), [0.25, 0.75, 0.0]);
    assert_eq!(floats(&table, "interval_mean_s")[1], 0.5);
    assert!(floats(&table, "interval_cv")[1].is_nan() && floats(&table, "interval_mean_s")[2].is_nan());
    assert!((floats(&table, "time_fraction")[1] - 0.2).abs() < 1e-12);
    assert!(ran.notes().contains("1 events begin outside of the recorded time"), "{}", ran.notes());
    // By kind, in a recording of a duration that is said.
    let ran = rates(None, &events, &json!({"by": "kind", "duration": "20 s"}));
    let table = of_y(&ran);
    assert_eq!((texts(&table, "channel"), floats(&table, "rate_hz")), (vec!["annotation".to_owned()], vec![0.25]));
    assert_eq!(of_y(&rates(None, &[], &json!({"duration": "20 s"}))).num_rows(), 0);
}

#[test]
fn rates_need_a_recorded_time() {
    let given = given(&[signal("a", 0, 0.0, &[0.0])], &[]);
    let problem = |inputs: Value, config: Value| {
        let stages = json!({
            "x": {"kind": "given.signals"}, "e": {"kind": "given.events"},
            "y": stage("features.events", inputs, &config),
        });
        problems(&given, &stages)
    };
    assert!(problem(json!({"events": "e"}), json!({})).contains("how long was recorded is not known"));
    let both = problem(json!({"events": "e", "signals": "x"}), json!({"duration": "1 s"}));
    assert!(both.contains("leave one of both out"), "{both}");
    assert!(problem(json!({"events": "e"}), json!({"duration": "0 s"})).contains("above 0 ms"));
    let mut unknown = signal("a", 0, 0.0, &[0.0]);
    unknown.dt_ms = f64::NAN;
    let ran = rates(Some(&[unknown]), &[event(0.0, None, "x")], &json!({}));
    assert!(ran.failures().contains("its times are not known"), "{}", ran.failures());
}
