//! catch24 of real and synthetic series against pycatch22 0.4.5 (v0) and 1.0.2 (v1).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_signal::catch22::{Catch22, Definitions, Feature, Options, Undefined, catch24};
use serde_json::Value;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/catch22/");

struct Case {
    name: String,
    series: Vec<f64>,
    expected: Value,
    ill_conditioned: Value,
}

/// Series lie one after the other in `<stem>.bin`, in the order and encoding that `<stem>.json`
/// gives.
fn cases(bin: &str, json: &str) -> Vec<Case> {
    let bytes = std::fs::read(format!("{GOLDEN}{bin}")).unwrap();
    let index: Vec<Value> = serde_json::from_slice(&std::fs::read(format!("{GOLDEN}{json}")).unwrap()).unwrap();
    let mut rest = bytes.as_slice();
    let cases = index
        .into_iter()
        .map(|entry| {
            let n = entry["n"].as_u64().unwrap() as usize;
            let (series, after) = decode(rest, n, entry["encoding"].as_str().unwrap());
            rest = after;
            Case {
                name: entry["series"].as_str().unwrap().to_owned(),
                series,
                expected: entry["expected"].clone(),
                ill_conditioned: entry["ill_conditioned"].clone(),
            }
        })
        .collect();
    assert!(rest.is_empty());
    cases
}

fn decode<'a>(bytes: &'a [u8], n: usize, encoding: &str) -> (Vec<f64>, &'a [u8]) {
    let width = match encoding {
        "f64" => 8,
        "f32" => 4,
        "adu" => 2,
        other => panic!("unknown encoding {other}"),
    };
    let (mine, rest) = bytes.split_at(n * width);
    let sample = |b: &[u8]| match encoding {
        "f64" => f64::from_le_bytes(b.try_into().unwrap()),
        "f32" => f64::from(f32::from_le_bytes(b.try_into().unwrap())),
        // Units of the analogue-digital converter: 200 per mV, 1024 at 0 mV.
        _ => (f64::from(u16::from_le_bytes(b.try_into().unwrap())) - 1024.0) / 200.0,
    };
    (mine.chunks_exact(width).map(sample).collect(), rest)
}

fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some("NaN") => f64::NAN,
        Some("Inf") => f64::INFINITY,
        Some("-Inf") => f64::NEG_INFINITY,
        Some(other) => panic!("not a number: {other}"),
        None => value.as_f64().unwrap(),
    }
}

fn close(got: f64, expected: f64) -> bool {
    got == expected
        || (got.is_nan() && expected.is_nan())
        || (got - expected).abs() <= (1e-8 * expected.abs()).max(1e-12)
}

/// Differences of all features of all cases; `masked` selects the mask values of `version`.
fn differences(cases: &[Case], version: &str, options: Options) -> Vec<String> {
    let mut catch22 = Catch22::new(options);
    let mut differences = vec![];
    let mut compared = 0;
    for case in cases {
        let got = catch22.compute(&case.series);
        let skipped = case.ill_conditioned.get(version).and_then(Value::as_array).cloned().unwrap_or_default();
        for feature in Feature::ALL {
            let name = feature.short_name();
            if skipped.iter().any(|skipped| skipped == name) {
                continue;
            }
            let masks = &case.expected[format!("{version}_masked")];
            let mask = masks.get(name).filter(|_| options.undefined == Undefined::Mask);
            let expected = number(mask.unwrap_or(&case.expected[version][name]));
            compared += 1;
            if !close(got.get(feature), expected) || got.is_masked(feature) != mask.is_some() {
                differences.push(format!("{} {name}: got {:e}, expected {expected:e}", case.name, got.get(feature)));
            }
        }
    }
    assert!(compared > 20 * cases.len());
    differences
}

fn options(definitions: Definitions, undefined: Undefined) -> Options {
    Options { definitions, undefined, normalize: false }
}

