//! Point and line sources against LFPykit 0.6.2: `tests/golden/head_models/volume_conductor_stick.json`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use lapicque_potential::sources::{Segment, SourceShape, potential_per_current};
use serde_json::Value;

#[test]
fn point_and_line_sources_equal_the_peer_s() {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/golden/head_models/volume_conductor_stick.json"
    ))
    .unwrap();
    let stick: Value = serde_json::from_str(&text).unwrap();
    let number = |v: &Value| v.as_f64().unwrap();
    let sigma = number(&stick["sigma"]);
    for (shape, name) in [(SourceShape::Point, "point"), (SourceShape::Line, "line")] {
        let matrix = stick["M"][name].as_array().unwrap();
        for (electrode, row) in stick["electrodes_um"].as_array().unwrap().iter().zip(matrix) {
            for (k, reference) in row.as_array().unwrap().iter().enumerate() {
                let end = |e: usize| ["x", "y", "z"].map(|axis| number(&stick[axis][k][e]));
                let segment = Segment { start_um: end(0), end_um: end(1), diameter_um: number(&stick["d"][k]) };
                let place = [0, 1, 2].map(|i| number(&electrode[i]));
                let ours = potential_per_current(&segment, shape, place, sigma).unwrap();
                assert!((ours / number(reference) - 1.0).abs() < 1e-10, "{name} {k}");
            }
        }
    }
}

#[test]
fn a_long_line_far_away_is_a_point() {
    let segment = Segment { start_um: [0.0; 3], end_um: [0.0, 0.0, 100.0], diameter_um: 2.0 };
    let at = |shape| potential_per_current(&segment, shape, [1e6, 3e5, 2e5], 0.3).unwrap();
    assert!((at(SourceShape::Line) / at(SourceShape::Point) - 1.0).abs() < 1e-8);
}

#[test]
fn refuses_segments_without_extent() {
    let mut segment = Segment { start_um: [1.0; 3], end_um: [1.0; 3], diameter_um: 2.0 };
    let at = |segment: &Segment, shape| potential_per_current(segment, shape, [0.0; 3], 0.3);
    assert!(at(&segment, SourceShape::Line).is_err());
    assert!(at(&segment, SourceShape::Point).is_ok());
    segment.diameter_um = 0.0;
    assert!(at(&segment, SourceShape::Point).is_err());
}
