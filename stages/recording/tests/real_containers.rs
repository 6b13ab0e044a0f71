//! Recordings in MAT, EEGLAB, NWB and SNIRF files of other projects, against what independent readers make of them.
//!
//! They are read from the folder named by `LAPICQUE_SHARED` (default: `shared` beside the repository); its README says where each is from.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use lapicque_recording::mat::{MatValue, find, read_mat};
use lapicque_recording::{FORMATS, Format, NwbError, Parts, ReadOptions, ReadSeek, Recording, Windows, read_nwb_units};
use serde_json::Value;

/// Of the range, the tolerance that the fixtures state.
const TOLERANCE: f64 = 1e-9;

fn shared(folder: &str) -> Option<PathBuf> {
    let default = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let shared = std::env::var_os("LAPICQUE_SHARED").map_or_else(default, PathBuf::from).join(folder);
    if !shared.exists() {
        eprintln!("skipped: {folder} is not in LAPICQUE_SHARED");
        return None;
    }
    Some(shared)
}

/// A file and those beside it.
struct OnDisk(PathBuf);

impl Parts for OnDisk {
    fn open(&self, part: Option<&str>) -> io::Result<Box<dyn ReadSeek + '_>> {
        let path = part.map_or_else(|| self.0.clone(), |part| self.0.with_file_name(part));
        Ok(Box::new(BufReader::new(File::open(path)?)))
    }
}

fn format_of(path: &Path) -> &'static dyn Format {
    let extension = path.extension().unwrap().to_str().unwrap();
    *FORMATS.iter().find(|format| format.extension() == extension).unwrap()
}

/// Reads the file, and holds what its outline says against what is read.
fn read(path: &Path, options: &ReadOptions<'_>) -> Result<Recording, String> {
    let format = format_of(path);
    let mut parts = OnDisk(path.to_owned());
    for part in format.parts(&mut parts).map_err(|error| error.to_string())? {
        assert!(path.with_file_name(&part).exists(), "{}: {part}", path.display());
    }
    let recording = format.read(&mut parts, options, None).map_err(|error| error.to_string())?;
    let outline = format.outline(&mut parts, options).unwrap();
    assert_eq!(outline.is_epoched, recording.is_epoched);
    assert_eq!(outline.has_annotations, !recording.annotations.is_empty());
    assert_eq!(outline.channels.len(), recording.channels.len());
    for (told, read) in outline.channels.iter().zip(&recording.channels) {
        assert_eq!((&told.label, &told.unit, told.start_s), (&read.label, &read.unit, read.start_s));
        assert_eq!((told.sampling_rate_hz, told.samples), (read.sampling_rate_hz, read.samples.len() as u64));
    }
    if let Some(missing) = outline.missing {
        let nans = recording.channels.iter().flat_map(|channel| channel.samples.iter()).filter(|value| value.is_nan());
        assert_eq!(missing, nans.count() as u64);
    }
    let (annotations, _) = format.annotations(&mut parts).unwrap();
    assert_eq!(annotations, recording.annotations);
    windows_are_parts(format, &mut parts, options, &recording);
    Ok(recording)
}

/// Each window has the values that the whole has there.
fn windows_are_parts(format: &dyn Format, parts: &mut OnDisk, options: &ReadOptions<'_>, whole: &Recording) {
    let lasts = |channel: &lapicque_recording::Channel| channel.samples.len() as f64 / channel.sampling_rate_hz;
    let shortest_s = whole.channels.iter().map(lasts).fold(f64::INFINITY, f64::min);
    let windows = Windows { length_s: shortest_s / 3.0, step_s: shortest_s / 4.0 };
    let window = windows.number(1);
    let read = format.read(parts, options, Some(&window));
    if whole.is_epoched {
        let message = read.unwrap_err().to_string();
        assert!(message.contains("windows are cut from continuous recordings"), "{message}");
        return;
    }
    let read = read.unwrap();
    assert_eq!(read.channels.len(), whole.channels.len());
    for (part, whole) in read.channels.iter().zip(&whole.channels) {
        let span = window.samples(whole.sampling_rate_hz);
        let expected = &whole.samples[span.start as usize..span.end as usize];
        assert!(part.samples.iter().zip(expected).all(|(a, b)| a.to_bits() == b.to_bits()), "{}", part.label);
        assert_eq!(part.samples.len(), expected.len());
        let start_s = whole.start_s + span.start as f64 / whole.sampling_rate_hz;
        assert!((part.start_s - start_s).abs() < 1e-9, "{} {start_s}", part.start_s);
    }
    let past = Windows { length_s: shortest_s, step_s: shortest_s }.number(1);
    let message = format.read(parts, options, Some(&past)).unwrap_err().to_string();
    assert!(message.contains("ends before the window"), "{message}");
}

