//! Complexity, bands and bursts of signals, through a pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

mod support;

use std::f64::consts::TAU;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use lapicque_schemas::tables::spectra::{self, Spectrum};
use lapicque_schemas::with_sample;
use lapicque_signal::complexity::{Matching, sample_entropy};
use serde_json::Value;
use support::{Ran, bind, floats, ran, ran_on, refused_in, texts};
use tempfile::TempDir;

/// A CSV file of one channel, `dt_s` between values; missing ones are empty.
fn write_csv(folder: &Path, name: &str, dt_s: f64, channels: &[(&str, Vec<f64>)]) {
    let names: Vec<&str> = channels.iter().map(|(name, _)| *name).collect();
    let mut text = format!("time_s,{}\n", names.join(","));
    for i in 0..channels[0].1.len() {
        let cell = |x: f64| if x.is_nan() { String::new() } else { x.to_string() };
        let cells: Vec<String> = channels.iter().map(|(_, values)| cell(values[i])).collect();
        writeln!(text, "{},{}", i as f64 * dt_s, cells.join(",")).unwrap();
    }
    std::fs::write(folder.join(name), text).unwrap();
}

fn noise(n: usize) -> Vec<f64> {
    (0..n).map(|i| ((i * i * 7 + i * 13) % 1009) as f64 / 1009.0 - 0.5).collect()
}

/// 8 s at 250 Hz: alpha with a fast wave, noise, a constant, noise with a hole.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let wave = |i: usize| 20.0 * (TAU * 10.0 * i as f64 / 250.0).sin() + (TAU * 22.0 * i as f64 / 250.0).cos();
    let mut holed = noise(2000);
    holed[300] = f64::NAN;
    let channels =
        [("O1", (0..2000).map(wave).collect()), ("noise", noise(2000)), ("flat", vec![0.1; 2000]), ("holed", holed)];
    write_csv(folder.path(), "x.csv", 0.004, &channels);
    folder
}

fn pipeline(kind: &str, rest: &str) -> String {
    format!(
        "  x:\n    kind: import.recording\n    path: x.csv\n    unit: uV\n  f:\n    kind: {kind}\n    inputs: {{ signals: x }}\n{rest}"
    )
}

fn names(table: &RecordBatch) -> Vec<String> {
    table.schema().fields().iter().map(|field| field.name().clone()).collect()
}

fn of(ran: &Ran, column: &str, row: usize) -> f64 {
    floats(&ran.table("f"), column)[row]
}

#[track_caller]
fn close(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs().max(1e-300), "{what}: {found}, {expected} is due");
}

#[test]
fn the_measures_of_complexity_are_columns_and_undefined_ones_are_told() {
    let folder = folder();
    let first = ran(&pipeline("features.complexity", ""), folder.path());
    let table = first.table("f");
    let expected = "sample channel epoch hjorth_activity hjorth_mobility hjorth_complexity permutation_entropy \
        sample_entropy approximate_entropy svd_entropy spectral_entropy lempel_ziv lempel_ziv_normalized hurst_exponent \
        higuchi_fd katz_fd petrosian_fd line_length zero_crossings autocorrelation_decay_ms";
    assert_eq!(names(&table).join(" "), expected);
    assert_eq!(texts(&table, "channel"), ["O1", "noise", "flat", "holed"]);
    let entropy = sample_entropy(&noise(2000), Matching::default(), &|| false).unwrap();
    assert_eq!(of(&first, "sample_entropy", 1).to_bits(), entropy.to_bits());
    // cos(2 pi f t) = 1/e.
    close("decay", of(&first, "autocorrelation_decay_ms", 0), 100.0 * (-1.0_f64).exp().acos() / TAU, 0.01);
    assert_eq!([of(&first, "hjorth_activity", 2), of(&first, "permutation_entropy", 2)], [0.0, 0.0]);
    for column in &names(&table)[3..] {
        assert!(floats(&table, column)[3].is_nan(), "{column}");
    }
    let notes = first.notes("f");
    assert!(notes.contains("measures of signals with missing values are undefined (channel holed: 1 of 2000 values is missing, at index 300)"), "{notes}");
    assert!(notes.contains("channel flat: hjorth_mobility, hjorth_complexity, sample_entropy"), "{notes}");
    let single = ran_on(&pipeline("features.complexity", ""), folder.path(), Default::default(), 1).table("f");
    assert_eq!(format!("{:?}", single.columns()), format!("{:?}", table.columns()));
    // Units are not read.
    let other = pipeline("features.complexity", "").replace("uV", "mV");
    assert_eq!(ran_on(&other, folder.path(), first.store, 1).counts("f"), (0, 1, 0));
}

