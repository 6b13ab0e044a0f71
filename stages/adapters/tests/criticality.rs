//! `features.dfa` and `features.fei`, through a pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use lapicque_signal::dfa::{Dfa, DfaPlan};
use serde_json::Value;
use support::{Ran, bind, floats, ran, ran_on, refused_in, texts};
use tempfile::TempDir;

/// Values without correlations, above 0.
fn noise(len: usize, seed: u64) -> Vec<f64> {
    let mut state = seed;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1_u32 << 31)
    };
    (0..len).map(|_| 1.0 + draw()).collect()
}

/// With long-range correlations: sums of noises that change ever more slowly.
fn correlated(len: usize) -> Vec<f64> {
    let layers: Vec<Vec<f64>> = (0..12).map(|layer| noise(len, layer + 1)).collect();
    (0..len).map(|i| layers.iter().enumerate().map(|(k, layer)| layer[i >> k]).sum()).collect()
}

fn npy(channels: &[Vec<f64>]) -> Vec<u8> {
    let shape = format!("({}, {})", channels.len(), channels[0].len());
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
    let mut file = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    file.extend(format!("{header:<117}\n").into_bytes());
    file.extend(channels.iter().flatten().flat_map(|value| value.to_le_bytes()));
    file
}

fn folder_of(channels: &[Vec<f64>]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.npy"), npy(channels)).unwrap();
    folder
}

fn of(kind: &str, rate_hz: f64, rest: &str) -> String {
    let rest: String = rest.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "  x:\n    kind: import.recording\n    path: x.npy\n    sampling_rate: {rate_hz} Hz\n  \
         f:\n    kind: {kind}\n    inputs: {{ signals: x }}\n{rest}"
    )
}

fn dfa(rest: &str, folder: &Path) -> Ran {
    ran(&of("features.dfa", 100.0, rest), folder)
}

fn fei(rest: &str, folder: &Path) -> Ran {
    ran(&of("features.fei", 100.0, rest), folder)
}

#[test]
fn exponents_are_those_of_envelopes_and_fluctuations_an_output_of_their_own() {
    let channels = [noise(20_000, 5), correlated(20_000)];
    let folder = folder_of(&channels);
    let ran = dfa("input: envelope\nfit_interval: [0.5 s, 10 s]\ncompute_interval: [0.2 s, 20 s]", folder.path());
    let table = ran.table("f");
    let names: Vec<String> = table.schema().fields().iter().map(|field| field.name().clone()).collect();
    assert_eq!(names, ["sample", "channel", "epoch", "dfa_exponent", "dfa_intercept", "dfa_r_squared"]);
    let plan = Dfa { computed_s: Some([0.2, 20.0]), ..Dfa::new([0.5, 10.0]) };
    let expected = channels.map(|channel| DfaPlan::new(&plan, 100.0).unwrap().run(&channel));
    assert_eq!(floats(&table, "dfa_exponent"), expected.iter().map(|e| e.exponent).collect::<Vec<_>>());
    assert_eq!(floats(&table, "dfa_intercept"), expected.iter().map(|e| e.intercept).collect::<Vec<_>>());
    assert!((expected[0].exponent - 0.5).abs() < 0.05 && expected[1].exponent > 0.7, "{expected:?}");
    let points = ran.output("f", 1);
    let count = expected[0].fluctuations.len();
    assert_eq!(points.num_rows(), 2 * count);
    assert_eq!(floats(&points, "fluctuation")[count + 3], expected[1].fluctuations[3].fluctuation);
    assert_eq!(floats(&points, "window_s")[3], expected[1].fluctuations[3].size as f64 / 100.0);
    let windows = points.column_by_name("windows").unwrap().as_primitive::<UInt32Type>().value(3);
    assert_eq!(windows as usize, expected[0].fluctuations[3].windows);
    let in_fit = points.column_by_name("in_fit").unwrap().as_boolean();
    assert_eq!(in_fit.true_count(), 2 * expected[0].fluctuations.iter().filter(|point| point.in_fit).count());
    assert!(!in_fit.value(0) && texts(&points, "channel")[count] == "1");
    assert_eq!(ran.notes("f"), "");
}

