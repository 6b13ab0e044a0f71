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
