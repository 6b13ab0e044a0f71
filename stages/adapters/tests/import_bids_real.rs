//! `import.bids` on datasets of other projects, beside what independent readers make of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, RecordBatch};
use lapicque_recording::FORMATS;
use serde_json::Value;
use support::{Ran, bind, floats, lists, ran, texts};

fn shared() -> Option<PathBuf> {
    let shared = std::env::var_os("LAPICQUE_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = shared.join("fixtures/recordings_real");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is missing (LAPICQUE_SHARED names another place)", folder.display());
    None
}

fn cell(table: &RecordBatch, column: &str, row: usize) -> Option<String> {
    let column = table.column_by_name(column).unwrap_or_else(|| panic!("no column {column}"));
    if column.is_null(row) {
        return None;
    }
    let number = column.as_primitive_opt::<Float64Type>().map(|values| values.value(row).to_string());
    number.or_else(|| Some(column.as_string::<i32>().value(row).to_owned()))
}

fn said(value: &Value) -> Option<String> {
    value.as_str().filter(|text| *text != "n/a").map(str::to_owned)
}

/// Rows of a table that are of this sample.
fn rows_of(table: &RecordBatch, label: &str) -> Vec<usize> {
    texts(table, "sample").iter().enumerate().filter(|(_, sample)| *sample == label).map(|(row, _)| row).collect()
}

fn check_signals(ran: &Ran, label: &str, expected: &Value) {
    let signals = ran.output("x", 0);
    let (units, dt, values) = (texts(&signals, "unit"), floats(&signals, "dt"), lists(&signals, "values"));
    let rows = rows_of(&signals, label);
    let channels = expected["channels"].as_array().unwrap();
    assert_eq!(rows.len(), channels.len(), "{label}");
    for (row, channel) in rows.into_iter().zip(channels) {
        let number = |key: &str| channel[key].as_f64().unwrap();
        let range = number("max") - number("min");
        assert_eq!(values[row].len() as f64, number("samples"));
        assert!((1e3 / dt[row] / number("rate_hz") - 1.0).abs() < 1e-9);
        if channel["unit"] == channel["unit_in_file"] {
            assert_eq!(units[row], channel["unit"].as_str().unwrap());
        }
        let close = |found: f64, expected: &Value, factor: f64| {
            let expected = expected.as_f64().unwrap();
            assert!(
                (found - expected).abs() <= 1e-9 * range * factor,
                "{label} {}: {found} {expected}",
                channel["label"]
            );
        };
        let sum: f64 = values[row].iter().sum();
        close(sum, &channel["sum"], number("samples"));
        let first = channel["first5"].as_array().unwrap();
        let last = channel["last5"].as_array().unwrap();
        values[row].iter().zip(first).for_each(|(value, expected)| close(*value, expected, 1.0));
        values[row].iter().rev().zip(last.iter().rev()).for_each(|(value, expected)| close(*value, expected, 1.0));
    }
}

/// What channels.tsv says, where it fits the recording.
fn check_channels(ran: &Ran, label: &str, expected: &Value) {
    let rows = expected["channels_tsv"]["rows"].as_array().unwrap();
    let channels = ran.output("x", 3);
    let of_sample = rows_of(&channels, label);
    if rows.len() != of_sample.len() {
        assert!(of_sample.iter().all(|&row| cell(&channels, "type", row).is_none()));
        let labels: Vec<&str> =
            expected["channels"].as_array().unwrap().iter().map(|channel| channel["label"].as_str().unwrap()).collect();
        let names = texts(&channels, "channel");
        assert_eq!(of_sample.iter().map(|&row| names[row].as_str()).collect::<Vec<_>>(), labels);
        return;
    }
    for (&row, said_of) in of_sample.iter().zip(rows) {
        assert_eq!(cell(&channels, "channel", row), said(&said_of["name"]));
        assert_eq!(cell(&channels, "type", row), said(&said_of["type"]));
        assert_eq!(cell(&channels, "status", row), said(&said_of["status"]));
    }
}

fn check_events(ran: &Ran, label: &str, expected: &Value) {
    let events = ran.output("x", 1);
    let of_sample = rows_of(&events, label);
    let Some(rows) = expected["events_tsv"]["rows"].as_array() else {
        assert_eq!(of_sample.len(), expected["events"].as_array().unwrap().len());
        return;
    };
    assert_eq!(of_sample.len(), rows.len());
    for (&row, said_of) in of_sample.iter().zip(rows) {
        let number = |value: &Value| said(value).map(|text| text.parse::<f64>().unwrap().to_string());
        assert_eq!(cell(&events, "onset_s", row), number(&said_of["onset"]));
        assert_eq!(cell(&events, "duration_s", row), number(&said_of["duration"]));
        assert_eq!(cell(&events, "kind", row), said(&said_of["trial_type"]));
        let value = said(&said_of["value"]).or_else(|| said(&said_of["trial_type"]));
        assert_eq!(cell(&events, "value", row), value);
    }
}

