//! Spectra of signals and their parameters, through a pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fmt::Write;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use lapicque_signal::multitaper::{Multitaper, multitaper};
use lapicque_signal::periodogram::{Periodogram, periodogram};
use lapicque_signal::spectral_parameters::{Settings, SpectralParameters, fit};
use lapicque_signal::spectrogram::spectrogram;
use lapicque_signal::welch::{Average, Detrend, PowerSpectrum, Scaling, Welch, Window, welch};
use support::{bind, floats, lists, ran, refused_in, texts};
use tempfile::TempDir;

const RATE_HZ: f64 = 200.0;
const SAMPLES: usize = 4000;

/// 20 s at 200 Hz, as a file has them: an autoregressive process with a wave of 10 Hz, one without, and a constant.
fn series() -> [Vec<f64>; 3] {
    let mut state = 7_u64;
    let mut uniform = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    };
    let mut noise = || -> Vec<f64> {
        let mut previous = 0.0;
        let next = |_| {
            previous = 0.95 * previous + uniform() + uniform() + uniform();
            previous
        };
        (0..SAMPLES).map(next).collect()
    };
    let (mut with, without) = (noise(), noise());
    for (i, value) in with.iter_mut().enumerate() {
        let t = i as f64 / RATE_HZ;
        *value += 2.0 * (62.8 * t).sin() * (2.0 * t).sin();
    }
    [with, without, vec![3.0; SAMPLES]].map(|series| series.iter().map(|v| (v * 1e6).round() / 1e6).collect())
}

