//! Recordings of several files, with gaps and in several units, and tables of signals as Arrow files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, ListArray, RecordBatch, StringArray};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions};
use lapicque_schemas::tables::events::{self, Event};
use support::{Ran, bind, floats, lists, ran, ran_on, refused_in, texts};

fn recording(rest: &str) -> String {
    format!("  x:\n    kind: import.recording\n{rest}")
}

fn notes(config: &str, folder: &Path) -> Vec<String> {
    bind(config, folder).unwrap().1.stages[0].bound().notes.clone()
}

fn events_of(ran: &Ran) -> Vec<Event> {
    events::read(&ran.output("x", 1)).unwrap()
}

/// A recording of four channels in V, mV, nV and an arbitrary unit; all but the last are 1, 2, ... uV.
fn brainvision(folder: &Path) {
    let header = "BrainVision Data Exchange Header File Version 2.0\n[Common Infos]\nDataFile=$b.eeg\nMarkerFile=$b.vmrk\n\
                  NumberOfChannels=4\nSamplingInterval=4000\n[Binary Infos]\nBinaryFormat=INT_16\n[Channel Infos]\n\
                  Ch1=V,,0.000001,V\nCh2=mV,,0.001,mV\nCh3=nV,,1000,nV\nCh4=other,,3,ARU\n";
    let markers = "BrainVision Data Exchange Marker File Version 2.0\n[Marker Infos]\nMk1=New Segment,,1,1,0\n\
                   Mk2=Stimulus,S  1,3,0,0\nMk3=Comment,a@@V,4,2,2\n";
    std::fs::write(folder.join("s1.vhdr"), header).unwrap();
    std::fs::write(folder.join("s1.vmrk"), markers).unwrap();
    let data: Vec<u8> = (1..=6_i16).flat_map(|value| [value; 4]).flat_map(i16::to_le_bytes).collect();
    std::fs::write(folder.join("s1.eeg"), data).unwrap();
}

#[test]
fn markers_are_events_of_their_sort_and_channel() {
    let folder = tempfile::tempdir().unwrap();
    brainvision(folder.path());
    let ran = ran(&recording("    path: s1.vhdr\n"), folder.path());
    let event = |onset_s: f64, duration_s: f64, kind: &str, value: &str, channel: &str| Event {
        onset_s,
        duration_s: Some(duration_s),
        kind: kind.to_owned(),
        value: value.to_owned(),
        channel: channel.to_owned(),
    };
    assert_eq!(
        events_of(&ran),
        [
            event(0.0, 0.004, "New Segment", "", ""),
            event(0.008, 0.0, "Stimulus", "S  1", ""),
            event(0.012, 0.008, "Comment", "a@@V", "mV"),
        ]
    );
    // What is in another file is another recording; a name is not.
    let moved = ran_on(&recording("    paths: {other: s1.vhdr}\n"), folder.path(), ran.store, 1);
    assert_eq!(moved.counts("x"), (0, 1, 0));
    let markers = std::fs::read_to_string(folder.path().join("s1.vmrk")).unwrap().replace("S  1", "S  2");
    std::fs::write(folder.path().join("s1.vmrk"), markers).unwrap();
    let changed = ran_on(&recording("    path: s1.vhdr\n"), folder.path(), moved.store, 1);
    assert_eq!((changed.counts("x"), events_of(&changed)[1].value.as_str()), ((1, 0, 0), "S  2"));
    let cut = ran_on(&recording("    path: s1.vhdr\n    window: 8 ms\n"), folder.path(), changed.store, 1);
    assert_eq!(texts(&cut.output("x", 1), "value"), ["", "S  2", "a@@V", "a@@V"]);
}

#[test]
fn a_file_that_a_header_names_must_lie_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    brainvision(folder.path());
    std::fs::rename(folder.path().join("s1.eeg"), folder.path().join("renamed.eeg")).unwrap();
    let message = refused_in(&recording("    path: s1.vhdr\n"), folder.path());
    assert!(message.contains("`s1.vhdr` names `s1.eeg`: there is no file"), "{message}");
    assert!(message.contains("files of a recording keep the names that stand in it"), "{message}");
}