fn expected() -> Option<(PathBuf, serde_json::Map<String, Value>)> {
    let folder = shared("fixtures/recordings_real")?;
    let text = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let mut expected: Value = serde_json::from_str(&text).unwrap();
    let Value::Object(files) = expected["files"].take() else { panic!("files by name are due") };
    Some((folder, files))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap_or(f64::NAN)).collect()
}

/// Voltages are compared in microvolts.
fn in_microvolts(unit: &str) -> (f64, &str) {
    match unit {
        "V" => (1e6, "uV"),
        "mV" => (1e3, "uV"),
        "nV" => (1e-3, "uV"),
        unit => (1.0, unit),
    }
}

/// Holds the values of one array against their first and last ones, sum and sum of squares.
fn check_values(name: &str, values: &[f64], expected: &Value) {
    if values.is_empty() {
        return assert_eq!(expected["first5"], Value::Array(Vec::new()), "{name}");
    }
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.iter().filter(|value| !value.is_nan()) {
        (low, high) = (low.min(*value), high.max(*value));
    }
    let range = if high > low { high - low } else { high.abs().max(f64::MIN_POSITIVE) };
    let near =
        |found: f64, due: f64, scale: f64| (found.is_nan() && due.is_nan()) || (found - due).abs() <= TOLERANCE * scale;
    let first = numbers(&expected["first5"]);
    for (found, due) in values.iter().zip(&first) {
        assert!(near(*found, *due, range), "{name}: {found} for {due}");
    }
    let last = numbers(&expected["last5"]);
    for (found, due) in values.iter().rev().zip(last.iter().rev()) {
        assert!(near(*found, *due, range), "{name}: {found} for {due}");
    }
    let finite = || values.iter().filter(|value| !value.is_nan());
    let (sum, squares): (f64, f64) = (finite().sum(), finite().map(|value| value * value).sum());
    let count = values.len() as f64;
    assert!(near(sum, expected["sum"].as_f64().unwrap(), range * count), "{name}: sum {sum}");
    let largest = range + high.abs().max(low.abs());
    let due = expected["sum_squares"].as_f64().unwrap();
    assert!(near(squares, due, largest * largest * count), "{name}: sum of squares {squares}");
    for (key, found) in [("min", low), ("max", high)] {
        if let Some(due) = expected.get(key).and_then(Value::as_f64) {
            assert!(near(found, due, range), "{name}: {key} {found} for {due}");
        }
    }
}

/// Channels that are expected, each of all its epochs.
fn check_channels(
    file: &str,
    recording: &Recording,
    expected: &[Value],
    name_of: impl Fn(usize, &str) -> Option<String>,
) {
    let labels = recording.channels.iter().map(|channel| channel.label.as_str());
    let labels: Vec<&str> = labels.fold(Vec::new(), |mut labels, label| {
        if !labels.contains(&label) {
            labels.push(label);
        }
        labels
    });
    assert_eq!(labels.len(), expected.len(), "{file}: {labels:?}");
    for (number, (label, expected)) in labels.iter().zip(expected).enumerate() {
        let name = format!("{file} `{label}`");
        if let Some(due) = name_of(number, expected["label"].as_str().unwrap()) {
            assert_eq!(*label, due, "{file}");
        }
        let parts: Vec<_> = recording.channels.iter().filter(|channel| channel.label == *label).collect();
        let (factor, unit) = in_microvolts(parts[0].unit.as_deref().unwrap_or(""));
        assert_eq!(unit, expected["unit"].as_str().unwrap(), "{name}");
        let values: Vec<f64> = parts.iter().flat_map(|part| part.samples.iter().map(|value| value * factor)).collect();
        assert_eq!(values.len() as u64, expected["samples"].as_u64().unwrap(), "{name}");
        for part in &parts {
            let due = expected["rate_hz"].as_f64().unwrap();
            assert!((part.sampling_rate_hz / due - 1.0).abs() < 1e-9, "{name}: {}", part.sampling_rate_hz);
        }
        if let Some(lengths) = expected.get("segment_samples") {
            let found: Vec<f64> = parts.iter().map(|part| part.samples.len() as f64).collect();
            assert_eq!(found, numbers(lengths), "{name}");
        }
        check_values(&name, &values, expected);
    }
}