#[test]
fn settings_of_measures_change_columns_and_numbers() {
    let folder = folder();
    let rest = "    measures: [sample_entropy, multiscale_entropy, hjorth_mobility]\n    multiscale_entropy: {scales: 3, order: 1}\n    sample_entropy: {order: 1}\n";
    let measured = ran(&pipeline("features.complexity", rest), folder.path());
    let columns =
        ["hjorth_mobility", "sample_entropy", "multiscale_entropy_1", "multiscale_entropy_2", "multiscale_entropy_3"];
    assert_eq!(names(&measured.table("f"))[3..], columns.map(str::to_owned));
    assert_eq!(of(&measured, "sample_entropy", 1), of(&measured, "multiscale_entropy_1", 1));
    assert!(of(&measured, "multiscale_entropy_3", 1).is_finite());
    let (_, graph) = bind(&pipeline("features.complexity", rest), folder.path()).unwrap();
    let bound = graph.stages[1].bound();
    assert_eq!(bound.reads[0].columns.as_deref().unwrap(), ["channel", "epoch", "values"].map(str::to_owned));
    assert_eq!(bound.outputs[0].schema.arrow.metadata()["definitions"], "complexity 1");
    // What is set to its default is not in the key, nor is the order of measures.
    let same = "    measures: [hjorth_mobility, multiscale_entropy, sample_entropy]\n    multiscale_entropy: {scales: 3, order: 1, tolerance: 20 %}\n    sample_entropy: {order: 1}\n";
    assert!(bind(&pipeline("features.complexity", same), folder.path()).is_err());
    let same = same.replace("20 %", "0.2");
    let (_, graph) = bind(&pipeline("features.complexity", &same), folder.path()).unwrap();
    assert_eq!(graph.stages[1].bound().config, bound.config);
    let (_, graph) = bind(&pipeline("features.complexity", "    svd_entropy: {order: 3}\n"), folder.path()).unwrap();
    assert_eq!(graph.stages[1].bound().config, serde_json::json!({}));
}

#[test]
fn useless_and_impossible_settings_of_complexity_are_named() {
    let folder = folder();
    for (rest, expected) in [
        ("    measures: []\n", "no measure; name at least one"),
        ("    measures: [katz_fd, katz_fd]\n", "`katz_fd` is there already"),
        ("    measures: [katz]\n", "katz"),
        (
            "    multiscale_entropy: {scales: 3}\n",
            "settings without effect: `multiscale_entropy` is not among `measures`",
        ),
        ("    permutation_entropy: {order: 9}\n", "9; allowed: 2 to 8"),
        ("    permutation_entropy: {delay: 0}\n", "0; allowed: at least 1"),
        ("    sample_entropy: {order: 7}\n", "7; allowed: 1 to 6"),
        ("    sample_entropy: {tolerance: 0}\n", "0; allowed: above 0 to 5 standard deviations of the signal"),
        ("    hurst_exponent: {shortest_window: 3}\n", "3; allowed: at least 4"),
        ("    higuchi_fd: {kmax: 3}\n", "kmax"),
    ] {
        let message = refused_in(&pipeline("features.complexity", rest), folder.path());
        assert!(message.contains(expected), "{rest}: {message}");
    }
}