#[test]
fn values_are_converted_to_the_units_that_are_named() {
    let folder = tempfile::tempdir().unwrap();
    brainvision(folder.path());
    let as_stored = ran(&recording("    path: s1.vhdr\n"), folder.path());
    let table = as_stored.table("x");
    assert_eq!(texts(&table, "unit"), ["V", "mV", "nV", "ARU"]);
    let config = recording("    path: s1.vhdr\n    units: uV\n");
    let converted = ran_on(&config, folder.path(), as_stored.store, 1);
    // Another unit is another table.
    assert_eq!(converted.counts("x"), (1, 0, 0));
    let table = converted.table("x");
    assert_eq!(texts(&table, "unit"), ["uV", "uV", "uV", "ARU"]);
    for (values, factor) in lists(&table, "values").iter().zip([1.0, 1.0, 1.0, 3.0]) {
        for (value, number) in values.iter().zip(1..=6) {
            assert!((value - factor * f64::from(number)).abs() < 1e-14, "{values:?}");
        }
    }
    assert_eq!(
        notes(&config, folder.path()),
        [
            "`s1.vhdr`: not converted to uV: `other` (ARU)",
            "`s1.vhdr`: 4 channels at 250 Hz, 0.024 s, in uV and ARU, no value missing"
        ]
    );
    // `unit` is for channels without one, which are converted as well.
    std::fs::write(folder.path().join("s.csv"), "time_s,a\n0,1\n1,2\n").unwrap();
    let config = recording("    path: s.csv\n    unit: mV\n    units: [uV]\n");
    let table = ran(&config, folder.path()).table("x");
    assert_eq!((lists(&table, "values"), texts(&table, "unit")), (vec![vec![1000.0, 2000.0]], vec!["uV".to_owned()]));
    for (units, expected) in [
        ("[uV, mV]", "`uV` and `mV` are units of one dimension"),
        ("[uV, fT]", "no channel can be converted to `fT`; units of channels: ARU, V, mV, nV"),
        ("microvolts", "microvolts"),
        ("3", "a unit such as `uV`"),
    ] {
        let message = refused_in(&recording(&format!("    path: s1.vhdr\n    units: {units}\n")), folder.path());
        assert!(message.contains(expected) && message.contains("units"), "{units}: {message}");
    }
}