fn check_events(file: &str, recording: &Recording, expected: &Value) {
    let Some(events) = expected.get("events").and_then(Value::as_array) else { return };
    assert_eq!(recording.annotations.len(), events.len(), "{file}");
    for (found, due) in recording.annotations.iter().zip(events) {
        assert!((found.onset_s - due["onset_s"].as_f64().unwrap()).abs() < 1e-9, "{file}: {found:?} {due}");
        assert_eq!(found.text, due["text"].as_str().unwrap(), "{file}");
        match (found.duration_s, due["duration_s"].as_f64()) {
            (Some(found), Some(due)) => assert!((found - due).abs() < 1e-9, "{file}"),
            (found, due) => assert_eq!(found, due, "{file}"),
        }
    }
}

fn check_segments(file: &str, recording: &Recording, expected: &Value) {
    let Some(segments) = expected.get("segments").and_then(Value::as_array) else { return };
    let first = &recording.channels[0];
    let parts: Vec<_> = recording.channels.iter().filter(|channel| channel.label == first.label).collect();
    assert_eq!(parts.len(), segments.len(), "{file}");
    for (found, due) in parts.iter().zip(segments) {
        assert!((found.start_s - due["start_s"].as_f64().unwrap()).abs() < 1e-6, "{file}: {}", found.start_s);
    }
}

#[test]
fn recordings_of_eeglab_and_fieldtrip_are_what_other_readers_make_of_them() {
    let Some((folder, files)) = expected() else { return };
    let mut read_files = 0;
    for (file, expected) in &files {
        let is_recording =
            expected.get("channels").is_some() && (file.starts_with("mat/") || file.starts_with("eeglab/"));
        if !is_recording {
            continue;
        }
        let recording =
            read(&folder.join(file), &ReadOptions::default()).unwrap_or_else(|error| panic!("{file}: {error}"));
        let is_free = expected["labels_free"].as_bool() == Some(true);
        let channels = expected["channels"].as_array().unwrap();
        check_channels(file, &recording, channels, |_, label| (!is_free).then(|| label.to_owned()));
        check_segments(file, &recording, expected);
        check_events(file, &recording, expected);
        read_files += 1;
    }
    assert_eq!(read_files, 8);
}

#[test]
fn variables_of_mat_files_are_what_other_readers_make_of_them() {
    let Some((folder, files)) = expected() else { return };
    let mut read_files = 0;
    for (file, expected) in &files {
        let Some(due) = expected.get("variables").and_then(Value::as_object) else { continue };
        let variables =
            read_mat(&mut File::open(folder.join(file)).unwrap()).unwrap_or_else(|error| panic!("{file}: {error}"));
        let mut names: Vec<&str> = variables.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let mut due_names: Vec<&str> =
            due.keys().map(String::as_str).filter(|path| !path.contains(['.', '{', '('])).collect();
        due_names.sort_unstable();
        assert_eq!(names, due_names, "{file}");
        for (path, due) in due {
            let value = find(&variables, path).unwrap_or_else(|| panic!("{file}: no {path}"));
            check_value(&format!("{file} {path}"), value, due);
        }
        read_files += 1;
    }
    assert_eq!(read_files, 19);
}

fn dims_of(due: &Value) -> Vec<usize> {
    due["shape"].as_array().unwrap().iter().map(|length| length.as_u64().unwrap() as usize).collect()
}

