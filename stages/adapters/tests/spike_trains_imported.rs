//! Spike trains of NWB, CSV and NPY files through `import.spikes` to `features.spike_trains`, and equal numbers for any batch.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

use std::path::{Path, PathBuf};

use lapicque_schemas::tables::signals;
use support::{floats, lists, ran, ran_on, texts};

/// Imports a file and measures its neurons.
fn measured(path: &str, import: &str) -> String {
    format!(
        "  x:\n    kind: import.spikes\n    path: {path}\n{import}  y:\n    kind: features.spike_trains\n    inputs: {{spikes: x, populations: x.populations}}\n    level: neuron\n    fewest_spikes: 1\n    measures: [rate, isi_mean, isi_cv2]\n    pairs: {{measures: [spike_distance, van_rossum]}}\n"
    )
}

#[test]
fn units_of_nwb_files_are_neurons() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/hdf5");
    for layout in ["old_layout.nwb", "new_layout.nwb"] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(seeds.join(layout), folder.path().join("s.nwb")).unwrap();
        let ran = ran(&measured("s.nwb", "    duration: 1 s\n"), folder.path());
        // Unit 3 fires at 0.1 s, unit 5 at 0.2 and 0.3 s.
        assert_eq!(texts(&ran.output("x", 2), "unit_name"), ["3", "5"]);
        let features = ran.table("y");
        assert_eq!(texts(&features, "channel"), ["all.0", "all.1"]);
        assert_eq!(floats(&features, "rate_hz"), [1.0, 2.0]);
        assert!((floats(&features, "isi_mean_ms")[1] - 100.0).abs() < 1e-9);
        let pairs = ran.output("y", 1);
        assert_eq!((texts(&pairs, "channel"), texts(&pairs, "other")), (vec!["all.0".into()], vec!["all.1".into()]));
        // Spikes 100 and 200 ms apart do not see each other with 10 ms: the square root of three.
        assert!((floats(&pairs, "van_rossum")[0] - 3f64.sqrt()).abs() < 1e-4);
    }
}

#[test]
fn units_of_a_recording_in_nwb_have_its_counts() {
    let beside = || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    let shared = std::env::var_os("LAPICQUE_SHARED").map_or_else(beside, PathBuf::from);
    let folder = shared.join("fixtures/recordings_real/nwb");
    if !folder.is_dir() {
        eprintln!("skipped: no folder {}", folder.display());
        return;
    }
    for layout in ["made_ephys_old_layout.nwb", "made_ephys_new_layout.nwb"] {
        let ran = ran(&measured(layout, "    duration: 10 s\n    resolution: 0.01 ms\n"), &folder);
        assert_eq!(texts(&ran.output("x", 2), "unit_name"), ["10", "11", "12"]);
        // Unit 11 has no spikes.
        assert_eq!(floats(&ran.table("y"), "rate_hz"), [0.5, 0.0, 1.1]);
        // Unit 10 fires first at 0.132 s and last at 6.507 s.
        let mean_ms = (6.506_161_913_602_179 - 0.132_221_084_228_232_75) * 1e3 / 4.0;
        assert!((floats(&ran.table("y"), "isi_mean_ms")[0] - mean_ms).abs() < 0.01);
    }
}

/// Spikes of units 0 and 1 of some samples, times in ms.
fn csv(samples: &[&str]) -> String {
    let mut text = "sample,time_ms,unit\n".to_owned();
    for sample in samples {
        let shift = f64::from(sample.as_bytes()[0] - b'a');
        for spike in 0..40_i32 {
            let time = f64::from(spike * 23 % 997) + shift;
            text += &format!("{sample},{time},{}\n", spike % 2);
        }
    }
    text
}

#[test]
fn formats_agree() {
    let folder = tempfile::tempdir().unwrap();
    let (times, units): (Vec<f64>, Vec<f64>) = (0..40_i32).map(|k| (f64::from(k * 23 % 997), f64::from(k % 2))).unzip();
    std::fs::write(folder.path().join("s.csv"), csv(&["a"])).unwrap();
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': (2, {}), }}\n", times.len());
    let mut npy = b"\x93NUMPY\x01\x00".to_vec();
    npy.extend((header.len() as u16).to_le_bytes());
    npy.extend(header.bytes());
    npy.extend(times.iter().chain(&units).flat_map(|value| value.to_le_bytes()));
    std::fs::write(folder.path().join("s.npy"), npy).unwrap();
    let import = "    duration: 1 s\n    resolution: 1 ms\n";
    let of_csv = ran(&measured("s.csv", import), folder.path());
    let of_npy = ran(&measured("s.npy", &format!("{import}    time_unit: ms\n")), folder.path());
    for column in ["rate_hz", "isi_mean_ms", "isi_cv2"] {
        assert_eq!(floats(&of_csv.table("y"), column), floats(&of_npy.table("y"), column));
    }
    for column in ["spike_distance", "van_rossum"] {
        assert_eq!(floats(&of_csv.output("y", 1), column), floats(&of_npy.output("y", 1), column));
    }
}

#[test]
fn a_sample_has_the_same_numbers_in_any_batch_and_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = |path: &str| {
        measured(path, "    duration: 1100 ms\n    resolution: 1 ms\n")
            + "    psth: {period: 100 ms, before: 20 ms, after: 50 ms}\n    correlograms: {}\n    spectra: {segment: 200 ms}\n"
    };
    std::fs::write(folder.path().join("all.csv"), csv(&["c", "a", "b"])).unwrap();
    std::fs::write(folder.path().join("one.csv"), csv(&["b"])).unwrap();
    let all = ran(&pipeline("all.csv"), folder.path());
    let alone = ran_on(&pipeline("one.csv"), folder.path(), lapicque_pipeline::MemoryStore::default(), 1);
    assert_eq!(all.failures(), [""; 0]);
    let rows = |ran: &support::Ran, output: usize| {
        let table = ran.output("y", output);
        let of_b: Vec<usize> =
            texts(&table, "sample").iter().enumerate().filter(|(_, name)| *name == "b").map(|(row, _)| row).collect();
        (table.slice(of_b[0], of_b.len()), of_b.len())
    };
    for (output, due) in [(0, 2), (1, 2), (2, 1), (3, 2), (4, 1)] {
        let ((of_all, count), (of_one, _)) = (rows(&all, output), rows(&alone, output));
        assert_eq!(count, due, "{output}");
        assert_eq!(of_all.columns()[1..], of_one.columns()[1..], "{output}");
    }
    let psth = signals::read(&all.output("y", 1)).unwrap().len();
    assert_eq!(psth, 6);
    assert!(lists(&all.output("y", 2), "values")[0].iter().any(|rate| *rate > 0.0));
}