/// An EDF+D file of 8 samples in records of 2 s that begin at these times.
fn with_gaps(onsets_s: &[u32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut put = |text: &str, width: usize| bytes.extend(format!("{text:width$}").bytes());
    let count = onsets_s.len().to_string();
    let fields = ["0", "X", "X", "02.03.02", "21.30.05", "768", "EDF+D", &count, "2", "2"];
    for (text, width) in fields.into_iter().zip([8, 80, 80, 8, 8, 8, 44, 8, 8, 4]) {
        put(text, width);
    }
    for (texts, width) in [
        (["Cz", "EDF Annotations"], 16),
        (["", ""], 80),
        (["uV", ""], 8),
        (["-32768", "-1"], 8),
        (["32767", "1"], 8),
        (["-32768", "-32768"], 8),
        (["32767", "32767"], 8),
        (["", ""], 80),
        (["8", "20"], 8),
        (["", ""], 32),
    ] {
        texts.iter().for_each(|text| put(text, width));
    }
    for (record, onset_s) in onsets_s.iter().enumerate() {
        bytes.extend((0..8).flat_map(|i| ((record * 8 + i) as i16).to_le_bytes()));
        let mut notes = format!("+{onset_s}\x14\x14\0+{onset_s}.5\x14mark {record}\x14\0").into_bytes();
        notes.resize(40, 0);
        bytes.extend(notes);
    }
    bytes
}

#[test]
fn windows_lie_between_the_gaps_of_a_recording() {
    let folder = tempfile::tempdir().unwrap();
    // 0 to 6 s, 21 to 25 s and 60 to 62 s.
    std::fs::write(folder.path().join("s.edf"), with_gaps(&[0, 2, 4, 21, 23, 60])).unwrap();
    let config = recording("    path: s.edf\n    window: 2 s\n    overlap: 500 ms\n");
    let cut = ran(&config, folder.path());
    let table = cut.table("x");
    // Windows begin at 0, 1.5, 3, 4.5, ... s.
    assert_eq!(texts(&table, "sample"), ["s@0s", "s@1.5s", "s@3s", "s@21s", "s@22.5s", "s@60s"]);
    assert_eq!(floats(&table, "t0"), [0.0, 1500.0, 3000.0, 21_000.0, 22_500.0, 60_000.0]);
    let firsts: Vec<f64> = lists(&table, "values").iter().map(|values| values[0]).collect();
    assert_eq!(firsts, [0.0, 6.0, 12.0, 24.0, 30.0, 40.0]);
    assert!(lists(&table, "values").iter().all(|values| values.len() == 8 && values[7] == values[0] + 7.0));
    assert_eq!(
        texts(&cut.output("x", 1), "value"),
        ["mark 0", "mark 1", "mark 2", "mark 3", "mark 4", "mark 5"].map(str::to_owned)
    );
    assert_eq!(
        notes(&config, folder.path())[0],
        "`s.edf`: cut into windows: 6 of 2 s, which begin at multiples of 1.5 s; those that reach into one of 2 gaps are left out"
    );
    std::fs::write(folder.path().join("whole.edf"), with_gaps(&[3, 5, 7])).unwrap();
    let config = recording("    path: whole.edf\n    window: 4 s\n");
    assert_eq!(
        notes(&config, folder.path())[0],
        "`whole.edf`: cut into windows: 1 of 4 s, which begin every 4 s; the last 2 s are in none"
    );
    assert_eq!(floats(&ran(&config, folder.path()).table("x"), "t0"), [3000.0]);
    let message = refused_in(&recording("    path: s.edf\n    window: 7 s\n"), folder.path());
    assert!(message.contains("no window of 7 s lies between the gaps of `s.edf`"), "{message}");
}

/// A FIF file of one channel with these samples, which another goes on with.
fn fif(first: i32, samples: &[i16], next: Option<&str>) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::new();
    let mut tag = |kind: i32, data_type: i32, content: &[u8]| {
        for number in [kind, data_type, content.len() as i32, 0] {
            bytes.extend(number.to_be_bytes());
        }
        bytes.extend(content);
    };
    let mut channel = [1_i32, 1, 2].iter().flat_map(|n| n.to_be_bytes()).collect::<Vec<u8>>();
    channel.extend([1_f32, 1e-6].iter().flat_map(|n| n.to_be_bytes()));
    channel.resize(72, 0);
    channel.extend([107_i32, 0].iter().flat_map(|n| n.to_be_bytes()));
    channel.extend(b"EEG 001\0\0\0\0\0\0\0\0\0");
    tag(100, 31, &[0; 20]);
    for block in [100_i32, 101] {
        tag(104, 3, &block.to_be_bytes());
    }
    tag(200, 3, &1_i32.to_be_bytes());
    tag(201, 4, &100_f32.to_be_bytes());
    tag(203, 30, &channel);
    tag(105, 3, &101_i32.to_be_bytes());
    tag(104, 3, &102_i32.to_be_bytes());
    tag(208, 3, &first.to_be_bytes());
    tag(300, 16, &samples.iter().flat_map(|n| n.to_be_bytes()).collect::<Vec<u8>>());
    tag(105, 3, &102_i32.to_be_bytes());
    if let Some(next) = next {
        tag(104, 3, &118_i32.to_be_bytes());
        tag(115, 3, &2_i32.to_be_bytes());
        tag(118, 10, next.as_bytes());
        tag(105, 3, &118_i32.to_be_bytes());
    }
    bytes
}

#[test]
fn a_recording_that_goes_on_in_further_files_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("x_raw.fif", &fif(0, &[1, 2, 3], Some("x_raw-1.fif")));
    write("x_raw-1.fif", &fif(3, &[4, 5], Some("x_raw-2.fif")));
    let config = recording("    path: x_raw.fif\n    units: uV\n");
    let message = refused_in(&config, folder.path());
    assert!(message.contains("`x_raw.fif` names `x_raw-2.fif`: there is no file"), "{message}");
    write("x_raw-2.fif", &fif(5, &[6], None));
    let whole = ran(&config, folder.path());
    let values = &lists(&whole.table("x"), "values")[0];
    assert!(values.len() == 6 && values.iter().zip(1..).all(|(v, n)| (v - f64::from(n)).abs() < 1e-6), "{values:?}");
    write("x_raw-2.fif", &fif(5, &[7], None));
    assert_eq!(ran_on(&config, folder.path(), whole.store, 1).counts("x"), (1, 0, 0));
    write("x_raw-1.fif", &fif(3, &[4, 5], Some("x_raw-1.fif")));
    let message = refused_in(&config, folder.path());
    assert!(message.contains("name each other in a circle"), "{message}");
}

