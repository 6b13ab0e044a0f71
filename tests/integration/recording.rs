//! The example `recording` on real recordings: a prediction for every epoch of every channel, the same from EDF and CSV.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Lab, lapicque};

/// The reference recordings, which are too large for the repository.
fn recordings() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("LAPICQUE_SHARED").map_or(beside, PathBuf::from).join("fixtures/ncpi/recordings");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is missing; LAPICQUE_SHARED says where the reference data are", folder.display());
    None
}

#[test]
fn every_epoch_and_channel_of_a_recording_gets_a_prediction() {
    let Some(recordings) = recordings() else {
        return;
    };
    let lab = Lab::new();
    lab.write("tiny.yaml", include_str!("../golden/house/tiny_network.yaml"));
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/recording");
    let settings = [
        "spikes.network=tiny.yaml",
        "kernels.network=tiny.yaml",
        "parameters.sweep={J_ext: {linspace: [30 pA, 35 pA, 4]}, seed: {values: [1, 2]}}",
        "model.validation={repeated_kfold: {folds: 4, repeats: 1}}",
    ];
    let settings: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    let predictions = |file: &str| -> Vec<Value> {
        let path = format!("recording.path={}", recordings.join(file).display());
        let run = [["run", example, "--store", "store", "--json", "--set", &path].as_slice(), &settings].concat();
        let run = lapicque(lab.folder(), &run).ok().json();
        assert_eq!(run["ok"], true);
        let query = "SELECT channel, epoch, target, mean, outside_training FROM predictions ORDER BY channel, epoch";
        let rows = lapicque(lab.folder(), &["sql", "-p", example, query, "--store", "store", "--json"]).ok().json();
        rows.as_array().unwrap().clone()
    };
    let from_edf = predictions("human_eeg_8ch_250Hz.edf");
    // 60 s in epochs of 5 s.
    assert_eq!(from_edf.len(), 8 * 12);
    let channels: std::collections::BTreeSet<&str> =
        from_edf.iter().map(|row| row["channel"].as_str().unwrap()).collect();
    assert_eq!(channels.len(), 8);
    assert!(from_edf.iter().all(|row| row["mean"].as_f64().is_some_and(f64::is_finite) && row["target"] == "J_ext"));
    assert!(from_edf.iter().all(|row| (0.0..=1.0).contains(&row["outside_training"].as_f64().unwrap())));

    // The CSV file holds the first 10 s.
    let from_csv = predictions("human_eeg_8ch_250Hz.csv");
    let names =
        |rows: &[Value]| rows.iter().map(|row| (row["channel"].clone(), row["epoch"].clone())).collect::<Vec<_>>();
    let begin: Vec<Value> = from_edf.iter().filter(|row| row["epoch"].as_i64() < Some(2)).cloned().collect();
    assert_eq!(names(&from_csv), names(&begin));

    // At 1000 Hz, one channel: resampled to the rate of the simulation.
    let lfp = predictions("human_m1_lfp_1ch_1000Hz.edf");
    assert_eq!(lfp.len(), 2);
}

/// Units of voltage in microvolts, as the expected values have them.
fn microvolts(unit: &str) -> f64 {
    match unit {
        "V" => 1e6,
        "mV" => 1e3,
        "nV" => 1e-3,
        _ => 1.0,
    }
}