#[test]
fn datasets_of_other_projects_are_read_as_independent_readers_read_them() {
    let Some(folder) = shared() else { return };
    let expected: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("expected.json")).unwrap()).unwrap();
    let mut datasets = 0;
    for (name, dataset) in expected["files"].as_object().unwrap().iter().filter(|(_, file)| file["family"] == "bids") {
        let recordings = dataset["recordings"].as_object().unwrap();
        let is_read = |file: &String| FORMATS.iter().any(|format| file.ends_with(&format!(".{}", format.extension())));
        if !recordings.keys().all(is_read) {
            eprintln!("skipped: {name} has recordings of a format that is not read");
            continue;
        }
        datasets += 1;
        let pipeline = format!("  x:\n    kind: import.bids\n    path: {name}\n");
        let (_, graph) = bind(&pipeline, &folder).unwrap_or_else(|error| panic!("{error}"));
        let notes = graph.stages[0].bound().notes.join("\n");
        let ran = ran(&pipeline, &folder);
        let table = ran.output("x", 2);
        assert_eq!(table.num_rows(), recordings.len(), "{name}");
        for (row, (file, expected)) in recordings.iter().enumerate() {
            let stem = file.rsplit('/').next().unwrap();
            let label = stem.rsplit_once('_').unwrap().0;
            assert_eq!(cell(&table, "sample", row).as_deref(), Some(label));
            assert_eq!(cell(&table, "file", row).as_deref(), Some(file.as_str()));
            for (column, key) in [("subject", "sub"), ("session", "ses"), ("task", "task"), ("run", "run")] {
                assert_eq!(cell(&table, column, row), said(&expected["entities"][key]), "{file}: {column}");
            }
            let mains = expected["sidecar"]["PowerLineFrequency"].as_f64();
            assert_eq!(cell(&table, "power_line_frequency_hz", row), mains.map(|mains| mains.to_string()));
            let participants = dataset["participants"].as_array().unwrap();
            let own = participants
                .iter()
                .find(|of| said(&of["participant_id"]) == cell(&table, "subject", row).map(|s| format!("sub-{s}")));
            for (column, value) in
                own.unwrap().as_object().unwrap().iter().filter(|(column, _)| *column != "participant_id")
            {
                assert_eq!(cell(&table, column, row), said(value), "{file}: {column}");
            }
            check_signals(&ran, label, expected);
            check_channels(&ran, label, expected);
            check_events(&ran, label, expected);
        }
        // Each oddity is told.
        for oddity in dataset["oddities"].as_array().unwrap().iter().map(|oddity| oddity.as_str().unwrap()) {
            let told = if oddity.contains("SamplingFrequency 32") {
                "its sidecar says 32 Hz, the recording 256 Hz"
            } else if oddity.contains("15 rows") {
                "channels.tsv has 15 rows, the recording 16 channels"
            } else {
                "names are those of channels.tsv, in the order of the file"
            };
            assert!(notes.contains(told), "{oddity}\n{notes}");
        }
    }
    assert!(datasets >= 3, "{datasets} datasets");
}

#[test]
fn onsets_count_from_the_first_sample_of_a_file_that_starts_later_than_its_header() {
    let Some(fixtures) = shared() else { return };
    let folder = tempfile::tempdir().unwrap();
    let eeg = folder.path().join("d/sub-01/eeg");
    std::fs::create_dir_all(&eeg).unwrap();
    std::fs::copy(fixtures.join("edf/subsecond_starttime.edf"), eeg.join("sub-01_task-x_eeg.edf")).unwrap();
    std::fs::write(eeg.join("sub-01_task-x_events.tsv"), "onset\tduration\n0\t0\n1\tn/a\n").unwrap();
    let events = |rest: &str| {
        let ran = ran(&format!("  x:\n    kind: import.bids\n    path: d\n{rest}"), folder.path());
        (floats(&ran.output("x", 0), "t0")[0] / 1e3, floats(&ran.output("x", 1), "onset_s"))
    };
    let (start_s, onsets) = events("");
    assert!((start_s - 0.394_531_2).abs() < 1e-6, "{start_s}");
    assert_eq!(onsets, [start_s, start_s + 1.0]);
    let (_, onsets) = events("    window: 500 ms\n");
    assert!((onsets[0] - start_s).abs() < 1e-9 && (onsets[1] - start_s - 1.0).abs() < 1e-9, "{onsets:?}");
}
