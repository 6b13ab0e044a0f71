//! `signal.filter` and `signal.envelope`, through a pipeline.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::f64::consts::TAU;
use std::path::Path;

use lapicque_signal::envelope::envelope;
use lapicque_signal::filter::fir::{self, Window};
use lapicque_signal::filter::iir::{self, Prototype};
use lapicque_signal::filter::{Band, Phase, Start};
use support::{floats, lists, ran, ran_on, refused_in, texts};
use tempfile::TempDir;

const RATE: f64 = 250.0;

fn wave(frequency: f64, i: usize) -> f64 {
    (TAU * frequency * i as f64 / RATE).sin()
}

/// Two channels of 2000 values at 250 Hz: 10 Hz with mains, and a slow drift with mains.
fn channels() -> [Vec<f64>; 2] {
    let of = |f: &dyn Fn(usize) -> f64| (0..2000).map(f).collect::<Vec<f64>>();
    [
        of(&|i| 3.0 * wave(10.0, i) + 2.0 * wave(50.0, i) + wave(100.0, i)),
        of(&|i| 40.0 + 5.0 * wave(0.2, i) + 2.0 * wave(50.0, i)),
    ]
}

fn folder_of(channels: &[Vec<f64>]) -> TempDir {
    let shape = format!("({}, {})", channels.len(), channels[0].len());
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
    let mut file = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    file.extend(format!("{header:<117}\n").into_bytes());
    file.extend(channels.iter().flatten().flat_map(|value| value.to_le_bytes()));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.npy"), file).unwrap();
    folder
}

fn of(kind: &str, rest: &str) -> String {
    let rest: String = rest.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "  x:\n    kind: import.recording\n    path: x.npy\n    sampling_rate: 250 Hz\n    unit: uV\n  \
         y:\n    kind: {kind}\n    inputs: {{ signals: x }}\n{rest}"
    )
}

fn filtered(rest: &str, folder: &Path) -> Vec<Vec<f64>> {
    let table = ran(&of("signal.filter", rest), folder).table("y");
    assert_eq!(texts(&table, "channel"), ["0", "1"]);
    assert_eq!((floats(&table, "t0"), floats(&table, "dt")), (vec![0.0; 2], vec![4.0; 2]));
    assert_eq!(texts(&table, "unit"), ["uV", "uV"]);
    lists(&table, "values")
}

#[test]
fn filters_are_those_that_are_asked_for() {
    let folder = folder_of(&channels());
    let fir = |band, transition, window, phase| {
        let filter = fir::design(band, transition, window, RATE).unwrap();
        channels().map(|channel| filter.filter(&channel, phase)).to_vec()
    };
    let butterworth = iir::design(Prototype::Butterworth, 3, Band::HighPass(1.0), RATE).unwrap();
    let chebyshev1 = iir::design(Prototype::Chebyshev1 { ripple_db: 1.0 }, 4, Band::BandPass(8.0, 13.0), RATE).unwrap();
    let chebyshev2 =
        iir::design(Prototype::Chebyshev2 { attenuation_db: 40.0 }, 4, Band::BandStop(45.0, 55.0), RATE).unwrap();
    let causal = |start| channels().map(|channel| chebyshev1.forwards(&channel, start)).to_vec();
    let cases = [
        ("band_pass: [8 Hz, 13 Hz]", fir(Band::BandPass(8.0, 13.0), None, Window::Hamming, Phase::Zero)),
        (
            "low_pass: 0.04 kHz\ntransition: 5 Hz\nwindow: blackman\nphase: causal",
            fir(Band::LowPass(40.0), Some(5.0), Window::Blackman, Phase::Causal(Start::Steady)),
        ),
        (
            "high_pass: 1 Hz\nmethod: butterworth\norder: 3",
            channels().map(|channel| butterworth.both_ways(&channel, butterworth.memory())).to_vec(),
        ),
        ("band_pass: [8 Hz, 13 Hz]\nmethod: chebyshev1\nripple_db: 1\nphase: causal\nstart: rest", causal(Start::Rest)),
        ("band_pass: [8 Hz, 13 Hz]\nmethod: chebyshev1\nripple_db: 1\nphase: causal", causal(Start::Steady)),
        (
            "band_stop: [45 Hz, 55 Hz]\nmethod: chebyshev2",
            channels().map(|channel| chebyshev2.both_ways(&channel, chebyshev2.memory())).to_vec(),
        ),
    ];
    for (rest, expected) in cases {
        assert_eq!(filtered(rest, folder.path()), expected, "{rest}");
    }
}

