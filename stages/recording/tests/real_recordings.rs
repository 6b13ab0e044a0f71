//! Recordings of a human EEG and a cortical field potential in three formats, which hold the same samples.
//!
//! One second lies in tests/golden/recordings; the whole is read from the folder named by `LAPICQUE_SHARED` (default: `shared` beside the repository).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::fs::File;
use std::path::PathBuf;

use lapicque_recording::{CsvOptions, Recording, read_csv, read_edf, read_npy};

fn golden() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/recordings"))
}

fn shared() -> PathBuf {
    let default = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let folder = std::env::var_os("LAPICQUE_SHARED").map_or_else(default, PathBuf::from);
    folder.join("fixtures/ncpi/recordings")
}

struct Expected {
    label: &'static str,
    channels: usize,
    rate_hz: f64,
    in_npy: usize,
    /// Whole seconds.
    in_edf: usize,
    /// At most the first ten seconds.
    in_csv: usize,
    /// EDF holds +- this in 16 bits.
    physical_max: f64,
}

fn check(folder: PathBuf, stem: &str, expected: &Expected) {
    if !folder.exists() {
        eprintln!("skipped: {stem} is not in LAPICQUE_SHARED");
        return;
    }
    let open = |extension: &str| File::open(folder.join(format!("{stem}.{extension}"))).unwrap();
    let Expected { channels, rate_hz, .. } = *expected;
    let (mut edf, mut npy, mut csv) = (open("edf"), open("npy"), open("csv"));
    let edf = read_edf(&mut edf).unwrap();
    let npy = read_npy(&mut npy, rate_hz).unwrap();
    let csv = read_csv(&mut csv, &CsvOptions::default()).unwrap();
    let shape = |recording: &Recording| {
        let first = &recording.channels[0];
        (recording.channels.len(), first.samples.len(), first.sampling_rate_hz, first.start_s)
    };
    assert_eq!(shape(&npy), (channels, expected.in_npy, rate_hz, 0.0));
    assert_eq!(shape(&edf), (channels, expected.in_edf, rate_hz, 0.0));
    assert_eq!(shape(&csv), (channels, expected.in_csv, rate_hz, 0.0));
    let step = 2.0 * expected.physical_max / 65535.0;
    for ((edf, npy), csv) in edf.channels.iter().zip(&npy.channels).zip(&csv.channels) {
        assert_eq!(edf.unit.as_deref(), Some("uV"));
        assert!(edf.label.starts_with(expected.label), "{}", edf.label);
        assert_eq!(edf.label, csv.label);
        for (edf, npy) in edf.samples.iter().zip(npy.samples.iter()) {
            assert!((edf - npy).abs() <= 1.0001 * step, "{edf} {npy}");
        }
        for (csv, npy) in csv.samples.iter().zip(npy.samples.iter()) {
            assert!((csv - npy).abs() <= 5.001e-6 * npy.abs(), "{csv} {npy}");
        }
    }
}

#[test]
fn one_second_of_field_potential() {
    let expected = Expected {
        label: "M1",
        channels: 1,
        rate_hz: 1000.0,
        in_npy: 1000,
        in_edf: 1000,
        in_csv: 1000,
        physical_max: 1042.0,
    };
    check(golden(), "human_m1_lfp_1s", &expected);
}

#[test]
fn human_eeg() {
    let expected = Expected {
        label: "EEG",
        channels: 8,
        rate_hz: 250.0,
        in_npy: 15_001,
        in_edf: 15_000,
        in_csv: 2500,
        physical_max: 66.0,
    };
    check(shared(), "human_eeg_8ch_250Hz", &expected);
}

#[test]
fn human_field_potential() {
    let expected = Expected {
        label: "M1",
        channels: 1,
        rate_hz: 1000.0,
        in_npy: 10_000,
        in_edf: 10_000,
        in_csv: 10_000,
        physical_max: 1042.0,
    };
    check(shared(), "human_m1_lfp_1ch_1000Hz", &expected);
}
