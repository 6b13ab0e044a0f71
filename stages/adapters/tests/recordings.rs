//! Recordings read when they run: windows, events, and files that change under a run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use lapicque_pipeline::{FailureReason, MemoryStore, RunOptions, Store, run};
use lapicque_schemas::tables::events::{self, Event};
use serde_json::Value;
use support::{Ran, bind, floats, lists, ran, ran_on, refused_in, texts};

fn recording(rest: &str) -> String {
    format!("  x:\n    kind: import.recording\n{rest}")
}

/// An EDF+C file of records of 2 s: two channels of 8 and 4 samples, and an annotation in each record; the header says `reserved`.
fn edf(records: usize, reserved: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut put = |text: &str, width: usize| bytes.extend(format!("{text:width$}").bytes());
    let fields = ["0", "X", "X", "02.03.02", "21.30.05", "1024", reserved, &records.to_string(), "2", "3"];
    for (text, width) in fields.into_iter().zip([8, 80, 80, 8, 8, 8, 44, 8, 8, 4]) {
        put(text, width);
    }
    for (texts, width) in [
        (["Cz", "Pz", "EDF Annotations"], 16),
        (["", "", ""], 80),
        (["uV", "uV", ""], 8),
        (["-32768", "-32768", "-1"], 8),
        (["32767", "32767", "1"], 8),
        (["-32768", "-32768", "-32768"], 8),
        (["32767", "32767", "32767"], 8),
        (["", "", ""], 80),
        (["8", "4", "20"], 8),
        (["", "", ""], 32),
    ] {
        texts.iter().for_each(|text| put(text, width));
    }
    for record in 0..records {
        let of = |samples: usize| (0..samples).flat_map(move |i| ((record * samples + i) as i16).to_le_bytes());
        bytes.extend(of(8));
        bytes.extend(of(4));
        let onset = 2 * record;
        // Each stands in the record before the one where it belongs.
        let mut notes = format!("+{onset}\x14\x14\0+{}.5\x151\x14mark {record}@@Cz\x14\0", onset + 2).into_bytes();
        notes.resize(40, 0);
        bytes.extend(notes);
    }
    bytes
}

fn events_of(ran: &Ran) -> Vec<(String, Event)> {
    let table = ran.output("x", 1);
    texts(&table, "sample").into_iter().zip(events::read(&table).unwrap()).collect()
}

#[test]
fn windows_of_a_recording_are_samples_with_their_part_of_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("s1.edf"), edf(10, "EDF+C")).unwrap();
    let whole = ran(&recording("    path: s1.edf\n"), folder.path()).table("x");
    let config = recording("    path: s1.edf\n    window: 6 s\n    overlap: 1 s\n");
    let cut = ran(&config, folder.path());
    let table = cut.table("x");
    // 20 s: the windows begin at 0, 5 and 10 s, and the last 4 s are in none.
    assert_eq!(texts(&table, "sample"), ["s1@0s", "s1@0s", "s1@5s", "s1@5s", "s1@10s", "s1@10s"]);
    assert_eq!(floats(&table, "t0"), [0.0, 0.0, 5000.0, 5000.0, 10_000.0, 10_000.0]);
    let (whole, parts) = (lists(&whole, "values"), lists(&table, "values"));
    for (window, parts) in parts.chunks(2).enumerate() {
        assert_eq!(parts[0], whole[0][20 * window..20 * window + 24]);
        assert_eq!(parts[1], whole[1][10 * window..10 * window + 12]);
    }
    let (_, graph) = bind(&config, folder.path()).unwrap();
    let notes = &graph.stages[0].bound().notes;
    assert_eq!(
        notes[..],
        [
            "`s1.edf`: cut into windows: 3 of 6 s, which begin every 5 s; the last 4 s are in none",
            "`s1.edf`: 2 channels at 4 Hz and 2 Hz, 20 s, in uV, no value missing"
        ]
    );
    // Marks 0, 1, ... begin at 2.5, 4.5, ... s and last 1 s; one that reaches into a window is there as well.
    let told = events_of(&cut);
    let marks = |sample: &str| -> Vec<&str> {
        told.iter().filter(|(of, _)| of == sample).map(|(_, event)| event.value.as_str()).collect()
    };
    assert_eq!(marks("s1@0s"), ["mark 0", "mark 1"]);
    assert_eq!(marks("s1@5s"), ["mark 1", "mark 2", "mark 3", "mark 4"]);
    assert!(told.iter().all(|(_, event)| event.channel == "Cz" && event.duration_s == Some(1.0)));
    // Another window is another result; the same ones are known.
    let again = ran_on(&config, folder.path(), cut.store, 1);
    assert_eq!(again.counts("x"), (0, 3, 0));
    let other = ran_on(&recording("    path: s1.edf\n    window: 6 s\n"), folder.path(), again.store, 1);
    assert_eq!((other.counts("x"), texts(&other.table("x"), "sample")[4].as_str()), ((3, 0, 0), "s1@12s"));
}