#[test]
fn notches_take_the_mains_and_what_is_asked_for_of_its_multiples() {
    let folder = folder_of(&channels());
    let amplitude = |values: &[f64], frequency: f64| {
        let sum = |f: &dyn Fn(f64) -> f64| -> f64 {
            (500..1500).map(|i| values[i] * f(TAU * frequency * i as f64 / RATE)).sum()
        };
        sum(&f64::sin).hypot(sum(&f64::cos)) / 500.0
    };
    for method in ["fir", "resonator", "sinusoids"] {
        let one = filtered(&format!("notch: 50 Hz\nmethod: {method}"), folder.path());
        let two = filtered(&format!("notch: 50 Hz\nmethod: {method}\nharmonics: 1"), folder.path());
        for (values, hundred) in [(&one, 1.0), (&two, 0.0)] {
            assert!(amplitude(&values[0], 50.0) < 0.02, "{method}");
            assert!((amplitude(&values[0], 100.0) - hundred).abs() < 0.02, "{method}");
            assert!((amplitude(&values[0], 10.0) - 3.0).abs() < 0.02, "{method}");
            assert!((values[1][1000] - 40.0 - 5.0 * wave(0.2, 1000)).abs() < 0.1, "{method}");
        }
    }
    let failed = ran(&of("signal.filter", "notch: 50 Hz\nharmonics: 2"), folder.path());
    let message = failed.failures().remove(0);
    assert!(message.starts_with("channel 0: 150 Hz cannot be filtered at a sampling rate of 250 Hz"), "{message}");
}

