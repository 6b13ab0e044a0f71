//! Reads the golden figures of regression.
#![allow(unreachable_pub, dead_code)]

use ndarray::Array2;
use serde_json::Value;

/// A table of numbers with named columns.
pub struct Table {
    pub names: Vec<String>,
    pub values: Array2<f64>,
}

impl Table {
    pub fn columns(&self, names: &[&str]) -> Array2<f64> {
        let positions: Vec<usize> =
            names.iter().map(|name| self.names.iter().position(|other| other == name).unwrap()).collect();
        self.values.select(ndarray::Axis(1), &positions)
    }
}

fn text(file: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/regression/");
    std::fs::read_to_string(format!("{folder}{file}")).unwrap()
}

pub fn table(file: &str) -> Table {
    let text = text(file);
    let mut lines = text.lines();
    let names: Vec<String> = lines.next().unwrap().split(',').map(str::to_owned).collect();
    let values: Vec<f64> = lines.flat_map(|line| line.split(',').map(|cell| cell.parse().unwrap())).collect();
    let shape = (values.len() / names.len(), names.len());
    Table { names, values: Array2::from_shape_vec(shape, values).unwrap() }
}

pub fn json(file: &str) -> Value {
    serde_json::from_str(&text(file)).unwrap()
}

pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|entry| entry.as_f64().unwrap()).collect()
}

pub fn all_numbers(matrix: &Value) -> Vec<f64> {
    matrix.as_array().unwrap().iter().flat_map(numbers).collect()
}

pub fn indices(value: &Value) -> Vec<usize> {
    value.as_array().unwrap().iter().map(|entry| entry.as_u64().unwrap() as usize).collect()
}

/// Compares with the largest expected magnitude as the scale.
pub fn assert_close(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(0.0f64, |scale, value| scale.max(value.abs()));
    for (position, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs() / scale;
        assert!(error <= tolerance, "{what}[{position}]: {found}, expected {expected} (relative {error:e})");
    }
}
