//! Files that scipy, h5py, eeglabio and pynwb write now, by `tests/writers/containers.py`: every value, label, unit, rate and event.
//!
//! They need a Python with these modules, which `LAPICQUE_PYTHON` names (default: `python3`); without one the test says that it was skipped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;

use lapicque_recording::{FORMATS, Parts, ReadOptions, ReadSeek, Recording, read_nwb_units};
use serde_json::Value;

struct OnDisk(PathBuf);

impl Parts for OnDisk {
    fn open(&self, part: Option<&str>) -> io::Result<Box<dyn ReadSeek + '_>> {
        let path = part.map_or_else(|| self.0.clone(), |part| self.0.with_file_name(part));
        Ok(Box::new(BufReader::new(File::open(path)?)))
    }
}

/// Runs the script; `None` where there is no Python for it.
fn written() -> Option<(tempfile::TempDir, serde_json::Map<String, Value>)> {
    let python = std::env::var_os("LAPICQUE_PYTHON").unwrap_or_else(|| "python3".into());
    let has_modules = Command::new(&python).args(["-c", "import scipy.io, h5py, eeglabio, pynwb"]).output();
    if !has_modules.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: LAPICQUE_PYTHON has no scipy, h5py, eeglabio and pynwb");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/writers/containers.py");
    let output = Command::new(&python).arg(script).arg(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(folder.path().join("expected.json")).unwrap();
    Some((folder, serde_json::from_str(&text).unwrap()))
}

fn read(path: &Path, options: &ReadOptions<'_>) -> Recording {
    let extension = path.extension().unwrap().to_str().unwrap();
    let format = FORMATS.iter().find(|format| format.extension() == extension).unwrap();
    let name = path.display();
    format.read(&mut OnDisk(path.to_owned()), options, None).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn files_of_other_writers_are_read_as_they_were_written() {
    let Some((folder, files)) = written() else { return };
    for (name, due) in &files {
        let text = |key: &str| due["options"][key].as_str();
        let options = ReadOptions {
            variable: text("variable"),
            rate_variable: text("rate_variable"),
            channels_variable: text("channels_variable"),
            sampling_rate_hz: due["options"]["sampling_rate"].as_f64(),
            ..ReadOptions::default()
        };
        // One file may be read in several ways.
        let path = folder.path().join(name.split('#').next().unwrap());
        let recording = read(&path, &options);
        let channels = due["channels"].as_array().unwrap();
        assert_eq!(recording.channels.len(), channels.len(), "{name}");
        for (found, due) in recording.channels.iter().zip(channels) {
            let of = format!("{name} `{}`", found.label);
            assert_eq!(
                (found.label.as_str(), found.unit.as_deref()),
                (due["label"].as_str().unwrap(), due["unit"].as_str()),
                "{name}"
            );
            assert!((found.sampling_rate_hz / due["rate_hz"].as_f64().unwrap() - 1.0).abs() < 1e-9, "{of}");
            assert!((found.start_s - due["start_s"].as_f64().unwrap()).abs() < 1e-9, "{of}: {}", found.start_s);
            let values: Vec<f64> =
                due["values"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect();
            assert_eq!(found.samples.len(), values.len(), "{of}");
            let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
            for (found, due) in found.samples.iter().zip(&values) {
                // A product may be rounded in another order.
                assert!((found - due).abs() <= 1e-14 * largest, "{of}: {found} for {due}");
            }
        }
        let annotations = due["annotations"].as_array().unwrap();
        if annotations.first().and_then(Value::as_str) != Some("any") {
            assert_eq!(recording.annotations.len(), annotations.len(), "{name}");
            for (found, due) in recording.annotations.iter().zip(annotations) {
                assert!((found.onset_s - due[0].as_f64().unwrap()).abs() < 1e-9, "{name}: {found:?}");
                assert!((found.duration_s.unwrap() - due[1].as_f64().unwrap()).abs() < 1e-9, "{name}: {found:?}");
                assert_eq!(found.text, due[2].as_str().unwrap(), "{name}");
            }
        }
        let units = due["units"].as_array().unwrap();
        if !units.is_empty() {
            let read = read_nwb_units(&mut File::open(&path).unwrap()).unwrap();
            let found: Vec<Value> =
                read.iter().map(|unit| serde_json::json!({"id": unit.id, "times_s": unit.times_s})).collect();
            assert_eq!(found, *units, "{name}");
        }
    }
    assert!(files.len() > 20);
    // What is at no even times is left out, and told.
    let notes = read(&folder.path().join("made.nwb"), &ReadOptions::default()).notes.join("\n");
    assert!(notes.contains("`acquisition/uneven` is left out: its timestamps are not in equal steps"), "{notes}");
}