fn check(bin: &str, json: &str, version: &str, options: Options) {
    let differences = differences(&cases(bin, json), version, options);
    assert!(differences.is_empty(), "{} differences\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn v1_agrees_with_pycatch22_1_0_2() {
    check("series.bin", "expected.json", "1.0.2", options(Definitions::V1, Undefined::Nan));
}

#[test]
fn v1_masks_as_pycatch22_1_0_2() {
    check("series.bin", "expected.json", "1.0.2", options(Definitions::V1, Undefined::Mask));
}

#[test]
fn v0_agrees_with_pycatch22_0_4_5() {
    check("series.bin", "expected.json", "0.4.5", options(Definitions::V0, Undefined::Nan));
}

#[test]
fn very_short_series_agree_with_pycatch22_1_0_2() {
    check("short.bin", "short.json", "1.0.2", options(Definitions::V1, Undefined::Nan));
    check("short.bin", "short.json", "1.0.2", options(Definitions::V1, Undefined::Mask));
}

#[test]
fn a_kept_workspace_changes_nothing() {
    for definitions in [Definitions::V0, Definitions::V1] {
        let options = options(definitions, Undefined::Mask);
        let mut kept = Catch22::new(options);
        // Long before short, so that left-over buffers would show.
        for case in cases("series.bin", "expected.json").iter().rev().filter(|case| case.series.len() < 10_000) {
            let (kept, fresh) = (kept.compute(&case.series), Catch22::new(options).compute(&case.series));
            assert_eq!(kept.values.map(f64::to_bits), fresh.values.map(f64::to_bits), "{}", case.name);
            assert_eq!(kept.masked, fresh.masked);
        }
    }
}

#[test]
fn normalizing_changes_mean_and_standard_deviation_alone() {
    for case in cases("series.bin", "expected.json").iter().filter(|case| case.name.starts_with("white_n")) {
        let plain = catch24(&case.series, Options::default());
        let normalized = catch24(&case.series, Options { normalize: true, ..Options::default() });
        for feature in &Feature::ALL[..22] {
            assert!(close(normalized.get(*feature), plain.get(*feature)), "{} {feature:?}", case.name);
        }
        let n = case.series.len() as f64;
        assert!(normalized.get(Feature::Mean).abs() < 1e-12);
        assert!((normalized.get(Feature::Std) - (n / (n - 1.0)).sqrt()).abs() < 1e-12);
    }
    let constant = catch24(&[0.1; 50], Options { normalize: true, undefined: Undefined::Mask, ..Options::default() });
    assert!(constant.values.iter().all(|value| value.is_nan()));
}

/// No series may panic, hang or give an infinite answer for a finite well-scaled series.
#[test]
fn hostile_series_are_survived() {
    let mut series: Vec<Vec<f64>> =
        vec![vec![], vec![f64::NAN; 3], vec![f64::INFINITY, f64::NEG_INFINITY], vec![-0.0, 0.0]];
    for n in [1, 2, 3, 4, 7, 50, 300, 3000] {
        let ramp = |scale: f64| (0..n).map(|i| scale * f64::from(i)).collect::<Vec<f64>>();
        series.extend([0.0, 5e-324, 1e-310, 1e-160, 1.0, 1e15, 1e154, 1e300, f64::MAX].map(ramp));
        let mut spike = vec![0.0; n as usize];
        spike[n as usize - 1] = f64::MAX;
        series.push(spike.clone());
        spike[n as usize - 1] = 1e12;
        series.push(spike);
        series.push((0..n).map(|i| if i % 2 == 0 { f64::MAX } else { -f64::MAX }).collect());
        series.push((0..n).map(|i| 1e9 + 1e-7 * f64::from(i % 3)).collect());
        series.push((0..n).map(|i| (f64::from(i) * 0.37).tan().powi(9)).collect());
    }
    for definitions in [Definitions::V0, Definitions::V1] {
        for undefined in [Undefined::Nan, Undefined::Mask] {
            for normalize in [false, true] {
                let mut catch22 = Catch22::new(Options { definitions, undefined, normalize });
                for series in &series {
                    let first = catch22.compute(series);
                    assert_eq!(first.values.map(f64::to_bits), catch22.compute(series).values.map(f64::to_bits));
                }
            }
        }
    }
    let empty = catch24(&[], options(Definitions::V1, Undefined::Mask));
    assert!(empty.values.iter().all(|value| value.is_nan()) && empty.masked == [false; 24]);
}