#[test]
fn bands_of_a_sine_have_its_power() {
    let folder = folder();
    let measured = ran(&pipeline("features.bands", "    ratios: [theta/beta, alpha / beta]\n"), folder.path());
    let table = measured.table("f");
    let expected = "sample channel epoch delta_absolute delta_relative theta_absolute theta_relative alpha_absolute \
        alpha_relative beta_absolute beta_relative gamma_absolute gamma_relative theta_beta_ratio alpha_beta_ratio total_power \
        peak_frequency_hz spectral_edge_hz median_frequency_hz spectral_entropy individual_alpha_frequency_hz individual_alpha_peak_hz";
    assert_eq!(names(&table).join(" "), expected);
    close("alpha", of(&measured, "alpha_absolute", 0), 200.0, 1e-9);
    close("beta", of(&measured, "beta_absolute", 0), 0.5, 1e-6);
    close("total", of(&measured, "total_power", 0), 200.5, 1e-9);
    close("relative", of(&measured, "alpha_relative", 0), 200.0 / 200.5, 1e-9);
    close("ratio", of(&measured, "alpha_beta_ratio", 0), 400.0, 1e-6);
    for column in ["peak_frequency_hz", "individual_alpha_peak_hz"] {
        assert_eq!(of(&measured, column, 0), 10.0);
    }
    close("gravity", of(&measured, "individual_alpha_frequency_hz", 0), 10.0, 1e-9);
    // A constant has no power, and no parts of it.
    assert_eq!([of(&measured, "alpha_absolute", 2), of(&measured, "total_power", 2)], [0.0, 0.0]);
    assert!(of(&measured, "alpha_relative", 2).is_nan() && of(&measured, "spectral_edge_hz", 2).is_nan());
    assert!(of(&measured, "alpha_absolute", 3).is_nan());
    let notes = measured.notes("f");
    assert!(notes.contains("features of signals with missing values are undefined (channel holed"), "{notes}");
    assert!(notes.contains("channel flat: delta_relative"), "{notes}");
    let unit = |name: &str| {
        let (_, graph) = bind(&pipeline("features.bands", ""), folder.path()).unwrap();
        graph.stages[1].bound().outputs[0].schema.unit_of(name).map(str::to_owned)
    };
    assert_eq!((unit("spectral_edge_hz").as_deref(), unit("alpha_relative")), (Some("Hz"), None));
    // All bins are in one of these.
    let all =
        "    integration: rectangle\n    bands: {low: [0 Hz, 20 Hz], mid: [20 Hz, 60 Hz], high: [60 Hz, 125.3 Hz]}\n";
    let parts = ran(&pipeline("features.bands", all), folder.path());
    assert_eq!(names(&parts.table("f"))[3..6], ["low_absolute", "low_relative", "mid_absolute"].map(str::to_owned));
    for row in 0..2 {
        let sum: f64 = ["low_relative", "mid_relative", "high_relative"].map(|part| of(&parts, part, row)).iter().sum();
        close("sum of parts", sum, 1.0, 1e-12);
    }
}

#[test]
fn bands_that_a_recording_cannot_show_are_told() {
    let folder = tempfile::tempdir().unwrap();
    write_csv(folder.path(), "x.csv", 0.0125, &[("a", noise(100))]);
    let measured = ran(&pipeline("features.bands", ""), folder.path());
    assert!(of(&measured, "gamma_absolute", 0).is_nan() && of(&measured, "peak_frequency_hz", 0).is_nan());
    assert!(of(&measured, "beta_absolute", 0) > 0.0 && of(&measured, "spectral_edge_hz", 0) > 0.0);
    let notes = measured.notes("f");
    assert!(notes.contains("signals are shorter than `segment`: they are one segment of their own length (channel a: 100 of 160 values)"), "{notes}");
    assert!(
        notes.contains("reaches beyond the spectrum") && notes.contains("gamma_absolute, gamma_relative"),
        "{notes}"
    );
    let uneven = ran(&pipeline("features.bands", "    segment: 1 s\n    peak: [1 Hz, 30 Hz]\n"), folder.path());
    assert_eq!(uneven.notes("f").matches("rounded").count(), 0);
    assert!(of(&uneven, "peak_frequency_hz", 0).is_finite());
    let notes = ran(&pipeline("features.bands", "    segment: 0.99 s\n"), folder.path()).notes("f");
    assert!(
        notes.contains("`segment` of 990 ms is no whole number of samples of 12.5 ms: it is rounded to 79 samples"),
        "{notes}"
    );
}

/// Spectra in a file, each its own sample.
fn write_spectra(folder: &Path, spectra: &[Spectrum<'_>]) {
    let table = spectra::write(spectra).unwrap();
    let labels: Vec<String> = (0..spectra.len()).map(|i| format!("s{i}")).collect();
    let table = with_sample(&table, std::sync::Arc::new(arrow_array::StringArray::from(labels))).unwrap();
    let file = std::fs::File::create(folder.join("spectra.parquet")).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, table.schema(), None).unwrap();
    writer.write(&table).unwrap();
    writer.close().unwrap();
}

fn of_spectra(rest: &str) -> String {
    format!(
        "  x:\n    kind: import.table\n    path: spectra.parquet\n    table: spectra\n  f:\n    kind: features.bands\n    inputs: {{ spectra: x }}\n{rest}"
    )
}