#[test]
fn useless_and_impossible_settings_are_refused() {
    let folder = folder_of(&channels());
    for (rest, expected) in [
        ("", "`band_pass`, `low_pass`, `high_pass`, `band_stop` or `notch` is needed"),
        ("high_pass: 1 Hz\nlow_pass: 40 Hz", "`band_pass: [1 Hz, 40 Hz]` is both"),
        ("notch: 50 Hz\nlow_pass: 40 Hz", "one filter is one stage"),
        ("band_pass: [13 Hz, 8 Hz]", "the lower edge comes first"),
        ("low_pass: 0 Hz", "above 0 Hz"),
        ("low_pass: 40", "unit"),
        ("low_pass: 40 Hz\norder: 2", "`method: butterworth`, `chebyshev1` or `chebyshev2`"),
        ("low_pass: 40 Hz\nmethod: butterworth\norder: 0", "from 1 to 24"),
        ("low_pass: 40 Hz\nmethod: butterworth\nripple_db: 1", "only `method: chebyshev1` has it"),
        ("low_pass: 40 Hz\nmethod: chebyshev1\nripple_db: -1", "above 0 dB"),
        ("low_pass: 40 Hz\nmethod: chebyshev1\nattenuation_db: 30", "only `method: chebyshev2` has it"),
        ("low_pass: 40 Hz\nmethod: butterworth\ntransition: 2 Hz", "only `method: fir` has it"),
        ("low_pass: 40 Hz\nmethod: butterworth\nwindow: hann", "only `method: fir` has it"),
        ("low_pass: 40 Hz\ntransition: 0 Hz", "above 0 Hz"),
        ("low_pass: 40 Hz\nharmonics: 1", "it is one of `notch`"),
        ("low_pass: 40 Hz\nwidth: 1 Hz", "it is one of `notch`"),
        ("low_pass: 40 Hz\nspan: 1 s", "it is one of `notch`"),
        ("low_pass: 40 Hz\nmethod: resonator", "it takes out a `notch`"),
        ("low_pass: 40 Hz\nmethod: elliptic", "butterworth"),
        ("low_pass: 40 Hz\nstart: rest", "it is one of `phase: causal`"),
        ("notch: 50 Hz\nmethod: butterworth", "`band_stop` takes this one"),
        ("notch: 50 Hz\nmethod: resonator\ntransition: 1 Hz", "of a notch only `method: fir` has it"),
        ("notch: 50 Hz\nspan: 1 s", "of a notch only `method: sinusoids` has it"),
        ("notch: 50 Hz\norder: 2", "a band with a recursive `method`"),
        ("notch: 50 Hz\nwidth: 50 Hz", "less than the notch at 50 Hz"),
        ("notch: 50 Hz\nmethod: sinusoids\nphase: causal", "`phase: zero` alone"),
        ("notch: 50 Hz\nmethod: sinusoids\nspan: 0 s", "above 0 ms"),
    ] {
        let message = refused_in(&of("signal.filter", rest), folder.path());
        assert!(message.contains(expected), "{rest}: {message}");
    }
    let failed = ran(&of("signal.filter", "low_pass: 130 Hz"), folder.path()).failures().remove(0);
    assert!(failed.starts_with("channel 0: 130 Hz cannot be filtered") && failed.contains("125 Hz"), "{failed}");
    let failed = ran(&of("signal.filter", "low_pass: 120 Hz\ntransition: 10 Hz"), folder.path()).failures().remove(0);
    assert!(failed.contains("would end at 130 Hz, above half the sampling rate, 125 Hz"), "{failed}");
}

#[test]
fn defaults_that_are_written_down_change_no_key() {
    let folder = folder_of(&channels());
    let short = "band_pass: [8 Hz, 13 Hz]\nmethod: chebyshev1";
    let first = ran(&of("signal.filter", short), folder.path());
    let long = format!("{short}\norder: 4\nripple_db: 0.5\nphase: zero\nmissing: refuse");
    assert_eq!(ran_on(&of("signal.filter", &long), folder.path(), first.store, 1).counts("y"), (0, 1, 0));
    let first = ran(&of("signal.filter", "notch: 50 Hz"), folder.path());
    let long = "notch: 0.05 kHz\nharmonics: 0\ntransition: 0.5 Hz\nwindow: hamming";
    assert_eq!(ran_on(&of("signal.filter", long), folder.path(), first.store, 1).counts("y"), (0, 1, 0));
}

fn with_gap() -> TempDir {
    let mut gap = channels();
    gap[0][1000] = f64::NAN;
    gap[0][1001] = f64::INFINITY;
    folder_of(&gap)
}

#[test]
fn missing_values_go_round_filters() {
    let folder = with_gap();
    for (rest, before, after) in [
        ("band_pass: [8 Hz, 13 Hz]", 206, 206),
        ("band_pass: [8 Hz, 13 Hz]\nphase: causal", 0, 412),
        ("notch: 50 Hz\nmethod: sinusoids\nspan: 1 s", 250, 250),
    ] {
        let message = ran(&of("signal.filter", rest), folder.path()).failures().remove(0);
        assert!(message.starts_with("channel 0: 2 of 2000 values are missing, 1 of them infinite"), "{message}");
        let ran_with = |missing: &str| ran(&of("signal.filter", &format!("{rest}\nmissing: {missing}")), folder.path());
        let kept = ran_with("propagate");
        assert!(kept.notes("y").contains("channel 0: 2 of 2000 values are missing"), "{}", kept.notes("y"));
        let values = lists(&kept.table("y"), "values");
        for (i, value) in values[0].iter().enumerate() {
            assert_eq!(value.is_nan(), (1000 - before..=1001 + after).contains(&i), "{rest}: {i}");
        }
        assert!(values[1].iter().all(|value| value.is_finite()));
        let filled = ran_with("interpolate");
        assert!(filled.notes("y").contains("interpolated linearly"), "{}", filled.notes("y"));
        assert!(lists(&filled.table("y"), "values").concat().iter().all(|value| value.is_finite()));
    }
}

