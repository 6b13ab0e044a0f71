//! Spectral parameters against fooof 1.1.1 and specparam 2.0.0rc7, and against ncpi 1.0.0b2 on real EEG.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use lapicque_signal::spectral_parameters::{Aperiodic, Definition, Rule, Settings, SpectralParameters, fit, select};
use lapicque_signal::welch::{Welch, welch};
use serde_json::Value;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/");

/// The folder with fixtures of the reference, where there is one.
fn shared(name: &str) -> Option<Value> {
    let shared = std::env::var("LAPICQUE_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_owned());
    let path = format!("{shared}/fixtures/{name}");
    if !std::path::Path::new(&path).exists() {
        eprintln!("skipped: there is no {path}");
        return None;
    }
    Some(serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap())
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn pair(value: &Value) -> Option<(f64, f64)> {
    let ends = value.as_array()?;
    Some((ends[0].as_f64().unwrap(), ends[1].as_f64().unwrap()))
}

fn settings(case: &Value, definition: Definition) -> Settings {
    let given = &case["settings"];
    let standard = Settings::default();
    let number = |name: &str, default: f64| given[name].as_f64().unwrap_or(default);
    Settings {
        frequency_range_hz: pair(&case["freq_range"]),
        aperiodic: if case["mode"] == "knee" { Aperiodic::Knee } else { Aperiodic::Fixed },
        peak_width_limits_hz: pair(&given["peak_width_limits"]).unwrap_or(standard.peak_width_limits_hz),
        max_peaks: given["max_n_peaks"].as_u64().map(|most| most as usize),
        min_peak_height: number("min_peak_height", standard.min_peak_height),
        peak_threshold: number("peak_threshold", standard.peak_threshold),
        definition,
        ..standard
    }
}

/// Offset, knee where there is one, exponent.
fn aperiodic(found: &SpectralParameters) -> Vec<f64> {
    [Some(found.offset), found.knee, Some(found.exponent)].into_iter().flatten().collect()
}

fn r_squared(peer: &Value) -> f64 {
    peer["r_squared"].as_f64().or(peer["metrics"]["gof_rsquared"].as_f64()).unwrap()
}

/// As the peer's within a tolerance: offset and exponent, powers and errors; a tenth of the digits for the rest.
fn assert_as(found: &SpectralParameters, peer: &Value, tolerance: f64, knee: f64, what: &str) {
    let close = |a: f64, b: f64, tolerance: f64, field: &str| {
        assert!((a - b).abs() <= tolerance, "{what}: {field} is {a}, the peer has {b}");
    };
    let expected = numbers(&peer["aperiodic"]);
    close(found.offset, expected[0], tolerance.max(knee), "offset");
    close(found.exponent, expected[expected.len() - 1], tolerance.max(knee), "exponent");
    if let Some(found) = found.knee {
        close(found / expected[1], 1.0, tolerance.max(knee), "knee");
    }
    close(found.r_squared, r_squared(peer), tolerance, "r_squared");
    // What is lower than rounding errors is no peak here.
    let peaks: Vec<Vec<f64>> = peer["peaks"].as_array().unwrap().iter().map(numbers).filter(|p| p[1] > 1e-8).collect();
    assert_eq!(found.peaks.len(), peaks.len(), "{what}");
    for (found, peer) in found.peaks.iter().zip(peaks) {
        close(found.center_frequency_hz, peer[0], 10.0 * tolerance, "center");
        close(found.power, peer[1], tolerance, "power");
        close(found.bandwidth_hz, peer[2], 10.0 * tolerance, "bandwidth");
    }
}

fn assert_near(found: &SpectralParameters, peer: &Value, what: &str) {
    for (found, peer) in aperiodic(found).iter().zip(numbers(&peer["aperiodic"])) {
        assert!((found - peer).abs() <= 1e-2 * peer.abs().max(1.0), "{what}: {found}, the peer has {peer}");
    }
    assert!(found.r_squared >= r_squared(peer) - 1e-3, "{what}: r2 {} below {}", found.r_squared, r_squared(peer));
}

#[test]
fn spectra_have_the_parameters_that_fooof_and_specparam_find() {
    let text = std::fs::read(format!("{GOLDEN}spectra/spectral_parameters.json")).unwrap();
    let golden: Value = serde_json::from_slice(&text).unwrap();
    let frequencies = numbers(&golden["freqs"]);
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 7);
    for case in cases {
        let power = numbers(&case["power"]);
        let of = |definition| fit(&frequencies, &power, &settings(case, definition)).unwrap();
        let what = case["name"].to_string();
        // specparam stops early on its way to a knee, on another way.
        let (knee, peaks) = if case["mode"] == "knee" { (1e-3, 1e-4) } else { (0.0, 1e-6) };
        assert_as(&of(Definition::Specparam), &case["specparam"], peaks, knee, &what);
        assert_as(&of(Definition::Fooof), &case["fooof"], 1e-4, knee, &what);
        assert_near(&of(Definition::Converged), &case["fooof"], &what);
        if case["name"] != "wide" {
            assert_near(&of(Definition::Converged), &case["specparam"], &what);
        }
    }
}

/// The fixture of the reference: clean spectra to 1e-6, others as near as peers are to each other.
#[test]
fn spectra_of_the_shared_fixture_have_their_parameters() {
    let Some(fixture) = shared("features/spectral_param.json") else { return };
    let cases = fixture["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let (frequencies, power) = (numbers(&case["freqs"]), numbers(&case["power"]));
        let of = |definition| fit(&frequencies, &power, &settings(case, definition)).unwrap();
        let what = case["name"].to_string();
        let knee = if case["mode"] == "knee" { 1e-5 } else { 0.0 };
        assert_as(&of(Definition::Specparam), &case["specparam"], 1e-5, knee, &what);
        let converged = of(Definition::Converged);
        assert_near(&converged, &case["fooof"], &what);
        assert_near(&converged, &case["specparam"], &what);
        if case["name"].as_str().unwrap().starts_with("clean") {
            assert_as(&converged, &case["fooof"], 1e-6, 0.0, &what);
        }
    }
}

/// ncpi: Welch's method with segments of half a second, then specparam; the peak of the largest power.
#[test]
fn real_eeg_has_the_parameters_of_ncpi() {
    let Some(fixture) = shared("ncpi/features/specparam.json") else { return };
    let bytes = std::fs::read(format!("{GOLDEN}signal/eeg_8x5000_f32.bin")).unwrap();
    let all: Vec<f64> = bytes.as_chunks::<4>().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect();
    let cases = fixture.as_array().unwrap();
    assert_eq!(cases.len(), 16);
    for case in cases {
        let channel = case["channel"].as_u64().unwrap() as usize;
        let series = &all[5000 * channel..5000 * (channel + 1)];
        let spectrum = welch(series, 250.0, &Welch::new(125)).unwrap();
        let params = &case["params"];
        let shaped = serde_json::json!({"freq_range": params["freq_range"], "settings": params["specparam_model"]});
        let settings = settings(&shaped, Definition::Specparam);
        let found = fit(&spectrum.frequencies_hz, &spectrum.power, &settings).unwrap();
        let peak = select(&found.peaks, Rule::HighestPower, None).unwrap();
        let got = [found.offset, found.exponent, peak.center_frequency_hz, peak.power, peak.bandwidth_hz];
        let expected = [numbers(&case["aperiodic"]), numbers(&case["peak"])].concat();
        for (got, expected) in got.iter().zip(expected) {
            // A peak between two bins of 2 Hz, as some of these are, leaves heights almost free.
            assert!((got - expected).abs() < 1e-4, "channel {channel} {params}: {got} {expected}");
        }
        assert_eq!(found.peaks.len() as u64, case["n_peaks"].as_u64().unwrap());
        assert!((found.r_squared - case["gof"]["gof_rsquared"].as_f64().unwrap()).abs() < 1e-6);
    }
}
