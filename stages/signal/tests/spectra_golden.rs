//! Windows and spectra against scipy 1.17, multitaper spectra against MNE 1.13 and against their equations in NumPy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use lapicque_signal::dpss::dpss;
use lapicque_signal::multitaper::{Definition, Multitaper, Weights, multitaper};
use lapicque_signal::periodogram::{Periodogram, periodogram};
use lapicque_signal::spectrogram::spectrogram;
use lapicque_signal::welch::{Average, Detrend, Scaling, Welch, Window, welch};
use serde_json::Value;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/spectra/");

fn read(path: &str) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"))).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn assert_close(got: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!((got - expected).abs() <= tolerance * largest, "{what}, value {i}: {got} != {expected}");
    }
}

fn window(name: &str, parameters: &[f64]) -> Window {
    match (name, parameters) {
        ("boxcar", []) => Window::Boxcar,
        ("triangular", []) => Window::Triangular,
        ("bartlett", []) => Window::Bartlett,
        ("hann", []) => Window::Hann,
        ("hamming", []) => Window::Hamming,
        ("blackman", []) => Window::Blackman,
        ("blackman_harris", []) => Window::BlackmanHarris,
        ("nuttall", []) => Window::Nuttall,
        ("flat_top" | "flattop", []) => Window::FlatTop,
        ("cosine", []) => Window::Cosine,
        ("lanczos", []) => Window::Lanczos,
        ("bohman", []) => Window::Bohman,
        ("parzen", []) => Window::Parzen,
        ("bartlett_hann", []) => Window::BartlettHann,
        ("tukey", [tapered]) => Window::Tukey(*tapered),
        ("kaiser", [beta]) => Window::Kaiser(*beta),
        ("gaussian", [sd]) => Window::Gaussian(*sd),
        ("general_gaussian", [power, width]) => Window::GeneralGaussian { power: *power, width: *width },
        ("general_hamming", [alpha]) => Window::GeneralHamming(*alpha),
        ("exponential", [tau]) => Window::Exponential(*tau),
        ("slepian", [half_bandwidth]) => Window::Slepian(*half_bandwidth),
        other => panic!("{other:?}"),
    }
}

/// `kaiser` or `["kaiser", 8.6]`.
fn window_of(args: &Value, default: Window) -> Window {
    match &args["window"] {
        Value::Null => default,
        Value::String(name) => window(name, &[]),
        tuple => window(tuple[0].as_str().unwrap(), &numbers(&tuple.as_array().unwrap()[1..].into())),
    }
}

fn detrend_of(args: &Value) -> Detrend {
    match &args["detrend"] {
        Value::Bool(false) => Detrend::Nothing,
        Value::String(line) if line == "linear" => Detrend::Line,
        other => {
            assert!(other.is_null(), "{other}");
            Detrend::Mean
        }
    }
}

fn welch_of(args: &Value, window: Window) -> Welch {
    let length = |name: &str| args[name].as_u64().map(|value| value as usize);
    let standard = Welch::new(length("nperseg").unwrap_or(256));
    Welch {
        overlap: length("noverlap").unwrap_or(standard.overlap),
        transform: length("nfft"),
        window: window_of(args, window),
        detrend: detrend_of(args),
        average: if args["average"] == "median" { Average::Median } else { Average::Mean },
        scaling: if args["scaling"] == "spectrum" { Scaling::Spectrum } else { Scaling::Density },
        ..standard
    }
}

#[test]
fn windows_agree_with_scipy() {
    let golden = read(&format!("{GOLDEN}spectra.json"));
    let cases = golden["windows"].as_array().unwrap();
    assert_eq!(cases.len(), 46);
    for case in cases {
        let window = window(case["window"].as_str().unwrap(), &numbers(&case["parameters"]));
        let expected = numbers(&case["weights"]);
        let weights = window.weights(expected.len()).unwrap();
        assert_close(&weights, &expected, 1e-14, &format!("{window:?}"));
    }
}

