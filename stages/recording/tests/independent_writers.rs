//! Readers against writers of other projects: all samples, labels, units, rates, gaps and events of what
//! `tests/writers/recordings.py` writes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use lapicque_recording::{FORMATS, ReadOptions, Recording};
use serde_json::Value;
use support::Folder;

/// The folder that the script filled, unless its Python lacks what all of it needs.
fn written() -> Option<PathBuf> {
    let python = std::env::var_os("LAPICQUE_PYTHON").unwrap_or_else(|| "python3".into());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/writers/recordings.py");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("independent_writers");
    // What an earlier run wrote would hide what this one does not.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    match Command::new(&python).args(["-W", "ignore"]).arg(script).arg(&folder).output() {
        Ok(output) if output.status.success() => Some(folder),
        Ok(output) => {
            let message = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(message.contains("ModuleNotFoundError"), "the script failed: {message}");
            eprintln!("skipped: {} has no NumPy (LAPICQUE_PYTHON names another)", python.display());
            None
        }
        Err(error) => {
            eprintln!("skipped: {} cannot be started: {error} (LAPICQUE_PYTHON names another)", python.display());
            None
        }
    }
}

#[test]
fn what_other_programs_write_is_read() {
    let Some(folder) = written() else { return };
    let expected: Value = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
    for (writer, why) in expected["skipped"].as_object().unwrap() {
        eprintln!("skipped: {writer}: {why}");
    }
    let files = expected["files"].as_object().unwrap();
    for (name, file) in files {
        let (_, extension) = name.rsplit_once('.').unwrap();
        let format = FORMATS.iter().find(|format| format.extension() == extension).unwrap();
        let options = ReadOptions {
            sampling_rate_hz: file["rate_hz"].as_f64(),
            variable: file["variable"].as_str(),
            time_column: file["time_column"].as_str(),
            ..ReadOptions::default()
        };
        let recording = format.read(&mut Folder::of(&folder.join(name)), &options, None);
        compare(name, &recording.unwrap_or_else(|error| panic!("{name}: {error}")), file);
    }
    eprintln!("{} files of other programs were read", files.len());
}

fn compare(name: &str, recording: &Recording, expected: &Value) {
    let mut found = recording.channels.iter();
    for channel in expected["channels"].as_array().unwrap() {
        let label = channel["label"].as_str().unwrap();
        let stretches = channel["stretches"].as_array().unwrap();
        let all = stretches.iter().flat_map(|stretch| stretch["samples"].as_array().unwrap());
        let (low, high) = all
            .map(|value| value.as_f64().unwrap())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let tolerance = expected["tolerance"].as_f64().unwrap() * (high - low);
        for stretch in stretches {
            let own = found.next().unwrap_or_else(|| panic!("{name}: {label} is missing"));
            assert_eq!(own.label, label, "{name}");
            assert_eq!(own.unit.as_deref(), channel["unit"].as_str(), "{name}: {label}");
            assert!((own.sampling_rate_hz / channel["rate_hz"].as_f64().unwrap() - 1.0).abs() < 1e-12, "{name}");
            assert!((own.start_s - stretch["start_s"].as_f64().unwrap()).abs() < 1e-9, "{name}: {}", own.start_s);
            let samples = stretch["samples"].as_array().unwrap();
            assert_eq!(own.samples.len(), samples.len(), "{name}: {label}");
            for (place, (own, due)) in own.samples.iter().zip(samples).enumerate() {
                let due = due.as_f64().unwrap();
                assert!((own - due).abs() <= tolerance, "{name}: {label}: sample {place} is {own}, not {due}");
            }
        }
    }
    assert!(found.next().is_none(), "{name}: there are more channels");
    let none = Vec::new();
    let events = expected["events"].as_array().unwrap_or(&none);
    assert_eq!(recording.annotations.len(), events.len(), "{name}: {:?}", recording.annotations);
    let tolerance_s = expected["time_tolerance_s"].as_f64().unwrap_or(1e-9);
    for (own, event) in recording.annotations.iter().zip(events) {
        assert!((own.onset_s - event["onset_s"].as_f64().unwrap()).abs() <= tolerance_s, "{name}: {own:?}");
        match (own.duration_s, event["duration_s"].as_f64()) {
            (Some(own), Some(due)) => assert!((own - due).abs() <= tolerance_s, "{name}: {own} {due}"),
            (own, due) => assert_eq!(own, due, "{name}: {event}"),
        }
        assert_eq!(own.text, event["text"].as_str().unwrap(), "{name}");
        assert_eq!(own.kind.as_deref(), event["kind"].as_str(), "{name}: {own:?}");
    }
}