#[test]
fn the_envelope_of_a_band_is_that_of_signal_envelope() {
    let folder = folder_of(&[noise(20_000, 5), correlated(20_000)]);
    for compat in ["", "\ncompat: ncpi"] {
        let text = format!(
            "{}  e:\n    kind: signal.envelope\n    inputs: {{ signals: x }}\n    band: [8 Hz, 13 Hz]\n{}  \
             g:\n    kind: features.dfa\n    inputs: {{ signals: e }}\n    input: envelope\n    band: [8 Hz, 13 Hz]\n{}",
            of("features.dfa", 100.0, &format!("band: [8 Hz, 13 Hz]{compat}")),
            compat.replace('\n', "    ") + "\n",
            compat.replace('\n', "    ") + "\n",
        );
        let ran = ran(&text, folder.path());
        assert_eq!(floats(&ran.table("f"), "dfa_exponent"), floats(&ran.table("g"), "dfa_exponent"));
        // The table of bands: from 3.981 s.
        assert_eq!(floats(&ran.output("f", 1), "window_s")[0], 3.98);
        assert!(floats(&ran.table("f"), "dfa_exponent").iter().all(|exponent| exponent.is_finite()));
    }
}

#[test]
fn ratios_are_given_near_the_critical_point() {
    let folder = folder_of(&[noise(20_000, 5), correlated(20_000)]);
    let ran = fei("input: envelope\nfit_interval: [0.5 s, 10 s]", folder.path());
    let table = ran.table("f");
    let names: Vec<String> = table.schema().fields().iter().skip(3).map(|field| field.name().clone()).collect();
    assert_eq!(names, ["fei", "fei_outliers_removed", "outliers", "windows", "dfa_exponent"]);
    let ratios = floats(&table, "fei");
    assert!(ratios[0].is_nan() && ratios[1] > 0.0 && ratios[1] < 2.0, "{ratios:?}");
    assert!(floats(&table, "outliers")[0].is_nan() && floats(&table, "windows") == [196.0, 196.0]);
    assert!(ran.notes("f").contains("channel 0: the exponent of its fluctuations, 0."), "{}", ran.notes("f"));
    let exponents =
        floats(&dfa("input: envelope\nfit_interval: [0.5 s, 10 s]", folder.path()).table("f"), "dfa_exponent");
    assert_eq!(floats(&table, "dfa_exponent"), exponents);
    // Without the condition both have one, and no exponent is computed.
    let all = fei("input: envelope\ndfa_threshold: 0", folder.path());
    let table = all.table("f");
    assert!(floats(&table, "fei")[0].is_finite() && floats(&table, "fei")[1] == ratios[1]);
    assert!(floats(&table, "dfa_exponent").iter().all(|exponent| exponent.is_nan()));
    assert_eq!(all.notes("f"), "");
    let banded = fei("band: [8 Hz, 13 Hz]\ndfa_threshold: 0", folder.path());
    assert!(floats(&banded.table("f"), "fei").iter().all(|fei| fei.is_finite()));
}