#[test]
fn windows_are_cut_of_every_format_or_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("s.csv", b"time_s,Cz\n1,10\n1.5,11\n2,12\n2.5,13\n3,14\n");
    let table = ran(&recording("    path: s.csv\n    window: 1 s\n    overlap: 500 ms\n"), folder.path()).table("x");
    assert_eq!(texts(&table, "sample"), ["s@0s", "s@0.5s", "s@1s", "s@1.5s"]);
    assert_eq!(lists(&table, "values"), [[10.0, 11.0], [11.0, 12.0], [12.0, 13.0], [13.0, 14.0]]);
    assert_eq!(floats(&table, "t0"), [1000.0, 1500.0, 2000.0, 2500.0]);
    for (config, expected) in [
        ("    path: s.csv\n    overlap: 1 s\n", "without `window` nothing overlaps"),
        ("    path: s.csv\n    window: 1 s\n    overlap: 1 s\n", "less than `window`"),
        ("    path: s.csv\n    window: 0 s\n", "above 0 ms"),
        ("    path: s.csv\n    window: 3 s\n", "3 s is longer than channel `Cz` of `s.csv` at 2 Hz, which lasts 2.5 s"),
        ("    path: s.csv\n    window: 0.1 s\n", "0.1 s has no sample of channel `Cz`"),
        ("    path: s.csv\n    window: 1 s\n    overlap: 0.9 s\n", "less than a sample"),
    ] {
        let message = refused_in(&recording(config), folder.path());
        assert!(message.contains(expected), "{config}: {message}");
    }
}

#[test]
fn results_follow_the_content_of_files_and_how_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("a.edf", &edf(2, "EDF+C"));
    write("b.edf", &edf(3, "EDF+C"));
    let first = ran(&recording("    paths: [a.edf, b.edf]\n"), folder.path());
    assert_eq!(first.counts("x"), (2, 0, 0));
    // Another name is the same recording.
    std::fs::rename(folder.path().join("b.edf"), folder.path().join("c.edf")).unwrap();
    let moved = ran_on(&recording("    paths: [c.edf, a.edf]\n"), folder.path(), first.store, 1);
    assert_eq!(moved.counts("x"), (0, 2, 0));
    // What means nothing to the format changes nothing.
    let times = ran_on(&recording("    paths: [c.edf, a.edf]\n    time_unit: ms\n"), folder.path(), moved.store, 1);
    assert_eq!(times.counts("x"), (0, 2, 0));
    // Other channels are another table, and so is another file.
    let fewer = ran_on(&recording("    paths: [c.edf, a.edf]\n    channels: [Cz]\n"), folder.path(), times.store, 1);
    assert_eq!(fewer.counts("x"), (2, 0, 0));
    write("a.edf", &edf(4, "EDF+C"));
    let changed = ran_on(&recording("    paths: [c.edf, a.edf]\n"), folder.path(), fewer.store, 1);
    assert_eq!(changed.counts("x"), (1, 1, 0));
}