#[test]
fn signals_that_are_short_against_the_filter_are_told() {
    let folder = folder_of(&[vec![1.0; 150], vec![2.0; 150]]);
    let short = ran(&of("signal.filter", "band_pass: [8 Hz, 13 Hz]"), folder.path());
    assert!(short.notes("y").contains("channel 0: 150 values, the reach is 206 values"), "{}", short.notes("y"));
    assert!(lists(&short.table("y"), "values").iter().all(|values| values.len() == 150));
    let message = ran(&of("signal.filter", "notch: 50 Hz\nmethod: sinusoids"), folder_of(&[vec![1.0; 20]]).path());
    assert!(message.failures()[0].contains("20 samples, holds fewer than 5 periods"), "{:?}", message.failures());
    let one = ran(&of("signal.filter", "high_pass: 1 Hz\nmethod: butterworth"), folder_of(&[vec![3.0; 1]]).path());
    assert!(lists(&one.table("y"), "values")[0][0].abs() < 1e-12);
}

#[test]
fn threads_change_nothing() {
    let folder = folder_of(&channels());
    for rest in ["band_pass: [8 Hz, 13 Hz]", "notch: 50 Hz\nmethod: sinusoids", "low_pass: 30 Hz\nmethod: butterworth"]
    {
        let one = ran_on(&of("signal.filter", rest), folder.path(), Default::default(), 1).table("y");
        assert_eq!(one, ran(&of("signal.filter", rest), folder.path()).table("y"), "{rest}");
    }
}

#[test]
fn an_envelope_is_the_amplitude_of_its_band_without_its_ends() {
    let folder = folder_of(&channels());
    let table = ran(&of("signal.envelope", "band: [8 Hz, 13 Hz]"), folder.path()).table("y");
    assert_eq!(
        (floats(&table, "t0"), texts(&table, "channel")),
        (vec![1000.0; 2], ["0", "1"].map(str::to_owned).to_vec())
    );
    let values = lists(&table, "values");
    assert_eq!(values[0].len(), 1500);
    assert!(values[0].iter().all(|a| (a - 3.0).abs() < 0.03), "{:?}", values[0]);
    assert!(values[1].iter().all(|a| *a < 0.03));
    let filter = fir::design(Band::BandPass(8.0, 13.0), None, Window::Hamming, RATE).unwrap();
    let whole: Vec<f64> = filter.filter(&channels()[0], Phase::Zero);
    assert_eq!(values[0], envelope(&whole)[250..1750]);
    // ncpi trims first, and its transform sees the ends.
    let ncpi = ran(&of("signal.envelope", "band: [8 Hz, 13 Hz]\ncompat: ncpi"), folder.path()).table("y");
    assert_eq!(lists(&ncpi, "values")[0], envelope(&whole[250..1750]));
    let untrimmed = ran(&of("signal.envelope", "band: [8 Hz, 13 Hz]\ntrim: 0 s"), folder.path()).table("y");
    assert_eq!((lists(&untrimmed, "values")[0].len(), floats(&untrimmed, "t0")[0]), (2000, 0.0));
    let plain = ran(&of("signal.envelope", "already_filtered: true\ntrim: 0.5 s"), folder.path()).table("y");
    assert_eq!(lists(&plain, "values")[0], envelope(&channels()[0])[125..1875]);
}

