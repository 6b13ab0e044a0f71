//! catch24 of real and synthetic series against pycatch22 0.4.5 (v0) and 1.0.2 (v1).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_signal::catch22::{Catch22, Definitions, Feature, Options, Undefined};
use serde_json::Value;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/catch22/");

struct Case {
    name: String,
    series: Vec<f64>,
    expected: Value,
    ill_conditioned: Value,
}

/// Series lie one after the other in `<stem>.bin`, in the order and encoding that `<stem>.json` gives.
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
    got == expected || (got.is_nan() && expected.is_nan()) || (got - expected).abs() <= (1e-8 * expected.abs()).max(1e-12)
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