#[test]
fn what_is_undefined_is_nan_with_a_word() {
    let mut missing = noise(5000, 1);
    missing[17] = f64::NAN;
    let mut infinite = noise(5000, 1);
    infinite[17] = f64::INFINITY;
    let negative: Vec<f64> = noise(5000, 1).iter().map(|x| x - 1.5).collect();
    let folder = folder_of(&[missing, vec![4.0; 5000], noise(5000, 2), negative, infinite]);
    let fit = "input: envelope\nfit_interval: [0.5 s, 3 s]";
    let ran = dfa(fit, folder.path());
    let exponents = floats(&ran.table("f"), "dfa_exponent");
    assert_eq!(exponents.iter().map(|e| e.is_nan()).collect::<Vec<_>>(), [true, true, false, false, true]);
    for expected in ["channel 0: 1 of 5000 values are missing", "channel 1: it does not fluctuate", "channel 4: 1 of"] {
        assert!(ran.notes("f").contains(expected), "{}", ran.notes("f"));
    }
    let ran = fei("input: envelope\ndfa_threshold: 0", folder.path());
    assert!(ran.notes("f").contains("channel 3: the value at index"), "{}", ran.notes("f"));
    assert!(ran.notes("f").contains("an envelope is never below 0"), "{}", ran.notes("f"));
    // Of signals with a band as well.
    let ran = dfa("band: [8 Hz, 13 Hz]\nfit_interval: [0.5 s, 3 s]", folder.path());
    assert!(ran.notes("f").contains("channel 0: 1 of 5000 values are missing"), "{}", ran.notes("f"));
    // Too short, by the default fit and by the trim.
    let ran = dfa("band: [8 Hz, 13 Hz]", folder_of(&[noise(2500, 1)]).path());
    assert!(
        ran.notes("f").contains("channel 0: 2300 values are fewer than the longest window of the fit, 2818"),
        "{}",
        ran.notes("f")
    );
    for len in [1, 2, 150] {
        let folder = folder_of(&[noise(len, 1)]);
        assert!(floats(&dfa("band: [8 Hz, 13 Hz]", folder.path()).table("f"), "dfa_exponent")[0].is_nan());
        assert!(floats(&fei("band: [8 Hz, 13 Hz]", folder.path()).table("f"), "fei")[0].is_nan());
    }
    let few = dfa("input: envelope\nfit_interval: [0.5 s, 10 s]", folder_of(&[noise(5000, 1)]).path());
    assert!(few.notes("f").contains("channel 0: 1000 of 5000 values"), "{}", few.notes("f"));
}

#[test]
fn useless_and_impossible_settings_are_refused() {
    let folder = folder_of(&[noise(500, 1)]);
    let both = [
        ("", "with `input: envelope` signals are taken as they are"),
        ("band: [13 Hz, 8 Hz]", "the lower edge comes first"),
        ("input: envelope\ntrim: 1 s", "leave it out"),
        ("input: envelope\nfit_interval: [10 s, 1 s]", "it must rise"),
        ("input: envelope\nfit_interval: [1 s, 1.05 s]", "a line needs 3"),
        ("input: envelope\nband: [8 Hz, 13 Hz]\nfit_interval: [1 s, 10 s]", "which is given; leave it out"),
        ("input: envelope\noverlap: 1", "at least 0 and below 1"),
        ("input: power", "envelope"),
        ("input: envelope\ncompat: crosci", "ncpi"),
    ];
    let of_dfa = [
        (
            "input: envelope\nfit_interval: [1 s, 10 s]\ncompute_interval: [2 s, 10 s]",
            "does not lie within the computed one",
        ),
        ("input: envelope\ncompute_interval: [2 s, 2000 s]", "within 0.1 to 1000 s"),
    ];
    let of_fei = [
        ("input: envelope\nwindow: 0 s", "it must have at least 4"),
        ("input: envelope\ndfa_threshold: -1", "0 or above"),
        ("input: envelope\ndfa_threshold: 0\nfit_interval: [1 s, 10 s]", "no exponent is computed"),
        ("input: envelope\ndfa_threshold: 0\nband: [8 Hz, 13 Hz]", "no exponent is computed"),
    ];
    let of_kind = |kind: &'static str, cases: &[(&'static str, &'static str)]| {
        for (rest, expected) in cases {
            let message = refused_in(&of(kind, 100.0, rest), folder.path());
            assert!(message.contains(expected), "{kind} {rest}: {message}");
        }
    };
    of_kind("features.dfa", &both);
    of_kind("features.fei", &both);
    of_kind("features.dfa", &of_dfa);
    of_kind("features.fei", &of_fei);
    let failed = dfa("band: [8 Hz, 60 Hz]", folder.path()).failures().remove(0);
    assert!(failed.starts_with("channel 0: 60 Hz cannot be filtered at a sampling rate of 100 Hz"), "{failed}");
}