fn folder_with(series: &[Vec<f64>; 3]) -> TempDir {
    let mut text = "time_s,a,b,c\n".to_owned();
    let cell = |value: f64| if value.is_nan() { String::new() } else { value.to_string() };
    let [a, b, c] = series;
    for (i, ((a, b), c)) in a.iter().zip(b).zip(c).enumerate() {
        let [a, b, c] = [a, b, c].map(|value| cell(*value));
        writeln!(text, "{},{a},{b},{c}", i as f64 / RATE_HZ).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.csv"), text).unwrap();
    folder
}

fn folder() -> TempDir {
    folder_with(&series())
}

fn with(kind: &str, rest: &str) -> String {
    format!(
        "  x:\n    kind: import.recording\n    path: x.csv\n    unit: uV\n  y:\n    kind: {kind}\n    inputs: {{ signals: x }}\n{rest}"
    )
}

/// All values of a table: what is NaN twice is equal.
fn columns(table: &arrow_array::RecordBatch) -> String {
    format!("{:?}", table.columns())
}

#[test]
fn spectra_are_those_of_the_method_with_its_settings() {
    let folder = folder();
    let all = series();
    let check = |config: &str, unit: &str, expected: &dyn Fn(&[f64]) -> PowerSpectrum| {
        let table = ran(&with("signal.spectrum", config), folder.path()).table("y");
        assert_eq!(texts(&table, "channel"), ["a", "b", "c"], "{config}");
        assert_eq!(texts(&table, "unit"), [unit; 3], "{config}");
        for (row, series) in all.iter().enumerate() {
            let expected = expected(series);
            assert_eq!(lists(&table, "frequencies_hz")[row], expected.frequencies_hz, "{config}");
            assert_eq!(lists(&table, "power")[row], expected.power, "{config}");
        }
    };
    let of_welch = |settings: Welch| move |series: &[f64]| welch(series, RATE_HZ, &settings).unwrap();
    check("", "uV^2/Hz", &of_welch(Welch::new(256)));
    check("    segment: 256\n    overlap: 50 %\n    window: hann\n", "uV^2/Hz", &of_welch(Welch::new(256)));
    let settings = Welch {
        overlap: 250,
        transform: Some(512),
        window: Window::Kaiser(8.6),
        detrend: Detrend::Line,
        average: Average::Median,
        scaling: Scaling::Spectrum,
        ..Welch::new(400)
    };
    let config = "    segment: 2 s\n    overlap: 1250 ms\n    transform: 512\n    window: {kaiser: 8.6}\n    detrend: linear\n    average: median\n    scaling: spectrum\n";
    check(config, "uV^2", &of_welch(settings));
    let settings = Welch { overlap: 30, window: Window::Gaussian(20.0), ..Welch::new(100) };
    check("    segment: 500 ms\n    overlap: 30\n    window: {gaussian: 100 ms}\n", "uV^2/Hz", &of_welch(settings));
    let of_fft = |series: &[f64]| {
        let method = Periodogram { window: Window::Hamming, detrend: Detrend::Nothing, ..Periodogram::default() };
        periodogram(series, RATE_HZ, &method).unwrap().between(1.0, 45.0)
    };
    let config = "    method: fft\n    window: hamming\n    detrend: none\n    frequency_range: [1 Hz, 45 Hz]\n";
    check(config, "uV^2/Hz", &of_fft);
    let of_multitaper = |series: &[f64]| {
        let method = Multitaper { bandwidth_hz: Some(2.0), tapers: Some(5), ..Multitaper::default() };
        multitaper(series, RATE_HZ, &method).unwrap()
    };
    check("    method: multitaper\n    bandwidth: 2 Hz\n    tapers: 5\n", "uV^2/Hz", &of_multitaper);
}

#[test]
fn defaults_that_are_written_change_no_key() {
    let folder = folder();
    let first = ran(&with("signal.spectrum", ""), folder.path());
    let written = "    method: welch\n    segment: 256\n    overlap: 0.5\n    window: hann\n    average: mean\n    detrend: constant\n    scaling: density\n    missing: refuse\n";
    let second = support::ran_on(&with("signal.spectrum", written), folder.path(), first.store, 1);
    assert_eq!(second.counts("y"), (0, 1, 0));
    let first = ran(&with("features.spectral_parameters", ""), folder.path());
    let written = "    aperiodic_mode: fixed\n    peak_width_limits: [0.5 Hz, 12 Hz]\n    peak_threshold: 2\n    aperiodic_percentile: 0.025 %\n    spectrum: {segment: 0.5 s, method: welch}\n";
    let second = support::ran_on(&with("features.spectral_parameters", written), folder.path(), first.store, 1);
    assert_eq!(second.counts("y"), (0, 1, 0));
}

#[test]
fn what_a_method_does_not_look_at_or_cannot_be_is_refused() {
    let folder = folder();
    for (config, expected) in [
        ("    bandwidth: 2 Hz\n", "only `method: multitaper` looks at it; `method: welch` does not"),
        ("    method: multitaper\n    segment: 2 s\n", "only `method: welch` looks at it"),
        ("    method: multitaper\n    scaling: spectrum\n", "only `method: welch` and `method: fft` look at it"),
        ("    method: fft\n    overlap: 50 %\n", "only `method: welch` looks at it"),
        ("    method: fft\n    compat: mne\n", "only `method: multitaper` looks at it"),
        ("    segment: 0 s\n", "0 ms is no length"),
        ("    segment: 50 %\n", "50 % is no length"),
        ("    segment: 1.5\n", "a time has a unit"),
        ("    segment: 256\n    overlap: 256\n", "less than the segment of 256 samples"),
        ("    overlap: 100 %\n", "less than the segment of 256 samples"),
        ("    segment: 1 s\n    overlap: 2 s\n", "less than the segment of 1000 ms"),
        ("    segment: 256\n    transform: 128\n", "at least 256"),
        ("    window: {tukey: 2}\n", "from 0 to 1"),
        ("    window: {gaussian: 0 ms}\n", "is no width"),
        ("    window: hanning\n", "hann"),
        ("    frequency_range: [45 Hz, 1 Hz]\n", "it must rise"),
        ("    frequency_range: [1, 45]\n", "has no unit"),
        ("    method: multitaper\n    tapers: 0\n", "at least 1"),
        ("    method: multitaper\n    bandwidth: 0 Hz\n", "above 0 Hz"),
    ] {
        let message = refused_in(&with("signal.spectrum", config), folder.path());
        assert!(message.contains(expected), "{config}: {message}");
    }
    let message = refused_in(&with("signal.spectrogram", "    average: median\n"), folder.path());
    assert!(message.contains("average"), "{message}");
    let failed = ran(&with("signal.spectrum", "    segment: 1 ms\n"), folder.path());
    assert!(
        failed.failures()[0].contains("channel a: a segment of 1 ms has no sample at 200 Hz"),
        "{:?}",
        failed.failures()
    );
    let failed = ran(&with("signal.spectrum", "    method: multitaper\n    bandwidth: 0.01 Hz\n"), folder.path());
    assert!(failed.failures()[0].contains("at least 0.05 Hz"), "{:?}", failed.failures());
}

#[test]
fn lengths_that_do_not_fit_are_told() {
    let folder = folder();
    let rounded = ran(&with("signal.spectrum", "    segment: 333 ms\n"), folder.path());
    let notes = rounded.notes("y");
    assert!(
        notes.contains("a segment of 333 ms is no whole number of samples at 200 Hz: it has 66 samples"),
        "{notes}"
    );
    let short = ran(&with("signal.spectrum", "    segment: 1 min\n"), folder.path());
    assert!(
        short.notes("y").contains("channel a: 4000 values are less than a segment of 12000"),
        "{}",
        short.notes("y")
    );
    assert_eq!(lists(&short.table("y"), "power")[0].len(), 2001);
    let few = ran(&with("signal.spectrum", "    method: multitaper\n    tapers: 2\n"), folder.path());
    assert!(few.notes("y").contains("adaptive weights need three tapers, there are 2"), "{}", few.notes("y"));
    assert_eq!(ran(&with("signal.spectrum", ""), folder.path()).notes("y"), "");
}

#[test]
fn missing_values_are_refused_filled_or_propagated() {
    let mut series = series();
    series[0][100] = f64::NAN;
    let folder = folder_with(&series);
    let refused = ran(&with("signal.spectrum", ""), folder.path());
    assert!(refused.failures()[0].starts_with("channel a: 1 of 4000 values"), "{:?}", refused.failures());
    let filled = ran(&with("signal.spectrum", "    missing: interpolate\n"), folder.path());
    series[0][100] = 0.5 * (series[0][99] + series[0][101]);
    let expected = welch(&series[0], RATE_HZ, &Welch::new(256)).unwrap().power;
    assert_eq!(lists(&filled.table("y"), "power")[0], expected);
    assert!(filled.notes("y").contains("channel a: 1 of 4000 values"), "{}", filled.notes("y"));
    let propagated = ran(&with("signal.spectrum", "    missing: propagate\n"), folder.path());
    let power = lists(&propagated.table("y"), "power");
    assert!(power[0].iter().all(|power| power.is_nan()) && power[1].iter().all(|power| power.is_finite()));
    let over_time = ran(&with("signal.spectrogram", "    missing: propagate\n"), folder.path()).table("y");
    let lost: Vec<bool> = lists(&over_time, "power").iter().map(|power| power[0].is_nan()).collect();
    assert_eq!(lost.iter().filter(|lost| **lost).count(), 1, "one segment has the first 128 values to itself");
    let undefined = ran(&with("features.spectral_parameters", ""), folder.path());
    let exponents = floats(&undefined.table("y"), "exponent");
    assert!(exponents[0].is_nan() && exponents[1].is_finite(), "{exponents:?}");
    assert!(undefined.notes("y").contains("channel a: 1 of 4000 values"), "{}", undefined.notes("y"));
}

#[test]
fn a_spectrogram_has_a_row_for_each_segment() {
    let folder = folder();
    let config = "    segment: 1 s\n    overlap: 0\n    frequency_range: [5 Hz, 15 Hz]\n";
    let table = ran(&with("signal.spectrogram", config), folder.path()).table("y");
    assert_eq!(table.num_rows(), 60);
    let expected = spectrogram(&series()[0], RATE_HZ, &Welch { overlap: 0, ..Welch::new(200) }).unwrap();
    assert_eq!(floats(&table, "time_s")[..20], expected.times_s);
    assert_eq!(lists(&table, "frequencies_hz")[0], expected.frequencies_hz[5..=15]);
    for (row, power) in expected.power.iter().enumerate() {
        assert_eq!(lists(&table, "power")[row], power[5..=15]);
    }
    // Times are on the clock of the signals.
    let epochs = "  x:\n    kind: import.recording\n    path: x.csv\n    unit: uV\n  e:\n    kind: signal.epochs\n    inputs: { signals: x }\n    length: 4 s\n  y:\n    kind: signal.spectrogram\n    inputs: { signals: e }\n    segment: 4 s\n";
    let table = ran(epochs, folder.path()).table("y");
    assert_eq!(floats(&table, "time_s")[..5], [2.0, 6.0, 10.0, 14.0, 18.0]);
}

/// As the kind fits signals by default.
fn expected(series: &[f64], settings: &Settings) -> Option<SpectralParameters> {
    let spectrum = welch(series, RATE_HZ, &Welch::new(100)).unwrap();
    let settings = Settings { frequency_range_hz: Some((1.0, 45.0)), ..*settings };
    fit(&spectrum.frequencies_hz, &spectrum.power, &settings).ok()
}

#[test]
fn parameters_are_those_of_the_spectrum_and_a_constant_has_none() {
    let folder = folder();
    let found = ran(&with("features.spectral_parameters", ""), folder.path());
    let table = found.table("y");
    let schema = table.schema();
    let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let columns = [
        "offset",
        "knee",
        "exponent",
        "r_squared",
        "mae",
        "peaks",
        "peak_frequency_hz",
        "peak_power",
        "peak_bandwidth_hz",
    ];
    assert_eq!(names, [["sample", "channel", "epoch"].as_slice(), &columns].concat());
    assert_eq!(table.column_by_name("knee").unwrap().null_count(), 3);
    let peaks = found.output("y", 1);
    let mut row_of_peak = 0;
    for (row, series) in series()[..2].iter().enumerate() {
        let fit = expected(series, &Settings::default()).unwrap();
        let of_row = |name: &str| floats(&table, name)[row];
        assert_eq!((of_row("offset"), of_row("exponent")), (fit.offset, fit.exponent));
        assert_eq!((of_row("r_squared"), of_row("mae")), (fit.r_squared, fit.mae));
        assert_eq!(of_row("peaks"), fit.peaks.len() as f64);
        let highest = fit.peaks.iter().max_by(|a, b| a.power.total_cmp(&b.power)).unwrap();
        assert_eq!(of_row("peak_frequency_hz"), highest.center_frequency_hz);
        assert_eq!((of_row("peak_power"), of_row("peak_bandwidth_hz")), (highest.power, highest.bandwidth_hz));
        for (number, peak) in fit.peaks.iter().enumerate() {
            assert_eq!(texts(&peaks, "channel")[row_of_peak], ["a", "b"][row]);
            assert_eq!(texts(&peaks, "peak")[row_of_peak], number.to_string());
            assert_eq!(floats(&peaks, "center_frequency_hz")[row_of_peak], peak.center_frequency_hz);
            assert_eq!(floats(&peaks, "power")[row_of_peak], peak.power);
            assert_eq!(floats(&peaks, "bandwidth_hz")[row_of_peak], peak.bandwidth_hz);
            row_of_peak += 1;
        }
    }
    assert_eq!(peaks.num_rows(), row_of_peak);
    for name in columns.iter().filter(|name| **name != "knee") {
        assert!(floats(&table, name)[2].is_nan(), "{name}");
    }
    assert!(found.notes("y").contains("channel c: 0 of the bins"), "{}", found.notes("y"));
}

#[test]
fn settings_of_the_fit_are_those_of_the_science() {
    let folder = folder();
    let config = "    peak_width_limits: [2 Hz, 6 Hz]\n    max_peaks: 1\n    min_peak_height: 0.1\n    peak_threshold: 1.5\n    compat: specparam\n    aperiodic_mode: knee\n";
    let table = ran(&with("features.spectral_parameters", config), folder.path()).table("y");
    let settings = Settings {
        aperiodic: lapicque_signal::spectral_parameters::Aperiodic::Knee,
        peak_width_limits_hz: (2.0, 6.0),
        max_peaks: Some(1),
        min_peak_height: 0.1,
        peak_threshold: 1.5,
        definition: lapicque_signal::spectral_parameters::Definition::Specparam,
        ..Settings::default()
    };
    let fit = expected(&series()[0], &settings).unwrap();
    assert_eq!(floats(&table, "knee")[0], fit.knee.unwrap());
    assert_eq!((floats(&table, "exponent")[0], floats(&table, "peaks")[0]), (fit.exponent, fit.peaks.len() as f64));
    // Of spectra all frequencies are fitted; of these, those that there are.
    let both = |fit: &str| {
        format!(
            "  x:\n    kind: import.recording\n    path: x.csv\n    unit: uV\n  s:\n    kind: signal.spectrum\n    inputs: {{ signals: x }}\n    segment: 500 ms\n  y:\n    kind: features.spectral_parameters\n    inputs: {{ spectra: s }}\n{fit}"
        )
    };
    let direct = ran(&with("features.spectral_parameters", ""), folder.path());
    let twice = ran(&both("    frequency_range: [1 Hz, 45 Hz]\n"), folder.path());
    for output in [0, 1] {
        assert_eq!(columns(&twice.output("y", output)), columns(&direct.output("y", output)));
    }
    let spectrum = welch(&series()[0], RATE_HZ, &Welch::new(100)).unwrap();
    let all =
        lapicque_signal::spectral_parameters::fit(&spectrum.frequencies_hz, &spectrum.power, &Settings::default());
    assert_eq!(floats(&ran(&both(""), folder.path()).table("y"), "exponent")[0], all.unwrap().exponent);
    let message = refused_in(&both("    spectrum: {segment: 1 s}\n"), folder.path());
    assert!(message.contains("only `signals` need it"), "{message}");
    let message = refused_in(&both("").replace("spectra: s", "spectra: s, signals: x"), folder.path());
    assert!(message.contains("leave one of them out"), "{message}");
    let message = refused_in(&both("").replace("    inputs: { spectra: s }\n", ""), folder.path());
    assert!(message.contains("one of the inputs `signals` and `spectra` is needed"), "{message}");
}

#[test]
fn poor_fits_are_rejected_or_flagged() {
    let folder = folder();
    let good = ran(&with("features.spectral_parameters", ""), folder.path()).table("y");
    let quality = floats(&good, "r_squared");
    let between = 0.5 * (quality[0] + quality[1]);
    let poor = usize::from(quality[0] > quality[1]);
    let config = format!("    min_r_squared: {between}\n");
    let rejected = ran(&with("features.spectral_parameters", &config), folder.path());
    let table = rejected.table("y");
    for name in ["offset", "exponent", "peaks", "peak_frequency_hz"] {
        assert!(floats(&table, name)[poor].is_nan() && floats(&table, name)[1 - poor].is_finite(), "{name}");
    }
    assert_eq!(floats(&table, "r_squared")[..2], quality[..2]);
    assert!(rejected.notes("y").contains(&format!("poor fits are rejected (channel {}", ["a", "b"][poor])));
    assert!(!texts(&rejected.output("y", 1), "channel").contains(&["a", "b"][poor].to_owned()));
    let flagged = ran(&with("features.spectral_parameters", &format!("{config}    poor_fits: flag\n")), folder.path());
    let table = flagged.table("y");
    assert_eq!(floats(&table, "exponent")[..2], floats(&good, "exponent")[..2]);
    let accepted = table.column_by_name("accepted").unwrap().as_boolean().clone();
    let expected: Vec<bool> = (0..3).map(|row| row == 1 - poor).collect();
    assert_eq!(accepted.values().iter().collect::<Vec<_>>(), expected);
    let config = "    max_mae: 0\n    selected_peak: highest_frequency\n    selected_range: [5 Hz, 15 Hz]\n";
    let all = ran(&with("features.spectral_parameters", config), folder.path()).table("y");
    assert!(floats(&all, "exponent").iter().all(|exponent| exponent.is_nan()));
}

#[test]
fn settings_of_fits_that_cannot_be_are_refused() {
    let folder = folder();
    for (config, expected) in [
        ("    poor_fits: flag\n", "no fit is poor"),
        ("    peak_width_limits: [12 Hz, 0.5 Hz]\n", "it must rise"),
        ("    peak_width_limits: [0 Hz, 5 Hz]\n", "above 0 Hz"),
        ("    peak_threshold: -1\n", "0 or greater"),
        ("    min_r_squared: 2\n", "from 0 to 1"),
        ("    aperiodic_percentile: 200 %\n", "from 0 % to 100 %"),
        ("    center_bound: 0\n", "greater than 0"),
        ("    spectrum: {method: fft, segment: 1 s}\n", "spectrum.segment"),
        ("    spectrum: {segments: 1 s}\n", "segment"),
        ("    aperiodic_mode: bent\n", "knee"),
        ("    selected_range: [9 Hz, 8 Hz]\n", "selected_range"),
    ] {
        let message = refused_in(&with("features.spectral_parameters", config), folder.path());
        assert!(message.contains(expected), "{config}: {message}");
    }
}

#[test]
fn threads_do_not_matter_and_a_knee_without_values_is_no_feature() {
    let folder = folder();
    let text = with("features.spectral_parameters", "");
    let (one, four) = (
        support::ran_on(&text, folder.path(), lapicque_pipeline::MemoryStore::default(), 1),
        support::ran_on(&text, folder.path(), lapicque_pipeline::MemoryStore::default(), 4),
    );
    for output in [0, 1] {
        assert_eq!(columns(&one.output("y", output)), columns(&four.output("y", output)));
    }
    let features = |mode: &str| {
        let (_, graph) = bind(&with("features.spectral_parameters", mode), folder.path()).unwrap();
        let stage = graph.stages.iter().find(|stage| stage.name == "y").unwrap();
        lapicque_schemas::tables::features::names(&stage.bound().outputs[0].schema)
    };
    assert!(!features("").contains(&"knee".to_owned()) && features("").contains(&"offset".to_owned()));
    assert!(features("    aperiodic_mode: knee\n").contains(&"knee".to_owned()));
}

#[test]
fn signals_of_few_samples_and_infinite_ones_have_no_parameters() {
    let mut series = series();
    // A sum of its squares would be infinite.
    series[1][7] = 1e300;
    let folder = folder_with(&series);
    for length in ["5 ms", "10 ms", "50 ms"] {
        let text = format!(
            "  x:\n    kind: import.recording\n    path: x.csv\n    unit: uV\n  e:\n    kind: signal.epochs\n    inputs: {{ signals: x }}\n    length: {length}\n    step: 5 s\n  y:\n    kind: features.spectral_parameters\n    inputs: {{ signals: e }}\n"
        );
        let found = ran(&text, folder.path());
        let table = found.table("y");
        assert_eq!(table.num_rows(), 12);
        for name in ["offset", "exponent", "r_squared", "mae", "peaks", "peak_power"] {
            assert!(floats(&table, name).iter().all(|value| value.is_nan()), "{length} {name}");
        }
        assert_eq!(found.output("y", 1).num_rows(), 0);
        assert!(found.notes("y").contains("of the bins that are to be fitted have power"), "{}", found.notes("y"));
    }
    let infinite = ran(&with("features.spectral_parameters", ""), folder.path());
    assert!(floats(&infinite.table("y"), "exponent")[1].is_nan());
    assert!(infinite.notes("y").contains("channel b: 1 of 4000 values is infinite"), "{}", infinite.notes("y"));
    let refused = ran(&with("signal.spectrogram", ""), folder.path());
    assert!(refused.failures()[0].starts_with("channel b: 1 of 4000 values is infinite"), "{:?}", refused.failures());
}

/// As other programs write them: names of samples, frequencies and power.
#[test]
fn spectra_of_files_are_fitted_and_gaps_in_them_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let frequencies: Vec<f64> = (0..=160).map(|i| 0.25 * f64::from(i)).collect();
    let power: Vec<f64> = frequencies
        .iter()
        .map(|f| 10_f64.powf(1.0 - 1.2 * f.max(0.1).log10() + 0.8 * (-(f - 10.0).powi(2) / 2.0).exp()))
        .collect();
    let mut holed = power.clone();
    holed[50] = 0.0;
    let rows = [&power, &holed].map(|power| (frequencies.clone(), power.clone()));
    let (f, p): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let lists = |rows: Vec<Vec<f64>>| -> arrow_array::ArrayRef {
        let rows = rows.into_iter().map(|row| Some(row.into_iter().map(Some)));
        std::sync::Arc::new(arrow_array::ListArray::from_iter_primitive::<arrow_array::types::Float64Type, _, _>(rows))
    };
    let names: arrow_array::ArrayRef = std::sync::Arc::new(arrow_array::StringArray::from(vec!["one", "holed"]));
    let table =
        arrow_array::RecordBatch::try_from_iter([("sample", names), ("frequencies_hz", lists(f)), ("power", lists(p))])
            .unwrap();
    let file = std::fs::File::create(folder.path().join("s.parquet")).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, table.schema(), None).unwrap();
    writer.write(&table).unwrap();
    writer.close().unwrap();
    let text = "  s:\n    kind: import.table\n    path: s.parquet\n    table: spectra\n  y:\n    kind: features.spectral_parameters\n    inputs: { spectra: s }\n";
    let found = ran(text, folder.path());
    assert!(found.failures().is_empty(), "{:?}", found.failures());
    let table = found.table("y");
    assert_eq!(texts(&table, "sample"), ["one", "holed"]);
    let expected = fit(&frequencies, &power, &Settings::default()).unwrap();
    assert_eq!(floats(&table, "exponent")[0], expected.exponent);
    assert!((expected.exponent - 1.2).abs() < 0.05, "{}", expected.exponent);
    assert!(floats(&table, "exponent")[1].is_nan());
    assert!(found.notes("y").contains("the power at 12.5 Hz is 0"), "{}", found.notes("y"));
}
