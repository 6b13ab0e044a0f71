//! Measures of spike trains against elephant, PySpike and SciPy (`tests/golden/spike_trains`), and against counts of a
//! recording of 100,000 steps (fixture `glm/causal10`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use lapicque_pointprocess::trains::correlogram::{Lags, autocorrelogram, cross_correlogram};
use lapicque_pointprocess::trains::counts::{count_correlation, fano_factor};
use lapicque_pointprocess::trains::distances::{
    isi_distance, spike_distance, spike_synchronization, van_rossum_distance, victor_purpura_distance,
};
use lapicque_pointprocess::trains::intervals::{Histogram, cv, cv2, intervals_ms, lv, lvr, mean_ms};
use lapicque_pointprocess::trains::peri_event::{Window, around};
use lapicque_pointprocess::trains::tiling::spike_time_tiling;
use lapicque_pointprocess::trains::{Interval, Train};
use serde_json::Value;

fn golden() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/spike_trains/measures.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// `null` is NaN.
fn compare(what: &str, found: f64, due: &Value) {
    match due.as_f64() {
        None => assert!(found.is_nan(), "{what}: {found}, but it is undefined"),
        Some(due) => assert!((found - due).abs() <= 1e-9 * due.abs().max(1.0), "{what}: {found}, due {due}"),
    }
}

fn trains(golden: &Value) -> BTreeMap<String, Train> {
    let ends = numbers(&golden["recorded_ms"]);
    let recorded = Interval::new(ends[0], ends[1]).unwrap();
    let all = golden["trains"].as_object().unwrap().iter();
    all.map(|(name, train)| (name.clone(), Train::new(numbers(&train["times_ms"]), recorded).unwrap())).collect()
}

#[test]
fn single_trains_are_as_elephant_has_them() {
    let golden = golden();
    let setting = |name: &str| golden["settings"][name].as_f64().unwrap();
    for (name, train) in trains(&golden) {
        let due = &golden["trains"][&name];
        let between = intervals_ms(&train);
        for (measure, found) in [
            ("rate_hz", train.rate_hz()),
            ("isi_mean_ms", mean_ms(&between)),
            ("cv", cv(&between)),
            ("cv2", cv2(&between)),
            ("lv", lv(&between)),
            ("lvr", lvr(&between, setting("refractory_ms")).unwrap()),
            ("fano", fano_factor(&train, setting("fano_ms")).unwrap()),
        ] {
            compare(&format!("{name} {measure}"), found, &due[measure]);
        }
    }
}

#[test]
fn pairs_are_as_elephant_and_pyspike_have_them() {
    let golden = golden();
    let trains = trains(&golden);
    let setting = |name: &str| golden["settings"][name].as_f64().unwrap();
    let pairs = golden["pairs"].as_array().unwrap();
    assert_eq!(pairs.len(), 78);
    for due in pairs {
        let names = [&due["a"], &due["b"]].map(|name| name.as_str().unwrap());
        let (a, b) = (&trains[names[0]], &trains[names[1]]);
        for (a, b) in [(a, b), (b, a)] {
            let compare = |measure: &str, found: f64| compare(&format!("{names:?} {measure}"), found, &due[measure]);
            if names == ["one_at_end"; 2] {
                assert_eq!((isi_distance(a, b).unwrap(), spike_distance(a, b).unwrap()), (0.0, 0.0));
            } else {
                compare("isi_distance", isi_distance(a, b).unwrap());
                compare("spike_distance", spike_distance(a, b).unwrap());
            }
            compare("spike_synchronization", spike_synchronization(a, b, None).unwrap());
            if names[0] == names[1] {
                // elephant's sums cancel to rounding errors, of which the square root makes 1e-7.
                assert!(van_rossum_distance(a, b, setting("tau_ms")).unwrap() < 1e-12);
            } else {
                compare("van_rossum", van_rossum_distance(a, b, setting("tau_ms")).unwrap());
            }
            compare("victor_purpura", victor_purpura_distance(a, b, setting("cost_per_ms")).unwrap());
            compare("spike_time_tiling", spike_time_tiling(a, b, setting("tiling_ms")).unwrap());
            // elephant has no bin for a spike at the very end.
            if !names.iter().any(|name| ["one_at_end", "ends"].contains(name)) {
                compare("count_correlation", count_correlation(a, b, setting("correlation_ms")).unwrap());
            }
        }
    }
}