/// Sums without the errors of adding up.
fn sum(values: &[f64]) -> f64 {
    let (mut sum, mut lost) = (0.0, 0.0);
    for value in values {
        let next: f64 = sum + value;
        lost += if f64::abs(sum) >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    sum + lost
}

fn check_channel(expected: &Value, rows: &[&Value], what: &str) {
    let number = |field: &str| expected[field].as_f64().unwrap();
    let scale = if expected["unit"] == "uV" { microvolts(rows[0]["unit"].as_str().unwrap()) } else { 1.0 };
    let values: Vec<f64> = rows
        .iter()
        .flat_map(|row| row["values"].as_array().unwrap())
        .map(|value| value.as_f64().map_or(f64::NAN, |value| value * scale))
        .collect();
    assert_eq!(values.len(), expected["samples"].as_u64().unwrap() as usize, "{what}");
    let rate = 1e3 / rows[0]["dt"].as_f64().unwrap();
    assert!((rate - number("rate_hz")).abs() <= 1e-9 * rate, "{what}: {rate} Hz");
    let range = number("max") - number("min");
    let size = number("max").abs().max(number("min").abs());
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * range + 4.0 * f64::EPSILON * size;
    let few = values.len().min(5);
    for (end, found) in [("first5", &values[..few]), ("last5", &values[values.len() - few..])] {
        for (found, expected) in found.iter().zip(expected[end].as_array().unwrap()) {
            let same = expected.as_f64().map_or(found.is_nan(), |expected| near(*found, expected));
            assert!(same, "{what}, {end}: {found}, not {expected}");
        }
    }
    let there: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    let extremes = there.iter().fold((f64::MAX, f64::MIN), |(low, high), &v| (low.min(v), high.max(v)));
    assert!(near(extremes.0, number("min")) && near(extremes.1, number("max")), "{what}: {extremes:?}");
    let tolerance = (1e-9 * range + 4.0 * f64::EPSILON * size) * there.len() as f64;
    assert!((sum(&there) - number("sum")).abs() <= tolerance, "{what}: sum {}", sum(&there));
}

/// Events in the order of the file, on a clock that begins with the signals.
fn check_events(due: &[Value], found: &[Value], start_s: f64, name: &str) {
    assert_eq!(found.len(), due.len(), "{name}: events");
    for (due, found) in due.iter().zip(found) {
        let number = |of: &Value, field: &str| of[field].as_f64();
        let onset_s = number(found, "onset_s").unwrap() - start_s;
        assert!((onset_s - number(due, "onset_s").unwrap()).abs() < 1e-6, "{name}: {found}, not {due}");
        if let Some(duration_s) = number(due, "duration_s") {
            let found_s = number(found, "duration_s").unwrap_or(0.0);
            assert!((found_s - duration_s).abs() < 1e-6, "{name}: {found}, not {due}");
        }
        let is_named = due["text"].as_str().is_some_and(|text| !text.is_empty());
        assert!(!is_named || due["text"] == found["value"], "{name}: {found}, not {due}");
    }
}

#[test]
fn public_recordings_have_the_values_that_independent_readers_find() {
    let Some(folder) = recordings().map(|folder| folder.join("../../recordings_real")).filter(|folder| folder.is_dir())
    else {
        return;
    };
    let all: Value = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let lab = Lab::new();
    let (mut read, mut events) = (0, 0);
    for (name, expected) in all["files"].as_object().unwrap() {
        let format = name.split('/').next().unwrap_or_default();
        // Of files without signals of their own (variables of MATLAB, datasets) other tests tell.
        let channels_of = |told: &Value| told["channels"].as_array().cloned().unwrap_or_default();
        let due: Vec<Value> = match expected["series"].as_object() {
            Some(series) => series.values().flat_map(channels_of).collect(),
            None => channels_of(expected),
        };
        if due.is_empty() && expected["expect"] == "read" {
            continue;
        }
        let path = format!("path={}", folder.join(name).display());
        let mut arguments = vec!["apply", "import.recording", "--set", &path, "-o", "out.json"];
        let rate = format!("sampling_rate={} Hz", due.first().map_or(&Value::Null, |channel| &channel["rate_hz"]));
        if format == "npy" {
            arguments.extend(["--set", &rate]);
        }
        let answer = lapicque(lab.folder(), &arguments);
        if answer.code != 0 {
            let may_refuse = expected["expect"] != "read" && answer.code == 2;
            assert!(may_refuse, "{name}: {}", answer.stderr);
            continue;
        }
        assert_ne!(expected["expect"], "refuse", "{name}");
        let text = std::fs::read_to_string(lab.folder().join("out.json")).unwrap();
        let rows: Vec<Value> = serde_json::from_str::<Value>(&text).unwrap().as_array().unwrap().clone();
        let mut channels: Vec<(&Value, &Value, Vec<&Value>)> = Vec::new();
        for row in &rows {
            match channels
                .iter_mut()
                .find(|(sample, channel, _)| **sample == row["sample"] && **channel == row["channel"])
            {
                Some((.., stretches)) => stretches.push(row),
                None => channels.push((&row["sample"], &row["channel"], vec![row])),
            }
        }
        assert!(channels.len() >= due.len(), "{name}: {} channels", channels.len());
        for (due, (_, channel, stretches)) in due.iter().zip(&channels) {
            check_channel(due, stretches, &format!("{name}, {channel}"));
        }
        if let Some(due) = expected["events"].as_array() {
            arguments.extend(["--output", "events"]);
            lapicque(lab.folder(), &arguments).ok();
            let text = std::fs::read_to_string(lab.folder().join("out.json")).unwrap();
            let is_epoched = format == "eeglab" && expected["segments"].as_array().is_some_and(|all| all.len() > 1);
            let start_s = rows.iter().map(|row| row["t0"].as_f64().unwrap() / 1e3).fold(f64::INFINITY, f64::min);
            let start_s = if is_epoched || rows.is_empty() { 0.0 } else { start_s };
            check_events(due, serde_json::from_str::<Value>(&text).unwrap().as_array().unwrap(), start_s, name);
            events += due.len();
        }
        read += 1;
    }
    assert!(read >= 44 && events > 900, "{read} files and {events} events were read");
}

#[test]
fn windows_events_and_rehashing_are_at_hand_on_the_command_line() {
    let lab = Lab::new();
    lab.write("eeg.csv", "time_s,Cz\n0,1\n0.5,2\n1,3\n1.5,4\n2,5\n");
    lab.write(
        "pipeline.yaml",
        "lapicque: 1\nname: windows\nstages:\n  recording:\n    kind: import.recording\n    path: eeg.csv\n    window: 1 s\n  marks:\n    kind: sql\n    inputs: {events: recording.events}\n    query: SELECT value FROM events\n",
    );
    for command in ["check", "plan", "run"] {
        let answer = lapicque(lab.folder(), &[command, "pipeline.yaml", "--rehash"]).ok();
        let told = format!("{}{}", answer.stdout, answer.stderr);
        assert!(
            told.contains("cut into windows: 2 of 1 s, which begin every 1 s; the last 0.5 s are in none"),
            "{told}"
        );
    }
    let ask = |query: &str| lapicque(lab.folder(), &["sql", "-p", "pipeline.yaml", query, "--json"]).ok().json();
    let rows = ask("SELECT sample, t0 FROM recording ORDER BY t0");
    assert_eq!(rows, serde_json::json!([{"sample": "eeg@0s", "t0": 0.0}, {"sample": "eeg@1s", "t0": 1000.0}]));
    assert_eq!(ask("SELECT onset_s, duration_s, kind, value, channel FROM recording__events"), serde_json::json!([]));
    assert_eq!(ask("SELECT count(*) AS n FROM marks"), serde_json::json!([{"n": 0}]));
}