#[test]
fn a_file_that_changes_under_a_run_fails_its_sample_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.edf", "b.edf"] {
        std::fs::write(folder.path().join(name), edf(2, "EDF+C")).unwrap();
    }
    std::fs::write(folder.path().join("a.edf"), edf(3, "EDF+C")).unwrap();
    let (pipeline, graph) = bind(&recording("    paths: [a.edf, b.edf]\n"), folder.path()).unwrap();
    // As many bytes, of another recording.
    let mut other = edf(2, "EDF+C");
    other[1024] ^= 1;
    std::thread::sleep(std::time::Duration::from_millis(20));
    std::fs::write(folder.path().join("b.edf"), other).unwrap();
    let store = MemoryStore::default();
    let cancelled = AtomicBool::new(false);
    let options = RunOptions {
        jobs: 1,
        executor: None,
        retry_failed: false,
        verify: None,
        cancelled: &cancelled,
        store_uri: String::new(),
        settings: Vec::new(),
    };
    let record = run(&pipeline, &graph, &store, &options, &|_| {}).unwrap();
    let ran = Ran { store, record };
    assert_eq!(ran.counts("x"), (2, 0, 1));
    assert_eq!(
        ran.failures(),
        ["`b.edf`: it has changed since this command began; run it again to read what it holds now"]
    );
    assert_eq!(texts(&ran.table("x"), "sample"), ["a", "a"]);
    let stage = &ran.record.stages[0];
    let keys: Vec<_> = ran.store.binding(stage.binding).unwrap().keys.into_iter().flatten().collect();
    let failed = ran.store.find(&keys).unwrap();
    let reasons: Vec<_> = failed.iter().flatten().filter_map(|found| found.failure()).map(|e| e.reason).collect();
    assert_eq!(reasons, [FailureReason::Changed], "the next run reads the file as it is then");
}

#[test]
fn values_that_only_the_file_tells_are_told_when_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n";
    let mut npy = b"\x93NUMPY\x01\0".to_vec();
    npy.extend((header.len() as u16).to_le_bytes());
    npy.extend(header.bytes());
    [1.0_f32, f32::NAN, 3.0].iter().for_each(|value| npy.extend(value.to_le_bytes()));
    std::fs::write(folder.path().join("x.npy"), npy).unwrap();
    let config = recording("    path: x.npy\n    sampling_rate: 1 Hz\n");
    let (_, graph) = bind(&config, folder.path()).unwrap();
    assert_eq!(graph.stages[0].bound().notes, ["`x.npy`: 1 channel at 1 Hz, 3 s, unit not known"]);
    assert_eq!(ran(&config, folder.path()).notes("x"), "`x.npy`: 1 value missing");
}

/// The reference recordings, which are too large for the repository.
fn reference() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("LAPICQUE_SHARED").map_or(beside, PathBuf::from).join("fixtures/recordings_real");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: {} is missing; LAPICQUE_SHARED says where the reference data are", folder.display());
    None
}

#[test]
fn annotations_of_public_recordings_are_the_events_that_independent_readers_find() {
    let Some(folder) = reference() else {
        return;
    };
    let all: Value = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let (mut files, mut count) = (0, 0);
    for (name, expected) in all["files"].as_object().unwrap() {
        let is_edf = name.starts_with("edf/") || name.starts_with("bdf/");
        let Some(expected) = expected["events"].as_array().filter(|_| is_edf) else {
            continue;
        };
        let ran = ran(&recording(&format!("    path: {name}\n")), &folder);
        let found = events_of(&ran);
        assert_eq!(found.len(), expected.len(), "{name}");
        for ((_, found), expected) in found.iter().zip(expected) {
            let onset_s = expected["onset_in_file_s"].as_f64().or(expected["onset_s"].as_f64()).unwrap();
            assert!((found.onset_s - onset_s).abs() < 1e-9, "{name}: {found:?}, not {expected}");
            assert_eq!(found.duration_s, expected["duration_s"].as_f64(), "{name}");
            assert_eq!((found.value.as_str(), found.kind.as_str()), (expected["text"].as_str().unwrap(), "annotation"));
        }
        files += 1;
        count += found.len();
    }
    assert!(files >= 14 && count >= 870, "{files} files, {count} events");
}
