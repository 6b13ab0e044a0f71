//! A public recording of 64 channels from its file to averages.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

use std::path::{Path, PathBuf};

use support::{Ran, floats, lists, ran, texts};

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

fn of(file: &str, stages: &str, folder: &Path) -> Ran {
    let ran = ran(&format!("  x:\n    kind: import.recording\n    path: edf/{file}\n{stages}"), folder);
    assert!(ran.record.ok, "{:?}", ran.failures());
    ran
}

#[test]
fn all_channels_of_a_public_recording_are_known_electrodes() {
    let Some(folder) = reference() else {
        return;
    };
    let stages = "  average: { kind: signal.rereference, inputs: { signals: x } }
  laplacian: { kind: signal.rereference, inputs: { signals: x }, method: surface_laplacian }
  cz: { kind: signal.interpolate, inputs: { signals: x }, channels: [Cz] }
";
    let ran = of("eegmmi_cut16.edf", stages, &folder);
    let plain = ran.table("x");
    assert_eq!(plain.num_rows(), 64);
    assert_eq!(ran.notes("average"), "");
    let average = lists(&ran.table("average"), "values");
    for i in 0..average[0].len() {
        assert!(average.iter().map(|channel| channel[i]).sum::<f64>().abs() < 1e-6);
    }
    let laplacian = ran.table("laplacian");
    assert_eq!(laplacian.num_rows(), 64);
    assert!(texts(&laplacian, "unit").iter().all(|unit| unit == "uV/m^2"));
    // A channel is much like what its neighbours say of it.
    let place = texts(&plain, "channel").iter().position(|name| name.starts_with("Cz")).unwrap();
    let (measured, computed) = (&lists(&plain, "values")[place], &lists(&ran.table("cz"), "values")[place]);
    let difference: f64 = measured.iter().zip(computed).map(|(a, b)| (a - b) * (a - b)).sum();
    let size: f64 = measured.iter().map(|a| a * a).sum();
    assert!(difference > 0.0 && difference < 0.1 * size, "{difference} of {size}");
    assert!(ran.notes("cz").contains("channel Cz..: from 63 channels"), "{}", ran.notes("cz"));
}

#[test]
fn epochs_around_the_annotations_of_a_file_are_averaged_by_them() {
    let Some(folder) = reference() else {
        return;
    };
    let stages = "  epochs:
    kind: signal.epochs
    inputs: { signals: x, events: x.events }
    around: [\"T?\"]
    from: 0 ms
    to: 1 s
  evoked: { kind: signal.average, inputs: { signals: epochs, epochs: epochs.epochs }, by: value }
  rates: { kind: features.events, inputs: { events: x.events, signals: x } }
";
    let ran = of("eegmmi_cut16.edf", stages, &folder);
    let events = ran.output("x", 1);
    let onsets: Vec<f64> = floats(&events, "onset_s");
    let count = ran.output("epochs", 1).num_rows();
    assert!(count > 1 && count <= onsets.len(), "{count} of {onsets:?}");
    assert_eq!(ran.table("epochs").num_rows(), 64 * count);
    let evoked = ran.table("evoked");
    assert!(floats(&evoked, "t0").iter().all(|t0| *t0 == 0.0));
    assert!(lists(&evoked, "values").iter().all(|values| values.len() == 128));
    let rates = ran.table("rates");
    assert_eq!(floats(&rates, "count").iter().sum::<f64>(), onsets.len() as f64);
    for (count, rate) in floats(&rates, "count").iter().zip(floats(&rates, "rate_hz")) {
        assert_eq!(rate, count / 16.0);
    }
    // With gaps: no epoch crosses one.
    let ran = of(
        "eegmmi_two_gaps_edfd.edf",
        "  y: { kind: signal.epochs, inputs: { signals: x, events: x.events }, length: 1 s }
",
        &folder,
    );
    assert_eq!(ran.table("y").num_rows(), 64 * 8);
}
