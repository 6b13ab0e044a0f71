//! Filters against scipy 1.17 and MNE 1.13 (`tests/golden/filters`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_signal::envelope::{envelope, next_fast_length};
use lapicque_signal::filter::fir::{self, Window};
use lapicque_signal::filter::iir::{self, Prototype};
use lapicque_signal::filter::{Band, Phase, Start};
use serde_json::Value;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/filters/filters.json");

struct Golden {
    file: Value,
    x: Vec<f64>,
    rate_hz: f64,
    places: Vec<usize>,
}

fn golden() -> Golden {
    let file: Value = serde_json::from_slice(&std::fs::read(GOLDEN).unwrap()).unwrap();
    let places = numbers(&file["places"]).into_iter().map(|place| place as usize).collect();
    Golden { x: numbers(&file["x"]), rate_hz: file["rate"].as_f64().unwrap(), places, file }
}

impl Golden {
    fn cases(&self, name: &str) -> &[Value] {
        self.file[name].as_array().unwrap()
    }

    /// The whole is as large as the largest value of it, not of the few that are compared.
    fn assert_filtered(&self, got: &[f64], expected: &Value, tolerance: f64, what: &str) {
        assert_eq!(got.len(), self.x.len(), "{what}");
        let largest = got.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        for (place, expected) in self.places.iter().zip(numbers(expected)) {
            let got = got[*place];
            assert!((got - expected).abs() <= tolerance * largest, "{what}, sample {place}: {got} != {expected}");
        }
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn band(name: &str, edges: &[f64]) -> Band {
    match (name, edges) {
        ("low_pass", [edge]) => Band::LowPass(*edge),
        ("high_pass", [edge]) => Band::HighPass(*edge),
        ("band_pass", [low, high]) => Band::BandPass(*low, *high),
        ("band_stop", [low, high]) => Band::BandStop(*low, *high),
        _ => panic!("{name} {edges:?}"),
    }
}

#[test]
fn recursive_filters_have_the_responses_of_scipy() {
    let golden = golden();
    let frequencies = numbers(&golden.file["frequencies"]);
    assert_eq!(golden.cases("iir").len(), 3 * 6 * 5);
    for case in golden.cases("iir") {
        let prototype = match case["family"].as_str().unwrap() {
            "butterworth" => Prototype::Butterworth,
            "chebyshev1" => Prototype::Chebyshev1 { ripple_db: 0.5 },
            _ => Prototype::Chebyshev2 { attenuation_db: 40.0 },
        };
        let order = case["order"].as_u64().unwrap() as u32;
        let band = band(case["band"].as_str().unwrap(), &numbers(&case["edges"]));
        let filter = iir::design(prototype, order, band, golden.rate_hz).unwrap();
        let what = format!("{prototype:?}, order {order}, {band:?}");
        for (frequency, expected) in frequencies.iter().zip(case["response"].as_array().unwrap()) {
            let expected = numbers(expected);
            let got = filter.response(*frequency, golden.rate_hz);
            let error = (got.re - expected[0]).hypot(got.im - expected[1]);
            assert!(error < 1e-10, "{what} at {frequency} Hz: {got} != {expected:?}");
        }
        if let Some(padding) = case["padding"].as_u64() {
            let both = filter.both_ways(&golden.x, padding as usize);
            golden.assert_filtered(&both, &case["both_ways"], 1e-10, &what);
            golden.assert_filtered(&filter.forwards(&golden.x, Start::Rest), &case["rest"], 1e-10, &what);
            golden.assert_filtered(&filter.forwards(&golden.x, Start::Steady), &case["steady"], 1e-10, &what);
        }
    }
}

#[test]
fn filters_without_feedback_are_those_of_mne() {
    let golden = golden();
    assert!(golden.cases("fir").len() > 20);
    for case in golden.cases("fir") {
        let band = match (case["l_freq"].as_f64(), case["h_freq"].as_f64()) {
            (None, Some(edge)) => Band::LowPass(edge),
            (Some(edge), None) => Band::HighPass(edge),
            (Some(low), Some(high)) if low < high => Band::BandPass(low, high),
            (Some(high), Some(low)) => Band::BandStop(low, high),
            (None, None) => panic!("{case}"),
        };
        let window = match case["window"].as_str().unwrap() {
            "hamming" => Window::Hamming,
            "hann" => Window::Hann,
            _ => Window::Blackman,
        };
        let filter = fir::design(band, case["transition"].as_f64(), window, golden.rate_hz).unwrap();
        let what = format!("{band:?}, {window:?}, {}", case["transition"]);
        assert_eq!(filter.taps().len() as u64, case["count"].as_u64().unwrap(), "{what}");
        for (got, expected) in filter.taps().iter().step_by(7).zip(numbers(&case["taps"])) {
            assert!((got - expected).abs() < 1e-13, "{what}: {got} != {expected}");
        }
        golden.assert_filtered(&filter.filter(&golden.x, Phase::Zero), &case["filtered"], 1e-12, &what);
    }
}

#[test]
fn a_series_shorter_than_its_filter_is_continued_as_mne_does() {
    let golden = golden();
    let filter = fir::design(Band::BandPass(8.0, 13.0), None, Window::Hamming, golden.rate_hz).unwrap();
    let got = filter.filter(&golden.x[..150], Phase::Zero);
    for (got, expected) in got.iter().zip(numbers(&golden.file["short"])) {
        assert!((got - expected).abs() < 1e-11, "{got} != {expected}");
    }
}

#[test]
fn notches_are_those_of_mne_and_scipy() {
    let golden = golden();
    for case in golden.cases("notch") {
        let frequencies = numbers(&case["frequencies"]);
        let widths: Vec<(f64, f64)> = frequencies.iter().map(|frequency| (*frequency, frequency / 200.0)).collect();
        let filter = fir::notches(&widths, 0.5, Window::Hamming, golden.rate_hz).unwrap();
        let got = filter.filter(&golden.x, Phase::Zero);
        golden.assert_filtered(&got, &case["filtered"], 1e-12, &format!("{frequencies:?}"));
    }
    for case in golden.cases("resonators") {
        let number = |name: &str| case[name].as_f64().unwrap();
        let section = iir::notch(number("frequency"), number("width"), golden.rate_hz).unwrap();
        let close = |got: &[f64], expected: Vec<f64>| got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-13);
        assert!(close(&section.b, numbers(&case["b"])), "{section:?} {case}");
        assert!(close(&section.a, numbers(&case["a"])[1..].to_vec()), "{section:?} {case}");
    }
}

#[test]
fn envelopes_are_those_of_scipy() {
    let golden = golden();
    for case in golden.cases("envelope") {
        let count = |name: &str| case[name].as_u64().unwrap() as usize;
        assert_eq!(next_fast_length(count("n")), count("length"));
        let got = envelope(&golden.x[..count("n")]);
        for (got, expected) in got.iter().step_by(count("step")).zip(numbers(&case["envelope"])) {
            assert!((got - expected).abs() < 1e-11, "{}: {got} != {expected}", count("n"));
        }
    }
}