#[test]
fn several_bands_are_channels_of_their_own() {
    let folder = folder_of(&channels());
    let rest = "bands: [[8 Hz, 13 Hz], [15 Hz, 30 Hz]]\nmethod: butterworth\ntrim: 1 s";
    let table = ran(&of("signal.envelope", rest), folder.path()).table("y");
    assert_eq!(texts(&table, "channel"), ["0@8-13Hz", "1@8-13Hz", "0@15-30Hz", "1@15-30Hz"]);
    assert!((lists(&table, "values")[0][700] - 3.0).abs() < 0.1 && lists(&table, "values")[2][700] < 0.1);
    let all = ran(&of("signal.envelope", "band_table: log_1_to_150"), folder.path());
    let names = texts(&all.table("y"), "channel");
    assert_eq!((names.len(), names[0].as_str(), names[29].as_str()), (30, "0@1-4Hz", "1@92.5-118Hz"));
    assert_eq!(names[8], "0@8.26-10.5Hz");
    let note = "bands that do not lie below 125 Hz, half of the sampling rate, are left out: 118-150Hz";
    assert!(all.notes("y").contains(note), "{}", all.notes("y"));
}

#[test]
fn envelopes_that_cannot_be_are_refused() {
    let folder = folder_of(&channels());
    for (rest, expected) in [
        ("", "`band`, `bands`, `band_table` or `already_filtered: true` is needed"),
        ("band: [8 Hz, 13 Hz]\nalready_filtered: true", "`band` is given as well"),
        ("band: [13 Hz, 8 Hz]", "the lower edge comes first"),
        ("bands: []", "at least one band"),
        ("bands: [[8 Hz, 13 Hz], [0.008 kHz, 13 Hz]]", "is there twice"),
        ("band: [8 Hz, 13 Hz]\ntrim: -1 s", "0 ms or above"),
        ("band: [8 Hz, 13 Hz]\ntrim: 0 s\ncompat: ncpi", "there is no difference"),
        ("band: [8 Hz, 13 Hz]\norder: 3", "only `method: butterworth`"),
        ("already_filtered: true\nwindow: hann", "are not filtered"),
    ] {
        let message = refused_in(&of("signal.envelope", rest), folder.path());
        assert!(message.contains(expected), "{rest}: {message}");
    }
    let failed = ran(&of("signal.envelope", "band: [8 Hz, 13 Hz]\ntrim: 4 s"), folder.path()).failures().remove(0);
    assert!(failed.starts_with("channel 0: 2000 values, 8 s: a trim of 4 s at each end leaves nothing"), "{failed}");
    let failed = ran(&of("signal.envelope", "band: [100 Hz, 150 Hz]"), folder.path()).failures().remove(0);
    assert!(failed.contains("150 Hz cannot be filtered"), "{failed}");
}

#[test]
fn envelopes_lose_what_depends_on_missing_values() {
    let folder = with_gap();
    let config = |missing: &str| of("signal.envelope", &format!("band: [8 Hz, 13 Hz]\nmissing: {missing}"));
    let values = lists(&ran(&config("propagate"), folder.path()).table("y"), "values");
    for (i, value) in values[0].iter().enumerate() {
        assert_eq!(value.is_nan(), (1000 - 206 - 250..=1001 + 206 - 250).contains(&i), "{i}");
    }
    let filled = ran(&config("interpolate"), folder.path());
    assert!(lists(&filled.table("y"), "values")[0].iter().all(|a| (a - 3.0).abs() < 0.5));
    assert!(ran(&config("refuse"), folder.path()).failures()[0].contains("2 of 2000 values are missing"));
    // Every value of a transform depends on all.
    let rest = "already_filtered: true\nmissing: propagate";
    let values = lists(&ran(&of("signal.envelope", rest), folder.path()).table("y"), "values");
    assert!(values[0].iter().all(|value| value.is_nan()) && values[1].iter().all(|value| value.is_finite()));
}