#[test]
fn spectra_and_spectrograms_agree_with_scipy() {
    let golden = read(&format!("{GOLDEN}spectra.json"));
    let (x, rate_hz) = (numbers(&golden["x"]), golden["rate_hz"].as_f64().unwrap());
    let cases = golden["spectra"].as_array().unwrap();
    assert_eq!(cases.len(), 7);
    for case in cases {
        let args = &case["args"];
        let what = args.to_string();
        let frequencies = numbers(&case["frequencies_hz"]);
        let spectrum = match case["method"].as_str().unwrap() {
            "welch" => welch(&x, rate_hz, &welch_of(args, Window::Hann)).unwrap(),
            "periodogram" => {
                let welch = welch_of(args, Window::Boxcar);
                let method = Periodogram {
                    window: welch.window,
                    transform: welch.transform,
                    detrend: welch.detrend,
                    scaling: welch.scaling,
                };
                periodogram(&x, rate_hz, &method).unwrap()
            }
            _ => {
                let found = spectrogram(&x, rate_hz, &welch_of(args, Window::Tukey(0.25))).unwrap();
                assert_close(&found.times_s, &numbers(&case["times_s"]), 1e-15, &what);
                assert_close(&found.frequencies_hz, &frequencies, 1e-15, &what);
                for (k, row) in case["power"].as_array().unwrap().iter().enumerate() {
                    let over_time: Vec<f64> = found.power.iter().map(|power| power[k]).collect();
                    assert_close(&over_time, &numbers(row), 1e-12, &what);
                }
                continue;
            }
        };
        assert_close(&spectrum.frequencies_hz, &frequencies, 1e-15, &what);
        assert_close(&spectrum.power, &numbers(&case["power"]), 1e-12, &what);
    }
}

#[test]
fn tapers_agree_with_scipy() {
    let golden = read(&format!("{GOLDEN}multitaper.json"));
    for case in golden["dpss"].as_array().unwrap() {
        let expected = case["tapers"].as_array().unwrap();
        let samples = case["samples"].as_u64().unwrap() as usize;
        let found = dpss(samples, case["half_bandwidth"].as_f64().unwrap(), expected.len()).unwrap();
        assert_close(&found.concentrations, &numbers(&case["concentrations"]), 1e-11, "concentrations");
        for (taper, expected) in found.tapers.iter().zip(expected) {
            assert_close(taper, &numbers(expected), 1e-11, "taper");
        }
    }
}

#[test]
fn multitaper_spectra_agree_with_mne_and_with_their_equations() {
    let golden = read(&format!("{GOLDEN}multitaper.json"));
    let rate_hz = golden["rate_hz"].as_f64().unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 30);
    let mut adaptive_differ = 0;
    for case in cases {
        let mne = case["definition"] == "mne";
        let weights = match case["weights"].as_str().unwrap() {
            "uniform" => Weights::Uniform,
            "eigenvalue" => Weights::Eigenvalue,
            _ => Weights::Adaptive,
        };
        let method = Multitaper {
            bandwidth_hz: case["bandwidth_hz"].as_f64(),
            weights,
            definition: if mne { Definition::Mne } else { Definition::Thomson },
            ..Multitaper::default()
        };
        let x = numbers(&golden["inputs"][case["x"].as_str().unwrap()]);
        let power = multitaper(&x, rate_hz, &method).unwrap().power;
        let expected = numbers(&case["power"]);
        let what = format!("{} {} {method:?}", case["x"], case["definition"]);
        if mne && weights != Weights::Adaptive {
            assert_close(&power, &expected, 1e-12, &what);
            continue;
        }
        // Where power is 100 dB down, it is 1 - lambda that counts, of which some digits are rounding.
        let tolerance = if mne {
            1e-4
        } else if case["x"] == "steep" {
            1e-6
        } else {
            1e-9
        };
        assert_eq!(power.len(), expected.len());
        for (k, (power, expected)) in power.iter().zip(&expected).enumerate() {
            assert!((power / expected - 1.0).abs() < tolerance, "{what}, bin {k}: {power} {expected}");
        }
        if weights == Weights::Adaptive {
            // A test that could not tell the definitions apart would test nothing.
            let other = Multitaper { definition: if mne { Definition::Thomson } else { Definition::Mne }, ..method };
            let other = multitaper(&x, rate_hz, &other).unwrap().power;
            adaptive_differ += usize::from(other.iter().zip(&power).any(|(a, b)| (a / b - 1.0).abs() > 1e-2));
        }
    }
    assert!(adaptive_differ >= 6, "{adaptive_differ}");
}

/// The fixture of the reference, where the folder with it is there.
#[test]
fn welch_agrees_with_scipy_on_the_shared_fixture() {
    let shared = std::env::var("LAPICQUE_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_owned());
    let path = format!("{shared}/fixtures/features/welch.json");
    if !std::path::Path::new(&path).exists() {
        eprintln!("skipped: there is no {path}");
        return;
    }
    let fixture = read(&path);
    let cases = fixture["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let args = &case["args"];
        let series = numbers(&fixture["inputs"][args["x"].as_str().unwrap()]);
        let method = welch_of(args, Window::Hann);
        let spectrum = welch(&series, args["fs"].as_f64().unwrap(), &method).unwrap();
        assert_close(&spectrum.frequencies_hz, &numbers(&case["freqs"]), 1e-14, &args.to_string());
        assert_close(&spectrum.power, &numbers(&case["psd"]), 1e-10, &args.to_string());
    }
}