#[test]
fn threads_change_nothing_and_definitions_are_named() {
    let folder = folder_of(&[noise(8000, 5), correlated(8000)]);
    for kind in ["features.dfa", "features.fei"] {
        let text = of(kind, 100.0, "band: [8 Hz, 13 Hz]\nfit_interval: [1 s, 8 s]");
        let one = ran_on(&text, folder.path(), Default::default(), 1).table("f");
        assert_eq!(one, ran(&text, folder.path()).table("f"));
    }
    for (kind, rest, expected) in [
        ("features.dfa", "input: envelope", "DFA (Hardstone 2012)"),
        ("features.dfa", "input: envelope\ncompat: ncpi", "DFA (ncpi 1.0)"),
        ("features.fei", "input: envelope", "fE/I (Bruining 2020)"),
        ("features.fei", "input: envelope\ncompat: ncpi", "fE/I (ncpi 1.0)"),
    ] {
        let (_, graph) = bind(&of(kind, 100.0, rest), folder.path()).unwrap();
        assert_eq!(graph.stages[1].bound().outputs[0].schema.arrow.metadata()["definitions"], expected);
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn assert_near(got: f64, expected: &Value) {
    let expected = expected.as_f64().unwrap();
    assert!((got - expected).abs() <= 1e-9 * expected.abs(), "{got} != {expected}");
}

/// What an outsider does with the figures of ncpi.
#[test]
fn figures_of_ncpi_come_out_of_its_envelopes() {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = PathBuf::from(std::env::var("LAPICQUE_SHARED").unwrap_or_else(|_| beside.to_owned()));
    let fixtures = shared.join("fixtures/ncpi/features");
    let Ok(expected) = std::fs::read(fixtures.join("dfa_fei.json")) else {
        eprintln!("skipped: there is no {}", fixtures.display());
        return;
    };
    let expected: Value = serde_json::from_slice(&expected).unwrap();
    let file = std::fs::File::open(fixtures.join("alpha_envelope.parquet")).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let mut channels = vec![Vec::new(), Vec::new()];
    for batch in reader.map(Result::unwrap) {
        for (channel, values) in channels.iter_mut().enumerate() {
            values.extend(floats(&batch, &format!("envelope_ch{channel}")));
        }
    }
    let folder = folder_of(&channels);
    let rate_hz = expected["fs"].as_f64().unwrap();
    let (fit, computed) = (numbers(&expected["fit_interval_s"]), numbers(&expected["compute_interval_s"]));
    let config = format!(
        "input: envelope\nfit_interval: [{} s, {} s]\ncompute_interval: [{} s, {} s]\ncompat: ncpi",
        fit[0], fit[1], computed[0], computed[1]
    );
    let found = ran(&of("features.dfa", rate_hz, &config), folder.path());
    let (table, points) = (found.table("f"), found.output("f", 1));
    let results = expected["results"].as_array().unwrap();
    let mut fluctuations = floats(&points, "fluctuation").into_iter();
    for (channel, result) in results.iter().enumerate() {
        assert_near(floats(&table, "dfa_exponent")[channel], &result["dfa"]);
        assert_near(floats(&table, "dfa_intercept")[channel], &result["intercept"]);
        for expected in result["fluctuations"].as_array().unwrap() {
            assert_near(fluctuations.next().unwrap(), expected);
        }
        for case in result["fEI"].as_array().unwrap() {
            let config = format!(
                "input: envelope\nwindow: {} s\noverlap: {}\ndfa_threshold: 0\ncompat: ncpi",
                case["window_s"], case["overlap"]
            );
            let table = ran(&of("features.fei", rate_hz, &config), folder.path()).table("f");
            assert_near(floats(&table, "fei")[channel], &case["fEI"]);
            assert_near(floats(&table, "fei_outliers_removed")[channel], &case["fEI_outliers_removed"]);
            assert_eq!(floats(&table, "outliers")[channel], case["num_outliers"].as_f64().unwrap());
            assert_eq!(floats(&table, "windows")[channel], numbers(&case["wAmp"]).len() as f64);
        }
    }
    assert_eq!(fluctuations.next(), None);
}