/// A table of two samples of signals.
fn table() -> RecordBatch {
    let values = ListArray::from_iter_primitive::<arrow_array::types::Float64Type, _, _>(
        (0..4).map(|row| Some((0..300).map(|i| Some(f64::from(row * 1000 + i))).collect::<Vec<_>>())),
    );
    let text = |cells: [&str; 4]| Arc::new(StringArray::from(cells.to_vec())) as ArrayRef;
    RecordBatch::try_from_iter([
        ("sample", text(["b", "a", "b", "a"])),
        ("channel", text(["Cz", "Cz", "Pz", "Pz"])),
        ("dt", Arc::new(Float64Array::from(vec![4.0; 4])) as ArrayRef),
        ("unit", text(["mV", "mV", "ARU", "ARU"])),
        ("values", Arc::new(values) as ArrayRef),
    ])
    .unwrap()
}

fn arrow_file(compression: Option<CompressionType>) -> Vec<u8> {
    let options = IpcWriteOptions::default().try_with_compression(compression).unwrap();
    let table = table();
    let mut writer = FileWriter::try_new_with_options(Vec::new(), &table.schema(), options).unwrap();
    for row in 0..4 {
        writer.write(&table.slice(row, 1)).unwrap();
    }
    writer.finish().unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn tables_of_signals_may_be_arrow_files() {
    let folder = tempfile::tempdir().unwrap();
    for (name, compression) in
        [("x.arrow", None), ("x.feather", Some(CompressionType::LZ4_FRAME)), ("z.arrow", Some(CompressionType::ZSTD))]
    {
        std::fs::write(folder.path().join(name), arrow_file(compression)).unwrap();
        let table = ran(&recording(&format!("    path: {name}\n    units: uV\n")), folder.path()).table("x");
        assert_eq!(texts(&table, "sample"), ["b", "b", "a", "a"], "{name}");
        assert_eq!(texts(&table, "unit"), ["uV", "ARU", "uV", "ARU"], "{name}");
        let values = lists(&table, "values");
        assert_eq!((values[0][299], values[1][0], values[2][1], values[3][0]), (299e3, 2000.0, 1001e3, 3000.0));
        let points = format!("  p:\n    kind: import.table\n    path: {name}\n");
        assert_eq!(ran(&points, folder.path()).table("p").num_rows(), 4);
    }
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    for (bytes, expected) in [
        (b"FEA1 and more, and more".as_slice(), "a Feather file of version 1, which is not read"),
        (b"\xff\xff\xff\xff a stream", "a stream of Arrow is not read"),
        (b"ARROW1", "its end is missing"),
        (b"ARROW1\0\0\xff\xff\xff\x7fARROW1", "its end is missing"),
    ] {
        write("bad.arrow", bytes);
        let message = refused_in(&recording("    path: bad.arrow\n"), folder.path());
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_damaged_arrow_file_is_an_error_or_a_table() {
    let folder = tempfile::tempdir().unwrap();
    for compression in [None, Some(CompressionType::LZ4_FRAME)] {
        let whole = arrow_file(compression);
        for place in (0..whole.len()).step_by(whole.len() / 150) {
            for damage in 0..2 {
                let mut bytes = whole.clone();
                match damage {
                    0 => bytes.truncate(place),
                    _ => bytes[place] = 0xff,
                }
                std::fs::write(folder.path().join("x.arrow"), bytes).unwrap();
                if let Err(message) = bind(&recording("    path: x.arrow\n"), folder.path()) {
                    assert!(message.contains("x.arrow") && message.len() < 2000, "{message}");
                }
            }
        }
    }
}

#[test]
fn gaps_of_text_are_epochs_and_windows_lie_between_them() {
    let folder = tempfile::tempdir().unwrap();
    let row = |time: f64| format!("{time:.2};{:.1}\n", time * 4.0).replace('.', ",");
    let times = (0..8).chain(20..30).map(|row| f64::from(row) * 0.25);
    let text = std::iter::once("time_s;Cz\n".to_owned()).chain(times.map(row)).collect::<String>();
    std::fs::write(folder.path().join("s.csv"), text).unwrap();
    let whole = ran(&recording("    path: s.csv\n"), folder.path());
    let table = whole.table("x");
    assert_eq!(floats(&table, "t0"), [0.0, 5000.0]);
    let values = lists(&table, "values");
    assert_eq!((values[0][7], values[1][0], values[1].len()), (7.0, 20.0, 10));
    assert!(whole.notes("x").contains("gaps part it into 2 stretches"), "{}", whole.notes("x"));
    let config = recording("    path: s.csv\n    window: 1 s\n");
    let table = ran(&config, folder.path()).table("x");
    assert_eq!(texts(&table, "sample"), ["s@0s", "s@1s", "s@5s", "s@6s"]);
    assert_eq!(lists(&table, "values")[2], [20.0, 21.0, 22.0, 23.0]);
    let told = notes(&config, folder.path());
    assert!(told.contains(&"`s.csv`: the times of `time_s` have 1 gap".to_owned()), "{told:?}");
    assert!(told.contains(&"`s.csv`: a comma in numbers is their decimal mark".to_owned()), "{told:?}");
}

#[test]
fn an_array_of_an_archive_needs_a_sampling_rate() {
    let folder = tempfile::tempdir().unwrap();
    let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/npz/deflated.npz");
    std::fs::copy(seed, folder.path().join("x.npz")).unwrap();
    let message = refused_in(&recording("    path: x.npz\n"), folder.path());
    assert!(message.contains("an NPZ file has no sampling rate"), "{message}");
    let table = ran(&recording("    path: x.npz\n    sampling_rate: 250 Hz\n    unit: uV\n"), folder.path()).table("x");
    assert_eq!((table.num_rows(), floats(&table, "dt")), (2, vec![4.0, 4.0]));
}

#[test]
fn a_public_table_of_signals_holds_what_an_independent_reader_says() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("LAPICQUE_SHARED").map_or(beside, std::path::PathBuf::from);
    let folder = shared.join("fixtures/recordings_real");
    let Ok(text) = std::fs::read(folder.join("expected.json")) else {
        eprintln!("skipped: {} is missing; LAPICQUE_SHARED says where the reference data are", folder.display());
        return;
    };
    let all: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let name = "parquet/eegmmi_two_samples.parquet";
    let table = ran(&recording(&format!("    path: {name}\n")), &folder).table("x");
    let (samples, channels) = (texts(&table, "sample"), texts(&table, "channel"));
    let (units, rates, values) = (texts(&table, "unit"), floats(&table, "dt"), lists(&table, "values"));
    let expected = all["files"][name]["channels"].as_array().unwrap();
    assert_eq!(expected.len(), table.num_rows());
    for channel in expected {
        let is = |row: &usize| channel["sample"] == samples[*row] && channel["label"] == channels[*row];
        let row = (0..table.num_rows()).find(is).unwrap();
        assert_eq!(channel["unit"], units[row]);
        assert!((1e3 / rates[row] - channel["rate_hz"].as_f64().unwrap()).abs() < 1e-9);
        let number = |value: &serde_json::Value| value.as_f64().unwrap();
        let own = &values[row];
        assert_eq!(own.len() as u64, channel["samples"].as_u64().unwrap());
        let first: Vec<f64> = channel["first5"].as_array().unwrap().iter().map(number).collect();
        let last: Vec<f64> = channel["last5"].as_array().unwrap().iter().map(number).collect();
        assert_eq!((&own[..5], &own[own.len() - 5..]), (&first[..], &last[..]));
        let range = number(&channel["max"]) - number(&channel["min"]);
        assert!((own.iter().sum::<f64>() - number(&channel["sum"])).abs() <= 1e-9 * range * own.len() as f64);
    }
}
