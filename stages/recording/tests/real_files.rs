//! Recordings of other projects' test suites, beside what independent readers and the definitions of the formats make of them
//! (`fixtures/recordings_real` in the shared folder: values to 1e-9 of the range, sums and squares likewise, rates to 1e-9, times to 1e-6 s).
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod support;

use std::path::{Path, PathBuf};

use lapicque_recording::{Annotation, Channel, FORMATS, Format, Outline, ReadOptions, Recording, Stretch, Windows};
use serde_json::Value;
use support::Folder;

const FAMILIES: [&str; 8] = ["edf", "bdf", "brainvision", "fif", "npy", "csv", "tsv", "npz"];

fn shared() -> Option<PathBuf> {
    let folder = std::env::var_os("LAPICQUE_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = folder.join("fixtures/recordings_real");
    if folder.join("expected.json").is_file() {
        return Some(folder);
    }
    eprintln!("skipped: {} is not here (LAPICQUE_SHARED names the folder above `fixtures`)", folder.display());
    None
}

fn format(path: &str) -> &'static dyn Format {
    let (_, extension) = path.rsplit_once('.').unwrap();
    FORMATS.iter().copied().find(|format| format.extension() == extension).unwrap()
}

#[test]
fn real_files_hold_what_independent_readers_say() {
    let Some(folder) = shared() else { return };
    let expected: Value = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let mut read = 0;
    for (name, file) in expected["files"].as_object().unwrap() {
        if !FAMILIES.iter().any(|family| file["family"] == *family) || name.starts_with("bids") {
            continue;
        }
        let parts = &mut Folder::of(&folder.join(name));
        let rate = file["import_settings"]["sampling_rate"].as_str();
        let rate_hz = rate.map(|text| text.trim_end_matches(" Hz").parse().unwrap());
        let options = ReadOptions { sampling_rate_hz: rate_hz, ..ReadOptions::default() };
        let format = format(name);
        let outline = format.outline(parts, &options);
        let recording = format.read(parts, &options, None);
        match file["expect"].as_str().unwrap() {
            "refuse" => {
                let message = recording.unwrap_err().to_string();
                assert!(message.len() > 30 && outline.is_err(), "{name}: {message}");
                continue;
            }
            "read or refuse" if recording.is_err() => continue,
            _ => {}
        }
        let recording = recording.unwrap_or_else(|error| panic!("{name}: {error}"));
        compare(name, &recording, file);
        outlined(name, &outline.unwrap(), &recording);
        windowed(name, parts, &options, &recording);
        read += 1;
    }
    assert!(read >= 25, "only {read} files were read");
}

fn compare(name: &str, recording: &Recording, expected: &Value) {
    let channels = expected["channels"].as_array().unwrap();
    let segments = expected["segments"].as_array().unwrap();
    let optional = expected["optional_trailing_channels"].as_array().map_or(0, Vec::len);
    let per_channel = segments.len();
    let found = recording.channels.len();
    assert!(
        (channels.len() * per_channel..=(channels.len() + optional) * per_channel).contains(&found)
            || channels.is_empty() && found == 0,
        "{name}: {found} channels"
    );
    for (own, channel) in recording.channels.chunks(per_channel.max(1)).zip(channels) {
        one_channel(name, own, channel, expected["labels_free"] == true);
        for (own, segment) in own.iter().zip(segments) {
            let seconds = own.samples.len() as f64 / own.sampling_rate_hz;
            assert!((own.start_s - segment["start_s"].as_f64().unwrap()).abs() < 1e-6, "{name}: {}", own.start_s);
            assert!((seconds - segment["duration_s"].as_f64().unwrap()).abs() < 1e-6, "{name}: {seconds}");
        }
    }
    if let Some(events) = expected["events"].as_array() {
        let found: Vec<&Annotation> = recording.annotations.iter().collect();
        assert_eq!(found.len(), events.len(), "{name}: {found:?}");
        for (own, event) in found.iter().zip(events) {
            one_event(name, own, event);
        }
    }
}

