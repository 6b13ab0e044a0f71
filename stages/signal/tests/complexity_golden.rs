//! Complexity, band powers and cycles against antropy, SciPy and bycycle.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_signal::bands::{
    Band, Integration, band_power, centre_of_gravity_hz, peak_frequency_hz, quantile_frequency_hz,
};
use lapicque_signal::bursts::{Center, Method, cycles, summary};
use lapicque_signal::complexity::{
    Embedding, Matching, approximate_entropy, autocorrelation_decay, higuchi_fd, hjorth, hurst, katz_fd, lempel_ziv,
    line_length, multiscale_entropy, periodogram_entropy, permutation_entropy, petrosian_fd,
    sample_and_approximate_entropy, sample_entropy, spectral_entropy, svd_entropy, zero_crossings,
};
use lapicque_signal::welch::{Welch, welch};
use serde_json::Value;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/complexity/");

fn golden(file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(format!("{GOLDEN}{file}")).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn number(value: &Value) -> f64 {
    if value.is_null() { f64::NAN } else { value.as_f64().unwrap() }
}

#[track_caller]
fn same(what: &str, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        let close = (found - expected).abs() <= 1e-9 * expected.abs() || found.is_nan() && expected.is_nan();
        assert!(close, "{what}: {found}, {expected} is due");
    }
}

fn never() -> bool {
    false
}

#[test]
fn complexity_is_that_of_antropy_and_of_plain_loops() {
    let golden = golden("complexity.json");
    assert_eq!(golden.as_object().unwrap().len(), 10);
    for (name, case) in golden.as_object().unwrap() {
        let x = numbers(&case["series"]);
        let due = |key: &str| numbers(&case["expected"][key]);
        let one = |key: &str| [number(&case["expected"][key])];
        let check = |key: &str, found: &[f64]| same(&format!("{name}, {key}"), found, &due(key));
        let check_one = |key: &str, found: f64| same(&format!("{name}, {key}"), &[found], &one(key));
        let h = hjorth(&x);
        check("hjorth", &[h.activity, h.mobility, h.complexity]);
        let embedding = |order, delay| Embedding { order, delay };
        let permutation = |order, delay, normalized| permutation_entropy(&x, embedding(order, delay), normalized);
        let default = permutation_entropy(&x, Embedding::default(), false);
        check("permutation", &[default, permutation(4, 1, true), permutation(5, 1, false)]);
        check_one("permutation_delayed", permutation(3, 2, true));
        check_one("sample", sample_entropy(&x, Matching::default(), &never).unwrap());
        check_one("approximate", approximate_entropy(&x, Matching::default(), &never).unwrap());
        for order in [1, 3] {
            let pair = sample_and_approximate_entropy(&x, Matching { order, tolerance: 0.15 }, &never).unwrap();
            let expected = numbers(&case["expected"]["by_pairs"][order.to_string()]);
            same(&format!("{name}, order {order}"), &[pair.0, pair.1], &expected);
        }
        check("multiscale", &multiscale_entropy(&x, Matching::default(), 4, &never).unwrap());
        let svd = |order, delay, normalized| svd_entropy(&x, embedding(order, delay), normalized);
        check("svd", &[svd(3, 1, true), svd(3, 2, false), svd(2, 3, false)]);
        check("spectral", &[periodogram_entropy(&x, false), periodogram_entropy(&x, true)]);
        let words = lempel_ziv(&x);
        check("lempel_ziv", &[words.phrases, words.normalized]);
        check("hurst", &[hurst(&x, 10, true), hurst(&x, 8, false)]);
        check("higuchi", &[higuchi_fd(&x, 10), higuchi_fd(&x, 3)]);
        check_one("katz", katz_fd(&x));
        check_one("petrosian", petrosian_fd(&x));
        check_one("line_length", line_length(&x));
        check_one("zero_crossings", zero_crossings(&x));
        check_one("decay", autocorrelation_decay(&x));
    }
}

#[test]
fn bands_are_those_of_trapezoids_over_a_welch_spectrum() {
    let series = golden("complexity.json");
    for (name, case) in golden("bands.json").as_object().unwrap() {
        let (rate_hz, segment) = (number(&case["rate_hz"]), number(&case["segment"]) as usize);
        let spectrum = welch(&numbers(&series[name]["series"]), rate_hz, &Welch::new(segment)).unwrap();
        let band = |low_hz, high_hz| Band { low_hz, high_hz };
        let edges = [
            ("delta", 1.0, 4.0),
            ("theta", 4.0, 8.0),
            ("alpha", 8.0, 13.0),
            ("beta", 13.0, 30.0),
            ("gamma", 30.0, 45.0),
        ];
        for (key, low, high) in edges {
            let power = band_power(&spectrum, band(low, high), Integration::Trapezoid);
            same(&format!("{name}, {key}"), &[power], &[number(&case["bands"][key])]);
        }
        let all = band(0.0, rate_hz / 2.0);
        for (key, found) in [
            ("total", band_power(&spectrum, all, Integration::Trapezoid)),
            ("edge_hz", quantile_frequency_hz(&spectrum, all, 0.95)),
            ("median_hz", quantile_frequency_hz(&spectrum, all, 0.5)),
            ("gravity_hz", centre_of_gravity_hz(&spectrum, band(7.0, 13.0))),
            ("peak_hz", peak_frequency_hz(&spectrum, band(1.0, 45.0))),
            ("entropy", spectral_entropy(&spectrum.power, true)),
        ] {
            same(&format!("{name}, {key}"), &[found], &[number(&case[key])]);
        }
    }
}

#[test]
fn cycles_are_those_of_bycycle() {
    let mut bursts = 0;
    for case in golden("cycles.json").as_array().unwrap() {
        let (x, band) = (numbers(&case["series"]), numbers(&case["band"]));
        for found in case["cycles"].as_array().unwrap() {
            let center = if found[0] == "peak" { Center::Peak } else { Center::Trough };
            let mut method = Method { center, ..Method::new(band[0], band[1]) };
            if found[1] == true {
                method.amplitude_fraction = 0.2;
                method.amplitude_consistency = 0.3;
                method.period_consistency = 0.4;
                method.monotonicity = 0.6;
                method.fewest_cycles = 2;
            }
            let own = cycles(&x, number(&case["rate_hz"]), &method).unwrap();
            let what = format!("{}, {}, {}", case["name"], found[0], found[1]);
            let expected = found[2].as_array().unwrap();
            assert_eq!(own.len(), expected.len(), "{what}");
            for (i, (own, expected)) in own.iter().zip(expected).enumerate() {
                let row = [
                    own.start as f64,
                    own.center as f64,
                    own.end as f64,
                    own.amplitude,
                    own.rise_decay_symmetry,
                    own.peak_trough_symmetry,
                    own.amplitude_fraction,
                    own.amplitude_consistency,
                    own.period_consistency,
                    own.monotonicity,
                ];
                let what = format!("{what}, cycle {i}");
                same(&what, &row, &numbers(&Value::Array(expected.as_array().unwrap()[..10].to_vec())));
                assert_eq!(own.in_burst, expected[10].as_bool().unwrap(), "{what}");
            }
            bursts += summary(&own, x.len()).bursts;
        }
    }
    assert!(bursts > 8, "{bursts}");
}
