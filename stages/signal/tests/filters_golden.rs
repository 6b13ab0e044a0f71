//! Decimation, resampling and power spectra against scipy 1.17, epochs against ncpi 1.0.0b2.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_signal::decimate::decimate_as_scipy;
use lapicque_signal::epochs::{Epoching, Pooling, epochs, pool, z_score};
use lapicque_signal::resample::{resample_as_scipy, resample_by_as_scipy};
use lapicque_signal::welch::{Average, Detrend, Scaling, Welch, Window, welch};
use serde_json::Value;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/signal/");

fn read(name: &str) -> Vec<u8> {
    std::fs::read(format!("{GOLDEN}{name}")).unwrap()
}

fn cases(name: &str) -> Vec<Value> {
    serde_json::from_slice(&read(name)).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn doubles(bytes: &[u8]) -> Vec<f64> {
    bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
}

fn singles(bytes: &[u8]) -> Vec<f64> {
    bytes.as_chunks::<4>().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect()
}

fn assert_close(got: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!((got - expected).abs() <= tolerance * largest, "{what}, sample {i}: {got} != {expected}");
    }
}

#[test]
fn decimation_agrees_with_scipy() {
    let cases = cases("decimate.json");
    assert_eq!(cases.len(), 8);
    for case in cases {
        let factor = case["q"].as_u64().unwrap() as usize;
        let decimated = decimate_as_scipy(&numbers(&case["x"]), factor).unwrap();
        assert_close(&decimated, &numbers(&case["y"]), 1e-10, &case["name"].to_string());
    }
}

#[test]
fn resampling_agrees_with_scipy() {
    let cases = cases("resample.json");
    assert_eq!(cases.len(), 8);
    for case in cases {
        let term = |name: &str| case[name].as_u64().unwrap() as u32;
        let (up, down) = (term("up"), term("down"));
        let (x, y) = (numbers(&case["x"]), numbers(&case["y"]));
        assert_close(&resample_by_as_scipy(&x, up, down).unwrap(), &y, 1e-12, &format!("{up}/{down}"));
        let by_rate = resample_as_scipy(&x, f64::from(down) * 0.7, f64::from(up) * 0.7).unwrap();
        assert_close(&by_rate, &y, 1e-12, &format!("{up}/{down} by rate"));
    }
}

#[test]
fn epochs_agree_with_ncpi() {
    const RATE_HZ: f64 = 250.0;
    let recording = singles(&read("eeg_8x5000_f32.bin"));
    let channels: Vec<&[f64]> = recording.chunks_exact(5000).collect();
    assert_eq!(channels.len(), 8);
    let layout = epochs(5000, RATE_HZ, &Epoching { length_s: 5.0, step_s: 5.0, drop_last: false }).unwrap();
    assert_eq!(layout.iter().map(|epoch| epoch.t0_s).collect::<Vec<_>>(), [0.0, 5.0, 10.0, 15.0]);

    // ncpi scales the whole channel, then cuts.
    let mut scaled = channels[0].to_vec();
    z_score(&mut scaled);
    let expected = doubles(&read("eeg1_zscored_epochs_f64.bin"));
    for (epoch, expected) in layout.iter().zip(expected.chunks_exact(1250)) {
        assert_close(epoch.of(&scaled).unwrap(), expected, 1e-12, "scaled");
    }

    // ncpi adds the channels in single precision.
    let summed = pool(&channels, Pooling::Sum).unwrap();
    let expected = singles(&read("eeg_summed_epochs_f32.bin"));
    for (epoch, expected) in layout.iter().zip(expected.chunks_exact(1250)) {
        assert_close(epoch.of(&summed).unwrap(), expected, 5e-7, "summed");
    }
}

#[test]
fn power_spectra_agree_with_scipy() {
    let golden: Value = serde_json::from_slice(&read("welch.json")).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 9);
    for case in cases {
        let args = &case["args"];
        let length = |name: &str| args[name].as_u64().map(|value| value as usize);
        let standard = Welch::new(length("nperseg").unwrap_or(256));
        let settings = Welch {
            overlap: length("noverlap").unwrap_or(standard.overlap),
            transform: length("nfft"),
            window: match args["window"].as_str() {
                None => Window::Hann,
                Some("hamming") => Window::Hamming,
                Some("blackman") => Window::Blackman,
                Some("boxcar") => Window::Boxcar,
                Some(other) => panic!("unknown window {other}"),
            },
            detrend: match &args["detrend"] {
                Value::Null => Detrend::Mean,
                Value::Bool(false) => Detrend::Nothing,
                other => {
                    assert_eq!(other, "linear");
                    Detrend::Line
                }
            },
            average: if args["average"] == "median" { Average::Median } else { Average::Mean },
            scaling: if args["scaling"] == "spectrum" { Scaling::Spectrum } else { Scaling::Density },
            ..standard
        };
        let series = numbers(&golden["inputs"][args["x"].as_str().unwrap()]);
        let spectrum = welch(&series, args["fs"].as_f64().unwrap(), &settings).unwrap();
        let what = args.to_string();
        assert_close(&spectrum.frequencies_hz, &numbers(&case["freqs"]), 1e-12, &what);
        assert_close(&spectrum.power, &numbers(&case["psd"]), 1e-10, &what);
    }
}