fn check_value(name: &str, value: &MatValue, due: &Value) {
    match (due["cls"].as_str().unwrap(), value) {
        ("numeric" | "logical", MatValue::Numbers(numbers)) => {
            assert_eq!(numbers.dims, dims_of(due), "{name}");
            let parts = [("real", &numbers.real), ("imag", &numbers.imaginary)];
            if numbers.is_complex {
                for (part, values) in parts {
                    check_values(name, values.as_ref().unwrap(), &due[part]);
                }
            } else {
                check_values(name, numbers.real.as_ref().unwrap(), due);
            }
        }
        ("char", value) => assert_eq!(value.text(), due["text"].as_str(), "{name}"),
        ("cell", MatValue::Cell { dims, items }) => {
            assert_eq!(*dims, dims_of(due), "{name}");
            assert_eq!(items.len(), dims.iter().product::<usize>(), "{name}");
        }
        ("struct" | "struct array", MatValue::Struct { dims, fields }) => {
            if due.get("shape").is_some() {
                assert_eq!(*dims, dims_of(due), "{name}");
            }
            let mut names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
            names.sort_unstable();
            let mut due: Vec<&str> =
                due["fields"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
            due.sort_unstable();
            assert_eq!(names, due, "{name}");
        }
        ("sparse", MatValue::Sparse(sparse)) => {
            assert_eq!(sparse.dims.to_vec(), dims_of(due), "{name}");
            assert_eq!(sparse.real.len() as u64, due["stored"].as_u64().unwrap(), "{name}");
            match &sparse.imaginary {
                None => check_values(name, &sparse.real, due),
                Some(imaginary) => {
                    check_values(name, &sparse.real, &due["real"]);
                    check_values(name, imaginary, &due["imag"]);
                }
            }
        }
        (class, value) => panic!("{name}: {} for {class}", value.told()),
    }
}

/// What a channel of a series is called: by the series as well, where another one has a channel of this name.
fn name_in_file(series: &serde_json::Map<String, Value>, path: &str, label: &str) -> String {
    let names = |series: &Value| -> Vec<String> {
        series["channels"].as_array().unwrap().iter().map(|c| c["label"].as_str().unwrap().to_owned()).collect()
    };
    let own = names(&series[path]);
    let is_shared = series.iter().any(|(other, of)| other != path && names(of).iter().any(|name| own.contains(name)));
    if is_shared { format!("{}/{label}", path.rsplit('/').next().unwrap()) } else { label.to_owned() }
}

#[test]
fn series_and_spikes_of_nwb_are_what_other_readers_make_of_them() {
    let Some((folder, files)) = expected() else { return };
    let mut read_files = 0;
    for (file, expected) in files.iter().filter(|(file, _)| file.starts_with("nwb/")) {
        let path = folder.join(file);
        if expected["expect"] == "refuse" {
            let message = read(&path, &ReadOptions::default()).unwrap_err();
            assert!(message.contains("it has no series"), "{file}: {message}");
            read_files += 1;
            continue;
        }
        let series = expected["series"].as_object().unwrap();
        let mut names = Vec::new();
        let mut channels = Vec::new();
        for (path, of_series) in series {
            for channel in of_series["channels"].as_array().unwrap() {
                names.push(name_in_file(series, path, channel["label"].as_str().unwrap()));
                channels.push(channel.clone());
            }
        }
        let starts: Vec<f64> = series.values().map(|series| series["starting_time_s"].as_f64().unwrap()).collect();
        let together = starts.iter().all(|start| *start == starts[0]);
        let whole = if together {
            read(&path, &ReadOptions::default()).unwrap()
        } else {
            let mut parts = OnDisk(path.clone());
            let format = format_of(&path);
            let window = Windows { length_s: 1.0, step_s: 1.0 }.number(0);
            let message = format.read(&mut parts, &ReadOptions::default(), Some(&window)).unwrap_err().to_string();
            assert!(message.contains("windows are cut from series that begin together"), "{message}");
            format.read(&mut parts, &ReadOptions::default(), None).unwrap()
        };
        // The fixture has the series in the order of their names within each folder, as the file has.
        check_channels(file, &whole, &channels, |number, _| Some(names[number].clone()));

        for (series_path, of_series) in series {
            let options = ReadOptions { variable: Some(series_path), ..ReadOptions::default() };
            let one = read(&path, &options).unwrap_or_else(|error| panic!("{file} {series_path}: {error}"));
            let channels = of_series["channels"].as_array().unwrap();
            check_channels(&format!("{file} {series_path}"), &one, channels, |_, label| Some(label.to_owned()));
            let start_s = of_series["starting_time_s"].as_f64().unwrap();
            assert!(one.channels.iter().all(|channel| (channel.start_s - start_s).abs() < 1e-6));
        }
        check_units(file, &path, expected);
        check_trials(file, &whole, expected);
        read_files += 1;
    }
    assert_eq!(read_files, 6);
}

fn check_units(file: &str, path: &Path, expected: &Value) {
    let read = read_nwb_units(&mut File::open(path).unwrap());
    let Some(units) = expected.pointer("/units/units").and_then(Value::as_array) else {
        assert!(matches!(read, Err(NwbError::NoUnits)), "{file}");
        return;
    };
    let read = read.unwrap();
    assert_eq!(read.len(), units.len());
    for (unit, due) in read.iter().zip(units) {
        assert_eq!(
            (unit.id, unit.times_s.len() as i64),
            (due["id"].as_i64().unwrap(), due["spikes"].as_i64().unwrap())
        );
        assert_eq!(unit.times_s.iter().take(5).copied().collect::<Vec<f64>>(), numbers(&due["first5"]));
        let sum: f64 = unit.times_s.iter().sum();
        assert!((sum - due["sum"].as_f64().unwrap()).abs() < 1e-9);
    }
}

fn check_trials(file: &str, recording: &Recording, expected: &Value) {
    let trials: Vec<_> = recording.annotations.iter().filter(|mark| mark.text.starts_with("trials")).collect();
    let Some(due) = expected.pointer("/intervals/trials") else {
        return assert!(trials.is_empty(), "{file}");
    };
    assert_eq!(trials.len() as u64, due["rows"].as_u64().unwrap(), "{file}");
    let starts: Vec<f64> = trials.iter().map(|mark| mark.onset_s).collect();
    let stops: Vec<f64> = trials.iter().map(|mark| mark.onset_s + mark.duration_s.unwrap()).collect();
    assert_eq!((starts, stops), (numbers(&due["start_first5"]), numbers(&due["stop_last5"])), "{file}");
    assert!(trials.iter().all(|mark| mark.text.starts_with("trials: cue=")), "{file}: {:?}", trials[0]);
}

#[test]
fn snirf_is_what_other_readers_make_of_it() {
    let Some((folder, files)) = expected() else { return };
    let file = "snirf/nirx_15_3_recording.snirf";
    let expected = &files[file];
    let recording = read(&folder.join(file), &ReadOptions::default()).unwrap();
    check_channels(file, &recording, expected["channels"].as_array().unwrap(), |_, label| Some(label.to_owned()));
    check_segments(file, &recording, expected);
    check_events(file, &recording, expected);
}

/// Both layouts of ncpi's data sets hold the values of the NPY files beside them.
#[test]
fn arrays_anywhere_in_a_mat_file_are_found() {
    let Some(folder) = shared("fixtures/ncpi/recordings") else { return };
    let files = [
        ("HC_human_eeg_8ch_250Hz_poctep_layout.mat", "human_eeg_8ch_250Hz.npy", 250.0, "EEG1"),
        ("human_eeg_8ch_250Hz_lfp_layout.mat", "human_eeg_8ch_250Hz.npy", 250.0, "0"),
        ("PD_human_m1_lfp_1ch_1000Hz_poctep_layout.mat", "human_m1_lfp_1ch_1000Hz.npy", 1000.0, "M1"),
        ("human_m1_lfp_1ch_1000Hz_lfp_layout.mat", "human_m1_lfp_1ch_1000Hz.npy", 1000.0, "0"),
    ];
    for (mat, npy, rate_hz, label) in files {
        let is_poctep = mat.contains("poctep");
        let stated = match is_poctep {
            true => ReadOptions {
                variable: Some("data.signal"),
                rate_variable: Some("data.cfg.fs"),
                channels_variable: Some("data.cfg.channels"),
                ..ReadOptions::default()
            },
            false => ReadOptions {
                variable: Some("LFP.LFP"),
                rate_variable: Some("LFP.fs"),
                orientation: Some(lapicque_recording::Orientation::ChannelsFirst),
                ..ReadOptions::default()
            },
        };
        let npy = lapicque_recording::read_npy(&mut File::open(folder.join(npy)).unwrap(), rate_hz).unwrap();
        for options in [stated, ReadOptions::default()] {
            let recording = read(&folder.join(mat), &options).unwrap_or_else(|error| panic!("{mat}: {error}"));
            assert_eq!(recording.channels.len(), npy.channels.len(), "{mat}");
            assert!(recording.channels[0].label.starts_with(label), "{mat}: {}", recording.channels[0].label);
            for (mat, npy) in recording.channels.iter().zip(&npy.channels) {
                assert_eq!(mat.sampling_rate_hz, rate_hz);
                // The first 20 s of what may be longer.
                assert_eq!(mat.samples.len(), npy.samples.len().min((20.0 * rate_hz) as usize));
                assert_eq!(mat.samples[..], npy.samples[..mat.samples.len()]);
            }
        }
    }
}