#[test]
fn spectra_that_come_in_are_summed_as_those_of_signals() {
    let folder = folder();
    let spectrum = |unit: &'static str, power: fn(f64) -> f64, step: f64| {
        let frequencies: Vec<f64> = (0..=100).map(|k| f64::from(k) * step).collect();
        let power = frequencies.iter().map(|f| power(*f)).collect::<Vec<_>>();
        Spectrum {
            channel: "Cz".into(),
            epoch: 0,
            unit: unit.into(),
            frequencies_hz: frequencies.into(),
            power: power.into(),
        }
    };
    let flat = spectrum("uV^2/Hz", |_| 2.0, 0.5);
    write_spectra(folder.path(), std::slice::from_ref(&flat));
    let measured = ran(&of_spectra(""), folder.path());
    assert_eq!(of(&measured, "alpha_absolute", 0), 10.0);
    close("total", of(&measured, "total_power", 0), 100.0, 1e-12);
    close("edge", of(&measured, "spectral_edge_hz", 0), 47.5, 1e-12);
    close("entropy", of(&measured, "spectral_entropy", 0), 1.0, 1e-12);
    assert!(refused_in(&of_spectra("    segment: 2 s\n"), folder.path()).contains("has its own"));
    let both = of_spectra("").replace("inputs: { spectra: x }", "inputs: { spectra: x, signals: y }")
        + "  y:\n    kind: import.recording\n    path: x.csv\n";
    assert!(refused_in(&both, folder.path()).contains("not both"));
    assert!(
        refused_in(&of_spectra("").replace("inputs: { spectra: x }", "inputs: {}"), folder.path()).contains("is due")
    );
    let mut uneven = flat.clone();
    uneven.frequencies_hz.to_mut()[100] = 51.0;
    let mut falling = flat.clone();
    falling.frequencies_hz.to_mut()[7] = 1.0;
    let wrong = [spectrum("uV^2", |_| 2.0, 0.5), spectrum("", |f| -f, 0.5), falling, uneven];
    write_spectra(folder.path(), &wrong);
    let failures = ran(&of_spectra("    integration: rectangle\n"), folder.path()).failures();
    for expected in
        ["the power is in `uV^2`, per frequency", "in decibels", "they must rise", "not equally spaced at 49.5 Hz"]
    {
        assert!(failures.iter().any(|failure| failure.contains(expected)), "{expected}: {failures:?}");
    }
    assert_eq!(failures.len(), 4);
    assert_eq!(ran(&of_spectra(""), folder.path()).failures().len(), 3);
}

#[test]
fn useless_and_impossible_bands_are_named() {
    let folder = folder();
    for (rest, expected) in [
        ("    bands: {}\n", "no band; name at least one"),
        ("    bands: {alpha: [13 Hz, 8 Hz]}\n", "13 Hz to 8 Hz; a band goes from 0 Hz or more"),
        ("    bands: {Alpha: [8 Hz, 13 Hz]}\n", "lowercase letters, digits and _"),
        ("    bands: {alpha: [8, 13]}\n", "Hz"),
        ("    bands: {total: [8 Hz, 13 Hz], spectral: [1 Hz, 2 Hz]}\n    total: [5 Hz, 5 Hz]\n", "5 Hz to 5 Hz"),
        ("    ratios: [theta]\n", "`theta`; two bands with / between are due"),
        ("    ratios: [theta/mu]\n", "there is no band `mu` (there are: delta, theta, alpha, beta, gamma)"),
        ("    ratios: [theta/theta]\n", "a band over itself is 1"),
        ("    ratios: [theta/beta, theta/ beta]\n", "is there already"),
        (
            "    bands: {a_b: [1 Hz, 2 Hz], c: [2 Hz, 3 Hz], a: [3 Hz, 4 Hz], b_c: [4 Hz, 5 Hz]}\n    ratios: [a_b/c, a/b_c]\n",
            "`a_b_c_ratio`",
        ),
        ("    edge: 95\n", "95; allowed: above 0 and below 1"),
        ("    segment: 0 s\n", "it must be finite and above 0 ms"),
        ("    overlap: 100 %\n", "1; allowed: 0 to below 1"),
    ] {
        let message = refused_in(&pipeline("features.bands", rest), folder.path());
        assert!(message.contains(expected), "{rest}: {message}");
    }
    let canonical = |rest: &str| {
        let (_, graph) = bind(&pipeline("features.bands", rest), folder.path()).unwrap();
        graph.stages[1].bound().config.clone()
    };
    assert_eq!(
        canonical("    segment: 2000 ms\n    overlap: 50 %\n    window: hann\n    edge: 95 %\n"),
        serde_json::json!({})
    );
    assert_eq!(canonical("    ratios: [ theta / beta ]\n"), serde_json::json!({"ratios": ["theta/beta"]}));
}