#[test]
fn correlograms_are_those_of_elephant() {
    let golden = golden();
    let ends = numbers(&golden["recorded_ms"]);
    let recorded = Interval::new(ends[0], ends[1]).unwrap();
    let lags = Lags { bin_ms: 1.0, most: 30 };
    for due in golden["correlograms"].as_array().unwrap() {
        let train = |key: &str| Train::new(numbers(&due[key]), recorded).unwrap();
        assert_eq!(cross_correlogram(&train("times_a"), &train("times_b"), lags).unwrap(), numbers(&due["counts"]));
    }
}

/// Where the fixture is, if it is there.
fn fixture() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_string();
    let folder = PathBuf::from(std::env::var("LAPICQUE_SHARED").unwrap_or(beside)).join("fixtures/glm/causal10");
    if !folder.is_dir() {
        println!("skipped: no folder {}", folder.display());
        return None;
    }
    Some(folder)
}

/// The rows of a file of numbers.
fn rows(path: PathBuf) -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit()));
    rows.map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect()
}

#[test]
fn a_recording_in_steps_is_counted_exactly() {
    let Some(folder) = fixture() else { return };
    // A spike of step s is at the end of the step.
    let recorded = Interval::new(0.0, 100_000.0).unwrap();
    let mut times = vec![Vec::new(); 10];
    for row in rows(folder.join("spikes.csv")) {
        times[row[1] as usize].push(row[0] + 1.0);
    }
    let trains: Vec<Train> = times.into_iter().map(|times| Train::new(times, recorded).unwrap()).collect();

    let stats: Value = serde_json::from_slice(&std::fs::read(folder.join("spike_stats.json")).unwrap()).unwrap();
    for (neuron, train) in trains.iter().enumerate() {
        let between = intervals_ms(train);
        for (measure, found) in [
            ("isi_mean", mean_ms(&between)),
            ("isi_cv", cv(&between)),
            ("fano_100", fano_factor(train, 100.0).unwrap()),
        ] {
            let due = stats[measure][neuron].as_f64().unwrap();
            assert!((found - due).abs() < 1e-12 * due, "{measure} {neuron}: {found}, due {due}");
        }
    }

    for (neuron, due) in rows(folder.join("isi_counts.csv")).iter().enumerate() {
        let mut found = Histogram::new(200).unwrap();
        found.add(&intervals_ms(&trains[neuron]), 1.0).unwrap();
        let found: Vec<f64> = found.counts.iter().chain([&found.longer]).map(|&count| count as f64).collect();
        assert_eq!((due[0], &due[1..]), (0.0, &found[..]), "{neuron}");
    }

    let onsets: Vec<f64> = rows(folder.join("stim_onsets.csv")).into_iter().map(|row| row[0]).collect();
    let window = Window { before_ms: 10.0, after_ms: 10.0, bin_ms: 1.0 };
    for (neuron, due) in rows(folder.join("psth_counts.csv")).iter().enumerate() {
        let found = around(&trains[neuron], &onsets, &window).unwrap();
        assert_eq!(&found.counts.iter().map(|&count| count as f64).collect::<Vec<_>>(), due, "{neuron}");
    }

    let bytes = std::fs::read(folder.join("ccg_counts_lag-20_20.npy")).unwrap();
    let data = &bytes[10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]))..];
    let header = String::from_utf8_lossy(&bytes[10..80]).into_owned();
    assert!(header.contains("(10, 10, 41)") && header.contains("'fortran_order': False"), "{header}");
    let width = data.len() / (10 * 10 * 41);
    assert!(header.contains(if width == 8 { "<i8" } else { "<i4" }), "{header}");
    let due = |place: usize| match width {
        8 => i64::from_le_bytes(data[place * 8..place * 8 + 8].try_into().unwrap()) as f64,
        _ => f64::from(i32::from_le_bytes(data[place * 4..place * 4 + 4].try_into().unwrap())),
    };
    let lags = Lags { bin_ms: 1.0, most: 20 };
    for (i, j) in (0..10).flat_map(|i| (0..10).map(move |j| (i, j))) {
        let mut found = cross_correlogram(&trains[i], &trains[j], lags).unwrap();
        let due: Vec<f64> = (0..41).map(|lag| due((i * 10 + j) * 41 + lag)).collect();
        assert_eq!(found, due, "{i} {j}");
        if i == j {
            // Without each spike and itself.
            found[20] = 0.0;
            assert_eq!(autocorrelogram(&trains[i], lags).unwrap(), found);
        }
    }
}
