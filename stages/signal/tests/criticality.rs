//! Detrended fluctuations and fE/I against ncpi 1.0.0b2, where `LAPICQUE_SHARED` names the fixtures (default: `../shared`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::path::PathBuf;

use lapicque_signal::dfa::{Definition, Dfa, DfaPlan};
use lapicque_signal::envelope::{Trim, filtered_envelope};
use lapicque_signal::fei::{FeiOptions, FeiPlan};
use lapicque_signal::filter::design::{Filter, Method};
use lapicque_signal::filter::fir::{self, Window};
use lapicque_signal::filter::{Band, Phase};
use serde_json::Value;

/// A file of the fixtures of features.
fn fixture(name: &str) -> Option<Vec<u8>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var("LAPICQUE_SHARED").unwrap_or_else(|_| beside.to_owned());
    let path = PathBuf::from(shared).join("fixtures/features").join(name);
    let bytes = std::fs::read(&path).ok();
    if bytes.is_none() {
        eprintln!("skipped: there is no {}", path.display());
    }
    bytes
}

fn doubles(npy: &[u8]) -> Vec<f64> {
    let header = usize::from(u16::from_le_bytes([npy[8], npy[9]]));
    let text = String::from_utf8_lossy(&npy[10..10 + header]).into_owned();
    let data = &npy[10 + header..];
    match text {
        text if text.contains("'<f8'") => data.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect(),
        text if text.contains("'<f4'") => {
            data.as_chunks::<4>().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect()
        }
        text => panic!("{text}"),
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn pair(value: &Value) -> [f64; 2] {
    numbers(value).try_into().unwrap()
}

fn assert_near(got: f64, expected: f64, what: &str) {
    assert!((got - expected).abs() <= 1e-9 * expected.abs(), "{what}: {got} != {expected}");
}

#[test]
fn fluctuations_and_ratios_are_those_of_ncpi() {
    let Some(file) = fixture("dfa_fei.json") else {
        return;
    };
    let file: Value = serde_json::from_slice(&file).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 12);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let series = doubles(&fixture(&format!("envelope_{name}.npy")).unwrap());
        let rate_hz = case["fs"].as_f64().unwrap();
        let number = |key: &str| case[key].as_f64().unwrap();
        if case["kind"] == "dfa_envelope" {
            let overlap = if case["overlap"] == true { 0.5 } else { 0.0 };
            let computed_s = Some(pair(&case["compute_interval"]));
            let dfa =
                Dfa { computed_s, overlap, definition: Definition::Ncpi, ..Dfa::new(pair(&case["fit_interval"])) };
            let scaling = DfaPlan::new(&dfa, rate_hz).unwrap().run(&series);
            let sizes: Vec<f64> = scaling.fluctuations.iter().map(|point| point.size as f64).collect();
            assert_eq!(sizes, numbers(&case["window_sizes"]), "{name}");
            for (point, expected) in scaling.fluctuations.iter().zip(numbers(&case["fluctuations"])) {
                assert_near(point.fluctuation, expected, &format!("{name}, windows of {}", point.size));
            }
            assert_near(scaling.exponent, number("dfa"), name);
            assert_near(scaling.intercept, number("intercept"), name);
        } else {
            let options = FeiOptions {
                window_s: number("window_size_sec"),
                overlap: number("window_overlap"),
                threshold: Some(number("dfa_threshold")),
                definition: Definition::Ncpi,
            };
            let plan = FeiPlan::new(&options, rate_hz).unwrap();
            let windows = plan.windows(&series);
            assert_eq!(windows.amplitude.len() as f64, number("n_windows"), "{name}");
            for (got, expected) in windows.amplitude.iter().zip(numbers(&case["wAmp"])) {
                assert_near(*got, expected, name);
            }
            for (got, expected) in windows.fluctuation.iter().zip(numbers(&case["wDNF"])) {
                assert_near(*got, expected, name);
            }
            let ratio = plan.run(&series, number("dfa_value"));
            assert_near(ratio.fei, number("fEI"), name);
            assert_near(ratio.without_outliers, number("fEI_outliers_removed"), name);
            assert_eq!(ratio.outliers as f64, number("num_outliers"), "{name}");
        }
    }
}

/// ncpi takes a second off either end before the Hilbert transform.
#[test]
fn the_envelope_of_a_band_is_that_of_ncpi() {
    let (Some(file), Some(raw)) = (fixture("dfa_fei.json"), fixture("raw_eeg.npy")) else {
        return;
    };
    let file: Value = serde_json::from_slice(&file).unwrap();
    let case = &file["band_envelope"];
    let filter = fir::design(Band::BandPass(8.0, 13.0), None, Window::Hamming, 250.0).unwrap();
    for (got, expected) in filter.taps().iter().zip(numbers(&case["fir_taps"])) {
        assert!((got - expected).abs() < 1e-15, "{got} != {expected}");
    }
    let method = Method::Fir { window: Window::Hamming, transition_hz: None };
    let filter = Filter::of_band(method, Band::BandPass(8.0, 13.0), 250.0).unwrap();
    let trim = Trim { samples: 250, before_transform: true };
    let got = filtered_envelope(&doubles(&raw), Some(&filter), Phase::Zero, trim).unwrap();
    assert_eq!(got.len() as u64, case["n_out"].as_u64().unwrap());
    let every50: Vec<f64> = got.iter().step_by(50).copied().collect();
    for (key, got) in [("first200", &got[..200]), ("every50", &every50)] {
        for (got, expected) in got.iter().zip(numbers(&case[key])) {
            assert!((got - expected).abs() < 1e-9, "{key}: {got} != {expected}");
        }
    }
}