#[test]
fn bursts_and_their_cycles_are_two_tables() {
    let folder = tempfile::tempdir().unwrap();
    // 10 Hz from 3 to 5 s and from 8 to 9 s of 10 s, on noise.
    let on = |time: f64| (3.0..5.0).contains(&time) || (8.0..9.0).contains(&time);
    let wave = |i: usize| {
        let time = i as f64 * 0.004;
        (if on(time) { -20.0 * (TAU * 10.0 * time).cos() } else { 0.0 })
            + 0.2 * ((i * i * 7 + i * 13) % 1009) as f64 / 1009.0
    };
    let mut holed: Vec<f64> = (0..2500).map(wave).collect();
    holed[17] = f64::NAN;
    write_csv(
        folder.path(),
        "x.csv",
        0.004,
        &[("O1", (0..2500).map(wave).collect()), ("flat", vec![3.0; 2500]), ("holed", holed)],
    );
    let measured = ran(&pipeline("features.bursts", "    band: [8 Hz, 12 Hz]\n"), folder.path());
    let expected = "sample channel epoch cycles bursts fraction_in_bursts burst_rate_hz burst_duration_ms period_ms amplitude \
        rise_decay_symmetry peak_trough_symmetry";
    assert_eq!(names(&measured.table("f")).join(" "), expected);
    assert_eq!((of(&measured, "bursts", 0), of(&measured, "burst_rate_hz", 0)), (2.0, 0.2));
    close("period", of(&measured, "period_ms", 0), 100.0, 0.01);
    close("amplitude", of(&measured, "amplitude", 0), 40.0, 0.02);
    close("rise", of(&measured, "rise_decay_symmetry", 0), 0.5, 0.05);
    assert!((0.2..0.31).contains(&of(&measured, "fraction_in_bursts", 0)));
    let cycles = measured.output("f", 1);
    assert_eq!(cycles.num_rows(), of(&measured, "cycles", 0) as usize);
    let (start, end) = (floats(&cycles, "start_ms"), floats(&cycles, "end_ms"));
    assert_eq!(start[1..], end[..end.len() - 1]);
    let in_burst = cycles.column_by_name("in_burst").unwrap().as_boolean();
    for (row, (start, end)) in start.iter().zip(&end).enumerate() {
        if in_burst.value(row) {
            assert!(on(1e-3 * (start + end) / 2.0), "{start} to {end} ms");
        }
    }
    assert!(in_burst.iter().flatten().filter(|b| *b).count() >= 20);
    assert_eq!(texts(&cycles, "unit")[0], "uV");
    // A constant has no cycles; of a holed signal nothing is known.
    assert_eq!((of(&measured, "cycles", 1), of(&measured, "fraction_in_bursts", 1)), (0.0, 0.0));
    assert!(of(&measured, "period_ms", 1).is_nan() && of(&measured, "cycles", 2).is_nan());
    let notes = measured.notes("f");
    assert!(notes.contains("channel flat: burst_duration_ms, period_ms"), "{notes}");
    assert!(notes.contains("bursts of signals with missing values are undefined (channel holed"), "{notes}");
    let long = ran(&pipeline("features.bursts", "    band: [0.2 Hz, 0.4 Hz]\n"), folder.path());
    assert!(of(&long, "bursts", 0).is_nan() && long.notes("f").contains("channel O1: 2500 of 3751 values"));
    let single =
        ran_on(&pipeline("features.bursts", "    band: [8 Hz, 12 Hz]\n"), folder.path(), Default::default(), 1);
    assert_eq!(format!("{:?}", single.output("f", 1).columns()), format!("{:?}", cycles.columns()));
    let trough = ran(
        &pipeline("features.bursts", "    band: [8 Hz, 12 Hz]\n    center: trough\n    fewest_cycles: 12\n"),
        folder.path(),
    );
    assert_eq!(of(&trough, "bursts", 0), 1.0);
}