fn one_channel(name: &str, own: &[Channel], expected: &Value, labels_free: bool) {
    let text = |key: &str| expected[key].as_str().unwrap();
    let label = text("label");
    assert!(labels_free || own.iter().all(|part| part.label == label), "{name}: {} for {label}", own[0].label);
    // Micro is written with u, whatever the file has.
    let unit = text("unit_in_file").replace(['\u{b5}', '\u{3bc}'], "u");
    assert!(own.iter().all(|part| part.unit.as_deref().unwrap_or("") == unit), "{name}: {label}");
    let rate_hz = expected["rate_hz"].as_f64().unwrap();
    assert!((own[0].sampling_rate_hz / rate_hz - 1.0).abs() < 1e-9, "{name}: {label}: {}", own[0].sampling_rate_hz);
    // Expected values of voltages are in uV.
    let factor = match (text("unit"), text("unit_in_file")) {
        ("uV", "V") => 1e6,
        ("uV", "mV") => 1e3,
        ("uV", "nV") => 1e-3,
        _ => 1.0,
    };
    let values: Vec<f64> = own.iter().flat_map(|part| part.samples.iter().map(|value| value * factor)).collect();
    assert_eq!(values.len() as u64, expected["samples"].as_u64().unwrap(), "{name}: {label}");
    let number = |key: &str| expected[key].as_f64().unwrap_or(f64::NAN);
    let (low, high) = (number("min"), number("max"));
    let (range, largest) = (high - low, low.abs().max(high.abs()));
    // A constant channel has no range: its values to the last digits.
    let tolerance = 1e-9 * range + 1e-15 * largest;
    let near = |own: f64, due: &Value| match due.as_f64() {
        Some(due) => (own - due).abs() <= tolerance,
        None => own.is_nan(),
    };
    let ends = expected["first5"].as_array().unwrap().iter().zip(&values);
    let ends = ends.chain(expected["last5"].as_array().unwrap().iter().rev().zip(values.iter().rev()));
    for (due, own) in ends {
        assert!(near(*own, due), "{name}: {label}: {own} for {due}");
    }
    let there = || values.iter().copied().filter(|value| !value.is_nan());
    let count = values.len() as f64;
    let sum: f64 = there().sum();
    // Sums in another order differ in their last digits.
    let of_sum = tolerance * count + 1e-12 * number("sum").abs();
    assert!((sum - number("sum")).abs() <= of_sum, "{name}: {label}: sum {sum} for {}", number("sum"));
    let squares: f64 = there().map(|value| value * value).sum();
    let of_squares = (1e-9 * (range + largest).powi(2)) * count;
    assert!((squares - number("sum_squares")).abs() <= of_squares, "{name}: {label}: squares {squares}");
    assert!((there().fold(f64::INFINITY, f64::min) - low).abs() <= tolerance, "{name}: {label}");
    assert!((there().fold(f64::NEG_INFINITY, f64::max) - high).abs() <= tolerance, "{name}: {label}");
}

fn one_event(name: &str, own: &Annotation, expected: &Value) {
    // Of a file whose clock began before the first sample, its own clock.
    let onset = expected["onset_in_file_s"].as_f64().or(expected["onset_s"].as_f64()).unwrap();
    assert!((own.onset_s - onset).abs() < 1e-6, "{name}: {own:?} for {expected}");
    match expected["duration_s"].as_f64() {
        Some(duration_s) => assert!((own.duration_s.unwrap() - duration_s).abs() < 1e-6, "{name}: {own:?}"),
        None => assert_eq!(own.duration_s, None, "{name}: {own:?}"),
    }
    assert_eq!(own.text, expected["text"].as_str().unwrap(), "{name}: {own:?}");
    assert_eq!(own.kind.as_deref(), expected["type"].as_str(), "{name}: {own:?}");
}

fn outlined(name: &str, outline: &Outline, recording: &Recording) {
    let total = |label: &str| -> u64 {
        recording.channels.iter().filter(|own| own.label == label).map(|own| own.samples.len() as u64).sum()
    };
    let twice = |label: &str| outline.channels.iter().filter(|own| own.label == label).count() > 1;
    for channel in outline.channels.iter().filter(|channel| !twice(&channel.label)) {
        assert_eq!(channel.samples, total(&channel.label), "{name}: {}", channel.label);
    }
    assert!(outline.has_annotations || recording.annotations.is_empty(), "{name}");
    assert!(outline.notes.iter().all(|note| recording.notes.contains(note)), "{name}: {:?}", outline.notes);
}

/// Every window that the stretches have is that part of the whole, to the bit.
fn windowed(name: &str, parts: &mut Folder, options: &ReadOptions<'_>, whole: &Recording) {
    let format = format(name);
    let stretches = format.stretches(parts, options).unwrap();
    let Some(first) = whole.channels.first() else { return };
    let mut labels: Vec<&Channel> = Vec::new();
    for channel in &whole.channels {
        if !labels.iter().any(|known| known.label == channel.label && known.start_s < channel.start_s) {
            labels.push(channel);
        }
    }
    let rates: Vec<f64> = labels.iter().map(|channel| channel.sampling_rate_hz).collect();
    let of_one = || Stretch {
        start_s: first.start_s,
        samples: whole.channels.iter().map(|channel| channel.samples.len() as u64).collect(),
    };
    let stretches = stretches.unwrap_or_else(|| vec![of_one()]);
    let windows = Windows { length_s: 0.25, step_s: 0.8 };
    let numbers = windows.within(&stretches, &rates);
    assert!(!numbers.is_empty(), "{name}");
    for &number in numbers.iter().take(40) {
        let part = format.read(parts, options, Some(&windows.number(number))).unwrap();
        assert_eq!(part.channels.len(), rates.len(), "{name}");
        for channel in &part.channels {
            let is_of = |whole: &&Channel| {
                let at = (channel.start_s - whole.start_s) * channel.sampling_rate_hz;
                whole.label == channel.label
                    && at > -0.5
                    && whole.samples[at.round() as usize % whole.samples.len()..].starts_with(&channel.samples)
            };
            assert!(whole.channels.iter().any(|whole| is_of(&whole)), "{name}: window {number} of {}", channel.label);
        }
    }
    for number in (0..numbers.last().unwrap() + 10).filter(|number| !numbers.contains(number)).take(20) {
        assert!(format.read(parts, options, Some(&windows.number(number))).is_err(), "{name}: window {number}");
    }
}
