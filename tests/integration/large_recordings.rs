//! Recordings that are larger than memory should become.

use crate::support::{CHANNELS, Lab, RATE_HZ, lapicque, watched, write_sparse_edf};

/// 10 GB that a disk holds in a few MB: all are hashed, which takes some 20 s, and as three of them differ from the rest, four are read and stored.
#[test]
fn two_hundred_recordings_of_50_mb_are_checked_planned_and_run_in_300_mb() {
    if std::env::var_os("LAPICQUE_LONG_TESTS").is_none() {
        eprintln!("skipped: 200 recordings of 50 MB are read where LAPICQUE_LONG_TESTS is set");
        return;
    }
    let lab = Lab::new();
    for number in 0..200 {
        let recording = if number < 3 { format!("Startdate X {number} X X") } else { "Startdate X X X X".to_owned() };
        write_sparse_edf(&lab.folder().join(format!("s{number:03}.edf")), &recording, 50_000_000 / 16_384);
    }
    lab.write(
        "pipeline.yaml",
        "lapicque: 1\nname: many\nstages:\n  recording:\n    kind: import.recording\n    path: s*.edf\n",
    );
    // What was written less than two seconds before it was hashed is hashed again.
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let check = watched(lab.folder(), &["check", "pipeline.yaml"]);
    let again = watched(lab.folder(), &["check", "pipeline.yaml"]);
    let plan = watched(lab.folder(), &["plan", "pipeline.yaml"]);
    let run = watched(lab.folder(), &["run", "pipeline.yaml", "--jobs", "2"]);
    assert!(check.read_mb > 9_000.0, "the first time each file is read: {:.0} MB", check.read_mb);
    for later in [&again, &plan] {
        assert!(later.read_mb < 50.0, "then no file is: {:.0} MB", later.read_mb);
    }
    for (taken, command) in [(check, "check"), (again, "check"), (plan, "plan"), (run, "run")] {
        assert!(taken.memory_mb > 1.0 && taken.memory_mb < 300.0, "{command}: {:.0} MB", taken.memory_mb);
    }
    let ask = |query: &str| lapicque(lab.folder(), &["sql", "-p", "pipeline.yaml", query, "--json"]).ok().json();
    let rows = ask("SELECT count(*) AS n, count(DISTINCT sample) AS samples FROM recording");
    assert_eq!(rows, serde_json::json!([{"n": 200 * 32, "samples": 200}]));
}

/// A night: 470 MB, of which a minute in ten has a rhythm of 10 Hz. What a window gives is the same whether the run was killed on the way or not.
#[test]
fn a_night_of_eeg_becomes_features_in_400_mb_and_goes_on_where_it_was_killed() {
    if std::env::var_os("LAPICQUE_LONG_TESTS").is_none() {
        eprintln!("skipped: eight hours of EEG are read where LAPICQUE_LONG_TESTS is set");
        return;
    }
    const SECONDS: usize = 8 * 3600;
    const WINDOWS: u64 = 8 * 60;
    let lab = Lab::new();
    let recording = lab.folder().join("night.edf");
    write_sparse_edf(&recording, "Startdate X X X X", SECONDS);
    write_rhythm(&recording, (0..SECONDS).filter(|second| (second / 60).is_multiple_of(10)));
    let pipeline = "lapicque: 1\nname: night\nstages:\n\
        \x20 recording: {kind: import.recording, path: night.edf, window: 60 s, keep: false}\n\
        \x20 alpha: {kind: signal.filter, inputs: {signals: recording}, band_pass: [8 Hz, 12 Hz], keep: false}\n\
        \x20 epochs: {kind: signal.epochs, inputs: {signals: alpha}, length: 5 s, keep: false}\n\
        \x20 features: {kind: features.complexity, inputs: {signals: epochs}, measures: [hjorth_mobility, line_length]}\n";
    lab.write("pipeline.yaml", pipeline);
    let rows = |store: &str| {
        let query = "SELECT count(*) AS n, count(DISTINCT sample) AS samples, sum(CAST(line_length > 1 AS BIGINT)) AS rhythm, \
                     sum(line_length) AS total FROM features";
        lapicque(lab.folder(), &["sql", "-p", ".", query, "--json", "--store", store]).ok().json()
    };
    let whole = watched(lab.folder(), &["run", ".", "--jobs", "2", "--store", "whole"]);
    assert!(whole.memory_mb < 400.0, "{:.0} MB", whole.memory_mb);
    let due = rows("whole");
    assert_eq!(due[0]["samples"], WINDOWS);
    assert_eq!(due[0]["n"], WINDOWS * 12 * CHANNELS as u64);
    assert_eq!(due[0]["rhythm"], due[0]["n"].as_u64().unwrap() / 10, "{due}");

    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_lapicque"))
        .current_dir(lab.folder())
        .args(["run", ".", "--quiet", "--jobs", "2", "--store", "killed"])
        .env_remove("LAPICQUE_STORE")
        .spawn()
        .unwrap();
    let published = || {
        let entries = std::fs::read_dir(lab.folder().join("killed/actions"));
        entries.map_or(0, |entries| {
            entries.filter_map(Result::ok).filter(|e| e.path().extension().is_some_and(|x| x == "parquet")).count()
        })
    };
    while published() < 3 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let run = lapicque(lab.folder(), &["run", ".", "--json", "--jobs", "2", "--store", "killed"]).ok().json();
    let stages = run["stages"].as_array().unwrap();
    let features = stages.iter().find(|stage| stage["stage"] == "features").unwrap();
    let [cached, computed] = ["cached", "computed"].map(|field| features[field].as_u64().unwrap());
    assert!(cached > 0 && computed < WINDOWS && cached + computed == WINDOWS, "{features}");
    assert_eq!(rows("killed"), due);
}

/// 20 uV at 10 Hz in all channels during these seconds.
fn write_rhythm(path: &std::path::Path, seconds: impl Iterator<Item = usize>) {
    use std::io::{Seek, SeekFrom, Write};
    let wave = |i: usize| (200.0 * (std::f64::consts::TAU * 10.0 * i as f64 / RATE_HZ as f64).sin()) as i16;
    let channel: Vec<u8> = (0..RATE_HZ).flat_map(|i| wave(i).to_le_bytes()).collect();
    let record = channel.repeat(CHANNELS);
    let mut file = std::fs::File::options().write(true).open(path).unwrap();
    for second in seconds {
        file.seek(SeekFrom::Start((256 * (CHANNELS + 1) + second * record.len()) as u64)).unwrap();
        file.write_all(&record).unwrap();
    }
}