#[test]
fn impossible_rhythms_are_named() {
    let folder = folder();
    for (rest, expected) in [
        ("", "band"),
        ("    band: [12 Hz, 8 Hz]\n", "12 Hz to 8 Hz; a band goes from above 0 Hz"),
        ("    band: [8 Hz]\n", "band"),
        ("    band: [8 Hz, 12 Hz]\n    monotonicity: 1\n", "1; allowed: 0 to below 1"),
        ("    band: [8 Hz, 12 Hz]\n    filter_cycles: 0\n", "0; allowed: 1 to 100"),
        ("    band: [8 Hz, 12 Hz]\n    fewest_cycles: 0\n", "a burst has at least 1 cycle"),
    ] {
        let message = refused_in(&pipeline("features.bursts", rest), folder.path());
        assert!(message.contains(expected), "{rest}: {message}");
    }
    let failures = ran(&pipeline("features.bursts", "    band: [80 Hz, 125 Hz]\n"), folder.path()).failures();
    assert!(
        failures[0].contains(
            "channel O1: the band is 80 to 125 Hz; it must lie above 0 Hz and below half of the sampling rate of 250 Hz"
        ),
        "{failures:?}"
    );
}

fn fixtures() -> Option<PathBuf> {
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var_os("LAPICQUE_SHARED").map_or(PathBuf::from(shared), PathBuf::from);
    let folder = shared.join("fixtures/features");
    let found = folder.join("extra_features.json").exists();
    if !found {
        eprintln!("skipped: there is no {}", folder.display());
    }
    found.then_some(folder)
}

fn series(folder: &Path, wanted: &[String]) -> Vec<Vec<f64>> {
    let file = std::fs::File::open(folder.join("series.parquet")).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let batches: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    let find = |name: &String| {
        batches.iter().find_map(|batch| {
            let row = texts(batch, "series").iter().position(|series| series == name)?;
            let values = batch.column_by_name("values").unwrap().as_list::<i32>().value(row);
            Some(values.as_primitive::<Float64Type>().values().to_vec())
        })
    };
    wanted.iter().map(|name| find(name).unwrap()).collect()
}

/// antropy 0.2.3 and SciPy, on synthetic and real series.
#[test]
fn the_fixtures_come_out() {
    let Some(fixtures) = fixtures() else { return };
    let expected: Value =
        serde_json::from_slice(&std::fs::read(fixtures.join("extra_features.json")).unwrap()).unwrap();
    let expected = expected["series"].as_object().unwrap();
    let names: Vec<String> = expected.keys().cloned().collect();
    let folder = tempfile::tempdir().unwrap();
    for (name, values) in names.iter().zip(series(&fixtures, &names)) {
        write_csv(folder.path(), "x.csv", 0.01, &[("x", values)]);
        let due = |key: &str| expected[name][key].as_f64().unwrap_or_else(|| panic!("{name}: {key}"));
        let default = ran(&pipeline("features.complexity", ""), folder.path());
        let check = |ran: &Ran, column: &str, expected: f64| {
            close(&format!("{name}, {column}"), of(ran, column, 0), expected, 1e-9)
        };
        for (column, key) in [
            ("permutation_entropy", "perm_entropy_o3_d1_bits"),
            ("sample_entropy", "sample_entropy_m2_r0.2std_chebyshev"),
            ("approximate_entropy", "app_entropy_m2"),
            ("svd_entropy", "svd_entropy_o3_d1"),
            ("spectral_entropy", "spectral_entropy_fft_sf100"),
            ("petrosian_fd", "petrosian_fd"),
            ("katz_fd", "katz_fd"),
            ("higuchi_fd", "higuchi_fd_k10"),
            ("zero_crossings", "num_zerocross"),
            ("lempel_ziv", "lziv_median_binarised"),
        ] {
            check(&default, column, due(key));
        }
        let hjorth = &expected[name]["hjorth_mobility_complexity"];
        check(&default, "hjorth_mobility", hjorth[0].as_f64().unwrap());
        check(&default, "hjorth_complexity", hjorth[1].as_f64().unwrap());
        let other =
            "    measures: [permutation_entropy]\n    permutation_entropy: {order: 4, delay: 2, normalized: true}\n";
        let other = ran(&pipeline("features.complexity", other), folder.path());
        check(&other, "permutation_entropy", due("perm_entropy_o4_d2_norm"));
        let bands = ran(&pipeline("features.bands", "    segment: 2.56 s\n"), folder.path());
        for (band, power) in expected[name]["bandpower_fs100_welch256_trapz_abs"].as_object().unwrap() {
            check(&bands, &format!("{band}_absolute"), power.as_f64().unwrap());
            check(&bands, &format!("{band}_relative"), power.as_f64().unwrap() / due("bandpower_total"));
        }
        check(&bands, "total_power", due("bandpower_total"));
        check(&bands, "spectral_entropy", due("spectral_entropy_welch256_sf100_norm"));
    }
}
